"""Asks the engine what columns look like. Counts come back, and some values, of which only counts are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from bailee.deid.discovery.measures import (
    ADDRESS,
    DATE,
    INSTANT,
    LEAST,
    NESTED,
    REAL,
    TEXT,
    UUID,
    WHOLE,
    Measured,
    kind_of,
)
from bailee.deid.discovery.shapes import SHAPES, WITHIN
from bailee.deid.discovery.values import passed
from bailee.engines import View, scanning

if TYPE_CHECKING:
    from bailee.engines import Column, Engine
    from bailee.engines.owned import Name

#: How old whoever buys is at least, and the earliest year in which anybody alive was born.
YOUNGEST, EARLIEST = 13, 1905
#: The columns of a table of so many rows or fewer are counted together.
SHORT = 50_000
#: Of longer ones, columns with fewer different values, or whose values repeat so often, are grouped first.
FEW, OFTEN = 1000, 5
#: Columns whose values are fetched at once.
AT_ONCE = 40
#: What a key or a reference can be made of.
KEYS = frozenset({TEXT, WHOLE, UUID})

_WHOLE = {name: (shape.needs, shape.pattern) for name, shape in SHAPES.items()}
_DIGITS = {name: (shape.needs, shape.pattern) for name, shape in SHAPES.items() if shape.digits}
_WITHIN = {name: (shape.needs, shape.pattern) for name, shape in WITHIN.items()}
_CALLED = {TEXT: "text", WHOLE: "whole number", REAL: "number", DATE: "date", INSTANT: "time"}
_VIEW = "scanned"

#: Told after each statement that some more columns were looked at.
Tell = Callable[[int], None]


class Scanner:
    """One engine, looked at; each statement raises `EngineError` as a question does."""

    def __init__(self, engine: Engine, today: date, rows: int) -> None:
        self._engine, self._rows = engine, rows
        self._words = words(engine.dialect)
        self._earliest, self._latest = date(EARLIEST, 1, 1), date(today.year - YOUNGEST, 1, 1)

    def figures(self, name: Name, columns: Sequence[Column]) -> dict[str, Measured]:
        """Rows, filled rows and different values of columns, and what is cheap to know beside."""
        found: dict[str, Measured] = {}
        for some in _slices(columns, scanning.FIGURES_AT_ONCE):
            asked = [scanning.Asked(each.name, _CALLED.get(kind_of(each.type), "")) for each in some if _counted(each)]
            row = self._row(scanning.figures(self._words, name, asked, earliest=self._earliest, latest=self._latest))
            found |= {each.name: _measured(row, at) for at, each in enumerate(asked)}
            found |= {each.name: Measured(row["n"]) for each in some if not _counted(each)}
        return found

    def measure(self, name: Name, columns: Sequence[Column], tell: Tell) -> dict[str, Measured]:
        """All that is counted of columns; of those that hold too little nothing but that."""
        found = self.figures(name, columns)
        kinds = {each.name: kind_of(each.type) for each in columns}
        telling = [each.name for each in columns if found[each.name].tells and kinds[each.name] != NESTED]
        for kind, patterns in ((TEXT, _WHOLE), (WHOLE, _DIGITS)):
            mine = [key for key in telling if kinds[key] == kind]
            self._shapes(name, mine, found, patterns, _WITHIN if kind == TEXT else {}, tell)
        looked = [key for key in telling if kinds[key] in (TEXT, WHOLE, UUID, ADDRESS) and found[key].tells]
        for key, values in self.sample(name, looked, found).items():
            count, passing = passed(values)
            found[key] = replace(found[key], sampled=count, passed=passing)
        tell(len(columns) - sum(kinds[key] in (TEXT, WHOLE) for key in telling))
        return found

    def _shapes(
        self,
        name: Name,
        columns: list[str],
        found: dict[str, Measured],
        whole: scanning.Patterns,
        within: scanning.Patterns,
        tell: Tell,
    ) -> None:
        """Count shapes: of short tables all columns at once, of long ones those whose values repeat one by one."""
        short = [key for key in columns if found[key].rows <= SHORT]
        for some in _slices(short, scanning.STACKED_AT_ONCE):
            for row in self._ask(scanning.stacked(self._words, name, some, whole, within)).to_pylist():
                key = some[row["k"]]
                found[key] = replace(_shaped(found[key], row, 0, whole, within), distinct=row["d"])
            tell(len(some))
        long = [key for key in columns if found[key].rows > SHORT]
        for key in (key for key in long if _repeats(found[key])):
            row = self._row(scanning.grouped(self._words, name, key, whole, within))
            found[key] = replace(_shaped(found[key], row, 0, whole, within), distinct=row["d"])
            tell(1)
        for some in _slices([key for key in long if not _repeats(found[key])], scanning.AT_ONCE):
            row = self._row(scanning.shapes(self._words, name, some, whole, within))
            for at, key in enumerate(some):
                found[key] = _shaped(found[key], row, at, whole, within)
            tell(len(some))

    def sample(self, name: Name, columns: Sequence[str], measured: Mapping[str, Measured]) -> dict[str, list[str]]:
        """Some values of each column, cut short; they are to be counted and let go."""
        found: dict[str, list[str]] = {}
        for some in _slices(columns, AT_ONCE):
            of = max(measured[key].rows for key in some)
            table = self._ask(scanning.sample(self._words, name, some, self._rows, of))
            for at, key in enumerate(some):
                found[key] = [value for value in table.column(f"v{at}").to_pylist() if value is not None]
        return found

    def included(self, child: Name, column: str, parent: Name, key: str) -> tuple[int, int]:
        """How many different values a column has, and how many of them another has too."""
        row = self._row(scanning.included(self._words, child, column, parent, key))
        return row["d"], row["k"]

    def density(self, name: Name, column: str) -> float:
        """How full the range of a whole-numbered key is: 1 where each number of it is there."""
        found = self._row(scanning.density(self._words, name, column))["p"]
        return 0.0 if found is None else float(found)

    def distinct(self, name: Name, columns: Sequence[str], most: int) -> list[tuple[str | None, ...]]:
        """At most so many different combinations of columns' values; they are to be hashed and let go."""
        table = self._ask(scanning.distinct(self._words, name, columns, most))
        return list(zip(*(table.column(f"v{at}").to_pylist() for at in range(len(columns))), strict=True))

    def _row(self, sql: str) -> dict[str, Any]:
        row: dict[str, Any] = self._ask(sql).to_pylist()[0]
        return row

    def _ask(self, sql: str) -> Any:
        return self._engine.ask([View(_VIEW, sql)], f"SELECT * FROM {_VIEW}", allow={}).table


