"""Running the application: one process or several workers, by TLS or behind a proxy, until somebody ends it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from bailee.gate.gate import Gate
from bailee.gate.server_settings import Server
from bailee.gate.workspace import open as open_workspace
from bailee.people.sessions import Sessions
from bailee.web import logs, who
from bailee.web.app import create

#: How long requests that are being answered have when the server ends.
ENDING_SECONDS = 20
#: Where a worker, which is a process of its own, is told what it serves.
TOLD = "BAILEE_SERVED"
#: How long the link lasts that is printed at the start.
FIRST_LINK_LASTS = timedelta(hours=12)
ADMINISTRATOR = "administrator"


def application() -> FastAPI:
    """The application of a worker; uvicorn calls it."""
    told = json.loads(os.environ[TOLD])
    logs.configure(pretty=told["pretty"])
    gate = open_workspace(Path(told["home"]), start=True)
    return create(gate, replace(gate.settings.server, **told["server"]))


def run(home: Path, server: Server, *, pretty: bool) -> None:
    """Serve a workspace until the process is told to end; requests that are being answered are finished first."""
    given = {"address": server.address, "port": server.port, "workers": server.workers}
    os.environ[TOLD] = json.dumps({"home": str(home.absolute()), "pretty": pretty, "server": given})
    uvicorn.run("bailee.web.serving:application", factory=True, **options(server))


def options(server: Server) -> dict[str, Any]:
    """What uvicorn is told."""
    tls = {}
    if server.certificate is not None and server.key is not None:
        tls = {"ssl_certfile": str(server.certificate), "ssl_keyfile": str(server.key)}
    return {
        "host": server.address,
        "port": server.port,
        "workers": server.workers if server.workers > 1 else None,
        "proxy_headers": False,  # the application looks at them itself, where a proxy is named
        "server_header": False,
        "date_header": True,
        "access_log": False,
        "log_level": "warning",
        "timeout_keep_alive": 15,
        "timeout_graceful_shutdown": ENDING_SECONDS,
        "limit_concurrency": 512,
        "http": "bailee.web.wire:Impatient",
        "ws": "none",
        **tls,
    }


def roles_of(gate: Gate) -> frozenset[str]:
    """Every role that the policy knows."""
    policy = gate.promise.policy
    return frozenset(policy.roles) | {role for purpose in policy.purposes.values() for role in purpose.roles}


def first_link(gate: Gate, server: Server) -> str:
    """A link that signs in once, with every role of the policy, for whoever started the server."""
    return staff_link(gate, server, ADMINISTRATOR, roles_of(gate), FIRST_LINK_LASTS / timedelta(hours=1))


def staff_link(gate: Gate, server: Server, name: str, roles: frozenset[str], hours: float) -> str:
    """A link that signs a member of staff in once, within so many hours."""
    secret = Sessions(gate.database, gate.clock, os.urandom).staff_link(name, roles, timedelta(hours=hours))
    return f"{server.base}/sign-in/{who.written(secret)}"


def customer_link(gate: Gate, server: Server, customer: str) -> str:
    """A link that signs a customer in once, as the letter to them has it; FactRejected for nobody on record."""
    secret = Sessions(gate.database, gate.clock, os.urandom).link(customer)
    return f"{server.base}/me" if secret is None else f"{server.base}/me/in/{who.written(secret)}"
