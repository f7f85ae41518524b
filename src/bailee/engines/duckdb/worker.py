"""The worker process: `python -P -m bailee.engines.duckdb.worker`, spoken to in frames over its standard streams.

It can be killed at any moment without harm: it writes nothing but its own spill folder. It takes five requests and
has no general door: `catalog`, `allow`, `clean`, `ask`, `serialize`.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from bailee.engines.duckdb import faults, frames

if TYPE_CHECKING:
    import duckdb

#: Address space beside the engine's own budget: the interpreter, two libraries, stacks, an answer on its way out.
_BESIDE = 1 << 30

Requests = queue.SimpleQueue[dict[str, Any]]


def main() -> None:
    """Open the database named by the first frame, then answer requests until the parent goes away."""
    requests, replies = _claim_streams()
    opening, _ = frames.read(requests)
    _limit(opening["memory_bytes"] + _BESIDE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt key means
    waiting: Requests = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, waiting, opening["spill"]), daemon=True).start()
    try:
        _serve(opening, waiting, replies)
    finally:
        shutil.rmtree(opening["spill"], ignore_errors=True)


def _serve(opening: dict[str, Any], waiting: Requests, replies: BinaryIO) -> None:
    try:
        con = _open(opening)
    except Exception as error:
        frames.write(replies, _opening_fault(error) | {"last": True})
        return
    frames.write(replies, {"ready": True})
    made: dict[str, str] = {}
    while True:
        reply = _answer(con, waiting.get(), replies, made)
        frames.write(replies, reply)
        if reply.get("last"):
            return


def _claim_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the two pipes for frames; whatever else prints goes to standard error."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, replies


def _limit(address_space: int) -> None:
    """Bound the whole process, because some functions outrun the engine's own limit; and never dump core."""
    try:
        import resource
    except ImportError:  # no such limits on this platform: the engine's own remain
        return
    for limit, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, address_space)):
        try:
            resource.setrlimit(limit, (most, most))
        except (ValueError, OSError):  # macOS has no address-space limit
            continue


def _listen(requests: BinaryIO, waiting: Requests, spill: str) -> None:
    """Queue requests, and end the process at once when the parent has gone, even in the middle of a question."""
    try:
        while True:
            header, _ = frames.read(requests)
            waiting.put(header)
    except (EOFError, OSError):
        shutil.rmtree(spill, ignore_errors=True)
        os._exit(0)


def _open(opening: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    # Arrow works without numpy, whose import would cost more than everything else together.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    from bailee.engines.duckdb import allow, lockdown

    Path(opening["spill"]).mkdir(mode=0o700, exist_ok=True)
    con = lockdown.connect(opening)
    lockdown.lock(con, opening)
    lockdown.try_fence(con)
    allow.prepare(con)
    return con


def _opening_fault(error: Exception) -> faults.Fault:
    if type(error).__name__ == "Leak":
        return {"error": "fence"}
    return faults.opening(str(error))


def _answer(
    con: duckdb.DuckDBPyConnection, request: dict[str, Any], replies: BinaryIO, made: dict[str, str]
) -> dict[str, Any]:
    from bailee.engines.duckdb.allow import Wrong

    try:
        return _do(con, request, replies, made)
    except Wrong as wrong:
        return wrong.fault
    except Exception as error:
        return {"limit": request.get("seconds", 0)} | faults.describe(error, request.get("sql", ""))


def _do(
    con: duckdb.DuckDBPyConnection, request: dict[str, Any], replies: BinaryIO, made: dict[str, str]
) -> dict[str, Any]:
    from bailee.engines.duckdb import allow, answer

    match request["do"]:
        case "ask":
            return answer.ask(con, request, lambda body: frames.write(replies, {"more": True}, body))
        case "allow":
            return allow.change(con, request)
        case "clean":
            allow.clean(con, request, made)
            return {}
        case "catalog":
            return {"columns": catalog(con), "unique": unique(con)}
        case "serialize":
            return answer.serialize(con, request["sql"])
        case other:
            raise ValueError(other)


def catalog(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str]]:
    """Schema, table, column and type of every base table of the company's file, in its own order."""
    found = con.execute(
        "SELECT c.schema_name, c.table_name, c.column_name, c.data_type, t.sql "
        "FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_name, schema_name, table_name) "
        "WHERE c.database_name = 'company' AND NOT t.internal "
        "ORDER BY c.schema_name, c.table_name, c.column_index"
    ).fetchall()
    return [(schema, table, column, _type(column, type_, ddl)) for schema, table, column, type_, ddl in found]


def unique(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """Schema, table and column of everything in the company's file that is a key, or unique, by itself."""
    return con.execute(
        "SELECT schema_name, table_name, constraint_column_names[1] FROM duckdb_constraints() "
        "WHERE database_name = 'company' AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') "
        "AND len(constraint_column_names) = 1"
    ).fetchall()


def _type(column: str, type_: str, ddl: str) -> str:
    """DuckDB leaves the collation out of a column's type, but it changes what equals what: read it from the DDL."""
    if type_ != "VARCHAR" or "COLLATE" not in ddl:
        return type_
    name = re.escape(column.replace('"', '""'))
    found = re.search(rf'[(,]\s*"?{name}"? VARCHAR COLLATE ([\w.]+)', ddl)
    return f"VARCHAR COLLATE {found[1]}" if found else type_


if __name__ == "__main__":
    main()
