"""Questions about groups on PostgreSQL, which has no TRY: what may fail on one row is refused, with what to write."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bailee.errors import Refused
from tests.postgres import Cluster
from tests.rewrite import shop as made
from tests.rewrite.postgres_shop import PostgresShop, open_shop

RULING = made.ruling("research", "insurer")


@pytest.fixture(scope="module")
def shop(postgres: Cluster) -> PostgresShop:
    """One shop for all."""
    return open_shop(postgres)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("SELECT coupon, count(*) FROM orders GROUP BY coupon", [("A", 2)]),
        ("SELECT coupon, count(*) AS n FROM orders GROUP BY 1 ORDER BY n DESC, coupon LIMIT 1", [("A", 2)]),
        ("SELECT upper(o.coupon) AS c, sum(o.total) FROM orders o GROUP BY c", [("A", 18)]),
        ("SELECT upper(coupon) || '!', sum(total) FROM orders GROUP BY upper(coupon)", [("A!", 18)]),
        ("SELECT count(*) FROM orders", [(6,)]),
        ("SELECT count(*) FROM orders WHERE total > 6 AND coupon IS NULL", []),
        ("SELECT count(*) * 2, sum(total) / count(*) FROM orders WHERE total BETWEEN 1 AND 20", [(12, 11)]),
        ("SELECT CASE WHEN count(*) > 3 THEN 'many' ELSE 'few' END FROM orders", [("many",)]),
        ("SELECT coupon FROM orders GROUP BY coupon HAVING avg(total) > 8", [("A",)]),
        ("SELECT orders.coupon, count(*) FROM public.orders GROUP BY orders.coupon", [("A", 2)]),
        ("SELECT kind, sum(quantity) FROM lines JOIN products USING (product_id) GROUP BY kind", [("FOOD", 15)]),
        (
            "SELECT sum(quantity * price) FROM lines l JOIN products p ON l.product_id = p.product_id",
            [(Decimal("30.00"),)],
        ),
        ("SELECT count(*) FROM orders JOIN customers ON id = customer_id WHERE age > 40", [(4,)]),
        ("SELECT count(*) FROM lines l JOIN orders o ON o.order_id = l.order_id", [(5,)]),
        ("SELECT extract(year FROM placed), count(DISTINCT customer_id) FROM orders GROUP BY 1", [(2026, 3)]),
        ("SELECT extract(dow FROM placed), count(*) FROM orders GROUP BY 1", None),
        ("SELECT count(*) FROM orders WHERE placed >= date '2026-10-02' AND coupon NOT LIKE 'X%' OR total <= -1", None),
        ("SELECT count(*) FROM customers WHERE date_trunc('month', joined) < date '2026-07-01'", [(2,)]),
        (
            "SELECT CASE WHEN total BETWEEN 0 AND 9 THEN 'low' ELSE 'high' END, count(*) FROM orders GROUP BY 1",
            [("high", 4)],
        ),
        ("SELECT round(avg(total), 1), count(*) FILTER (WHERE lower(coupon) IN ('a', 'b')) FROM orders", None),
    ],
)
def test_a_question_about_groups_is_answered(shop: PostgresShop, question: str, expected: list[object] | None) -> None:
    """D7.3, D7.5, D7.6: Groups of two customers or more are shown; None only asks that it runs."""
    governed = shop.govern(question, RULING)
    assert governed.aggregate
    rows = shop.run(governed)
    assert expected is None or expected == rows


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("total / (total - 5) = 1", "`div` may fail on one row"),
        ("total + 2147483647 > 0", "`add` may fail on one row"),
        ("total % 2 = 0", "`mod` may fail on one row"),
        ("- total < 0", "`neg` may fail on one row"),
        ("CAST(coupon AS integer) = 1", "`CAST` may not be used on rows here"),
        ("coupon::numeric = 1", "a cast may fail on one row"),
        ("coupon ~ 'A('", "write LIKE with a pattern"),
        ("coupon LIKE coupon", "a pattern of LIKE may fail on one row"),
        (r"coupon LIKE 'A\B'", "without backslashes"),
        ("coupon || 'x' = 'Ax'", "write concat(..)"),
        ("date_trunc(coupon, placed) IS NULL", "may fail on one row"),
        ("date_trunc('fortnight', placed) IS NULL", "`fortnight` may fail on one row"),
        ("extract(epoch FROM placed) > 1", "`epoch` is no column of the tables"),
        ("extract(year FROM coupon) > 1", "of a column with a date or a timestamp"),
        ("date_part('century', placed) > 1", "`century` may fail on one row"),
        ("substr(coupon, 1, -1) = ''", "`substr` may not be used on rows here"),
        ("power(total, 9) > 1", "`power` may not be used on rows here"),
        ("to_char(placed, 'YYYY') = '2026'", "`to_char` may not be used on rows here"),
        ("placed > placed - interval '1 day'", "`sub` may fail on one row"),
        ("coupon = ANY (ARRAY['A'])", "take out ANY"),
        ("total ^ 9 > 1", "may fail on one row"),
    ],
)
def test_what_may_fail_on_one_row_is_refused(shop: PostgresShop, expression: str, words: str) -> None:
    """An error would tell of one customer what the group's minimum hides."""
    for question in (
        f"SELECT count(*) FROM orders WHERE {expression}",
        f"SELECT CASE WHEN {expression} THEN 1 END, count(*) FROM orders GROUP BY 1",
        f"SELECT count(*) FILTER (WHERE {expression}) FROM orders",
    ):
        with pytest.raises(Refused) as refusal:
            shop.govern(question, RULING)
        assert words in str(refusal.value)


def test_no_part_of_a_day_is_taken_of_a_date(shop: PostgresShop) -> None:
    """PostgreSQL has no hour of a date, and says so only when a row is met."""
    with pytest.raises(Refused, match="`hour` may fail on one row"):
        shop.govern("SELECT count(*) FROM customers WHERE extract(hour FROM joined) = 1", RULING)
    assert shop.run(shop.govern("SELECT count(*) FROM orders WHERE extract(hour FROM placed) >= 0", RULING))


def test_products_cannot_overflow(shop: PostgresShop) -> None:
    """Factors become numeric, so that the product of one row is never an error."""
    shop.con.execute("UPDATE orders SET total = 2147483647 WHERE order_id = 10")
    try:
        rows = shop.run(shop.govern("SELECT sum(total * total) > 4e18 FROM orders", RULING))
        assert [(True,)] == rows
    finally:
        shop.con.execute("UPDATE orders SET total = 5 WHERE order_id = 10")


@pytest.mark.parametrize(
    "question",
    [
        "SELECT coupon, sum(total) FROM orders GROUP BY coupon",
        "SELECT count(*), sum(total), avg(total) FROM orders",
        "SELECT count(DISTINCT customer_id), sum(total) FILTER (WHERE total > 5) FROM orders",
        "SELECT kind, sum(quantity) FROM lines JOIN products USING (product_id) GROUP BY kind",
    ],
)
def test_the_p_percent_rule_never_shows_more(shop: PostgresShop, question: str) -> None:
    """A deal's p % rule runs on PostgreSQL, and with a larger p nothing is shown that a smaller one hides."""
    every = set(map(repr, shop.run(shop.govern(question, RULING))))
    mild = set(map(repr, shop.run(shop.govern(question, replace(RULING, percent=1)))))
    hard = set(map(repr, shop.run(shop.govern(question, replace(RULING, percent=10_000)))))
    assert hard <= mild <= every
    assert not hard
