"""May one customer's data be used for one purpose, now, and until when is that answer sure? (`spec/decision.md` D4)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from bailee.decide import codes
from bailee.decide.covering import Covering
from bailee.decide.law import Law, Locale
from bailee.vocabulary import EVERY_PURPOSE, EXPLICIT, Act, Basis, Choice, Customer, Instrument

REFUSALS = {Act.REFUSE: codes.REFUSED, Act.WITHDRAW: codes.WITHDRAWN, Act.OBJECT: codes.OBJECTED}


class Judgement(NamedTuple):
    """A code of standing, and the next instant at which it may change although nobody acts; None means never."""

    code: int
    until: datetime | None


class Watch:
    """An instant, and the earliest later one at which something that was looked at changes."""

    __slots__ = ("at", "until")

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.until: datetime | None = None

    def past(self, when: datetime | None) -> bool:
        """Whether this has come; None never comes. A judgement that looked lasts no longer than until it comes."""
        if when is None or when <= self.at:
            return when is not None
        if self.until is None or when < self.until:
            self.until = when
        return False


def judge(law: Law, named: Sequence[str | None], customer: Customer, at: datetime, covering: Covering) -> Judgement:
    """The standing of one customer for a purpose and all recipients named; None names the company itself."""
    watch = Watch(at)
    return Judgement(_code(law, named, customer, watch, covering), watch.until)


def birthday(born: date, years: int) -> datetime | None:
    """The instant at which somebody turns so old, in UTC; 29 February counts from 1 March in other years."""
    year, month, day = born.year + years, born.month, born.day
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return datetime(year, 3, 1, tzinfo=UTC) if year <= 9999 else None


def _code(law: Law, named: Sequence[str | None], customer: Customer, watch: Watch, covering: Covering) -> int:
    where = law.locale(customer.place)
    basis = where.basis
    if customer.erased and not (basis is Basis.LEGAL_OBLIGATION and law.purpose.key in customer.held_for):
        return codes.ERASED
    if basis in (Basis.CONTRACT, Basis.LEGITIMATE_INTEREST) and watch.past(customer.restricted):
        return codes.RESTRICTED
    unfit = where.fails or _age(where, customer, watch) or _activity(law, customer, watch)
    if unfit or basis is Basis.LEGAL_OBLIGATION:
        return unfit
    if basis is Basis.CONTRACT:
        return _contract(law, customer, watch)
    record = _Record(law, where, customer, watch)
    if basis is Basis.LEGITIMATE_INTEREST:
        return _noticed(law, customer, watch, covering) or _first(_interest(record, to) for to in named)
    return _first(_consent(record, to, covering) for to in named)


def _first(answers: Iterable[int]) -> int:
    """The first code that is not a yes; what comes after it is not looked at."""
    return next((code for code in answers if code), codes.STANDS)


def _age(where: Locale, customer: Customer, watch: Watch) -> int:
    if customer.born is None:
        return codes.STANDS if where.min_age is None and where.guardian_below is None else codes.AGE_UNKNOWN
    if where.min_age is None or watch.past(birthday(customer.born, where.min_age)):
        return codes.STANDS
    return codes.UNDER_AGE


def _activity(law: Law, customer: Customer, watch: Watch) -> int:
    keep, last = law.purpose.keep, customer.last_activity
    if not keep.from_last_activity:
        return codes.STANDS
    return codes.INACTIVE if last is None or watch.past(keep.duration.plus(last)) else codes.STANDS


def _contract(law: Law, customer: Customer, watch: Watch) -> int:
    keep = law.purpose.keep.duration
    begun = [contract for contract in customer.contracts if contract.since <= watch.at]
    ends = [keep.plus(contract.ended) for contract in begun if contract.ended is not None]
    if len(ends) < len(begun):
        return codes.STANDS
    if ends and max(ends) > watch.at:
        watch.past(max(ends))
        return codes.STANDS
    for contract in customer.contracts:
        watch.past(contract.since)
    return codes.CONTRACT_ENDED if begun else codes.NO_CONTRACT


def _noticed(law: Law, customer: Customer, watch: Watch, covering: Covering) -> int:
    ours = [n for n in customer.notices if n.purpose in law.lineage and covering.covers(law.purpose.key, n.terms)]
    if any(notice.at <= watch.at for notice in ours):
        return codes.STANDS
    for notice in ours:
        watch.past(notice.at)
    return codes.NOTICE_NOT_GIVEN


class _Record:
    """What a customer said that concerns one purpose, up to an instant."""

    __slots__ = ("child", "customer", "law", "said", "signal", "watch")

    def __init__(self, law: Law, where: Locale, customer: Customer, watch: Watch) -> None:
        self.law, self.customer, self.watch = law, customer, watch
        below, born = where.guardian_below, customer.born
        self.child = below is not None and born is not None and not watch.past(birthday(born, below))
        done = [choice for choice in customer.choices if choice.purpose in law.names and watch.past(choice.at)]
        self.said = [choice for choice in done if choice.instrument is not Instrument.GPC and self._counts(choice)]
        heard = done if law.hears_gpc else ()
        signals = (c for c in heard if c.instrument is Instrument.GPC and c.act is not Act.GRANT)
        self.signal = max(signals, key=_order, default=None)

    def _counts(self, choice: Choice) -> bool:
        if choice.act is not Act.GRANT:
            return True
        return choice.purpose != EVERY_PURPOSE and choice.channel is None and choice.guardian is self.child

    def about(self, to: str | None) -> list[Choice]:
        return [choice for choice in self.said if choice.recipient is None or choice.recipient == to]

    def gpc(self, about: Sequence[Choice]) -> bool:
        """Whether the last signal came after the last grant that was made although it was known to contradict one."""
        if self.signal is None:
            return False
        informed = (choice for choice in about if choice.act is Act.GRANT and choice.conflict_shown)
        return all(_order(grant) <= _order(self.signal) for grant in informed)


def _order(choice: Choice) -> tuple[datetime, int, bool]:
    return (choice.at, choice.sequence, choice.act is not Act.GRANT)


def _consent(record: _Record, to: str | None, covering: Covering) -> int:
    purpose, restricted = record.law.purpose, record.customer.restricted
    about = record.about(to)
    last = max(about, key=_order, default=None)
    if last is None:
        return codes.GUARDIAN_NEEDED if record.child else codes.NEVER_ASKED
    if last.act is not Act.GRANT:
        return REFUSALS[last.act]
    if record.gpc(about):
        return codes.GPC
    covered = covering.code(purpose.key, last.terms)
    if covered:
        return covered
    if purpose.consent_lasts is not None and record.watch.past(purpose.consent_lasts.plus(last.at)):
        return codes.CONSENT_EXPIRED
    if purpose.explicit and last.instrument not in EXPLICIT:
        return codes.NOT_EXPLICIT
    return codes.RESTRICTED if record.watch.past(restricted) and restricted and last.at <= restricted else codes.STANDS


def _interest(record: _Record, to: str | None) -> int:
    about = record.about(to)
    last = max(about, key=_order, default=None)
    if last is not None and last.act is not Act.GRANT and not _overridden(record, last):
        return codes.OBJECTED
    return codes.GPC if record.gpc(about) else codes.STANDS


def _overridden(record: _Record, objection: Choice) -> bool:
    """Compelling grounds recorded after an objection lift it; for marketing nothing does."""
    if record.law.marketing:
        return False
    recorded = [grounds.at for grounds in record.customer.grounds if grounds.purpose == record.law.purpose.key]
    if any(objection.at <= at <= record.watch.at for at in recorded):
        return True
    for at in recorded:
        record.watch.past(at)
    return False
