"""What one customer can change of lines and parts on PostgreSQL, by brute force, and the same figures as on DuckDB."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.rewrite import Governed
from tests.deid import noisy
from tests.deid import test_sensitivity_along_via as via
from tests.postgres import Cluster
from tests.rewrite import shop as made
from tests.rewrite.postgres_shop import PostgresShop

Rows = tuple[list[Any], list[Any], list[Any]]


@pytest.fixture(scope="module")
def shop(postgres: Cluster) -> PostgresShop:
    con = psycopg.connect(postgres.new(), autocommit=True, prepare_threshold=None)
    con.execute(via.SCHEMA.replace("DOUBLE", "DOUBLE PRECISION").encode())
    return PostgresShop(con, via.MAP, range(1, 10))


@pytest.fixture(scope="module")
def here() -> made.Shop:
    return via.open_shop()


def exact(shop: PostgresShop, governed: Governed, rows: Rows) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The figures of each group over these rows, by the keys as text."""
    visits, lines, parts = rows
    shop.con.execute("DELETE FROM visits; DELETE FROM lines; DELETE FROM parts")
    with shop.con.cursor() as cursor:
        put = f"INSERT INTO visits VALUES (%s, %s, %s, 25, 5.0, 1, 1, 1, {via.DAY})".encode()
        cursor.executemany(put, visits)
        cursor.executemany("INSERT INTO lines VALUES (%s, %s, %s)", lines)
        cursor.executemany("INSERT INTO parts VALUES (%s, %s)", parts)
    return noisy.by_keys(governed, *shop.run_named(replace(governed, sql=noisy.planned(governed).sql), made.CUTOFF))


@given(via.VISITS, via.LINED, via.PARTED, st.sampled_from(via.QUESTIONS), st.integers(1, 3), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_one_customer_changes_no_figure_by_more(
    shop: PostgresShop,
    here: made.Shop,
    visits: list[Any],
    lined: list[Any],
    parts: list[Any],
    question: str,
    rows: int,
    who: int,
) -> None:
    """N1, N2, N11: neighbours differ by the sensitivity at most; where no row is left out, both engines agree."""
    whole_rows = visits, [(at, *line) for at, line in enumerate(lined)], parts
    governed = shop.govern(question, noisy.ruling(rows))
    plan = noisy.planned(governed)
    whole = exact(shop, governed, whole_rows)
    without = exact(shop, governed, via.without(who, *whole_rows))
    assert whole.keys() == without.keys()
    for at in range(len(plan.figures)):
        assert sum(abs(whole[key][at] - without[key][at]) for key in whole) <= plan.sensitivity(at)
    everything = noisy.ruling(9_000)
    via.put(here, *whole_rows)
    theirs = noisy.exact(here, here.govern(question, everything))
    ours = exact(shop, shop.govern(question, everything), whole_rows)
    assert {tuple(key): figures for key, figures in theirs.items()} == ours
