"""Questions to PostgreSQL, their limits and their errors."""

from __future__ import annotations

import os
import socket
import threading
import time
from decimal import Decimal

import psycopg
import pytest

from bailee.engines import Limits, Result, View
from bailee.engines.postgres.engine import Postgres
from bailee.errors import (
    Cancelled,
    EngineError,
    EngineUnavailable,
    MemoryExceeded,
    RowsExceeded,
    Stale,
    TimeExceeded,
)
from tests.engines.postgres.shop import ALLOWED, PEOPLE, database, make_shop, outcome, run_all
from tests.postgres import Cluster

SLOW = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"


def test_rows_come_from_the_governed_relation_only(engine: Postgres) -> None:
    """An answer holds the allowed people and says how many rows and at which sequence."""
    result = engine.ask([PEOPLE], "SELECT count(*) AS n, sum(spent) AS s FROM bailee_rel_1", allow={"allow_p": 1})
    assert ([{"n": 100, "s": Decimal("7575.00")}], 1, 1) == (result.table.to_pylist(), result.rows, result.sequence)


def test_empty_answers_keep_their_columns(engine: Postgres) -> None:
    """No rows still have names and types."""
    empty = engine.ask([PEOPLE], "SELECT id, name AS id FROM bailee_rel_1 WHERE false", allow={"allow_p": 1})
    assert (["id", "id"], ["int32", "string"], 0) == (
        empty.table.column_names, [str(field.type) for field in empty.table.schema], empty.rows)  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "kind", "position"),
    [
        ("SELECT nope FROM bailee_rel_1", "binder error", 7),
        ("SELECT 'éé', nope FROM bailee_rel_1", "binder error", 13),
        ("SELECT nope(1)", "catalog error", 7),
        ("SELECT 'é', CAST('CANARY' AS DATE)", "conversion error", 17),
        ("SELECT * FRO bailee_rel_1", "parser error", 9),
        ("SELECT 9223372036854775807 + id FROM bailee_rel_1", "out of range error", None),
        ("SELECT 1 / (id - id) FROM bailee_rel_1", "invalid input error", None),
        ("SELECT CAST(name || 'CANARY' AS int) FROM bailee_rel_1", "conversion error", None),
        ("SELECT (SELECT id FROM bailee_rel_1)", "invalid input error", None),
        ("SELECT 'a' ~ '('", "invalid input error", None),
        ("SELECT 1; SELECT 2", "statement", None),
        ("", "statement", None),
        ("SELECT", "statement", None),
        ("DROP VIEW bailee_rel_1", "statement", None),
        ("EXPLAIN SELECT * FROM bailee_rel_1", "statement", None),
        ("SELECT 1) TO PROGRAM 'true' --", "parser error", 8),
        ("SELECT $1::int", "invalid input error", None),
        ("SELECT 1 \0", "parser error", 9),
        ("WITH x AS (INSERT INTO bailee_rel_1 VALUES (1) RETURNING 1) SELECT * FROM x", "statement", None),
        ("SELECT * FROM bailee_rel_1 FOR UPDATE", "statement", None),
        ("SELECT 1 INTO bailee_x", "statement", None),
    ],
)
def test_errors_leave_as_class_and_place(engine: Postgres, sql: str, kind: str, position: int | None) -> None:
    """An error names its class and counts characters of the SQL, and quotes nothing; the next question is well."""
    with pytest.raises(EngineError) as caught:
        engine.ask([PEOPLE], sql, allow={"allow_p": 1})
    assert kind == caught.value.kind
    assert position is None or position == caught.value.position
    assert not any(word in str(caught.value) for word in ("CANARY", "nope", "bailee_rel", "922337"))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM bailee_rel_1")


def test_an_error_in_the_middle_of_the_rows_is_classed_too(engine: Postgres) -> None:
    """A conversion that fails after the first batches came still leaves as class alone, and no rows."""
    sql = "SELECT (CASE WHEN i = 90000 THEN 'CANARY' ELSE '1' END)::integer AS v FROM generate_series(1, 100000) i"
    with pytest.raises(EngineError) as caught:
        engine.ask([], sql, allow={})
    assert "conversion error" == caught.value.kind
    assert "CANARY" not in str(caught.value)


def test_a_semicolon_and_a_comment_at_the_end_do_no_harm(engine: Postgres) -> None:
    """What people leave at the end of a question is no second statement."""
    for sql in ("SELECT 1 AS v;", "SELECT 1 AS v -- one", "SELECT 1 AS v /* one */ ; -- done"):
        assert [{"v": 1}] == engine.ask([], sql, allow={}).table.to_pylist()


