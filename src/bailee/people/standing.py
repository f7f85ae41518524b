"""Everybody's standing in memory: a snapshot that never changes, and the board on which the newest is published.

Checkers and allow tables read it; other processes may derive too, so the board follows the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
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

__all__ = ["Board", "Change", "Standing", "derive", "due", "untils"]

Codes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

_ATTEMPTS = 10

_ERASED = "SELECT number FROM customers WHERE sequence > ? AND number < ? AND key IS NULL"

#: The code of number 0, which is nobody's.
_NOBODY = 1


@dataclass(frozen=True)
class Standing:
    """Everybody's standing under one policy.

    `sequence` is up to where it follows the facts, `version` when it last changed: equal versions hold equal codes.
    `next_change` is the instant at which it must be derived again although nobody acts. `keys[number]` is the
    company's key of a customer, None once they were erased; number 0 is nobody. `root` is that of the standing tree,
    which commits to all of it.
    """

    policy: str | None
    sequence: int
    version: int
    next_change: datetime | None
    root: bytes
    keys: npt.NDArray[np.object_] = field(repr=False)
    _codes: tuple[Codes, ...] = field(repr=False)

    def __len__(self) -> int:
        """How many customers there are."""
        return len(self.keys) - 1

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Every customer's number by key; made when first asked for."""
        found = dict(zip(self.keys[1:].tolist(), range(1, len(self.keys)), strict=True))
        found.pop(None, None)
        return found

    def codes(self, slot: int) -> Codes:
        """One reason code a customer number, 0 where the customer's data may be used; number 0 is unknown."""
        return self._codes[slot] if self._codes else np.full(len(self.keys), _NOBODY, np.uint8)

    def members(self, slot: int) -> tuple[Numbers, list[str]]:
        """The numbers and keys of those whose data may be used, in order of number."""
        numbers = np.flatnonzero(self.codes(slot) == 0)
        return numbers, self.keys[numbers].tolist()

    def difference(self, slot: int, since: Standing) -> tuple[list[str], list[str]]:
        """The keys to add to, and to remove from, a table of the members in an earlier snapshot of this policy."""
        now, before = self.codes(slot) == 0, since.codes(slot) == 0
        held = len(before)
        added = np.flatnonzero(now[:held] & ~before)
        removed = np.flatnonzero(before & ~now[:held])
        new = np.flatnonzero(now[held:]) + held
        return self.keys[np.concatenate([added, new])].tolist(), since.keys[removed].tolist()


class Board:
    """Where the newest snapshot hangs; any thread may read it or ask for a newer one."""

    def __init__(self, database: Database) -> None:
        self._database, self._renewing = database, Lock()
        self._current = Standing(None, -1, -1, None, b"", np.array([None], object), ())

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
    found: list[datetime | None] = [None] * len(standing.keys)
    for some in driver.stream(connection, "SELECT customer, until FROM standing WHERE until IS NOT NULL"):
        for number, until in some:
            found[number] = instant(until)
    return found


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
    keys = _keys(connection, old)
    if now.changed == old.version:
        return replace(newer, keys=keys)
    whole = now.policy != old.policy
    since = -1 if whole else old.version
    rows = driver.rows(connection, "SELECT customer, codes FROM standing WHERE sequence > ?", (since,))
    return replace(newer, keys=keys, _codes=_codes(rows, len(keys), () if whole else old._codes))


def _keys(connection: Connection, old: Standing) -> npt.NDArray[np.object_]:
    """Keys by number: the old ones, copied only where somebody came or was erased."""
    statement = "SELECT key FROM customers WHERE number >= ? ORDER BY number"
    new = connection.exec_driver_sql(statement, (len(old.keys),)).scalars().all()
    erased = connection.exec_driver_sql(_ERASED, (old.sequence, len(old.keys))).scalars().all()
    if not new and not erased:
        return old.keys
    keys = np.concatenate([old.keys, np.array(new, object)])
    keys[list(erased)] = None
    return keys


def _codes(rows: Sequence[Any], size: int, old: tuple[Codes, ...]) -> tuple[Codes, ...]:
    """Codes by slot and number: the old ones, copied only where they change."""
    if not rows:
        return old
    numbers = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    width = len(rows[0][1])
    table = np.frombuffer(b"".join(row[1] for row in rows), np.uint8).reshape(len(rows), width)
    return tuple(_column(old[i] if old else None, size, numbers, table[:, i]) for i in range(width))


def _column(old: Codes | None, size: int, numbers: Numbers, codes: Codes) -> Codes:
    if old is not None and len(old) == size and bool((old[numbers] == codes).all()):
        return old
    new = np.full(size, _NOBODY, np.uint8)
    if old is not None:
        new[: len(old)] = old
    new[numbers] = codes
    new.setflags(write=False)
    return new
