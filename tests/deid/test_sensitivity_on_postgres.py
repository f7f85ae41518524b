"""What one customer can change on PostgreSQL, by brute force, and the same figures as on DuckDB."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.rewrite import Governed
from tests.deid import noisy
from tests.deid.test_sensitivity import QUESTIONS, VISITS
from tests.postgres import Cluster
from tests.rewrite import shop as made
from tests.rewrite.postgres_shop import PostgresShop

SCHEMA = noisy.SCHEMA.replace("DOUBLE", "DOUBLE PRECISION")
PUT = "INSERT INTO visits VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"


@pytest.fixture(scope="module")
def shop(postgres: Cluster) -> PostgresShop:
    con = psycopg.connect(postgres.new(), autocommit=True, prepare_threshold=None)
    con.execute(SCHEMA)
    con.execute("INSERT INTO customers SELECT n, CASE WHEN n < 5 THEN 'gold' END FROM generate_series(1, 9) t(n)")
    return PostgresShop(con, noisy.MAP, range(1, 10))


@pytest.fixture(scope="module")
def here() -> made.Shop:
    return noisy.open_shop([])


def exact(shop: PostgresShop, governed: Governed, visits: list[Any]) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The figures of each group over these visits, by the keys as text."""
    shop.con.execute("DELETE FROM visits")
    with shop.con.cursor() as cursor:
        rows = [(at, one, *rest, store, f"{noisy.DAY} 10:00") for at, (one, *rest, store) in enumerate(visits)]
        cursor.executemany(PUT, rows)
    return noisy.by_keys(governed, *shop.run_named(replace(governed, sql=noisy.planned(governed).sql), made.CUTOFF))


@given(VISITS, st.sampled_from(QUESTIONS[:-2]), st.integers(1, 3), st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_one_customer_changes_no_figure_by_more(
    shop: PostgresShop, here: made.Shop, visits: list[Any], question: str, rows: int, who: int
) -> None:
    """N1, N2, N3: neighbours differ by the sensitivity at most; where no row is left out, both engines agree."""
    question = question.replace("GROUP BY ALL", "GROUP BY region, age")
    governed = shop.govern(question, noisy.ruling(rows))
    plan = noisy.planned(governed)
    whole = exact(shop, governed, visits)
    without = exact(shop, governed, [visit for visit in visits if visit[0] != who])
    assert whole.keys() == without.keys()
    for at in range(len(plan.figures)):
        assert sum(abs(whole[key][at] - without[key][at]) for key in whole) <= plan.sensitivity(at)
    everything = noisy.ruling(9_000)
    noisy.put(here, visits)
    theirs = noisy.exact(here, here.govern(question, everything))
    ours = exact(shop, shop.govern(question, everything), visits)
    assert {tuple(key): figures for key, figures in theirs.items()} == ours
