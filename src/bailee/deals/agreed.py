"""Where a version of a deal stands, worked out from its steps; and what still keeps it from being agreed or released.

Pure: the same steps, promise and day always say the same. An approval counts for the screen that came before it, and
for no other: whatever is screened again is approved again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

from bailee.deals.finding import Verdict
from bailee.deals.model import Answered, Deal
from bailee.vocabulary import Principle, Reason

#: How many different people must have approved.
EYES = 2


class State(StrEnum):
    """Where a version of a deal stands."""

    PROPOSED = "proposed"
    SCREENED = "screened"
    REFUSED = "refused"
    APPROVED = "approved"
    AGREED = "agreed"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class Did(StrEnum):
    """What can become of a version."""

    PROPOSED = "proposed"
    SCREENED = "screened"
    MET = "met"
    APPROVED = "approved"
    AGREED = "agreed"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    RECALLED = "recalled"


class Said(Protocol):
    """One step, as `people.deals` keeps it."""

    @property
    def step(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def said(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Promise:
    """The digests of the policy and the data map in force, and today's date in UTC."""

    policy: str
    map: str
    today: date


def state(steps: Sequence[Said]) -> State:
    """Where a version stands; what is not understood stands as proposed, from which nothing is released."""
    found = State.PROPOSED
    for step in steps:
        match step.step:
            case Did.SCREENED:
                refused = step.said.get("verdict") not in (Verdict.ACCEPTABLE, Verdict.CONDITIONS)
                found = State.REFUSED if refused else State.SCREENED
            case Did.APPROVED if found is State.SCREENED:
                found = State.APPROVED
            case Did.AGREED if found is State.APPROVED:
                found = State.AGREED
            case Did.WITHDRAWN | Did.RECALLED:
                found = State.WITHDRAWN
            case Did.ENDED:
                found = State.ENDED
    return found


def screen(steps: Sequence[Said]) -> Said | None:
    """The last screen, or None."""
    return next((each for each in reversed(steps) if each.step == Did.SCREENED), None)


def since(steps: Sequence[Said], did: Did) -> list[Said]:
    """What was done after the last screen and since nothing was taken back, of one kind."""
    found: list[Said] = []
    for step in steps:
        if step.step in (Did.SCREENED, Did.WITHDRAWN, Did.RECALLED, Did.ENDED):
            found.clear()
        elif step.step == did:
            found.append(step)
    return found


def drafters(steps: Sequence[Said]) -> set[str]:
    """Everybody who put this version on record."""
    return {person(each.by) for each in steps if each.step == Did.PROPOSED}


def person(name: str) -> str:
    """One spelling of a name, so that neither case, width nor blanks make two people of one."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def open_conditions(steps: Sequence[Said]) -> list[str]:
    """The tests whose conditions nobody said to be met, in the screen's order."""
    screened = screen(steps)
    asked = [] if screened is None else list(screened.said.get("conditions", ()))
    met = {str(each.said.get("test")) for each in since(steps, Did.MET)}
    return [test for test in asked if test not in met]


def against_agreeing(deal: Deal, steps: Sequence[Said], promise: Promise) -> list[Reason]:
    """Why a version may not be agreed today; empty where it may, as far as the policy's own rulings go."""
    return [*_screened(steps, promise), *_conditions(steps), *_approved(deal, steps), *diligence(deal, promise.today)]


def against_releasing(deal: Deal, steps: Sequence[Said], promise: Promise) -> list[Reason]:
    """Why nothing may be released under a version today."""
    found = list[Reason]()
    where = state(steps)
    if where is not State.AGREED:
        found.append(_reason("deal_not_agreed", f"the deal `{deal.key}` is {where}, not agreed"))
    found += [*_screened(steps, promise), *_conditions(steps), *_approved(deal, steps)]
    found += diligence(deal, promise.today)
    if not deal.term.begins <= promise.today <= deal.term.ends:
        found.append(
            _reason("deal_term", f"the deal runs from {deal.term.begins} to {deal.term.ends}, and today is not in it")
        )
    if deal.deletion is None:
        found.append(
            _reason(
                "deal_no_deletion", "the deal does not say when the recipient deletes: state `deletion: {after: ..}`"
            )
        )
    return found


def _screened(steps: Sequence[Said], promise: Promise) -> Iterator[Reason]:
    found = screen(steps)
    if found is None:
        yield _reason("deal_not_screened", "this very deal was never screened: run `bailee deal screen` over its file")
        return
    if found.said.get("verdict") not in (Verdict.ACCEPTABLE, Verdict.CONDITIONS):
        yield _reason("deal_refused", "the screen refuses this deal; change it as the nearest acceptable version says")
    if (found.said.get("policy"), found.said.get("map")) != (promise.policy, promise.map):
        yield _reason(
            "deal_promise_changed",
            "the policy or the data map has changed since the screen: run `bailee deal screen` again",
            Principle.TRANSPARENCY,
        )


def _conditions(steps: Sequence[Said]) -> Iterator[Reason]:
    for test in open_conditions(steps):
        yield _reason(
            "deal_condition",
            f"the screen's condition on {test} is not met: mend the deal, or say how it is met "
            f"(`bailee deal approve --met {test}=HOW`)",
        )


def _approved(deal: Deal, steps: Sequence[Said]) -> Iterator[Reason]:
    drafted = drafters(steps)
    every = since(steps, Did.APPROVED)
    counted = [each for each in every if person(each.by) not in drafted]
    if len(every) > len(counted):
        yield _reason("deal_own_approval", "whoever drafted the deal has approved it, which does not count")
    if not deal.approvers:
        yield _reason("deal_no_approvers", "the deal names no `approvers`, the roles that must agree to it")
    held = {role for each in counted for role in each.said.get("roles", ())}
    for role in deal.approvers:
        if role not in held:
            yield _reason("deal_approver_missing", f"nobody who holds the role `{role}` has approved this version")
    people = {person(each.by) for each in counted}
    if len(people) < EYES:
        yield _reason("deal_four_eyes", f"{EYES} different people must approve, and {len(people)} did")


def diligence(deal: Deal, today: date) -> Iterator[Reason]:
    """Why the recipient's due diligence is not current: there is none, or its evidence has run out."""
    if not deal.diligence:
        yield _reason(
            "deal_no_diligence", "the deal has no `due_diligence`; `bailee deal questions` lists it", Principle.SECURITY
        )
    for answer in deal.diligence:
        if (said := _expired(answer, today)) is not None:
            yield _reason("deal_diligence_expired", said, Principle.SECURITY)


def _expired(answer: Answered, today: date) -> str | None:
    if answer.expires is None or answer.expires >= today:
        return None
    return f"the evidence for `{answer.question}` ran out on {answer.expires}: ask the recipient for a current one"


def _reason(code: str, sentence: str, principle: Principle = Principle.ACCOUNTABILITY) -> Reason:
    return Reason(code, sentence, principle)
