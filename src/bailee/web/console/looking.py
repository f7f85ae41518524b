"""*Choices*: what one customer said, for a purpose that may know it; the ledger says who looked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from bailee.errors import Refused
from bailee.gate.gate import Gate
from bailee.policy.taxonomy import PREFERENCES
from bailee.web.console.shell import Member, page
from bailee.web.who import Caller

router = APIRouter(include_in_schema=False)


@router.get("/choices")
def show(request: Request, caller: Member) -> Response:
    """The form. A customer's key is never part of an address, which browsers and proxies remember."""
    return _page(request, caller)


@router.post("/choices")
def look(
    request: Request,
    caller: Member,
    customer: Annotated[str, Form(max_length=512)] = "",
    purpose: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Look at what a customer said; refused where nothing permits it, in the gate's words."""
    if not customer.strip() or not purpose:
        return _page(request, caller, status=422, customer=customer, purpose=purpose, wrong=True)
    try:
        found, entry = _gate(request).look(customer.strip(), purpose, actor=caller.actor)
    except Refused as error:
        return _page(request, caller, status=403, customer=customer, purpose=purpose, refused=error)
    return _page(request, caller, customer=customer, purpose=purpose, found=found[::-1], entry=entry)


def _page(request: Request, caller: Caller, *, status: int = 200, **values: object) -> Response:
    gate = _gate(request)
    empty = {"customer": "", "purpose": "", "wrong": False, "refused": None, "found": None, "entry": None}
    shown = {**empty, **values}
    policy = gate.promise.policy
    may = gate.may_look(caller.actor)
    return page(request, caller, "choices.html", status=status, policy=policy, may=may, category=PREFERENCES, **shown)


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate
