"""*Ledger*: its head, its entries as anybody may read them, and a check of the whole, while one looks on."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from bailee.errors import BaileeError, NotVerified
from bailee.gate.gate import Gate
from bailee.web import pages
from bailee.web.console.shell import Member, growing, page, rendered
from bailee.web.problems import Problem
from bailee.web.titles import titles
from bailee.web.who import Caller

router = APIRouter(include_in_schema=False)
#: Entries on a page.
MANY = 40
BEAT = 0.5


@router.get("/ledger")
def show(request: Request, caller: Member, before: int | None = None) -> Response:
    """The head, and the newest entries, or those before a position."""
    gate = _gate(request)
    head = gate.head()
    stop = head.size if before is None else max(0, min(before, head.size))
    start = max(stop - MANY, 0)
    found = list(enumerate(gate.leaves(start, stop), start))[::-1]
    return page(
        request,
        caller,
        "ledger.html",
        head=head,
        entries=found,
        start=start,
        stop=stop,
        many=MANY,
        titles=titles(gate.promise.policy, pages.say(request).language),
    )


@router.get("/ledger/entry")
def go(request: Request, caller: Member, position: int) -> Response:
    """Go to an entry by its number."""
    return RedirectResponse(f"/ledger/entry/{position}", 303)


@router.get("/ledger/entry/{position}")
def entry(request: Request, caller: Member, position: int) -> Response:
    """What an entry shows; its private record only to whoever made it."""
    gate = _gate(request)
    head = gate.head()
    if not 0 <= position < head.size:
        raise Problem("not-found", "the ledger has no such entry")
    record = gate.own_record(position, caller.actor)
    return page(
        request,
        caller,
        "entry.html",
        position=position,
        leaf=gate.leaf(position),
        record=record,
        head=head,
        titles=titles(gate.promise.policy, pages.say(request).language),
    )


@router.get("/ledger/verify")
def back(request: Request, caller: Member) -> Response:
    """Who comes here by hand wants the ledger."""
    return RedirectResponse("/ledger", 303)


@router.post("/ledger/verify")
def verify(request: Request, caller: Member) -> Response:
    """Check every entry against the head, and show how far it is."""
    return growing(request, caller, "verify.html", _checked(request, caller))


def _checked(request: Request, caller: Caller) -> Generator[str, None, None]:
    """How a check goes on, and what came of it."""
    told: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    stopped = threading.Event()

    def progress(done: int, whole: int) -> None:
        if stopped.is_set():
            raise _Stopped
        told.put(("done", (done, whole)))

    def run() -> None:
        try:
            told.put(("head", _gate(request).verify(progress)))
        except NotVerified as error:
            told.put(("wrong", str(error)))
        except (BaileeError, _Stopped) as error:
            told.put(("failed", str(error)))

    threading.Thread(target=run, name="bailee-verify", daemon=True).start()
    try:
        while True:
            kind, value = _latest(told)
            yield rendered(request, caller, "verified.html", kind=kind, value=value)
            if kind not in ("done", "beat"):
                return
    finally:
        stopped.set()


def _latest(told: queue.SimpleQueue[tuple[str, Any]]) -> tuple[str, Any]:
    """The newest word after a beat; what ends a check is the last one, so it is never overtaken."""
    kind, value = "beat", None
    deadline = time.monotonic() + BEAT
    while kind in ("beat", "done") and (left := deadline - time.monotonic()) > 0:
        try:
            kind, value = told.get(timeout=left)
        except queue.Empty:
            break
    return kind, value


class _Stopped(Exception):
    """Nobody looks on any more."""


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate
