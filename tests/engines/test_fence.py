"""Nothing that a question does tells of rows behind the fence.

Each attack runs against two files that differ only in their hidden rows; a reader must not be able to tell which.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from bailee.engines import View
from bailee.engines.duckdb import lockdown
from bailee.engines.duckdb.engine import DuckDB
from tests.engines.shop import ALLOWED, make_shop, outcome

ATTACKS = [
    "SELECT count(*) FROM seen WHERE id > 100 AND CAST(name AS INT) > 0",
    "SELECT count(*) FROM seen WHERE CAST(name AS INT) > 0",
    "SELECT count(*) FROM seen WHERE CASE WHEN name = 'CANARY500' THEN 1 // 0 ELSE 1 END = 1",
    "SELECT count(*) FROM seen WHERE CASE WHEN id = 500 THEN error(name) ELSE 'x' END = 'x'",
    "SELECT count(*) FROM seen WHERE id = 500 AND error(name) IS NULL",
    "SELECT count(*) FROM (SELECT * FROM seen LIMIT 1000000) WHERE CAST(name AS INT) > 0",
    "SELECT count(*) FROM seen a JOIN seen b ON CAST(a.name AS INT) = b.id",
    "SELECT count(*) FROM seen a WHERE EXISTS (SELECT 1 FROM seen b WHERE CAST(b.name AS INT) = a.id)",
    "SELECT count(*) FILTER (WHERE CAST(name AS INT) > 0) FROM seen",
    "SELECT CAST(name AS INT) % 2, count(*) FROM seen GROUP BY 1 ORDER BY 1",
    "SELECT max(CAST(name AS INT)) OVER (ORDER BY id) FROM seen ORDER BY id LIMIT 1",
    "SELECT id FROM seen ORDER BY CAST(name AS INT) LIMIT 3",
    "WITH m AS MATERIALIZED (SELECT * FROM seen) SELECT count(*) FROM m WHERE CAST(name AS INT) > 0",
    "WITH RECURSIVE r AS (SELECT name FROM seen UNION SELECT name FROM r WHERE CAST(name AS INT) < 0) "
    "SELECT count(*) FROM r",
    "SELECT count(*) FROM seen WHERE name::DATE IS NULL",
    "SELECT count(*) FROM seen WHERE strptime(name, '%d') IS NOT NULL",
    "SELECT count(*) FROM seen WHERE sqrt(100 - id) >= 0",
    "SELECT count(*) FROM seen WHERE (2147483000 + id * 1000)::INTEGER > 0",
    "SELECT count(*) FROM seen WHERE ('[' || name || ']')::INT[] IS NOT NULL",
    "SELECT count(*) FROM seen WHERE regexp_matches('x', CASE WHEN id > 100 THEN '(' ELSE 'x' END)",
    "SELECT (SELECT b.name FROM seen b WHERE b.id >= 100 OR b.id = a.id) FROM seen a WHERE a.id = 100",
    "SELECT DISTINCT stats(name)::VARCHAR FROM seen",
    "SELECT DISTINCT stats(id)::VARCHAR FROM seen",
    "SELECT max(spent), min(name), approx_count_distinct(name), approx_quantile(id, 0.9) FROM seen",
    "SELECT count(*) FROM seen POSITIONAL JOIN (SELECT 1)",
    "SELECT count(*) FROM seen a ASOF JOIN seen b ON a.id >= b.id + CAST(b.name AS INT)",
    "SELECT sum(id) FROM seen TABLESAMPLE reservoir(1000000 ROWS)",
    "SUMMARIZE seen",
    "SELECT bitstring_agg(id) FROM seen",
    "SELECT count(*) FROM seen WHERE rowid >= 0",
    "SELECT * FROM seen LEFT JOIN (VALUES (500)) v(i) ON CAST(name AS INT) = v.i ORDER BY 1 LIMIT 1",
    "SELECT count(*) FROM seen WHERE name COLLATE NOCASE LIKE 'canary%' AND name::INT = 1",
    "SELECT getvariable('x') FROM seen WHERE name::INT = 1",
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DuckDB, DuckDB]]:
    folder = tmp_path_factory.mktemp("pair")
    with (
        DuckDB(make_shop(folder / "with.duckdb")) as hiding,
        DuckDB(make_shop(folder / "without.duckdb", hidden=False)) as plain,
    ):
        for engine in (hiding, plain):
            engine.allow("allow_p", "INTEGER", ALLOWED, sequence=1, secret=bytes(32))
        yield hiding, plain


@pytest.mark.parametrize("attack", ATTACKS)
def test_hidden_rows_change_nothing_that_a_reader_sees(pair: tuple[DuckDB, DuckDB], attack: str) -> None:
    """Rows, error class and error place are the same whether the hidden rows exist or not."""
    hiding, plain = pair
    found = outcome(hiding, attack)
    assert outcome(plain, attack) == found
    assert "CANARY" not in repr(found)
    assert "77777" not in repr(found)


def test_the_attacks_are_real(pair: tuple[DuckDB, DuckDB]) -> None:
    """The same cast tells of hidden rows when the policy is joined in line, without the fence."""
    hiding, plain = pair
    attack = (
        "SELECT count(*) FROM company.main.people p JOIN memory.main.allow_p a ON a.subject = p.id "
        "WHERE p.id > 100 AND CAST(p.name AS INT) > 0"
    )
    assert [{"count_star()": 0}] == outcome(plain, attack)
    assert [{"count_star()": 0}] != outcome(hiding, attack)


def test_an_error_in_a_relation_quotes_nothing(pair: tuple[DuckDB, DuckDB]) -> None:
    """Even a fault of the gate's own view, which sees hidden rows, leaves as a class."""
    view = View("seen", "SELECT CAST(name AS INT) AS n FROM company.main.people")
    assert "CANARY" not in repr(outcome(pair[0], "SELECT sum(n) FROM seen", view))


def test_the_trial_at_start_up_tells_a_fence_from_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's trial passes on a secure view and fails on a plain one."""
    shop = make_shop(tmp_path / "s.duckdb")

    def opened() -> duckdb.DuckDBPyConnection:
        opening = {"memory_bytes": 1 << 28, "threads": 1, "seconds": 5, "spill": str(tmp_path), "spill_bytes": 1 << 20}
        con = lockdown.connect(opening)
        lockdown.lock(con, opening | {"path": str(shop)})
        return con

    with opened() as con:
        lockdown.try_fence(con)
    monkeypatch.setattr(lockdown, "_FENCE", "CREATE TEMP VIEW")
    with opened() as con, pytest.raises(lockdown.Leak):
        lockdown.try_fence(con)
