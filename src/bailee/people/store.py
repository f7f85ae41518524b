"""What each kind of database does for `people.database`: SQLite for one machine, PostgreSQL for several servers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine

#: How long one waits for a connection, or for readers to end.
WAIT_SECONDS = 10.0
#: How long a writer waits for one in another process: a large file or derivation must not lose somebody's withdrawal.
WRITE_SECONDS = 60.0

#: The execution option of a connection that says what its next transaction is for.
PURPOSE = "bailee_transaction"
READ, WRITE = "read", "write"
#: What a transaction that reads begins with, so that its snapshot is of then.
SNAPSHOT = "SELECT sequence FROM progress"


class Store(Protocol):
    """One kind of database."""

    @property
    def name(self) -> str:
        """What errors call it."""
        ...

    @property
    def where(self) -> str:
        """What `open_database` takes to open it again, a password included."""
        ...

    @property
    def path(self) -> Path | None:
        """Its file, where it is one."""
        ...

    def look(self, *, create: bool, read_only: bool) -> None:
        """Raise WorkspaceError in words for what can be seen without opening it, and make what opening it needs."""
        ...

    def engine(self, *, create: bool, read_only: bool) -> Engine:
        """Connections, whose transactions begin as their option `PURPOSE` asks: a snapshot, or alone and writing."""
        ...

    def tables(self, connection: Connection) -> set[str]:
        """The tables in the place that is Bailee's."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Make the place for a new database's tables, and what this kind of database needs beside them."""
        ...

    def opened(self) -> None:
        """Hear that the tables are there."""
        ...

    def references(self, connection: Connection, check: bool) -> None:
        """Look up each row's references or not, outside of a transaction; a database may do so all the same."""
        ...

    def before_commit(self, connection: Connection) -> None:
        """Raise WorkspaceError where a commit would quietly take all back."""
        ...

    def committed(self, connection: Connection, error: Exception) -> bool:
        """Whether a write transaction whose commit raised an error was written; Uncertain where nobody can tell."""
        ...

    def check(self, connection: Connection) -> list[str]:
        """What the database finds wrong with itself, nothing if it is sound; reads all of it."""
        ...
