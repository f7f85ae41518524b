"""Keeping standing columns in the company's DuckDB file: work that the company asks for, never a question's path.

Everything is one transaction, so a crash leaves the columns of before. What the file is afterwards is read while it is
still locked and again once it is closed: only where both are the same did nobody else write it in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bailee.engines import Limits, Place
from bailee.engines.duckdb import allow, faults
from bailee.engines.duckdb.identity import Identity, identify, settled
from bailee.engines.duckdb.warehouse import interruptible
from bailee.engines.owned import literal, quote
from bailee.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    import duckdb

#: Called with how many rows were looked at and how many there are in all.
Progress = Callable[[int, int], object]
#: Customers' keys with their bits, some at a time.
Bits = Iterable[tuple[Sequence[str], Sequence[int]]]

#: Rows that one statement looks at.
_ROWS = 4_000_000
_MARK = "kept by Bailee, workspace "
_COLUMNS = (
    "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns() "
    "WHERE database_name = current_database()"
)


class Kept(NamedTuple):
    """What came of it: rows written by column, and the file's identity; None where somebody wrote it meanwhile."""

    rows: Mapping[Place, int]
    identity: Identity | None


def keep(
    path: Path,
    places: Sequence[Place],
    bits: Bits,
    *,
    left: Identity | None,
    owner: str,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Kept | None:
    """Bring standing columns up to date: those of some customers in a file that was `left` so, or of all (None).

    Of all means that whoever is not given has no bits. A column that is not there is added and marked as `owner`'s; one
    that somebody else filled is left alone. None, and nothing changed, where the file is not as it was left. Raises
    EngineUnavailable where it cannot be written or another process has it open, and EngineError where a column cannot
    be kept; then nothing was changed either.
    """
    path = path.resolve()
    with _opened(path, limits or Limits()) as con:
        if left is not None and identify(path) != left:  # locked now, so what it is, it stays
            return None
        with allow.transaction(con):
            types = _prepare(con, path, places, owner)
            _give(con, bits, set(types.values()))
            sizes = [_size(con, place) for place in places]
            rows, done = {}, 0
            for place, size in zip(places, sizes, strict=True):
                rows[place] = 0
                for first in range(0, max(size, 1), _ROWS):
                    rows[place] += _update(con, place, types[place], (first, first + _ROWS), whole=left is None)
                    if progress is not None:
                        progress(done + min(first + _ROWS, size), sum(sizes))
                done += size
        con.execute("CHECKPOINT")
        locked = settled(path)
    return Kept(rows, locked if locked == identify(path) else None)


@contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, locked for writing; what the engine says of it leaves in words, without values."""
    import duckdb

    if not path.is_file():
        raise faults.unopened(str(path), "directory" if path.is_dir() else "missing")
    try:
        con = duckdb.connect(str(path), config=_config(limits))
    except duckdb.Error as error:
        raise _unopened(path, faults.opening(str(error))) from None
    try:
        con.execute("SET enable_progress_bar = false")
        with interruptible():
            yield con
    except duckdb.Error as error:
        raise _told(path, error) from None
    finally:
        con.close()


def _config(limits: Limits) -> dict[str, str | bool | int | float | list[str]]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "errors_as_json": True,
        "autoload_known_extensions": False,
        "autoinstall_known_extensions": False,
        "python_enable_replacements": False,
        # Rows are written in their order only where they pass by the customers, not the other way round: 60 times as
        # fast was measured, and which it is would depend on what DuckDB expects of a filter.
        "disabled_optimizers": "join_order,build_side_probe_side",
        "memory_limit": f"{limits.memory_bytes // 1024}KiB",
    }
    return config if limits.threads is None else {**config, "threads": limits.threads}


def _unopened(path: Path, told: faults.Fault) -> EngineError:
    if told["reason"] != "locked":
        return faults.unopened(str(path), told["reason"], told["holder"])
    who = f" (process {told['holder']})" if told["holder"] else ""
    return EngineUnavailable(
        f"`{path}` is open in another process{who}, so its standing columns stay as they are and questions join "
        "instead; let that process keep them, or end it and try again"
    )


def _told(path: Path, error: duckdb.Error) -> EngineError:
    """What went wrong, without a value of the data."""
    fault = faults.describe(error)
    if fault["error"] == "memory":
        return faults.rebuild(fault, str(path))
    said = str(error)
    if "o space left" in said or "ould not write" in said:
        return EngineUnavailable(f"there is no room to write `{path}`; its standing columns stay as they were")
    return EngineError(f"the standing columns of `{path}` could not be written ({fault['error']}); they stay as before")


def _prepare(con: duckdb.DuckDBPyConnection, path: Path, places: Sequence[Place], owner: str) -> dict[Place, str]:
    """Make every column that is not there; the types of their customers' keys."""
    columns = con.execute(_COLUMNS).fetchall()
    found = {(row[0], row[1], row[2].lower()): (row[3], row[4]) for row in columns}
    types = {}
    for place in places:
        key, column = (found.get((place.schema, place.table, name.lower())) for name in (place.subject, place.column))
        if key is None or not allow.KEY_TYPE.fullmatch(key[0]):
            kind = "not there" if key is None else key[0]
            raise EngineError(f"`{place.table}.{place.subject}` of `{path}` is {kind}, and no key; run `bailee check`")
        types[place] = key[0]
        if column is None:
            con.execute(f"ALTER TABLE {_table(place)} ADD COLUMN {quote(place.column)} BIGINT")
        elif column[1] == _MARK + owner and column[0] == "BIGINT":
            continue
        else:
            _must_be_free(con, place, column[0], column[1] or "")
        con.execute(f"COMMENT ON COLUMN {_table(place)}.{quote(place.column)} IS {literal(_MARK + owner)}")
    return types


def _must_be_free(con: duckdb.DuckDBPyConnection, place: Place, kind: str, comment: str) -> None:
    """Never write over what is not ours: an empty column may be taken, one with values has somebody else's."""
    name = f"`{place.table}.{place.column}`"
    if kind != "BIGINT":
        raise EngineError(f"{name} is {kind}, expected BIGINT; name a column that is not there yet as `standing`")
    if comment.startswith(_MARK):
        drop = f"ALTER TABLE {_table(place)} DROP COLUMN {quote(place.column)}"
        raise EngineError(
            f"{name} is kept by another workspace; name a column of its own as `standing`, or run `{drop}` if that "
            "workspace is gone"
        )
    filled = con.execute(f"SELECT 1 FROM {_table(place)} WHERE {quote(place.column)} <> 0 LIMIT 1").fetchall()
    if filled:
        raise EngineError(
            f"{name} holds values that Bailee did not write, which it would lose; name a column that is not there yet "
            "as `standing`"
        )


def _give(con: duckdb.DuckDBPyConnection, bits: Bits, types: set[str]) -> None:
    """Put customers' bits into a temporary table for each type of key, once as a value of it; others mean nobody."""
    import pyarrow as pa

    for kind in types:
        con.execute(f"CREATE TEMP TABLE {_name(kind)} (subject {kind}, bits BIGINT)")
    for keys, held in bits:
        con.register("given_bits", pa.table({"key": pa.array(keys, pa.string()), "bits": pa.array(held, pa.int64())}))
        try:
            for kind in types:
                con.execute(
                    f"INSERT INTO {_given(kind)} SELECT TRY_CAST(key AS {kind}), bits FROM given_bits "
                    f"WHERE TRY_CAST(key AS {kind})::VARCHAR = key"
                )
        finally:
            con.unregister("given_bits")
    for kind in types:
        counts = con.execute(f"SELECT count(*), count(DISTINCT subject) FROM {_given(kind)}").fetchall()[0]
        if counts[0] != counts[1]:
            raise EngineError("two customers have keys that mean the same subject, so no column can tell them apart")


def _update(con: duckdb.DuckDBPyConnection, place: Place, kind: str, rows: tuple[int, int], *, whole: bool) -> int:
    """Write what differs among some rows, by their place in the table; how many were written."""
    table, column, subject = _table(place), quote(place.column), f"t.{quote(place.subject)}"
    among = f"t.rowid >= {rows[0]} AND t.rowid < {rows[1]}"
    written = con.execute(
        f"UPDATE {table} AS t SET {column} = b.bits FROM {_given(kind)} AS b "
        f"WHERE b.subject = {subject} AND t.{column} IS DISTINCT FROM b.bits AND {among}"
    ).fetchall()[0][0]
    if whole:
        written += con.execute(
            f"UPDATE {table} AS t SET {column} = 0 WHERE t.{column} IS DISTINCT FROM 0 AND {among} "
            f"AND NOT EXISTS (SELECT 1 FROM {_given(kind)} AS b WHERE b.subject = {subject})"
        ).fetchall()[0][0]
    return int(written)


def _size(con: duckdb.DuckDBPyConnection, place: Place) -> int:
    """One more than the highest place of a row."""
    return int(con.execute(f"SELECT coalesce(max(rowid) + 1, 0) FROM {_table(place)}").fetchall()[0][0])


def _table(place: Place) -> str:
    return f"{quote(place.schema)}.{quote(place.table)}"


def _given(kind: str) -> str:
    return f"temp.{_name(kind)}"


def _name(kind: str) -> str:
    return quote(f"bailee_bits {kind}")
