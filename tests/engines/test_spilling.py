"""Joins are right when memory is short: the shape of duckdb#25702, where a spilling build side lost rows.

An anti-join that lost rows of its build side would show rows that it should hide.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from bailee.engines import Limits
from bailee.engines.duckdb.engine import DuckDB
from bailee.errors import MemoryExceeded

ROWS = 2_000_000
JOINS = {
    "inner": ("SELECT count(*) FROM company.main.a JOIN company.main.b ON a.t = b.t", ROWS // 2),
    "left": ("SELECT count(b.t) FROM company.main.a LEFT JOIN company.main.b ON a.t = b.t", ROWS // 2),
    "semi": ("SELECT count(*) FROM company.main.a WHERE t IN (SELECT t FROM company.main.b)", ROWS // 2),
    "anti": ("SELECT count(*) FROM company.main.a ANTI JOIN company.main.b ON a.t = b.t", ROWS - ROWS // 2),
    "group": ("SELECT count(*) FROM (SELECT t, count(*) FROM company.main.a GROUP BY t)", ROWS),
}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(f"CREATE TABLE a AS SELECT 'a text that is not short ' || i AS t FROM range({ROWS}) t(i)")
        con.execute(f"CREATE TABLE b AS SELECT 'a text that is not short ' || (i * 2) AS t FROM range({ROWS}) t(i)")
    return path


@pytest.fixture(scope="module", params=[64, 1024], ids=["64 MiB", "1 GiB"])
def tight(large: Path, request: pytest.FixtureRequest) -> Iterator[DuckDB]:
    limits = Limits(seconds=60, memory_bytes=request.param << 20, spill_bytes=2 << 30, threads=2)
    with DuckDB(large, limits=limits) as opened:
        yield opened


def test_the_tighter_limit_does_spill(large: Path) -> None:
    """Without room to spill the same join does not fit, so the case below is the one meant."""
    limits = Limits(seconds=60, memory_bytes=64 << 20, spill_bytes=1 << 20, threads=2)
    with DuckDB(large, limits=limits) as engine, pytest.raises(MemoryExceeded):
        engine.ask([], JOINS["inner"][0], allow={})


@pytest.mark.parametrize("shape", JOINS)
def test_joins_count_the_same_whatever_the_memory(tight: DuckDB, shape: str) -> None:
    """Each join's count is the one that arithmetic gives."""
    sql, expected = JOINS[shape]
    assert [expected] == tight.ask([], sql, allow={}).table.column(0).to_pylist()
