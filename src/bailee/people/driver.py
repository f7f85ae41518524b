"""The driver's own way for very many rows, where SQLAlchemy would go through each of them.

Statements are written once for both databases: `?` stands for a value. Here alone it is put as PostgreSQL's driver
wants it, and here alone are its own ways to take in and give out rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, count, islice
from typing import Any

from sqlalchemy import Connection

_POSTGRESQL = "postgresql"
#: A statement that puts in rows as they are given, perhaps minding those that are there.
_INSERT = re.compile(
    r"\s*INSERT INTO (\w+)\s*(\([^()]*\))?\s*VALUES\s*\(\s*\?(?:\s*,\s*\?)*\s*\)\s*(ON CONFLICT.*)?", re.S
)
#: Up to so many rows go one by one where rows that are there are minded.
_FEW = 64
_FETCH = 50_000
_TYPES = {"INTEGER": "BIGINT", "BLOB": "BYTEA"}

_streams = count(1)


def rows(connection: Connection, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Return all rows of a statement; `?` stands for each value."""
    cursor: Any = connection.connection.cursor()
    try:
        _execute(connection, cursor, statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
    finally:
        cursor.close()


def first(connection: Connection, statement: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
    """Return the first row of a small statement, or None; SQLAlchemy's own work on it would take longer than SQLite's.

    PostgreSQL's goes by way of SQLAlchemy all the same, which notices where the server ended the connection.
    """
    if connection.dialect.name == _POSTGRESQL:
        row = connection.exec_driver_sql(statement, tuple(values)).first()
        return None if row is None else tuple(row)
    found = rows(connection, statement, values)
    return found[0] if found else None


def stream(
    connection: Connection, statement: str, values: Sequence[object] = (), size: int = _FETCH
) -> Iterator[list[tuple[Any, ...]]]:
    """Give the rows of a statement by some ten thousand, in memory that does not grow with all of them."""
    if connection.dialect.name == _POSTGRESQL:
        # Without a name, the driver would fetch everything at once.
        cursor: Any = connection.connection.cursor(name=f"stream_{next(_streams)}")
    else:
        cursor = connection.connection.cursor()
    try:
        _execute(connection, cursor, statement, values)
        while found := cursor.fetchmany(size):
            yield found
    finally:
        cursor.close()


def many(connection: Connection, statement: str, values: Iterable[Sequence[object]]) -> None:
    """Run a statement once for each row of values; `?` stands for each value.

    On PostgreSQL, an INSERT of rows goes by COPY, and an ON CONFLICT ... DO UPDATE must not meet a row twice.
    """
    cursor: Any = connection.connection.cursor()
    try:
        insert = _INSERT.fullmatch(statement) if connection.dialect.name == _POSTGRESQL else None
        if insert is None:
            cursor.executemany(_marked(connection, statement), values)
        elif insert[3] is None:
            _copy(cursor, f"{insert[1]} {insert[2] or ''}", values)
        else:
            _pour(cursor, statement, insert, iter(values))
    finally:
        cursor.close()


def outside(connection: Connection, statement: str) -> None:
    """Run a statement on a connection that is in no transaction, for those that no transaction may hold."""
    cursor: Any = connection.connection.cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()


def temporary(connection: Connection, table: str, columns: str) -> None:
    """Make a temporary table of this connection; `INTEGER` has 64 bits on every database."""
    if connection.dialect.name == _POSTGRESQL:
        columns = re.sub("|".join(_TYPES), lambda word: _TYPES[word[0]], columns)
    connection.exec_driver_sql(f"CREATE TEMP TABLE {table} ({columns})")


def filled(connection: Connection, table: str) -> None:
    """Say that a temporary table has all its rows: PostgreSQL plans by what it knows of them."""
    if connection.dialect.name == _POSTGRESQL:
        connection.exec_driver_sql(f"ANALYZE {table}")


@lru_cache(maxsize=1024)
def marked(statement: str) -> str:
    """A statement with the marks of PostgreSQL's driver."""
    return statement.replace("%", "%%").replace("?", "%s")


def _execute(connection: Connection, cursor: Any, statement: str, values: Sequence[object]) -> None:
    if not values:
        cursor.execute(statement)  # as it is: nothing in it is a mark
    else:
        cursor.execute(_marked(connection, statement), tuple(values))


def _marked(connection: Connection, statement: str) -> str:
    return marked(statement) if connection.dialect.name == _POSTGRESQL else statement


def _copy(cursor: Any, into: str, values: Iterable[Sequence[object]]) -> None:
    rows = iter(values)
    # Some at a time, so that they may come from the same connection, which does nothing else during a COPY.
    while some := list(islice(rows, _FETCH)):
        with cursor.copy(f"COPY {into} FROM STDIN") as copy:
            write = copy.write_row
            for row in some:
                write(row)


def _pour(cursor: Any, statement: str, insert: re.Match[str], values: Iterator[Sequence[object]]) -> None:
    """Put rows where some may be already: COPY minds none, so many go by way of a temporary table."""
    first = list(islice(values, _FEW))
    if len(first) < _FEW:
        if first:
            cursor.executemany(marked(statement), first)
        return
    table, columns, conflict = insert[1], insert[2] or "", insert[3]
    names = columns.strip("()") or "*"
    cursor.execute(f"CREATE TEMP TABLE poured ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA")
    _copy(cursor, "poured", chain(first, values))
    cursor.execute(f"INSERT INTO {table} {columns} SELECT * FROM poured {conflict}")
    cursor.execute("DROP TABLE poured")
