"""How long the rewrite takes: cold for typical questions with the engine's own parser in the same process, and kept.

Cold is the median over the questions, each the best of its rounds. It holds the token gate, the parse, names, columns,
relations, splice, and DuckDB's parse of the result by `json_serialize_sql`. Kept is one look-up with the whole key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from bailee.rewrite import Rewriter
from bench.figure import Figure
from tests.rewrite import shop as made

QUESTIONS = (
    "SELECT name, age FROM customers WHERE age >= 40 ORDER BY name",
    "SELECT coupon, count(*) AS n, sum(total) FROM orders GROUP BY coupon ORDER BY n DESC LIMIT 10",
    "SELECT c.name, sum(o.total) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.total > 5 GROUP BY 1",
    "SELECT p.kind, date_trunc('month', o.placed) AS m, sum(l.quantity * p.price) FROM lines l JOIN orders o USING "
    "(order_id) JOIN products p ON p.product_id = l.product_id GROUP BY ALL ORDER BY m, 3 DESC",
    "WITH big AS (SELECT customer_id, sum(total) AS spent FROM orders GROUP BY 1), best AS (SELECT * FROM big WHERE "
    "spent > 10) SELECT c.name, b.spent, rank() OVER (ORDER BY b.spent DESC) FROM best b JOIN customers c ON c.id = "
    "b.customer_id QUALIFY rank() OVER (ORDER BY b.spent DESC) <= 100",
    "SELECT * FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 3)",
)
GROUPED = "SELECT coupon, count(*), sum(total) FROM orders GROUP BY coupon HAVING count(*) > 1"
ROUNDS, LOOKUPS = 15, 2_000


def rows() -> list[Figure]:
    """Latency of the rewrite: cold, about groups, and kept."""
    shop = made.open_shop()
    ruling, research = made.ruling(), made.ruling("research", "insurer")

    def cold(question: str, under: object) -> Callable[[], object]:
        rewriter = Rewriter(made.MAP, "sha256:map", shop.catalog, shop.serialize)
        return lambda: (rewriter._kept.clear(), rewriter.rewrite(question, under))

    best = [_best(cold(question, ruling)) * 1e3 for question in QUESTIONS]
    grouped = _best(cold(GROUPED, research)) * 1e3
    rewriter = Rewriter(made.MAP, "sha256:map", shop.catalog, shop.serialize)
    rewriter.rewrite(QUESTIONS[3], ruling)
    kept = _best(lambda: [rewriter.rewrite(QUESTIONS[3], ruling) for _ in range(LOOKUPS)]) / LOOKUPS * 1e6
    spread = f"{min(best):.2g} to {max(best):.2g} ms"
    return [
        Figure("rewrite of a typical question, cold", median(best), "ms", "at most 2", median(best) <= 2, spread),
        Figure("rewrite of a question about groups, cold", grouped, "ms"),
        Figure("rewrite that is kept", kept, "us", "at most 20", kept <= 20),
    ]


def _best(job: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        job()
        taken.append(time.perf_counter() - began)
    return min(taken)
