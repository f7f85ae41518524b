"""Standing, derived: everybody's codes follow from the facts and the policy, and can be worked out again at any time.

A derivation reads all facts committed before it began and writes in the same transaction, so whoever derives after a
choice was acknowledged has it. Few customers are judged one by one, many all at once. What standing was is kept, and
the standing tree follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from bailee.decide import Compiled, Covering
from bailee.people import driver, facts, notices, progress, standing_leaves, standing_tree
from bailee.people.instants import LATEST, instant, micros, micros_or_none
from bailee.people.standing_leaves import Held

if TYPE_CHECKING:
    from bailee.people.progress import Progress
    from bailee.vocabulary import Customer

#: From so many customers on, all are judged at once.
MANY = 2_000
_BATCH = 500_000
#: So many leaves of the tree are in memory at a time.
_LEAVES = 65_536

_DUE = (
    "SELECT number FROM customers WHERE sequence > ? UNION SELECT customer FROM choices WHERE sequence > ? "
    "UNION SELECT customer FROM notices_given WHERE sequence > ? UNION SELECT customer FROM standing WHERE until <= ?"
)
_AHEAD = "SELECT customer FROM choices WHERE at > ? UNION SELECT number FROM customers WHERE restricted_at > ?"
_ADD = "INSERT INTO standing (customer, codes, until, sequence) VALUES (?, ?, ?, ?)"
_PUT = (
    f"{_ADD} ON CONFLICT (customer) "
    "DO UPDATE SET codes = excluded.codes, until = excluded.until, sequence = excluded.sequence"
)
_PAST = "INSERT INTO standing_past (customer, sequence, codes, until) VALUES (?, ?, ?, ?)"
_ALL_PAST = (
    "INSERT INTO standing_past (customer, sequence, codes, until) SELECT customer, sequence, codes, until "
    "FROM standing WHERE customer NOT IN (SELECT number FROM customers WHERE erased_at IS NOT NULL)"
)


class _Change(NamedTuple):
    """Customers whose standing changed, in order of number, and rows of `standing_past` with what it was."""

    standing: Mapping[int, Held]
    past: list[tuple[object, ...]]


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
    if now.policy != compiled.digest or now.root is None or now.derived < now.sequence:
        return True
    passed = connection.exec_driver_sql("SELECT 1 FROM standing WHERE until <= ? LIMIT 1", (micros(at),))
    return passed.first() is not None


def derive(connection: Connection, compiled: Compiled, at: datetime) -> Change:
    """Bring everybody's standing up to date in the caller's write transaction; see `Change`.

    Looks at those whose facts changed or whose time has come, or at all where another policy is in force.
    """
    before = progress.read(connection)
    whole = before.policy != compiled.digest or before.root is None
    covering = compiled.covering(notices.terms(connection))
    numbers = range(1, before.customers + 1) if whole else _due(connection, before, at)
    if whole:
        connection.exec_driver_sql(_ALL_PAST)
        connection.exec_driver_sql("DELETE FROM standing")
    sequence = progress.advance(connection) if numbers else before.sequence
    if len(numbers) < MANY:
        changes = iter([_few(connection, compiled, covering, at, numbers)])
    else:
        changes = _many(connection, compiled, covering, at, before.customers)
    changed: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    leaves = _written(connection, compiled, sequence, changes, _ADD if whole else _PUT, changed)
    root = standing_tree.change_all(connection, sequence, before.root, leaves)
    of = np.concatenate(changed)
    moved = sequence if whole or len(of) else before.changed
    progress.derived(connection, sequence, moved, compiled.digest, root)
    return Change(sequence, of, whole)


def _written(
    connection: Connection,
    compiled: Compiled,
    sequence: int,
    changes: Iterable[_Change],
    put: str,
    changed: list[npt.NDArray[np.int64]],
) -> Iterator[Mapping[int, bytes]]:
    """Write changes, note in `changed` whose they are, and give their leaves of the standing tree."""
    for standing, past in changes:
        if standing:
            driver.many(connection, _PAST, past)
            driver.many(connection, put, [(number, *held, sequence) for number, held in standing.items()])
            changed.append(np.fromiter(standing, np.int64, len(standing)))
            yield standing_leaves.leaves(connection, compiled, sequence, standing)


def _due(connection: Connection, before: Progress, at: datetime) -> list[int]:
    since = before.derived
    return sorted(connection.exec_driver_sql(_DUE, (since, since, since, micros(at))).scalars())


def _few(
    connection: Connection, compiled: Compiled, covering: Covering, at: datetime, numbers: Iterable[int]
) -> _Change:
    """Judge customers one by one."""
    standing: dict[int, Held] = {}
    past: list[tuple[object, ...]] = []
    for number, customer in facts.of_many(connection, numbers):
        found = judged(compiled, covering, customer, at)
        row = connection.exec_driver_sql("SELECT codes, until, sequence FROM standing WHERE customer = ?", (number,))
        was = row.first()
        if was is None or (bytes(was[0]), was[1]) != found:
            standing[number] = found
            if was is not None and not customer.erased:
                past.append((number, was[2], was[0], was[1]))
    return _Change(standing, past)


def judged(compiled: Compiled, covering: Covering, customer: Customer, at: datetime) -> Held:
    """A customer's codes at an instant, and until when they hold."""
    # What is on record happened: a clock that was set back since must not hide a withdrawal or a restriction.
    # A time that never comes would have everybody come of age.
    happened = [choice.at for choice in customer.choices if choice.at < instant(LATEST)]
    if customer.restricted is not None:
        happened.append(customer.restricted)
    codes, until = compiled.standing(customer, max([at, *happened]), covering)
    return Held(codes, micros_or_none(until))


