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
        # Only a proxy of ours gives numbers: what a stranger writes there is not for our log.
        began, number = time.perf_counter(), _number(scope) if self.server.proxies else _fresh()
        state = scope.setdefault("state", {})
        state["request_id"], state["base"] = number, self.server.base
        status, started = 500, False

        async def answered(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                _headers(MutableHeaders(scope=message), number, secure=self.server.secure)
            await send(message)

        try:
            await self.app(scope, receive, answered)
        except Exception as error:  # goes no further: the server's own log would show its message
            logs.error(scope, error)
            if not started:
                internal = Problem("internal", problems.KINDS["internal"].remedy)
                await problems.respond(scope, receive, answered, internal)
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
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(receive)
        except TimeoutError:
            await problems.respond(scope, receive, send, Problem("took-too-long", "the body came too slowly"))
        except Problem as problem:
            await problems.respond(scope, receive, send, problem)
        else:
            await self.app(scope, _again(body, receive), send)


async def _body(receive: Receive) -> bytes:
    """The whole body, which is small; Problem for one that is too large, whatever its head said."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":  # the client went away
            return b""
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            raise _too_large()
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read, and then whatever else comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _too_large() -> Problem:
    return Problem("too-large", f"a request has at most {LARGEST_BODY:,} bytes")


def _length(scope: Scope) -> int | None:
    found = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(found) if found.isdigit() else None


def _number(scope: MutableMapping[str, Any]) -> str:
    """The number that a proxy gave the request, or a fresh one."""
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    return given if REQUEST_ID.fullmatch(given) else _fresh()


def _fresh() -> str:
    return secrets.token_hex(12)


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
