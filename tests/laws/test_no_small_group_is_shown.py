"""Law 15. No group below the minimum is shown, nor any set of rows that a question can tell apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.places import Place
from tests.rewrite import shop as engine
from tests.worlds import Seeded, chance, pick

VALUES = st.sampled_from((0, 1, 2, 7, None))
ROWS = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(("A", "B", None)), VALUES, VALUES), min_size=0, max_size=14
)
MINIMUM = 2
#: Text of each aggregate, which rows contribute to it, and its value from those rows.
AGGREGATES: dict[str, tuple[Any, Any]] = {
    "count(*)": (lambda r: True, len),
    "count(total)": (lambda r: r[2] is not None, len),
    "sum(total)": (lambda r: r[2] is not None, lambda rows: sum(r[2] for r in rows)),
    "sum(total * order_id)": (
        lambda r: r[2] is not None and r[3] is not None,
        lambda rows: sum(r[2] * r[3] for r in rows),
    ),
    "count(*) FILTER (WHERE total > 1)": (lambda r: r[2] is not None and r[2] > 1, len),
    "sum(order_id) FILTER (WHERE total IS NULL)": (
        lambda r: r[2] is None and r[3] is not None,
        lambda rows: sum(r[3] for r in rows),
    ),
    "count(DISTINCT customer_id)": (lambda r: True, lambda rows: len({r[0] for r in rows})),
}


def _expected(rows: list[Any], chosen: list[str], keyed: bool) -> set[Any]:
    """By brute force: every group whose distinguishable parts are large enough, with its aggregates."""
    groups = defaultdict(list)
    for row in rows:
        groups[row[1] if keyed else ()].append(row)
    shown = set()
    for key, members in groups.items():
        parts = defaultdict(set)
        for row in members:
            parts[tuple(AGGREGATES[text][0](row) for text in chosen)].add(row[0])
        given_to = [[row for row in members if AGGREGATES[text][0](row)] for text in chosen]
        if all(len(people) >= MINIMUM for people in parts.values()) and all(given_to):
            values = tuple(AGGREGATES[text][1](r) for text, r in zip(chosen, given_to, strict=True))
            shown.add((key, *values) if keyed else values)
    return shown


@given(ROWS, st.lists(st.sampled_from(sorted(AGGREGATES)), min_size=1, max_size=3, unique=True), st.booleans())
@settings(max_examples=150)
def test_no_small_group_is_shown(rows: list[Any], chosen: list[str], keyed: bool) -> None:
    """D7.7, D7.8: by brute force, a group vanishes unless every part of it holds two customers."""
    values = ", ".join(f"({n}, {p}, {t}, {c}, TIMESTAMP '2026-10-01', NULL)" for p, c, t, n in map(_literals, rows))
    schema = engine.SCHEMA + "DELETE FROM orders;" + (f"INSERT INTO orders VALUES {values};" if rows else "")
    shop = engine.open_shop(schema, allowed=range(1, 7))
    select = ", ".join([*(["coupon"] if keyed else []), *chosen])
    governed = shop.govern(f"SELECT {select} FROM orders" + (" GROUP BY coupon" if keyed else ""), RULING)
    assert governed.aggregate
    assert _expected(rows, chosen, keyed) == set(shop.run(governed)[1])


def test_nor_is_one_anywhere_else(place: Place) -> None:
    """D7.7, D7.8: The same in PostgreSQL and Spark, over seeded rows and aggregates; some groups are shown, not all."""
    shown = Counter[bool]()
    for seed in range(25):
        source = Seeded(seed)
        some = (0, 1, 2, 7, None)
        rows = [
            (source.integer(1, 6), pick(source, ("A", "B", None)), pick(source, some), pick(source, some))
            for _ in range(source.integer(0, 14))
        ]
        chosen = sorted({pick(source, sorted(AGGREGATES)) for _ in range(source.integer(1, 3))})
        keyed = chance(source, 60)
        place.fill(TYPES, {**EMPTY, "orders": [_order(row) for row in rows]}, engine.MAP, range(1, 7))
        select = ", ".join([*(["coupon"] if keyed else []), *chosen])
        governed = place.govern(f"SELECT {select} FROM orders" + (" GROUP BY coupon" if keyed else ""), RULING)
        assert governed.aggregate
        expected = _expected(rows, chosen, keyed)
        assert expected == set(place.run(governed, engine.CUTOFF)[1]), (seed, rows, chosen)
        shown.update([bool(expected)])
    assert len(shown) == 2


def _order(row: Any) -> dict[str, object]:
    customer, coupon, total, order = row
    return {
        "order_id": order,
        "customer_id": customer,
        "total": total,
        "coupon": coupon,
        "placed": datetime(2026, 10, 1),
        "note": None,
    }


def _literals(row: Any) -> tuple[str, ...]:
    customer, coupon, total, order = row
    as_text = ["NULL" if value is None else str(value) for value in (total, order)]
    return str(customer), "NULL" if coupon is None else f"'{coupon}'", as_text[0], as_text[1]


TYPES = {
    "orders": {
        "order_id": "INTEGER",
        "customer_id": "INTEGER",
        "total": "INTEGER",
        "coupon": "VARCHAR",
        "placed": "TIMESTAMP",
        "note": "VARCHAR",
    },
    "products": {"product_id": "INTEGER", "kind": "VARCHAR"},
}
EMPTY: dict[str, list[dict[str, object]]] = {"products": []}
RULING = engine.ruling("research", "insurer")
