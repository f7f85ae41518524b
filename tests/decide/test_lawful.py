"""One customer's standing is the meaning's, for as long as it says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee import decide
from bailee.decide import codes
from bailee.decide.lawful import birthday
from bailee.policy import meaning
from tests.strategies import instants, worlds
from tests.worlds import World

TINY = timedelta(microseconds=1)


@given(worlds())
def test_standing_is_that_of_the_meaning(world: World) -> None:
    """D4.18: every slot of every customer has the code that the meaning gives."""
    compiled = decide.Compiled(world.policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    for customer in world.customers:
        expected = [
            meaning.standing(world.policy, purpose, to, customer, world.at, world.terms)
            for purpose, to in compiled.slots
        ]
        found, _ = compiled.standing(customer, world.at, covering)
        assert expected == [decide.REASONS[code] for code in found]


@given(worlds(), st.lists(instants, max_size=4), st.integers(0, 10**15))
def test_nothing_changes_before_until(world: World, later: list[datetime], some: int) -> None:
    """D4.17: from the instant asked to just before `until`, the meaning gives the same code."""
    compiled = decide.Compiled(world.policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    for customer in world.customers:
        for slot, (purpose, to) in enumerate(compiled.slots):
            code, until = compiled.judge(customer, slot, world.at, covering)
            assert until is None or until > world.at
            tried = [*later, world.at + timedelta(microseconds=some), *([until - TINY] if until else [])]
            for at in (at for at in tried if world.at <= at and (until is None or at < until)):
                expected = meaning.standing(world.policy, purpose, to, customer, at, world.terms)
                assert (at, expected) == (at, decide.REASONS[code])


@given(worlds())
def test_standing_ends_when_its_first_slot_does(world: World) -> None:
    """The instant of a whole standing is the earliest of its slots."""
    compiled = decide.Compiled(world.policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    for customer in world.customers:
        ends = [compiled.judge(customer, slot, world.at, covering).until for slot in range(len(compiled.slots))]
        expected = min((end for end in ends if end), default=None)
        assert expected == compiled.standing(customer, world.at, covering)[1]


def test_the_bytes_have_the_names_of_the_reasons() -> None:
    """Each constant of `decide.codes` is the index of the reason that it is named for."""
    assert decide.REASONS == tuple(
        name.lower() for name in sorted(vars(codes), key=lambda n: _index(n)) if _index(name) >= 0
    )


def _index(name: str) -> int:
    value = getattr(codes, name)
    return value if name.isupper() and isinstance(value, int) else -1


@pytest.mark.parametrize("years", [0, 13, 16, 18, 21])
@pytest.mark.parametrize("born", [date(2008, 2, 29), date(2007, 3, 1), date(2008, 12, 31), date(2008, 2, 28)])
def test_a_birthday_is_the_first_instant_of_an_age(born: date, years: int) -> None:
    """D4.6: the meaning's age reaches a number at exactly the instant of that birthday."""
    at = birthday(born, years)
    assert at is not None
    assert (years - 1, years) == (meaning.age(born, at - TINY), meaning.age(born, at))


def test_a_birthday_past_the_calendar_never_comes() -> None:
    """An age that would be reached after the year 9999 is not reached."""
    assert birthday(date(2000, 1, 1), 8000) is None
    assert datetime(9999, 1, 1, tzinfo=UTC) == birthday(date(9000, 1, 1), 999)
