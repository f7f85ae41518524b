"""Questions that take too much end at their limit, and the next question works."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailee.engines import Limits
from bailee.engines.duckdb.engine import DuckDB
from bailee.errors import Cancelled, EngineError, EngineUnavailable, MemoryExceeded, RowsExceeded, Stale, TimeExceeded

LIMITS = Limits(seconds=2, memory_bytes=512 << 20, spill_bytes=256 << 20, answer_bytes=64 << 20)
FOR_EVER = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"
#: More than a question's own limit and the second after which its worker is killed, on a busy machine.
SOON = 8.0


@pytest.fixture(scope="module")
def bounded(shop: Path) -> Iterator[DuckDB]:
    with DuckDB(shop, limits=LIMITS) as opened:
        yield opened


def worker_of(engine: DuckDB) -> int:
    assert engine._worker is not None
    return engine._worker._process.pid


def works(engine: DuckDB) -> bool:
    return 3 == engine.ask([], "SELECT * FROM range(3)", allow={}).rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 2000000000)",
        "SELECT length(repeat('x', 2000000000 + i)) FROM range(100) t(i)",
        "SELECT list_sum(range(1000000000))",
        "SELECT list_transform(range(100000), lambda x: list_sum(range(x * 100)))[1]",
        "SELECT [[j FOR j IN range(100000)] FOR i IN range(100000)]",
        "SELECT list(i) FROM range(300000000) t(i)",
        "WITH RECURSIVE r AS (SELECT [1] AS n UNION ALL SELECT list_concat(n, n) FROM r) SELECT count(*) FROM r",
        "SELECT printf('%2000000000d', 1)",
        "SELECT lpad('x', 2000000000, 'y')",
        "SELECT i, repeat('x', 1000) FROM range(900000) t(i)",
        "SELECT count(*) FROM (SELECT unnest(range(1000000)), i FROM range(1000000) t(i))",
        "SELECT count(*) FROM range(10000000) a, range(1000000) b WHERE a.range <> b.range * 2",
        "SELECT generate_series(TIMESTAMP '0001-01-01', TIMESTAMP '9999-01-01', INTERVAL 1 MICROSECOND)",
        FOR_EVER,
    ],
)
def test_a_question_that_takes_too_much_ends_soon(bounded: DuckDB, sql: str) -> None:
    """Memory and time limits end it with their own error, in bounded time, and the next question works."""
    began = time.monotonic()
    with pytest.raises((MemoryExceeded, TimeExceeded), match="limit"):
        bounded.ask([], sql, allow={})
    assert time.monotonic() - began < SOON
    assert works(bounded)


def test_time_and_memory_each_have_their_error(bounded: DuckDB) -> None:
    """A question for ever exceeds the time, and a huge value the memory."""
    with pytest.raises(TimeExceeded, match="stopped after 2 seconds"):
        bounded.ask([], FOR_EVER, allow={})
    with pytest.raises(TimeExceeded, match=r"stopped after 0\.5 seconds"):
        bounded.ask([], FOR_EVER, allow={}, limits=Limits(seconds=0.5))
    with pytest.raises(MemoryExceeded, match="more memory than the limit"):
        bounded.ask([], "SELECT repeat('x', 2000000000)", allow={})
    assert works(bounded)


def test_very_many_rows_are_refused_without_being_held(bounded: DuckDB) -> None:
    """Ten million rows and ten times as many are refused alike: neither side holds more than a buffer of them."""
    assert works(bounded)
    before = [_peak(worker_of(bounded)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
    for rows in (10_000_000, 100_000_000):
        sql = f"SELECT i, i::VARCHAR || 'text' AS t FROM range({rows}) t(i)"
        with pytest.raises(RowsExceeded):
            bounded.ask([], sql, allow={}, limits=Limits(rows=10))
    after = [_peak(worker_of(bounded)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
    # In kilobytes; the first answer alone would be some 350,000.
    assert all(late - early < 150_000 for early, late in zip(before, after, strict=True))


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_a_reader_cancels_from_another_thread(bounded: DuckDB) -> None:
    """The one who waits is told that it was cancelled, at once; with nothing running there is nothing to cancel."""
    assert not bounded.cancel()
    threading.Timer(0.4, bounded.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled, match="cancelled by the reader"):
        bounded.ask([], FOR_EVER, allow={})
    assert time.monotonic() - began < 1.8
    assert works(bounded)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_worker_that_dies_under_a_question_is_replaced(bounded: DuckDB, number: signal.Signals) -> None:
    """The question ends with an error that says so, and the next one works."""
    assert works(bounded)
    pid, generation = worker_of(bounded), bounded.generation
    threading.Timer(0.3, os.kill, (pid, number)).start()
    with pytest.raises(EngineError, match="the engine's process ended before it answered"):
        bounded.ask([], FOR_EVER, allow={})
    assert works(bounded)
    assert generation + 1 == bounded.generation


def test_allow_tables_are_to_be_sent_again_after_a_restart(bounded: DuckDB) -> None:
    """A new worker knows nobody: questions and changes are stale until the whole table is sent."""
    bounded.allow("allow_p", "INTEGER", ["1"], sequence=1)
    os.kill(worker_of(bounded), signal.SIGKILL)
    time.sleep(0.1)
    with pytest.raises(Stale, match="send them again"):
        bounded.ask([], "SELECT 1", allow={"allow_p": 1})
    with pytest.raises(Stale):
        bounded.allow("allow_p", "INTEGER", ["2"], sequence=2, base=1)
    bounded.allow("allow_p", "INTEGER", ["1"], sequence=1)
    assert 1 == bounded.ask([], "SELECT 1", allow={"allow_p": 1}).rows


def test_an_interrupt_key_does_not_end_the_worker(bounded: DuckDB) -> None:
    """The terminal's signal reaches the whole group; what it means is the parent's to say."""
    assert works(bounded)
    generation = bounded.generation
    os.kill(worker_of(bounded), signal.SIGINT)
    assert works(bounded)
    assert generation == bounded.generation


def test_a_closed_engine_answers_nothing_and_leaves_nothing(shop: Path) -> None:
    """Closing ends the process, removes its spill folder, and may be done twice, even while a question runs."""
    engine = DuckDB(shop)
    engine.start()
    assert works(engine)
    pid, worker = worker_of(engine), engine._worker
    assert worker is not None
    threading.Timer(0.3, engine.close).start()
    with pytest.raises(Cancelled):
        engine.ask([], FOR_EVER, allow={})
    engine.close()
    assert not Path(f"/proc/{pid}").exists()
    assert not Path(worker._spill).exists()
    with pytest.raises(EngineUnavailable, match="was closed"):
        engine.ask([], "SELECT 1", allow={})
