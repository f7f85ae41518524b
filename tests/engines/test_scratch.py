"""The scratch engine: it answers over what it was given, and reaches nothing else."""

from __future__ import annotations

import pyarrow as pa
import pytest

from bailee.engines import Limits
from bailee.engines.duckdb.scratch import scratch
from bailee.errors import EngineError, MemoryExceeded, TimeExceeded

ROWS = pa.table({"number": [1, 2, 3], "name": ["x", "canary", "x"]})


def test_it_answers_over_the_tables_that_it_holds() -> None:
    """M1: a SELECT sees each table by its name, and gives Arrow."""
    with scratch({"rows": ROWS}) as held:
        found = held.ask('SELECT name, sum(number)::INTEGER AS "all" FROM rows GROUP BY name ORDER BY name')
    assert [{"name": "canary", "all": 2}, {"name": "x", "all": 4}] == found.to_pylist()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM ROWS_OF_PYTHON",
        "SELECT getenv('HOME')",
        "COPY rows TO '/tmp/out.csv'",
        "ATTACH '/tmp/out.db' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '64GB'",
        "SET enable_external_access = true",
        "CREATE TABLE more AS SELECT 1",
        "SELECT 1; SELECT 2",
        "",
    ],
)
def test_nothing_else_can_be_reached(sql: str) -> None:
    """M1: neither files nor settings, nor a variable of Python, nor anything but one SELECT."""
    ROWS_OF_PYTHON = ROWS  # noqa: F841, N806
    with scratch({"rows": ROWS}) as held, pytest.raises(EngineError):
        held.ask(sql)


def test_an_error_quotes_no_value() -> None:
    """M1: what the engine says of a failing cast holds the value; what comes out does not."""
    with scratch({"rows": ROWS}) as held, pytest.raises(EngineError) as error:
        held.ask("SELECT CAST(name AS INTEGER) FROM rows")
    assert "canary" not in str(error.value)
    assert "conversion error" in str(error.value)


def test_time_and_memory_are_limited() -> None:
    """M1: a question that goes on or grows is stopped, and the next is answered."""
    with scratch({"rows": ROWS}, Limits(seconds=0.3, memory_bytes=200 << 20)) as held, pytest.raises(TimeExceeded):
        held.ask("SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3")
    with scratch({"rows": ROWS}, Limits(seconds=60, memory_bytes=200 << 20)) as held:
        with pytest.raises(MemoryExceeded):
            held.ask("SELECT list(range) FROM range(400000000)")
        assert [{"n": 3}] == held.ask("SELECT count(*) AS n FROM rows").to_pylist()


def test_what_is_seen_is_one_select() -> None:
    """M1: a name stands for a SELECT, for the next one in its place, and for nothing else."""
    with scratch({"rows": ROWS}) as held:
        for number in (1, 2):
            held.see("one", f"SELECT * FROM rows WHERE number = {number}")
            assert [number] == held.ask("SELECT number FROM one")["number"].to_pylist()
        for bad in ("SELECT 1; DROP TABLE rows", "DELETE FROM rows", "SELECT * FROM '/etc/passwd'"):
            with pytest.raises(EngineError):
                held.see("bad", bad)


def test_binding_reads_no_row() -> None:
    """M1: whether names and types fit is told without rows; a failing value in one does not matter."""
    with scratch({"rows": ROWS}) as held:
        held.see("fewer", "SELECT name FROM rows")
        assert held.binds("SELECT number FROM rows;")
        assert held.binds("SELECT name FROM fewer")
        assert not held.binds("SELECT number FROM fewer")