def test_a_relation_that_cannot_be_made_is_said_so(engine: Postgres) -> None:
    """A view over what is gone, or may not be read, blames the data map, not the question."""
    for body in (
        "SELECT gone FROM public.people",
        "SELECT 1; DROP TABLE bailee_allow.allow_p",
        "SELEC 1",
        "SELECT * FROM people",
    ):
        before = engine.generation
        with pytest.raises(EngineError, match=r"`bailee check` and `bailee engines` \(relation\)"):
            engine.ask([View("bailee_rel_1", body)], "SELECT 1", allow={})
        assert before + 1 == engine.generation  # so that the catalogue is read again
    assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM bailee_rel_1")


def test_rows_over_the_limit_are_refused_and_the_limit_itself_is_not(engine: Postgres) -> None:
    """Exactly as many rows as the limit pass; one more releases nothing, and the connection goes on or comes back."""
    for rows in (10, 20_000):
        limits = Limits(rows=rows)
        assert rows == engine.ask([], f"SELECT * FROM generate_series(1, {rows})", allow={}, limits=limits).rows
        with pytest.raises(RowsExceeded, match=f"more than {rows} rows"):
            engine.ask([], f"SELECT * FROM generate_series(1, {rows * 50 + 1})", allow={}, limits=limits)
    assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM bailee_rel_1")


def test_bytes_over_the_limit_are_refused(engine: Postgres) -> None:
    """An answer larger than the limit releases nothing, whether its batches are written or wait."""
    for value in ("md5(i::text)", "md5(i::text), i::numeric"):
        with pytest.raises(MemoryExceeded, match="larger than 100000 bytes"):
            engine.ask(
                [], f"SELECT {value} FROM generate_series(1, 50000) i", allow={}, limits=Limits(answer_bytes=100_000)
            )


def test_a_question_cannot_widen_the_engine_s_limits(url: str) -> None:
    """Limits brought by a question only make the engine's own stricter."""
    with Postgres(url, limits=Limits(rows=5)) as strict, pytest.raises(RowsExceeded, match="more than 5 rows"):
        strict.ask([], "SELECT * FROM generate_series(1, 6)", allow={}, limits=Limits(rows=1000))


def test_a_question_is_stopped_at_its_time(engine: Postgres) -> None:
    """A question that counts for hours, or sends for hours, ends at the limit; the next one is well."""
    endless = "SELECT i FROM generate_series(1, 10000000000) i"
    for sql in (SLOW, endless):
        began = time.monotonic()
        with pytest.raises((TimeExceeded, RowsExceeded), match=r"0\.3 seconds|rows") as caught:
            engine.ask([], sql, allow={}, limits=Limits(seconds=0.3))
        assert time.monotonic() - began < 5
        assert sql != SLOW or isinstance(caught.value, TimeExceeded)
    assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM bailee_rel_1")


def test_a_reader_can_cancel(engine: Postgres) -> None:
    """Cancelling from another thread ends the question as cancelled and harms no other."""
    assert not engine.cancel()
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            engine.ask([], SLOW, allow={})
        except EngineError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not engine.cancel():
        time.sleep(0.01)
    thread.join(10)
    assert [Cancelled] == [type(error) for error in caught]
    assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM bailee_rel_1")


def test_cancelling_never_hits_the_next_question(url: str) -> None:
    """Questions that run while others are cancelled end as cancelled or are right, however the two meet."""
    with Postgres(url) as engine:
        engine.allow("allow_p", "INTEGER", ALLOWED, sequence=1)
        done = threading.Event()

        def cancelling() -> None:
            while not done.wait(0.003):
                engine.cancel()

        thread = threading.Thread(target=cancelling)
        thread.start()
        outcomes = [outcome(engine, "SELECT count(*) AS n FROM bailee_rel_1") for _ in range(60)]
        done.set()
        thread.join()
        assert all(found == [{"n": 100}] or found[0] is Cancelled for found in outcomes)  # type: ignore[index]
        assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM bailee_rel_1")


def test_a_question_behind_its_allow_table_is_stale(engine: Postgres) -> None:
    """A question that expects another sequence, or a table that is not there, does not run."""
    for expected in ({"allow_p": 2}, {"allow_gone": 1}):
        with pytest.raises(Stale):
            engine.ask([PEOPLE], "SELECT 1", allow=expected)


def test_nothing_of_one_question_is_left_for_the_next(engine: Postgres) -> None:
    """Views, role and settings end with the question, also one that failed; no transaction stays open."""
    engine.ask([PEOPLE], "SELECT 1", allow={"allow_p": 1})
    outcome(engine, "SELECT nope FROM bailee_rel_1")
    with pytest.raises(EngineError, match="permission error"):
        engine.ask([], "SELECT * FROM bailee_rel_1", allow={})
    asked = "SELECT current_user::text AS u"
    assert [{"u": "bailee_reader"}] == engine.ask([], asked, allow={}).table.to_pylist()
    link = engine._link
    assert link is not None
    assert [("keeper", 0)] == link.run(
        "SELECT current_user::text, (SELECT count(*) FROM pg_class WHERE relname ~ '^bailee_rel')"
    )


