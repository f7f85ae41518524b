"""The noise itself: what it costs by OpenDP's word and by counting, and how wide it is said to be."""

from __future__ import annotations

import math
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import opendp.prelude as dp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.deid import noise
from bailee.errors import DeidError
from tests.deid import noisy

#: How often noise is drawn for each of two databases, and how many standard deviations luck is granted: a failure by
#: chance comes once in some hundred million runs.
DRAWN, LUCK = 20_000, 6.5
AMOUNTS = st.decimals("0.000001", "1000", places=6)


@given(st.integers(1, 10**9), AMOUNTS, st.integers(1, 12))
@settings(deadline=None)
def test_no_more_is_spent_than_was_asked(sensitivity: int, epsilon: Decimal, columns: int) -> None:
    """N5: OpenDP's own word on what a column costs is at most its share, and shares are no more than the whole."""
    share = noise.shares(epsilon, columns)
    try:
        made = noise.noise(sensitivity, share)
    except DeidError:
        assert sensitivity / share >= 2**53
        return
    cost = noise._mechanism(made.scale).map(sensitivity)
    assert Fraction(cost) * columns <= Fraction(epsilon)
    assert Fraction(cost) >= share * Fraction(999, 1000)


@given(st.floats(0.01, 1e9))
def test_the_half_width_is_opendps(scale: float) -> None:
    """N6: the interval is the narrowest of whole numbers that holds 95 %, by OpenDP's own figure for it."""
    accuracy = dp.discrete_laplacian_scale_to_accuracy(scale, 0.05)
    assert max(math.ceil(accuracy - 1), 0) == pytest.approx(noise._half_width(scale), abs=1e-6 * scale)


def test_the_interval_holds_what_it_says() -> None:
    """N6: of many draws, 95 % lie within the half-width, and fewer within one less."""
    made = noise.noise(3, Fraction(1, 4))
    drawn = np.abs(noise.add(np.zeros(DRAWN, np.int64), made.scale))
    slack = LUCK * math.sqrt(0.05 * 0.95 / DRAWN)
    assert 0.95 - slack <= float((drawn <= made.half_width).mean())
    assert float((drawn <= made.half_width - 1).mean()) <= 0.95 + slack


def _draws(figure: int, scale: float) -> Counter[int]:
    return Counter(noise.add(np.full(DRAWN, figure, np.int64), scale).tolist())


def _excess(one: Counter[int], other: Counter[int], epsilon: float) -> float:
    """By how many standard deviations some set of outcomes is likelier than e^epsilon allows; sets are tails."""
    worst = -math.inf
    for cut in sorted({*one, *other}):
        for tail in (lambda value, cut=cut: value <= cut, lambda value, cut=cut: value > cut):
            here, there = (sum(n for value, n in each.items() if tail(value)) for each in (one, other))
            bound = math.exp(epsilon)
            worst = max(worst, (here - bound * there) / math.sqrt(here + bound**2 * there + 1))
    return worst


def test_neighbours_are_told_apart_by_no_more_than_epsilon() -> None:
    """N1: over the whole way from rows to figures, no outcome is likelier than e^epsilon times that of a neighbour."""
    epsilon = Fraction(1)
    shop = noisy.open_shop([])
    governed = shop.govern("SELECT count(units) FROM visits", noisy.ruling(2))
    crowd: list[tuple[Any, ...]] = [(n, "north", 25, 1.0, 1, Decimal(1), 1) for n in range(2, 6)]
    figures = []
    for visits in (crowd, [*crowd, *[(1, "north", 25, 1e9, 1, Decimal(1), 1)] * 50]):
        noisy.put(shop, visits)
        figures.append(noisy.exact(shop, governed)[()][1])
    assert [4, 6] == figures
    made = noise.noise(noisy.planned(governed).sensitivity(1), epsilon)
    with_, without = _draws(figures[1], made.scale), _draws(figures[0], made.scale)
    assert _excess(with_, without, 1.0) < LUCK
    assert _excess(without, with_, 1.0) < LUCK
    # The test would see it: with half the noise, or if a customer's every row counted, they are told apart.
    assert _excess(_draws(6, made.scale / 2), _draws(4, made.scale / 2), 1.0) > LUCK
    assert _excess(_draws(54, made.scale), without, 1.0) > LUCK


def test_noise_is_on_whole_numbers_alone() -> None:
    """N5: what comes out are whole numbers of 64 bits, at the edges of what they hold too."""
    edge = np.array([2**63 - 1, -(2**63), 0], np.int64)
    drawn = noise.add(edge, 1e6)
    assert np.int64 == drawn.dtype
    assert (len(drawn), 0) == (3, len(noise.add(edge[:0], 1.0)))


@pytest.mark.parametrize(("sensitivity", "epsilon"), [(0, Fraction(1)), (1, Fraction(0)), (1, Fraction(-1))])
def test_what_is_no_noise(sensitivity: int, epsilon: Fraction) -> None:
    """N5: a sensitivity or share of nothing is an error of ours, and no noise is drawn."""
    with pytest.raises(DeidError, match="expected both above 0"):
        noise.noise(sensitivity, epsilon)


def test_too_much_noise() -> None:
    """N5: noise that 64 bits cannot hold is told with the remedy."""
    with pytest.raises(DeidError, match="spend more, or narrow the bounds"):
        noise.noise(10**16, Fraction(1))


def test_without_opendp(monkeypatch: pytest.MonkeyPatch) -> None:
    """N5: where OpenDP is not installed nothing else draws noise, and the message says how to install it."""
    monkeypatch.setitem(sys.modules, "opendp.prelude", None)
    with pytest.raises(DeidError, match=r"not installed; run `pip install 'bailee\[deid\]'`"):
        noise.noise(1, Fraction(1))
