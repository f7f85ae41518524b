"""What a banner or form asks one person, and when it asks again: only what they must be asked, each with its notice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bailee.collect import signals
from bailee.collect.changing import changed
from bailee.collect.offering import Offered, State, about, offer, possible, spoken
from bailee.decide.codes import STANDS
from bailee.decide.law import Law
from bailee.gate.answer import NoticeOnRecord
from bailee.gate.gate import Gate
from bailee.people.choices import Recorded
from bailee.policy import meaning
from bailee.policy.model import Policy, Purpose
from bailee.policy.reasons import STANDING_CODES, standing_reason
from bailee.policy.taxonomy import covers
from bailee.vocabulary import Basis, Customer, Reason

#: Who refused is not asked for half a year (the CNIL's practice); who opted out of what they had given, or of a sale or
#: sharing, for a year (11 CCR 7028). A change of the terms may be told before.
QUIET, QUIET_OPT_OUT = timedelta(days=183), timedelta(days=366)
SHARING = "third_party_sharing"
#: Standing under which a grant made now would count.
_OPEN = frozenset({State.ASKED_NEVER, State.REFUSED, State.WITHDRAWN, State.OBJECTED, State.LAPSED, State.GPC})
#: What the law knows of nobody in particular.
_NOBODY = Customer("")


@dataclass(frozen=True, slots=True)
class Notice:
    """A registered notice as it goes on the screen; `terms` is the digest of what it promises."""

    digest: str
    language: str
    text: str
    terms: str


@dataclass(frozen=True, slots=True)
class Question:
    """One purpose as a person may choose about it now.

    `ask`: they must be asked. `open`: a grant would count, once their age is known if `needs` is `age`. `signal`: their
    browser's opt-out stops it; a grant counts only after they saw that. `changed`: what is new since they agreed.
    """

    offer: Offered
    notice: Notice | None
    ask: bool
    open: bool
    signal: signals.Heard
    changed: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The purpose's key."""
        return self.offer.purpose.key

    @property
    def on(self) -> bool:
        """Whether their data is used for it now."""
        return self.offer.on and not self.signal.stops

    @property
    def objects(self) -> bool:
        """Whether what they may say of it is an objection, because it does not wait for a yes."""
        return self.offer.purpose.basis is not Basis.CONSENT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said of one purpose, under which notice, and whether they saw that it contradicts their signal."""

    purpose: str
    allow: bool
    notice: str | None = None
    language: str | None = None
    conflict_shown: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """All that one person may choose about.

    `guardian` are purposes that wait for a parent's yes, `young` those that are for older people.
    """

    questions: tuple[Question, ...]
    guardian: tuple[Purpose, ...]
    young: tuple[Purpose, ...]
    #: Whether a signal of their browser is on record, or came with the request; and whether one is on record.
    honoured: bool
    heard: bool
    known: bool

    @property
    def asked(self) -> tuple[Question, ...]:
        """The questions that must be asked."""
        return tuple(each for each in self.questions if each.ask)

    @property
    def needs_age(self) -> bool:
        """Whether some question cannot be answered before the person says in which year they were born."""
        return any(each.offer.needs == "age" for each in self.questions)

    def needs(self, answers: Iterable[Answer]) -> bool:
        """Whether a yes among some answers cannot be taken before the year of birth is said."""
        asked = ((each, self.of(each.purpose)) for each in answers)
        return any(each.allow and one is not None and one.offer.needs == "age" for each, one in asked)

    def of(self, purpose: str) -> Question | None:
        """The question about a purpose."""
        return next((each for each in self.questions if each.key == purpose), None)


def form(
    gate: Gate,
    person: str | None,
    language: str,
    *,
    only: Collection[str] = (),
    place: str | None = None,
    gpc: bool = False,
    guardian: bool = False,
) -> Form:
    """What a person, or somebody unknown, is asked and may change.

    `only` names the purposes of one page, all where it is empty; `place` is where the shop takes them to be, where none
    is on record; `gpc` says that the request carried the signal. With `guardian` it is what their verified guardian may
    answer for them: that alone of which a child's own yes does not count.
    """
    facts = None if person is None else gate.facts(person)
    said = spoken(gate, person) if person is not None and facts is not None else ()
    offers = [each for each in _offers(gate, person, facts, said, place) if not only or each.purpose.key in only]
    asking = _Asking(gate, language, said, gpc, gate.clock())
    waiting = [each for each in offers if _child(gate, each.purpose, facts)]
    if guardian:
        offers = [replace(each, needs=None) if each.needs == "guardian" else each for each in waiting]
    else:
        offers = [each for each in offers if each not in waiting or each.on]
    listed = [each for one in offers if (each := asking.question(one)) is not None]
    return Form(
        tuple(listed),
        tuple(each.purpose for each in waiting if not guardian and not each.on and not each.purpose.explicit),
        tuple(each.purpose for each in offers if each.reason.code == "under_age"),
        gpc or bool(signals.last(said)),
        bool(signals.last(said)),
        facts is not None,
    )


def _offers(
    gate: Gate, person: str | None, facts: Customer | None, said: Sequence[Recorded], place: str | None
) -> list[Offered]:
    """Each purpose that takes a choice and may be used at all, as the person stands in it, or would if on record."""
    policy, standing = gate.promise.policy, gate.own_standing(person or "")
    supposed = facts or _NOBODY
    supposed = replace(supposed, place=supposed.place or place)
    found = []
    for key, purpose in policy.purposes.items():
        if purpose.basis in (Basis.CONSENT, Basis.LEGITIMATE_INTEREST) and possible(gate, purpose):
            reason = standing[key]
            if reason.code in ("unknown_customer", "place_unknown"):
                reason = _supposed(policy, key, supposed, gate.clock())
            found.append(offer(purpose, reason, said))
    return found


def _supposed(policy: Policy, key: str, person: Customer, at: datetime) -> Reason:
    """How somebody would stand who has said nothing yet, by the definition itself."""
    code = meaning.standing(policy, key, None, replace(person, choices=()), at, {})
    return standing_reason(STANDING_CODES.index(code), key, policy.line("purposes", key))


def _child(gate: Gate, purpose: Purpose, facts: Customer | None) -> bool:
    """Whether somebody is known to be so young that only a guardian's yes to a purpose counts (D4.7)."""
    if facts is None or facts.born is None or purpose.basis is not Basis.CONSENT:
        return False
    here, years = Law(gate.promise.policy, purpose).locale(facts.place), meaning.age(facts.born, gate.clock())
    barred = here.fails != STANDS or (here.min_age is not None and years < here.min_age)
    return not barred and here.guardian_below is not None and years < here.guardian_below


