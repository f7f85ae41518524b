"""Times and dates as people write them in files, strictly, with a hint where one is not understood."""

from __future__ import annotations

from datetime import UTC, date, datetime

from bailee.people.instants import EARLIEST, LATEST, days, micros
from bailee.people.problems import shown

_LIKE = "such as `2026-11-22T09:30:00Z`"


def parse_time(text: str | int | None) -> int:
    """Microseconds since 1970 of RFC 3339 text (without an offset: UTC), or as a Parquet file gives them.

    ValueError says what was found and what was expected.
    """
    if type(text) is not str:
        if text is None:
            raise ValueError(f"the time is missing: expected one {_LIKE}")
        return _kept(int(text), text)
    if len(text) < 11:
        raise ValueError(_hint(text))
    try:
        found = datetime.fromisoformat(text)
        at = micros(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise ValueError(_hint(text)) from None
    return _kept(at, text)


def parse_day(text: str | int | None) -> int | None:
    """Days since 1970 of `2001-12-31`, or of a time as a Parquet file gives it; None where nothing is given."""
    if not text:
        return None
    if isinstance(text, int):
        return text // 86_400_000_000
    try:
        if len(text) != 10:
            raise ValueError
        return days(date.fromisoformat(text))
    except ValueError:
        raise ValueError(f"{shown(text)} is no date: expected one such as `2001-12-31`") from None


def _kept(at: int, text: str | int) -> int:
    """The time, where it can be kept; ValueError for any other."""
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"{shown(str(text))} is not within the years 1900 to 9999")
    return at


def _hint(text: str) -> str:
    if not text.strip():
        return f"the time is missing: expected one {_LIKE}"
    if text.strip().replace(".", "", 1).isdigit():
        return f"{shown(text)} is a number: expected a date and time {_LIKE}"
    try:
        day = date.fromisoformat(text)
    except ValueError:
        order = "; the year comes first" if "/" in text or "." in text[:6] else ""
        return f"{shown(text)} is no time: expected one {_LIKE}{order}"
    return f"{shown(text)} names no time of day, so its order is unsure: expected one such as `{day}T09:30:00Z`"
