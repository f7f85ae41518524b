"""Follows which published version of the policy is in force, without asking the store before each use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bailee.gate.promise import Promise, promised_by, recorded_policy
from bailee.people import versions
from bailee.people.database import Database


class Look(NamedTuple):
    """The word of changes before a look, and the instant of the version that is scheduled."""

    word: int
    next: datetime | None


class Following:
    """Looks again once the word of changes moved or a scheduled version's time came."""

    def __init__(self, database: Database, word: Sequence[int]) -> None:
        self._database, self._word = database, word
        self._seen: int | None = None
        self._next: datetime | None = None

    def moved(self, at: datetime, *, surely: bool) -> bool:
        """Whether another version may be in force than at the last look; `surely`, on a shared store, it always may."""
        if self._word[0] != self._seen or (surely and self._database.shared):
            return True
        return self._next is not None and at >= self._next

    def look(self, at: datetime, held: Promise) -> tuple[Promise | None, Look]:
        """The promise of the version in force at an instant, if it is another than is held; and what was seen."""
        word = self._word[0]
        with self._database.read() as connection:
            current, coming = versions.in_force(connection, at), versions.coming(connection, at)
            policy = None
            if current is not None and current.policy != held.digest:
                policy = recorded_policy(connection, current.policy)
        look = Look(word, None if coming is None else coming.since)
        if current is None or policy is None:
            return None, look
        return promised_by(policy, current.policy, held), look

    def followed(self, look: Look) -> None:
        """What was seen is followed: only now do others go on without looking themselves."""
        self._next, self._seen = look.next, look.word
