"""How a screen writes its numbers: as many digits as say something, thousands told apart, shares as percent."""

from __future__ import annotations

import math

from bailee.deals.cohort import FEWEST
from bailee.deals.finding import Figure
from bailee.deals.words import percent


def figure_text(figure: Figure) -> str:
    """A figure with its unit, and its interval if it has one: `20 % (17 % to 23 %)`, `484 customers`."""
    if figure.unit == "customers" and math.isnan(figure.value):
        return f"fewer than {FEWEST} customers"
    value = _value(figure.value, figure.unit)
    between = ""
    if figure.low is not None and figure.high is not None:
        between = f" ({_value(figure.low, figure.unit)} to {_value(figure.high, figure.unit)})"
    unit = "" if figure.unit in ("share", "") else f" {figure.unit}"
    return f"{value}{between}{unit}"


def number_text(value: str | float | None) -> str:
    """A cell of a table; what is not shown or not known is a dash."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return _digits(float(value))


def _value(value: float, unit: str) -> str:
    return percent(value) if unit == "share" and math.isfinite(value) else _digits(value)


def _digits(value: float) -> str:
    if not math.isfinite(value):
        return "not known" if math.isnan(value) else "without bound"
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:,.1f}"