def test_relations_are_joined_by_a_hash_table(engine: Postgres, url: str) -> None:
    """A question is planned without sorted joins, which a fence makes look cheap; others are as the server has it."""
    view = View("bailee_rel_1", "SELECT current_setting('enable_mergejoin') AS planned")
    assert ["off"] == engine.ask([view], "SELECT * FROM bailee_rel_1", allow={}).table.column("planned").to_pylist()
    with psycopg.connect(url, autocommit=True) as other:
        assert ("on",) == other.execute("SHOW enable_mergejoin").fetchone()


def test_threads_share_one_engine(engine: Postgres) -> None:
    """Many threads asking at once each get their own answer."""
    answers: dict[int, Result] = {}

    def one(number: int) -> None:
        sql = f"SELECT {number} + 0 * max(id) AS v FROM bailee_rel_1"
        answers[number] = engine.ask([PEOPLE], sql, allow={"allow_p": 1})

    threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: [{"v": n}] for n in range(20)} == {n: answer.table.to_pylist() for n, answer in answers.items()}


def test_a_lost_connection_is_said_and_the_next_question_is_well(postgres: Cluster, engine: Postgres, url: str) -> None:
    """A connection that the server ends, idle or at work, costs at most that question; the server is the same one."""
    before = engine.generation
    ours = f"usename = 'keeper' AND datname = '{database(url)}'"
    kill = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {ours}"
    postgres.run(kill)
    time.sleep(0.1)
    with pytest.raises(EngineError, match="connection to the database was lost"):
        engine.ask([PEOPLE], "SELECT 1", allow={"allow_p": 1})
    timer = threading.Timer(0.3, postgres.run, (kill,))
    timer.start()
    with pytest.raises(EngineError, match="connection to the database was lost"):
        engine.ask([], SLOW, allow={})
    timer.join()
    for sql in (SLOW, "SELECT i FROM generate_series(1, 900000) i"):
        outcome(engine, "SELECT 1")
        cut = threading.Timer(0.2 if sql == SLOW else 0.01, _cut, (engine,))
        cut.start()
        with pytest.raises(EngineError, match="connection to the database was lost"):
            engine.ask([], sql, allow={})
        cut.join()
    assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM bailee_rel_1")
    assert before == engine.generation


def _cut(engine: Postgres) -> None:
    """Break the connection without a word, as a network does."""
    assert engine._link is not None
    with socket.socket(fileno=os.dup(engine._link.pgconn.socket)) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def test_what_a_question_asks_for_stays_within_rights(postgres: Cluster) -> None:
    """Row-level security of the company's own makes a question fail, and never hides rows without a word."""
    url = make_shop(postgres)
    with Postgres(url) as engine:
        engine.allow("allow_p", "INTEGER", ALLOWED, sequence=1)
        run_all(postgres, database(url), "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY few ON people USING (id < 50)")  # fmt: skip
        with pytest.raises(EngineError, match="row-level policy"):
            engine.ask([PEOPLE], "SELECT count(*) FROM bailee_rel_1", allow={"allow_p": 1})


def test_urls_that_cannot_be_used_are_told_in_words(postgres: Cluster, url: str) -> None:
    """What is wrong with a URL is said, and no password of it."""
    cases = {
        "mysql://x": "names no PostgreSQL database",
        "postgresql://keeper:hunter2@/nowhere?host=/nonexistent": "no such socket",
        url.replace(database(url), "nowhere"): "no such database",
        "postgresql://keeper:hunter2@localhost:1/x": "nobody listens there",
        "postgresql://keeper:hunter2@[/x": "cannot be read|names no|cannot be opened",
    }
    for wrong, said in cases.items():
        with pytest.raises(EngineUnavailable, match=said) as caught:
            Postgres(wrong).start()
        assert "hunter2" not in str(caught.value)


def test_a_closed_engine_says_so(url: str) -> None:
    """After `close` nothing runs."""
    engine = Postgres(url)
    engine.start()
    engine.close()
    with pytest.raises(EngineUnavailable, match="was closed"):
        engine.catalog()


def test_sessions_of_questions_cannot_see_each_other(url: str, engine: Postgres) -> None:
    """A question reads no other session's temporary relations."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("CREATE TEMP TABLE bailee_rel_9 AS SELECT 'CANARY' AS v")
        (schema,) = other.execute("SELECT pg_my_temp_schema()::regnamespace::text").fetchone() or ("",)
        view = View("bailee_rel_1", "SELECT 1 AS v")
        for name in ("bailee_rel_9", f"{schema}.bailee_rel_9"):
            with pytest.raises(EngineError, match="permission error"):
                engine.ask([view], f"SELECT * FROM {name}", allow={})
