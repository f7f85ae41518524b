"""Many customers at once have the standing that each has alone."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee import decide
from bailee.decide.crowd import Choices, Crowd, crowd_of
from bailee.decide.instants import NEVER, UNBORN, UNKNOWN, ages, birthdays, micros, moment, plus
from bailee.decide.lawful import birthday
from bailee.policy import meaning
from bailee.policy.units import Duration
from bailee.vocabulary import Customer
from tests.strategies import worlds
from tests.worlds import AGES, World

EPOCH = date(1970, 1, 1)
DURATIONS = st.builds(Duration, months=st.integers(1, 400)) | st.builds(Duration, days=st.integers(1, 9000))
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 1), timezones=st.just(UTC))


@given(worlds(customers=5))
def test_many_are_judged_as_each_alone(world: World) -> None:
    """D4.18: the codes and the instant of every customer of a crowd are those that `standing` gives for one."""
    compiled = decide.Compiled(world.policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    found = compiled.standings(crowd_of(world.customers), world.at, covering)
    for row, customer in enumerate(world.customers):
        alone = compiled.standing(customer, world.at, covering)
        assert alone == (found.codes[row].tobytes(), moment(int(found.until[row])))


@given(worlds(customers=4), st.randoms(use_true_random=False))
def test_the_order_of_choices_does_not_matter(world: World, random: np.random.Generator) -> None:
    """Choices may come in any order, unless two of one customer tie in time, sequence and force."""
    compiled = decide.Compiled(world.policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    crowd = crowd_of([_distinct(customer) for customer in world.customers])
    order = list(range(len(crowd.choices.row)))
    random.shuffle(order)  # type: ignore[arg-type]
    mixed = Choices(*(getattr(crowd.choices, field.name)[order] for field in fields(Choices)))
    other = Crowd(**{f.name: getattr(crowd, f.name) for f in fields(Crowd)} | {"choices": mixed})
    expected, found = (compiled.standings(c, world.at, covering) for c in (crowd, other))
    assert (expected.codes == found.codes).all()


def _distinct(customer: Customer) -> Customer:
    from dataclasses import replace

    return replace(customer, choices=tuple(replace(c, sequence=n) for n, c in enumerate(customer.choices)))


def test_nobody_has_no_standing() -> None:
    """A crowd of nobody has no codes, and one that said nothing has codes all the same."""
    from tests.worlds import Seeded, world

    made = world(Seeded(1))
    compiled = decide.compile(made.policy, "sha256:nobody")
    covering = compiled.covering({})
    assert (0, len(compiled.slots)) == compiled.standings(crowd_of([]), made.at, covering).codes.shape
    silent = Customer("c")
    codes, _ = compiled.standing(silent, made.at, covering)
    assert codes == compiled.standings(crowd_of([silent]), made.at, covering).codes[0].tobytes()


@given(DURATIONS, TIMES)
def test_durations_add_as_the_policy_adds_them(duration: Duration, at: datetime) -> None:
    """A duration added to an array gives what `Duration.plus` gives; NEVER and UNKNOWN stay."""
    found = plus(duration, np.array([micros(at), NEVER, UNKNOWN]))
    assert [micros(duration.plus(at)), NEVER, UNKNOWN] == found.tolist()


@given(st.dates(date(1890, 1, 1), date(2030, 12, 31)), TIMES, st.sampled_from((0, *AGES, 8000)))
def test_ages_and_birthdays_are_those_of_one(born: date, at: datetime, years: int) -> None:
    """Ages are the meaning's, and birthdays those that judge one customer."""
    days = np.array([(born - EPOCH).days], np.int32)
    assert [max(meaning.age(born, at), -1)] == ages(days, micros(at)).tolist()
    expected = birthday(born, years)
    assert [NEVER if expected is None else micros(expected)] == birthdays(days, np.array([years])).tolist()


@pytest.mark.parametrize("born", [date(2008, 2, 29), date(2008, 3, 1)])
def test_a_leap_day_counts_from_the_first_of_march(born: date) -> None:
    """D4.6: 29 February counts from 1 March in other years."""
    days = np.array([(born - EPOCH).days, UNBORN], np.int32)
    assert 17 == ages(days, micros(datetime(2026, 2, 28, 23, tzinfo=UTC)))[0]
    assert 18 == ages(days, micros(datetime(2026, 3, 1, tzinfo=UTC)))[0]
