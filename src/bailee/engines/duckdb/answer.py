"""One question inside the worker: fresh cursor, one snapshot, fenced views, one SELECT, streamed Arrow, rollback."""

from __future__ import annotations

import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bailee.engines.duckdb import faults, masks
from bailee.engines.duckdb.allow import Wrong, sequences

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Send = Callable[[bytes], None]

_VIEW = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_BATCH_ROWS = 16_384
_NUDGE_SECONDS = 0.05


def ask(con: duckdb.DuckDBPyConnection, request: dict[str, Any], send: Send) -> dict[str, Any]:
    """Run one question and send its Arrow IPC stream in pieces; the reply carries what was counted.

    Raises `Wrong` where a limit or a check stops it, and DuckDB's own errors otherwise. Never holds more than
    one batch of the answer, nor fetches more than one row past the limit of rows.
    """
    began = time.perf_counter()
    cursor = con.cursor()
    try:
        with _deadline(cursor, request["seconds"]):
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            # The snapshot starts at the first touch, so the sequences are those of the rows that follow.
            found = sequences(cursor)
            if any(found.get(name) != sequence for name, sequence in request["allow"].items()):
                raise Wrong("stale")
            for name, (low, _) in request["masks"].items():
                masks.give(cursor, name, low)
            for name, sql in request["views"]:
                _fence(cursor, name, sql)
            rows = _stream(_reader(cursor, request["sql"], request["rows"]), request, send)
        return {"rows": rows, "seconds": time.perf_counter() - began, "sequences": request["allow"]}
    finally:
        _end(cursor)


def serialize(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    """DuckDB's own parse of `sql` as JSON; raises `Wrong` with the place where it is not SQL, or not one SELECT."""
    tree = str(con.execute("SELECT json_serialize_sql($1::VARCHAR)", [sql]).fetchall()[0][0])
    try:
        parsed = json.loads(tree)
    except RecursionError:
        raise Wrong("statement") from None
    if parsed["error"] or len(parsed["statements"]) != 1:
        code = "parser error" if parsed.get("error_type") == "parser" else "statement"
        raise Wrong(code, position=faults.position(tree, sql))
    return {"tree": tree}


def _fence(cursor: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    import duckdb

    if not _VIEW.fullmatch(name):
        raise ValueError(name)
    statement = f'CREATE TEMP SECURE VIEW "{name}" AS {sql}'
    try:
        statements = cursor.extract_statements(statement)
        if len(statements) != 1:
            raise Wrong("relation")
        cursor.execute(statements[0])
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        raise Wrong("relation") from error


def _reader(cursor: duckdb.DuckDBPyConnection, sql: str, rows: int) -> pa.RecordBatchReader:
    import duckdb

    statements = cursor.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Wrong("statement")
    try:
        # A relation streams; reading Arrow from `execute` would hold the whole answer first.
        return cursor.sql(statements[0]).to_arrow_reader(min(_BATCH_ROWS, rows + 1))
    except (duckdb.BinderException, duckdb.CatalogException):
        # The binder, which reads no rows, gives the place only on this path.
        cursor.execute(statements[0])
        raise


def _stream(reader: pa.RecordBatchReader, request: dict[str, Any], send: Send) -> int:
    import pyarrow.ipc as ipc

    rows = sent = 0
    sink = io.BytesIO()

    def flush() -> None:
        nonlocal sent
        sent += sink.tell()
        if sent > request["answer_bytes"]:
            raise Wrong("bytes", limit=request["answer_bytes"])
        send(sink.getvalue())
        sink.seek(0)
        sink.truncate()

    with ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            rows += batch.num_rows
            if rows > request["rows"]:
                raise Wrong("rows", limit=request["rows"])
            writer.write_batch(batch)
            flush()
    flush()
    return rows


@contextmanager
def _deadline(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt whatever runs on `cursor` from `seconds` on, again and again until the block ends."""
    done = threading.Event()

    def nudge() -> None:
        wait = seconds
        while not done.wait(wait):
            cursor.interrupt()
            wait = _NUDGE_SECONDS

    watch = threading.Thread(target=nudge, daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()


def _end(cursor: duckdb.DuckDBPyConnection) -> None:
    import duckdb

    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error:
        pass  # no transaction was open, or the engine has ended it
    finally:
        cursor.close()
