"""Which figures of an answer are surely money, in one currency: told of those alone, whatever the question's shape."""

from __future__ import annotations

import duckdb
import pytest

from bailee.policy.model import Column, DataMap, Table
from bailee.rewrite.amounts import currencies
from bailee.rewrite.dialects import named

DUCKDB, POSTGRES = named("duckdb"), named("postgres")
LINES = (
    Column("id"),
    Column("price", measure=True, currency="USD"),
    Column("fee", measure=True, currency="USD"),
    Column("toll", measure=True, currency="EUR"),
    Column("quantity", measure=True),
    Column("rate"),
)
MAP = DataMap(
    {
        "lines": Table("lines", {each.name: each for each in LINES}),
        "shop.goods": Table("shop.goods", {"id": Column("id"), "price": Column("price", currency="EUR")}),
    }
)
TABLES = ("lines", "shop.goods")


def told(sql: str) -> list[str | None]:
    """What is told of an answer's columns, whose names are those that the engine itself gives them."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE lines (id INT, price DOUBLE, fee DOUBLE, toll DOUBLE, quantity INT, rate DOUBLE)")
        con.execute("CREATE SCHEMA shop; CREATE TABLE shop.goods (id INT, price DOUBLE)")
        names = [each[0] for each in con.execute(sql).description or ()]
    return list(currencies(sql, MAP, TABLES, DUCKDB, names))


@pytest.mark.parametrize(
    "expression",
    [
        "price",
        "l.price",
        '"Price"',
        "-price",
        "price + fee",
        "price - fee",
        "price * quantity",
        "quantity * price",
        "price / quantity",
        "round(price, 1)",
        "abs(price)",
        "price::DECIMAL(10, 2)",
        "coalesce(price, 0)",
        "CASE WHEN id = 1 THEN price ELSE 0 END",
        "CASE WHEN id = 1 THEN price END",
        "greatest(price, fee)",
        "sum(price) OVER ()",
    ],
)
def test_what_is_surely_money_of_a_row(expression: str) -> None:
    """An amount stays one where it is taken, added to its like, rounded, or multiplied with a quantity."""
    assert [None, "USD"] == told(f"SELECT id, {expression} FROM lines AS l")


@pytest.mark.parametrize(
    "expression",
    [
        "sum(price)",
        "sum(price * quantity)",
        "avg(price)",
        "min(price)",
        "max(price) - min(price)",
        "median(price)",
        "stddev(price)",
        "sum(DISTINCT price)",
        "sum(price) FILTER (WHERE id > 1)",
        "coalesce(sum(price), 0)",
        "sum(price) / count(*)",
        "sum(price) / count(DISTINCT id)",
        "sum(price) / sum(quantity)",
        "round(sum(price), 2)",
    ],
)
def test_what_is_surely_money_of_many(expression: str) -> None:
    """A total, a mean and what is made of them are in the currency of their rows."""
    assert ["USD"] == told(f"SELECT {expression} AS figure FROM lines")


@pytest.mark.parametrize(
    "expression",
    [
        "id",
        "rate",
        "price * rate",
        "price * 1.08",
        "price / 100",
        "price + 1",
        "price + toll",
        "price * fee",
        "price / fee",
        "price % 3",
        "price > 1",
        "coalesce(price, toll)",
        "CASE WHEN id = 1 THEN price ELSE toll END",
        "CASE WHEN id = 1 THEN price ELSE quantity END",
        "ln(price)",
        "row_number() OVER (ORDER BY price)",
        "1",
    ],
)
def test_what_is_not_said_to_be_money(expression: str) -> None:
    """A rate may change the currency, amounts of two do not add up, and a share of one by the other is none."""
    assert [None] == told(f"SELECT {expression} AS price FROM lines")


@pytest.mark.parametrize(
    "expression", ["count(*)", "count(price)", "variance(price)", "sum(price) / sum(fee)", "sum(id)"]
)
def test_figures_over_many_that_are_none(expression: str) -> None:
    """Counts, squares and shares are no money, whatever they are called."""
    assert [None] == told(f"SELECT {expression} AS price FROM lines")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM lines", [None, "USD", "USD", "EUR", None, None]),
        ("FROM lines", [None, "USD", "USD", "EUR", None, None]),
        ("SELECT count(*) AS n, * EXCLUDE (rate, id) FROM lines GROUP BY ALL", [None, "USD", "USD", "EUR", None]),
        ("SELECT * REPLACE (1 AS price) FROM lines", [None] * 6),
        (
            "SELECT l.*, g.price FROM lines l JOIN shop.goods g USING (id)",
            [*[None, "USD", "USD", "EUR", None, None], "EUR"],
        ),
        ("SELECT l.price, g.price FROM lines l JOIN shop.goods g USING (id)", ["USD", "EUR"]),
        ("SELECT l.*, g.* FROM lines l JOIN shop.goods g USING (id)", [None] * 8),
        (
            "WITH a AS (SELECT id, sum(price) AS s FROM lines GROUP BY 1) SELECT id, max(s) FROM a GROUP BY 1",
            [None, "USD"],
        ),
        ("WITH lines AS (SELECT id AS price FROM shop.goods) SELECT price FROM lines", [None]),
        ("WITH a(price) AS (SELECT id FROM lines) SELECT price FROM a", [None]),
        ("SELECT q.p FROM (SELECT price AS p FROM lines) q", ["USD"]),
        ("SELECT p FROM (SELECT price, fee FROM lines) AS q(o, p)", [None]),
        ("SELECT * FROM (SELECT id AS price FROM lines)", [None]),
        ("SELECT price FROM lines UNION ALL SELECT fee FROM lines", ["USD"]),
        ("SELECT price FROM lines UNION ALL SELECT toll FROM lines", [None]),
        ("SELECT price FROM lines UNION ALL SELECT price FROM shop.goods", [None]),
        ("SELECT price FROM (VALUES (1)) AS v(price)", [None]),
        (
            "WITH RECURSIVE r(price) AS (SELECT 1 UNION ALL SELECT price + 1 FROM r WHERE price < 2) FROM r",
            [None],
        ),
    ],
)
def test_shapes_of_questions(sql: str, expected: list[str | None]) -> None:
    """It is followed through tables of one name, `*`, CTEs, queries in FROM and UNION, and not where that is unsure."""
    assert expected == told(sql)


def test_names_compare_as_the_engine_compares_them() -> None:
    """On PostgreSQL a name in capitals and quotes is another column."""
    asked = ("SELECT PRICE FROM lines", 'SELECT "PRICE" FROM lines')
    assert [("USD",), (None,)] == [currencies(sql, MAP, TABLES, POSTGRES, ["price"]) for sql in asked]


def test_what_is_no_question_has_no_money() -> None:
    """A text that does not parse, or a question about tables without amounts, is answered by nothing."""
    assert [(None,), (None,)] == [
        currencies("SELEC price", MAP, TABLES, DUCKDB, ["price"]),
        currencies("SELECT price FROM lines", MAP, (), DUCKDB, ["price"]),
    ]
