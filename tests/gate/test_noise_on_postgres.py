"""Questions with noise on a company's PostgreSQL: the same figures as from DuckDB's file, and nothing more."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

import bailee
from bailee.errors import EngineError
from tests.cli.test_engines import copied
from tests.gate import budgeted
from tests.gate.shop import Clock
from tests.gate.test_noise import GROUPS, LOUD, near
from tests.placed import as_user
from tests.postgres import Cluster

QUESTIONS = [
    (GROUPS, [("77", 6, 200)]),
    ("SELECT count(DISTINCT customer_id) AS n, sum(total) FROM orders WHERE coupon = '77'", [(6, 200)]),
    ("SELECT CASE WHEN count(*) > 7 THEN 'many' ELSE 'few' END FROM orders HAVING sum(total) > 270", [("many",)]),
    ("SELECT coupon, avg(total) FROM orders GROUP BY coupon HAVING count(*) > 100", []),
]


@pytest.fixture
def home(postgres: Cluster, tmp_path: Path) -> Path:
    """The shop with its tables in PostgreSQL too, and with next to no noise."""
    made, url = tmp_path / "shop", postgres.new()
    budgeted.make(made, release=LOUD.replace("1000 per 90 days", "1000 per hour"))
    copied(made, url)
    (made / "bailee.toml").write_text(f'[engines.copy]\nkind = "postgres"\nurl = "{as_user(url, "noisy")}"\n')
    with bailee.open(made, clock=Clock()) as gate, psycopg.connect(url, autocommit=True) as owner:
        for statement in gate.grants("copy"):
            owner.execute(statement.encode())
    return made


def test_the_same_figures_within_their_bounds(home: Path) -> None:
    """N2, N3, N7: without noise to speak of both engines answer alike; what stands outside runs on noisy figures."""
    clock = Clock()
    with bailee.open(home, clock=clock) as gate:
        for question, expected in QUESTIONS:
            for engine in (None, "copy"):
                clock.forward(hours=2)
                answer = gate.ask(question, purpose="research", recipient="insurer", engine=engine, spend=Decimal(999))
                rows: list[tuple[Any, ...]] = [tuple(row.values()) for row in answer.arrow().to_pylist()]
                assert near(expected, rows)


def test_a_failure_outside_has_spent(home: Path) -> None:
    """D12.5: a question that fails over its noisy figures has spent, there too, and no value is told."""
    with bailee.open(home, clock=Clock()) as gate:
        with pytest.raises(EngineError) as failed:
            gate.ask(
                "SELECT 1 / (count(*) - count(*)), sum(total) FROM orders",
                purpose="research",
                recipient="insurer",
                engine="copy",
            )
        assert "300" not in str(failed.value)
        assert Decimal(300) == next(each.spent for each in gate.budgets("research", "insurer"))
