"""What one customer can change, by brute force: two databases that differ in one customer, and the SQL that is run."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bailee.deid.sensitivity import Figure, summed
from bailee.errors import DeidError
from tests.deid import noisy
from tests.rewrite import shop as made

QUESTIONS = [
    "SELECT count(*), sum(amount), avg(price) FROM visits",
    "SELECT region, count(*), sum(units), sum(amount) FROM visits GROUP BY region",
    "SELECT age, count(DISTINCT customer_id), count(DISTINCT store_id), count(amount) FROM visits GROUP BY age",
    "SELECT region, age, sum(price), avg(amount) FILTER (WHERE units > 1) FROM visits GROUP BY ALL",
    "SELECT region, count(*) FILTER (WHERE amount > 50) FROM visits WHERE units IS NOT NULL GROUP BY region",
    "SELECT region, sum(units * amount), avg(price * units) FROM visits GROUP BY region",
    "SELECT s.city, s.kind, count(*), sum(v.units), sum(s.rent) FROM visits v JOIN stores s ON v.store_id = s.store_id "
    "GROUP BY s.city, s.kind",
    "SELECT tier, region, count(*), sum(amount) FROM visits JOIN customers ON customer_id = id GROUP BY tier, region",
    "SELECT count(DISTINCT a.customer_id), sum(a.units) FROM visits a JOIN visits b ON a.customer_id = b.customer_id",
]
AMOUNTS = st.sampled_from([0.0, -0.0, 0.1, 99.999999, -1e9, 1e9, 1e300, nan, inf, -inf, None, 49.995])
VISITS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, 4, 5, None, 77]),
        st.sampled_from(["north", "south", "west", None]),
        st.sampled_from([17, 18, 25, 40, None]),
        AMOUNTS,
        st.sampled_from([0, 1, 5, 6, -3, 10**9, None]),
        st.sampled_from([Decimal("0.00"), Decimal("9.99"), Decimal("999999.99"), Decimal("-5.10"), None]),
        st.sampled_from([1, 2, 3, 9, None]),
    ),
    max_size=14,
)
MANY = [(1, "north", 25, 1e9, 10**9, Decimal("999999.99"), 2)] * 40


@pytest.fixture(scope="module")
def shop() -> made.Shop:
    return noisy.open_shop([])


@given(VISITS, st.sampled_from(QUESTIONS), st.integers(1, 3), st.integers(1, 5))
@example([*MANY, (2, "north", 25, 5.0, 1, Decimal(1), 2)], QUESTIONS[1], 2, 1)
@settings(max_examples=120, deadline=None)
def test_one_customer_changes_no_figure_by_more(
    shop: made.Shop, visits: list[Any], question: str, rows: int, who: int
) -> None:
    """N1, N2, N3: without one customer's rows, all groups' values of a figure differ by its sensitivity at most."""
    governed = shop.govern(question, noisy.ruling(rows))
    plan = noisy.planned(governed)
    noisy.put(shop, visits)
    whole = noisy.exact(shop, governed)
    noisy.put(shop, [visit for visit in visits if visit[0] != who])
    without = noisy.exact(shop, governed)
    assert whole.keys() == without.keys()
    for at in range(len(plan.figures)):
        changed = sum(abs(whole[key][at] - without[key][at]) for key in whole)
        assert changed <= plan.sensitivity(at)


def test_the_bound_is_reached(shop: made.Shop) -> None:
    """N2: the sensitivity is no larger than it need be: some customer changes figures by exactly so much."""
    governed = shop.govern("SELECT region, count(*), sum(amount) FROM visits GROUP BY region", noisy.ruling(3))
    plan = noisy.planned(governed)
    noisy.put(shop, MANY)
    figures = noisy.exact(shop, governed)[("north",)]
    # The floating-point column has bounds of -20 and 100, and so steps of 0.001.
    assert (1, 3, 300_000) == figures
    assert [3, 3, 300_000] == [plan.sensitivity(at) for at in range(3)]


def test_which_rows_count_is_a_matter_of_the_customer_alone(shop: made.Shop) -> None:
    """N2: whatever else is in the database, and in whatever order, the same rows of a customer are kept."""
    governed = shop.govern("SELECT count(*), sum(amount) FROM visits", noisy.ruling(2))
    own = [(1, "north", 25, float(n), n, Decimal(n), 1) for n in range(20)]
    noisy.put(shop, own)
    alone = noisy.exact(shop, governed)[()]
    for others in ([], [(n % 9 + 1, "south", 25, 0.0, 0, Decimal(0), 2) for n in range(1, 500) if n % 9]):
        noisy.put(shop, [*others, *reversed(own), *others])
        _, rows, total = noisy.exact(shop, governed)[()]
        people = len({visit[0] for visit in others})
        assert (alone[1] + 2 * people, alone[2]) == (rows, total)


def test_groups_do_not_depend_on_rows(shop: made.Shop) -> None:
    """N4: a value that only rows have makes no group, and one that no row has does; so do those of a public table."""
    governed = shop.govern("SELECT region, count(*) FROM visits GROUP BY region", noisy.ruling())
    noisy.put(shop, [(1, "CANARYREGION", 25, 1.0, 1, Decimal(1), 1)])
    assert {("north",), ("south",), ("east",)} == set(noisy.exact(shop, governed))
    question = "SELECT city, kind, count(units) FROM visits JOIN stores USING (store_id) GROUP BY city, kind"
    found = noisy.exact(shop, shop.govern(question, noisy.ruling()))
    assert {("Lima", "big"), ("Lima", "small"), ("Oslo", None)} == set(found)
    coarse = noisy.exact(shop, shop.govern("SELECT age, count(units) FROM visits GROUP BY age", noisy.ruling()))
    assert {("0",), ("20",), ("60",)} == set(coarse)


def test_guests_are_left_out(shop: made.Shop) -> None:
    """N2: rows of nobody would have no bound, so they are in no figure."""
    governed = shop.govern("SELECT count(units) FROM visits", noisy.ruling())
    noisy.put(shop, [(None, "north", 25, 1.0, 1, Decimal(1), 1)] * 9)
    assert {(): (0, 0)} == noisy.exact(shop, governed)


@pytest.mark.parametrize(
    ("value", "steps"), [("5", 50), ("-7", 0), ("1e300", 100), ("'NaN'", 0), ("'Infinity'", 100), ("0.149", 1)]
)
def test_a_value_outside_its_bounds_counts_as_the_nearest(shop: made.Shop, value: str, steps: int) -> None:
    """N3: cut to its bounds and then to whole steps; NaN adds nothing."""
    figure = summed("x", None, Decimal(0), Decimal(10), Decimal("0.1"))
    sql = f"SELECT {figure.sql('DOUBLE')} FROM (SELECT CAST({value} AS DOUBLE) AS x)"
    assert [(steps,)] == shop.con.execute(sql).fetchall()


def test_a_sum_stays_within_64_bits(shop: made.Shop) -> None:
    """N3: what would not fit is cut, which brings sums together and never apart."""
    figure = summed("x", None, Decimal(0), Decimal(10) ** 12, Decimal(1))
    sql = f"SELECT {figure.sql('DOUBLE')} FROM (SELECT 1e12 AS x FROM range(10000000))"
    assert [(1 << 62,)] == shop.con.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("low", "high", "step"), [("5", "5", "1"), ("6", "5", "1"), ("0", "1", "0"), ("0", "1000001", "0.000001")]
)
def test_bounds_that_do_not_fit(low: str, high: str, step: str) -> None:
    """N3: bounds in the wrong order, no step and too many steps are told."""
    with pytest.raises(DeidError, match="expected"):
        summed("x", None, Decimal(low), Decimal(high), Decimal(step))


def test_no_rows_is_no_bound() -> None:
    """N2: no figure is made of no rows."""
    with pytest.raises(DeidError, match="expected 1 or more"):
        Figure("rows").sensitivity(0, grouped=True)
