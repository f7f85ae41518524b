"""Allow tables and clean sets: who may be seen, held in the worker's memory and never in the company's file.

There is no primary key, which would cost fifty times the load; uniqueness is proved by a count after every change,
because one duplicate would multiply the rows of a join.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bailee.engines.duckdb import masks
from bailee.engines.duckdb.faults import Fault

if TYPE_CHECKING:
    import duckdb

_ALLOW = re.compile(r"allow_[0-9a-z_]{1,100}")
_CLEAN = re.compile(r"clean_[0-9a-z_]{1,100}")
KEY_TYPE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(\d{1,2},\d{1,2}\)|VARCHAR|UUID", re.ASCII)
_BLOCK = 64  # of SHA-256, in bytes (RFC 2104)


class Wrong(Exception):
    """A request that fails closed; carries the fault to send."""

    def __init__(self, code: str, **more: Any) -> None:
        self.fault: Fault = {"error": code, **more}
        super().__init__(code)


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block's changes, or none."""
    con.execute("BEGIN TRANSACTION")
    try:
        yield
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table that says at which sequence each allow table stands."""
    con.execute("CREATE TABLE memory.main.sequences (name VARCHAR, sequence BIGINT)")


def change(con: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> dict[str, Any]:
    """Replace an allow table (`base` null) or change one that stands at `base`, in one transaction.

    Keys in `remove` go first, then those in `add` are set anew. A key is kept only if it is exactly the text of a
    value of the type, so that two keys never mean one subject; the others are dropped, which hides their rows.
    """
    name, key_type, base = request["name"], request["key_type"], request["base"]
    if not _ALLOW.fullmatch(name):
        raise ValueError(name)
    if not KEY_TYPE.fullmatch(key_type):
        raise Wrong("key type")
    table = f'memory.main."{name}"'
    with transaction(con):
        if base is None:
            con.execute(f"CREATE OR REPLACE TABLE {table} (subject {key_type}, pseudonym VARCHAR)")
        elif sequences(con).get(name) != base:
            raise Wrong("stale")
        else:
            _remove(con, table, key_type, request["remove"] + request["add"])
        dropped = _add(con, table, key_type, request["add"], request["secret"])
        if base is None:
            _prove(con, table, "duplicate")
        else:
            _prove_changed(con, table, key_type, request["add"])
        span = masks.make(con, name, key_type)
        con.execute("DELETE FROM memory.main.sequences WHERE name = $1", [name])
        con.execute("INSERT INTO memory.main.sequences VALUES ($1, $2)", [name, request["sequence"]])
    return {"rows": _count(con, table), "dropped": dropped, "span": span}


def sequences(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The sequence of each allow table, in the snapshot of `con`."""
    return dict(con.execute("SELECT name, sequence FROM memory.main.sequences").fetchall())


def clean(con: duckdb.DuckDBPyConnection, request: dict[str, Any], made: dict[str, str]) -> None:
    """Compute the clean set `name` unless `made` already has it at this version; its first column is the key."""
    name, version = request["name"], request["version"]
    if not _CLEAN.fullmatch(name):
        raise ValueError(name)
    if made.get(name) == version:
        return
    table = f'memory.main."{name}"'
    sql = f"CREATE OR REPLACE TABLE {table} AS {request['sql']}"
    if len(con.extract_statements(sql)) != 1:
        raise Wrong("statement")
    with transaction(con):
        con.execute(sql)
        _prove(con, table, "clean")
    made[name] = version


def _remove(con: duckdb.DuckDBPyConnection, table: str, key_type: str, keys: list[str]) -> None:
    with _given(con, keys):
        con.execute(f"DELETE FROM {table} WHERE subject IN (SELECT subject FROM ({_exact(key_type)}))")


def _add(con: duckdb.DuckDBPyConnection, table: str, key_type: str, keys: list[str], secret: str | None) -> int:
    pseudonym, pads = "NULL", []
    if secret is not None:
        # HMAC-SHA256 (RFC 2104); the pads are parameters, so no text of SQL ever holds the key.
        padded = bytes.fromhex(secret).ljust(_BLOCK, b"\0")
        pads = [bytes(b ^ 0x5C for b in padded), bytes(b ^ 0x36 for b in padded)]
        pseudonym = "left(sha256($1::BLOB || unhex(sha256($2::BLOB || encode(key)))), 32)"
    before = _count(con, table)
    with _given(con, keys):
        con.execute(f"INSERT INTO {table} SELECT subject, {pseudonym} FROM ({_exact(key_type)})", pads)
    return len(keys) - (_count(con, table) - before)


def _exact(key_type: str) -> str:
    return (
        f"SELECT key, TRY_CAST(key AS {key_type}) AS subject FROM given_keys "
        f"WHERE TRY_CAST(key AS {key_type})::VARCHAR = key"
    )


@contextmanager
def _given(con: duckdb.DuckDBPyConnection, keys: list[str]) -> Iterator[None]:
    import pyarrow as pa

    con.register("given_keys", pa.table({"key": pa.array(keys, pa.string())}))
    try:
        yield
    finally:
        con.unregister("given_keys")


def _prove_changed(con: duckdb.DuckDBPyConnection, table: str, key_type: str, keys: list[str]) -> None:
    """What stood was proved before, so a change needs the proof only for the keys that it set."""
    with _given(con, keys):
        changed = f"(SELECT subject FROM {table} WHERE subject IN (SELECT subject FROM ({_exact(key_type)})))"
        _prove(con, changed, "duplicate")


def _prove(con: duckdb.DuckDBPyConnection, table: str, fault: str) -> None:
    """Prove by counting that the first column of `table` never holds a value twice."""
    counts = con.execute(f"SELECT count(k), count(DISTINCT k) FROM {table} t(k)").fetchall()
    keys, different = counts[0]
    if keys != different:
        raise Wrong(fault)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
