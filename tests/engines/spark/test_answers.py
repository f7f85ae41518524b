"""What comes back: types, order, NULLs and decimals, as DuckDB answers the same question over the same rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from bailee.engines import Column, Limits, Table, View
from bailee.engines.spark.engine import Spark
from bailee.errors import EngineError
from tests.engines.spark.shop import SEEN, Server, outcome, write

#: Questions whose order, decimals and NULLs are defined, in words that both engines understand.
QUESTIONS = [
    "SELECT count(*) AS n, sum(spent) AS s, min(spent) AS low, max(name) AS top FROM bailee_rel_1",
    "SELECT id, spent FROM bailee_rel_1 WHERE id % 10 = 3 ORDER BY spent DESC, id",
    "SELECT CASE WHEN id % 3 = 0 THEN NULL ELSE id % 3 END AS k, count(*) AS n, sum(spent) AS s "
    "FROM bailee_rel_1 GROUP BY 1 ORDER BY 1 NULLS LAST",
    "SELECT CASE WHEN id < 99 THEN NULL ELSE name END AS x, id FROM bailee_rel_1 WHERE id > 96 "
    "ORDER BY x NULLS FIRST, id DESC",
    "SELECT CAST(spent * 3 AS DECIMAL(12, 2)) AS d, CAST(spent AS DECIMAL(10, 1)) AS r FROM bailee_rel_1 "
    "WHERE id < 5 ORDER BY 1",
    "SELECT a.id, b.name FROM bailee_rel_1 a LEFT JOIN bailee_rel_1 b ON b.id = a.id + 98 ORDER BY a.id LIMIT 4",
    "SELECT id FROM bailee_rel_1 WHERE id < 3 UNION ALL SELECT NULL ORDER BY 1 NULLS FIRST",
    "WITH t AS (SELECT id, spent FROM bailee_rel_1 WHERE id <= 3) SELECT t.id, u.spent FROM t, t AS u ORDER BY 1, 2",
    "SELECT id, pseudonym FROM bailee_rel_1 ORDER BY id LIMIT 5",
    "SELECT id FROM bailee_rel_1 WHERE id > 1000",
]


def test_the_same_question_gives_the_same_rows_as_on_duckdb(engine: Spark, folders: dict[str, str]) -> None:
    """Rows and their order are equal, cell by cell."""
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE people AS FROM read_parquet('{folders['people']}/*.parquet')")
        con.execute("CREATE TABLE allow_p AS SELECT i::INTEGER AS subject FROM range(1, 101) t(i)")
        hmac = {str(n): _pseudonym(str(n)) for n in range(1, 101)}
        con.register("p", pa.table({"key": list(hmac), "pseudonym": list(hmac.values())}))
        con.execute(
            "CREATE VIEW bailee_rel_1 AS SELECT x.id, x.name, x.spent, p.pseudonym FROM people x "
            "JOIN allow_p a ON a.subject = x.id JOIN p ON p.key = x.id::VARCHAR"
        )
        for sql in QUESTIONS:
            expected = [tuple(row.values()) for row in con.sql(sql).to_arrow_table().to_pylist()]
            found = outcome(engine, sql)
            assert isinstance(found, list), (sql, found)
            assert expected == [tuple(row.values()) for row in found], sql


def _pseudonym(key: str) -> str:
    import hashlib
    import hmac

    return hmac.new(bytes(32), key.encode(), hashlib.sha256).hexdigest()[:32]


def test_the_catalogue_speaks_the_words_of_all_engines(server: Server, tmp_path: Path) -> None:
    """Each Parquet type has DuckDB's name for it."""
    typed = {
        "a": (pa.int8(), "TINYINT"),
        "b": (pa.int16(), "SMALLINT"),
        "c": (pa.int32(), "INTEGER"),
        "d": (pa.int64(), "BIGINT"),
        "e": (pa.decimal128(12, 3), "DECIMAL(12,3)"),
        "f": (pa.float32(), "FLOAT"),
        "g": (pa.float64(), "DOUBLE"),
        "h": (pa.bool_(), "BOOLEAN"),
        "i": (pa.string(), "VARCHAR"),
        "j": (pa.date32(), "DATE"),
        "k": (pa.timestamp("us"), "TIMESTAMP"),
        "l": (pa.timestamp("us", "UTC"), "TIMESTAMP WITH TIME ZONE"),
        "m": (pa.binary(), "BLOB"),
        "n": (pa.list_(pa.int32()), "ARRAY<INT>"),
    }
    write(str(tmp_path), pa.table({name: pa.nulls(1, type_) for name, (type_, _) in typed.items()}))
    with server.open({"Typed": str(tmp_path)}) as engine:
        found = [table for table in engine.catalog() if table.name == "Typed"]
    columns = tuple(Column(name, type_) for name, (_, type_) in typed.items())
    assert [Table("default", "Typed", columns)] == found


def test_an_empty_answer_has_its_columns(engine: Spark) -> None:
    """No rows still have a schema, and two columns may have one name."""
    empty = engine.ask([SEEN], "SELECT id, id, spent FROM bailee_rel_1 WHERE id < 0", allow={"allow_p": 1})
    assert (0, ["id", "id", "spent"]) == (empty.rows, empty.table.column_names)
    assert pa.decimal128(10, 2) == empty.table.schema.field(2).type


def test_an_error_has_its_class_and_its_place_and_no_name(engine: Spark) -> None:
    """A misspelt column, function or keyword is told by kind; Spark also by place."""
    for sql, kinds, at in (
        ("SELECT idd FROM bailee_rel_1", {"binder error"}, 7),
        ("SELECT id,\n  nofunction(id) FROM bailee_rel_1", {"catalog error", "not implemented error"}, 13),
        ("SELECT id FRM bailee_rel_1 WHERE", {"parser error"}, None),
    ):
        with pytest.raises(EngineError) as caught:
            engine.ask([SEEN], sql, allow={"allow_p": 1})
        assert caught.value.kind in kinds
        assert not {"idd", "nofunction", "FRM"} & set(str(caught.value).replace("`", " ").split())
        if at is not None and engine._living().seal is None:
            assert at == caught.value.position


def test_a_relation_that_cannot_be_made_is_the_maps_fault(engine: Spark) -> None:
    """A table or a column that the catalogue does not have is told without its name."""
    for sql in ("SELECT * FROM `default`.`nowhere`", "SELECT nothing FROM `default`.`people`"):
        with pytest.raises(EngineError, match="bailee check") as caught:
            engine.ask([View("v", sql)], "SELECT * FROM v", allow={})
        assert ("relation", None) == (caught.value.kind, caught.value.position)


def test_a_question_leaves_nothing_behind(engine: Spark) -> None:
    """Neither after an answer nor after an error is there a view that the next question could use."""
    assert isinstance(outcome(engine, "SELECT 1 AS one"), list)
    assert not isinstance(outcome(engine, "SELECT nothing FROM bailee_rel_1"), list)
    for found in (engine.ask([], "SELECT 1 AS one", allow={}, limits=Limits(rows=1)).rows,):
        assert 1 == found
    with pytest.raises(EngineError) as caught:
        engine.ask([], "SELECT 1 FROM bailee_rel_1", allow={})
    assert caught.value.kind in {"catalog error", "binder error"}
