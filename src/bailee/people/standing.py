"""Everybody's standing in memory: a snapshot that never changes, and the board on which the newest is published.

Checkers and allow tables read it; other processes may derive too, so the board follows the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from bailee.decide import Compiled
from bailee.errors import WorkspaceError
from bailee.people import driver, progress
from bailee.people.database import Database
from bailee.people.derivation import Change, derive, due
from bailee.people.instants import instant, instant_or_none

__all__ = ["Board", "Change", "Standing", "changed_since", "derive", "due", "untils"]

Codes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

_ATTEMPTS = 10

_ERASED = "SELECT 1 FROM customers WHERE sequence > ? AND number <= ? AND key IS NULL LIMIT 1"

#: The code of number 0, which is nobody's.
_NOBODY = 1


@dataclass(frozen=True)
class Standing:
    """Everybody's standing under one policy: one byte a customer and slot, by customer number.

    `sequence` is up to where it follows the facts, `version` when it last changed: equal versions hold equal codes.
    `next_change` is the instant at which it must be derived again although nobody acts. `root` is that of the standing
    tree, which commits to all of it. `customers` counts them; their keys are read from the database where they are
    needed, and `named` differs from that of an earlier snapshot if somebody came or was erased since.
    """

    policy: str | None
    sequence: int
    version: int
    next_change: datetime | None
    root: bytes
    customers: int
    named: int
    _codes: tuple[Codes, ...] = field(repr=False)

    def __len__(self) -> int:
        """How many customers there are."""
        return self.customers

    def codes(self, slot: int) -> Codes:
        """One reason code a customer number, 0 where the customer's data may be used; number 0 is unknown."""
        return self._codes[slot] if self._codes else np.full(self.customers + 1, _NOBODY, np.uint8)

    def bits(self, slots: int) -> Numbers:
        """One whole number a customer number: bit n says that their data may be used in slot n of the first `slots`."""
        held = np.zeros(self.customers + 1, np.int64)
        for slot in range(min(slots, len(self._codes))):
            held |= (self._codes[slot] == 0).astype(np.int64) << slot
        return held

    def members(self, slot: int) -> Numbers:
        """The numbers of those whose data may be used, in order."""
        return np.flatnonzero(self.codes(slot) == 0)

    def difference(self, slot: int, since: Standing) -> tuple[Numbers, Numbers]:
        """Who is to be added to, and removed from, a table of the members in an earlier snapshot of this policy."""
        now, before = self.codes(slot) == 0, since.codes(slot) == 0
        held = len(before)
        new = np.flatnonzero(now[held:]) + held
        return np.concatenate([np.flatnonzero(now[:held] & ~before), new]), np.flatnonzero(before & ~now[:held])


class Board:
    """Where the newest snapshot hangs; any thread may read it or ask for a newer one."""

    def __init__(self, database: Database) -> None:
        self._database, self._renewing = database, Lock()
        self._current = Standing(None, -1, -1, None, b"", 0, -1, ())

    @property
    def current(self) -> Standing:
        """The snapshot that was published last; empty before the first `fresh`."""
        return self._current

    def fresh(self, compiled: Compiled, at: datetime) -> Standing:
        """Return a snapshot that holds all that was acknowledged before this call, deriving what is due.

        WorkspaceError where another process keeps putting another policy in force.
        """
        for _ in range(_ATTEMPTS):
            with self._database.read() as connection:
                found = None if due(connection, compiled, at) else self._follow(connection)
            if found is not None and found.policy == compiled.digest:
                return found
            with self._database.write() as connection:
                derive(connection, compiled, at)
        raise WorkspaceError(
            f"other processes use `{self._database.name}` under another policy; stop them and try again"
        )

    def _follow(self, connection: Connection) -> Standing:
        """Publish what the database holds in this transaction, unless something newer is, and return the newest."""
        with self._renewing:
            now, old = progress.read(connection), self._current
            if now.derived > old.sequence or (now.derived == old.sequence and now.policy != old.policy):
                self._current = _follow(connection, now, old)
            return self._current


def untils(connection: Connection, standing: Standing) -> Sequence[datetime | None] | None:
    """Until when each customer's standing holds unless somebody acts, by number; None if there is newer standing."""
    if progress.read(connection).changed != standing.version:
        return None
    found: list[datetime | None] = [None] * (len(standing) + 1)
    for some in driver.stream(connection, "SELECT customer, until FROM standing WHERE until IS NOT NULL"):
        for number, until in some:
            found[number] = instant(until)
    return found


def changed_since(connection: Connection, version: int) -> Numbers:
    """The numbers of those whose standing under the policy in force changed after a version of it, in order."""
    rows = driver.rows(connection, "SELECT customer FROM standing WHERE sequence > ? ORDER BY customer", (version,))
    return np.fromiter((row[0] for row in rows), np.int64, len(rows))


def _follow(connection: Connection, now: progress.Progress, old: Standing) -> Standing:
    until = connection.exec_driver_sql("SELECT min(until) FROM standing").scalar()
    newer = replace(
        old,
        policy=now.policy,
        sequence=now.derived,
        version=now.changed,
        next_change=instant_or_none(until),
        root=now.root or b"",
    )
    if now.customers > old.customers or connection.exec_driver_sql(_ERASED, (old.sequence, old.customers)).first():
        newer = replace(newer, customers=now.customers, named=now.derived)
    if now.changed == old.version:
        return newer
    whole = now.policy != old.policy
    since = -1 if whole else old.version
    rows = driver.stream(connection, "SELECT customer, codes FROM standing WHERE sequence > ?", (since,))
    return replace(newer, _codes=_codes(rows, now.customers + 1, () if whole else old._codes))


def _codes(found: Iterable[Sequence[Any]], size: int, old: tuple[Codes, ...]) -> tuple[Codes, ...]:
    """Codes by slot and number: the old ones, copied only where they change."""
    new: dict[int, Codes] = {}
    width = len(old)
    for rows in found:
        numbers = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        width = len(rows[0][1])
        table = np.frombuffer(b"".join(row[1] for row in rows), np.uint8).reshape(len(rows), width)
        for slot in range(width):
            before, codes = old[slot] if old else None, table[:, slot]
            if slot not in new:
                if before is not None and len(before) == size and bool((before[numbers] == codes).all()):
                    continue
                new[slot] = _copied(before, size)
            new[slot][numbers] = codes
    for codes in new.values():
        codes.setflags(write=False)
    return tuple(new[slot] if slot in new else old[slot] for slot in range(width))


def _copied(old: Codes | None, size: int) -> Codes:
    new = np.full(size, _NOBODY, np.uint8)
    if old is not None:
        new[: len(old)] = old
    return new
