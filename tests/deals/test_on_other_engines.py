"""A release of figures of tables in PostgreSQL or on Spark: as one of a DuckDB file, and held against that."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest

from bailee.deals import releasing
from bailee.deals.releasing import Asked, Released
from tests.cli.test_engines import copied
from tests.deals.shop import COUNSEL, FIGURES, NOW, agreed, deal_text, make, opened
from tests.deals.test_repeats import TO, rows
from tests.gate.shop import Clock
from tests.placed import as_user
from tests.postgres import Cluster

#: Brings what the shop's file holds to the engine `other`.
Bring = Callable[[], None]


def _spark(home: Path, url: str) -> Bring:
    tables = '{orders = "lake/orders", customers = "lake/customers"}'
    (home / "bailee.toml").write_text(f'[engines.other]\nkind = "spark"\nurl = "{url}"\ntables = {tables}\n')

    def bring() -> None:
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
            for name in ("orders", "customers"):
                (home / "lake" / name).mkdir(parents=True, exist_ok=True)
                con.execute(f"COPY {name} TO '{home / 'lake' / name / 'part.parquet'}' (FORMAT parquet)")

    return bring


def _postgres(home: Path, url: str) -> Bring:
    (home / "bailee.toml").write_text(f'[engines.other]\nkind = "postgres"\nurl = "{as_user(url, "outward")}"\n')

    def bring() -> None:
        with psycopg.connect(url, autocommit=True) as owner:
            for name in ("orders", "customers", "products"):
                owner.execute(f"DROP TABLE IF EXISTS {name}".encode())
        copied(home, url)
        with opened(home) as gate, psycopg.connect(url, autocommit=True) as owner:
            for statement in gate.grants("other"):
                owner.execute(statement.encode())

    return bring


@pytest.fixture(params=["postgres", "sail", pytest.param("local[1]", marks=pytest.mark.soak)])
def bring(request: pytest.FixtureRequest, tmp_path: Path) -> Bring:
    home = tmp_path / "shop"
    make(home)
    if request.param == "postgres":
        cluster: Cluster = request.getfixturevalue("postgres")
        return _postgres(home, cluster.new())
    if request.param == "sail":
        return _spark(home, request.getfixturevalue("sail"))
    if shutil.which("java") is None:
        pytest.skip("no `java` was found: Sail alone is tested")
    return _spark(home, request.param)


def _release(home: Path, deal: str, days: int, engine: str | None) -> Released:
    out = home.parent / "out"
    out.mkdir(exist_ok=True)
    with opened(home, Clock(NOW + timedelta(days=days))) as gate:
        digest = agreed(gate, deal_text(**{**FIGURES, "deal": deal}))
        return releasing.release(gate, digest, Asked(TO, out, engine=engine), actor=COUNSEL)


def test_the_figures_are_the_same_and_held_against_each_other(tmp_path: Path, bring: Bring) -> None:
    """R45, R52, R53: the same figures, of which nothing has changed; then one customer's purchase is held back."""
    home = tmp_path / "shop"
    bring()
    first = _release(home, "from-the-file", 0, None)
    second = _release(home, "from-the-other", 1, "other")
    assert rows(first) == rows(second)
    assert 0 == second.files[0].left_out
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        at = NOW.replace(tzinfo=None) + timedelta(days=1)
        con.execute("INSERT INTO orders VALUES (7, ?, 'S1', ?)", [Decimal("61.37"), at])
    bring()
    third = _release(home, "from-the-other-again", 2, "other")
    assert {"S1"} == rows(second).keys() - rows(third).keys()