def _many(
    connection: Connection, compiled: Compiled, covering: Covering, at: datetime, customers: int
) -> Iterator[_Change]:
    """Judge everybody, half a million at a time."""
    from bailee.decide.instants import NEVER

    early = ahead(connection, at)
    for first in range(1, customers + 1, _BATCH):
        last = min(first + _BATCH - 1, customers)
        now, erased = _judged(connection, compiled, covering, at, first, last)
        for number, customer in facts.of_many(connection, (n for n in early if first <= n <= last)):
            codes, until = judged(compiled, covering, customer, at)
            now.codes[number - first] = np.frombuffer(codes, np.uint8)
            now.until[number - first] = NEVER if until is None else until
        was, sequences = _held(connection, first, last, len(compiled.slots))
        differs = np.flatnonzero((now.codes != was.codes).any(axis=1) | (now.until != was.until) | (sequences < 0))
        kept = (sequences >= 0) & ~erased
        for start in range(0, len(differs), _LEAVES):
            rows = differs[start : start + _LEAVES]
            past = rows[kept[rows]]
            each = zip((past + first).tolist(), sequences[past].tolist(), was.rows(past), strict=True)
            yield _Change(
                dict(zip((rows + first).tolist(), now.rows(rows), strict=True)),
                [(number, sequence, held.codes, held.until) for number, sequence, held in each],
            )


def ahead(connection: Connection, at: datetime) -> list[int]:
    """Who did something after an instant, by a clock that was set back since: they are judged one by one."""
    return sorted(connection.exec_driver_sql(_AHEAD, (micros(at),) * 2).scalars())


def _judged(
    connection: Connection, compiled: Compiled, covering: Covering, at: datetime, first: int, last: int
) -> tuple[_Table, npt.NDArray[np.bool_]]:
    """Standing of customers who follow each other, and who is erased; what they said is out of memory again."""
    from bailee.decide.many import standings
    from bailee.people.crowds import crowd

    people = crowd(connection, compiled.policy, first, last)
    found = standings(compiled, people, at, covering)
    return _Table(found.codes, found.until.copy()), people.erased


class _Table(NamedTuple):
    """The standing of customers who follow each other: `codes[row, slot]`, and `until`, NEVER where no time is set."""

    codes: npt.NDArray[np.uint8]
    until: npt.NDArray[np.int64]

    def rows(self, which: npt.NDArray[np.intp]) -> list[Held]:
        """The standing of some of them."""
        from bailee.decide.instants import NEVER

        width, codes = self.codes.shape[1], self.codes[which].tobytes()
        return [
            Held(codes[i * width : (i + 1) * width], None if until == NEVER else until)
            for i, until in enumerate(self.until[which].tolist())
        ]


def _held(connection: Connection, first: int, last: int, width: int) -> tuple[_Table, npt.NDArray[np.int64]]:
    """What is stored of the customers from `first` to `last`, and since which sequence; -1 where there is nothing."""
    from bailee.decide.instants import NEVER

    size = last - first + 1
    table = _Table(np.zeros((size, width), np.uint8), np.full(size, NEVER, np.int64))
    sequences = np.full(size, -1, np.int64)
    statement = "SELECT customer, codes, until, sequence FROM standing WHERE customer BETWEEN ? AND ?"
    rows = driver.rows(connection, statement, (first, last))
    if rows:
        at = np.fromiter((row[0] for row in rows), np.int64, len(rows)) - first
        table.codes[at] = np.frombuffer(b"".join(row[1] for row in rows), np.uint8).reshape(len(rows), width)
        table.until[at] = [NEVER if row[2] is None else row[2] for row in rows]
        sequences[at] = [row[3] for row in rows]
    return table, sequences
