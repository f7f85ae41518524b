"""Questions that take too much end at their limit, a reader cancels, and the next question works."""

from __future__ import annotations

import threading
import time

import pytest

from bailee.engines import Limits, View
from bailee.engines.spark import turn
from bailee.engines.spark.engine import Spark
from bailee.engines.spark.session import Session
from bailee.errors import Cancelled, EngineUnavailable, MemoryExceeded, RowsExceeded, Stale, TimeExceeded
from tests.engines.spark.shop import ALLOWED, SEEN, Server

R = "bailee_rel_1"
FOR_EVER = (
    f"SELECT count(*) AS n FROM {R} a, {R} b, {R} c, {R} d, {R} e, {R} f, {R} g "
    "WHERE a.id * b.id + c.id * d.id % 7 = 3 AND e.id <> f.id AND f.id <> g.id"
)
#: Some seconds, and then it ends by itself.
LONG = f"SELECT count(*) AS n FROM {R} a, {R} b, {R} c, {R} d, {R} e WHERE a.id * b.id + c.id * d.id % 7 = e.id + 3"
#: More than a limit of two seconds and the time that a server may take to stop, on a busy machine.
SOON = 12.0


def ask(engine: Spark, sql: str, **limits: float) -> int:
    """How many rows; where a busy server did not stop in time the session is new, and is told again who is allowed."""
    try:
        return _asked(engine, sql, **limits)
    except Stale:
        engine.allow("allow_p", "INTEGER", ALLOWED, sequence=1, secret=bytes(32))
        return _asked(engine, sql, **limits)


def _asked(engine: Spark, sql: str, **limits: float) -> int:
    return engine.ask([SEEN], sql, allow={"allow_p": 1}, limits=Limits(**limits)).rows  # type: ignore[arg-type]


def test_each_limit_has_its_error(engine: Spark) -> None:
    """Rows, bytes and seconds each end a question by their own error, and the next one works."""
    with pytest.raises(RowsExceeded, match="more than 10 rows"):
        ask(engine, f"SELECT a.id, b.name FROM {R} a, {R} b, {R} c", rows=10)
    with pytest.raises(MemoryExceeded, match="larger than 100000 bytes"):
        ask(engine, f"SELECT repeat('x', 10000) AS x FROM {R} LIMIT 50", answer_bytes=100_000)
    began = time.monotonic()
    with pytest.raises(TimeExceeded, match="stopped after 2 seconds"):
        ask(engine, FOR_EVER, seconds=2)
    assert time.monotonic() - began < SOON
    assert 10 == ask(engine, f"SELECT id FROM {R} WHERE id <= 10", rows=10, seconds=60)


def test_a_reader_cancels_from_another_thread(engine: Spark) -> None:
    """The one who waits is told that it was cancelled; with nothing running there is nothing to cancel."""
    assert not engine.cancel()
    threading.Timer(1.0, engine.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled, match="cancelled by the reader"):
        ask(engine, FOR_EVER)
    assert time.monotonic() - began < SOON
    assert 1 == ask(engine, "SELECT 1 AS one", seconds=60)


def test_a_server_that_does_not_stop_is_left_alone_with_its_question(
    sail_server: Server, folders: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked is told in time, and the next question is answered in a session of its own."""
    with sail_server.open(folders) as engine:
        engine.allow("allow_p", "INTEGER", ALLOWED, sequence=1, secret=bytes(32))
        left, before = list[Session](), engine.generation
        monkeypatch.setattr(Session, "interrupt", lambda session: left.append(session))  # which stops nothing
        monkeypatch.setattr(turn, "_PATIENCE", 0.5)
        began = time.monotonic()
        with pytest.raises(TimeExceeded, match="stopped after 1 second"):
            ask(engine, LONG, seconds=1)
        assert time.monotonic() - began < SOON
        assert left
        monkeypatch.undo()
        engine.allow("allow_p", "INTEGER", ALLOWED, sequence=1, secret=bytes(32))
        assert (1, before + 1) == (ask(engine, "SELECT 1 AS one", seconds=60), engine.generation)


def test_threads_wait_for_their_turn(sail_engine: Spark) -> None:
    """Eight threads ask at once, and each gets its own answer."""
    found: dict[int, int] = {}

    def one(number: int) -> None:
        found[number] = ask(sail_engine, f"SELECT id FROM {R} WHERE id <= {number}")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: number for number in range(1, 9)} == found


def test_an_engine_that_is_closed_before_its_question_begins(
    sail_server: Server, folders: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then there is nothing to cancel yet, and the question does not run to its limit for nobody."""
    engine = sail_server.open(folders)
    engine.allow("allow_p", "INTEGER", ALLOWED, sequence=1)
    opened = engine._living

    def closed_meanwhile() -> object:
        living = opened()
        engine._closed = True
        return living

    monkeypatch.setattr(engine, "_living", closed_meanwhile)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        engine.ask([SEEN], FOR_EVER, allow={"allow_p": 1})
    assert time.monotonic() - began < SOON
    engine.close()


def test_a_closed_engine_answers_nothing(sail_server: Server, folders: dict[str, str]) -> None:
    """Closing may be done twice, even while a question runs, which is then cancelled."""
    engine = sail_server.open(folders)
    engine.allow("allow_p", "INTEGER", ["1"], sequence=1)
    everybody = View(R, SEEN.sql.replace("JOIN allow_p a ON a.subject = p.id", "CROSS JOIN allow_p a WHERE p.id < 101"))
    threading.Timer(0.5, engine.close).start()
    with pytest.raises(Cancelled):
        engine.ask([everybody], FOR_EVER, allow={"allow_p": 1})
    engine.close()
    with pytest.raises(EngineUnavailable, match="was closed"):
        engine.catalog()
