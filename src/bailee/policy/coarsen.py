"""How a column becomes coarse: `band 20`, `prefix 3`, `month`. In Python and as a DuckDB expression, which agree."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

SPANS = ("year", "quarter", "month", "week", "day", "hour")
_WHOLE = r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER"
_SUITED = {
    "band": rf"{_WHOLE}|DOUBLE|FLOAT|DECIMAL(\(.*\))?",
    "prefix": rf"VARCHAR|ENUM\(.*\)|{_WHOLE}",
    "span": r"DATE|TIMESTAMP.*",
}


@dataclass(frozen=True, slots=True)
class Coarsen:
    """One way to make a value coarse. `kind` is `band`, `prefix` or a span of time; `size` belongs to the first two."""

    kind: str
    size: Decimal | None = None

    @classmethod
    def parse(cls, text: str) -> Coarsen:
        """Read `band 20`, `band 0.5`, `prefix 3`, `year`, `quarter`, `month`, `week`, `day` or `hour`."""
        words = text.split()
        if words and words[0] in SPANS and len(words) == 1:
            return cls(words[0])
        if len(words) == 2 and words[0] == "band" and re.fullmatch(r"[0-9]{1,15}|[0-9]{1,9}\.[0-9]{1,6}", words[1]):
            size = Decimal(words[1]).normalize()
            if size:
                return cls("band", Decimal(f"{size:f}"))
        if len(words) == 2 and words[0] == "prefix" and re.fullmatch(r"[1-9][0-9]{0,3}", words[1]):
            return cls("prefix", Decimal(words[1]))
        raise ValueError(f"`{text}` is no way to coarsen: expected `band N`, `prefix N`, {_spans()}")

    def __str__(self) -> str:
        return self.kind if self.size is None else f"{self.kind} {self.size:f}"

    def suits(self, type_name: str) -> bool:
        """Whether a column of this DuckDB type can be coarsened so; for any other, `sql` may not even bind."""
        kind = "span" if self.size is None else self.kind
        return re.fullmatch(_SUITED[kind], type_name.upper(), re.DOTALL) is not None

    def apply(self, value: object) -> object:
        """The coarse value; None for None and for what cannot be coarsened so."""
        if self.size is None:
            return _truncate(self.kind, value)
        if self.kind == "prefix":
            whole = isinstance(value, str | int) and not isinstance(value, bool)
            return str(value)[: int(self.size)] if whole else None
        return _band(self.size, value)

    def sql(self, expression: str) -> str:
        """The same as a DuckDB expression for a column whose type `suits`; the session's time zone must be UTC.

        Bands keep the numeric type, or a wider one where the size needs it. Spans are DATE, and `hour` TIMESTAMP.
        """
        x = f"({expression})"
        if self.kind == "prefix":
            return f"TRY(left(CAST({x} AS VARCHAR), {self.size:f}))"
        if self.size is None:
            type_name = "TIMESTAMP" if self.kind == "hour" else "DATE"
            return f"TRY(CAST(date_trunc('{self.kind}', CAST({x} AS TIMESTAMP)) AS {type_name}))"
        size = f"{self.size:f}"
        below = f"{x} - {x} % {size}"
        floor = f"WHEN {x} < {below} THEN {below} - {size} ELSE {below}"
        return f"TRY(CASE WHEN NOT isfinite({x}) THEN NULL {floor} END)"


def _band(size: Decimal, value: object) -> object:
    """Floor to a multiple of the size. The remainder is exact and taken off, so no trace of it is left in a float."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return None
    if isinstance(value, float):
        step = float(size)
        below = value - math.fmod(value, step)
        return below - step if value < below else below
    if isinstance(value, int) and size == int(size):
        return value // int(size) * int(size)
    try:
        below_exact = Decimal(value) - Decimal(value) % size
    except InvalidOperation:
        return None
    return below_exact - size if value < below_exact else below_exact


def _truncate(span: str, value: object) -> date | None:
    """The start of the span in UTC that holds the value: a date, or for `hour` a naive UTC datetime."""
    if not isinstance(value, date):
        return None
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    if span == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.date()
    if span == "week":
        return day - timedelta(days=day.weekday())
    if span == "day":
        return day
    month = {"year": 1, "quarter": (day.month - 1) // 3 * 3 + 1, "month": day.month}[span]
    return date(day.year, month, 1)


def _spans() -> str:
    return ", ".join(f"`{span}`" for span in SPANS[:-1]) + f" or `{SPANS[-1]}`"
