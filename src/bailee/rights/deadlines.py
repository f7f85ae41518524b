"""By when a request must be answered, by where the customer lives.

GDPR article 12(3) with Regulation (EEC, Euratom) 1182/71, article 3: one month is the same date of the next month, or
its last day; a Saturday, Sunday or public holiday moves it to the next working day. CCPA, 11 CCR 7021 and 7026:
confirmed within 10 business days, answered within 45 calendar days, at most 90 with notice; an opt-out within 15
business days. Where two readings differ the earlier day is taken, and only holidays of the whole country move a day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Container
from datetime import UTC, date, datetime, timedelta, timezone

from bailee.people.requests import Dates

GDPR, CCPA = "gdpr", "ccpa"
#: Where the GDPR, or the United Kingdom's like of it, holds: the EU, the EEA, and the United Kingdom.
_GDPR = frozenset(
    {
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
        "IS",
        "LI",
        "NO",
        "GB",
    }
)
#: The clock of the American west coast and islands at its furthest: their day of receipt is never later than that.
_WEST = timezone(timedelta(hours=-10))
_CONFIRM, _ANSWER, _LATEST, _OPT_OUT = 10, 45, 90, 15


def dates(kind: str, place: str | None, received: datetime) -> Dates:
    """The days of a request that was received at an instant, from a customer in a place, which may be unknown.

    In the United States the CCPA's clock counts, whichever state; everywhere else a month does, and where the place is
    unknown no holiday moves it.
    """
    country = None if place is None else place.partition("-")[0]
    if country == "US":
        return _ccpa(kind, received.astimezone(_WEST).date())
    day = received.astimezone(UTC).date()
    known = country if country in _GDPR else None
    return Dates(GDPR, None, _working(_months(day, 1), known), _working(_months(day, 3), known))


def _ccpa(kind: str, day: date) -> Dates:
    answer = _business(day, _OPT_OUT) if kind == "object" else day + timedelta(days=_ANSWER)
    latest = answer if kind == "object" else day + timedelta(days=_LATEST)
    return Dates(CCPA, _business(day, _CONFIRM), answer, latest)


def _months(day: date, count: int) -> date:
    """The same date some months later; the month's last day where it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _working(day: date, country: str | None) -> date:
    """The day itself, or the next that is no weekend and no public holiday of the whole country."""
    if country is None:
        return day
    free = _holidays(country, day)
    while day.weekday() >= 5 or day in free:
        day += timedelta(days=1)
    return day


def _business(day: date, count: int) -> date:
    """The day some business days later, by California's holidays."""
    free = _holidays("US", day, "CA")
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5 and day not in free
    return day


def _holidays(country: str, day: date, part: str | None = None) -> Container[date]:
    import holidays

    return holidays.country_holidays(country, subdiv=part, years=[day.year, day.year + 1])
