"""A workspace served over real HTTP on a free port of this machine, and what its callers hold."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey

from bailee.gate.gate import Gate
from bailee.gate.server_settings import Server
from bailee.web import logs, serving, who
from bailee.web.app import create

#: What the shop signs its tokens with; the variable that `bailee.toml` names holds it.
SECRET = "a secret of the shop, and of nobody else at all"
VARIABLE = "BAILEE_TEST_SHOP_SECRET"
#: What a workspace's `bailee.toml` says beside its engine.
KEYS = f"""
[server.keys.shop]
algorithm = "HS256"
key = "env:{VARIABLE}"
scopes = ["customer", "shop", "analyst"]
"""


@dataclass(frozen=True)
class Served:
    """A server that runs: its gate, and the URL that it is reached by."""

    gate: Gate
    server: Server

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return self.server.base

    def token(self, subject: str, scope: str = "customer", **claims: Any) -> str:
        """A token of the shop's."""
        now = int(time.time())
        said = {"sub": subject, "scope": scope, "aud": self.url, "iat": now, "exp": now + 600, **claims}
        return jwt.encode({"alg": "HS256", "kid": "shop"}, said, OctKey.import_key(SECRET.encode()))

    def bearer(self, subject: str, scope: str = "customer", **claims: Any) -> dict[str, str]:
        """The header of a request with such a token."""
        return {"Authorization": f"Bearer {self.token(subject, scope, **claims)}"}

    def client(self, **options: Any) -> httpx.Client:
        """A client without cookies; it follows no redirect."""
        return httpx.Client(base_url=self.url, timeout=30, **options)

    def staff_link(self, *roles: str, name: str = "Zelda Quill") -> str:
        """A link that signs a member of staff in once."""
        from datetime import timedelta

        secret = self.sessions.staff_link(name, frozenset(roles), timedelta(hours=1))
        return f"{self.url}/sign-in/{who.written(secret)}"

    def signed_in(self, customer: str) -> tuple[str, str]:
        """The name and value of the cookie of a customer who is signed in."""
        secret, _ = self.sessions.begin(customer)
        return "bailee-customer", who.written(secret)

    @property
    def sessions(self) -> Any:
        """The sessions of its workspace."""
        from bailee.people.sessions import Sessions

        return Sessions(self.gate.database, self.gate.clock, secrets.token_bytes)


@contextmanager
def serving_of(gate: Gate, **server: Any) -> Iterator[Served]:
    """Serve a gate until the block ends; `server` are settings beside those of its `bailee.toml`."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        told = replace(gate.settings.server, port=port, **{"rate": 100_000, **server})
        options = serving.options(told)
        config = uvicorn.Config(
            create(gate, told), **{name: value for name, value in options.items() if name != "workers"}
        )
        running = uvicorn.Server(config)
        taken.listen(128)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [taken]}, daemon=True)
        thread.start()
        while not running.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        try:
            yield Served(gate, told)
        finally:
            running.should_exit = True
            thread.join(timeout=30)


def quiet() -> None:
    """Let the server log as it does, to where nobody looks."""
    logs.configure()


def with_keys(home: Path) -> None:
    """Let a workspace believe the shop's tokens."""
    file = home / "bailee.toml"
    before = file.read_text() if file.exists() else ""
    file.write_text(before + KEYS)
