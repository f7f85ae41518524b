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


def chart(series: Series, name: str) -> str:
    """The chart of a series as SVG, or nothing where it has none or nothing to draw; `name` is for its title's id."""
    at = _numbers(series)
    if series.chart is None or not at or not series.rows:
        return ""
    if series.chart is Chart.LINE:
        return _line(series, at[0], name)
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
    low, high = min(0.0, *values), max(0.0, *values)
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
    low, high = min(0.0, *every), max(0.0, *every)
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


def _line(series: Series, at: int, name: str) -> str:
    values = [_number(row[at]) for row in series.rows]
    known = [value for value in values if value is not None]
    low, high = min(0.0, *known), max(known)
    span, last = (high - low) or 1.0, max(len(values) - 1, 1)
    points = " ".join(
        f"{100 * index / last:.2f},{100 - 100 * (value - low) / span:.2f}"
        for index, value in enumerate(values)
        if value is not None
    )
    inner = (
        '<svg y="20" width="100%" height="120" viewBox="0 0 100 100" preserveAspectRatio="none">'
        f'<polyline class="line" vector-effect="non-scaling-stroke" points="{points}"/></svg>'
    )
    ends = (
        f'<text x="0" y="14">{escape(number_text(high))}</text>'
        f'<text x="0" y="158">{escape(_short(str(series.rows[0][0])))}</text>'
        f'<text x="100%" y="158" text-anchor="end">{escape(_short(str(series.rows[-1][0])))}</text>'
    )
    return _svg(series, f"{series.columns[at]}, by {series.columns[0]}", name, [inner, ends], 164)


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
