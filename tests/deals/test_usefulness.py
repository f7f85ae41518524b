"""What a version is worth, worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from bailee.deals.model import Asked
from bailee.deals.usefulness import alike, usefulness
from bailee.errors import DeidError

SPENT = Asked("spent", "What is spent", "SELECT 1", ("aisle",))
WHOLE = pa.table({"aisle": ["bread", "fruit", "meat"], "spent": [50.0, 30.0, 20.0]})


def _told(**cells: float) -> pa.Table:
    return pa.table({"aisle": list(cells), "spent": list(cells.values())})


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (_told(bread=50, fruit=30, meat=20), 1.0),
        (_told(bread=5, fruit=3, meat=2), 1.0),  # fewer customers with the same picture lose nothing
        (_told(bread=50, fruit=30), 0.8),  # what is hidden is lost
        (_told(bread=60, fruit=30, meat=10), 0.9),
        (_told(wine=10), 0.0),
        (pa.table({"aisle": pa.array([], pa.string()), "spent": pa.array([], pa.float64())}), 0.0),
        (pa.table({"aisle": ["bread"]}), 0.0),
        (None, 0.0),
    ],
)
def test_shares_are_compared_by_total_variation(version: pa.Table | None, expected: float) -> None:
    """M7: one less half the sum of what the shares differ by."""
    assert expected == pytest.approx(alike(SPENT, WHOLE, version, {}))


def test_a_coarse_group_is_spread_over_what_it_stands_for() -> None:
    """M7: its reader can only halve `food`: 40 and 40 in place of 50 and 30."""
    became = {"aisle": {"bread": "food", "fruit": "food", "meat": "meat"}}
    assert 0.9 == pytest.approx(alike(SPENT, WHOLE, _told(food=80, meat=20), became))


def test_a_figure_without_groups_is_compared_by_its_size() -> None:
    """M7: three quarters of it are worth three quarters."""
    whole = pa.table({"spent": [100.0]})
    asked = Asked("all", "All", "SELECT 1")
    assert 0.75 == pytest.approx(alike(asked, whole, pa.table({"spent": [75.0]}), {}))
    assert 0.5 == pytest.approx(alike(asked, whole, pa.table({"spent": [200.0]}), {}))


def test_the_whole_is_the_weighted_mean() -> None:
    """M7: a question of weight 3 counts three times one of weight 1; one without an answer counts nothing."""
    other = Asked("other", "Other", "SELECT 1", ("aisle",), Decimal(3))
    found = usefulness({"spent": SPENT, "other": other}, {"spent": WHOLE, "other": WHOLE}, {"spent": WHOLE})
    assert {"spent": 1.0, "other": 0.0} == found.by_question
    assert 0.25 == pytest.approx(found.kept)


def test_a_text_is_no_figure() -> None:
    """M7: a question that groups and names no `by` is told so, and is no traceback."""
    bare = Asked("spent", "What is spent", "SELECT 1")
    with pytest.raises(DeidError, match="answers with `aisle`, which is no figure: name it in `by`"):
        alike(bare, WHOLE, WHOLE, {})
