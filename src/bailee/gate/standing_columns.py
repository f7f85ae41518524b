"""The standing columns of the company's tables: whether one may be used, and how it is brought up to date.

A column is used only where it holds exactly what the question honours: the same policy, the same version of standing,
and a file that nobody wrote since Bailee did. What Bailee left is on record in its own database, never in the company's
file, so an old copy of that says nothing. In any other case questions join, which is always right.
"""

from __future__ import annotations

import json
import platform
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bailee.engines import Limits, Place
from bailee.people import customers, documents
from bailee.people.database import Database
from bailee.people.standing import Standing, changed_since
from bailee.policy.model import DataMap
from bailee.rewrite import column as bits_of
from bailee.rewrite.dialects import named

if TYPE_CHECKING:
    from bailee.engines import Engine
    from bailee.engines import Table as BaseTable
    from bailee.engines.duckdb.identity import Identity
    from bailee.engines.duckdb.standing_column import Kept
    from bailee.people.standing import Numbers

#: Told how many rows were looked at and how many there are in all.
Progress = Callable[[int, int], object]

#: Customers whose bits are sent at once.
_SOME = 1_000_000
_OWNER = "owner of standing columns"

UNFILLED = "its standing column was never filled; run `bailee engines maintain`"


class Record(NamedTuple):
    """What Bailee left in a file: for which policy and version of standing, the file as it was then, the columns."""

    policy: str
    version: int
    identity: Identity
    places: frozenset[Place]


