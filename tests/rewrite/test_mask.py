"""A view with the mask of an allow table shows the rows of the view that joins it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.engines.duckdb import masks
from bailee.rewrite.dialects import DUCKDB
from bailee.rewrite.mask import Masked, maskable
from tests.rewrite import shop as made

RANGES = {
    "TINYINT": (-128, 127),
    "UTINYINT": (0, 255),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "UINTEGER": (0, 2**32 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
}
QUESTIONS = (
    "SELECT * FROM customers",
    "SELECT customer_id, total FROM orders WHERE total > 5",
    "SELECT c.name, o.total FROM customers c LEFT JOIN orders o ON o.customer_id = c.id",
    "SELECT count(*) FROM orders a WHERE NOT EXISTS (SELECT 1 FROM orders b WHERE b.customer_id = a.customer_id + 1)",
    "SELECT quantity FROM lines",
)


def condition(name: str, expression: str) -> str:
    """DuckDB's test of a mask."""
    assert DUCKDB.mask is not None
    return DUCKDB.mask(name, expression)


@st.composite
def columns(draw: st.DrawFn) -> tuple[str, list[int | None], list[int]]:
    """A type, a column of rows' keys and the different keys that are allowed: near each other, and at the ends."""
    name = draw(st.sampled_from(sorted(RANGES)))
    low, high = RANGES[name]
    base = draw(st.integers(low, high))
    near = st.integers(max(low, base - 40), min(high, base + 40))
    ends = st.sampled_from([low, low + 1, high - 1, high])
    keys = draw(st.lists(st.one_of(near, ends, st.none()), max_size=30))
    allowed = draw(st.lists(near if draw(st.booleans()) else st.one_of(near, ends), unique=True, max_size=30))
    return name, keys, allowed


@settings(max_examples=300, deadline=timedelta(seconds=5))
@given(columns())
def test_a_mask_holds_what_the_table_holds(drawn: tuple[str, list[int | None], list[int]]) -> None:
    """For every type, wherever the keys lie, the mask's condition is true for exactly the keys that a join finds."""
    kind, keys, allowed = drawn
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE r (k {kind}); CREATE TABLE memory.main.allow_x (subject {kind})")
        con.executemany("INSERT INTO r VALUES (?)", [[key] for key in keys] or [[None]])
        if allowed:
            con.executemany("INSERT INTO allow_x VALUES (?)", [[key] for key in allowed])
        span = masks.make(con, "allow_x", kind)
        joined = con.execute("SELECT k FROM r JOIN allow_x ON subject = k").fetchall()
        if span is None:
            assert not allowed or max(allowed) - min(allowed) >= masks.WIDEST
            return
        masks.give(con, "allow_x", span[0])
        sql = Masked("allow_x", f"SELECT k FROM r t WHERE {condition('allow_x', 't.k')}").bind(span)
        assert Counter(joined) == Counter(con.execute(sql).fetchall())


def test_a_mask_that_begins_elsewhere_holds_nobody() -> None:
    """A view bound to another span than the mask's own shows nothing."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE memory.main.allow_x AS SELECT range::INTEGER AS subject FROM range(-3, 9)")
        assert (-3, 8) == masks.make(con, "allow_x", "INTEGER")
        masks.give(con, "allow_x", 4)
        sql = Masked("allow_x", f"SELECT subject FROM allow_x t WHERE {condition('allow_x', 't.subject')}").bind((4, 8))
        assert [] == con.execute(sql).fetchall()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_alike(question: str) -> None:
    """Whole questions give the same rows with masks and without."""
    joined, masked = made.open_shop(), made.open_shop()
    masked.masked = True
    governed = joined.govern(question, made.ruling())
    assert Counter(joined.run(governed)[1]) == Counter(masked.run(governed)[1])


def test_an_engine_expects_a_fair_share_of_rows_behind_a_mask() -> None:
    """A fact table is not thought to be empty, or it would be taken for the small side of every join."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE memory.main.allow_x AS SELECT range::INTEGER AS subject FROM range(1000)")
        con.execute("CREATE TABLE fact AS SELECT (range % 1000)::INTEGER AS k FROM range(100000)")
        span = masks.make(con, "allow_x", "INTEGER")
        assert span is not None
        masks.give(con, "allow_x", span[0])
        sql = Masked("allow_x", f"SELECT k FROM fact t WHERE {condition('allow_x', 't.k')}").bind(span)
        plan = json.loads(con.execute(f"EXPLAIN (FORMAT JSON) {sql}").fetchall()[0][1])
        assert int(plan[0]["extra_info"]["Estimated Cardinality"]) >= 10_000


def test_a_mask_stands_in_only_where_the_table_says_no_more() -> None:
    """Pseudonyms and keys that are no whole numbers still come from the table; a plain whole number has a mask."""
    shop = made.open_shop()
    assert shop.govern("SELECT total FROM orders", made.ruling()).masked
    assert not shop.govern("SELECT customer_id FROM orders", made.ruling("insight")).masked
    assert not maskable("VARCHAR")
    assert not maskable("UBIGINT")
    assert not maskable("DECIMAL(18,0)")
