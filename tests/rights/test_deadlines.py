"""The days by which to answer: worked examples of Regulation 1182/71 and of the CCPA."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bailee.rights.deadlines import dates


def at(day: str, hour: int = 12) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "place", "answer"),
    [
        ("2026-03-05", "DE", "2026-04-07"),  # Easter Monday
        ("2026-01-31", "IE", "2026-03-02"),  # no 31 February, and the 28th is a Saturday
        ("2026-08-31", "FR", "2026-09-30"),
        ("2026-04-14", "FR", "2026-05-15"),  # Ascension
        ("2026-11-25", "DE", "2026-12-28"),  # both days of Christmas and a Sunday
        ("2028-01-31", "DE", "2028-02-29"),
        ("2026-06-14", "FR", "2026-07-15"),  # Bastille day
        ("2026-06-14", "FR-75", "2026-07-15"),
        ("2026-06-14", "BR", "2026-07-14"),  # elsewhere nothing moves a day
        ("2026-06-14", None, "2026-07-14"),
    ],
)
def test_a_month_by_the_regulation(received: str, place: str | None, answer: str) -> None:
    """The same date of the next month, its last day where it has none, then the next working day."""
    found = dates("access", place, at(received))
    assert ("gdpr", None, date.fromisoformat(answer)) == (found.law, found.confirm_by, found.answer_by)


def test_an_extension_is_counted_from_the_receipt() -> None:
    """Two further months are three from the receipt, not from the end of the first."""
    assert date(2026, 6, 5) == dates("access", "DE", at("2026-03-05")).latest_by


def test_the_ccpa() -> None:
    """Ten business days to confirm, with Thanksgiving and the day after; 45 and 90 days whatever they are."""
    found = dates("access", "US-CA", at("2026-11-20", 20))
    expected = (date(2026, 12, 8), date(2027, 1, 4), date(2027, 2, 18))
    assert ("ccpa", *expected) == (found.law, found.confirm_by, found.answer_by, found.latest_by)


def test_an_opt_out_in_fifteen_business_days() -> None:
    """An objection there is an opt-out, and may not be put off."""
    found = dates("object", "US-CA", at("2026-11-20", 20))
    assert (date(2026, 12, 15), date(2026, 12, 15)) == (found.answer_by, found.latest_by)


def test_the_day_of_receipt_is_the_earlier_one() -> None:
    """An evening in California is the next day in UTC; the term runs from the earlier."""
    assert dates("access", "US-CA", at("2026-11-21", 3)) == dates("access", "US-CA", at("2026-11-20", 20))
