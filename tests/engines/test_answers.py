"""Questions, their answers and their errors."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
import uuid
from decimal import Decimal

import pytest

from bailee.engines import Column, Limits, Result, View
from bailee.engines.duckdb.engine import DuckDB
from bailee.errors import EngineError, RowsExceeded, Stale
from tests.engines.shop import PEOPLE, outcome


def test_rows_come_from_the_governed_relation_only(engine: DuckDB) -> None:
    """An answer holds the allowed people and says how many rows and at which sequence."""
    result = engine.ask([PEOPLE], "SELECT count(*) AS n, sum(spent) AS s FROM seen", allow={"allow_p": 1})
    assert ([{"n": 100, "s": Decimal("7575.00")}], 1, 1) == (result.table.to_pylist(), result.rows, result.sequence)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("1.10::DECIMAL(9,2)", Decimal("1.10")),
        ("170141183460469231731687303715884105727::HUGEINT % 100", Decimal(27)),
        ("TIMESTAMPTZ '2026-03-01 12:00:00+02'", dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)),
        ("date_trunc('day', TIMESTAMPTZ '2026-03-01 23:30:00-05')", dt.datetime(2026, 3, 2, tzinfo=dt.UTC)),
        ("TIMESTAMP '2026-03-01 12:00:00.123456'", dt.datetime(2026, 3, 1, 12, 0, 0, 123456)),
        ("[1, NULL, 3]", [1, None, 3]),
        ("{'a': 1, 'b': [NULL]}", {"a": 1, "b": [None]}),
        ("MAP {'k': 1}", [("k", 1)]),
        ("NULL", None),
        ("NULL::DECIMAL(9,2)", None),
        ("'é\U0001f600'", "é\U0001f600"),
        ("'b'::ENUM('a', 'b')", "b"),
        ("'\\x00\\xFF'::BLOB", b"\x00\xff"),
        ("DATE '0001-01-01'", dt.date(1, 1, 1)),
        ("TIME '23:59:59.999999'", dt.time(23, 59, 59, 999999)),
        ("'nan'::DOUBLE::VARCHAR", "nan"),
        ("18446744073709551615::UBIGINT", 2**64 - 1),
    ],
)
def test_values_arrive_intact(engine: DuckDB, sql: str, value: object) -> None:
    """A value of each type reaches the reader as it was in the engine."""
    assert [{"v": value}] == engine.ask([], f"SELECT {sql} AS v", allow={}).table.to_pylist()


def test_uuids_arrive_intact(engine: DuckDB) -> None:
    """A UUID reaches the reader as text or as a UUID, and means the same."""
    (row,) = engine.ask([], "SELECT '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID AS v", allow={}).table.to_pylist()
    assert uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8") == uuid.UUID(str(row["v"]))


def test_empty_and_odd_answers_keep_their_columns(engine: DuckDB) -> None:
    """No rows, two columns of one name, and several batches with an enumeration all come through."""
    empty = engine.ask([PEOPLE], "SELECT id, name AS id FROM seen WHERE false", allow={"allow_p": 1})
    assert (["id", "id"], 0) == (empty.table.column_names, empty.rows)
    many = engine.ask([], "SELECT (i % 2)::VARCHAR::ENUM('0', '1') AS e FROM range(50000) t(i)", allow={}).table
    assert 50000 == many.num_rows
    assert {"0", "1"} == set(many.column("e").to_pylist())


def test_order_is_kept_over_many_batches(engine: DuckDB) -> None:
    """Rows of an ordered question arrive in order however many batches carry them."""
    table = engine.ask([], "SELECT i FROM range(100000) t(i) ORDER BY i DESC", allow={}).table
    assert list(range(99999, -1, -1)) == table.column("i").to_pylist()


@pytest.mark.parametrize(
    ("sql", "kind", "position"),
    [
        ("SELECT nope FROM seen", "binder error", 7),
        ("SELECT 'éé', nope FROM seen", "binder error", 13),
        ("SELECT nope(1)", "catalog error", 7),
        ("SELECT 'é', CAST('CANARY' AS DATE)", "conversion error", 12),
        ("SELECT * FRO seen", "parser error", 13),
        ("SELECT 9223372036854775807 + id FROM seen", "out of range error", None),
        ("SELECT 1 // (id - id) FROM seen", "invalid input error", None),
        ("SELECT error('CANARY')", "invalid input error", None),
        ("SELECT 1; SELECT 2", "statement", None),
        ("", "statement", None),
        ("DROP VIEW seen", "statement", None),
        ("PIVOT seen ON id USING sum(spent)", "statement", None),
        ("SELECT $1", "invalid input error", None),
    ],
)
def test_errors_leave_as_class_and_place(engine: DuckDB, sql: str, kind: str, position: int | None) -> None:
    """An error names its class and counts characters of the SQL, and quotes nothing."""
    with pytest.raises(EngineError) as caught:
        engine.ask([PEOPLE], sql, allow={"allow_p": 1})
    assert (kind, position) == (caught.value.kind, caught.value.position)
    assert not any(word in str(caught.value) for word in ("CANARY", "nope", "seen", "922337"))


def test_an_error_in_the_middle_of_the_rows_is_classed_too(engine: DuckDB) -> None:
    """A conversion that fails after the first batches were sent still leaves as class alone, and no rows."""
    sql = "SELECT CASE WHEN i = 90000 THEN 'CANARY' ELSE '1' END::INTEGER AS v FROM range(100000) t(i)"
    with pytest.raises(EngineError) as caught:
        engine.ask([], sql, allow={})
    assert "conversion error" == caught.value.kind
    assert "CANARY" not in str(caught.value)


def test_a_relation_that_cannot_be_made_is_said_so(engine: DuckDB) -> None:
    """A view over a column that is gone blames the data map, not the question."""
    for body in ("SELECT gone FROM company.main.people", "SELECT 1; DROP TABLE memory.main.allow_p", "SELEC 1"):
        with pytest.raises(EngineError, match=r"`bailee check` \(relation\)"):
            engine.ask([View("v", body)], "SELECT 1", allow={})
    assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM seen")


def test_rows_over_the_limit_are_refused_and_the_limit_itself_is_not(engine: DuckDB) -> None:
    """Exactly as many rows as the limit pass; one more releases nothing."""
    limits = Limits(rows=10)
    assert 10 == engine.ask([], "SELECT * FROM range(10)", allow={}, limits=limits).rows
    with pytest.raises(RowsExceeded, match="more than 10 rows"):
        engine.ask([], "SELECT * FROM range(11)", allow={}, limits=limits)


def test_a_question_cannot_widen_the_engine_s_limits(shop: object) -> None:
    """Limits brought by a question only make the engine's own stricter."""
    with DuckDB(str(shop), limits=Limits(rows=5)) as strict, pytest.raises(RowsExceeded, match="more than 5 rows"):
        strict.ask([], "SELECT * FROM range(6)", allow={}, limits=Limits(rows=1000))


