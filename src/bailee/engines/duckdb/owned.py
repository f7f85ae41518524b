"""Whose rows are whose in the company's database, as SQL: which go with a person, and which somebody else owns too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Name(NamedTuple):
    """A table of the company's database, as its catalogue spells it."""

    schema: str
    table: str

    @property
    def sql(self) -> str:
        """The table in the database that is in use."""
        return f"{quote(self.schema)}.{quote(self.table)}"


class Link(NamedTuple):
    """That `column` names rows of `parent` by their `target`, and so whose the row is."""

    column: str
    parent: Name
    target: str


@dataclass(frozen=True, slots=True)
class Owned:
    """A table about people: `subjects` are columns that each hold a customer's key, or it belongs along `via`."""

    name: Name
    subjects: tuple[str, ...] = ()
    via: Link | None = None


@dataclass(frozen=True)
class Ownership:
    """Every table about people. A row goes with a person where everybody whom it names goes.

    Along `via`, a row goes where every row that it reaches goes, so one that reaches none, or a shared one, stays.
    """

    tables: Sequence[Owned]

    @cached_property
    def by_name(self) -> Mapping[Name, Owned]:
        """The tables by their names."""
        return {owned.name: owned for owned in self.tables}

    @cached_property
    def children_first(self) -> Sequence[Owned]:
        """The tables, each before the one that it belongs along: its rows must be found while those are there."""
        return sorted(self.tables, key=self._depth, reverse=True)

    def _depth(self, owned: Owned) -> int:
        depth = 0
        while owned.via is not None:
            owned, depth = self.by_name[owned.via.parent], depth + 1
        return depth

    def goes(self, owned: Owned, alias: str, keys: str) -> str:
        """SQL that is true of a row that goes, never NULL; `keys` is SQL of a list or query of customers' keys."""
        if owned.via is not None:
            parent = self.by_name[owned.via.parent]
            target, below = f"p.{quote(owned.via.target)}", self.goes(parent, "p", keys)
            gone = (
                f"SELECT {target} FROM {parent.name.sql} AS p WHERE {target} IS NOT NULL "
                f"GROUP BY {target} HAVING bool_and({below})"
            )
            return f"coalesce({alias}.{quote(owned.via.column)} IN ({gone}), false)"
        if len(owned.subjects) == 1:
            return self.names(owned, alias, keys)
        columns = [f"{alias}.{quote(name)}" for name in owned.subjects]
        alone = " AND ".join(f"({column} IS NULL OR {_named(column, keys)})" for column in columns)
        return f"({self.names(owned, alias, keys)} AND {alone})"

    def names(self, owned: Owned, alias: str, keys: str) -> str:
        """SQL that is true of a row which names one of these people itself, perhaps beside others."""
        return "(" + " OR ".join(_named(f"{alias}.{quote(name)}", keys) for name in owned.subjects) + ")"

    def cleared(self, column: str, alias: str, keys: str) -> str:
        """SQL of a subject column without these people."""
        named = f"{alias}.{quote(column)}"
        return f"CASE WHEN {_named(named, keys)} THEN NULL ELSE {named} END"


def _named(column: str, keys: str) -> str:
    """A key is the text of a value, as in allow tables."""
    return f"coalesce(CAST({column} AS VARCHAR) IN ({keys}), false)"


def quote(name: str) -> str:
    """An identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in quotes."""
    return "'" + text.replace("'", "''") + "'"
