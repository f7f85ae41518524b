"""*Ask*: a purpose first, then a question in SQL; the answer, what was left out and why, and how it was governed.

Nothing of an answer is kept here. An export asks the gate again and has an entry of its own, so it honours what changed
meanwhile, and there is no second way out.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from bailee.errors import BaileeError, Cancelled, EngineError, Refused
from bailee.gate.answer import Answer
from bailee.gate.gate import Gate
from bailee.gate.turns import Turn
from bailee.vocabulary import Effect, Reason
from bailee.web import pages, problems
from bailee.web.api.asking import LONGEST, TYPES, written
from bailee.web.console import charts
from bailee.web.console.cells import cells
from bailee.web.console.running import NUMBER, Job, TooMany
from bailee.web.console.shell import Member, growing, page, part, rendered
from bailee.web.problems import Problem
from bailee.web.who import Caller

router = APIRouter(include_in_schema=False)
#: Seconds after which a page says that the question goes on, and between two such words.
SOON, BEAT = 1.0, 1.0
#: How many earlier questions are shown.
EARLIER = 12

Text = Annotated[str, Form(max_length=LONGEST)]
Word = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class Question:
    """What was chosen and written."""

    purpose: str = ""
    recipient: str = ""
    effect: str = ""
    sql: str = ""

    @property
    def use(self) -> dict[str, Any]:
        """The use, as the gate takes it."""
        effect: Any = self.effect or None
        return {"purpose": self.purpose, "recipient": self.recipient or None, "effect": effect}


@router.get("/ask")
def show(request: Request, caller: Member, purpose: str = "", again: int | None = None) -> Response:
    """The form; `again` takes up a question that this person asked before."""
    form = Question(purpose=purpose)
    if again is not None:
        record = _gate(request).own_record(again, caller.actor) if 0 <= again < _gate(request).head().size else None
        if record is None or "question" not in record:
            raise Problem("not-found", "this is no question of yours, or its record is gone")
        use = record["use"]
        form = Question(use["purpose"], use["recipient"] or "", use["effect"] or "", record["question"])
    return page(request, caller, "ask.html", **_asking(request, caller, form))


@router.post("/ask/choose")
def choose(
    request: Request, caller: Member, purpose: Word = "", recipient: Word = "", effect: Word = "", sql: Text = ""
) -> Response:
    """The form again, for another purpose, recipient or effect; what was written stays."""
    chosen = _gate(request).promise.policy.purposes.get(purpose)
    if chosen is not None:
        recipient = recipient if recipient in chosen.recipients else ""
        effect = effect if effect in set(chosen.effects) else ""
    form = Question(purpose, recipient, effect, sql)
    return page(request, caller, "ask.html", **_asking(request, caller, form))


@router.post("/ask")
def ask(
    request: Request,
    caller: Member,
    purpose: Word = "",
    recipient: Word = "",
    effect: Word = "",
    sql: Text = "",
    number: Word = "",
    save: Annotated[str, Form(pattern="|".join(["page", *TYPES]))] = "page",
) -> Response:
    """Ask; an answer, or why there is none. After a second, the page says that the question goes on."""
    asked = Question(purpose, recipient, effect, sql)
    if not purpose or not sql.strip():
        wrong = pages.say(request)("console_ask_empty")
        return _told(request, caller, asked, {"wrong": wrong}, 422)
    if save != "page":
        return _exported(request, caller, asked, number, save)
    job = _begin(request, caller, asked, number)
    running = request.app.state.running
    if "hx-request" in request.headers:
        for _ in running.watch(job, BEAT):
            continue
        return _outcome(request, caller, asked, job)
    for _ in running.watch(job, SOON):
        values = _asking(request, caller, asked)
        return growing(request, caller, "ask.html", _grown(request, caller, asked, job), **values)
    return _outcome(request, caller, asked, job)


@router.post("/ask/cancel")
def cancel(request: Request, caller: Member, number: Word = "") -> Response:
    """Cancel this person's own question, and nobody else's."""
    found = bool(NUMBER.fullmatch(number)) and request.app.state.running.cancel(caller.mark, number)
    told = pages.say(request)("console_ask_cancelling" if found else "console_ask_nothing_runs")
    if "hx-request" in request.headers:
        return part(request, caller, "cancelled.html", told=told)
    return page(request, caller, "cancel.html", told=told)


@router.post("/ask/state")
def state(request: Request, caller: Member, number: Word = "") -> Response:
    """Where a question stands that this person waits for."""
    job = request.app.state.running.find(caller.mark, number)
    return part(request, caller, "running.html", job=job)


@router.get("/ask/cancel")
@router.get("/ask/choose")
def nothing(request: Request, caller: Member) -> Response:
    """Who comes here by hand wants the form."""
    return RedirectResponse("/ask", 303)


def _begin(request: Request, caller: Caller, asked: Question, number: str) -> Job:
    gate, known = _gate(request), number if NUMBER.fullmatch(number) else secrets.token_urlsafe(18)

    def run(turn: Turn) -> Answer:
        return gate.ask(asked.sql, **asked.use, actor=caller.actor, turn=turn)

    try:
        job: Job = request.app.state.running.begin(caller.mark, known, run)
    except TooMany:
        raise Problem("unavailable", "too many questions wait here already", headers={"Retry-After": "5"}) from None
    return job


def _outcome(request: Request, caller: Caller, asked: Question, job: Job) -> Response:
    shown, status = _result(request, job)
    return _told(request, caller, asked, shown, status)


def _told(request: Request, caller: Caller, asked: Question, shown: Mapping[str, Any], status: int) -> Response:
    """The outcome, as a part for htmx or with the whole form."""
    if "hx-request" in request.headers:
        gate = _gate(request)
        fresh = {
            "number": _number(),
            "policy": gate.promise.policy,
            "earlier": gate.asked_by(caller.actor, EARLIER),
            "fresh": True,
        }
        return part(request, caller, "answer.html", status=status, asked=asked, **{**_blank(shown), **fresh})
    values = {**_asking(request, caller, asked), **shown}
    return page(request, caller, "ask.html", status=status, **values)


def _grown(request: Request, caller: Caller, asked: Question, job: Job) -> Generator[str, None, None]:
    """What comes of a question that takes longer than a second; who leaves the page cancels it."""
    done = False
    try:
        yield rendered(request, caller, "waiting.html", job=job)
        for _ in request.app.state.running.watch(job, BEAT):
            yield rendered(request, caller, "running.html", job=job)
        shown, _ = _result(request, job)
        done = True
        yield rendered(request, caller, "answer.html", asked=asked, **_blank(shown))
    finally:
        if not done:
            job.turn.cancel()


def _result(request: Request, job: Job) -> tuple[dict[str, Any], int]:
    """What a page shows of a question that is done, and the status of that."""
    say = pages.say(request)
    try:
        answer = job.answer.result()
        table = answer.arrow()
        units = answer.currencies(_gate(request).promise.datamap)
        shown = {"cells": cells(table, say, units), "chart": charts.fitting(table, say, units)}
        return {"answer": answer, **shown}, 200
    except Refused as error:
        return {"refused": error}, 403
    except Cancelled as error:
        return {"failed": say("console_ask_cancelled"), "receipt": error.receipt}, 409
    except EngineError as error:
        return {"failed": problems.detail_of(error), "receipt": error.receipt}, problems.status_of(error)
    except BaileeError as error:
        return {"failed": problems.detail_of(error), "receipt": None}, problems.status_of(error)


def _exported(request: Request, caller: Caller, asked: Question, number: str, form: str) -> Response:
    """An answer as a file: asked anew, and recorded as such."""
    job = _begin(request, caller, asked, number)
    for _ in request.app.state.running.watch(job, BEAT):
        continue
    try:
        answer = job.answer.result()
    except BaileeError:
        return _outcome(request, caller, asked, job)
    response = written(answer, form, spreadsheet=True)
    name = f"{asked.purpose}-{answer.receipt}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _asking(request: Request, caller: Caller, form: Question) -> dict[str, Any]:
    """What the form shows: purposes, and the tables of the one that was chosen."""
    gate, actor = _gate(request), caller.actor
    policy = gate.promise.policy
    mine = [key for key in policy.purposes if gate.rule(key, actor=actor).permitted]
    others = [key for key in policy.purposes if key not in mine]
    chosen = policy.purposes.get(form.purpose)
    tables: Any = ()
    why: tuple[Reason, ...] = ()
    unseen = ""
    if form.purpose:
        try:
            tables = sorted(gate.visible(**form.use, actor=actor), key=lambda table: not table.personal)
        except Refused as error:
            why = error.reasons
        except EngineError as error:
            unseen = str(error)
    return {
        "asked": form,
        "policy": policy,
        "mine": mine,
        "others": others,
        "chosen": chosen,
        "effects": [each for each in Effect if chosen is not None and each in chosen.effects],
        "tables": tables,
        "why": why,
        "unseen": unseen,
        "earlier": gate.asked_by(actor, EARLIER),
        "number": _number(),
        **_blank({}),
    }


def _blank(shown: Mapping[str, Any]) -> dict[str, Any]:
    empty = {
        "answer": None,
        "cells": None,
        "chart": None,
        "refused": None,
        "failed": None,
        "receipt": None,
        "wrong": "",
        "fresh": False,
    }
    return {**empty, **shown}


def _number() -> str:
    return secrets.token_urlsafe(18)


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate
