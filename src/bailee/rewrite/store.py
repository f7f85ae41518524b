"""The tables that exist for a question: those of the data map that the company's database really has.

Names compare as the dialect compares them. Types come from the engine's catalogue, never from the map.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from bailee.engines import Table as BaseTable
from bailee.engines import Unique
from bailee.policy.model import DataMap, Reference, Table
from bailee.rewrite.dialects import DUCKDB, Dialect, fold
from bailee.rewrite.reasons import refused

_KEY = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(\d{1,2},\d{1,2}\)|VARCHAR|UUID", re.ASCII)
_WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)")


@dataclass(frozen=True)
class Stored:
    """A table of the data map with its place in the database; `types` are by key, in the database's order."""

    dialect: Dialect
    table: Table
    schema: str
    name: str
    types: Mapping[str, str]
    spelling: Mapping[str, str]
    #: The keys of the columns that the database itself keeps unique.
    unique: frozenset[str] = frozenset()

    @cached_property
    def mapped(self) -> Mapping[str, str]:
        """The map's spelling of each column that the database has too, by the key of the name."""
        keys = {self.dialect.stored(name): name for name in self.table.columns}
        return {key: name for key, name in keys.items() if key in self.types}

    @property
    def sql(self) -> str:
        """The relation in the company's own database."""
        return self.dialect.table(self.schema, self.name)

    def column(self, name: str, alias: str = "t") -> str:
        """A column as SQL; raises `Refused` if the database lacks it."""
        self.type(name)
        return f"{alias}.{self.dialect.quote(self.spelling[self.dialect.stored(name)])}"

    def measure(self, name: str) -> bool:
        """Whether the map says of a column, in its own spelling, that its values are amounts to be added up."""
        return self.table.columns[name].measure

    def type(self, name: str) -> str:
        """The engine's type of a column; raises `Refused` if the database lacks it."""
        key = self.dialect.stored(name)
        if key not in self.types:
            raise refused("map_unusable", found=f"`{self.table.name}` has no column `{name}`")
        return self.types[key]

    def meant(self, name: str) -> str:
        """The column that a rule of the map means, whose names have no capitals; raises `Refused` if there are two."""
        same = [column for column in self.types if fold(column) == name]
        if len(same) > 1:
            raise refused("map_unusable", found=f"`{self.table.name}` has two columns `{name}`, in capitals and not")
        return same[0] if same else name

    def kept_unique(self, name: str) -> Unique | None:
        """The column as one of which the database lets no two rows be alike; None where it may, or they might seem so.

        Of texts with a collation, floating-point numbers and the like, values that an index tells apart may be equal.
        """
        key = self.dialect.stored(name)
        if key not in self.unique or not _KEY.fullmatch(self.types.get(key, "")):
            return None
        return Unique(self.schema, self.name, self.spelling[key])

    def key_type(self, name: str) -> str:
        """The type of a subject column; raises `Refused` for one that cannot be a key."""
        found = self.type(name)
        if not _KEY.fullmatch(found):
            kinds = "an integer, DECIMAL, VARCHAR without collation or UUID"
            raise refused("map_unusable", found=f"`{self.table.name}.{name}` is {found}, and a subject is {kinds}")
        return found


class Store:
    """The data map laid over the catalogue of the company's database."""

    def __init__(self, datamap: DataMap, catalog: Iterable[BaseTable], dialect: Dialect = DUCKDB) -> None:
        self.datamap, self.dialect = datamap, dialect
        key = dialect.stored
        self._real: dict[tuple[str, str], BaseTable] = {(key(t.schema), key(t.name)): t for t in catalog}
        self._stored: dict[tuple[str, str], Stored] = {}
        for table in datamap.tables.values():
            real = self._place(table.name)
            if real is not None:
                types = {key(column.name): column.type for column in real.columns}
                spelling = {key(column.name): column.name for column in real.columns}
                unique = frozenset(map(key, real.unique))
                stored = Stored(dialect, table, real.schema, real.name, types, spelling, unique)
                self._stored[key(real.schema), key(real.name)] = stored
        self._by_key = {stored.table.name: stored for stored in self._stored.values()}

    def _place(self, name: str) -> BaseTable | None:
        """Where the map's table lies: the default schema first, else the one schema that has it, or `schema.name`."""
        key = self.dialect.stored
        schema, dot, rest = name.partition(".")
        named = self._real.get((key(schema), key(rest))) if dot else None
        places = [real for (_, table), real in self._real.items() if table == key(name)]
        in_main = [real for real in places if key(real.schema) == self.dialect.schema]
        found = in_main or ([named] if named else []) or places
        return found[0] if len(found) == 1 else None

    def find(self, name: str, schema: str = "", catalog: str = "") -> Stored | None:
        """The table that a question names, by the keys of its names, or None."""
        company = self.dialect.catalog
        if catalog and catalog != company:
            return None
        if schema:
            alone = schema == company and not catalog
            return self._stored.get((schema, name)) or (self.find(name) if alone else None)
        found = [stored for (_, table), stored in self._stored.items() if table == name]
        in_main = [stored for stored in found if self.dialect.stored(stored.schema) == self.dialect.schema]
        return (in_main or found)[0] if len(in_main or found) == 1 else None

    def of(self, key: str) -> Stored:
        """The table of the map's own name; raises `Refused` if the database lacks it."""
        if key not in self._by_key:
            raise refused("map_unusable", found=f"the database has no table `{key}`")
        return self._by_key[key]

    def names(self) -> list[str]:
        """The map's names of the tables that exist."""
        return sorted(self._by_key)

    def target(self, of: Stored, reference: Reference) -> Stored:
        """The table that a reference reaches; raises `Refused` if values of the two columns could never be equal."""
        target = self.of(reference.table)
        here, there = of.type(reference.column), target.type(reference.target)
        if here != there and not (_WHOLE.fullmatch(here) and _WHOLE.fullmatch(there)):
            found = (
                f"`{of.table.name}.{reference.column}` is {here}, and `{reference.table}.{reference.target}` is {there}"
            )
            raise refused("map_unusable", found=found)
        return target
