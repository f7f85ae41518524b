"""`/me/requests`: asking to correct, erase, object or restrict. Each is acknowledged with a number and a day."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from bailee.errors import FactRejected
from bailee.rights import requests
from bailee.web import pages
from bailee.web.me import session
from bailee.web.me.session import Customer
from bailee.web.problems import Problem

router = APIRouter(prefix="/me")
Kind = Literal["correct", "erase", "object", "restrict"]
#: What the page offers to ask for; a copy needs no asking.
KINDS: tuple[Kind, ...] = get_args(Kind)


@router.get("/requests")
def show(
    request: Request,
    caller: Customer,
    kind: Kind | None = None,
    opened: int | None = None,
    ended: int | None = None,
    already: int | None = None,
) -> Response:
    """What can be asked for, the form of one kind, and all that was asked."""
    return _page(request, caller, kind=kind, opened=opened, ended=ended, already=already)


@router.post("/requests")
def ask(
    request: Request,
    caller: Customer,
    kind: Annotated[Kind, Form()],
    text: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Open a request; only a correction needs words."""
    gate, key = request.app.state.gate, session.key_of(caller)
    if kind == "correct" and not text.strip():
        return _page(request, caller, status=422, kind=kind, wrong=True)
    before = next((each for each in requests.of_customer(gate, key) if each.kind == kind and each.waits), None)
    if before is not None:
        return session.see(f"/me/requests?already={before.number}")
    made = requests.open(gate, key, kind, text=text.strip() or None)
    return session.see(f"/me/requests?opened={made.number}")


@router.post("/requests/{number}/cancel")
def cancel(request: Request, caller: Customer, number: int) -> Response:
    """Take a request back that was not answered yet."""
    try:
        requests.cancel(request.app.state.gate, number, session.key_of(caller))
    except FactRejected:
        raise Problem("not-found", "you have no open request of this number") from None
    return session.see(f"/me/requests?ended={number}")


def _page(request: Request, caller: Customer, *, status: int = 200, **values: object) -> Response:
    listed = requests.of_customer(request.app.state.gate, session.key_of(caller))[::-1]
    told = {"kind": None, "opened": None, "ended": None, "already": None, "wrong": False, **values}
    day = pages.say(request).day
    return session.page(request, caller, "requests.html", status=status, kinds=KINDS, listed=listed, day=day, **told)
