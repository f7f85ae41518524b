"""A question reaches its relations and nothing else: no file, setting, extension or write."""

from __future__ import annotations

from pathlib import Path

import pytest

from bailee.engines.duckdb.engine import DuckDB
from bailee.errors import EngineError
from tests.engines.shop import PEOPLE, outcome

SELECTS = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/*')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'x.parquet'",
    "SELECT * FROM read_parquet('https://example.org/x.parquet')",
    "SELECT * FROM parquet_metadata('x.parquet')",
    "SELECT * FROM read_json('x.json')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM read_duckdb('{shop}')",
    "SELECT * FROM outside",
    "SELECT * FROM given_keys",
    "SELECT * FROM request",
    "WITH x AS (INSERT INTO memory.main.allow_p VALUES (500, NULL) RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM memory.main.sequences RETURNING *) SELECT * FROM x",
    "SELECT * FROM query('DELETE FROM memory.main.allow_p')",
    "SELECT nextval('s')",
    "SELECT getenv('HOME')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM ''/etc/passwd'''))",
]
STATEMENTS = [
    "COPY (SELECT 1) TO '{out}'",
    "COPY seen TO '{out}' (FORMAT parquet)",
    "EXPORT DATABASE '{out}'",
    "ATTACH ':memory:' AS other",
    "ATTACH '{out}' AS other",
    "ATTACH '{shop}' AS other",
    "DETACH company",
    "SET enable_external_access = true",
    "SET GLOBAL max_execution_time = 0",
    "RESET lock_configuration",
    "SET threads = 64",
    "PRAGMA enable_profiling",
    "PRAGMA memory_limit='64GB'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CREATE TABLE memory.main.t (i INTEGER)",
    "CREATE TABLE company.main.t (i INTEGER)",
    "CREATE TEMP TABLE t AS SELECT 1",
    "CREATE MACRO m() AS 1",
    "INSERT INTO memory.main.allow_p VALUES (500, NULL)",
    "UPDATE memory.main.sequences SET sequence = 9",
    "DELETE FROM company.main.people",
    "DROP TABLE memory.main.allow_p",
    "SET VARIABLE x = 1",
    "USE company",
    "CALL pragma_version()",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "CHECKPOINT",
    "VACUUM",
    "COMMIT",
    "ROLLBACK",
    "BEGIN",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "CREATE SECRET s (TYPE http)",
    "SELECT 1; COPY (SELECT 1) TO '{out}'",
]


@pytest.mark.parametrize("attempt", SELECTS + STATEMENTS)
def test_every_way_out_is_closed(engine: DuckDB, shop: Path, tmp_path: Path, attempt: str) -> None:
    """The attempt is an error, writes nothing, quotes nothing, and the next question works as before."""
    out = tmp_path / "out"
    outside = {"a": [1]}
    sql = attempt.replace("{out}", str(out)).replace("{shop}", str(shop).replace("'", "''"))
    with pytest.raises(EngineError) as caught:
        engine.ask([PEOPLE], sql, allow={"allow_p": 1})
    assert not out.exists()
    assert "root:" not in str(caught.value)
    assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM seen")
    assert outside


def test_only_a_select_is_asked_at_all(engine: DuckDB) -> None:
    """Every statement of another type is refused before it runs."""
    for attempt in STATEMENTS:
        with pytest.raises(EngineError) as caught:
            engine.ask([PEOPLE], attempt, allow={"allow_p": 1})
        assert "statement" == caught.value.kind


def test_settings_are_as_locked(engine: DuckDB) -> None:
    """A question's own connection has the settings that the lock-down names, limits and time zone included."""
    names = {
        "enable_external_access": "false",
        "lock_configuration": "true",
        "python_enable_replacements": "false",
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_extension_repositories": "forbidden",
        "allow_persistent_secrets": "false",
        "allow_unsigned_extensions": "false",
        "max_execution_time": "10000",
        "TimeZone": "UTC",
    }
    rows = engine.ask([], "SELECT name, value FROM duckdb_settings()", allow={}).table.to_pylist()
    found = {row["name"]: row["value"] for row in rows}
    assert names == {name: found[name] for name in names}


def test_the_key_of_pseudonyms_is_nowhere_to_be_seen(engine: DuckDB) -> None:
    """No catalogue, setting or log that a question could read holds the key."""
    secret = b"CANARYKEYCANARYKEYCANARYKEYCANAR"
    engine.allow("allow_secret", "INTEGER", ["1"], sequence=1, secret=secret)
    sources = (
        "duckdb_settings()",
        "duckdb_tables()",
        "duckdb_views()",
        "duckdb_logs",
        "duckdb_prepared_statements()",
        "duckdb_variables()",
        "duckdb_temporary_files()",
        "duckdb_secrets()",
    )
    for source in sources:
        seen = repr(outcome(engine, f"SELECT t::VARCHAR AS t FROM {source} t"))
        assert "CANARY" not in seen
        assert secret.hex() not in seen.lower()
