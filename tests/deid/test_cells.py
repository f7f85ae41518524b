"""What may not be shown of figures over groups, and that nothing hidden can be worked out."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.deid import DeidError
from bailee.deid.cells import Tabulation, bounds, dominant, known, rounded, small, suppressed


def with_totals(inner: np.ndarray) -> np.ndarray:
    """Figures with a total at the end of each axis."""
    for axis in range(inner.ndim):
        inner = np.concatenate([inner, inner.sum(axis=axis, keepdims=True)], axis=axis)
    return inner.astype(float)


@st.composite
def inner_tables(draw: st.DrawFn) -> np.ndarray:
    """Small tables of one to three axes, with many zeros and small figures."""
    shape = draw(st.sampled_from(((4,), (2, 2), (3, 3), (2, 4), (2, 2, 2), (2, 3, 2))))
    cells = draw(
        st.lists(st.sampled_from((0, 1, 2, 3, 8, 20)), min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))
    )
    return np.array(cells).reshape(shape)


def solved(table: Tabulation, hidden: np.ndarray) -> np.ndarray:
    """Which hidden figures Gauss and Jordan fix, in exact fractions: an independent way to the same."""
    places = [int(i) for i in np.flatnonzero(hidden.ravel())]
    matrix = []
    for line in table.lines():
        row = [Fraction(0)] * len(places)
        for position, place in enumerate(line):
            if int(place) in places:
                row[places.index(int(place))] += -1 if position == len(line) - 1 else 1
        matrix.append(row)
    lead = 0
    for column in range(len(places)):
        pivot = next((r for r in range(lead, len(matrix)) if matrix[r][column]), None)
        if pivot is None:
            continue
        matrix[lead], matrix[pivot] = matrix[pivot], matrix[lead]
        matrix[lead] = [value / matrix[lead][column] for value in matrix[lead]]
        for r in range(len(matrix)):
            if r != lead and matrix[r][column]:
                matrix[r] = [a - matrix[r][column] * b for a, b in zip(matrix[r], matrix[lead], strict=True)]
        lead += 1
    fixed = np.zeros(hidden.size, bool)
    for row in matrix[:lead]:
        if sum(1 for value in row if value) == 1:
            fixed[places[next(i for i, value in enumerate(row) if value)]] = True
    return fixed.reshape(hidden.shape)


@given(inner_tables(), st.data())
def test_what_is_known_is_what_elimination_finds(inner: np.ndarray, data: st.DataObject) -> None:
    """The null space says the same as exact elimination, for any hidden figures of one, two or three axes."""
    table = Tabulation(with_totals(inner))
    flags = data.draw(st.lists(st.booleans(), min_size=table.values.size, max_size=table.values.size))
    hidden = np.array(flags).reshape(table.values.shape)
    assert solved(table, hidden).tolist() == known(table, hidden).tolist()


@given(inner_tables(), st.sampled_from((2, 3, 5)), st.sampled_from((0.0, 3.0)))
@settings(max_examples=60)
def test_no_hidden_small_figure_can_be_worked_out(inner: np.ndarray, least: int, width: float) -> None:
    """V10: no unsafe figure is fixed, nor pinned down too closely by a reader who knows that none is negative."""
    table = Tabulation(with_totals(inner))
    unsafe = small(table.values.astype(int), least) & (table.values > 0)
    hidden = suppressed(table, unsafe, width)
    assert (hidden | ~unsafe).all()
    if hidden.all():
        return
    assert not (solved(table, hidden) & unsafe).any()
    low, high = bounds(table, hidden)
    assert ((low <= table.values) & (table.values <= high)).all()
    assert ((high - low)[unsafe] > width).all()


def shuttled(table: Tabulation, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Between what each figure lies, line by line and figure by figure, until nothing moves."""
    values, flags = table.values.ravel(), hidden.ravel()
    low, high = np.where(flags, 0.0, values), np.where(flags, np.inf, values)
    while True:
        before = low.tolist(), high.tolist()
        for line in table.lines():
            *parts, total = line.tolist()
            high[total] = min(high[total], sum(high[part] for part in parts))
            low[total] = max(low[total], sum(low[part] for part in parts))
            for part in parts:
                others = [other for other in parts if other != part]
                if flags[part]:
                    high[part] = min(high[part], high[total] - sum(low[other] for other in others))
                    low[part] = max(low[part], low[total] - sum(high[other] for other in others))
        if before == (low.tolist(), high.tolist()):
            return low.reshape(hidden.shape), high.reshape(hidden.shape)


