"""Structured logs, one JSON object a line, without personal data: no address, query, body, token or customer's key."""

from __future__ import annotations

import logging
import re
import sys
import traceback

import structlog
from starlette.types import Scope

_log = structlog.get_logger("bailee")


def configure(*, pretty: bool = False) -> None:
    """Let this process log to standard error; `pretty` for a person at a terminal."""
    renderer = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("uvicorn.access").disabled = True


def served(scope: Scope, status: int, seconds: float) -> None:
    """Log a request that was answered; the route stands for the path, because a path may name somebody."""
    _log.info(
        "served",
        request=scope["state"].get("request_id"),
        method=scope["method"],
        route=route_of(scope),
        status=status,
        ms=round(seconds * 1000, 1),
    )


def error(scope: Scope, error: BaseException) -> None:
    """Log what went wrong: its class and where, never its message, which may quote what somebody sent."""
    frames = traceback.extract_tb(error.__traceback__)
    at = [f"{re.sub('.*/', '', each.filename)}:{each.lineno}" for each in frames[-5:]]
    _log.error(
        "failed", request=scope["state"].get("request_id"), route=route_of(scope), error=type(error).__name__, at=at
    )


def note(event: str, **words: object) -> None:
    """Log something that the process does by itself."""
    _log.info(event, **words)


def route_of(scope: Scope) -> str:
    """The pattern of the path that matched, or `unknown`."""
    return str(getattr(scope.get("route"), "path", "unknown"))
