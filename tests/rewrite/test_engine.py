"""Governed questions in the real worker process: what the rewrite writes is what the engine runs, and runs rightly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bailee.engines.duckdb import lockdown
from bailee.engines.duckdb.engine import DuckDB
from bailee.rewrite import Rewriter
from tests.rewrite import shop as made


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    """The worker over a file with the shop in it."""
    path = tmp_path_factory.mktemp("rewrite") / "grocer.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(made.SCHEMA)
    engine = DuckDB(Path(path))
    yield engine
    engine.close()


def _ask(engine: DuckDB, question: str, purpose: str = "offers") -> list[dict[str, Any]]:
    rewriter = Rewriter(made.MAP, "sha256:map", engine.catalog(), lambda sql: json.loads(engine.serialize(sql)))
    governed = rewriter.rewrite(question, made.ruling(purpose))
    for allow in governed.allow:
        secret = made.SECRET if allow.pseudonyms else None
        engine.allow(allow.name, allow.key_type, [str(key) for key in range(1, 9)], sequence=1, secret=secret)
    for clean in governed.clean:
        engine.clean(clean.name, clean.name, clean.sql)
    fresh = {allow.name: 1 for allow in governed.allow}
    return engine.ask(governed.bind(made.CUTOFF, made.SECRET), governed.sql, allow=fresh).table.to_pylist()


def test_it_answers(engine: DuckDB) -> None:
    """Tables, CTEs and pseudonyms go through the worker."""
    question = (
        "WITH orders AS (SELECT total FROM orders WHERE total < 12) SELECT count(*) AS n, max(total) AS m FROM orders"
    )
    assert [{"n": 3, "m": 11}] == _ask(engine, question)
    assert {"offers": 4, "insight": 4} == {
        purpose: len({row["customer_id"] for row in _ask(engine, "SELECT customer_id FROM orders", purpose)})
        for purpose in ("offers", "insight")
    }


def test_two_uses_of_one_relation_are_not_taken_for_one(tmp_path: Path) -> None:
    """A relation with two pseudonyms a row keeps them apart when a question uses it twice.

    An optimiser of DuckDB 2.0.0 gave the second use the first one's column, so `lockdown` switches it off.
    """
    opening = {"memory_bytes": 1 << 28, "threads": 1, "seconds": 30, "spill": str(tmp_path)}
    with lockdown.connect(opening) as con:
        con.execute("CREATE TABLE o (id INTEGER, c INTEGER, p INTEGER)")
        con.execute("INSERT INTO o VALUES (1, NULL, 1), (2, NULL, 2), (3, 2, 3), (4, 2, 2), (5, NULL, NULL)")
        con.execute("CREATE TABLE a AS SELECT i::INTEGER AS subject, 'p' || i AS pseudonym FROM range(1, 4) r(i)")
        con.execute(
            "CREATE TEMP SECURE VIEW v AS SELECT t.id, a1.pseudonym AS c, a2.pseudonym AS p FROM o AS t "
            "LEFT JOIN a AS a1 ON a1.subject = t.c LEFT JOIN a AS a2 ON a2.subject = t.p "
            "WHERE (t.c IS NULL OR a1.subject IS NOT NULL) AND (t.p IS NULL OR a2.subject IS NOT NULL)"
        )
        found = con.execute("SELECT id FROM v x WHERE x.p IN (SELECT y.c FROM v y) ORDER BY id").fetchall()
    assert [(2,), (4,)] == found
