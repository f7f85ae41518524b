"""The application of `bailee serve`: every page and every call of a workspace, over one gate."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import BoundedSemaphore

from anyio import to_thread
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import bailee
from bailee.gate.gate import Gate
from bailee.gate.server_settings import Server
from bailee.people.repeats import Repeats
from bailee.people.sessions import Sessions
from bailee.web import explained, health, me, pages, problems
from bailee.web.api import asking, choices, description, ledger, notices, points
from bailee.web.background import sending
from bailee.web.banner import calls, page, scripts
from bailee.web.console import asking as console_asking
from bailee.web.console import deals as console_deals
from bailee.web.console import door, shell
from bailee.web.console import ledger as console_ledger
from bailee.web.console import looking as console_looking
from bailee.web.console import overview as console_overview
from bailee.web.console import policy as console_policy
from bailee.web.console import requests as console_requests
from bailee.web.console.oidc import Provided
from bailee.web.console.running import Running
from bailee.web.layers import Bounded, Outermost
from bailee.web.letters import Letters
from bailee.web.limits import Buckets
from bailee.web.me import copying, session, signing_in
from bailee.web.points import Checkers
from bailee.web.tokens import Tokens
from bailee.web.who import CSRF_HEADER, VISITOR_HEADER

ROUTERS = (
    health.router,
    explained.router,
    points.router,
    asking.router,
    choices.router,
    notices.router,
    ledger.router,
    calls.router,
    scripts.router,
    page.router,
    me.router,
    door.router,
    console_overview.router,
    console_asking.router,
    console_policy.router,
    console_looking.router,
    console_requests.router,
    console_deals.router,
    console_ledger.router,
)
#: How many requests are worked on at once; 64 of these threads may wait for an engine.
THREADS = 128
_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    VISITOR_HEADER,
    CSRF_HEADER,
)
_EXPOSED = ("ETag", "X-Request-Id", "Retry-After", "Bailee-Visitor")


def create(gate: Gate, server: Server | None = None) -> FastAPI:
    """An application over an open gate, which it closes at its end; `server` is what `bailee.toml` says, if omitted.

    WorkspaceError where a key of `[server.keys]` or the URL of `[server.mail]` cannot be had.
    """
    server = server or gate.settings.server

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        # Beside everything that may hold one for long: questions of both kinds, and copies.
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        with gate, sending(gate):
            yield
            app.state.ready = False
            app.state.checkers.close()
            app.state.letters.close()

    app = FastAPI(
        title="Bailee",
        version=bailee.__version__,
        summary="What the company promised its customers, and what they chose, over HTTP",
        description=description.TEXT,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        openapi_tags=description.TAGS,
        servers=[{"url": server.base}],
        redirect_slashes=False,
    )
    state = app.state
    state.gate, state.server, state.ready = gate, server, True
    state.tokens = Tokens(server)
    state.sessions = Sessions(gate.database, gate.clock, secrets.token_bytes)
    state.repeats = Repeats(gate.database, gate.clock)
    state.checkers = Checkers(gate)
    state.running = Running(state.repeats, shared=server.workers > 1 or gate.database.shared)
    state.provider = None if server.provider is None else Provided(server)
    state.letters = Letters(server.mail)
    state.copies = copying.Making()
    state.questions = BoundedSemaphore(asking.MOST)
    state.letters_asked = Buckets(max(server.rate / signing_in.SHARE / server.workers, 1), time.monotonic)
    state.problem_page = pages.problem_page
    problems.install(app)
    pages.install(app)
    shell.install(app)
    session.install(app)
    for router in ROUTERS:
        app.include_router(router)
    _layers(app)
    return app


def _layers(app: FastAPI) -> None:
    """What every request passes; what is added last is outermost."""
    server = app.state.server
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    if server.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=server.origins,
            allow_methods=("GET", "POST"),
            allow_headers=_HEADERS,
            expose_headers=_EXPOSED,
            max_age=600,
        )
    app.add_middleware(Bounded, server=server)
    app.add_middleware(Outermost, server=server)
    if server.proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(server.proxies))
