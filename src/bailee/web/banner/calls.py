"""`/v1/banner`: what a page's banner shows to this visitor or customer, and what they answer."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from bailee.collect import answering
from bailee.collect.asking import Answer, Form, form
from bailee.web import metrics, who
from bailee.web.api.choices import once, sends_gpc
from bailee.web.api.description import told
from bailee.web.banner import asked
from bailee.web.banner.asked import FormOut
from bailee.web.problems import Problem
from bailee.web.who import Caller

router = APIRouter(prefix="/v1/banner", tags=["choices"])
Place = Annotated[str | None, Field(max_length=12, examples=["US-OH"])]
Language = Annotated[str | None, Field(max_length=35, examples=["en"])]
Names = Annotated[str | None, Field(max_length=4_000, examples=["personal_offers,product_recommendations"])]
Control = Literal["refuse_all", "accept_all", "chosen", "withdraw_all", "none"]


class AnswerIn(BaseModel):
    """What was answered about one purpose, under the notice that was on the screen."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(min_length=1, max_length=200, examples=["personal_offers"])
    allow: bool
    notice: str | None = Field(None, max_length=80, description="Digest of the notice that was shown.")
    language: Language = None
    conflict_shown: bool = Field(False, description="Whether they saw that it contradicts their browser's signal.")


class AnswersIn(BaseModel):
    """What a person said on a banner at once; all of it may be empty but what they said."""

    model_config = ConfigDict(extra="forbid")

    answers: list[AnswerIn] = Field(default=[], max_length=100)
    control: Control = Field("none", description="The button that they pressed; kept as evidence.")
    year: int | None = Field(None, description="The year of birth; only the age group is kept, and only once.")
    place: Place = Field(None, description="Where the shop takes them to be, ISO 3166.")
    gpc: bool = Field(False, description="Whether the browser's `navigator.globalPrivacyControl` is true.")
    gpc_new: bool = Field(False, description="Whether the signal was not there before, as far as the browser knows.")
    language: Language = None
    purposes: Names = None


class Done(BaseModel):
    """What was recorded, for whoever sends the same again."""

    recorded: int
    left: list[str]
    heard: bool


class AnsweredOut(FormOut):
    """That it was recorded, and how everything stands since."""

    recorded: int = Field(description="How many choices were recorded; what changed nothing is none.")


@router.get(
    "",
    summary="What the banner shows",
    response_model=FormOut,
    responses={304: {"description": "Not changed since it was read with this ETag."}, **told(401, 403, 422, 429, 503)},
)
def read(
    request: Request,
    response: Response,
    caller: Annotated[Caller | None, Depends(who.anybody)],
    language: Annotated[str | None, Query(max_length=35)] = None,
    purposes: Annotated[str | None, Query(max_length=4_000, description="Only these; omitted: all.")] = None,
    place: Annotated[str | None, Query(max_length=12)] = None,
    gpc: Annotated[bool, Query(description="As `navigator.globalPrivacyControl` says.")] = False,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Any:
    """The purposes that this person must be asked and may change, each with its notice; for nobody known, for anybody.

    It reads only: nothing is recorded, and nothing is stored in the browser.
    """
    say = asked.spoken(request, language)
    found = _form(request, person(caller), say.language, purposes, place, gpc=gpc or sends_gpc(request))
    shown = asked.out(request, found, say)
    tag = f'W/"{sha256(json.dumps(shown.model_dump(mode="json")).encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Bailee-Visitor, Sec-GPC"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return shown


@router.post("", status_code=201, summary="Answer", responses=told(400, 401, 403, 409, 413, 415, 422, 429, 503))
def answer(
    request: Request,
    caller: Annotated[Caller, Depends(who.chooser)],
    said: AnswersIn,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> AnsweredOut:
    """Records what somebody said, a refusal as carefully as a grant, with the notice and language that were shown.

    Who was not on record is taken on record. A yes that cannot count is not recorded, and `told` says so.
    """
    key = person(caller) or ""
    gpc = said.gpc or sends_gpc(request)
    if not (said.answers or said.year is not None or gpc):
        raise Problem("unprocessable", "nothing was said: expected `answers`, a `year` or `gpc`")
    say = asked.spoken(request, said.language)
    gate = request.app.state.gate

    def work() -> Done:
        answering.arrive(gate, key, year=said.year, place=said.place)
        heard = gpc and answering.hear(gate, key, new=said.gpc_new)
        now = _form(request, key, say.language, said.purposes, said.place, gpc=gpc)
        answers = [Answer(each.purpose, each.allow, each.notice, each.language, each.conflict_shown)
                   for each in said.answers]  # fmt: skip
        taken = answering.taken(now, key, answers, f"banner: {said.control}", gate.clock())
        record(request, taken)
        return Done(recorded=len(taken.said), left=list(taken.left), heard=heard)

    done = once(request, caller, idempotency_key, said, work, Done)
    after = _form(request, key, say.language, said.purposes, said.place, gpc=gpc)
    shown = asked.out(request, after, say, asked.left_words(after, done.left, say))
    return AnsweredOut(**shown.model_dump(), recorded=done.recorded)


def record(request: Request, taken: answering.Taken) -> None:
    """Record choices, and count them."""
    if taken.said:
        request.app.state.gate.choose_all(taken.said)
    for each in taken.said:
        metrics.choice(each.kind.act, each.kind.instrument)


def person(caller: Caller | None) -> str | None:
    """Whose banner it is: a visitor's or customer's own; nobody's for who said nothing."""
    if caller is not None and caller.kind not in ("visitor", "customer"):
        raise Problem("forbidden", f"this is for visitors and customers, and you come as {caller.kind}")
    return None if caller is None else caller.key


def _form(
    request: Request, key: str | None, language: str, purposes: str | None, place: str | None, *, gpc: bool
) -> Form:
    gate = request.app.state.gate
    return form(gate, key, language, only=asked.named(purposes), place=place, gpc=gpc)
