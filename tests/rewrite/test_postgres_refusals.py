"""Refusals on PostgreSQL that a person can act on: what was found, where, and what to write instead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bailee import engines
from bailee.errors import Refused
from bailee.policy.coarsen import Coarsen
from bailee.policy.model import Column, DataMap, Table
from bailee.rewrite import rewrite
from tests.postgres import Cluster
from tests.rewrite import shop as made
from tests.rewrite.postgres_shop import POSTGRES, PostgresShop, open_shop, serialize


@pytest.fixture(scope="module")
def shop(postgres: Cluster) -> PostgresShop:
    """One shop for all."""
    return open_shop(postgres)


@pytest.mark.parametrize(
    ("question", "code", "words"),
    [
        ("FROM orders", "not_a_query", "`FROM` at 1:1: expected a query, which begins with SELECT, WITH or VALUES"),
        ("SELECT FROM WHERE (", "not_understood", "expected a SELECT in the SQL of PostgreSQL"),
        ("SELECT uper(coupon) FROM orders", "function_not_allowed", "`uper` at 1:8"),
        ("SELECT uper(coupon) FROM orders", "function_not_allowed", "did you mean `upper`?"),
        ("SELECT public.upper(coupon) FROM orders", "shape_not_allowed", "the function `public.upper`"),
        ("SELECT pg_catalog.pg_sleep(1)", "function_not_allowed", "`pg_sleep` at 1:19"),
        (
            "SELECT c.pg_typeof FROM customers c",
            "shape_not_allowed",
            "`pg_typeof` is not allowed in a question at 1:10",
        ),
        ("SELECT (c).pg_typeof FROM customers c", "shape_not_allowed", "`pg_typeof`"),
        ("SELECT x.pg_typeof FROM (SELECT 1 AS n) x", "shape_not_allowed", "there is no such column"),
        ("SELECT * FROM Oders", "table_unknown", "did you mean `orders`?"),
        ('SELECT * FROM "Orders"', "table_unknown", '`"Orders"` at 1:15'),
        ("SELECT * FROM main.orders", "table_unknown", "`main.orders`"),
        ("SELECT * FROM company.public.orders", "table_unknown", "`company.public.orders`"),
        ("SELECT o.NOTE FROM orders o", "column_withheld", "the column `note` of `orders` at 1:8 is withheld"),
        ("SELECT * FROM diary", "table_withheld", "`diary` at 1:15"),
        ("SELECT * FROM orders FOR UPDATE", "shape_not_allowed", "take out FOR UPDATE or FOR SHARE"),
        ("SELECT * INTO x FROM orders", "shape_not_allowed", "take out INTO"),
        ("SELECT * FROM orders TABLESAMPLE BERNOULLI (5)", "shape_not_allowed", "write `WHERE random() < 0.1`"),
        ("SELECT * FROM ONLY orders", "shape_not_allowed", "name the table alone"),
        ("SELECT 'orders'::regclass", "shape_not_allowed", "names of catalogue objects cannot be looked up"),
        ("SELECT 1 OPERATOR(pg_catalog.+) 1", "shape_not_allowed", "write the operator alone"),
        ("SELECT E'a'", "odd_character", "at 1:9"),
        ("SELECT 'a\\'", "odd_character", "at 1:8"),
        ("SELECT $$a$$", "odd_character", "`$$a$$`"),
        (f"SELECT {'x' * 64} FROM orders", "too_long", "has 64 bytes: expected at most 63, which PostgreSQL compares"),
        (f"SELECT {'é' * 32} FROM orders", "too_long", "has 64 bytes"),
        ("SELECT * FROM jsonb_populate_recordset(NULL, '[]')", "function_not_allowed", "`jsonb_populate_recordset`"),
        ("SELECT * FROM lower('a')", "shape_not_allowed", "read from a table"),
        ("SELECT current_user", "not_verified", "it sees `current_user`"),
        ("SELECT bailee_rel_1.total FROM orders", "shape_not_allowed", "Bailee's own"),
    ],
)
def test_a_refusal_says_what_where_and_what_to_do(shop: PostgresShop, question: str, code: str, words: str) -> None:
    """Each refusal has its code and the words that help."""
    with pytest.raises(Refused) as refusal:
        shop.govern(question, made.ruling())
    assert code == refusal.value.reasons[0].code
    assert words in str(refusal.value)


def test_functions_of_pg_catalog_may_be_written_in_full(shop: PostgresShop) -> None:
    """The one schema whose functions are on the list."""
    governed = shop.govern("SELECT pg_catalog.upper(coupon) FROM orders WHERE total = 5", made.ruling())
    assert [("A",)] == shop.run(governed)


def _people(*columns: tuple[str, str], **treated: Column) -> tuple[DataMap, tuple[engines.Table, ...]]:
    mapped = {name: Column(name, ("user.name",)) for name, _ in columns} | treated
    table = Table("people", mapped, subjects=("id",))
    return DataMap({"people": table}), (
        engines.Table("public", "people", tuple(engines.Column(name, kind) for name, kind in columns)),
    )


@pytest.mark.parametrize(
    ("kind", "column", "words"),
    [
        ("DATE", Column("x", (made.EMAIL,)), "as a pseudonym, and DATE is not the same text on every engine"),
        ("DOUBLE", Column("x", (made.EMAIL,)), "DOUBLE is not the same text"),
        ("CHAR(3)", Column("x", (made.EMAIL,)), "CHAR(3) is not the same text"),
        ("DOUBLE", Column("x", (made.AGE,), Coarsen.parse("band 0.5")), "`band 0.5` does not suit DOUBLE"),
        ("VARCHAR COLLATE ci", Column("x", (made.AGE,), Coarsen.parse("prefix 2")), "does not suit VARCHAR COLLATE ci"),
        ("TIME", Column("x", (made.AGE,), Coarsen.parse("hour")), "`hour` does not suit TIME"),
    ],
)
def test_what_cannot_be_shown_so_is_withheld(kind: str, column: Column, words: str) -> None:
    """A column that PostgreSQL cannot show as the purpose may see it is withheld, and the refusal says why."""
    datamap, catalog = _people(("id", "INTEGER"), ("name", "VARCHAR"), ("x", kind), x=column)
    with pytest.raises(Refused) as refusal:
        rewrite("SELECT x FROM people", made.ruling(), datamap, catalog, serialize, POSTGRES)
    assert words in str(refusal.value)
    governed = rewrite("SELECT * FROM people", made.ruling(), datamap, catalog, serialize, POSTGRES)
    assert ["x"] == [each.column for each in governed.withheld]


def test_two_columns_that_differ_in_case_are_two() -> None:
    """A column is that of the map's own spelling; a rule that could mean two refuses."""
    datamap, catalog = _people(("id", "INTEGER"), ("name", "VARCHAR"), ("Name", "VARCHAR"))
    governed = rewrite("SELECT Name FROM people", made.ruling(), datamap, catalog, serialize, POSTGRES)
    assert 't."name" AS "name"' in governed.views[0].sql
    quoted = rewrite('SELECT "Name" FROM people', made.ruling(), datamap, catalog, serialize, POSTGRES)
    assert 't."Name" AS "Name"' in quoted.views[0].sql
    only = replace(
        datamap.tables["people"], columns={"id": Column("id", ("user.name",)), "name": Column("name", ("user.name",))}
    )
    half = DataMap({"people": only})
    with pytest.raises(Refused, match="it is not in the data map"):
        rewrite('SELECT "Name" FROM people', made.ruling(), half, catalog, serialize, POSTGRES)
