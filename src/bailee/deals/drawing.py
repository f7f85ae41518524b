"""The charts of a screen's page: SVG that fits any width without a script, each with its table beneath it.

Lengths are percent and text is in pixels, so a bar shrinks with the page and its words do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bailee.deals.finding import Chart, Series
from bailee.deals.numbers import number_text

#: The most bars of one chart; the table has them all. How many letters a label may have.
MOST, LONGEST = 16, 44
_ROW = 40
#: How the lines of one chart differ without colour.
_DASHES = ("", ' stroke-dasharray="7 4"', ' stroke-dasharray="2 3"', ' stroke-dasharray="9 3 2 3"')


def chart(series: Series, name: str) -> str:
    """The chart of a series as SVG, or nothing where it has none or nothing to draw; `name` is for its title's id."""
    at = _numbers(series)
    if series.chart is None or not at or not series.rows:
        return ""
    if series.chart is Chart.LINE:
        return _line(series, at, name)
    return _range(series, at, name) if series.chart is Chart.RANGE and len(at) > 1 else _bars(series, at[0], name)


def _numbers(series: Series) -> list[int]:
    """The columns after the first that hold numbers."""
    return [
        at
        for at in range(1, len(series.columns))
        if any(_number(row[at]) is not None for row in series.rows)
        and not any(isinstance(row[at], str) for row in series.rows)
    ]


def _bars(series: Series, at: int, name: str) -> str:
    rows = [(row[0], _number(row[at])) for row in series.rows[:MOST]]
    values = [value for _, value in rows if value is not None]
    low, high = _ends(values)
    span = (high - low) or 1.0
    parts = []
    for index, (label, value) in enumerate(rows):
        parts.append(_label(label, number_text(value), index))
        parts.append(_rect("rest", 0, 1, index))
        if value is not None and value != 0:
            left, width = (min(value, 0.0) - low) / span, abs(value) / span
            parts.append(_rect("bar", left, max(width, 0.002), index))
    return _svg(series, f"{series.columns[at]}, by {series.columns[0]}", name, parts, len(rows) * _ROW)


def _range(series: Series, at: Sequence[int], name: str) -> str:
    rows = [(row[0], [value for each in at if (value := _number(row[each])) is not None]) for row in series.rows[:MOST]]
    every = [value for _, values in rows for value in values]
    low, high = _ends(every)
    span = (high - low) or 1.0
    parts = []
    for index, (label, values) in enumerate(rows):
        ends = sorted(values)
        said = f"{number_text(ends[0])} to {number_text(ends[-1])}" if ends else number_text(None)
        parts.append(_label(label, said, index))
        parts.append(_rect("rest", 0, 1, index))
        if ends:
            left, width = (ends[0] - low) / span, (ends[-1] - ends[0]) / span
            parts.append(_rect("bar", left, max(width, 0.004), index))
    return _svg(series, f"from {series.columns[at[0]]} to {series.columns[at[-1]]}", name, parts, len(rows) * _ROW)


def _line(series: Series, at: Sequence[int], name: str) -> str:
    """A line for each column, told apart by its dashes, from zero or below to the largest of all."""
    columns = [[_number(row[each]) for row in series.rows] for each in at[: len(_DASHES)]]
    known = [value for values in columns for value in values if value is not None]
    low, high = _ends(known)
    top = 20 * len(columns) + 22
    parts = []
    for index in range(len(columns)):
        y = 20 * index + 10
        parts.append(f'<line class="line" x1="0" x2="36" y1="{y}" y2="{y}"{_DASHES[index]}/>')
        parts.append(f'<text x="44" y="{y + 4}">{escape(_short(series.columns[at[index]]))}</text>')
    parts.append(f'<text x="100%" y="{top - 6}" text-anchor="end">{escape(number_text(high))}</text>')
    parts.append(f'<svg y="{top}" width="100%" height="120" viewBox="0 0 100 100" preserveAspectRatio="none">')
    parts.append('<rect class="rest" width="100" height="100"/>')
    parts += [_points(values, low, high, _DASHES[index]) for index, values in enumerate(columns)]
    parts.append("</svg>")
    ends = _short(str(series.rows[0][0])), _short(str(series.rows[-1][0]))
    parts.append(f'<text x="0" y="{top + 136}">{escape(ends[0])}</text>')
    parts.append(f'<text x="100%" y="{top + 136}" text-anchor="end">{escape(ends[1])}</text>')
    return _svg(series, f"by {series.columns[0]}", name, parts, top + 142)


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Where a scale begins and ends: at zero or below, and for shares at one."""
    low, high = min(0.0, *values), max(0.0, *values)
    shares = 0 < high <= 1 and any(value != int(value) for value in values)
    return low, 1.0 if shares else high


def _points(values: Sequence[float | None], low: float, high: float, dashes: str) -> str:
    span, last = (high - low) or 1.0, max(len(values) - 1, 1)
    points = " ".join(
        f"{100 * index / last:.2f},{100 - 100 * (value - low) / span:.2f}"
        for index, value in enumerate(values)
        if value is not None
    )
    return f'<polyline class="line" vector-effect="non-scaling-stroke"{dashes} points="{points}"/>'


def _rect(kind: str, left: float, width: float, index: int) -> str:
    return f'<rect class="{kind}" x="{left:.2%}" y="{index * _ROW + 20}" width="{width:.2%}" height="10"/>'


def _label(label: str | float | None, value: str, index: int) -> str:
    words = label if isinstance(label, str) else number_text(label)
    y = index * _ROW + 14
    return (
        f'<text x="0" y="{y}">{escape(_short(words))}</text>'
        f'<text x="100%" y="{y}" text-anchor="end">{escape(value)}</text>'
    )


def _short(text: str) -> str:
    text = text.replace("`", "")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _svg(series: Series, what: str, name: str, parts: Sequence[str], height: int) -> str:
    title = escape(f"{series.title}: {what}")
    head = f'<svg role="img" aria-labelledby="{name}" height="{height}"><title id="{name}">{title}</title>'
    return f"{head}{''.join(parts)}</svg>"


def _number(value: str | float | None) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(float(value)) < 1e300 else None
