"""Which groups may be shown: the screen in numpy, a release in SQL, and the p % rule of the handbook by hand agree."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.deals.contributions import contributions
from bailee.deals.evidence import CUSTOMER
from bailee.deals.grouping import shown
from bailee.deals.model import Asked, Wanted
from bailee.deid.cells import PERCENT
from bailee.engines.duckdb.scratch import scratch
from bailee.gate import disclosing, grouped
from tests.rewrite import shop as engine

#: A column that says which group, then what may be asked of it: text, which rows contribute, and how much.
AGGREGATES: dict[str, tuple[Any, Any]] = {
    "count(*)": (lambda r: True, lambda r: 1),
    "count(total)": (lambda r: r[2] is not None, lambda r: 1),
    "sum(total)": (lambda r: r[2] is not None, lambda r: abs(r[2] or 0)),
    "avg(order_id)": (lambda r: r[3] is not None, lambda r: abs(r[3] or 0)),
    "sum(total * order_id)": (lambda r: None not in r[2:], lambda r: abs((r[2] or 0) * (r[3] or 0))),
    "count(*) FILTER (WHERE total > 1)": (lambda r: (r[2] or 0) > 1, lambda r: 1),
    "sum(order_id) FILTER (WHERE total > 1)": (
        lambda r: (r[2] or 0) > 1 and r[3] is not None,
        lambda r: abs(r[3] or 0),
    ),
    "count(DISTINCT customer_id)": (lambda r: True, lambda r: 0),
}
VALUES = st.sampled_from((0, 1, 2, 7, 60, -40, None))
ROWS = st.lists(st.tuples(st.integers(1, 6), st.sampled_from("ABC"), VALUES, VALUES), min_size=1, max_size=24)
CHOSEN = st.lists(st.sampled_from(sorted(AGGREGATES)), min_size=1, max_size=3, unique=True)


def _by_hand(rows: list[Any], chosen: list[str]) -> set[str]:
    """The handbook's rule over every part of a group: what all but the largest two add is p % of the largest."""
    parts: dict[str, Any] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        parts[row[1]][tuple(AGGREGATES[text][0](row) for text in chosen)].append(row)
    found = set()
    for group, cut in parts.items():
        safe = all(any(flags[at] for flags in cut) for at in range(len(chosen)))
        for some in cut.values():
            safe = safe and len({row[0] for row in some}) >= 2
            for text in chosen:
                own: dict[int, int] = defaultdict(int)
                for row in some:
                    own[row[0]] += AGGREGATES[text][1](row)
                sizes = sorted(own.values(), reverse=True)
                safe = safe and 100 * sum(sizes[2:]) >= PERCENT * sizes[0]
        if safe:
            found.add(group)
    return found


def _released(rows: list[Any], question: str) -> tuple[set[str], set[str]]:
    """The groups that the guard of a release keeps, and of them those that leave."""
    values = ", ".join(
        f"({'NULL' if n is None else n}, {p}, {'NULL' if t is None else t}, '{c}', TIMESTAMP '2026-10-01', NULL)"
        for p, c, t, n in rows
    )
    made = engine.open_shop(
        engine.SCHEMA + f"DELETE FROM orders; INSERT INTO orders VALUES {values};", allowed=range(1, 7)
    )
    ruling = engine.ruling("research", "insurer")
    kept, whole = (
        pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in found], _schema(names))
        for names, found in (
            made.run(made.govern(question, under))
            for under in (replace(ruling, percent=PERCENT), disclosing._of_any_size(ruling))
        )
    )
    return {*kept["coupon"].to_pylist()}, {*grouped.closed(kept, whole, (0,))["coupon"].to_pylist()}


def _schema(names: list[str]) -> pa.Schema:
    return pa.schema([(name, pa.string() if name == "coupon" else pa.float64()) for name in names])


def _screened(rows: list[Any], question: str, by: tuple[str, ...] = ("coupon",)) -> set[str]:
    """The groups that a screen says would leave."""
    people, coupons, totals, orders = (list(each) for each in zip(*rows, strict=True))
    table = pa.table(
        {
            "order_id": pa.array(orders, pa.int32()),
            "customer_id": pa.array(people, pa.int32()),
            "total": pa.array(totals, pa.int32()),
            "coupon": coupons,
            CUSTOMER: pa.array(people, pa.int64()),
        }
    )
    with scratch({"orders": table}) as held:
        wanted = {"orders": Wanted("orders", "orders", customer="customer_id")}
        made = contributions(Asked("odd", "Odd", question, by), wanted, {"orders": table}, held)
        return {*shown(made, np.arange(1, 7), 2, held).answer["coupon"].to_pylist()}


@given(ROWS, CHOSEN)
@settings(max_examples=60, deadline=None)
def test_a_screen_shows_the_groups_that_a_release_shows(rows: list[Any], chosen: list[str]) -> None:
    """R45, M6: the handbook's rule by hand is what a release's SQL keeps, and what leaves is what a screen shows."""
    figures = ", ".join(f"{text} AS f{at}" for at, text in enumerate(chosen))
    question = f"SELECT coupon, {figures} FROM orders GROUP BY coupon"
    kept, left = _released(rows, question)
    assert _by_hand(rows, chosen) == kept
    assert left == _screened(rows, question)
