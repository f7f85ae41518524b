"""Erasing people from the company's DuckDB file: set-up work that the company asks for, never a question's path.

Deleted bytes stay in a DuckDB file's free blocks, so nothing is deleted there. The rows that stay are written into a
fresh file, which takes the old one's name when it is whole and on the disk: a crash leaves the one or the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.engines.duckdb import faults
from bailee.engines.owned import Found, Name, Ownership, counted, literal, quote
from bailee.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    import duckdb

#: Called with how many rows are written and how many there are in all.
Progress = Callable[[int, int], object]

_CONFIG = {"errors_as_json": True, "autoload_known_extensions": False, "autoinstall_known_extensions": False}
_FRESH = "bailee_fresh"
_ERASED = "temp.bailee_erased"
_KEYS = f"SELECT key FROM {_ERASED}"
_COLUMNS = (
    "SELECT table_schema, table_name, column_name, is_nullable = 'YES' FROM information_schema.columns "
    "WHERE table_catalog = current_database() AND is_generated <> 'ALWAYS' "
    "ORDER BY table_schema, table_name, ordinal_position"
)
_TABLES = (
    "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT internal"
)
_REFERENCES = (
    "SELECT schema_name, table_name, referenced_table FROM duckdb_constraints() "
    "WHERE database_name = current_database() AND constraint_type = 'FOREIGN KEY'"
)


def count(path: Path, ownership: Ownership, keys: Sequence[str]) -> dict[Name, Found]:
    """Count people's rows by table, tables without any left out; EngineUnavailable where the file cannot be read."""
    with _opened(path, keys, read_only=True) as con:
        return _count(con, ownership)


def erase(path: Path, ownership: Ownership, keys: Sequence[str], progress: Progress | None = None) -> dict[Name, Found]:
    """Erase people's rows from the file and return what was found of them; all or nothing.

    Raises EngineUnavailable where the file cannot be written or another process has it open, and EngineError where a
    table cannot do without the rows; then nothing was changed.
    """
    path = path.resolve()
    fresh = path.with_name(f".{path.name}.erasing")
    with _opened(path, keys, read_only=False) as con:
        found = _count(con, ownership)
        if not found:
            return {}
        con.execute("CHECKPOINT")
        _remove(fresh)
        try:
            _write(con, fresh, ownership, progress)
            fresh.chmod(path.stat().st_mode & 0o777)
            _keep(fresh)
            fresh.replace(path)
        except BaseException:
            _remove(fresh)
            raise
        _keep(path.parent)
    return found


@contextmanager
def _opened(path: Path, keys: Sequence[str], *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file with people's keys in a temporary table; what the engine says of it leaves in words, without values."""
    import duckdb

    if not path.is_file():
        raise faults.unopened(str(path), "directory" if path.is_dir() else "missing")
    try:
        con = duckdb.connect(str(path), read_only=read_only, config={**_CONFIG})
    except duckdb.Error as error:
        told = faults.opening(str(error))
        raise faults.unopened(str(path), told["reason"], told["holder"]) from None
    try:
        con.execute(f"CREATE TEMP TABLE {_ERASED.partition('.')[2]} (key VARCHAR)")
        con.executemany(f"INSERT INTO {_ERASED} VALUES (?)", [[key] for key in keys])
        yield con
    except duckdb.Error as error:
        raise _told(path, error) from None
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        raise EngineUnavailable(
            f"the database `{path}` cannot be written anew: {why}; nothing was erased there"
        ) from None
    finally:
        con.close()


def _told(path: Path, error: duckdb.Error) -> EngineError:
    """What went wrong, without a value of the data."""
    fault = faults.describe(error)
    said = str(error)
    if "onstraint" in type(error).__name__ or '"Constraint"' in said:
        return EngineError(
            f"rows of `{path}` refer to rows that would go, so nothing was erased there; map the tables that refer to "
            "them, or remove their rows first",
            kind="constraint error",
        )
    if fault["error"] == "memory":
        return faults.rebuild(fault, str(path))
    if "o space left" in said or "ould not write" in said:
        return EngineUnavailable(f"there is no room beside `{path}` to write it anew; nothing was erased there")
    return EngineError(f"the database `{path}` could not be searched ({fault['error']}); nothing was erased there")


def _count(con: duckdb.DuckDBPyConnection, ownership: Ownership) -> dict[Name, Found]:
    empty, found = _nullable(con), {}
    for owned in ownership.tables:
        row = con.execute(ownership.counting(owned, _KEYS, empty)).fetchone()
        here = None if row is None else counted(row)
        if here is not None:
            found[owned.name] = here
    return found


def _nullable(con: duckdb.DuckDBPyConnection) -> set[tuple[Name, str]]:
    return {(Name(schema, table), name) for schema, table, name, empty in con.execute(_COLUMNS).fetchall() if empty}


def _write(con: duckdb.DuckDBPyConnection, fresh: Path, ownership: Ownership, progress: Progress | None) -> None:
    """Write everything but the people's rows into a fresh file: the shape first, then the rows of each table."""
    here = con.execute("SELECT current_database()").fetchall()[0][0]
    con.execute(f"ATTACH {literal(str(fresh))} AS {_FRESH}")
    fresh.chmod(0o600)
    con.execute(f"COPY FROM DATABASE {quote(here)} TO {_FRESH} (SCHEMA)")
    columns: dict[Name, list[tuple[str, bool]]] = {}
    for schema, table, name, empty in con.execute(_COLUMNS).fetchall():
        columns.setdefault(Name(schema, table), []).append((name, empty))
    tables = _in_order(con)
    rows = {name: con.execute(f"SELECT count(*) FROM {name.sql}").fetchall()[0][0] for name in tables}
    done, total = 0, sum(rows.values())
    for name in tables:
        con.execute(_insert(name, columns[name], ownership))
        done += rows[name]
        if progress is not None:
            progress(done, total)
    con.execute(f"DETACH {_FRESH}")  # writes its log into the file


def _insert(name: Name, columns: Sequence[tuple[str, bool]], ownership: Ownership) -> str:
    owned = ownership.by_name.get(name)
    shared = owned.subjects if owned is not None and len(owned.subjects) > 1 else ()
    listed = ", ".join(quote(column) for column, _ in columns)
    values = ", ".join(
        ownership.cleared(column, "t", _KEYS) if column in shared and empty else f"t.{quote(column)}"
        for column, empty in columns
    )
    stays = f" WHERE NOT {ownership.goes(owned, 't', _KEYS)}" if owned is not None else ""
    return f"INSERT INTO {_FRESH}.{name.sql} ({listed}) SELECT {values} FROM {name.sql} AS t{stays}"


def _in_order(con: duckdb.DuckDBPyConnection) -> Sequence[Name]:
    """Every table after those that it refers to."""
    order: TopologicalSorter[Name] = TopologicalSorter({Name(*row): () for row in con.execute(_TABLES).fetchall()})
    for schema, table, referred in con.execute(_REFERENCES).fetchall():
        if referred != table:
            order.add(Name(schema, table), Name(schema, referred))
    try:
        return tuple(order.static_order())
    except CycleError:
        raise EngineError("tables refer to each other in a circle, which cannot be written anew") from None


def _remove(fresh: Path) -> None:
    fresh.unlink(missing_ok=True)
    fresh.with_name(f"{fresh.name}.wal").unlink(missing_ok=True)


def _keep(path: Path) -> None:
    """Make what is written there outlive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
