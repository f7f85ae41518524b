"""`/v1/may`: may this customer's data be used so, now?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from bailee.vocabulary import Effect, Verdict
from bailee.web import metrics, problems, who
from bailee.web.api.description import ReasonOut, told
from bailee.web.problems import Problem
from bailee.web.who import Caller

router = APIRouter(tags=["points"])
MOST = 10_000

Key = Annotated[str, Field(min_length=1, max_length=512, examples=["1228"])]
Name = Annotated[str, Field(min_length=1, max_length=200, examples=["personal_offers"])]


class VerdictOut(BaseModel):
    """Whether a customer's data may be used so, and why."""

    customer: str = Field(examples=["1228"])
    permitted: bool
    reasons: list[ReasonOut]


class ManyIn(BaseModel):
    """One use, and the customers that it is about."""

    purpose: Name
    effect: Effect | None = None
    recipient: Name | None = None
    customers: list[Key] = Field(min_length=1, max_length=MOST)


class ManyOut(BaseModel):
    """A verdict for each customer, in their order."""

    verdicts: list[VerdictOut]


def asker(caller: Annotated[Caller, Depends(who.anybody)]) -> Caller:
    """One of the shop's programs, or staff; customers see their own choices elsewhere."""
    if caller is None:
        raise Problem("sign-in", "send a token with the scope `shop`", headers={"WWW-Authenticate": "Bearer"})
    if caller.kind not in ("shop", "staff"):
        raise Problem("forbidden", "this is for the shop's programs and staff")
    return caller


Asker = Annotated[Caller, Depends(asker)]


@router.get("/v1/may", summary="Ask about one customer", responses=told(400, 401, 403, 422, 429, 503))
def may(
    request: Request,
    caller: Asker,
    purpose: Annotated[str, Query(min_length=1, max_length=200, examples=["personal_offers"])],
    customer: Annotated[str, Query(min_length=1, max_length=512, examples=["1228"])],
    effect: Effect | None = None,
    recipient: Annotated[str | None, Query(max_length=200)] = None,
) -> VerdictOut:
    """The verdict of this instant, recorded by the minute; a use that the policy refuses altogether is a 403."""
    verdict = request.app.state.checkers.may(purpose, effect, recipient, caller.actor, customer)
    return _out(customer, verdict)


@router.post("/v1/may", summary="Ask about many customers", responses=told(400, 401, 403, 413, 415, 422, 429, 503))
def many(request: Request, caller: Asker, asked: ManyIn) -> ManyOut:
    """As for one, for up to ten thousand at once."""
    checkers = request.app.state.checkers
    verdicts = [
        _out(each, checkers.may(asked.purpose, asked.effect, asked.recipient, caller.actor, each))
        for each in asked.customers
    ]
    return ManyOut(verdicts=verdicts)


def _out(customer: str, verdict: Verdict) -> VerdictOut:
    metrics.verdict(verdict.permitted)
    reasons = [ReasonOut.model_validate(each) for each in problems.reasons_of(verdict.reasons)]
    return VerdictOut(customer=customer, permitted=verdict.permitted, reasons=reasons)
