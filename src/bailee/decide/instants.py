"""Instants as whole microseconds since 1970 (UTC) in numpy arrays, and calendar arithmetic on them.

The same arithmetic as `policy.units.Duration.plus` and `policy.meaning.age`, for a million at a time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from bailee.policy.units import Duration

Times = npt.NDArray[np.int64]

#: Later than every instant, and earlier.
NEVER = int(np.iinfo(np.int64).max)
UNKNOWN = int(np.iinfo(np.int64).min)
#: The day of birth of somebody whose day of birth is unknown.
UNBORN = int(np.iinfo(np.int32).min)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000
DAY = 24 * 60 * _MINUTE
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def micros(at: datetime) -> int:
    """An aware datetime as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime | None:
    """The datetime of such a number; None for one past the calendar's end, such as NEVER."""
    return None if at > _LAST else _EPOCH + at * _MICROSECOND


def plus(duration: Duration, times: Times) -> Times:
    """The instants so much later, at most the calendar's last; NEVER and UNKNOWN stay as they are."""
    moved = _months(duration.months, times) if duration.months else _minutes(duration, times)
    return np.where((times == NEVER) | (times == UNKNOWN), times, np.minimum(moved, _LAST))


def _minutes(duration: Duration, times: Times) -> Times:
    by = duration.days * DAY + duration.minutes * _MINUTE
    return np.minimum(times, _LAST) + by


def _months(months: int, times: Times) -> Times:
    days = np.clip(times, -_LAST, _LAST) // DAY
    month = days.astype("M8[D]").astype("M8[M]")
    into = days - month.astype("M8[D]").astype(np.int64)
    start = (month + months).astype("M8[D]").astype(np.int64)
    length = (month + (months + 1)).astype("M8[D]").astype(np.int64) - start
    return np.asarray((start + np.minimum(into, length - 1)) * DAY + times % DAY, dtype=np.int64)


def birthdays(born: npt.NDArray[np.int32], years: npt.NDArray[np.int64]) -> Times:
    """The instants at which people born on these days (since 1970) turn so old; NEVER if past the calendar's end."""
    days = born.astype("M8[D]")
    month = days.astype("M8[M]")
    into = days.astype(np.int64) - month.astype("M8[D]").astype(np.int64)
    # 29 February is a day past the end of February in other years: 1 March.
    at = ((month + 12 * years).astype("M8[D]").astype(np.int64) + into) * DAY
    return np.where(at > _LAST, NEVER, at)


def ages(born: npt.NDArray[np.int32], at: int) -> npt.NDArray[np.int16]:
    """Whole years at an instant, by the UTC date; -1 for people not born yet, and of no meaning for UNBORN."""
    today = (_EPOCH + at * _MICROSECOND).date()
    days = np.where(born == UNBORN, 0, born).astype("M8[D]")
    month = days.astype("M8[M]")
    into = (days - month.astype("M8[D]")).astype(np.int64)
    months = 12 * (today.year - 1970) + today.month - 1 - month.astype(np.int64) - (into >= today.day)
    return np.asarray(np.maximum(months // 12, -1), dtype=np.int16)
