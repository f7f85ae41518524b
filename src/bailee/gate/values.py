"""The values of an answer as plain Python, JSON and text; the same rules for every format.

Decimals keep every digit, times are RFC 3339 (those without a zone are UTC, as everywhere in Bailee), binary is hex.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any

from bailee.errors import EngineError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 10_000


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type is one of numbers."""
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def is_plain(kind: pa.DataType) -> bool:
    """Whether the text of such values is made of digits and marks alone."""
    import pyarrow.types as types

    return is_number(kind) or bool(types.is_boolean(kind) or types.is_temporal(kind))


def batches(table: pa.Table) -> Iterator[list[Sequence[Any]]]:
    """The columns of a table, a batch in memory at a time; EngineError for a value that no format can show."""
    for start in range(0, table.num_rows, BATCH):
        batch = table.slice(start, BATCH)
        yield [_column(batch, index) for index in range(batch.num_columns)]


def rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """The same by rows."""
    for columns in batches(table):
        yield from zip(*columns, strict=True)


def _column(batch: pa.Table, index: int) -> Sequence[Any]:
    import pyarrow as pa
    import pyarrow.types as types

    column, kind = batch.column(index), batch.schema.field(index).type
    try:
        if types.is_timestamp(kind):
            # As text: Python's datetime holds neither nanoseconds nor every year.
            known = column.cast(pa.timestamp(kind.unit, "UTC")) if kind.tz else column
            return [_instant(text) for text in known.cast(pa.string()).to_pylist()]
        if types.is_date(kind) or types.is_time(kind):
            return list(column.cast(pa.string()).to_pylist())
        values = list(column.to_pylist())
        return [None if v is None else _interval(v) for v in values] if kind == pa.month_day_nano_interval() else values
    except (pa.ArrowException, OverflowError, ValueError):
        name = batch.schema.field(index).name
        message = f"column `{name}` holds a value of type {kind} that cannot be shown; cast it to text in the question"
        raise EngineError(message) from None


def _instant(text: str | None) -> str | None:
    if text is None:
        return None
    if text.startswith("<"):  # how Arrow says that a value is out of its range, as the engine's infinities are
        raise ValueError(text)
    whole, _, fraction = text.removesuffix("Z").replace(" ", "T").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def for_json(value: Any) -> Any:
    """A value as JSON has it; decimals are strings, so that no reader rounds them."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case list() | tuple():
            return [for_json(each) for each in value]
        case dict():
            return {str(key): for_json(each) for key, each in value.items()}
        case _:
            return for_text(value)


def for_text(value: Any) -> str:
    """A value as CSV has it; NULL is empty."""
    known = _TEXTS.get(type(value))
    return known(value) if known else _unusual(value)


def _unusual(value: Any) -> str:
    if isinstance(value, list | tuple | dict):
        return json.dumps(for_json(value), ensure_ascii=False)
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _moment(value: datetime) -> str:
    return (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None).isoformat() + "Z"


def _interval(value: Any) -> str:
    return _duration(value.months, value.days, Decimal(value.nanoseconds) / 1_000_000_000)


def _span(value: timedelta) -> str:
    return _duration(0, value.days, Decimal(value.seconds) + Decimal(value.microseconds) / 1_000_000)


#: By exact type: one look-up for each value of what may be a million rows.
_TEXTS: dict[type, Callable[[Any], str]] = {
    NoneType: lambda _: "",
    str: str,
    int: str,
    float: repr,
    bool: lambda value: "true" if value else "false",
    Decimal: lambda value: format(value, "f"),
    bytes: bytes.hex,
    datetime: _moment,
    timedelta: _span,
}


def for_terminal(value: Any) -> str:
    """A value as a terminal's table has it: `NULL` is nothing, and a text that spells it is quoted."""
    match value:
        case None:
            return "NULL"
        case "NULL" | "":
            return f'"{value}"'
        case float():
            return f"{value:.12g}"
        case _:
            return for_text(value)


def _duration(months: int, days: int, seconds: Decimal) -> str:
    """A length of time (ISO 8601)."""
    date_part = (f"{months}M" if months else "") + (f"{days}D" if days else "")
    time_part = f"T{seconds.normalize():f}S" if seconds or not date_part else ""
    return f"P{date_part}{time_part}"
