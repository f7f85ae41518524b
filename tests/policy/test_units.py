"""Durations and rates."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.policy.units import Duration, Rate

durations = st.one_of(
    st.builds(Duration, months=st.integers(1, 60)),
    st.builds(Duration, days=st.integers(1, 2000)),
    st.builds(Duration, minutes=st.integers(1, 100_000)),
)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 years", Duration(months=24)),
        ("13 months", Duration(months=13)),
        ("1 week", Duration(days=7)),
        ("90 days", Duration(days=90)),
        ("12 hours", Duration(minutes=720)),
        ("24 hours", Duration(days=1)),
    ],
)
def test_durations_are_read(text: str, expected: Duration) -> None:
    """A duration is a whole number and a unit; whole days in hours are days."""
    assert expected == Duration.parse(text)


@given(durations)
def test_a_printed_duration_reads_back(duration: Duration) -> None:
    """`str` and `parse` are inverse."""
    assert duration == Duration.parse(str(duration))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "2 yaers",
            "`2 yaers` has the unknown unit `yaers`: expected years, months, weeks, days, hours or minutes; "
            "did you mean `years`?",
        ),
        ("2", "`2` is not a duration: expected a number and a unit, such as `2 years`"),
        ("day", "`day` is not a duration: expected a number and a unit, such as `2 years`"),
        ("0 days", "`0 days` is no time at all: expected a whole number above 0"),
        ("99999999999999 days", "`99999999999999 days` is too long: expected at most 1000 years"),
    ],
)
def test_bad_durations_say_what_is_wrong(text: str, message: str) -> None:
    """A duration that cannot be read is refused with what was found and expected."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        Duration.parse(text)
    assert message == str(caught.value)


@given(durations, instants)
def test_shifts_agree_with_duckdb(duration: Duration, at: datetime) -> None:
    """Adding and taking off a duration does what DuckDB does with an interval."""
    parts = f"INTERVAL '{duration.months} months {duration.days} days {duration.minutes} minutes'"
    naive = at.replace(tzinfo=None)
    later, earlier = duckdb.execute(
        f"SELECT $at::TIMESTAMP + {parts}, $at::TIMESTAMP - {parts}", {"at": naive}
    ).fetchone()
    assert (later, earlier) == (duration.plus(at).replace(tzinfo=None), duration.minus(at).replace(tzinfo=None))


@given(durations, durations, instants)
def test_at_least_holds_from_every_instant(one: Duration, other: Duration, at: datetime) -> None:
    """Where `at_least` says so, no instant makes the duration the shorter one."""
    if one.at_least(other):
        assert one.plus(at) >= other.plus(at)
        assert one.minus(at) <= other.minus(at)


def test_at_least_is_false_where_the_calendar_decides() -> None:
    """30 days and a month cover each other in neither direction; 31 days cover a month."""
    month = Duration(months=1)
    answers = [Duration(days=30).at_least(month), month.at_least(Duration(days=30)), Duration(days=31).at_least(month)]
    assert [False, False, True] == answers


def test_shifts_stop_at_the_ends_of_time() -> None:
    """A cut-off before the first year is the first instant there is."""
    assert datetime.min.replace(tzinfo=UTC) == Duration(months=12_000).minus(datetime(300, 1, 1, tzinfo=UTC))


def test_rates_are_read_and_printed() -> None:
    """A rate is an amount per duration, printed without needless zeros."""
    rate = Rate.parse("1.0 per 90 days")
    assert (Rate(Decimal(1), Duration(days=90)), "1 per 90 days") == (rate, str(rate))
    assert Rate(Decimal(1), Duration(days=1)) == Rate.parse("1 per day")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("two a week", "`two a week` is not a rate: expected a number, `per` and a duration, such as `2 per 7 days`"),
        ("0 per 7 days", "the rate `0 per 7 days` allows nothing: expected a number above 0"),
    ],
)
def test_bad_rates_say_what_is_wrong(text: str, message: str) -> None:
    """A rate that cannot be read is refused with what was found and expected."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        Rate.parse(text)
    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2 per 7 days", "2 per 7 days", True),
        ("2 per 7 days", "4 per 14 days", True),
        ("2 per 7 days", "2 per 1 day", True),
        ("4 per 14 days", "2 per 7 days", False),
        ("2 per 7 days", "7 per 30 days", False),
        ("1 per 1 month", "1 per 30 days", False),
    ],
)
def test_a_rate_is_at_most_another_only_if_keeping_it_keeps_both(one: str, other: str, expected: bool) -> None:
    """Spans of one rate that cover a span of the other add up."""
    assert expected is Rate.parse(one).at_most(Rate.parse(other))
