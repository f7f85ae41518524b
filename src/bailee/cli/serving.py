"""`bailee serve`: says where the pages are, and serves them."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from pathlib import Path

from bailee.cli.opening import opened
from bailee.cli.running import print_lines
from bailee.cli.terminal import plain
from bailee.errors import BaileeError

_NO_MAIL = (
    "no letters: `[server.mail]` is not in `bailee.toml`, so customers cannot ask for a link to sign in with",
    "  make one by hand with `bailee people link CUSTOMER`",
)


def serve(
    home: Path, address: str | None, port: int | None, workers: int | None, *, customer: str | None = None
) -> None:
    """Serve until interrupted; the links that are printed sign in once, the second as a customer, if one is named."""
    from bailee.web import serving

    with opened(home) as gate:
        server = gate.settings.server
        server = replace(
            server, address=address or server.address, port=port or server.port, workers=workers or server.workers
        )
        must_be_free(server.address, server.port)
        link = serving.first_link(gate, server)
        company = gate.promise.policy.company
        customers = f"{server.base}/me" if customer is None else serving.customer_link(gate, server, customer)
    print_lines(
        [
            plain(f"{company}: {server.base}"),
            f"  customers  {customers}" + ("" if customer is None else f"  (as {plain(customer)}, once)"),
            f"  staff      {link}  (once, in 12 hours)",
            *([] if server.mail else _NO_MAIL),
            "end with Ctrl-C",
        ]
    )
    sys.stdout.flush()
    serving.run(home, server, pretty=sys.stderr.isatty())


def must_be_free(address: str, port: int) -> None:
    """Say before anything starts that the address cannot be listened at."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(place)
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        raise BaileeError(f"`{address}:{port}` cannot be listened at: {why}; name another with --port") from None
