"""What the company itself may know of its customers to weigh an offer for their data, before anything is sent.

Two things that a question in SQL cannot tell: how everybody stands for the purposes that the offer could be made under,
and which rows of an answer say something that no column of it says. Both are uses of the purpose under which offers are
weighed, and recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bailee.decide import Compiled, Ruling, told
from bailee.decide.codes import STANDS
from bailee.decide.crowd import ACTS
from bailee.decide.instants import UNBORN, micros
from bailee.decide.record import Sheet
from bailee.errors import Refused
from bailee.gate.record import ANSWERED, REFUSED, Recorder
from bailee.people import customers, notices
from bailee.people.crowds import crowd
from bailee.people.standing import Standing
from bailee.policy.reasons import STANDING_CODES
from bailee.policy.terms import Terms
from bailee.policy.units import Duration

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

    from bailee.decide import Covering

#: The code of a purpose that does not list the recipient: nobody stands for that.
NOT_LISTED = "not_listed"
#: Customers looked at together: what they said is in memory meanwhile, about 40 bytes a choice.
_BATCH = 500_000


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
    with recorder.database.read() as connection:
        covering = compiled.covering(notices.terms(connection))
        listed = notices.listed(connection)
        asked = _Asked(compiled, tuple(purposes), recipient, ruling.slot, standing, covering, at)
        registered, batches = [each[1] for each in listed], range(1, max(len(standing), 1) + 1, _BATCH)
        looks = [_look(connection, asked, registered, first) for first in batches]
    people = pa.concat_tables([each.people for each in looks])
    by_purpose = {key: pa.concat_tables([each.standing[key] for each in looks]) for key in purposes}
    saw = sum((Counter(each.told) for each in looks), Counter[tuple[str, str]]())
    private |= {"rows": people.num_rows, "version": standing.version, "customers": None}
    receipt = recorder.use(ruling, ANSWERED, private, at, as_of=at, standing=standing)
    shown = tuple(_shown(compiled, listed, covering, saw))
    return Weighed(people, by_purpose, shown, len(standing), receipt)


def narrower(ruling: Ruling, without: frozenset[str], younger: Duration | None) -> Ruling:
    """The ruling for a look at the same use without the rows that say anything of some categories, or are older."""
    return replace(ruling, unspoken=ruling.unspoken | without, younger=younger)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is looked for, of everybody."""

    compiled: Compiled
    purposes: tuple[str, ...]
    recipient: str
    slot: int
    standing: Standing
    covering: Covering
    at: datetime


class _Look(NamedTuple):
    """What was found of some customers: as in `Weighed`, and how many of them saw a notice, by purpose and terms."""

    people: pa.Table
    standing: Mapping[str, pa.Table]
    told: Mapping[tuple[str, str], int]


def _look(connection: Connection, asked: _Asked, registered: Sequence[str], first: int) -> _Look:
    """Those of a batch of customers whom the company may look at; `registered` are the purposes of all notices."""
    import pyarrow as pa

    last = min(first + _BATCH - 1, len(asked.standing))
    found = crowd(connection, asked.compiled.policy, first, last, also=registered)
    sheet = Sheet(found, micros(asked.at))
    among = (asked.standing.codes(asked.slot)[first : last + 1] == STANDS) & ~found.erased
    rows = np.flatnonzero(among)
    keys: npt.NDArray[np.object_] = np.full(last - first + 1, None, object)
    for some in customers.named(connection, first - 1, last):
        for number, key in some:
            keys[number - first] = key
    people = pa.table(
        {
            "key": pa.array(keys[rows], pa.string()),
            "age": pa.array(sheet.ages[rows], pa.int32(), mask=found.born[rows] == UNBORN),
            "place": _words(found.places, found.place[rows]),
        }
    )
    standing = {key: _standing(asked, key, sheet, rows, first) for key in asked.purposes}
    return _Look(people, standing, told.shown(sheet, among))


def _standing(asked: _Asked, purpose: str, sheet: Sheet, rows: npt.NDArray[np.intp], first: int) -> pa.Table:
    """How some customers stand for a purpose, and what they were told and said of it."""
    import pyarrow as pa

    law, codes = asked.compiled.law(purpose), np.full(len(rows), len(STANDING_CODES))
    if asked.recipient in law.purpose.recipients:
        codes = asked.standing.codes(asked.compiled.slot(purpose, asked.recipient))[rows + first]
    return pa.table(
        {
            "stands": pa.array(codes == STANDS, pa.bool_()),
            "reason": _words((*STANDING_CODES, NOT_LISTED), codes),
            "told": pa.array(told.told(law, sheet, asked.covering)[rows], pa.bool_()),
            "chose": _words([str(act) for act in ACTS], told.last_act(law, sheet, asked.recipient)[rows]),
        }
    )


def _words(words: Sequence[str], codes: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """Words by their codes; NULL for -1."""
    import pyarrow as pa

    return pa.array([*words, None], pa.string()).take(pa.array(np.where(codes < 0, len(words), codes)))


def _shown(
    compiled: Compiled,
    listed: Sequence[tuple[str, str, str, str, datetime]],
    covering: Covering,
    told: Mapping[tuple[str, str], int],
) -> list[Shown]:
    """The registered notices by purpose and terms; of one text in several languages the first."""
    named = {name: key for key, each in compiled.policy.purposes.items() for name in (*each.was, key)}
    earliest: dict[tuple[str, str], datetime] = {}
    for _, purpose, _, terms, since in listed:
        earliest.setdefault((purpose, terms), since)
    return [
        Shown(
            purpose,
            covering.registered[terms],
            since,
            purpose in named and covering.covers(named[purpose], terms),
            told.get((purpose, terms), 0),
        )
        for (purpose, terms), since in earliest.items()
    ]
