"""`bailee people link`: a link that signs a customer in once, made by hand where no letter can be sent."""

from __future__ import annotations

import os
from pathlib import Path

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import plain
from bailee.errors import BaileeError


def link(home: Path, customer: str, *, as_json: bool) -> None:
    """Print the link; FactRejected for nobody on record."""
    from bailee.people.sessions import LINK_LASTS, MOST_LINKS, Sessions
    from bailee.web import who

    minutes = int(LINK_LASTS.total_seconds() // 60)
    with opened(home) as gate:
        secret = Sessions(gate.database, gate.clock, os.urandom).link(customer)
        base = gate.settings.server.base
    if secret is None:
        raise BaileeError(
            f"`{customer}` was given {MOST_LINKS} links within {minutes} minutes; use one of them, or wait for it"
        )
    made = f"{base}/me/in/{who.written(secret)}"
    if as_json:
        print_json({"customer": customer, "link": made, "minutes": minutes})
        return
    print_lines([made, f"it signs `{plain(customer)}` in once, within {minutes} minutes; hand it to nobody else"])
