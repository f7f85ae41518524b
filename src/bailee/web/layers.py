"""What every request passes on its way in and every answer on its way out, outermost first."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bailee.gate.server_settings import Server
from bailee.web import logs, metrics, problems
from bailee.web.limits import Buckets
from bailee.web.problems import Problem

#: The largest body, and how long a client may take to send one.
LARGEST_BODY = 1_048_576
BODY_SECONDS = 20.0
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
#: What pages of this server may load: nothing from anywhere else, and no script that is not a file of ours.
CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Paths that a probe asks for all the time: they are not limited, and not logged.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class Outermost:
    """Gives each request a number and each answer its headers, measures it, and logs it."""

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self.app, self.server = app, server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, number = time.perf_counter(), _number(scope)
        state = scope.setdefault("state", {})
        state["request_id"], state["base"] = number, self.server.base
        status = 500

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _headers(MutableHeaders(scope=message), number, secure=self.server.secure)
            await send(message)

        try:
            await self.app(scope, receive, answered)
        except Exception as error:  # was answered as a problem; the server's own log would show its message
            logs.error(scope, error)
        finally:
            taken = time.perf_counter() - began
            metrics.served(scope["method"], logs.route_of(scope), status, taken)
            if scope["path"] not in PROBES:
                logs.served(scope, status, taken)


class Bounded:
    """Refuses what is too much: too many requests, a body that is too large, or one that comes too slowly."""

    def __init__(self, app: ASGIApp, server: Server, clock: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        # Each worker sees about its share.
        self.buckets = Buckets(max(server.rate / server.workers, 1), clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        wait = self.buckets.wait((scope.get("client") or ("", 0))[0])
        if wait:
            told = f"this address sent too many requests; wait {wait} s"
            await problems.respond(scope, receive, send, Problem("too-many", told, headers={"Retry-After": str(wait)}))
            return
        length = _length(scope)
        if length is not None and length > LARGEST_BODY:
            await problems.respond(scope, receive, send, _too_large())
            return
        await self._read(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on with a body whose size and slowness are watched, whatever its head said."""
        seen, deadline, ended = 0, asyncio.get_running_loop().time() + BODY_SECONDS, False
        started = False

        async def bounded() -> Message:
            nonlocal seen, ended
            if ended:
                return await receive()  # the client's going away
            async with asyncio.timeout_at(deadline):
                message = await receive()
            seen += len(message.get("body", b""))
            if seen > LARGEST_BODY:
                raise _too_large()
            ended = not message.get("more_body", False)
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, bounded, watched)
        except TimeoutError:
            if not started and not ended:
                slow = Problem("took-too-long", "the request's body came too slowly")
                await problems.respond(scope, receive, send, slow)
            elif not started:
                raise


def _too_large() -> Problem:
    return Problem("too-large", f"a request has at most {LARGEST_BODY:,} bytes")


def _length(scope: Scope) -> int | None:
    found = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(found) if found.isdigit() else None


def _number(scope: MutableMapping[str, Any]) -> str:
    """The number that a proxy gave the request, or a fresh one."""
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(12)


def _headers(headers: MutableHeaders, number: str, *, secure: bool) -> None:
    headers["X-Request-Id"] = number
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "same-origin")
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), interest-cohort=()"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY)
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cache-Control", "no-store")
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
