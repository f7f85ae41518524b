"""Holds, restrictions and guardians, each recorded with its leaf in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bailee.errors import FactRejected
from bailee.gate.answer import Receipt
from bailee.gate.choices import must_be_writable
from bailee.gate.record import Recorder
from bailee.people import customers, relations
from bailee.people.database import Database
from bailee.people.nearest import expected
from bailee.policy.combinations import bases
from bailee.vocabulary import Basis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

#: What a leaf says happened; the private record says which of them.
HELD, RESTRICTED, RELEASED, CHANGED = "held", "restricted", "released", "changed"

#: The longest reason of a hold, in characters.
LONGEST_WHY = 10_000


class Relations:
    """Records what the company knows of a customer beside what they said; FactRejected: nothing was recorded."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        self._database, self._recorder = database, recorder

    def hold(self, key: str, purpose: str, why: str, now: datetime) -> Receipt:
        """Keep what a legal obligation needs of a customer, also when they are erased, until `unhold`."""
        must_be_writable(key, purpose, why)
        self._must_oblige(purpose)
        if len(why) > LONGEST_WHY:
            raise FactRejected(f"the reason of a hold has at most {LONGEST_WHY:,} characters, found {len(why):,}")

        def change(connection: Connection, number: int) -> int:
            if purpose in relations.held_for(connection, number):
                raise FactRejected(f"`{key}` is held for `{purpose}` already")
            return relations.hold(connection, number, purpose, why, now)

        return self._record(HELD, key, change, {"what": "hold", "purpose": purpose, "why": why}, now)

    def unhold(self, key: str, purpose: str, now: datetime) -> Receipt:
        """End a hold; whoever asked to be erased meanwhile is due."""
        must_be_writable(key, purpose)

        def change(connection: Connection, number: int) -> int:
            held = relations.held_for(connection, number)
            if purpose not in held:
                known = expected(purpose, held) if held else "nothing holds them"
                raise FactRejected(f"`{key}` is not held for `{purpose}`: {known}")
            return relations.end_hold(connection, number, purpose, now)

        return self._record(RELEASED, key, change, {"what": "hold", "purpose": purpose}, now)

    def restrict(self, key: str, now: datetime) -> Receipt:
        """Restrict the use of a customer's data (GDPR article 18) until `release`."""
        must_be_writable(key)

        def change(connection: Connection, number: int) -> int:
            since = customers.restricted(connection, number)
            if since is not None:
                raise FactRejected(f"the data of `{key}` is restricted already, since {since:%Y-%m-%d}")
            return customers.restrict(connection, number, now)

        return self._record(RESTRICTED, key, change, {"what": "restriction"}, now)

    def release(self, key: str, now: datetime) -> Receipt:
        """End a restriction."""
        must_be_writable(key)

        def change(connection: Connection, number: int) -> int:
            if customers.restricted(connection, number) is None:
                raise FactRejected(f"the data of `{key}` is not restricted, so there is nothing to release")
            return customers.release(connection, number, now)

        return self._record(RELEASED, key, change, {"what": "restriction"}, now)

    def guardian(self, child: str, guardian: str, now: datetime, *, end: bool) -> Receipt:
        """Record that a customer was verified as the guardian of another, or is no longer."""
        must_be_writable(child, guardian)

        def change(connection: Connection, number: int, other: int) -> int:
            there = other in relations.guarded_by(connection, number)
            if end and not there:
                raise FactRejected(f"`{guardian}` is no guardian of `{child}`, so there is nothing to end")
            if there and not end:
                raise FactRejected(f"`{guardian}` is a guardian of `{child}` already")
            record = relations.end_guardian if end else relations.verify_guardian
            return record(connection, number, other, now)

        private = {"what": "guardian", "guardian": guardian, "ended": end}

        def work(connection: Connection) -> Receipt:
            number, other = customers.number_of(connection, child), customers.number_of(connection, guardian)
            return self._leaf(
                connection, CHANGED, child, change(connection, number, other), private, now, number, other
            )

        return self._database.commit(work)

    def children(self, guardian: str) -> tuple[str, ...]:
        """The keys of those whose verified guardian a customer is; none for nobody on record."""
        must_be_writable(guardian)
        with self._database.read() as connection:
            number = customers.find(connection, guardian)
            numbers = [] if number is None else relations.guarded(connection, number)
            return tuple(key for key in customers.keys(connection, numbers) if key is not None) if numbers else ()

    def _must_oblige(self, purpose: str) -> None:
        """Raise FactRejected for what is no purpose on a legal obligation."""
        policy = self._recorder.promise.policy
        if purpose not in policy.purposes:
            raise FactRejected(f"there is no purpose `{purpose}` in the policy: {expected(purpose, policy.purposes)}")
        obliging = [key for key, each in policy.purposes.items() if Basis.LEGAL_OBLIGATION in bases(each)]
        if purpose not in obliging:
            known = expected(purpose, obliging) if obliging else "the policy has none"
            raise FactRejected(f"only a purpose on a legal obligation holds data, which `{purpose}` is not: {known}")

    def _record(
        self,
        word: str,
        key: str,
        change: Callable[[Connection, int], int],
        private: Mapping[str, object],
        now: datetime,
    ) -> Receipt:
        """Make a change of one customer and append its leaf, in one transaction."""

        def work(connection: Connection) -> Receipt:
            number = customers.number_of(connection, key)
            return self._leaf(connection, word, key, change(connection, number), private, now, number)

        return self._database.commit(work)

    def _leaf(
        self,
        connection: Connection,
        word: str,
        key: str,
        sequence: int,
        private: Mapping[str, object],
        now: datetime,
        *about: int,
    ) -> Receipt:
        record = {"customer": key, "change": word, **private}
        position = self._recorder.within(connection, "customer", {"change": word}, record, now, about)
        return Receipt(sequence, position)
