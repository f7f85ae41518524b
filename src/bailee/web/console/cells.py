"""Values of an answer as readers of a language write them; what is money is told, and never guessed.

Binary fractions are shown with four digits after the point, as the rest is mostly noise; an export has them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, get_currency_precision

from bailee.gate.values import for_text, is_number, rows
from bailee.web.words import Words

if TYPE_CHECKING:
    import pyarrow as pa

#: How many rows a page shows; an export has them all.
SHOWN = 200
LONGEST = 400
#: Whole numbers that name something are not counted in thousands.
_NAMES = re.compile(
    r"(^|_)(id|key|number|no|code|upc|ean|sku|year|week|day|month|zip|postcode|phone)s?$", re.IGNORECASE
)
_GROUPED = 10_000
DIGITS = 4
_LARGE, _SMALL = Decimal(10) ** 18, Decimal(10) ** -9


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer: its name, and whether its values are numbers."""

    name: str
    number: bool


@dataclass(frozen=True, slots=True)
class Cells:
    """The first rows of an answer in words, None where there is no value; `rounded` says that some lack digits."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    rounded: bool = False


def cells(table: pa.Table, say: Words, currencies: Sequence[str | None] = ()) -> Cells:
    """The first rows of an answer; `currencies` has that of each column whose figures are money."""
    units = [*currencies] or [None] * table.num_columns
    columns = tuple(Column(field.name, is_number(field.type)) for field in table.schema)
    worded = [_word(field.type, field.name, say, unit) for field, unit in zip(table.schema, units, strict=True)]
    first = list(rows(table.slice(0, SHOWN)))
    shown = tuple(tuple(_cell(value, word) for value, word in zip(row, worded, strict=True)) for row in first)
    rounded = any(_rounded(value, unit) for row in first for value, unit in zip(row, units, strict=True))
    return Cells(columns, shown, rounded)


def _cell(value: object, word: Callable[[Any], str]) -> str | None:
    if value is None:
        return None
    text = word(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _word(kind: pa.DataType, name: str, say: Words, currency: str | None) -> Callable[[Any], str]:
    import pyarrow.types as types

    if currency is not None and is_number(kind):
        return lambda value: say.money(value, currency)
    if types.is_integer(kind) and _NAMES.search(name):
        return str
    if is_number(kind):
        return lambda value: number(value, say)
    if types.is_date(kind):
        return lambda text: _of(text, date.fromisoformat, lambda at: str(format_date(at, "medium", locale=say.locale)))
    if types.is_timestamp(kind):
        return lambda text: _of(text, datetime.fromisoformat, lambda at: _time(at, say))
    return for_text


def number(value: float | Decimal, say: Words) -> str:
    """A number with all its digits, a binary fraction with four after the point."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if _rounded(value):
        exact = round(exact, DIGITS).normalize()
    if abs(exact) >= _LARGE or (exact and abs(exact) < _SMALL):
        return str(value)
    grouped = abs(exact) >= _GROUPED or exact != exact.to_integral_value()
    return str(format_decimal(exact, locale=say.locale, decimal_quantization=False, group_separator=grouped))


def _rounded(value: object, currency: str | None = None) -> bool:
    """Whether a number is shown with fewer digits than it has, but for the noise of binary fractions."""
    if currency is not None and isinstance(value, float | Decimal):
        exact, digits = Decimal(value), get_currency_precision(currency)
        return 1 <= abs(exact) < _LARGE and round(exact, DIGITS) != round(exact, digits)
    return isinstance(value, float) and 1 <= abs(value) < _LARGE and round(value, DIGITS) != value


def _time(at: datetime, say: Words) -> str:
    whole = at.replace(tzinfo=None)
    if whole.time() == whole.time().min:
        return str(format_date(whole, "medium", locale=say.locale))
    return str(format_datetime(whole, "medium", locale=say.locale))


def _of(text: str, read: Callable[[str], Any], write: Callable[[Any], str]) -> str:
    """A time in words, or as it is where no calendar of ours has it."""
    try:
        return write(read(text))
    except ValueError:
        return text
