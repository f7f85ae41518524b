"""Files that cannot be opened, files that change, and processes that come and go."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pytest

from bailee.engines.duckdb import worker
from bailee.engines.duckdb.engine import DuckDB
from bailee.errors import EngineUnavailable
from tests.engines.shop import make_shop

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def count(path: Path) -> int:
    with DuckDB(path) as engine:
        return len(engine.catalog())


def test_a_missing_file_is_said_so_at_once(tmp_path: Path) -> None:
    """`start` names the file and what to do."""
    with pytest.raises(
        EngineUnavailable, match=r"there is no database `.*gone\.duckdb`; put it there, or name another"
    ):
        DuckDB(tmp_path / "gone.duckdb").start()
    with pytest.raises(EngineUnavailable, match="is a folder"):
        DuckDB(tmp_path).start()


@pytest.mark.parametrize("content", [b"", b"no database" * 1000, b"\0" * 20000, b"SQLite format 3\0" + b"\0" * 5000])
def test_a_file_of_another_kind_is_said_so(tmp_path: Path, content: bytes) -> None:
    """A text, an empty file and another database's file are not DuckDB's."""
    path = tmp_path / "x.duckdb"
    path.write_bytes(content)
    with pytest.raises(EngineUnavailable, match=r"x\.duckdb` (is not a DuckDB database|cannot be opened)"):
        count(path)
    assert content == path.read_bytes()


def test_a_start_that_fails_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that gives up takes its spill folder along, though nobody closes the engine."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spills"))
    (tmp_path / "spills").mkdir()
    (tmp_path / "x.duckdb").write_bytes(b"")
    engine = DuckDB(tmp_path / "x.duckdb")
    with pytest.raises(EngineUnavailable):
        engine.catalog()
    assert engine._worker is not None
    engine._worker._process.wait()
    assert [] == list((tmp_path / "spills").iterdir())
    engine.close()


def test_a_damaged_file_is_said_so(tmp_path: Path) -> None:
    """A database whose blocks were overwritten is refused without quoting the engine."""
    path = make_shop(tmp_path / "x.duckdb")
    data = bytearray(path.read_bytes())
    data[4096:12288] = b"CANARY!!" * 1024
    path.write_bytes(bytes(data))
    with pytest.raises(EngineUnavailable, match="is damaged: its checksums do not hold"):
        count(path)


def test_a_file_from_a_newer_version_is_said_so(tmp_path: Path) -> None:
    """A storage version past what this DuckDB reads asks for an upgrade."""
    path = make_shop(tmp_path / "x.duckdb")
    data = bytearray(path.read_bytes())
    version = data.index(b"DUCK") + 4
    data[version : version + 8] = (9999).to_bytes(8, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(duckdb.Error) as caught:
        duckdb.connect(str(path), read_only=True)
    checksum = re.search(r"computed checksum (\d+)", str(caught.value))
    assert checksum
    data[:8] = int(checksum[1]).to_bytes(8, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(EngineUnavailable, match="was written by a newer DuckDB"):
        count(path)


def test_a_file_that_another_process_writes_is_said_so(tmp_path: Path) -> None:
    """While a writer holds the file it is refused with the writer's process; afterwards it opens."""
    path = make_shop(tmp_path / "x.duckdb")
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    engine = DuckDB(path)
    with pytest.raises(EngineUnavailable, match=rf"open for writing in another process \(process {holder.pid}\)"):
        engine.catalog()
    holder.communicate()
    assert 2 == len(engine.catalog())
    engine.close()


def test_two_workers_read_one_file(tmp_path: Path) -> None:
    """Readers do not disturb each other, and while they read a writer is told that the file is held."""
    path = make_shop(tmp_path / "x.duckdb")
    with DuckDB(path) as one, DuckDB(path) as two:
        assert one.catalog() == two.catalog()
        run = subprocess.run([sys.executable, "-P", "-c", HOLD, str(path)], input=b"", capture_output=True)
        assert b"lock" in run.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said_so(tmp_path: Path) -> None:
    """The message says whose permission is missing."""
    path = make_shop(tmp_path / "x.duckdb")
    path.chmod(0)
    with pytest.raises(EngineUnavailable, match="no permission to read"):
        DuckDB(path).start()


def test_a_replaced_file_is_noticed(tmp_path: Path) -> None:
    """A file that was renamed over the old one is what the next request reads, in a new generation."""
    path = make_shop(tmp_path / "x.duckdb")
    with DuckDB(path) as engine:
        assert 2 == len(engine.catalog())
        generation = engine.generation
        with duckdb.connect(str(tmp_path / "new.duckdb")) as con:
            con.execute("CREATE TABLE lone (i INTEGER)")
        (tmp_path / "new.duckdb").replace(path)
        assert ["lone"] == [table.name for table in engine.catalog()]
        assert generation + 1 == engine.generation


def test_the_file_is_never_written(tmp_path: Path) -> None:
    """Opening and asking leave the file and its folder as they were."""
    path = make_shop(tmp_path / "x.duckdb")
    before = path.read_bytes(), path.stat().st_mtime_ns
    with DuckDB(path) as engine:
        engine.allow("allow_p", "INTEGER", ["1"], sequence=1)
        engine.ask([], "SELECT * FROM range(10)", allow={})
    assert before == (path.read_bytes(), path.stat().st_mtime_ns)
    assert ["x.duckdb"] == [entry.name for entry in tmp_path.iterdir()]


def test_starting_does_not_wait(shop: Path) -> None:
    """`start` returns long before the worker is ready."""
    engine = DuckDB(shop)
    began = time.monotonic()
    engine.start()
    assert time.monotonic() - began < 0.1
    engine.close()


def test_the_worker_ends_with_its_parent(shop: Path) -> None:
    """When the parent is killed in the middle of a question, its worker goes and takes its spill folder along."""
    code = (
        "import sys; from bailee.engines.duckdb.engine import DuckDB\n"
        "e = DuckDB(sys.argv[1]); e.catalog(); w = e._worker; print(w._process.pid, w._spill, flush=True)\n"
        "e.ask([], 'SELECT count(*) FROM range(10000000) a, range(1000000) b WHERE a.range <> b.range * 2', allow={})"
    )
    parent = subprocess.Popen([sys.executable, "-P", "-c", code, str(shop)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, spill = parent.stdout.readline().split()
    time.sleep(0.3)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (_runs(int(pid)) or Path(spill).exists()):
        time.sleep(0.02)
    assert not _runs(int(pid))
    assert not Path(spill).exists()


def _runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_a_worker_that_cannot_start_says_why(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the process ends before it is ready, its last words are in the error."""
    monkeypatch.setattr("bailee.engines.duckdb.process._MODULE", worker.__name__ + "_gone")
    with DuckDB(shop) as engine, pytest.raises(EngineUnavailable, match=r"did not start: `.*worker_gone"):
        engine.catalog()
