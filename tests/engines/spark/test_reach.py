"""What SQL could reach on Spark: what the engine itself refuses, and what the gate must refuse before it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bailee.engines.spark.engine import Spark
from bailee.errors import EngineError
from tests.engines.spark.shop import Server, outcome

NOT_ONE_SELECT = [
    "SELECT 1; SELECT 2",
    "SHOW TABLES",
    "SET spark.sql.ansi.enabled = true",
    "USE default",
    "CREATE TABLE t AS SELECT 1",
    "EXPLAIN SELECT 1",
    "DESCRIBE bailee_rel_1",
    "EXECUTE IMMEDIATE 'SELECT 1'",
    "ADD JAR '/tmp/x.jar'",
    "CACHE TABLE x AS SELECT 1",
    "INSERT INTO x SELECT 1",
    "WITH q AS (SELECT 1) INSERT INTO x SELECT * FROM q",
    "FROM bailee_rel_1 INSERT INTO x SELECT *",
    "SELECT 1) UNION (SELECT 2",
    "SELECT 1) --",
    "SELECT 1 /*",
    "",
]
NOT_OURS = [
    "SELECT count(*) AS n FROM people",
    "SELECT count(*) AS n FROM `default`.`people`",
    "SELECT count(*) AS n FROM allow_p",
    "SELECT count(*) AS n FROM csv.`{file}`",
    "SELECT count(*) AS n FROM text.`{file}`",
    "SELECT (SELECT max(value) FROM text.`{file}`) AS n",
    "SELECT count(*) AS n FROM bailee_rel_1 WHERE EXISTS (SELECT * FROM parquet.`{people}`)",
    "SELECT * FROM system.information_schema.tables",
    "SELECT * FROM IDENTIFIER('peo' || 'ple')",
]


@pytest.mark.parametrize("sql", NOT_ONE_SELECT)
def test_only_one_select_is_run_on_sail(sail_engine: Spark, sql: str) -> None:
    """Whatever else it is, it is refused before anything runs; Sail has other classes for some of it."""
    found = outcome(sail_engine, sql)
    assert isinstance(found, tuple)
    assert found[2] in {"statement", "parser error", "not implemented error", "invalid input error"}


def test_only_one_select_is_run_on_the_jvm(jvm_shop: Spark) -> None:
    """The same in Spark's own grammar."""
    for sql in NOT_ONE_SELECT:
        found = outcome(jvm_shop, sql)
        assert isinstance(found, tuple)
        assert found[2] in {"statement", "parser error"}, (sql, found)


def test_the_companys_tables_and_files_have_no_name_in_a_question(
    engine: Spark, folders: dict[str, str], tmp_path: Path
) -> None:
    """Folders and allow tables are called by names that nobody can guess, and files by none."""
    (tmp_path / "file").write_text("CANARY\n")
    for sql in NOT_OURS:
        found = outcome(engine, sql.format(file=tmp_path / "file", people=folders["people"]))
        assert isinstance(found, tuple), (sql, found)
        refused = {"catalog error", "binder error", "sealed", "parser error", "engine error"}
        assert found[2] in refused, (sql, found)
        assert "CANARY" not in repr(found)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM range(3)",
        "SELECT * FROM system.session.sessions",
        "SELECT count(*) AS n FROM system.session.jobs",
    ],
)
def test_on_sail_a_question_reads_nothing_but_its_relations(sail_engine: Spark, sql: str) -> None:
    """What makes or reads rows beside them is refused, because Sail shows no parse for the verifier."""
    found = outcome(sail_engine, sql)
    assert isinstance(found, tuple)
    assert found[2] in {"sealed", "catalog error", "binder error"}


def test_no_variable_is_put_into_a_literal(engine: Spark) -> None:
    """`${...}` is text like any other."""
    assert [{"x": "${env:HOME}"}] == outcome(engine, "SELECT '${env:HOME}' AS x")
    assert [{"x": "name"}] == outcome(engine, 'SELECT "name" AS x')


@pytest.mark.parametrize("server", ["classic", "connect"], indirect=True)
def test_sparks_own_parse_names_everything(engine: Spark, server: Server) -> None:
    """Relations in every place, functions with their schema, types; a literal that looks like a plan hides nothing."""
    sql = (
        "WITH q AS (SELECT CAST(1 AS DECIMAL(9, 2)) AS one) SELECT `a b`.f(x), reflect('a'), max(y) OVER (ORDER BY z) "
        "FROM bailee_rel_1 AS r JOIN `s c`.secret USING (x) LEFT JOIN LATERAL (SELECT * FROM lat) ON true, range(3) "
        "WHERE z = 'UnresolvedRelation [bailee_rel_1], [' AND EXISTS (SELECT 1 FROM csv.`/etc/x`) "
        "AND k IN (SELECT v FROM q) AND t = '\\n== Analyzed Logical Plan ==\\n' "
        "ORDER BY (SELECT max(w) FROM hidden)"
    )
    found = json.loads(engine.serialize(sql))
    relations = [relation for relation in found["relations"] if len(relation) < 4]
    for name in (["bailee_rel_1"], ["s c", "secret"], ["lat"], ["csv", "/etc/x"], ["q"], ["hidden"]):
        assert name in relations
    functions = found["functions"]
    assert ["reflect"] in functions
    assert ["range"] in functions
    assert ["max"] in functions
    assert any(name[-1] == "f" for name in functions)
    assert "q" in found["ctes"]
    assert "decimal(9,2)" in found["types"]
    assert {"Project", "Join", "UnresolvedRelation"} <= set(found["nodes"])
    for sql in ("SELECT TRANSFORM(1) USING 'cat' FROM bailee_rel_1",):
        assert "ScriptTransformation" in json.loads(engine.serialize(sql))["nodes"]
    for sql in ("SHOW TABLES", "SELECT 1; SELECT 2", "SELECT FROM WHERE )"):
        with pytest.raises(EngineError) as caught:
            engine.serialize(sql)
        assert caught.value.kind in {"statement", "parser error"}


def test_on_sail_the_parse_says_that_there_is_none(sail_engine: Spark) -> None:
    """The verifier is told that `ask` seals the question instead."""
    assert {"parse": "sealed"} == json.loads(sail_engine.serialize("SELECT 1"))
