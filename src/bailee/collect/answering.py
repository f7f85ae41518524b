"""What somebody said on a banner or form, taken as choices: each under the notice that was on their screen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bailee.collect import signals
from bailee.collect.ages import banded
from bailee.collect.asking import Answer, Form, Question
from bailee.collect.offering import State, spoken
from bailee.errors import FactRejected
from bailee.gate.gate import Gate
from bailee.people.choices import Said
from bailee.people.kinds import Kind
from bailee.vocabulary import Act, Instrument


@dataclass(frozen=True, slots=True)
class Taken:
    """Choices to be recorded, and the purposes of which a yes cannot count and was not taken."""

    said: tuple[Said, ...]
    left: tuple[str, ...]


def arrive(gate: Gate, person: str, *, year: int | None, place: str | None) -> None:
    """Take somebody on record who said something, with the band of their age; what was known is never changed.

    FactRejected for a year in which nobody alive was born, or a place that is none. Who has once said a year cannot say
    another: that would let a child try until it fits.
    """
    born = None
    if year is not None:
        try:
            born = banded(year, gate.promise.policy, gate.clock().date())
        except ValueError as error:
            raise FactRejected(str(error)) from None
    if gate.meet(person, born=born, place=place) is None and (born is not None or place is not None):
        gate.complete(person, born=born, place=place)


def hear(gate: Gate, person: str, *, new: bool) -> bool:
    """Record that a person's browser sends Global Privacy Control; whether it was not on record."""
    return signals.hear(gate, person, spoken(gate, person), new=new)


def taken(
    form: Form, person: str, answers: Sequence[Answer], by: str, at: datetime, guardian: str | None = None
) -> Taken:
    """The choices that answers are, of a person or their guardian; what changes nothing is none.

    FactRejected for a yes against a browser's signal without that having been shown, or for a purpose asked twice.
    """
    if len({each.purpose for each in answers}) < len(answers):
        raise FactRejected("a purpose was answered twice; answer each once")
    said, left = [], []
    for each in answers:
        question = form.of(each.purpose)
        if question is None or (each.allow and not _may_allow(question)):
            left.append(each.purpose)
            continue
        act = _act(question, each)
        if act is not None:
            said.append(Said(person, _kind(each, act), at, guardian, by))
    return Taken(tuple(said), tuple(left))


def _may_allow(question: Question) -> bool:
    """Whether a yes counts now: it is open to them, or stays as it is."""
    if question.objects:
        return True
    return question.on or (question.open and question.offer.needs is None)


def _act(question: Question, answer: Answer) -> Act | None:
    """What the answer does, or None where it changes nothing."""
    if question.objects:
        objected = question.offer.state is State.OBJECTED
        if answer.allow:
            return Act.GRANT if objected else None
        return None if objected else Act.OBJECT
    if answer.allow:
        if question.signal.stops and not answer.conflict_shown:
            told = f"`{answer.purpose}` is refused by the browser's own signal; show that first, then ask"
            raise FactRejected(told)
        return None if question.on and not question.ask else Act.GRANT
    if question.on or question.signal.conflicts:
        return Act.WITHDRAW
    said_no = question.offer.state in (State.REFUSED, State.WITHDRAWN, State.OBJECTED)
    return None if said_no and not question.ask else Act.REFUSE


def _kind(answer: Answer, act: Act) -> Kind:
    told = answer.conflict_shown and act is Act.GRANT
    words = (answer.purpose, str(act), str(Instrument.BANNER), answer.notice, answer.language)
    return Kind(*words, conflict_shown=told)


def left_titles(form: Form, left: Collection[str]) -> list[str]:
    """The titles of purposes whose yes was not taken, of those that the form knows at all."""
    known = [*form.guardian, *form.young, *(each.offer.purpose for each in form.questions)]
    return [each.title for each in known if each.key in left]
