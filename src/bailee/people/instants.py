"""Times and dates as the database keeps them: whole microseconds, and whole days, since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = _EPOCH.toordinal()


def micros(at: datetime) -> int:
    """Return microseconds since the epoch; TypeError where the datetime names no time zone."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_FIRST = micros(datetime.min.replace(tzinfo=UTC))
#: What is kept lies between these, in microseconds: before and after, an offset could lead to a year that there is not.
EARLIEST, LATEST = micros(datetime(1900, 1, 1, tzinfo=UTC)), micros(datetime.max.replace(tzinfo=UTC))


#: SQL that is true of a time between these: what was kept of another, by an earlier Bailee, gives nobody any standing.
LIKELY = f"BETWEEN {EARLIEST} AND {LATEST}"


def instant(stored: int) -> datetime:
    """Return the aware UTC datetime of stored microseconds, at the earliest and latest the first and last there are."""
    return _EPOCH + timedelta(microseconds=max(_FIRST, min(stored, LATEST)))


def days(day: date) -> int:
    """Return days since 1970-01-01."""
    return day.toordinal() - _FIRST_DAY


def day(stored: int) -> date:
    """Return the date of stored days."""
    return date.fromordinal(stored + _FIRST_DAY)


def micros_or_none(at: datetime | None) -> int | None:
    """Return `micros` of a time that may be unknown."""
    return None if at is None else micros(at)


def instant_or_none(stored: int | None) -> datetime | None:
    """Return `instant` of a time that may be unknown."""
    return None if stored is None else instant(stored)
