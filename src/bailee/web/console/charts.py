"""Simple charts, drawn on the server: SVG for the shapes, words around them in HTML, which stay legible when small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bailee.gate.values import is_number, rows
from bailee.web.console.cells import Cells, cells
from bailee.web.words import Words

if TYPE_CHECKING:
    import pyarrow as pa

#: The most bars, and points of a line, that a chart has.
MOST_BARS, MOST_POINTS = 40, 400
#: What a line is drawn on; the page stretches it.
WIDTH, HEIGHT = 600.0, 200.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its label, its value in words, and how long it is and where it begins, in hundredths of the whole."""

    label: str
    value: str
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of bars; `more` rows have none."""

    by: str
    of: str
    bars: tuple[Bar, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Line:
    """A chart of a line over time: SVG points, the words of its ends, and of its lowest and highest value."""

    by: str
    of: str
    points: str
    first: str
    last: str
    lowest: str
    highest: str


def fitting(table: pa.Table, say: Words, currencies: Sequence[str | None] = ()) -> Bars | Line | None:
    """The chart that fits an answer of one label or time and one number, or None."""
    import pyarrow.types as types

    numbers = [place for place, field in enumerate(table.schema) if is_number(field.type)]
    if table.num_columns != 2 or not numbers or table.num_rows < 2:
        return None
    of = numbers[-1]
    by = 1 - of
    kind = table.schema.field(by).type
    shown = table.slice(0, MOST_POINTS)
    values = [_float(row[of]) for row in rows(shown)]
    if any(value is None for value in values):
        return None
    known = [value for value in values if value is not None]
    words = cells(shown, say, currencies)
    if (types.is_date(kind) or types.is_timestamp(kind)) and table.num_rows <= MOST_POINTS:
        return _line(words, by, of, known, [str(row[by]) for row in rows(shown)])
    return _bars(words, by, of, known[:MOST_BARS], max(table.num_rows - MOST_BARS, 0))


def _bars(words: Cells, by: int, of: int, values: Sequence[float], more: int) -> Bars:
    low, high = min(0.0, *values), max(0.0, *values)
    whole = (high - low) or 1.0
    bars = tuple(
        Bar(row[by] or "", row[of] or "", 100 * (min(value, 0.0) - low) / whole, 100 * abs(value) / whole)
        for row, value in zip(words.rows, values, strict=False)
    )
    return Bars(words.columns[by].name, words.columns[of].name, bars, more)


def _line(words: Cells, by: int, of: int, values: Sequence[float], times: Sequence[str]) -> Line | None:
    order = sorted(range(min(len(values), len(words.rows))), key=lambda place: times[place])
    if len(order) < len(values):
        return None  # more points than the page has words for
    low, high = min(values), max(values)
    spread, step = (high - low) or 1.0, WIDTH / max(len(order) - 1, 1)
    points = " ".join(
        f"{step * place:.1f},{HEIGHT - HEIGHT * (values[at] - low) / spread:.1f}" for place, at in enumerate(order)
    )
    least, most = values.index(low), values.index(high)
    cell = words.rows
    return Line(
        words.columns[by].name,
        words.columns[of].name,
        points,
        cell[order[0]][by] or "",
        cell[order[-1]][by] or "",
        cell[least][of] or "",
        cell[most][of] or "",
    )


def _float(value: object) -> float | None:
    try:
        found = float(value)  # type: ignore[arg-type]  # a number, by its column
    except (TypeError, ValueError):
        return None
    return found if abs(found) < float("inf") else None


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days, and how many acts of each kind there were in it."""

    first: date
    said: Mapping[str, int]
    #: Where it stands and how high its parts are, in hundredths: grants from the bottom, then what was refused.
    left: float
    width: float
    granted: float
    refused: float


GRANT = "grant"


def periods(days: Mapping[date, Mapping[str, int]], first: date, last: date) -> list[Period]:
    """Acts by week, or by month where weeks would be too many, from the first day to the last."""
    starts = _starts(first, last)
    counted: dict[date, dict[str, int]] = {start: {} for start in starts}
    for day, acts in days.items():
        begun = max((start for start in starts if start <= day), default=starts[0])
        for act, count in acts.items():
            counted[begun][act] = counted[begun].get(act, 0) + count
    most = max((sum(said.values()) for said in counted.values()), default=0) or 1
    width = 100 / len(starts)
    return [
        Period(
            start,
            said,
            width * place,
            width * 0.8,
            100 * said.get(GRANT, 0) / most,
            100 * (sum(said.values()) - said.get(GRANT, 0)) / most,
        )
        for place, (start, said) in enumerate(counted.items())
    ]


_WEEKS = 20


def _starts(first: date, last: date) -> list[date]:
    if (last - first).days <= 7 * _WEEKS:
        monday = first - timedelta(days=first.weekday())
        return [monday + timedelta(days=7 * place) for place in range((last - monday).days // 7 + 1)]
    found, at = [], first.replace(day=1)
    while at <= last:
        found.append(at)
        at = (at + timedelta(days=32)).replace(day=1)
    return found
