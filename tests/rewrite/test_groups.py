"""Questions about groups: what they may be made of, and every known way to get one person's total out of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bailee.errors import Refused
from bailee.policy.model import Release
from tests.rewrite import shop as made

RULING = made.ruling("research", "insurer")


@pytest.fixture(scope="module")
def shop() -> made.Shop:
    """One shop for all."""
    return made.open_shop()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("SELECT coupon, count(*) FROM orders GROUP BY coupon", [("A", 2)]),
        ("SELECT coupon, count(*) AS n FROM orders GROUP BY ALL ORDER BY n DESC, coupon LIMIT 1", [("A", 2)]),
        ("SELECT upper(o.coupon) AS c, sum(o.total) FROM orders o GROUP BY c", [("A", 18)]),
        ("SELECT upper(coupon) || '!', sum(total) FROM orders GROUP BY upper(coupon)", [("A!", 18)]),
        ("SELECT date_trunc('month', placed), count(DISTINCT customer_id) FROM orders GROUP BY 1", None),
        ("SELECT count(*) FROM orders", [(6,)]),
        ("SELECT count(*) FROM orders WHERE total > 6 AND coupon IS NULL", []),
        ("SELECT count(*) * 2, sum(total) / count(*) FROM orders WHERE total BETWEEN 1 AND 20", [(12, 70 / 6)]),
        ("SELECT CASE WHEN count(*) > 3 THEN 'many' ELSE 'few' END FROM orders", [("many",)]),
        ("SELECT coupon FROM orders GROUP BY coupon HAVING avg(total) > 8", [("A",)]),
        ("SELECT coupon, avg(total) FROM orders GROUP BY coupon HAVING count(*) > 100", []),
        ("SELECT orders.coupon, count(*) FROM main.orders GROUP BY orders.coupon", [("A", 2)]),
        ("SELECT kind, sum(quantity) FROM lines JOIN products USING (product_id) GROUP BY kind", [("FOOD", 15)]),
        ("SELECT sum(quantity * price) FROM lines l JOIN products p ON l.product_id = p.product_id", None),
        ("SELECT count(*) FROM orders JOIN customers ON id = customer_id WHERE age > 40", [(4,)]),
        ("SELECT age // 10, count(*) FROM customers GROUP BY age // 10", []),
        ("SELECT count(*) FROM lines l JOIN orders o ON o.order_id = l.order_id", [(5,)]),
        ("SELECT count(*) FROM orders WHERE CAST(coupon AS INTEGER) > 0", []),
    ],
)
def test_a_question_about_groups_is_answered(shop: made.Shop, question: str, expected: list[object] | None) -> None:
    """D7.3, D7.5, D7.6: Groups of two customers or more are shown; None only asks that it runs."""
    governed = shop.govern(question, RULING)
    assert governed.aggregate
    _, rows = shop.run(governed)
    assert expected is None or expected == rows


@pytest.mark.parametrize(
    "question",
    [
        "SELECT total FROM orders",
        "SELECT * FROM orders",
        "SELECT orders FROM orders",
        "SELECT DISTINCT coupon FROM orders",
        "SELECT coupon FROM orders GROUP BY coupon",
        "SELECT max(total) FROM orders",
        "SELECT min(total), count(*) FROM orders",
        "SELECT list(total) FROM orders",
        "SELECT string_agg(coupon) FROM orders",
        "SELECT any_value(total) FROM orders",
        "SELECT quantile_cont(total, 0.5) FROM orders",
        "SELECT mode(total) FROM orders",
        "SELECT arg_max(total, total) FROM orders",
        "SELECT sum(total * total * total) FROM orders",
        "SELECT sum(CASE WHEN coupon = 'A' THEN total END) FROM orders",
        "SELECT sum(total / 3) FROM orders",
        # What one row is rounded to, or overflows to, says which rows are large: no constants within an aggregate.
        "SELECT sum((total + 1e18) - 1e18) FROM orders",
        "SELECT sum(total * 1e308 - total * 1e308) FROM orders",
        "SELECT sum(total * 1e-323) FROM orders",
        "SELECT sum((total + order_id * order_id) - order_id * order_id) FROM orders",
        "SELECT avg(-total) FROM orders",
        # Variances of products are sums of fourth powers.
        "SELECT variance(total * total) FROM orders",
        "SELECT stddev(total * order_id) FROM orders",
        "SELECT sum(DISTINCT total) FROM orders",
        # Two sums of a code that two values have tell how many rows have which, and what is theirs.
        "SELECT count(*), sum(product_id), sum(quantity) FROM lines WHERE product_id IN (1, 2)",
        "SELECT count(*), sum(quantity * product_id), sum(quantity) FROM lines WHERE product_id IN (1, 2)",
        "SELECT avg(l.product_id) FROM lines l",
        "SELECT variance(p.product_id) FROM lines l JOIN products p USING (product_id)",
        "SELECT count(total > 3) FROM orders",
        "SELECT sum(1) FROM orders",
        "SELECT sum(count(*)) FROM orders GROUP BY coupon",
        "SELECT customer_id, sum(total) FROM orders GROUP BY customer_id",
        "SELECT customer_id % 2, sum(total) FROM orders GROUP BY 1",
        "SELECT sum(customer_id) FROM orders",
        "SELECT sum(total) FROM orders WHERE customer_id = 1",
        "SELECT sum(total) FILTER (WHERE customer_id = 1), count(*) FROM orders",
        "SELECT sum(total * customer_id) FROM orders",
        "SELECT bailee_subject, count(*) FROM orders GROUP BY ALL",
        "SELECT sum(total) FROM (SELECT total FROM orders)",
        "SELECT (SELECT sum(total) FROM orders), count(*) FROM orders",
        "WITH o AS (SELECT * FROM orders) SELECT sum(total) FROM o",
        "SELECT sum(total) FROM orders UNION ALL SELECT sum(total) FROM orders",
        "SELECT sum(total) FROM orders, customers",
        "SELECT sum(total) FROM orders CROSS JOIN customers",
        "SELECT sum(total) FROM orders LEFT JOIN customers ON id = customer_id",
        "SELECT sum(total) FROM orders JOIN customers ON id > customer_id",
        # The key of a customer that equals a column of no customer could be filtered and grouped by.
        "SELECT sum(total) FROM orders JOIN products ON customer_id = product_id",
        "SELECT sum(total) FROM products p JOIN orders o ON p.product_id = o.customer_id WHERE p.product_id = 1",
        "SELECT count(*) FROM orders o JOIN products p ON o.order_id = p.product_id AND o.customer_id = p.product_id",
        # A join within a join.
        "SELECT count(*) FROM products p JOIN lines l JOIN products q ON l.line_id = 100 OR q.product_id = 1 "
        "ON l.product_id = p.product_id",
        "SELECT count(*) FROM products p JOIN lines l LEFT JOIN products q ON l.line_id = 100 "
        "ON l.product_id = p.product_id",
        "SELECT count(*) FROM products p JOIN lines l JOIN range(9) ON l.line_id = 100 ON l.product_id = p.product_id",
        "SELECT sum(o.total) FROM orders o JOIN orders p ON o.coupon = p.coupon",
        "SELECT sum(o.total) FROM orders o JOIN orders p ON o.order_id = p.order_id",
        "SELECT sum(total) FROM orders POSITIONAL JOIN customers",
        "SELECT sum(total) FROM orders ASOF JOIN customers ON id = customer_id AND placed >= joined",
        "SELECT sum(total) FROM orders NATURAL JOIN customers",
        "SELECT sum(total) OVER () FROM orders",
        "SELECT coupon, sum(total) FROM orders GROUP BY ROLLUP (coupon)",
        "SELECT coupon, sum(total) FROM orders GROUP BY CUBE (coupon)",
        "SELECT coupon, sum(total) FROM orders GROUP BY GROUPING SETS ((coupon), ())",
        "SELECT coupon, count(*) FROM orders GROUP BY coupon QUALIFY rank() OVER (ORDER BY count(*)) = 1",
        "SELECT coupon, count(*) FROM orders GROUP BY coupon ORDER BY max(total)",
        "SELECT coupon, count(*) FROM orders GROUP BY coupon HAVING max(total) > 10",
        "SELECT coupon, count(*) FROM orders GROUP BY coupon HAVING EXISTS (SELECT 1 FROM customers)",
        "SELECT count(*) FROM orders WHERE total > (SELECT avg(total) FROM orders)",
        "SELECT count(*) FROM orders WHERE coupon IN (SELECT coupon FROM orders)",
        "SELECT count(*) FROM orders WHERE list_contains([1], total)",
        "SELECT count(*) FROM orders TABLESAMPLE reservoir(1 ROWS)",
        "SELECT count(*) FROM orders USING SAMPLE reservoir(1 ROWS)",
        "PIVOT orders ON coupon IN ('A') USING sum(total)",
        "SELECT a, count(*) FROM orders AS t(a) GROUP BY a",
        "FROM orders SELECT sum(total)",
        "SELECT DISTINCT ON (coupon) coupon, count(*) FROM orders GROUP BY coupon",
        "SELECT count(*), total FROM orders GROUP BY coupon",
        "SELECT count(*), #1 FROM orders",
        "SELECT main.orders.coupon, count(*) FROM orders GROUP BY main.orders.coupon",
        "SELECT count(*) FROM orders LIMIT (SELECT max(total) FROM orders)",
    ],
)
def test_one_persons_total_does_not_come_out(shop: made.Shop, question: str) -> None:
    """D7.4, D7.5, D7.6: Every shape that would tell one person apart is refused, with the shape that works."""
    with pytest.raises(Refused) as refusal:
        shop.govern(question, RULING)
    assert refusal.value.reasons[0].code in {"aggregate_only", "shape_not_allowed"}
    assert "\0" not in str(refusal.value)


def test_columns_of_one_name_in_two_tables_are_two_keys(shop: made.Shop) -> None:
    """D7.4: A name means the column of its own table, as in the engine; one that USING makes one is one."""
    join = "FROM orders o JOIN orders p ON o.customer_id = p.customer_id WHERE o.total < 12 AND p.total < 12"
    governed = shop.govern(f"SELECT o.total AS a, p.total AS b, count(*) {join} GROUP BY o.total, p.total", RULING)
    assert governed.sql.startswith("SELECT bailee_k1 AS a, bailee_k2 AS b,")
    with pytest.raises(Refused, match="GROUP BY must name it"):
        shop.govern(f"SELECT p.total, count(*) {join} GROUP BY o.total", RULING)
    question = "SELECT p.product_id, count(*) FROM lines l JOIN products p USING (product_id) GROUP BY product_id"
    assert [(1, 3), (2, 2)] == sorted(shop.run(shop.govern(question, RULING))[1])


def test_a_part_of_a_group_that_a_filter_cuts_off_is_a_group_too(shop: made.Shop) -> None:
    """D7.7: A filter that leaves one customer out makes the group vanish, because the difference would be theirs."""
    _, together = shop.run(shop.govern("SELECT count(*) FROM orders WHERE total < 12", RULING))
    _, apart = shop.run(
        shop.govern("SELECT count(*), count(*) FILTER (WHERE total < 11) FROM orders WHERE total < 12", RULING)
    )
    assert [(3,)] == together
    assert [] == apart


def test_without_a_minimum_nothing_is_answered() -> None:
    """D7.9: A policy that reads in groups and sets no minimum answers nothing of them."""
    purpose = RULING.purpose
    assert purpose is not None
    bare = replace(RULING, purpose=replace(purpose, release=Release()))
    with pytest.raises(Refused, match="min_group"):
        made.open_shop().govern("SELECT count(*) FROM orders", bare)
