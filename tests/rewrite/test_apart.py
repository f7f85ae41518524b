"""Questions about groups asked customer by customer, as the gate does for itself: the parts make up the figures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest

from bailee.errors import Refused
from tests.postgres import Cluster
from tests.rewrite import postgres_shop, spark_shop
from tests.rewrite import shop as made

RULING = made.ruling("research", "insurer")
ALONE = replace(RULING, apart=(0, 1))


@pytest.fixture(scope="module")
def shop() -> made.Shop:
    """One shop for all."""
    return made.open_shop()


@pytest.mark.parametrize(
    ("question", "keys"),
    [
        ("SELECT coupon, count(*), sum(total) FROM orders GROUP BY coupon", ["coupon"]),
        ("SELECT upper(o.coupon) AS c, sum(o.total), count(o.total) FROM orders o GROUP BY c", ["upper ( coupon )"]),
        ("SELECT count(DISTINCT customer_id) FROM orders WHERE total > 6", []),
        ("SELECT kind, sum(quantity) FROM lines JOIN products USING (product_id) GROUP BY kind", ["kind"]),
        ("SELECT sum(quantity * price) FROM lines l JOIN products p ON l.product_id = p.product_id", []),
        ("SELECT coupon, count(*) FILTER (WHERE total > 9) FROM orders GROUP BY coupon", ["coupon"]),
    ],
)
def test_what_customers_add_makes_up_the_figures(shop: made.Shop, question: str, keys: list[str]) -> None:
    """R52: of each group that is shown, all that its customers add is the figure; and so in two parts of them."""
    governed = shop.govern(question, ALONE)
    assert governed.apart is not None
    assert keys == list(governed.apart.keys)
    headings, rows = shop.run(governed)
    assert "bailee_s" == headings[len(headings) - len(governed.apart.figures) - 1]
    halves = [shop.run(shop.govern(question, replace(ALONE, apart=(at, 2))))[1] for at in (0, 1)]
    assert sorted(map(repr, rows)) == sorted(map(repr, halves[0] + halves[1]))
    many = len(governed.apart.figures)
    added: defaultdict[tuple[object, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * many)
    for row in rows:
        key = tuple(row[: len(keys)])
        added[key] = [one + Decimal(more) for one, more in zip(added[key], row[-many:], strict=True)]
    _, shown = shop.run(shop.govern(question, RULING))
    for row in shown:
        assert [Decimal(figure) for figure in row[len(keys) :]] == added[tuple(row[: len(keys)])]


def test_what_averages_and_variances_are_made_of(shop: made.Shop) -> None:
    """R52: they do not add up, so the sum, count and squares that they are made of stand for them."""
    governed = shop.govern("SELECT avg(total), variance(total), count(DISTINCT coupon) FROM orders", ALONE)
    assert governed.apart is not None
    assert ("count total", "sum total", "squares total", "different coupon") == governed.apart.figures


def test_the_same_words_are_the_same_figures(shop: made.Shop) -> None:
    """R52: aliases and blanks make no other figures; a condition does."""
    one = shop.govern("SELECT coupon, sum(total) FROM orders GROUP BY coupon", ALONE).apart
    two = shop.govern('SELECT  sum( total ) AS s, COUPON FROM orders\nGROUP BY "coupon"', ALONE).apart
    other = shop.govern("SELECT coupon, sum(total) FROM orders WHERE total > 1 GROUP BY coupon", ALONE).apart
    assert one is not None
    assert two is not None
    assert other is not None
    assert (one.source, one.keys, one.figures) == (two.source, two.keys, two.figures)
    assert other.source != one.source


def test_what_may_not_be_asked_of_groups_may_not_be_asked_apart(shop: made.Shop) -> None:
    """R52: the shape of the question is held to just the same."""
    for question in (
        "SELECT max(total) FROM orders",
        "SELECT coupon FROM orders GROUP BY coupon",
        "SELECT * FROM orders",
    ):
        with pytest.raises(Refused):
            shop.govern(question, ALONE)


@pytest.mark.parametrize(
    "question",
    [
        "SELECT coupon, count(*), sum(total) FROM orders GROUP BY coupon",
        "SELECT kind, sum(quantity) FROM lines JOIN products USING (product_id) GROUP BY kind",
        "SELECT sum(quantity * price), count(DISTINCT customer_id) FROM lines l "
        "JOIN products p ON l.product_id = p.product_id JOIN orders o ON o.order_id = l.order_id",
    ],
)
def test_on_postgres_customers_add_the_same(shop: made.Shop, postgres: Cluster, question: str) -> None:
    """R52: PostgreSQL says of each customer what DuckDB says, in parts too, and in the same words."""
    there = postgres_shop.open_shop(postgres)
    one, two = shop.govern(question, ALONE), there.govern(question, ALONE)
    assert one.apart is not None
    assert two.apart is not None
    assert (one.apart.source, one.apart.keys) == (two.apart.source, two.apart.keys)
    assert _added(shop.run(one)[1]) == _added(there.run(two))
    halves = [there.run(there.govern(question, replace(ALONE, apart=(at, 2)))) for at in (0, 1)]
    assert _added(there.run(two)) == _added(halves[0] + halves[1])


def _added(rows: list[tuple[object, ...]]) -> list[str]:
    """Rows as text, numbers alike whatever their type."""
    alike = [[str(Decimal(str(v)).normalize()) if isinstance(v, int | Decimal) else v for v in row] for row in rows]
    return sorted(map(repr, alike))


def test_on_spark_everybody_is_asked_at_once() -> None:
    """R52: Spark is asked in the words of its own; it has no number of a key to part customers by, and says so."""
    question = "SELECT coupon, avg(total), variance(total) FROM orders GROUP BY coupon"
    governed = spark_shop.govern(question, ALONE)
    assert governed.apart is not None
    assert ("count total", "sum total", "squares total") == governed.apart.figures
    with pytest.raises(Refused, match="Spark cannot part so many customers"):
        spark_shop.govern(question, replace(ALONE, apart=(0, 2)))
