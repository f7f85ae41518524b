"""Mondrian's classes keep the promise, hold everybody once, and lose as little as said."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.deid import Column, DeidError, Promise, Ranges, Sets, Tree, mondrian
from bailee.deid.loss import gcp
from bailee.deid.multidimensional import _runs, halves
from bailee.deid.scales import Runs, Scale
from bailee.deid.verification import broken
from tests.deid import counting, shop, slow
from tests.deid.tables import names, scale, tables


def forms(counted, made=None) -> list[Scale]:  # type: ignore[no-untyped-def]
    """Ranges for numbers, trees where there is a hierarchy, sets else."""
    return [
        Tree.of(c, made[c.name]) if made else Ranges.of(c) if pa.types.is_integer(c.values.type) else Sets.of(c)
        for c in counted.identifiers
    ]


@given(st.data(), tables(), st.integers(2, 6))
def test_everybody_is_in_one_class_that_is_large_enough(data: st.DataObject, raw: pa.Table, k: int) -> None:
    """Nobody is suppressed; where all together are too few, nothing is published."""
    counted = slow.frequencies(raw, names(raw))
    scales = [scale(data.draw, column, counted) for column in counted.identifiers]
    if raw.num_rows < k:
        with pytest.raises(DeidError, match=f"not even all {raw.num_rows} customers together keep the promise"):
            mondrian(counted, scales, Promise(k))
        return
    found = mondrian(counted, scales, Promise(k))
    assert (0, counted.total) == (found.suppressed, int(found.counted.sizes.sum()))
    assert sorted(set(found.number.tolist())) == list(range(found.classes))
    assert found.counted.sizes.min() >= k


@given(st.data(), tables(), st.integers(2, 4))
def test_labels_stand_for_their_members(data: st.DataObject, raw: pa.Table, k: int) -> None:
    """Each class's label counts all its members in, and its NCP is that of what the label stands for."""
    counted = slow.frequencies(raw, names(raw))
    if counted.total < k:
        return
    found = mondrian(counted, [scale(data.draw, column, counted) for column in counted.identifiers], Promise(k))
    for form, column, losses in zip(found.forms, counted.identifiers, found.losses(), strict=True):
        own = form.codes[found.order]
        values = form.within(own, found.begins, np.ones(len(column)))
        members = [
            len(set(column.codes[found.order][found.number[found.order] == c].tolist())) for c in range(found.classes)
        ]
        assert (values >= members).all()
        assert ((losses > 0) == (values > 1)).all()
        assert (losses <= 1).all()
        if isinstance(form, Sets):
            assert values.tolist() == members


def test_no_class_could_still_be_cut() -> None:
    """Each class of the result is one that no scale can cut any more."""
    counted = shop.counted(shop.customers(3, 3000), shop.IDENTIFIERS)
    for scales in (forms(counted), forms(counted, shop.hierarchies(counted))):
        found = mondrian(counted, scales, Promise(10))
        order, begins = found.order, found.begins
        runs = Runs(found.number[order], begins, counted.weights[order], found.counted.sizes)
        assert [] == [
            s.name
            for s in scales
            if (cut := s.cut(s.codes[order], runs, 10)) is not None and np.isfinite(cut.gain).any()
        ]


@pytest.mark.parametrize("asked", [{"distinct": 2}, {"entropy": 1.5}, {"recursive": (3.0, 2)}, {"t": 0.3},
                                   {"t": 0.2, "ordered": True}])  # fmt: skip
def test_cuts_keep_what_is_asked_of_sensitive_values(asked: dict[str, object]) -> None:
    """V2, V3: every class holds it, and some are still cut."""
    from bailee.deid.criteria import hold

    counted = shop.counted(shop.customers(4, 2000), shop.IDENTIFIERS, ("aisle",))
    promise = Promise(5, **asked)  # type: ignore[arg-type]
    found = mondrian(counted, forms(counted), promise)
    assert found.classes > 10
    assert hold(promise.criteria(counted), found.counted).all()


def test_several_sensitive_columns_each_keep_it() -> None:
    """V4: by themselves, each against its own distribution."""
    raw = shop.customers(8, 1500)
    raw = raw.append_column("visits", pa.array([int(year) % 4 for year in raw["birth_year"].to_pylist()]))
    counted = shop.counted(raw, ("postcode", "sex", "tier"), ("aisle", "visits"))
    promise = Promise(4, distinct=2, t=0.4)
    found = mondrian(counted, [Sets.of(column) for column in counted.identifiers], promise)
    assert found.classes > 10
    published = counting.publish(raw, found, ["aisle", "visits"])
    count = counting.count(published, ["postcode", "sex", "tier"], ["aisle", "visits"], raw)
    assert [] == broken(promise, count, ("aisle", "visits"))


