"""The driver's own way for very many rows, where SQLAlchemy would go through each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection


def rows(connection: Connection, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Return all rows of a statement; `?` stands for each value."""
    cursor: Any = connection.connection.cursor()
    try:
        found: list[tuple[Any, ...]] = cursor.execute(statement, tuple(values)).fetchall()
        return found
    finally:
        cursor.close()


def many(connection: Connection, statement: str, values: Iterable[Sequence[object]]) -> None:
    """Run a statement once for each row of values; `?` stands for each value."""
    cursor: Any = connection.connection.cursor()
    try:
        cursor.executemany(statement, values)
    finally:
        cursor.close()
