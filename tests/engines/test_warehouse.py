"""The embedded warehouse is built beside and appears whole."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bailee.engines import Column
from bailee.engines.duckdb.engine import DuckDB
from bailee.engines.duckdb.warehouse import building, load_arrow, load_parquet
from bailee.errors import EngineError, EngineUnavailable

ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int32()), "t": ["a", None, "c"]})


def tables(path: Path) -> dict[str, tuple[Column, ...]]:
    with DuckDB(path) as engine:
        return {table.name: table.columns for table in engine.catalog()}


def listed(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_tables_come_from_parquet_arrow_and_queries(tmp_path: Path) -> None:
    """Each way of loading makes a native table, may reshape it, and reports its rows."""
    path, source = tmp_path / "w.duckdb", tmp_path / "o'rows.parquet"
    pq.write_table(ROWS, source)
    seen: list[tuple[str, int]] = []
    with building(path, progress=lambda table, rows: seen.append((table, rows))) as loading:
        loading.parquet("plain", source)
        loading.parquet("shaped", source, "SELECT id::BIGINT AS n FROM source WHERE id > 1")
        loading.arrow('od"d', ROWS)
        loading.query("sums", "SELECT sum(n) AS s FROM shaped")
    assert [("plain", 3), ("shaped", 2), ('od"d', 3), ("sums", 1)] == seen
    assert (Column("n", "BIGINT"),) == tables(path)["shaped"]
    assert {"plain", "shaped", 'od"d', "sums"} == set(tables(path))


def test_later_tables_join_the_earlier(tmp_path: Path) -> None:
    """A second load keeps what was there and replaces a table of the same name."""
    path, source = tmp_path / "w.duckdb", tmp_path / "rows.parquet"
    pq.write_table(ROWS, source)
    assert 3 == load_parquet(path, "a", source)
    assert 3 == load_arrow(path, "b", ROWS)
    assert 1 == load_parquet(path, "a", source, "SELECT 1 AS only")
    assert {"a": (Column("only", "INTEGER"),)} == {"a": tables(path)["a"]}
    assert ["rows.parquet", "w.duckdb"] == listed(tmp_path)


def test_a_load_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """An error in the middle keeps every byte of what was there, and no draft."""
    path = tmp_path / "w.duckdb"
    load_arrow(path, "a", ROWS)
    before = path.read_bytes()

    def load() -> None:
        with building(path) as loading:
            loading.arrow("a", ROWS, "SELECT 1 AS changed")
            loading.arrow("b", ROWS, "SELECT gone FROM source")

    with pytest.raises(EngineError, match="table `b` cannot be loaded"):
        load()
    with pytest.raises(EngineUnavailable, match="there is no Parquet file"):
        load_parquet(path, "a", tmp_path / "gone.parquet")
    assert before == path.read_bytes()
    assert ["w.duckdb"] == listed(tmp_path)


def test_a_load_that_is_killed_leaves_the_old_file_and_the_next_one_works(tmp_path: Path) -> None:
    """kill -9 in the middle leaves the old file as it was; the draft that it leaves is no hindrance."""
    path = tmp_path / "w.duckdb"
    load_arrow(path, "a", ROWS)
    before = path.read_bytes()
    code = (
        "import os, sys; from bailee.engines.duckdb.warehouse import building\n"
        "with building(sys.argv[1]) as loading:\n"
        "    loading.query('b', 'SELECT * FROM range(1000000)')\n"
        "    os.kill(os.getpid(), 9)"
    )
    assert -signal.SIGKILL == subprocess.run([sys.executable, "-P", "-c", code, str(path)]).returncode
    assert before == path.read_bytes()
    load_arrow(path, "c", ROWS)
    assert {"a", "c"} == set(tables(path))
    assert ["w.duckdb"] == listed(tmp_path)


@pytest.mark.parametrize(
    "work", ["loading.query('b', 'SELECT range, hash(range) FROM range(50000000)')", "loading.arrow('b', Slow())"]
)
def test_an_interrupt_is_one(tmp_path: Path, work: str) -> None:
    """Ctrl-C while DuckDB works ends the load as itself and not as an error of DuckDB's; nothing is left."""
    code = (
        "import os, signal, sys, threading, time; from bailee.engines.duckdb.warehouse import building\n"
        "class Slow:\n"
        "    def __arrow_c_stream__(self, schema=None): time.sleep(9)\n"
        "with building(sys.argv[1]) as loading:\n"
        "    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        f"    try: {work}\n"
        "    except KeyboardInterrupt: sys.exit(130)"
    )
    run = subprocess.run([sys.executable, "-P", "-c", code, str(tmp_path / "w.duckdb")], capture_output=True, text=True)
    assert (130, [], "") == (run.returncode, listed(tmp_path), run.stderr)


def test_a_warehouse_is_for_its_owners_eyes(tmp_path: Path) -> None:
    """A new one may be read by nobody else; one whose owner let others read it stays so."""
    path = tmp_path / "w.duckdb"
    load_arrow(path, "a", ROWS)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    path.chmod(0o640)
    load_arrow(path, "b", ROWS)
    assert 0o640 == stat.S_IMODE(path.stat().st_mode)


def test_two_builders_do_not_mix(tmp_path: Path) -> None:
    """While one process builds, another is told so and disturbs nothing."""
    path = tmp_path / "w.duckdb"
    code = "import sys; from bailee.engines.duckdb.warehouse import building\nwith building(sys.argv[1]): pass"
    with building(path) as loading:
        loading.arrow("a", ROWS)
        run = subprocess.run([sys.executable, "-P", "-c", code, str(path)], capture_output=True, text=True)
        assert "another process is building it" in run.stderr
    assert {"a"} == set(tables(path))


def test_a_place_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    """A missing folder, and a file that is no database, are refused with what to do."""
    with pytest.raises(EngineUnavailable, match="its folder does not exist"):
        load_arrow(tmp_path / "gone" / "w.duckdb", "a", ROWS)
    (tmp_path / "w.duckdb").write_text("no database" * 1000)
    with pytest.raises(EngineUnavailable, match="not a sound DuckDB file"):
        load_arrow(tmp_path / "w.duckdb", "a", ROWS)
    assert ["w.duckdb"] == listed(tmp_path)
