"""SQL that counts what whole columns look like, for whoever maps them: counts come back, and values of `sample`.

Each statement reads a table once. The engine runs it as it runs any question: read-only, limited, its errors fenced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from bailee.engines.owned import Name, quote

#: What a pattern is only tried on: values with this text in them, or with any digit.
DIGIT = "0-9"
#: Patterns by name, each with what a value needs for it, which is cheap to look for.
Patterns = Mapping[str, tuple[str, str]]

#: A longer value has none of the shapes that are of whole values; what occurs within is looked for up to `_WITHIN`.
_WHOLE, _WITHIN, _SAMPLED = 200, 2000, 1000
#: Columns that one statement counts: each has dozens of expressions.
AT_ONCE = 12
#: Columns that are stacked on each other at once.
STACKED_AT_ONCE = 200
#: Figures are few expressions a column.
FIGURES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Words:
    """How an engine writes what is counted; `{}` stands for an expression, the others for quoted texts."""

    table: str
    text: str
    matches: str
    contains: str
    distinct: str
    #: Bytes, without reading a long value where the engine can tell.
    size: str
    year: str
    day: str
    #: The values of columns as rows (`v`), with the number of the column (`k`).
    stack: str
    #: Some of a table's rows, the same ones each time; `{share}` is in percent and `{rows}` a count.
    sample: str
    #: That a number has at least four digits behind its point.
    fine: str

    def place(self, table: Name) -> str:
        """A table of the company's database."""
        return self.table.format(table.sql)


class Asked(NamedTuple):
    """A column to count: its name, and `text`, `whole number`, `number`, `date` or `time`."""

    name: str
    kind: str


def figures(words: Words, table: Name, columns: Sequence[Asked], *, earliest: date, latest: date) -> str:
    """Rows, and of each column `f` filled, `d` different; of texts `l` length and `w` words; of dates `b` births.

    A date could be of a birth between the two days, without a time; `r` counts later ones, and `y` different years.
    """
    parts = ["count(*) AS n"]
    for at, (name, kind) in enumerate(columns):
        column = quote(name)
        # PostgreSQL cannot tell two `json` apart, only their texts.
        told = words.text.format(column) if kind == "text" else column
        parts += [f"count({column}) AS f{at}", f"{words.distinct.format(told)} AS d{at}"]
        if kind == "text":
            text = f"left({words.text.format(column)}, {_WITHIN})"
            parts += [
                f"avg(length({text})) AS l{at}",
                f"avg(length(trim({text})) - length(replace(trim({text}), ' ', '')) + 1) AS w{at}",
            ]
        elif kind in ("date", "time"):
            born = f"{column} >= DATE '{earliest}' AND {column} < DATE '{latest}' AND {words.day.format(column)}"
            parts += [
                f"count(*) FILTER (WHERE {born}) AS b{at}",
                f"count(*) FILTER (WHERE {column} >= DATE '{latest}') AS r{at}",
                f"count(DISTINCT {words.year.format(column)}) AS y{at}",
            ]
        elif kind == "number":
            near = f"{column} BETWEEN -180 AND 180 AND {words.fine.format(column)}"
            parts.append(f"count(*) FILTER (WHERE {near}) AS c{at}")
    return f"SELECT {', '.join(parts)} FROM {words.place(table)}"


def shapes(words: Words, table: Name, columns: Sequence[str], whole: Patterns, within: Patterns) -> str:
    """How many rows of each column have each shape: `s<column>_<pattern>`, both by number, `within` after `whole`."""
    values, parts = [], []
    for at, name in enumerate(columns):
        values += _values(words, quote(name), at)
        parts += [f"count(*) FILTER (WHERE {test}) AS {key}" for key, test in _tests(words, at, whole, within)]
    return f"SELECT {', '.join(parts)} FROM (SELECT {', '.join(values)} FROM {words.place(table)}) AS t"