def words(dialect: str) -> scanning.Words:
    """How an engine of a dialect writes what is counted; KeyError for one that is not looked at."""
    if dialect == "duckdb":
        from bailee.engines.duckdb.scanning import WORDS
    elif dialect == "postgres":
        from bailee.engines.postgres.scanning import WORDS
    else:
        raise KeyError(dialect)
    return WORDS


def _counted(column: Column) -> bool:
    """Whether different values can be told apart at all, on every engine."""
    return kind_of(column.type) in (TEXT, WHOLE, REAL, DATE, INSTANT, UUID, ADDRESS)


def _measured(row: Mapping[str, Any], at: int) -> Measured:
    filled = row[f"f{at}"]
    shapes = {}
    if f"b{at}" in row:
        shapes = {"birth": row[f"b{at}"], "recent": row[f"r{at}"]}
    if f"c{at}" in row:
        shapes = {"coordinate": row[f"c{at}"]}
    return Measured(
        rows=row["n"],
        filled=filled,
        distinct=min(row[f"d{at}"], filled),
        shapes=shapes,
        length=float(row.get(f"l{at}") or 0),
        words=float(row.get(f"w{at}") or 0),
        years=row.get(f"y{at}") or 0,
    )


def _repeats(measured: Measured) -> bool:
    """Whether a column is to be grouped first, which saves much and counts its different values exactly."""
    return measured.distinct < max(FEW, measured.filled // OFTEN)


def _shaped(
    measured: Measured, row: Mapping[str, Any], at: int, whole: scanning.Patterns, within: scanning.Patterns
) -> Measured:
    counts = {name: row[f"s{at}_{number}"] for number, name in enumerate((*whole, *within))}
    return replace(measured, shapes={**measured.shapes, **{name: count for name, count in counts.items() if count}})


def _slices(every: Sequence[Any], size: int) -> Iterator[Any]:
    return (every[start : start + size] for start in range(0, len(every), size))


def few(measured: Measured | None) -> bool:
    """Whether a table has so few rows that their number is not told."""
    return measured is None or measured.rows < LEAST
