"""Standing, derived: everybody's codes follow from the facts and the policy, and can be worked out again at any time.

A derivation reads all facts committed before it began and writes in the same transaction, so whoever derives after a
choice was acknowledged has it. Few customers are judged one by one, many all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from bailee.decide import Compiled, Covering
from bailee.people import driver, facts, notices, progress
from bailee.people.instants import micros, micros_or_none

if TYPE_CHECKING:
    from bailee.people.progress import Progress

#: From so many customers on, all are judged at once.
MANY = 2_000
_BATCH = 500_000

_DUE = (
    "SELECT number FROM customers WHERE sequence > ? UNION SELECT customer FROM choices WHERE sequence > ? "
    "UNION SELECT customer FROM notices_given WHERE sequence > ? UNION SELECT customer FROM standing WHERE until <= ?"
)
_AHEAD = "SELECT DISTINCT customer FROM choices WHERE at > ?"
_PUT = (
    "INSERT INTO standing (customer, codes, until, sequence) VALUES (?, ?, ?, ?) ON CONFLICT (customer) "
    "DO UPDATE SET codes = excluded.codes, until = excluded.until, sequence = excluded.sequence"
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a derivation did: `numbers` are the customers whose codes or time changed, in order.

    `sequence` is up to where standing follows the facts; `whole` says that it was another policy's before, so that
    its slots mean something else.
    """

    sequence: int
    numbers: npt.NDArray[np.int64]
    whole: bool


def due(connection: Connection, compiled: Compiled, at: datetime) -> bool:
    """Say whether standing must be derived before an answer at this instant."""
    now = progress.read(connection)
    if now.policy != compiled.digest or now.derived < now.sequence:
        return True
    passed = connection.exec_driver_sql("SELECT 1 FROM standing WHERE until <= ? LIMIT 1", (micros(at),))
    return passed.first() is not None


def derive(connection: Connection, compiled: Compiled, at: datetime) -> Change:
    """Bring everybody's standing up to date in the caller's write transaction; see `Change`.

    Looks at those whose facts changed or whose time has come, or at all where another policy is in force.
    """
    before = progress.read(connection)
    whole = before.policy != compiled.digest
    covering = compiled.covering(notices.terms(connection))
    numbers = range(1, before.customers + 1) if whole else _due(connection, before, at)
    if whole:
        connection.exec_driver_sql("DELETE FROM standing")
    sequence = progress.advance(connection) if numbers else before.sequence
    if len(numbers) < MANY:
        changed = _few(connection, compiled, covering, at, numbers, sequence)
    else:
        changed = np.concatenate(list(_many(connection, compiled, covering, at, before.customers, sequence)))
        ahead = connection.exec_driver_sql(_AHEAD, (micros(at),)).scalars().all()
        changed = np.union1d(changed, _few(connection, compiled, covering, at, ahead, sequence))
    moved = sequence if whole or len(changed) else before.changed
    progress.derived(connection, sequence, moved, compiled.digest)
    return Change(sequence, changed, whole)


def _due(connection: Connection, before: Progress, at: datetime) -> list[int]:
    since = before.derived
    return sorted(connection.exec_driver_sql(_DUE, (since, since, since, micros(at))).scalars())


def _few(
    connection: Connection, compiled: Compiled, covering: Covering, at: datetime, numbers: Iterable[int], sequence: int
) -> npt.NDArray[np.int64]:
    rows = []
    for number, customer in facts.of_many(connection, numbers):
        # What is on record was said: a clock that was set back since must not hide a withdrawal.
        heard = max((choice.at for choice in customer.choices), default=at)
        codes, until = compiled.standing(customer, max(at, heard), covering)
        found = (number, codes, micros_or_none(until))
        held = connection.exec_driver_sql("SELECT customer, codes, until FROM standing WHERE customer = ?", (number,))
        if held.first() != found:
            rows.append((*found, sequence))
    if rows:
        connection.exec_driver_sql(_PUT, rows)
    return np.array([row[0] for row in rows], np.int64)


def _many(
    connection: Connection, compiled: Compiled, covering: Covering, at: datetime, customers: int, sequence: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Judge everybody, half a million at a time, and write those that differ."""
    from bailee.decide.instants import NEVER
    from bailee.decide.many import standings
    from bailee.people.crowds import crowd

    width = len(compiled.slots)
    for first in range(1, customers + 1, _BATCH):
        last = min(first + _BATCH - 1, customers)
        found = standings(compiled, crowd(connection, compiled.policy, first, last), at, covering)
        until = found.until.copy()
        held, ends = _held(connection, first, last, width)
        differs = np.flatnonzero((found.codes != held).any(axis=1) | (until != ends))
        codes, times = found.codes[differs].tobytes(), until[differs].tolist()
        numbers = differs.astype(np.int64) + first
        rows = [
            (number, codes[i * width : (i + 1) * width], None if time == NEVER else time, sequence)
            for i, (number, time) in enumerate(zip(numbers.tolist(), times, strict=True))
        ]
        if rows:
            connection.exec_driver_sql(_PUT, rows)
        yield numbers


def _held(
    connection: Connection, first: int, last: int, width: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Stored codes and times of the customers from `first` to `last`; 255, which is no code, where there are none."""
    from bailee.decide.instants import NEVER

    codes, until = np.full((last - first + 1, width), 255, np.uint8), np.full(last - first + 1, NEVER, np.int64)
    statement = "SELECT customer, codes, until FROM standing WHERE customer BETWEEN ? AND ?"
    rows = driver.rows(connection, statement, (first, last))
    if rows:
        at = np.fromiter((row[0] for row in rows), np.int64, len(rows)) - first
        codes[at] = np.frombuffer(b"".join(row[1] for row in rows), np.uint8).reshape(len(rows), width)
        until[at] = [NEVER if row[2] is None else row[2] for row in rows]
    return codes, until
