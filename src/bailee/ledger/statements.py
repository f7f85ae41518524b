"""Statements of the writer, run with as little between them and the driver as there can be.

An entry is four small statements: on SQLite, SQLAlchemy's own work on each would take twice as long as they do, and to
PostgreSQL, the way there and back.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def failed() -> tuple[type[Exception], ...]:
    """What a statement that failed raises: the driver its own, or SQLAlchemy."""
    psycopg: Any = sys.modules.get("psycopg")  # where it was not loaded, it raised nothing
    return (DBAPIError, sqlite3.Error) if psycopg is None else (DBAPIError, sqlite3.Error, psycopg.Error)


#: What both databases call a disk without room.
_FULL = {"SQLITE_FULL", "DiskFull"}

#: So many rows to a statement are put in at two thirds of the time of one by one.
_GROUP = 50


def run(connection: Connection, statement: str, values: Sequence[Any] = ()) -> Any:
    """Run one statement in the caller's transaction, begun here if it was not, and return a cursor or result."""
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql(statement, tuple(values))
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.driver_connection.execute(statement, values)  # type: ignore[union-attr]


def write(
    connection: Connection, tables: Mapping[str, Sequence[Sequence[Any]]], last: str, values: Sequence[Any]
) -> int:
    """Put rows into tables, given by the column, run one more statement, and return how many rows that changed."""
    if connection.dialect.name == "sqlite":
        for statement, row in _inserts(tables):
            run(connection, statement, row)
        return int(run(connection, last, values).rowcount)
    if not connection.in_transaction():
        connection.begin()
    raw: Any = connection.connection.driver_connection
    with raw.pipeline():  # sent one after another, and waited for once
        for statement, row in _inserts(tables):
            raw.execute(statement.replace("?", "%s"), row)
        changed = raw.execute(last.replace("?", "%s"), values)
    return int(changed.rowcount)


def _inserts(tables: Mapping[str, Sequence[Sequence[Any]]]) -> Iterator[tuple[str, list[Any]]]:
    for table, columns in tables.items():
        width = len(columns)
        values: list[Any] = [None] * (width * len(columns[0]))
        for place, column in enumerate(columns):
            values[place::width] = column
        for start in range(0, len(values), width * _GROUP):
            some = values[start : start + width * _GROUP]
            yield _inserting(table, width, len(some) // width), some


@lru_cache(256)
def _inserting(table: str, width: int, count: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT INTO {table} VALUES {', '.join([row] * count)}"


def cause(error: Exception) -> str:
    """The name of what failed, without any words of the driver's, which may quote values."""
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    name = str(getattr(driver_error, "sqlite_errorname", type(driver_error).__name__))
    return "no room left on the disk" if name in _FULL else name
