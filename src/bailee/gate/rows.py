"""A person's rows in the company's own tables: counted, erased where Bailee may write, or named for who may."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.errors import BaileeError, EngineError, MapError, Problem, Refused
from bailee.gate.connections import Connection
from bailee.gate.settings import MAP
from bailee.policy.model import DataMap

if TYPE_CHECKING:
    from bailee.engines import Engine
    from bailee.engines import Table as BaseTable
    from bailee.engines.duckdb.erasing import Found
    from bailee.engines.duckdb.owned import Name, Ownership

#: Told how many rows are written and how many there are in all.
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Rows:
    """People's rows by table of the map, tables without any left out; `sql` removes them; `why` says what was amiss.

    Of a table, `gone` counts rows that go or went, `cleared` those that somebody else owns too and that lose only the
    person's column, and `left` those of them whose column cannot be empty.
    """

    tables: Mapping[str, Found] = field(default_factory=dict)
    sql: tuple[str, ...] = ()
    why: str | None = None


class Warehouse:
    """The company's tables as the data map knows them; `engine` gives the worker that reads them."""

    def __init__(self, connection: Connection, datamap: DataMap, engine: Callable[[], Engine]) -> None:
        self._connection, self._map, self._engine = connection, datamap, engine

    def count(self, keys: Sequence[str]) -> Rows:
        """Count people's rows now. Where the database cannot be read, `why` says so."""
        from bailee.engines.duckdb import erasing

        if not keys:
            return Rows()
        try:
            owners = ownership(self._map, self._engine().catalog())
            found = erasing.count(self._file(), owners, keys)
        except BaileeError as error:  # an erasure that was done must be told of all the same
            return Rows(why=str(error))
        sql = tuple(text for name, text in erasing.statements(owners, keys) if name in found)
        return Rows(_named(found), sql)

    def each(self, keys: Sequence[str]) -> dict[str, dict[str, int]]:
        """How many rows each of these people has by table, for their certificates."""
        return {key: {name: sum(found) for name, found in self.count([key]).tables.items()} for key in keys}

    def erase(self, keys: Sequence[str], progress: Progress | None = None) -> Rows:
        """Erase people's rows from the database's file, all or nothing; EngineError says why it could not be done."""
        from bailee.engines.duckdb import erasing

        if not keys:
            return Rows()
        engine = self._engine()
        owners = ownership(self._map, engine.catalog())
        with engine.released():
            return Rows(_named(erasing.erase(self._file(), owners, keys, progress)))

    def _file(self) -> Path:
        if self._connection.database is None:
            raise EngineError(f"rows in `{self._connection.name}` are erased by whoever may write there")
        return self._connection.database


def ownership(datamap: DataMap, catalog: Iterable[BaseTable]) -> Ownership:
    """Who owns the rows of each table that the map and the database have; MapError where they do not fit."""
    from bailee.engines.duckdb.owned import Link, Name, Owned, Ownership
    from bailee.rewrite.store import Store, Stored

    store = Store(datamap, catalog)

    def spelled(stored: Stored, column: str) -> str:
        stored.type(column)
        return stored.spelling[stored.dialect.stored(column)]

    owned = []
    try:
        for key in _referring_first(datamap, store.names()):
            stored = store.of(key)
            name, via = Name(stored.schema, stored.name), stored.table.via
            if via is not None:
                parent = store.target(stored, via)
                link = Link(spelled(stored, via.column), Name(parent.schema, parent.name), spelled(parent, via.target))
                owned.append(Owned(name, via=link))
            elif stored.table.personal:
                owned.append(Owned(name, tuple(spelled(stored, column) for column in stored.table.subjects)))
    except Refused as error:
        raise MapError([Problem(MAP, 1, 1, f"{error}; run `bailee check`")]) from None
    return Ownership(owned)


def _referring_first(datamap: DataMap, names: Sequence[str]) -> list[str]:
    """Tables before those that they refer to, the order in which rows can go; circles are cut somewhere."""
    order: list[str] = []
    under_way: set[str] = set()

    def after(name: str) -> None:
        if name in order or name in under_way:
            return
        under_way.add(name)
        for reference in datamap.tables[name].references:
            if reference.table in names:
                after(reference.table)
        order.append(name)

    for name in names:
        after(name)
    return order[::-1]


def _named(found: Mapping[Name, Found]) -> dict[str, Found]:
    return {
        name.table if name.schema == "main" else f"{name.schema}.{name.table}": each for name, each in found.items()
    }