def test_small_batches_and_large_samples_change_no_promise() -> None:
    """The cuts of very large classes are chosen on a sample; the classes keep the promise all the same."""
    counted = shop.counted(shop.customers(5, 6000), shop.IDENTIFIERS, ("aisle",))
    whole = mondrian(counted, forms(counted), Promise(5, distinct=2))
    found = mondrian(counted, forms(counted), Promise(5, distinct=2), batch_rows=1024)
    assert found.counted.sizes.min() >= 5
    assert found.counted.sizes.sum() == counted.total
    assert gcp(found) < 1.5 * gcp(whole)


def test_halves_are_what_sorting_by_part_gives() -> None:
    """Against a stable sort by class and side."""
    source = np.random.default_rng(1)
    number = np.sort(source.integers(0, 9, 60))
    number = np.unique(number, return_inverse=True)[1]
    right = source.integers(0, 2, 60).astype(bool)
    right[number == 2] = True
    right[number == 4] = False
    runs = _runs(number, np.ones(60, np.int64))
    order, begins = halves(runs, right)
    key = number * 2 + right
    expected = np.argsort(key, kind="stable")
    assert expected.tolist() == order.tolist()
    assert np.flatnonzero(np.diff(key[expected], prepend=-1)).tolist() == begins.tolist()


def test_a_set_is_cut_where_no_other_subset_loses_less() -> None:
    """Against every subset of the values that leaves k on both sides."""
    from itertools import combinations

    source = np.random.default_rng(2)
    for _ in range(60):
        weights = source.integers(1, 9, source.integers(2, 7))
        column = Column.encode("c", pa.array([f"v{i}" for i in range(len(weights))]))
        whole, k = int(weights.sum()), 4
        scale_ = Sets.of(column)
        runs = Runs(np.zeros(len(weights), np.int64), np.zeros(1, np.int64), weights, np.array([whole]))
        costs = {}
        for size in range(1, len(weights)):
            for chosen in combinations(range(len(weights)), size):
                left = int(weights[list(chosen)].sum())
                if left >= k and whole - left >= k:
                    costs[chosen] = _cost((left, size), (whole - left, len(weights) - size))
        cut = scale_.cut(column.codes, runs, k)
        if cut is None:
            assert {} == costs
            continue
        right = cut.right(column.codes, runs.number)
        sides = [(int(weights[side].sum()), int(side.sum())) for side in (right, ~right)]
        assert min(costs.values()) == _cost(*sides)


def _cost(*sides: tuple[int, int]) -> int:
    """Customers times values, of sides with more than one value."""
    return sum(customers * values for customers, values in sides if values > 1)


@given(st.data(), tables(), st.integers(2, 6))
def test_every_proposed_cut_leaves_k_on_both_sides(data: st.DataObject, raw: pa.Table, k: int) -> None:
    """Of one class and of several side by side, along any scale, without anybody checking afterwards."""
    counted = slow.frequencies(raw, names(raw))
    number = np.sort(np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(counted), max_size=len(counted)))))
    runs = _runs(number, counted.weights)
    for column in counted.identifiers:
        scale_ = scale(data.draw, column, counted)
        cut = scale_.cut(scale_.codes, runs, k)
        if cut is None:
            continue
        right = cut.right(scale_.codes, runs.number)
        for place in np.flatnonzero(np.isfinite(cut.gain)):
            own = runs.number == place
            assert min(runs.weights[own & right].sum(), runs.weights[own & ~right].sum()) >= k


def test_a_wrong_list_of_scales_is_refused() -> None:
    """One for each identifier, in their order."""
    counted = slow.frequencies(slow.table([("a", "x")] * 3, ["q", "r"]), ["q", "r"])
    with pytest.raises(DeidError, match="each identifier needs one scale, in the same order"):
        mondrian(counted, [Sets.of(counted.column("r")), Sets.of(counted.column("q"))], Promise(2))
    with pytest.raises(DeidError, match="column `q` has no ranges: its type is string"):
        Ranges.of(counted.column("q"))


@pytest.mark.parametrize(("k", "sets", "trees"), [(5, 0.0425, 0.0425), (10, 0.0705, 0.0705), (50, 0.171, 0.171)])
def test_adult_loses_no_more_than_by_the_best_tool_seen(k: int, sets: float, trees: float) -> None:
    """GCP of the sets in each class, cut freely or along hierarchies; of the lowest common nodes 0.1335 at k = 10."""
    raw, files = shop.adult()
    counted = shop.counted(raw, tuple(files))
    free = mondrian(counted, forms(counted), Promise(k))
    assert gcp(free) <= sets
    along = mondrian(counted, forms(counted, shop.adult_hierarchies(counted, files)), Promise(k))
    if k == 10:
        assert gcp(along) <= 0.1335
    as_sets = type(along)(counted, tuple(forms(counted)), along.number, along.classes)
    assert gcp(as_sets) <= trees