def test_a_question_behind_its_allow_table_is_stale(engine: DuckDB) -> None:
    """A question that expects another sequence, or a table that is not there, does not run."""
    for expected in ({"allow_p": 2}, {"allow_gone": 1}):
        with pytest.raises(Stale):
            engine.ask([PEOPLE], "SELECT 1", allow=expected)


def test_nothing_of_one_question_is_left_for_the_next(engine: DuckDB) -> None:
    """Views and temporary objects end with the question that made them."""
    engine.ask([PEOPLE], "SELECT 1", allow={"allow_p": 1})
    with pytest.raises(EngineError, match="catalog error"):
        engine.ask([], "SELECT * FROM seen", allow={})


def test_threads_share_one_engine(engine: DuckDB) -> None:
    """Many threads asking at once each get their own answer."""
    answers: dict[int, Result] = {}

    def one(number: int) -> None:
        answers[number] = engine.ask([PEOPLE], f"SELECT {number} + 0 * max(id) AS v FROM seen", allow={"allow_p": 1})

    threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: [{"v": n}] for n in range(20)} == {n: answer.table.to_pylist() for n, answer in answers.items()}


def test_the_catalogue_lists_base_tables_with_collations(engine: DuckDB) -> None:
    """Tables and types are listed with what changes equality; views are not."""
    tables = {(table.schema, table.name): table.columns for table in engine.catalog()}
    assert {("main", "people"), ("till", "lines")} == set(tables)
    assert (Column("id", "INTEGER"), Column("name", "VARCHAR"), Column("spent", "DECIMAL(10,2)")) == tables[
        "main", "people"
    ]
    assert ("UUID", "VARCHAR COLLATE nocase", "VARCHAR") == tuple(
        c.type.replace("NOCASE", "nocase") for c in tables["till", "lines"]
    )


def test_serialize_is_duckdb_s_own_parse(engine: DuckDB) -> None:
    """The parse of one SELECT comes as JSON; anything else is refused with its place."""
    assert '"table_name":"t"' in engine.serialize("SELECT a FROM t").replace(" ", "")
    for sql, kind, position in (
        ("SELECT * FRO t", "parser error", 13),
        ("DROP TABLE t", "statement", None),
        ("", "statement", None),
    ):
        with pytest.raises(EngineError) as caught:
            engine.serialize(sql)
        assert (kind, position) == (caught.value.kind, caught.value.position)
    with pytest.raises(EngineError, match="statement"):
        engine.serialize("SELECT 1; SELECT 2")


def test_the_worker_imports_only_what_it_needs() -> None:
    """The worker's modules load without the libraries of other rooms, which would slow every start."""
    code = "import sys, bailee.engines.duckdb.worker; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"duckdb", "pyarrow", "numpy", "sqlglot", "sqlalchemy", "pydantic", "rich", "subprocess"} & set(loaded)
