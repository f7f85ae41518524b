"""Standing columns on a PostgreSQL server, which tells in a question's own snapshot what each of them holds.

So no file is compared, and others may write the tables meanwhile. What was kept last is on record on both sides under
a random mark: where the two differ, because either was restored or maintenance was interrupted, questions join.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from bailee.engines import Place
from bailee.errors import EngineUnavailable, Stale
from bailee.gate.standing_columns import (
    UNFILLED,
    Fresh,
    Maintained,
    Progress,
    bits_by_key,
    declared,
    everybody,
    title,
)
from bailee.people import customers, documents
from bailee.people.database import Database
from bailee.people.standing import Standing, changed_since
from bailee.policy.model import DataMap

if TYPE_CHECKING:
    from bailee.engines import Engine
    from bailee.engines.postgres.engine import Postgres
    from bailee.engines.postgres.standing import Stamp
    from bailee.people.standing import Numbers

_TRIES = 5
#: Called with the standing whose bits are about to be written, before anybody can read them.
Before = Callable[[Standing], object]


class Record(NamedTuple):
    """What Bailee kept last: under which mark, of which policy and map, and which version of standing."""

    mark: str
    promise: str
    version: int
    places: frozenset[Place]


class ServedColumns:
    """The standing columns that a data map declares, on one server; safe for threads.

    `promise` names the policy and map in force. `before` is told of a standing before it is kept.
    """

    def __init__(
        self, database: Database, datamap: DataMap, promise: Callable[[], str], engine: str, before: Before
    ) -> None:
        self._database, self._map, self._promise, self._before = database, datamap, promise, before
        self._name = f"standing columns of the engine {engine}"
        self._turn = threading.Lock()

    @property
    def tables(self) -> frozenset[str]:
        """The map's names of the tables on which Bailee may keep one."""
        return frozenset(name for name, table in self._map.tables.items() if table.standing is not None)

    def fresh(self, now: Standing) -> Fresh:
        """The columns that hold this standing if they have their marks, which the question's snapshot tells."""
        if not self.tables:
            return Fresh()
        record = self._record()
        if record is None:
            return Fresh(why=UNFILLED)
        if record.promise != self._promise():
            return Fresh(why="its standing column was filled under another policy; run `bailee engines maintain`")
        if record.version != now.version:
            return Fresh(why="standing changed since its standing column was brought up to date")
        why = f"its standing column is up to date with change {record.version}"
        return Fresh(record.places, None, why, dict.fromkeys(record.places, record.mark))

    def still(self, fresh: Fresh) -> bool:
        """Yes: the question's own snapshot told."""
        return True

    def maintain(self, engine: Engine, now: Callable[[], Standing], progress: Progress | None = None) -> Maintained:
        """Bring every column up to date, and say that doors are right for a while.

        Raises EngineUnavailable where the set-up was not run, EngineError where the company's own work holds the rows
        for too long, and Refused where the map does not fit; then the columns say what they said before, or nothing.
        """
        from bailee.engines.postgres.engine import Postgres

        if not isinstance(engine, Postgres):
            raise TypeError("the standing columns of a server are a PostgreSQL server's")
        with self._turn:
            for _ in range(_TRIES):
                try:
                    return self._maintain(engine, now, progress)
                except Stale:
                    continue  # another server has kept a newer standing
        raise EngineUnavailable("other servers keep the standing columns; try again")

    def _maintain(self, engine: Postgres, now: Callable[[], Standing], progress: Progress | None) -> Maintained:
        from bailee.engines.postgres.standing import Stamp

        places = self._places(engine)
        as_of = engine.instant()  # before standing is read, which so honours all that was acknowledged by then
        standing, promise = now(), self._promise()
        if not places:
            return Maintained(version=standing.version)
        record, kept = self._record(), engine.kept()
        held = {kept[place].mark if place in kept else None for place in places}
        base = record.mark if record is not None and held == {record.mark} else None
        same = base is not None and record is not None and record.promise == promise
        if same and record is not None and record.version == standing.version:
            if engine.beat(list(places), record.mark, as_of, standing.next_change):
                return Maintained(version=standing.version)
            raise Stale("a standing column was changed meanwhile")
        stamp = Stamp(promise, standing.version, as_of, standing.next_change, secrets.token_hex(16))
        self._before(standing)
        changed = self._changed(record, standing) if same and record is not None else None
        rows, numbers = None, changed
        if base is not None and changed is not None:
            rows = engine.keep(places, bits_by_key(self._database, standing, changed), stamp, base)
        if rows is None:
            numbers = everybody(standing)
            rows = engine.fill(places, bits_by_key(self._database, standing, numbers), stamp, progress)
        self._note(stamp, places)
        return Maintained(
            {title(place): written for place, written in rows.items()},
            numbers is not changed,
            0 if numbers is None else len(numbers),
            standing.version,
        )

    def _places(self, engine: Engine) -> dict[Place, str]:
        """The declared columns with the types of their subjects."""
        from bailee.rewrite.dialects import named
        from bailee.rewrite.store import Store

        catalog = engine.catalog()
        store = Store(self._map, catalog, named(engine.dialect))
        types = {}
        for name in store.names():
            stored = store.of(name)
            if stored.table.standing is not None:
                types[stored.schema, stored.name] = stored.key_type(stored.table.subjects[0])
        return {place: types[place.schema, place.table] for place in declared(self._map, catalog, engine.dialect)}

    def _changed(self, record: Record, standing: Standing) -> Numbers | None:
        """Whose bits may differ; None for anybody's, as where somebody was erased whose key is not known now."""
        with self._database.read() as connection:
            changed = changed_since(connection, record.version)
            known = customers.keys(connection, changed.tolist())
        return None if None in known else changed[changed <= standing.customers]

    def _note(self, stamp: Stamp, places: Iterable[Place]) -> None:
        text = json.dumps([stamp.mark, stamp.policy, stamp.version, sorted(places)])
        with self._database.write() as connection:
            documents.set_setting(connection, self._name, text)

    def _record(self) -> Record | None:
        with self._database.read() as connection:
            text = documents.setting(connection, self._name)
        if text is None:
            return None
        mark, promise, version, places = json.loads(text)
        return Record(mark, promise, version, frozenset(Place(*place) for place in places))