def stacked(words: Words, table: Name, columns: Sequence[str], whole: Patterns, within: Patterns) -> str:
    """The same as a row a column, by number (`k`), with `d` different values: each pattern is prepared once for all."""
    values = ", ".join(words.text.format(quote(name)) for name in columns)
    inner = words.stack.format(values=values, count=len(columns), table=words.place(table))
    parts = [f"count(*) FILTER (WHERE {test}) AS {key}" for key, test in _tests(words, 0, whole, within)]
    shorts = ", ".join(_values(words, "v", 0))
    rows = f"SELECT k, v, {shorts} FROM ({inner}) AS s"
    return f"SELECT k, count(DISTINCT v) AS d, {', '.join(parts)} FROM ({rows}) AS t GROUP BY k"


def grouped(words: Words, table: Name, column: str, whole: Patterns, within: Patterns) -> str:
    """The same of one column whose values repeat, with `d`, how many different ones there are: each is read once."""
    inner = f"SELECT {words.text.format(quote(column))} AS v, count(*) AS n FROM {words.place(table)} GROUP BY 1"
    tests = _tests(words, 0, whole, within)
    parts = [f"CAST(coalesce(sum(n) FILTER (WHERE {test}), 0) AS BIGINT) AS {key}" for key, test in tests]
    values = ", ".join(_values(words, "v", 0))
    return f"SELECT count(v0) AS d, {', '.join(parts)} FROM (SELECT n, {values} FROM ({inner}) AS g) AS t"


def sample(words: Words, table: Name, columns: Iterable[str], rows: int, of: int) -> str:
    """Some rows' values as text, cut short: `v<column>`, by number."""
    parts = (f"left({words.text.format(quote(name))}, {_SAMPLED}) AS v{at}" for at, name in enumerate(columns))
    share = min(100.0, 130.0 * rows / of) if of else 100.0
    some = words.sample.format(table=words.place(table), share=f"{share:.6f}", rows=rows)
    return f"SELECT {', '.join(parts)} FROM {some}"


def included(words: Words, table: Name, column: str, parent: Name, key: str) -> str:
    """How many different values a column has (`d`), and how many of them are in another table's column (`k`)."""
    own, theirs = _keys(words, table, column), _keys(words, parent, key)
    return f"SELECT count(*) AS d, count(p.v) AS k FROM ({own}) AS c LEFT JOIN ({theirs}) AS p ON c.v = p.v"


def _keys(words: Words, table: Name, column: str) -> str:
    name = quote(column)
    return f"SELECT DISTINCT {words.text.format(name)} AS v FROM {words.place(table)} WHERE {name} IS NOT NULL"


def density(words: Words, table: Name, column: str) -> str:
    """How full the range of a key of whole numbers is: `p`, from 0 to 1."""
    name = quote(column)
    span = f"CAST(max({name}) AS DOUBLE PRECISION) - min({name}) + 1"
    return f"SELECT count(DISTINCT {name}) / ({span}) AS p FROM {words.place(table)}"


def distinct(words: Words, table: Name, columns: Sequence[str], most: int) -> str:
    """At most so many different combinations of some columns' values, as text: `v<column>`."""
    parts = ", ".join(f"left({words.text.format(quote(name))}, {_SAMPLED}) AS v{at}" for at, name in enumerate(columns))
    return f"SELECT DISTINCT {parts} FROM {words.place(table)} LIMIT {most}"


def _values(words: Words, column: str, at: int) -> list[str]:
    text = words.text.format(column)
    short = f"CASE WHEN {words.size.format(text)} <= {_WHOLE} THEN lower(trim({text})) END AS v{at}"
    return [short, f"lower(left({text}, {_WITHIN})) AS w{at}"]


def _tests(words: Words, at: int, whole: Patterns, within: Patterns) -> list[tuple[str, str]]:
    """A CASE reads only the rows that need it, where AND might read all."""
    patterns = [(f"v{at}", each) for each in whole.values()] + [(f"w{at}", each) for each in within.values()]
    found = []
    for number, (column, (needs, pattern)) in enumerate(patterns):
        test = words.matches.format(column, pattern=_literal(pattern))
        if needs:
            first = (
                words.matches.format(column, pattern="'[0-9]'")
                if needs == DIGIT
                else words.contains.format(column, text=_literal(needs))
            )
            test = f"CASE WHEN {first} THEN {test} END"
        found.append((f"s{at}_{number}", test))
    return found


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
