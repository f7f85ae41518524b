"""Opening a company's file so that a question can only read it, and showing that the fence holds.

The order is DuckDB's: files are attached before external access ends, and the configuration is locked last. Options
given to `connect` are global, which matters for the two that `SET` would change for one connection only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

_CANARY = "not-a-number"
_FENCE = "CREATE TEMP SECURE VIEW"
_SHAPES = {
    "joined": "JOIN memory.main.fence_allow a ON a.subject = r.subject",
    "masked": "WHERE r.subject BETWEEN 0 AND 7 AND TRY(get_bit('00000000'::BIT, r.subject)) = 1",
    "kept": "WHERE (r.bits & 4) <> 0",
}


class Leak(Exception):
    """A hidden value came through the fence."""


def connect(opening: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """An in-memory database without any way out; the company's file is attached by `lock`."""
    import duckdb

    return duckdb.connect(
        ":memory:",
        config={
            "python_enable_replacements": "false",
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            # In DuckDB 2.0.0 it takes two uses of a view that joins one table twice for the same, whatever columns each
            # needs, and so answers with another column's values (duckdb/duckdb#25819 is of this kind).
            "disabled_optimizers": "common_subplan",
            "errors_as_json": "true",
            "memory_limit": f"{opening['memory_bytes'] // 1024}KiB",
            "threads": str(opening["threads"]),
            "max_execution_time": str(max(1, int(opening["seconds"] * 1000))),
            "temp_directory": opening["spill"],
        },
    )


def lock(con: duckdb.DuckDBPyConnection, opening: dict[str, Any]) -> None:
    """Attach the company's file as `company`, read-only, then end every way to reach anything else."""
    con.execute("ATTACH '" + opening["path"].replace("'", "''") + "' AS company (READ_ONLY)")
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    # DuckDB 2.0 shows this one but does not enforce it when it is given to `connect`.
    con.execute(f"SET max_temp_directory_size = '{opening['spill_bytes'] // 1024}KiB'")
    con.execute("SET allow_extension_repositories = 'forbidden'")
    # This connection serves the gate's own set-up, which may be long; a question's cursor has the global limit.
    con.execute("SET SESSION max_execution_time = 0")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def try_fence(con: duckdb.DuckDBPyConnection) -> None:
    """Push a failing cast at a hidden row through secure views of each shape; raises `Leak` unless it stays unseen."""
    import duckdb

    con.execute(
        "CREATE TABLE memory.main.fence_rows AS SELECT 1 AS subject, 3::BIGINT AS bits, $1 AS hidden", [_CANARY]
    )
    con.execute("CREATE TABLE memory.main.fence_allow (subject INTEGER)")
    cursor = con.cursor()
    try:
        for name, shape in _SHAPES.items():
            cursor.execute(f"{_FENCE} {name} AS SELECT r.hidden FROM memory.main.fence_rows r {shape}")
            found = cursor.sql(f"SELECT count(*) AS n FROM {name} WHERE CAST(hidden AS INTEGER) > 0").to_arrow_table()
            if found.to_pylist() != [{"n": 0}]:
                raise Leak
    except duckdb.Error as error:
        raise Leak from error
    finally:
        cursor.close()
    con.execute("DROP TABLE memory.main.fence_rows")
    con.execute("DROP TABLE memory.main.fence_allow")
