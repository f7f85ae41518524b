"""A store's state at one instant in a fresh SQLite file, and such a file's into a store; others write meanwhile.

A SQLite file is copied page by page (its online backup API) in one read transaction, so no writer makes it begin anew;
from and to PostgreSQL rows are copied by the tables' own description.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select

from bailee.people import faults, schema
from bailee.people.database import Database, Extra, open_database

#: Told how much is copied and how much there is, in pages or rows.
Progress = Callable[[int, int], None]

_PAGES = 2048
_ROWS = 20_000


def take(
    database: Database, path: Path, *, tables: Sequence[Table], extra: Sequence[Extra], progress: Progress | None = None
) -> None:
    """Write the state of a store into a new SQLite file; `tables` are those of other rooms, which `extra` makes.

    Raises WorkspaceError where the file cannot be written or the store cannot be read.
    """
    path.touch(mode=0o600, exist_ok=False)
    if database.store.path is not None:
        _pages(database, path, progress)
        return
    into = open_database(path, create=True, extra=extra, keyring=database.keyring)
    try:
        with database.read() as source, into.connect() as target, into.writing(target, references=False):
            copy(source, target, tables, progress)
    finally:
        into.close()


def copy(source: Connection, target: Connection, tables: Sequence[Table], progress: Progress | None = None) -> None:
    """Copy all rows of our tables and of `tables` from a snapshot into a store just made, in its transaction."""
    every = [*schema.metadata.sorted_tables, *tables]
    total = sum(source.execute(select(func.count()).select_from(table)).scalar_one() for table in every)
    for table in reversed(every):
        target.execute(delete(table))  # the row or two that making it put there
    done = 0
    for table in every:
        for rows in _rows(source, table):
            target.execute(insert(table), rows)
            done += len(rows)
            if progress is not None:
                progress(done, total)


def _pages(database: Database, path: Path, progress: Progress | None) -> None:
    def tell(_: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    with database.read() as connection, faults.translated(str(path)), closing(sqlite3.connect(path)) as target:
        source: Any = connection.connection.driver_connection
        source.backup(target, pages=_PAGES, progress=tell, sleep=0)


def _rows(source: Connection, table: Table) -> Iterator[list[dict[str, object]]]:
    """All rows of a table, some ten thousand in memory."""
    found = source.execution_options(yield_per=_ROWS).execute(select(table))
    for rows in found.mappings().partitions():
        yield [dict(row) for row in rows]
