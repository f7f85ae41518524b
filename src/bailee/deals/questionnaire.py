"""The due diligence: what a recipient is asked before a deal, what its answers are worth, and what proves them.

An answer counts in full where it is one that the question takes in full and, where a document has to prove it, that
document is named and still counts. What was not asked counts as nothing: silence is not a yes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum

from bailee.deals.model import Answered, Form
from bailee.deals.questions import QUESTIONS, Question

#: The score, of 1, below which no deal is agreed, and from which on nothing but single gaps is left to mend.
LEAST, ENOUGH = 0.5, 0.8


class Lack(StrEnum):
    """What is wrong with an answer."""

    UNASKED = "not answered"
    NO = "answered in a way that rules the deal out"
    WEAK = "answered in part, or not as it should be"
    UNPROVED = "no evidence"
    UNDATED = "evidence without the day until which it counts"
    EXPIRED = "evidence expired"
    TOO_LONG = "evidence is said to count longer than such evidence does"


@dataclass(frozen=True, slots=True)
class Gap:
    """A question whose answer is not enough, and why; `must` says that no deal of this form goes without it."""

    question: Question
    lack: Lack
    answer: str | None
    must: bool

    @property
    def sentence(self) -> str:
        """What is wrong, for a person."""
        found = f" (`{self.answer}`)" if self.answer is not None else ""
        return f"{self.question.ask} {self.lack}{found}"


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a recipient's answers come to: a score of 1 by weight, the gaps, heaviest first, and what soon expires."""

    score: float
    asked: int
    gaps: tuple[Gap, ...]
    expiring: tuple[tuple[Question, date], ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def barred(self) -> tuple[Gap, ...]:
        """The gaps that no deal can have."""
        return tuple(gap for gap in self.gaps if gap.must and gap.lack in (Lack.NO, Lack.UNASKED))


def asked(form: Form) -> tuple[Question, ...]:
    """The questions that matter for data in a form: a table of totals needs fewer than a list of people."""
    return tuple(each for each in QUESTIONS if form <= each.upto)


def assess(answers: Iterable[Answered], form: Form, today: date, term_ends: date) -> Assessed:
    """What the answers come to on a day, for a deal of a form that runs until another."""
    given = {each.question: each for each in answers}
    questions = asked(form)
    scores, gaps = {}, []
    for question in questions:
        answer, must = given.get(question.key), question.must is not None and form <= question.must
        scores[question.key], lack = _worth(question, answer, today, must=must)
        if lack is not None:
            gaps.append(Gap(question, lack, None if answer is None else answer.answer, must))
    weight = sum(each.weight for each in questions)
    score = sum(each.weight * scores[each.key] for each in questions) / weight
    gaps.sort(key=lambda gap: (not gap.must, -gap.question.weight, gap.question.key))
    soon = [
        (question, answer.expires)
        for question in questions
        if (answer := given.get(question.key)) is not None
        and answer.expires is not None
        and today <= answer.expires < term_ends
    ]
    soon.sort(key=lambda each: each[1])
    return Assessed(score, len(questions), tuple(gaps), tuple(soon), scores)


def _worth(question: Question, answer: Answered | None, today: date, *, must: bool) -> tuple[float, Lack | None]:
    """What one answer counts, from 0 to 1, and what is wrong with it."""
    if answer is None:
        return 0.0, Lack.UNASKED
    worth = question.answers.get(answer.answer, 0.0)
    if worth == 0:
        return 0.0, Lack.NO if must else Lack.WEAK
    unproved = _unproved(question, answer, today)
    if unproved is not None:
        return worth / 2, unproved
    return worth, None if worth == 1 else Lack.WEAK


def _unproved(question: Question, answer: Answered, today: date) -> Lack | None:
    if question.counts_for is None:
        return None
    if answer.evidence is None:
        return Lack.UNPROVED
    if answer.expires is None:
        return Lack.UNDATED
    if answer.expires < today:
        return Lack.EXPIRED
    latest = question.counts_for.plus(datetime.combine(today, time(), UTC)).date()
    return Lack.TOO_LONG if answer.expires > latest else None
