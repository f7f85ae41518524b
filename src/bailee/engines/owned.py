"""Whose rows are whose in the company's database, as SQL: which go with a person, and which somebody else owns too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

#: Puts a text in quotes.
Quote = Callable[[str], str]


class Name(NamedTuple):
    """A table of the company's database, as its catalogue spells it."""

    schema: str
    table: str

    @property
    def sql(self) -> str:
        """The table in the database that is in use."""
        return self.spelled(quote)

    def spelled(self, quoted: Quote) -> str:
        """The table, its names in quotes of another kind."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"


class Found(NamedTuple):
    """Rows of some people in a table: those that go, those that somebody else owns too and that lose only the person's
    column, and those of them whose column cannot be empty, so that the person stays named."""

    gone: int
    cleared: int = 0
    left: int = 0


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


@dataclass(frozen=True, slots=True)
class Words:
    """How an engine writes identifiers, texts and the type of a text."""

    quoted: Quote
    literal: Quote
    text: str


@dataclass(frozen=True)
class Ownership:
    """Every table about people. A row goes with a person where everybody whom it names goes.

    Along `via`, a row goes where every row that it reaches goes, so one that reaches none, or a shared one, stays.
    """

    tables: Sequence[Owned]
    words: Words = field(default_factory=lambda: WORDS["duckdb"])

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
            target, below = f"p.{self.words.quoted(owned.via.target)}", self.goes(parent, "p", keys)
            gone = (
                f"SELECT {target} FROM {parent.name.spelled(self.words.quoted)} AS p WHERE {target} IS NOT NULL "
                f"GROUP BY {target} HAVING bool_and({below})"
            )
            return f"coalesce({alias}.{self.words.quoted(owned.via.column)} IN ({gone}), false)"
        if len(owned.subjects) == 1:
            return self.names(owned, alias, keys)
        columns = [f"{alias}.{self.words.quoted(name)}" for name in owned.subjects]
        alone = " AND ".join(f"({column} IS NULL OR {self._named(column, keys)})" for column in columns)
        return f"({self.names(owned, alias, keys)} AND {alone})"

    def names(self, owned: Owned, alias: str, keys: str) -> str:
        """SQL that is true of a row which names one of these people itself, perhaps beside others."""
        named = (self._named(f"{alias}.{self.words.quoted(name)}", keys) for name in owned.subjects)
        return f"({' OR '.join(named)})"

    def cleared(self, column: str, alias: str, keys: str) -> str:
        """SQL of a subject column without these people."""
        named = f"{alias}.{self.words.quoted(column)}"
        return f"CASE WHEN {self._named(named, keys)} THEN NULL ELSE {named} END"

    def counting(self, owned: Owned, keys: str, empty: Collection[tuple[Name, str]] | None = None) -> str:
        """SQL that counts a table's rows for `counted`; `empty` are columns that may be NULL, None for all."""
        goes, names = self.goes(owned, "t", keys), "false"
        stuck = [name for name in owned.subjects if empty is not None and (owned.name, name) not in empty]
        if len(owned.subjects) > 1:
            names = f"{self.names(owned, 't', keys)} AND NOT {goes}"
        left = self.names(Owned(owned.name, tuple(stuck)), "t", keys) if stuck else "false"
        table = owned.name.spelled(self.words.quoted)

        def rows(*conditions: str) -> str:
            # Spark looks into other tables in a WHERE alone.
            where = " AND ".join(conditions)
            return "0" if "false" in conditions else f"(SELECT count(*) FROM {table} AS t WHERE {where})"

        return f"SELECT {rows(goes)} AS gone, {rows(names)} AS named, {rows(names, left)} AS stuck"

    def _named(self, column: str, keys: str) -> str:
        """A key is the text of a value, as in allow tables."""
        return f"coalesce(CAST({column} AS {self.words.text}) IN ({keys}), false)"


def counted(row: Sequence[int]) -> Found | None:
    """What a row of `counting` says; None where there is nothing."""
    gone, named, stuck = map(int, row)
    return Found(gone, named - stuck, stuck) if gone or named else None


def statements(ownership: Ownership, keys: Sequence[str]) -> Iterator[tuple[Name, str]]:
    """The SQL that removes people's rows, to be run in this order by whoever may write."""
    listed = ", ".join(map(ownership.words.literal, keys))
    for owned in ownership.children_first:
        table = owned.name.spelled(ownership.words.quoted)
        yield owned.name, f"DELETE FROM {table} AS t WHERE {ownership.goes(owned, 't', listed)};"
    for owned in ownership.children_first:
        table = owned.name.spelled(ownership.words.quoted)
        for column in owned.subjects if len(owned.subjects) > 1 else ():
            one = replace(ownership, tables=[Owned(owned.name, (column,))])
            where = one.names(one.tables[0], "t", listed)
            yield owned.name, f"UPDATE {table} AS t SET {ownership.words.quoted(column)} = NULL WHERE {where};"


def quote(name: str) -> str:
    """An identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in quotes."""
    return "'" + text.replace("'", "''") + "'"


def _backticks(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _escaped(text: str) -> str:
    """Spark reads two quotes as the end of one text and the beginning of another."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


#: By dialect; a type without a length, so that no key is cut.
WORDS: Mapping[str, Words] = {
    "duckdb": Words(quote, literal, "VARCHAR"),
    "postgres": Words(quote, literal, "text"),
    "spark": Words(_backticks, _escaped, "STRING"),
}
