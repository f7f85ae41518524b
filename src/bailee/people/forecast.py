"""Whose standing time alone will change: consents that run out, birthdays, data that gets too old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bailee.decide import Compiled
from bailee.people import facts, notices, progress
from bailee.people.derivation import judged
from bailee.people.instants import instant, micros
from bailee.people.standing import Standing

if TYPE_CHECKING:
    from sqlalchemy import Connection

_BATCH = 500_000
#: So many customers are judged ahead one by one; of more it is only said from when on their codes are not known.
FEW = 2_000
#: A byte that is no code: what holds is to be looked up then.
UNSURE = 255


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many consents run out by an instant, by slot, and for how many customers anything changes."""

    expiring: Mapping[int, int]
    changing: int


def forecast(connection: Connection, compiled: Compiled, standing: Standing, by: datetime) -> Forecast:
    """What changes from a snapshot to an instant if nobody acts; looks only where a time is set."""
    soon = "SELECT min(customer), max(customer) FROM standing WHERE until <= ?"
    lowest, highest = connection.exec_driver_sql(soon, (micros(by),)).one()
    if lowest is None or lowest > len(standing):
        return Forecast({}, 0)
    highest = min(highest, len(standing))
    import numpy as np

    from bailee.decide.codes import CONSENT_EXPIRED, STANDS
    from bailee.decide.many import standings
    from bailee.people.crowds import crowd

    covering = compiled.covering(notices.terms(connection))
    expiring, changing = dict.fromkeys(range(len(compiled.slots)), 0), 0
    for first in range(lowest, highest + 1, _BATCH):
        last = min(first + _BATCH - 1, highest)
        then = standings(compiled, crowd(connection, compiled.policy, first, last), by, covering).codes
        now = np.stack([standing.codes(slot)[first : last + 1] for slot in expiring], axis=1)
        changing += int((now != then).any(axis=1).sum())
        ends = ((now == STANDS) & (then == CONSENT_EXPIRED)).sum(axis=0)
        expiring = {slot: count + int(ends[slot]) for slot, count in expiring.items()}
    return Forecast({slot: count for slot, count in expiring.items() if count}, changing)


def coming(
    connection: Connection, compiled: Compiled, standing: Standing, by: datetime
) -> dict[int, list[tuple[int, bytes]]] | None:
    """From which instant on, up to one, customers will have which codes if nobody acts; None if standing moved on.

    By number, in order; an instant is in microseconds since 1970. Judged one by one, as deriving it then would; where
    that would take long, as when everybody's consent came with one file, the codes are `UNSURE`.
    """
    if progress.read(connection).changed != standing.version:
        return None
    last, found = micros(by), dict[int, list[tuple[int, bytes]]]()
    rows = connection.exec_driver_sql("SELECT customer, until FROM standing WHERE until <= ?", (last,)).all()
    untils: dict[int, int] = {number: until for number, until in rows if number <= len(standing)}
    if not untils:
        return found
    if len(untils) > FEW:
        unsure = bytes([UNSURE]) * len(compiled.slots)
        return {number: [(until, unsure)] for number, until in untils.items()}
    covering = compiled.covering(notices.terms(connection))
    for number, customer in facts.of_many(connection, untils):
        at: int | None = untils[number]
        while at is not None and at <= last:
            codes, until = judged(compiled, covering, customer, instant(at))
            found.setdefault(number, []).append((at, codes))
            at = until if until is None or until > at else None
    return found
