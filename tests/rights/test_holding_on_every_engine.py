"""What is held about one person is the same on every engine, and nobody else's on any."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from tests.laws.test_every_engine_answers_alike import HERE, KNOWN, ROWS, everywhere
from tests.postgres import Cluster

PURPOSE = b"""
  answer_requests:
    title: Show you what we hold
    use: essential.legal_obligation
    basis: legal_obligation
    law: GDPR article 15
    own_request: true
    effects: [serve]
    why: It is your data.
    customer_gains: You see it.
    company_gains: Trust.
    reads: {user: clear, system: clear}
    keep: 100 years
"""


def test_every_engine_shows_a_person_the_same(tmp_path: Path, postgres: Cluster, sail: str) -> None:
    """D6.10: DuckDB, PostgreSQL and Spark give each customer the same rows, and rows of no other customer."""
    policy = (HERE / "policy.yaml").read_bytes().replace(b"\npurposes:\n", b"\npurposes:" + PURPOSE, 1)
    with everywhere(tmp_path / "shop", ROWS, policy, postgres, sail) as gate:
        for customer in KNOWN:
            holding = gate.holding(customer)
            found: dict[str | None, dict[str, list[str]]] = {}
            for table in takewhile(lambda each: each.engine != "jvm", holding.tables()):
                rows = holding.rows(table).arrow().to_pylist()
                found.setdefault(table.engine, {})[table.name] = sorted(
                    str(sorted((name.lower(), str(value)) for name, value in row.items())) for row in rows
                )
            assert {None, "postgres", "lake"} == set(found)
            counts = {engine: {name: len(rows) for name, rows in each.items()} for engine, each in found.items()}
            assert counts[None] == counts["postgres"] == counts["lake"]
