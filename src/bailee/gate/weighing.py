"""What the company itself may know of its customers to weigh an offer for their data, before anything is sent.

Two things that a question in SQL cannot tell: how everybody stands for the purposes that the offer could be made under,
and which rows of an answer say something that no column of it says. Both are uses of the purpose under which offers are
weighed, and recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from bailee.decide import Compiled, Ruling
from bailee.decide.lawful import birthday
from bailee.errors import Refused
from bailee.gate.record import ANSWERED, REFUSED, Recorder
from bailee.people import facts, notices
from bailee.people.standing import Standing
from bailee.policy.reasons import STANDING_CODES
from bailee.policy.terms import Terms
from bailee.vocabulary import EVERY_PURPOSE, Customer

if TYPE_CHECKING:
    import pyarrow as pa

    from bailee.decide import Covering

#: The code of a purpose that does not list the recipient: nobody stands for that.
NOT_LISTED = "not_listed"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A registered notice by what it promises: `told` counts the customers who were given or cited one with its terms.

    `covers` says whether whoever saw it has seen all of today's terms of its purpose.
    """

    purpose: str
    terms: Terms
    since: datetime
    covers: bool
    told: int


@dataclass(frozen=True)
class Weighed:
    """Everybody whom the company may look at in order to weigh an offer, under one entry of the ledger, `receipt`.

    `people` has `key` (string), `age` (int32, NULL unknown) and `place` (string, NULL unknown). `standing` has by
    purpose, in the same order, `stands` (bool), `reason` (string: the code), `told` (bool: a notice of all of today's
    terms was shown to them) and `chose` (string: their last act for it, NULL none).
    """

    people: pa.Table
    standing: Mapping[str, pa.Table]
    notices: tuple[Shown, ...]
    known: int
    receipt: int


def weigh(
    recorder: Recorder,
    ruling: Ruling,
    purposes: Sequence[str],
    recipient: str,
    standing: Standing,
    at: datetime,
) -> Weighed:
    """How everybody stands for some purposes and a recipient; raises Refused, recorded."""
    import pyarrow as pa

    private: dict[str, object] = {"question": "weigh", "purposes": list(purposes), "recipient": recipient}
    if not ruling.permitted or ruling.slot is None:
        error = Refused(ruling.reasons)
        error.receipt = recorder.use(ruling, REFUSED, private, at, as_of=at)
        raise error
    compiled = recorder.promise.compiled
    members = [int(number) for number in standing.members(ruling.slot)]
    with recorder.database.read() as connection:
        found = [(number, each) for number, each in facts.of_many(connection, members) if not each.erased]
        covering = compiled.covering(notices.terms(connection))
        listed = notices.listed(connection)
    people = [each for _, each in found]
    numbers = [number for number, _ in found]
    table = pa.table(
        {
            "key": pa.array([each.key for each in people], pa.string()),
            "age": pa.array([_age(each.born, at.date()) for each in people], pa.int32()),
            "place": pa.array([each.place for each in people], pa.string()),
        }
    )
    by_purpose = {key: _standing(compiled, key, recipient, numbers, people, standing, covering, at) for key in purposes}
    private |= {"rows": len(people), "version": standing.version, "customers": None}
    receipt = recorder.use(ruling, ANSWERED, private, at, as_of=at, standing=standing)
    shown = tuple(_shown(compiled, listed, covering, people, at))
    return Weighed(table, by_purpose, shown, len(standing), receipt)


def without(ruling: Ruling, categories: frozenset[str]) -> Ruling:
    """The ruling for a look at the same use without the rows that say anything of some categories."""
    return replace(ruling, unspoken=ruling.unspoken | categories)


def _age(born: date | None, today: date) -> int | None:
    if born is None:
        return None
    age = today.year - born.year
    turned = birthday(born, age)
    return age if turned is not None and turned.date() <= today else age - 1


def _standing(
    compiled: Compiled,
    purpose: str,
    recipient: str,
    numbers: Sequence[int],
    people: Sequence[Customer],
    standing: Standing,
    covering: Covering,
    at: datetime,
) -> pa.Table:
    import pyarrow as pa

    law = compiled.law(purpose)
    listed = recipient in law.purpose.recipients
    codes = standing.codes(compiled.slot(purpose, recipient)) if listed else None
    reasons = [NOT_LISTED if codes is None else STANDING_CODES[int(codes[number])] for number in numbers]
    return pa.table(
        {
            "stands": pa.array([reason == "stands" for reason in reasons], pa.bool_()),
            "reason": pa.array(reasons, pa.string()),
            "told": pa.array([_told(law.lineage, purpose, each, covering, at) for each in people], pa.bool_()),
            "chose": pa.array([_last(law.names, recipient, each, at) for each in people], pa.string()),
        }
    )


def _told(lineage: frozenset[str], purpose: str, customer: Customer, covering: Covering, at: datetime) -> bool:
    """Whether a notice of all of today's terms was given to them, or cited by what they said."""
    given = (each.terms for each in customer.notices if each.purpose in lineage and each.at <= at)
    cited = (each.terms for each in customer.choices if each.purpose in lineage and each.at <= at)
    return any(terms is not None and covering.covers(purpose, terms) for terms in (*given, *cited))


def _last(names: frozenset[str], recipient: str, customer: Customer, at: datetime) -> str | None:
    said = [
        each
        for each in customer.choices
        if each.purpose in names and each.recipient in (None, recipient) and each.at <= at
    ]
    last = max(said, key=lambda each: (each.at, each.sequence), default=None)
    return None if last is None else str(last.act)


def _shown(
    compiled: Compiled,
    listed: Sequence[tuple[str, str, str, str, datetime]],
    covering: Covering,
    people: Sequence[Customer],
    at: datetime,
) -> list[Shown]:
    """The registered notices by purpose and terms; of one text in several languages the first."""
    told: dict[tuple[str, str], int] = {}
    for customer in people:
        given = {(each.purpose, each.terms) for each in customer.notices if each.at <= at}
        cited = {
            (each.purpose, each.terms)
            for each in customer.choices
            if each.terms is not None and each.purpose != EVERY_PURPOSE and each.at <= at
        }
        for key in given | cited:
            told[key] = told.get(key, 0) + 1
    named = {name: key for key, each in compiled.policy.purposes.items() for name in (*each.was, key)}
    first: dict[tuple[str, str], datetime] = {}
    for _, purpose, _, terms, since in listed:
        first.setdefault((purpose, terms), since)
    return [
        Shown(
            purpose,
            covering.registered[terms],
            since,
            purpose in named and covering.covers(named[purpose], terms),
            told.get((purpose, terms), 0),
        )
        for (purpose, terms), since in first.items()
    ]