@dataclass(frozen=True, slots=True)
class Fresh:
    """The columns that hold what a question honours; `why` there are any, or none.

    A DuckDB file's are right while it has this `identity`; those of a server while each has its mark.
    """

    places: frozenset[Place] = frozenset()
    identity: Identity | None = None
    why: str = "no table has a standing column"
    marks: Mapping[Place, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Maintained:
    """What maintenance did: the rows written by column, whether of everybody, and up to which version of standing.

    `fresh` says whether questions use the columns now: not where somebody wrote the file meanwhile.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    whole: bool = False
    customers: int = 0
    version: int = 0
    fresh: bool = True


class Columns(Protocol):
    """The standing columns of one engine."""

    @property
    def tables(self) -> frozenset[str]:
        """The map's names of the tables on which Bailee may keep one."""

    def fresh(self, now: Standing) -> Fresh:
        """The columns that a question over this standing may use."""

    def still(self, fresh: Fresh) -> bool:
        """Whether what was used was right until it was read."""

    def maintain(self, engine: Engine, now: Callable[[], Standing], progress: Progress | None = None) -> Maintained:
        """Bring every column up to date."""


class StandingColumns:
    """The standing columns that a data map declares in one DuckDB file; safe for threads."""

    def __init__(self, database: Database, datamap: DataMap, file: Path, limits: Limits) -> None:
        self._database, self._map, self._limits = database, datamap, limits
        self._file = file.absolute()
        # Servers that share a store may each have a file of the same name.
        self._name = f"standing columns of {platform.node()}:{self._file}"
        self._turn = threading.Lock()

    @property
    def tables(self) -> frozenset[str]:
        """The map's names of the tables on which Bailee may keep one."""
        return frozenset(name for name, table in self._map.tables.items() if table.standing is not None)

    def fresh(self, now: Standing) -> Fresh:
        """The columns that hold this standing, as the file is now; `still` must say so again once it was read."""
        if not self.tables:
            return Fresh()
        with self._database.read() as connection:
            record = self._record(documents.setting(connection, self._name))
        if record is None:
            return Fresh(why=UNFILLED)
        if record.policy != now.policy:
            return Fresh(why="its standing column was filled under another policy; run `bailee engines maintain`")
        if record.version != now.version:
            return Fresh(why="standing changed since its standing column was brought up to date")
        if not self._is(record.identity):
            return Fresh(why="the database was written since its standing column was brought up to date")
        return Fresh(record.places, record.identity, f"its standing column is up to date with change {record.version}")

    def still(self, fresh: Fresh) -> bool:
        """Whether the file is the one that Bailee left."""
        return self._is(fresh.identity)

    def _is(self, identity: Identity | None) -> bool:
        from bailee.engines.duckdb.identity import identify

        return identity is not None and identify(self._file.resolve()) == identity

    def maintain(self, engine: Engine, now: Callable[[], Standing], progress: Progress | None = None) -> Maintained:
        """Bring every column up to date; questions wait while the file is written, and no longer.

        Raises EngineUnavailable and EngineError where the file cannot be written, and Refused where the map does not
        fit it; then the columns are those of before, and questions join.
        """
        with self._turn:
            standing = now()
            places = frozenset(declared(self._map, engine.catalog(), engine.dialect))
            with self._database.read() as connection:
                record = self._record(documents.setting(connection, self._name))
            if not places or (record is not None and self._up_to_date(record, standing, places)):
                return Maintained(version=standing.version)
            changed = self._changed(record, standing, places)
            with engine.released():
                kept, numbers = None, changed
                if record is not None and changed is not None:
                    kept = self._keep(places, standing, changed, record.identity, progress)
                if kept is None:
                    numbers = everybody(standing)
                    kept = self._keep(places, standing, numbers, None, progress)
            if kept is None or numbers is None:
                raise ValueError("keeping the bits of everybody depends on nothing that was left")
            rows = {title(place): written for place, written in kept.rows.items()}
            return Maintained(rows, numbers is not changed, len(numbers), standing.version, kept.identity is not None)

    def _up_to_date(self, record: Record, standing: Standing, places: frozenset[Place]) -> bool:
        stands = (record.policy, record.version) == (standing.policy, standing.version)
        return stands and places <= record.places and self._is(record.identity)

    def _changed(self, record: Record | None, standing: Standing, places: frozenset[Place]) -> Numbers | None:
        """Whose bits may differ from what the columns hold; None for anybody's.

        That is so where the file is not as Bailee left it, and where somebody was erased whose key is not known now.
        """
        if record is None or record.policy != standing.policy or not places <= record.places:
            return None
        if not self._is(record.identity):
            return None
        with self._database.read() as connection:
            changed = changed_since(connection, record.version)
            known = customers.keys(connection, changed.tolist())
        return None if None in known else changed[changed <= standing.customers]

    def _keep(
        self,
        places: frozenset[Place],
        standing: Standing,
        numbers: Numbers,
        left: Identity | None,
        progress: Progress | None,
    ) -> Kept | None:
        """Write the bits of some customers, or of all, and put on record what was left; None as of `keep`."""
        from bailee.engines.duckdb.standing_column import keep

        kept = keep(
            self._file,
            sorted(places),
            self._bits(standing, numbers),
            left=left,
            owner=self._owner(),
            limits=self._limits,
            progress=progress,
        )
        if kept is not None and kept.identity is not None and standing.policy is not None:
            record = Record(standing.policy, standing.version, kept.identity, places)
            with self._database.write() as connection:
                documents.set_setting(connection, self._name, json.dumps([*record[:3], sorted(places)]))
        return kept

    def _bits(self, standing: Standing, numbers: Numbers) -> Iterator[tuple[Sequence[str], Sequence[int]]]:
        """The keys of customers, some at a time, with their bits; without the erased, who have none."""
        return bits_by_key(self._database, standing, numbers)

    def _owner(self) -> str:
        """What marks this workspace's columns; made once."""
        with self._database.read() as connection:
            found = documents.setting(connection, _OWNER)
        if found is None:
            found = secrets.token_hex(8)
            with self._database.write() as connection:
                documents.set_setting(connection, _OWNER, found)
        return found

    @staticmethod
    def _record(text: str | None) -> Record | None:
        from bailee.engines.duckdb.identity import Identity

        if text is None:
            return None
        policy, version, identity, places = json.loads(text)
        return Record(policy, version, Identity(*identity), frozenset(Place(*place) for place in places))


def bits_by_key(
    database: Database, standing: Standing, numbers: Numbers
) -> Iterator[tuple[Sequence[str], Sequence[int]]]:
    """The keys of customers, some at a time, with their bits; without the erased, who have none."""
    bits = standing.bits(bits_of.SLOTS)
    for start in range(0, len(numbers), _SOME):
        some = numbers[start : start + _SOME]
        with database.read() as connection:
            keys = customers.keys(connection, some.tolist())
        known = [(key, held) for key, held in zip(keys, bits[some].tolist(), strict=True) if key is not None]
        yield [key for key, _ in known], [held for _, held in known]


def declared(datamap: DataMap, catalog: Iterable[BaseTable], dialect: str = "duckdb") -> Iterator[Place]:
    """Each column that the map declares and that the database has a table for; Refused where it does not fit."""
    from bailee.rewrite.store import Store

    store = Store(datamap, catalog, named(dialect))
    for name in store.names():
        stored = store.of(name)
        if stored.table.standing is not None:
            (subject,) = stored.table.subjects
            stored.key_type(subject)
            key = stored.dialect.stored
            column = stored.spelling.get(key(stored.table.standing), stored.table.standing)
            yield Place(stored.schema, stored.name, column, stored.spelling[key(subject)])


def title(place: Place) -> str:
    """How a column is called."""
    table = place.table if place.schema in ("main", "public") else f"{place.schema}.{place.table}"
    return f"{table}.{place.column}"


def everybody(standing: Standing) -> Numbers:
    """The numbers of all customers."""
    import numpy as np

    return np.arange(1, standing.customers + 1, dtype=np.int64)
