"""Whose the rows of a table are: the column that names the customer, or the way to one along another table.

A column names customers where its values are their keys. Small whole numbers are that by chance, so there its name must
say so too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bailee.deid.discovery import lists
from bailee.deid.discovery.clues import percent
from bailee.deid.discovery.measures import DATE, INSTANT, TEXT, UUID, WHOLE, Measured, kind_of
from bailee.deid.discovery.names import words_of
from bailee.errors import EngineError

if TYPE_CHECKING:
    from bailee.deid.discovery import Suggestion
    from bailee.engines import Column
    from bailee.engines.owned import Name
    from bailee.gate.discovery.scanning import Scanner

#: What a question can join customers by; the rewriter takes no other.
_KEY = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(\d{1,2},0\)|VARCHAR|UUID", re.ASCII)
PEOPLE = "its rows are the customers"
#: A column with this share of different values, or more, tells rows apart.
UNIQUE = 0.95
_OWN, _CHANCE = 0.5, 0.8
#: A key of which at least so much of the range is taken has small numbers like any other column's.
_DENSE = 0.05


@dataclass(frozen=True, slots=True)
class Key:
    """A column by which rows of a table are named; `people` where these are the customers themselves."""

    table: Name
    called: str
    column: str
    type: str
    unique: bool = True
    people: bool = True


@dataclass(frozen=True)
class Looked:
    """A table with what was counted of its columns and is thought of them."""

    name: Name
    called: str
    columns: tuple[Column, ...]
    measured: Mapping[str, Measured] = field(default_factory=dict)
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return max((each.rows for each in self.measured.values()), default=0)

    def unique(self, column: str) -> bool:
        """Whether a column tells rows apart."""
        found = self.measured.get(column)
        return found is not None and found.tells and found.distinct >= UNIQUE * found.rows

    def told(self, column: str) -> Suggestion:
        """What is thought of a column."""
        return next(each for each in self.suggestions if each.column == column)


@dataclass(frozen=True, slots=True)
class Whose:
    """The column that names the customer of a row, or the reference along which one is found; and why."""

    subject: str | None = None
    via: tuple[str, str, str] | None = None
    why: str | None = None


def people_table(tables: Iterable[Looked]) -> Key | None:
    """The table that is most likely that of the customers, where the data map has none, and its key."""
    best: tuple[int, Key] | None = None
    for table in tables:
        identifying = [each for each in table.suggestions if each.firm and _identifies(each.category or "")]
        column = _own_key(table)
        called = any(word in lists.words("people") for word in words_of(table.called))
        # Visits have addresses too, but those of a visitor are there more than once.
        once = called or any(table.unique(each.column) for each in identifying)
        if column is None or len(identifying) < 2 or not once:
            continue
        points = len(identifying) + 3 * called
        if best is None or points > best[0]:
            best = points, Key(table.name, table.called, column.name, column.type)
    return best[1] if best else None


def _identifies(category: str) -> bool:
    return category.startswith(("user.name", "user.contact.", "user.government_id", "user.demographic.date_of_birth"))


def _own_key(table: Looked) -> Column | None:
    """The column that names the rows of a table of people: unique, a key by its kind, and called so."""
    unique = [each for each in table.columns if _KEY.fullmatch(each.type) and table.unique(each.name)]
    ranked = sorted(unique, key=lambda each: _key_rank(table, each), reverse=True)
    return ranked[0] if ranked and _key_rank(table, ranked[0]) > 0 else None


def _key_rank(table: Looked, column: Column) -> int:
    words = words_of(column.name)
    named = table.told(column.name).category
    if named == "user.unique_id":
        return 3
    if words and words[-1] in ("id", "key", "no", "nr", "number", "code", "uuid", "guid", "pk") and named is None:
        return 2 if len(words) == 1 else 1
    return 0


def subject_of(table: Looked, keys: Sequence[Key], scanner: Scanner, dense: Mapping[Key, bool]) -> Whose:
    """The column of a table that names customers, if any."""
    for key in keys:
        if key.table == table.name:
            return Whose(key.column, why=PEOPLE)
    best: tuple[float, Whose] | None = None
    for column in table.columns:
        for key in keys:
            alike = _alike(column.name, key)
            if not _KEY.fullmatch(column.type) or not _comparable(column.type, key.type):
                continue
            measured = table.measured.get(column.name)
            if measured is None or not measured.tells:
                if alike and best is None:
                    best = (
                        0.0,
                        Whose(column.name, why=f"its name is that of the customers' key (`{key.called}.{key.column}`)"),
                    )
                continue
            if not alike and (dense[key] or not _long(measured, column.type)):
                continue
            share = _share(scanner, table.name, column.name, key)
            if share >= (_OWN if alike else _CHANCE) and (best is None or share > best[0]):
                held = f"{percent(share)} of the different values of `{column.name}`"
                best = share, Whose(column.name, why=f"{held} are customers' keys (`{key.called}.{key.column}`)")
    return best[1] if best else Whose()


def via_of(table: Looked, parents: Sequence[Key], scanner: Scanner) -> Whose:
    """The column of a table that names rows of another which has a customer, if any."""
    for column in table.columns:
        for key in parents:
            if key.table == table.name or not key.unique or not _alike(column.name, key):
                continue
            measured = table.measured.get(column.name)
            if not _comparable(column.type, key.type) or measured is None or not measured.tells:
                continue
            share = _share(scanner, table.name, column.name, key)
            if share >= 0.9:
                says = f"{percent(share)} of the values of `{column.name}` are in `{key.called}.{key.column}`"
                return Whose(via=(column.name, key.called, key.column), why=says)
    return Whose()


def time_of(table: Looked, *, people: bool) -> str:
    """The column that says when a row came to be, or `none`, as of `people` themselves, whose rows are of now."""
    if people:
        return "none"
    best: tuple[int, str] | None = None
    for column in table.columns:
        kind = kind_of(column.type)
        if kind not in (DATE, INSTANT) or table.told(column.name).category == "user.demographic.date_of_birth":
            continue
        words = set(words_of(column.name))
        points = 2 * bool(words & lists.words("times")) + (kind == INSTANT) - 3 * bool(words & lists.words("later"))
        if best is None or points > best[0]:
            best = points, column.name
    return best[1] if best and best[0] > 0 else "none"


def beside(table: Looked) -> tuple[Suggestion, ...]:
    """Suggestions for columns that say nothing by themselves, beside many that say what a customer did."""
    done = [each.category for each in table.suggestions if (each.category or "").startswith("user.behavior")]
    other = [each for each in table.suggestions if each.category and not each.category.startswith("user.behavior")]
    if len(done) < 2 or len(done) < len([each for each in other if each.category != "user.unique_id"]):
        return table.suggestions
    category = max(sorted(set(map(str, done))), key=done.count)

    def filled(each: Suggestion, kind: str) -> Suggestion:
        if each.category is not None or kind not in (WHOLE, DATE, INSTANT, "number"):
            return each
        probability = 0.8 if kind == INSTANT else 0.6
        return replace(
            each, category=category, probability=probability, evidence=("most columns beside it say what somebody did",)
        )

    return tuple(
        filled(each, kind_of(column.type)) for each, column in zip(table.suggestions, table.columns, strict=True)
    )


def dense_keys(keys: Iterable[Key], scanner: Scanner) -> dict[Key, bool]:
    """Which keys are whole numbers close together, so that a column may hold some of them by chance."""
    found = {}
    for key in keys:
        try:
            found[key] = kind_of(key.type) == WHOLE and scanner.density(key.table, key.column) > _DENSE
        except EngineError:
            found[key] = True
    return found


def _alike(column: str, key: Key) -> bool:
    """Whether a column is called like a key, or like its table and `id`."""
    mine, theirs = "".join(words_of(column)), "".join(words_of(key.column))
    return (mine == theirs and theirs not in ("id", "name")) or mine in set(_called(key))


def _called(key: Key) -> Iterator[str]:
    table = words_of(key.called.rpartition(".")[2])
    theirs = "".join(words_of(key.column))
    for word in {"".join(table), table[-1] if table else ""}:
        for singular in {word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("n")}:
            if singular:
                yield singular + theirs
                yield singular + "id"
                yield "id" + singular


def _comparable(one: str, other: str) -> bool:
    return one == other or kind_of(one) == kind_of(other) == WHOLE


def _long(measured: Measured, type_name: str) -> bool:
    """Whether values are long enough that they are no others' by chance."""
    return (
        kind_of(type_name) == UUID
        or (kind_of(type_name) == TEXT and measured.length >= 5)
        or (kind_of(type_name) == WHOLE)
    )


def _share(scanner: Scanner, table: Name, column: str, key: Key) -> float:
    try:
        different, held = scanner.included(table, column, key.table, key.column)
    except EngineError:
        return 0.0
    return held / different if different else 0.0
