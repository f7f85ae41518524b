"""Durations and rates as a policy writes them: `2 years`, `90 days`, `2 per 7 days`.

Months are calendar months; days are 24 hours, because every instant is UTC.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

#: Singular unit -> (field, how many of it).
UNITS: dict[str, tuple[str, int]] = {
    "year": ("months", 12),
    "month": ("months", 1),
    "week": ("days", 7),
    "day": ("days", 1),
    "hour": ("minutes", 60),
    "minute": ("minutes", 1),
}
_DAY = 24 * 60
_LONGEST = {"months": 1000 * 12, "days": 1000 * 365, "minutes": 1000 * 365 * _DAY}
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_DURATION = r"(?:([0-9]+) +)?([A-Za-z]+)"
_RATE = r"([0-9]+(?:\.[0-9]+)?) +per +(.+)"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in months, days or minutes: exactly one of them is not zero.

    Whole days written in minutes become days, so `24 hours` equals `1 day`. ValueError if it is not one positive unit.
    """

    months: int = 0
    days: int = 0
    minutes: int = 0

    def __post_init__(self) -> None:
        if self.minutes and self.minutes % _DAY == 0:
            object.__setattr__(self, "days", self.days + self.minutes // _DAY)
            object.__setattr__(self, "minutes", 0)
        parts = (self.months, self.days, self.minutes)
        if min(parts) < 0 or sum(map(bool, parts)) != 1:
            raise ValueError(f"a duration has one positive unit, and months, days and minutes are {parts}")
        if any(getattr(self, field) > longest for field, longest in _LONGEST.items()):
            raise ValueError("a duration is at most 1000 years")

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `2 years`, `13 months`, `1 week`, `90 days`, `12 hours` or `30 minutes`; ValueError says why not."""
        return _duration(text, bare=False)

    def __str__(self) -> str:
        if self.months:
            return _words(self.months // 12, "year") if self.months % 12 == 0 else _words(self.months, "month")
        if self.days:
            return _words(self.days, "day")
        return _words(self.minutes // 60, "hour") if self.minutes % 60 == 0 else _words(self.minutes, "minute")

    def minus(self, at: datetime) -> datetime:
        """The instant this long before `at`; a day that its month lacks becomes the month's last."""
        return self._shift(at, -1)

    def plus(self, at: datetime) -> datetime:
        """The instant this long after `at`; a day that its month lacks becomes the month's last."""
        return self._shift(at, 1)

    def at_least(self, other: Duration) -> bool:
        """Whether this is as long as `other` from every instant; False where that depends on the calendar."""
        if self.months and other.months:
            return self.months >= other.months
        return self._shortest() >= other._longest()

    def _shift(self, at: datetime, sign: int) -> datetime:
        try:
            if not self.months:
                return at + sign * timedelta(days=self.days, minutes=self.minutes)
            year, month = divmod(at.year * 12 + at.month - 1 + sign * self.months, 12)
            return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
        except (OverflowError, ValueError):
            return _FIRST if sign < 0 else _LAST

    def _shortest(self) -> int:
        """Minutes that it lasts at least: 12 months are 365 days or more, a month 28 or more."""
        years, months = divmod(self.months, 12)
        return (years * 365 + months * 28 + self.days) * _DAY + self.minutes

    def _longest(self) -> int:
        """Minutes that it lasts at most: 12 months are 366 days or fewer, a month 31 or fewer."""
        years, months = divmod(self.months, 12)
        return (years * 366 + months * 31 + self.days) * _DAY + self.minutes


@dataclass(frozen=True, slots=True)
class Rate:
    """How much within any span of time: `2 per 7 days`."""

    amount: Decimal
    per: Duration

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read `2 per 7 days`, `1.0 per 90 days` or `1 per day`; ValueError says what is wrong."""
        found = re.fullmatch(_RATE, text.strip())
        if found is None:
            raise ValueError(f"`{text}` is not a rate: expected a number, `per` and a duration, such as `2 per 7 days`")
        amount = Decimal(found[1])
        if not amount:
            raise ValueError(f"the rate `{text}` allows nothing: expected a number above 0")
        return cls(amount, _duration(found[2], bare=True))

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} per {self.per}"

    def at_most(self, other: Rate) -> bool:
        """Whether whatever keeps this rate surely keeps `other` too."""
        if self.amount <= other.amount and self.per.at_least(other.per):
            return True
        spans = -(-other.per._longest() // self.per._shortest())
        return self.amount * spans <= other.amount


def _duration(text: str, *, bare: bool) -> Duration:
    """Read a duration; `bare` allows `day` for `1 day`."""
    found = re.fullmatch(_DURATION, text.strip())
    if found is None or (found[1] is None and not bare):
        raise ValueError(f"`{text}` is not a duration: expected a number and a unit, such as `2 years`")
    unit = found[2] if found[2] in UNITS else found[2].removesuffix("s")
    if unit not in UNITS:
        raise ValueError(f"`{text}` has the unknown unit `{found[2]}`: expected {_known()}{_meant(found[2])}")
    count = int((found[1] or "1")[:12])
    if not count:
        raise ValueError(f"`{text}` is no time at all: expected a whole number above 0")
    field, size = UNITS[unit]
    if count * size > _LONGEST[field]:
        raise ValueError(f"`{text}` is too long: expected at most 1000 years")
    return Duration(**{field: count * size})


def _known() -> str:
    names = [f"{unit}s" for unit in UNITS]
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _meant(word: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word.lower(), [f"{unit}s" for unit in UNITS], 1)
    return f"; did you mean `{close[0]}`?" if close else ""


def _words(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
