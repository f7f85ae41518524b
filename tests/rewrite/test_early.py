"""What a question asks of a row's own time is asked within the fence too, and nothing else is."""

from __future__ import annotations

import pytest

from tests.rewrite import golden
from tests.rewrite import spark_shop as spark

WITHIN = [
    ("SELECT total FROM orders WHERE placed >= '2026-10-05'", [">= TIMESTAMP_NTZ '2026-10-05 00:00:00'"]),
    ("SELECT total FROM orders o WHERE o.placed > TIMESTAMP '2026-10-05 10:00:00'", ["> TIMESTAMP_NTZ '2026-10-05 10"]),
    ("SELECT total FROM orders WHERE DATE '2026-10-05' <= placed", [">= TIMESTAMP_NTZ '2026-10-05 00:00:00'"]),
    (
        "SELECT total FROM orders WHERE (placed BETWEEN '2026-10-05' AND '2026-10-06') AND total > 3",
        [">= TIMESTAMP_NTZ '2026-10-05 00:00:00'", "<= TIMESTAMP_NTZ '2026-10-06 00:00:00'"],
    ),
    (
        "SELECT c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.placed = '2026-10-05'",
        ["= TIMESTAMP_NTZ '2026-10-05 00:00:00'"],
    ),
    ("WITH w AS (SELECT * FROM orders WHERE placed > '2026-10-05') SELECT * FROM w, w x", ["> TIMESTAMP_NTZ '2026-10"]),
    ("SELECT name FROM customers WHERE joined < DATE '2026-10-05'", ["< DATE '2026-10-05'"]),
]
OUTSIDE = [
    "SELECT total FROM orders WHERE total > 3 AND coupon = 'A' AND customer_id = 1",
    "SELECT total FROM orders WHERE placed > '2026-10-05' OR total > 3",
    "SELECT total FROM orders WHERE NOT placed > '2026-10-05'",
    "SELECT total FROM orders WHERE placed > CAST(coupon AS TIMESTAMP)",
    "SELECT total FROM orders WHERE placed > '2026-10-05 10:00:00 Asia/Tokyo'",
    "SELECT total FROM orders WHERE placed > '2026-13-45'",
    "SELECT total FROM orders WHERE placed > '5'",
    "SELECT name FROM customers WHERE joined > TIMESTAMP '2026-10-05 10:00:00'",
    "SELECT a.total FROM orders a, orders b WHERE a.placed > '2026-10-05'",
    "SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE c.joined > '2026-10-05')",
    "SELECT name FROM customers c LEFT ANTI JOIN orders o ON o.customer_id = c.id WHERE placed > '2026-10-05'",
    "SELECT name FROM customers JOIN orders o ON true WHERE upper(name) > '2026-10-05'",
    "SELECT x.placed FROM (SELECT placed FROM orders) x WHERE x.placed > '2026-10-05'",
    "SELECT count(*) FROM orders HAVING max(placed) > '2026-10-05'",
]


def bodies(question: str, purpose: str = "offers") -> list[str]:
    return [view.sql for view in spark.govern(question, golden.ruling(purpose)).views]


@pytest.mark.parametrize(("question", "within"), WITHIN)
def test_a_written_time_is_asked_within_the_fence(question: str, within: list[str]) -> None:
    """Of the table's own time, by every comparison, in the WHERE of the query that names the table."""
    assert all(any(condition in body for body in bodies(question)) for condition in within)


@pytest.mark.parametrize("question", OUTSIDE)
def test_all_else_stays_outside(question: str) -> None:
    """Other columns, what may fail or be read otherwise, what is not of this use of the table."""
    plain = {
        *bodies("SELECT total, coupon, customer_id, placed FROM orders"),
        *bodies("SELECT id, name, joined FROM customers"),
    }
    asked = {body.split(" WHERE ")[1] for body in bodies(question)}
    assert asked <= {body.split(" WHERE ")[1] for body in plain}


def test_questions_about_groups_ask_it_too() -> None:
    """Their relations are the same, and their groups are of the rows that are left."""
    found = bodies("SELECT coupon, count(*) FROM orders WHERE placed > '2026-10-05' GROUP BY coupon", "research")
    assert "> TIMESTAMP_NTZ '2026-10-05 00:00:00'" in found[0]