@given(inner_tables(), st.data())
def test_all_lines_at_once_bound_what_single_ones_do(inner: np.ndarray, data: st.DataObject) -> None:
    """V10: bounds are those that lines give one after another."""
    table = Tabulation(with_totals(inner))
    flags = data.draw(st.lists(st.booleans(), min_size=table.values.size, max_size=table.values.size))
    hidden = np.array(flags).reshape(table.values.shape)
    for one, other in zip(shuttled(table, hidden), bounds(table, hidden), strict=True):
        assert one.tolist() == other.tolist()


def test_two_in_each_line_do_not_always_suffice() -> None:
    """A row has three hidden figures, and still all of them can be worked out by the columns."""
    inner = np.array([[1, 2, 20, 20], [2, 1, 20, 20], [20, 20, 9, 9], [20, 20, 9, 9]])
    table = Tabulation(with_totals(inner))
    hidden = np.zeros(table.values.shape, bool)
    hidden[0, :2] = True
    hidden[0, 4] = True
    assert known(table, hidden)[0].tolist() == [True, True, False, False, True]


def test_a_single_small_group_takes_its_smallest_neighbour_along() -> None:
    """40, 3 and 25 of 68: the reader who sees 40, 25 and 68 knows the 3."""
    table = Tabulation(np.array([40.0, 3.0, 25.0, 68.0]))
    hidden = suppressed(table, small(np.array([40, 3, 25, 68]), 5))
    assert [False, True, True, False] == hidden.tolist()


def test_hidden_figures_that_must_be_nothing_are_not_hidden_enough() -> None:
    """Two hidden figures that sum to 1: each is 0 or 1 to whoever knows that none is negative."""
    table = Tabulation(np.array([0.0, 1.0, 30.0, 40.0, 71.0]))
    unsafe = np.array([True, True, False, False, False])
    assert [True, True, False, False, False] == suppressed(table, unsafe, 0.5).tolist()
    assert [True, True, True, False, False] == suppressed(table, unsafe, 5.0).tolist()


@pytest.mark.parametrize(("total", "largest", "second", "expected"), [
    (100, 90, 5, True), (100, 60, 25, False), (100, 60, 36, True), (50, 50, 0, True), (100, 50, 50, True),
    (100, 10, 9, False),
])  # fmt: skip
def test_the_p_percent_rule_by_hand(total: float, largest: float, second: float, expected: bool) -> None:
    """At p = 20: what is left without the two largest against a fifth of the largest."""
    assert [expected] == dominant(np.array([total]), np.array([largest]), np.array([second]), 20).tolist()


def test_contributions_out_of_order_are_refused() -> None:
    """The rule means nothing for negative contributions."""
    with pytest.raises(DeidError, match="needs all three in order"):
        dominant(np.array([10.0]), np.array([3.0]), np.array([5.0]), 20)
    with pytest.raises(DeidError, match="expected above 0 and at most 100"):
        dominant(np.array([10.0]), np.array([5.0]), np.array([3.0]), 0)


def test_totals_that_do_not_add_up_are_refused() -> None:
    """A reader's equations would be false."""
    with pytest.raises(DeidError, match="the figures along axis 0 do not add up"):
        Tabulation(np.array([1.0, 2.0, 4.0]))
    with pytest.raises(DeidError, match="expected at least one figure and a total an axis"):
        Tabulation(np.array([1.0]))


def test_a_group_of_one_is_no_minimum() -> None:
    """The least group is two."""
    with pytest.raises(DeidError, match="a group of one is the customer"):
        small(np.array([1]), 1)


def test_rounding_is_right_on_average_and_repeats_itself() -> None:
    """V10: each figure goes to a neighbour; the mean over many names is the count; asking again changes nothing."""
    key, names = b"k" * 32, [f"store {i}" for i in range(6000)]
    found = rounded([7] * 6000, names, 5, key)
    assert {5, 10} == set(found)
    assert pytest.approx(7, abs=0.1) == sum(found) / 6000
    assert found == rounded([7] * 6000, names, 5, key)
    assert [0, 20] == rounded([0, 20], ["a", "b"], 5, key)
    with pytest.raises(DeidError, match="one name for each figure"):
        rounded([1], ["a", "b"], 5, key)
