"""Statements of the writer, run with as little between them and the driver as there can be.

An entry is four small statements: on SQLite, SQLAlchemy's own work on each would take twice as long as they do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

#: What a statement that failed raises: SQLite's driver its own, all others through SQLAlchemy.
Failed = (DBAPIError, sqlite3.Error)

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


def insert(connection: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Put in rows, which fill all columns of the table."""
    for start in range(0, len(rows), _GROUP):
        some = rows[start : start + _GROUP]
        run(connection, _inserting(table, len(some[0]), len(some)), [value for row in some for value in row])


@lru_cache(256)
def _inserting(table: str, width: int, count: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT INTO {table} VALUES {', '.join([row] * count)}"


def cause(error: Exception) -> str:
    """The name of what failed, without any words of the driver's, which may quote values."""
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    name = str(getattr(driver_error, "sqlite_errorname", type(driver_error).__name__))
    return "no room left on the disk" if name in _FULL else name
