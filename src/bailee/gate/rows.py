"""A person's rows in the company's own tables: counted, erased where Bailee may write, or named for who may."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bailee.errors import BaileeError, EngineError, MapError, Problem, Refused
from bailee.gate.examining import listed
from bailee.gate.settings import MAP, Settings
from bailee.policy.model import DataMap

if TYPE_CHECKING:
    from bailee.engines import Engine
    from bailee.engines import Table as BaseTable
    from bailee.engines.owned import Found, Name, Ownership
    from bailee.rewrite.dialects import Dialect

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
    """The company's tables as the data map knows them, in every engine of `bailee.toml`; `engine` gives one by name."""

    def __init__(self, settings: Settings, datamap: DataMap, engine: Callable[[str | None], Engine]) -> None:
        self._settings, self._map, self._engine = settings, datamap, engine

    def count(self, keys: Sequence[str]) -> Rows:
        """Count people's rows now; those of a further engine stand under its name. `why` says what cannot be read."""
        from bailee.engines.owned import statements
        from bailee.rewrite.dialects import named

        if not keys:
            return Rows()
        tables: dict[str, Found] = {}
        sql: list[str] = []
        whys: list[str] = []
        for name, _ in listed(self._settings):
            before = "" if name is None else f"{name}: "
            try:
                engine = self._engine(name)
                owners = self._owners(engine)
                found = engine.owned(owners, keys)
            except BaileeError as error:  # an erasure that was done must be told of all the same
                whys.append(f"{before}{error}")
                continue
            schema = named(engine.dialect).schema
            tables |= {before + key: each for key, each in _named(found, schema).items()}
            sql += [before + text for place, text in statements(owners, keys) if place in found]
        return Rows(tables, tuple(sql), "; ".join(whys) or None)

    def each(self, keys: Sequence[str]) -> dict[str, dict[str, int]]:
        """How many rows each of these people has by table, for their certificates."""
        return {key: {name: sum(found) for name, found in self.count([key]).tables.items()} for key in keys}

    def erase(self, keys: Sequence[str], progress: Progress | None = None) -> Rows:
        """Erase people's rows from the main DuckDB file, all or nothing; EngineError says why it could not be done."""
        from bailee.engines.duckdb import erasing
        from bailee.rewrite.dialects import named

        if not keys:
            return Rows()
        at = self._settings.engine
        if at.database is None:
            raise EngineError(
                f"Bailee may not write in `{at.name}`; erase without the company's rows, and have them removed by the "
                "SQL that is told then"
            )
        engine = self._engine(None)
        owners = self._owners(engine)
        with engine.released():
            return Rows(_named(erasing.erase(at.database, owners, keys, progress), named(engine.dialect).schema))

    def _owners(self, engine: Engine) -> Ownership:
        from bailee.rewrite.dialects import named

        return ownership(self._map, engine.catalog(), named(engine.dialect))


def ownership(datamap: DataMap, catalog: Iterable[BaseTable], dialect: Dialect) -> Ownership:
    """Who owns the rows of each table that the map and the database have; MapError where they do not fit."""
    from bailee.engines.owned import WORDS, Link, Name, Owned, Ownership
    from bailee.rewrite.store import Store, Stored

    store = Store(datamap, catalog, dialect)

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
    return Ownership(owned, WORDS[dialect.name])


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


def _named(found: Mapping[Name, Found], schema: str) -> dict[str, Found]:
    return {name.table if name.schema == schema else f"{name.schema}.{name.table}": n for name, n in found.items()}
