"""The store of one machine: a SQLite file beside the workspace, whose readers never wait for its writers."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from bailee.errors import Uncertain, WorkspaceError
from bailee.people import faults, store
from bailee.people.store import PURPOSE, READ, SNAPSHOT, WRITE

#: What a connection keeps of the file, beside what the system does; a server has many, and each would fill it in time.
_CACHE_KIB = 1024
#: Enough to keep the index of choices in memory while a file is imported.
_IMPORT_CACHE_KIB = 32 * 1024
#: What is deleted is overwritten, so that nothing of an erased customer stays in free pages.
_OVERWRITE = "secure_delete = ON"


class SQLite:
    """A SQLite file in WAL mode; see `Store`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.name = self.where = str(self.path)

    def look(self, *, create: bool, read_only: bool) -> None:
        # Never opened here: closing a file lets go of all locks that this process has on it (POSIX), SQLite's too.
        path = self.path
        if path.is_dir():
            raise WorkspaceError(f"`{path}` is a folder, expected a database file")
        if not path.parent.is_dir():
            raise WorkspaceError(f"there is no folder `{path.parent}`; make a workspace with `bailee init`")
        if not path.exists():
            if not create:
                raise WorkspaceError(f"there is no database `{path}`; make a workspace with `bailee init`")
        elif not path.stat().st_size and not create:
            raise WorkspaceError(f"`{path}` is not a database, or its beginning is damaged; restore a backup")
        elif not os.access(path, os.R_OK):
            raise WorkspaceError(f"`{path}` may not be opened by this user; change its permissions")
        if not read_only:
            faults.need_writable(path)
        if create:
            with faults.translated(path):
                path.touch(mode=0o600)  # SQLite gives its log the same mode; an empty file is a new database to it

    def engine(self, *, create: bool, read_only: bool) -> Engine:
        mode = "ro" if read_only else "rwc" if create else "rw"

        def connect() -> sqlite3.Connection:
            raw = sqlite3.connect(
                f"{self.path.as_uri()}?mode={mode}",
                uri=True,
                timeout=store.WRITE_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            if create:
                raw.execute("PRAGMA journal_mode = WAL")  # the file remembers it
            for pragma in ("synchronous = FULL", "foreign_keys = ON", _OVERWRITE, f"cache_size = -{_CACHE_KIB}"):
                raw.execute(f"PRAGMA {pragma}")
            return raw

        # The last given back is given out first, so that few are busy and the caches of the rest stay small.
        pool: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": -1, "pool_use_lifo": True}
        engine = create_engine("sqlite://", creator=connect, hide_parameters=True, **pool)
        # The driver would begin by itself and too late; SQLAlchemy begins as each transaction asks.
        event.listen(engine, "begin", _begin)
        return engine

    def tables(self, connection: Connection) -> set[str]:
        return set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())

    def prepare(self, connection: Connection) -> None:
        """A file needs nothing."""

    def opened(self) -> None:
        """A file's transactions need no mark."""

    def references(self, connection: Connection, check: bool) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if check else 'OFF'}")
        cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB if check else _IMPORT_CACHE_KIB}")

    def before_commit(self, connection: Connection) -> None:
        """SQLite says it when a commit fails."""

    def committed(self, connection: Connection, error: Exception) -> bool:
        cause = getattr(error, "orig", error)
        if getattr(cause, "sqlite_errorname", "") in ("SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"):
            raise Uncertain(
                f"whether it was recorded is not known yet: the disk of `{self.name}` failed while it was being kept; "
                "mend the disk, open the workspace again, and look before you repeat"
            ) from error
        return False  # it is still open, so that it is taken back, or SQLite took it back itself

    def check(self, connection: Connection) -> list[str]:
        found = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        wrong = [] if found == ["ok"] else [str(line) for line in found]
        return wrong + [f"a row of `{row[0]}` points to a row of `{row[2]}` that is gone" for row in orphans[:20]]


def _begin(connection: Connection) -> None:
    purpose = connection.get_execution_options().get(PURPOSE)
    # The driver's own: SQLAlchemy's work on this one statement is a tenth of all that recording an entry takes.
    raw: Any = connection.connection.driver_connection
    raw.execute("BEGIN IMMEDIATE" if purpose == WRITE else "BEGIN")
    if purpose == READ:
        raw.execute(SNAPSHOT).fetchone()
