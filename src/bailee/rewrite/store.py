"""The tables that exist for a question: those of the data map that the company's database really has.

Names compare as DuckDB compares them. Types come from the engine's catalogue, never from the map.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from bailee.engines import Table as BaseTable
from bailee.policy.model import DataMap, Reference, Table
from bailee.rewrite.reasons import refused
from bailee.rewrite.tokens import fold

_KEY = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(\d{1,2},\d{1,2}\)|VARCHAR|UUID", re.ASCII)
_WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)")

#: The name under which the engine attaches the company's database.
COMPANY = "company"


@dataclass(frozen=True)
class Stored:
    """A table of the data map with its place in the database; `types` are by folded name, in the database's order."""

    table: Table
    schema: str
    name: str
    types: Mapping[str, str]
    spelling: Mapping[str, str]

    @cached_property
    def mapped(self) -> Mapping[str, str]:
        """The map's spelling of each column that the database has too, by the folded name."""
        return {fold(name): name for name in self.table.columns if fold(name) in self.types}

    @property
    def sql(self) -> str:
        """The relation in the company's own database."""
        return f"{COMPANY}.{quote(self.schema)}.{quote(self.name)}"

    def column(self, name: str, alias: str = "t") -> str:
        """A column as SQL; raises `Refused` if the database lacks it."""
        self.type(name)
        return f"{alias}.{quote(self.spelling[fold(name)])}"

    def measure(self, name: str) -> bool:
        """Whether the map says of a column, in its own spelling, that its values are amounts to be added up."""
        return self.table.columns[name].measure

    def type(self, name: str) -> str:
        """The engine's type of a column; raises `Refused` if the database lacks it."""
        if fold(name) not in self.types:
            raise refused("map_unusable", found=f"`{self.table.name}` has no column `{name}`")
        return self.types[fold(name)]

    def key_type(self, name: str) -> str:
        """The type of a subject column; raises `Refused` for one that cannot be a key."""
        found = self.type(name)
        if not _KEY.fullmatch(found):
            kinds = "an integer, DECIMAL, VARCHAR without collation or UUID"
            raise refused("map_unusable", found=f"`{self.table.name}.{name}` is {found}, and a subject is {kinds}")
        return found


class Store:
    """The data map laid over the catalogue of the company's database."""

    def __init__(self, datamap: DataMap, catalog: Iterable[BaseTable]) -> None:
        self.datamap = datamap
        self._real: dict[tuple[str, str], BaseTable] = {(fold(t.schema), fold(t.name)): t for t in catalog}
        self._stored: dict[tuple[str, str], Stored] = {}
        for table in datamap.tables.values():
            real = self._place(table.name)
            if real is not None:
                types = {fold(column.name): column.type for column in real.columns}
                spelling = {fold(column.name): column.name for column in real.columns}
                stored = Stored(table, real.schema, real.name, types, spelling)
                self._stored[fold(real.schema), fold(real.name)] = stored
        self._by_key = {stored.table.name: stored for stored in self._stored.values()}

    def _place(self, name: str) -> BaseTable | None:
        """Where the map's table lies: `main` first, else the one schema that has it, or `schema.name`."""
        schema, dot, rest = name.partition(".")
        named = self._real.get((fold(schema), fold(rest))) if dot else None
        places = [real for (_, table), real in self._real.items() if table == fold(name)]
        in_main = [real for real in places if fold(real.schema) == "main"]
        found = in_main or ([named] if named else []) or places
        return found[0] if len(found) == 1 else None

    def find(self, name: str, schema: str = "", catalog: str = "") -> Stored | None:
        """The table that a question names, or None."""
        if catalog and fold(catalog) != COMPANY:
            return None
        if schema:
            company = fold(schema) == COMPANY and not catalog
            return self._stored.get((fold(schema), fold(name))) or (self.find(name) if company else None)
        found = [stored for (_, table), stored in self._stored.items() if table == fold(name)]
        in_main = [stored for stored in found if fold(stored.schema) == "main"]
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


def quote(name: str) -> str:
    """An identifier in quotes; raises `Refused` for one that no database should have."""
    if "\0" in name:
        raise refused("map_unusable", found="a name holds a NUL character")
    return '"' + name.replace('"', '""') + '"'
