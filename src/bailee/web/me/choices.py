"""`/me`: my choices. Each is changed by one button, and the next question honours it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from bailee.collect import signals
from bailee.collect.offering import Offered, State, offered, spoken
from bailee.errors import FactRejected
from bailee.gate.gate import Gate
from bailee.people.choices import Recorded, Said
from bailee.people.kinds import Kind
from bailee.policy.model import Purpose
from bailee.rights import uses
from bailee.vocabulary import Act, Basis, Instrument
from bailee.web import metrics, pages
from bailee.web.api.choices import sends_gpc
from bailee.web.me import earlier, session, telling
from bailee.web.me.session import Customer
from bailee.web.me.telling import Shown, Told
from bailee.web.problems import Problem
from bailee.web.words import Words

router = APIRouter(prefix="/me")
TEXT = "text/plain; charset=utf-8"
#: How many acts the history shows before it is opened whole.
RECENT = 20


@dataclass(frozen=True, slots=True)
class Card:
    """One purpose on the page. `acts` are the buttons, in order."""

    offer: Offered
    told: Told
    notice: Shown | None
    acts: Sequence[Act]
    changed: Sequence[str]
    because: str | None
    conflict: bool

    @property
    def last(self) -> Recorded | None:
        """What they said last of it; not a signal about all that did not touch it."""
        last = self.offer.last
        touched = last is None or last.instrument != Instrument.GPC or self.offer.state is State.GPC
        return last if touched else None


@router.get("")
def show(
    request: Request,
    caller: Customer,
    said: Annotated[list[int], Query(max_length=200)] = [],  # noqa: B006  (FastAPI gives each request its own)
    all: bool = False,
) -> Response:
    """Every purpose that takes a choice, what holds without one, and all that was ever said."""
    gate, key, say = request.app.state.gate, session.key_of(caller), pages.say(request)
    if sends_gpc(request):
        signals.hear(gate, key, spoken(gate, key), new=False)
    history = sorted(spoken(gate, key), key=lambda each: -each.sequence)
    done = [each for each in history if each.sequence in said]
    return session.page(
        request,
        caller,
        "choices.html",
        cards=_cards(gate, say, key, history),
        others=_others(gate, say),
        history=history if all else history[:RECENT],
        more=not all and len(history) > RECENT,
        done=done,
        earlier=earlier.shown(request, caller),
        recipients={name: each.title for name, each in gate.promise.policy.recipients.items()},
        titles=telling.titles(gate, say),
        gpc=sends_gpc(request),
        gpc_before=bool(signals.last(history)),
    )


@router.post("/choices")
def choose(
    request: Request,
    caller: Customer,
    purpose: Annotated[str, Form(max_length=200)],
    act: Annotated[Literal["grant", "refuse", "withdraw", "object"], Form()],
    notice: Annotated[str, Form(max_length=80)] = "",
    language: Annotated[str, Form(max_length=35)] = "",
    conflict: Annotated[bool, Form()] = False,
) -> Response:
    """Record one act under the notice that was on the page; what begins after the answer honours it."""
    gate, key = request.app.state.gate, session.key_of(caller)
    if act == "grant" and notice not in {each.digest for each in gate.notices() if each.covers}:
        raise Problem("changed", pages.say(request)("me_notice_changed"))
    kind = Kind(purpose, act, str(Instrument.CHECKBOX), notice or None, language or None, conflict_shown=conflict)
    (receipt,) = gate.choose_all([Said(key, kind, gate.clock())])
    metrics.choice(act, kind.instrument)
    return session.see(f"/me?said={receipt.sequence}#{anchor(purpose)}")


@router.get("/choices/{sequence}/receipt")
def receipt(request: Request, caller: Customer, sequence: int) -> Response:
    """The signed receipt of one choice, to keep."""
    try:
        name, file = uses.receipt(request.app.state.gate, session.key_of(caller), sequence)
    except FactRejected:
        raise Problem("not-found", "you made no such choice") from None
    return download(file, name, "application/json" if name.endswith(".json") else TEXT)


def download(data: bytes, name: str, kind: str) -> Response:
    """A file to keep; its name is ours, not anybody's."""
    return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def anchor(purpose: str) -> str:
    """Where a purpose is on the page."""
    return f"purpose-{re.sub('[^a-z0-9_-]', '', purpose)}"


def _cards(gate: Gate, say: Words, key: str, said: Sequence[Recorded]) -> list[Card]:
    notices = telling.shown(gate, say.language)
    return [_card(gate, say, each, notices.get(each.purpose.key), said) for each in offered(gate, key)]


def _card(gate: Gate, say: Words, each: Offered, notice: Shown | None, said: Sequence[Recorded]) -> Card:
    purpose, code = each.purpose, each.reason.code
    lapsed = each.state is State.LAPSED
    return Card(
        each,
        telling.told(gate, purpose.key, say.language),
        notice,
        _acts(each, notice),
        telling.widened(gate, each.last, notice, say.language) if lapsed and code == "terms_widened" else (),
        say(f"me_because_{code}") if say.has(f"me_because_{code}") else None,
        signals.heard(gate.promise.policy, purpose, said, present=False).stops,
    )


def _acts(each: Offered, notice: Shown | None) -> list[Act]:
    """What somebody can say now: always the way out of what holds, and the way in where a notice can be shown."""
    no = Act.REFUSE if each.purpose.basis is Basis.CONSENT else Act.OBJECT
    yes = [Act.GRANT] if notice is not None else []
    match each.state:
        case State.GRANTED:
            return [Act.WITHDRAW]
        case State.IN_USE:
            return [Act.OBJECT]
        case State.ASKED_NEVER | State.LAPSED if each.needs is None:
            return [*yes, no]
        case State.ASKED_NEVER | State.LAPSED:
            return [no]
        case State.REFUSED | State.WITHDRAWN | State.OBJECTED | State.GPC:
            return yes
        case State.BARRED:
            agreed = each.last is not None and each.last.act == Act.GRANT
            return [Act.WITHDRAW] if agreed else []
    return []


def _others(gate: Gate, say: Words) -> list[tuple[Purpose, str, Told]]:
    """What the company does without asking, and on what ground."""
    return [
        (
            purpose,
            say(f"me_basis_{purpose.basis}", law=purpose.law or ""),
            telling.told(gate, purpose.key, say.language),
        )
        for purpose in gate.promise.policy.purposes.values()
        if purpose.basis in (Basis.CONTRACT, Basis.LEGAL_OBLIGATION)
    ]
