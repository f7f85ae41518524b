"""Whether two groups differ: against the formula written out, and against every way of drawing labels."""

from __future__ import annotations

from itertools import combinations
from statistics import mean, variance

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.deals.balance import DRAWS, of_kind, of_number
from bailee.deals.cohort import hidden

VALUES = st.lists(st.integers(-50, 50).map(float), min_size=4, max_size=8)


@given(VALUES, st.data())
@settings(max_examples=25)
def test_a_number_differs_as_the_formula_says(values: list[float], data: st.DataObject) -> None:
    """The size is Austin's standardised difference; the chance is near that over all ways to choose a group."""
    many = data.draw(st.integers(2, len(values) - 2))
    found = of_number("x", np.array(values), np.array([at < many for at in range(len(values))]), 3)
    assert found is not None
    inside, outside = values[:many], values[many:]
    spread = ((variance(inside) + variance(outside)) / 2) ** 0.5
    if spread > 0:
        assert found.size == pytest.approx((mean(inside) - mean(outside)) / spread)
    middle = mean(values)
    as_found = abs(sum(inside) - many * middle)
    drawn = [abs(sum(some) - many * middle) for some in combinations(values, many)]
    exact = sum(each >= as_found - 1e-9 for each in drawn) / len(drawn)
    assert abs(found.chance - exact) < 5 * (0.25 / DRAWS) ** 0.5


def test_kinds_that_are_shared_out_alike_do_not_differ() -> None:
    """The largest standardised difference over the kinds; None is a kind."""
    member = np.array([True, False] * 20)
    same = of_kind("place", ["a", "a", None, None] * 10, member, 1)
    assert same is not None
    assert (0.0, True) == (same.size, same.chance > 0.5)
    other = of_kind("place", ["a", None] * 20, member, 1)
    assert other is not None
    assert (np.inf, 1 / (DRAWS + 1)) == (other.size, other.chance)


def test_what_is_unknown_or_too_little_is_not_compared() -> None:
    """A group with fewer than two values tells nothing, and NaN is no value."""
    assert (
        of_number("x", np.array([1.0, np.nan, np.nan, 4.0, 5.0]), np.array([True, True, True, False, False]), 1) is None
    )
    assert of_kind("x", ["a"] * 6, np.array([True] * 3 + [False] * 3), 1) is None


def test_the_same_seed_draws_the_same() -> None:
    """A screen that is made again finds the same chance."""
    values, member = np.arange(40.0), np.arange(40) % 3 == 0
    assert of_number("x", values, member, 9) == of_number("x", values, member, 9)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_a_count_of_few_is_not_given_away_by_its_sum(counts: list[int]) -> None:
    """What is hidden is about ten or more together, and nothing that is shown is about one to nine."""
    hide = hidden(counts)
    shown = [count for count, few in zip(counts, hide, strict=True) if not few]
    assert all(count == 0 or count >= 10 for count in shown)
    missing = sum(counts) - sum(shown)
    assert missing == 0 or missing >= 10 or not any(shown)