class _Asking:
    """Makes questions for one person at one instant."""

    def __init__(self, gate: Gate, language: str, said: Sequence[Recorded], gpc: bool, at: datetime) -> None:
        self.gate, self.language, self.said, self.gpc, self.at = gate, language, said, gpc, at
        self.notices = [each for each in gate.notices() if each.covers]

    def question(self, each: Offered) -> Question | None:
        """The question about what is offered; None where there is nothing that this person could say."""
        purpose, policy = each.purpose, self.gate.promise.policy
        notice = self.notice(purpose)
        signal = signals.heard(policy, purpose, self.said, present=self.gpc)
        if purpose.basis is not Basis.CONSENT:
            shown = notice is not None and each.state in (State.IN_USE, State.OBJECTED)
            return Question(each, notice, ask=False, open=False, signal=signal) if shown else None
        opened = notice is not None and not purpose.explicit and each.state in _OPEN and each.needs in (None, "age")
        if not opened and not each.on:
            return None
        ask = opened and not signal.stops and (each.ask or self.again(each, notice))
        new = self.whats_new(each, notice)
        return Question(each, notice, ask, opened, signal, new)

    def notice(self, purpose: Purpose) -> Notice | None:
        """The newest notice that covers today's terms, in the wanted language if there is one."""
        found = [each for each in self.notices if each.purpose == purpose.key]
        best = max(enumerate(found), key=lambda each: (self._nearness(each[1]), each[0]), default=None)
        if best is None:
            return None
        digest, language, terms = best[1].digest, best[1].language, best[1].terms
        return Notice(digest, language, self.gate.notice_text(digest), terms)

    def _nearness(self, each: NoticeOnRecord) -> int:
        spoken = each.language.partition("-")[0] == self.language.partition("-")[0]
        return 3 if each.language == self.language else 2 if spoken else int(each.language == "en")

    def again(self, each: Offered, notice: Notice | None) -> bool:
        """Whether somebody who said no may be asked once more: time has passed, or it is something else now."""
        last = self.answer(each.purpose)
        if each.state not in (State.REFUSED, State.WITHDRAWN) or last is None:
            return False
        opted_out = each.state is State.WITHDRAWN or covers(SHARING, each.purpose.use)
        if self.at - last.at >= (QUIET_OPT_OUT if opted_out else QUIET):
            return True
        return notice is not None and last.terms is not None and last.terms != notice.terms

    def whats_new(self, each: Offered, notice: Notice | None) -> tuple[str, ...]:
        """What changed since the notice under which they last answered, where that is why they are asked."""
        last = self.answer(each.purpose)
        answered = (State.LAPSED, State.REFUSED, State.WITHDRAWN)
        if last is None or notice is None or each.state not in answered:
            return ()
        return changed(self.gate, last.notice, notice.digest, self.language)

    def answer(self, purpose: Purpose) -> Recorded | None:
        """What they last said of a purpose themselves; a signal of the browser is no answer."""
        said = [each for each in self.said if about(each, purpose) and each.instrument != "gpc"]
        return max(said, key=lambda each: (each.at, each.sequence), default=None)
