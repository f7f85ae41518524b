"""A disk or a server that fails: any write of a driver, before it happened or after, once, at a step that is named.

SQLite says that its disk failed; PostgreSQL's connection is lost.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
import pytest

T = TypeVar("T")

_WRITES = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|BEGIN IMMEDIATE|SAVEPOINT|RELEASE|VACUUM|WITH\b.*\bINSERT)", re.I
)


class Disk:
    """Counts writes while `armed`, and fails the one at `step`: `after` it has happened, or before."""

    def __init__(self) -> None:
        self.armed = False
        self.step: int | None = None
        self.after = False
        self.steps: list[str] = []
        self.failed: str | None = None

    @contextmanager
    def failing(self, step: int | None = None, *, after: bool = False) -> Iterator[None]:
        """Fail once in this block, at a step; None fails nothing and only counts."""
        self.armed, self.step, self.after, self.steps, self.failed = True, step, after, [], None
        try:
            yield
        finally:
            self.armed = False

    def write(self, what: str, do: Callable[[], T], error: Callable[[], Exception]) -> T:
        """Do a write, or fail it."""
        if not self.armed:
            return do()
        number = len(self.steps)
        self.steps.append(what)
        if number != self.step:
            return do()
        self.failed = what
        if self.after:
            do()
        raise error()


def _lost(name: str = "SQLITE_IOERR_WRITE") -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("CANARY disk I/O error")
    error.sqlite_errorname = name
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    return error


def _kept_or_not() -> sqlite3.OperationalError:
    """What SQLite says when a commit's own sync failed: it may be found on the disk later, or not."""
    return _lost("SQLITE_IOERR_FSYNC")


def _no_disk() -> OSError:
    return OSError(5, "CANARY Input/output error")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk that can fail under either driver, and under what else is written to files."""
    made = Disk()
    connect = sqlite3.connect

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *values: Any) -> Any:
            if not _WRITES.match(sql):
                return super().execute(sql, *values)
            self.connection.writes = True
            return made.write(_named(sql), lambda: super(Cursor, self).execute(sql, *values), _lost)

        def executemany(self, sql: str, values: Any) -> Any:
            self.connection.writes = True
            return made.write(_named(sql), lambda: super(Cursor, self).executemany(sql, values), _lost)

    class Connection(sqlite3.Connection):
        writes = False

        def execute(self, sql: str, *values: Any) -> Any:
            return self.cursor().execute(sql, *values)

        def rollback(self) -> None:
            self.writes = False
            super().rollback()

        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def commit(self) -> None:
            if not (self.in_transaction and self.writes):
                return super().commit()
            self.writes = False
            after = made.armed and made.after and len(made.steps) == made.step
            return made.write("COMMIT", super().commit, _kept_or_not if after else _lost)

    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: connect(*given, factory=Connection, **named))
    _server(made, monkeypatch)
    for name in ("fsync", "replace", "rename", "link", "write"):
        monkeypatch.setattr(os, name, _watched(made, f"os.{name}", getattr(os, name)))
    return made


def _server(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PostgreSQL's driver lose its connection at a write."""

    class Cursor(psycopg.Cursor[Any]):
        def _lost(self) -> Exception:
            return self.connection.lost()  # type: ignore[attr-defined,no-any-return]

        def execute(self, query: Any, *values: Any, **named: Any) -> Any:
            if not _WRITES.match(str(query)):
                return super().execute(query, *values, **named)
            self.connection.writes = True  # type: ignore[attr-defined]
            do = super().execute
            return disk.write(_named(str(query)), lambda: do(query, *values, **named), self._lost)

        def executemany(self, query: Any, *values: Any, **named: Any) -> Any:
            self.connection.writes = True  # type: ignore[attr-defined]
            do = super().executemany
            return disk.write(_named(str(query)), lambda: do(query, *values, **named), self._lost)

        @contextmanager
        def copy(self, statement: Any, *values: Any, **named: Any) -> Iterator[Any]:
            self.connection.writes = True  # type: ignore[attr-defined]
            if not disk.after:
                disk.write(_named(str(statement)), lambda: None, self._lost)
            with super().copy(statement, *values, **named) as copy:
                yield copy
            if disk.after:
                disk.write(_named(str(statement)), lambda: None, self._lost)

    class Connection(psycopg.Connection[Any]):
        writes = False

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.cursor_factory = Cursor

        def lost(self) -> Exception:
            self.pgconn.finish()
            return psycopg.OperationalError("CANARY server closed the connection unexpectedly")

        def commit(self) -> None:
            if not self.writes:
                return super().commit()
            self.writes = False
            return disk.write("COMMIT", super().commit, self.lost)

        def rollback(self) -> None:
            self.writes = False
            super().rollback()

    monkeypatch.setattr(psycopg, "connect", Connection.connect)


def _watched(disk: Disk, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def watched(*given: Any, **named: Any) -> Any:
        return disk.write(name, lambda: call(*given, **named), _no_disk)

    return watched


def _named(sql: str) -> str:
    return " ".join(sql.split()[:4])
