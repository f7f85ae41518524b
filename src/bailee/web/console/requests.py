"""*Requests*: what people asked about their own data, and by when to answer; who looks at one is on record.

The list names nobody, so all staff see it. One request is about one person: to see it, to put its answer off or to
close it needs a purpose that reads choices and admits the member of staff. So the policy says who answers people, and
nobody decides on what they may not read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date
from shlex import quote
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from bailee.errors import FactRejected, Refused
from bailee.gate.gate import Gate
from bailee.people.requests import Request as Asked
from bailee.policy.taxonomy import PREFERENCES
from bailee.rights import requests
from bailee.web import pages
from bailee.web.console.shell import Member, page
from bailee.web.problems import Problem
from bailee.web.titles import titles
from bailee.web.who import Caller

router = APIRouter(include_in_schema=False)
#: Requests on the page; whoever has more open than this answers the most urgent first anyway.
MANY = 200
#: What does what is asked, at the command line of the server.
COMMANDS = {
    "access": "bailee rights copy {customer} --out copy.zip",
    "correct": "bailee import customers FILE",
    "erase": "bailee people erase {customer}",
    "object": "bailee choices {customer} object PURPOSE",
    "restrict": "bailee people restrict {customer}",
}
Words = Annotated[str, Form(max_length=4_000)]
Key = Annotated[str, Form(max_length=200)]


@router.get("/requests")
def show(request: Request, caller: Member, every: bool = False, extended: int = 0, closed: int = 0) -> Response:
    """What waits for an answer, the most urgent first, and with `every` what was answered too, the newest first."""
    gate = _gate(request)
    found = requests.listed(gate, every=every)
    waits = [each for each in found if each.waits]
    ended = sorted((each for each in found if not each.waits), key=lambda each: each.number, reverse=True)
    return page(
        request,
        caller,
        "requests.html",
        found=[*waits, *ended][:MANY],
        more=max(len(found) - MANY, 0),
        every=every,
        extended=extended,
        closed=closed,
        may=gate.may_look(caller.actor),
        category=PREFERENCES,
        today=_today(gate),
        day=_day(request),
    )


@router.get("/requests/{number}")
def one(request: Request, caller: Member, number: int, purpose: str = "") -> Response:
    """One request, for a purpose; where several would do, the page asks for which first."""
    may = _gate(request).may_look(caller.actor)
    if not purpose and len(may) == 1:
        purpose = may[0]
    return _page(request, caller, number, purpose[:200], may)


@router.post("/requests/{number}/extend")
def extend(request: Request, caller: Member, number: int, why: Words = "", purpose: Key = "") -> Response:
    """Put the answer off, for a reason that the customer is told."""
    return _done(request, caller, number, purpose, "extended", why=why, needs_why=True)


@router.post("/requests/{number}/close")
def close(
    request: Request, caller: Member, number: int, outcome: Key = "", why: Words = "", purpose: Key = ""
) -> Response:
    """Say what came of it; a refusal needs its reason."""
    return _done(request, caller, number, purpose, "closed", outcome=outcome, why=why, needs_why=outcome == "refused")


def _done(
    request: Request,
    caller: Caller,
    number: int,
    purpose: str,
    step: str,
    *,
    why: str,
    needs_why: bool,
    outcome: str = "",
) -> Response:
    gate, may = _gate(request), _gate(request).may_look(caller.actor)
    if purpose not in may:
        raise Problem("forbidden", "your roles allow no purpose that reads what people ask about their own data")
    typed = {"why": why, "outcome": outcome}
    lacking = "outcome" if step == "closed" and outcome not in requests.OUTCOMES else ""
    lacking = lacking or ("why" if needs_why and not why.strip() else "")
    if lacking:
        return _page(request, caller, number, purpose, may, status=422, wrong=f"{step}_{lacking}", **typed)
    try:
        if step == "extended":
            requests.extend(gate, number, why.strip(), by=caller.name)
        else:
            requests.close(gate, number, outcome, why=why.strip() or None, by=caller.name)
    except FactRejected as error:
        return _page(request, caller, number, purpose, may, status=409, failed=str(error), **typed)
    return RedirectResponse(f"/requests?{step}={number}", 303)


def _page(
    request: Request,
    caller: Caller,
    number: int,
    purpose: str,
    may: tuple[str, ...],
    *,
    status: int = 200,
    **values: object,
) -> Response:
    gate, say = _gate(request), pages.say(request)
    found: Asked | None = None
    entry, refused = None, None
    try:
        known = requests.show(gate, number)
        if purpose or known.customer is None:
            found, entry = requests.look(gate, number, purpose, actor=caller.actor)
    except FactRejected:
        raise Problem("not-found", "there is no request of this number") from None
    except Refused as error:
        refused, status = error, 403
    empty = {"wrong": "", "failed": "", "why": "", "outcome": ""}
    today = _today(gate)
    return page(
        request,
        caller,
        "request.html",
        status=status,
        number=number,
        purpose=purpose,
        may=may,
        category=PREFERENCES,
        asked=found,
        entry=entry,
        refused=refused,
        today=today,
        extends=found is not None and found.waits and requests.why_not_extend(found, today) is None,
        titles=titles(gate.promise.policy, say.language),
        outcomes=requests.OUTCOMES,
        day=_day(request),
        command=_command(found),
        **{**empty, **values},
    )


def _command(asked: Asked | None) -> str:
    """What is typed to do what somebody asks."""
    if asked is None or asked.customer is None:
        return ""
    return COMMANDS[asked.kind].format(customer=quote(asked.customer))


def _today(gate: Gate) -> date:
    return gate.clock().astimezone(UTC).date()


def _day(request: Request) -> Callable[[date], str]:
    return pages.say(request).day


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate
