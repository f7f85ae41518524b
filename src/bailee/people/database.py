"""One SQLite database for the facts about customers and for the ledger: opened, checked, and given out in transactions.

A reader sees one snapshot from its first line on; writers come one after another. What was committed is on the disk.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from bailee.errors import WorkspaceError
from bailee.people import faults, key_sources, schema
from bailee.people import keyring as keyring_of
from bailee.people.keyring import Keyring

WAIT_SECONDS = 10.0
_MAGIC = b"SQLite format 3\x00"
_BEGIN = "bailee_begin"
#: Enough to keep the index of choices in memory while a file is imported: 32 MiB for each connection.
_CACHE_KIB = 32 * 1024
#: What is deleted is overwritten, so that nothing of an erased customer stays in free pages.
_OVERWRITE = "secure_delete = ON"

#: The table that alembic would make.
_VERSION = (
    "CREATE TABLE alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)

#: Makes or checks the tables that another room keeps in this database.
Extra = Callable[[Connection], None]


class Database:
    """An open database; any thread may use it. Every method raises WorkspaceError in words for what SQLite says."""

    def __init__(self, path: Path, engine: Engine, *, read_only: bool, keyring: Keyring | None = None) -> None:
        self.path, self.read_only = path, read_only
        #: What errors call it.
        self.name = str(path)
        #: What `keyring.of` finds from each connection.
        self.keyring = keyring
        self._engine = engine
        self._writing = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one snapshot, taken now."""
        with self.connect() as connection, connection.begin():
            connection.exec_driver_sql("SELECT sequence FROM progress")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection that may write; it commits at the end of the block, or takes all back on any error."""
        with self.connect() as connection, self.writing(connection):
            yield connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Give a bare connection, for work that begins its own transactions with `reading` and `writing`."""
        with faults.translated(self.path), self._engine.connect() as connection:
            connection.info[keyring_of.PLACE] = self.keyring
            yield connection

    @contextmanager
    def writing(self, connection: Connection, *, references: bool = True) -> Iterator[None]:
        """Begin a write transaction on a connection of `connect`; other threads queue, other processes wait 10 s.

        Without `references`, SQLite does not look up each row's: for a million rows that were checked already.
        """
        if self.read_only:
            raise WorkspaceError(f"`{self.path}` was opened to be read only, so nothing can be recorded")
        with self._writing:
            connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
            _look_up(connection, references)
            try:
                with connection.begin():
                    yield
            finally:
                connection.execution_options(**{_BEGIN: "BEGIN"})
                _look_up(connection, True)

    def check(self) -> list[str]:
        """Return what SQLite finds wrong in the whole file, nothing if it is sound; reads every page."""
        with self.connect() as connection, connection.begin():
            found = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        wrong = [] if found == ["ok"] else [str(line) for line in found]
        return wrong + [f"a row of `{row[0]}` points to a row of `{row[2]}` that is gone" for row in orphans[:20]]

    def close(self) -> None:
        """Let go of the file; a connection in use closes when it is given back."""
        self._engine.dispose()


def open_database(
    path: Path | str,
    *,
    create: bool = False,
    read_only: bool = False,
    extra: Sequence[Extra] = (),
    keyring: Keyring | None = None,
) -> Database:
    """Open the database of a workspace, bring its tables to this version, and let `extra` make or check theirs.

    With `create`, a file that is missing is made, all or nothing. Without a keyring, that of the folder `keys` beside
    the file is taken, and made where nothing was sealed yet. Raises WorkspaceError for one that is missing, no
    database or not ours, damaged, from a newer Bailee, not writable, or locked by another process for over 10 s.
    """
    path = Path(path).absolute()
    _look(path, create=create, read_only=read_only)
    database = Database(path, _engine(path, create=create, read_only=read_only), read_only=read_only, keyring=keyring)
    try:
        revision = _revision(database)
        if revision is None and create:
            database.keyring = keyring or _beside(database, revision)
            _create(database, extra)
        elif revision == schema.REVISION:
            database.keyring = keyring or _beside(database, revision)
            with database.connect() as connection, connection.begin():
                _run(extra, connection)
        else:
            _upgrade(database, revision, extra)
    except BaseException:
        database.close()
        raise
    return database


def _look_up(connection: Connection, references: bool) -> None:
    """Let SQLite check references or not; it hears this only outside a transaction."""
    connection.connection.cursor().execute(f"PRAGMA foreign_keys = {'ON' if references else 'OFF'}")


def _look(path: Path, *, create: bool, read_only: bool) -> None:
    """Say what is wrong with the file or its folder in words, before SQLite says it in its own."""
    if path.is_dir():
        raise WorkspaceError(f"`{path}` is a folder, expected a database file")
    if not path.parent.is_dir():
        raise WorkspaceError(f"there is no folder `{path.parent}`; make a workspace with `bailee init`")
    if not path.exists():
        if not create:
            raise WorkspaceError(f"there is no database `{path}`; make a workspace with `bailee init`")
    elif path.stat().st_size or not create:
        with faults.translated(path), path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise WorkspaceError(f"`{path}` is not a database, or its beginning is damaged; restore a backup")
    if not read_only:
        faults.need_writable(path)
    if create:
        with faults.translated(path):
            path.touch(mode=0o600)  # SQLite gives its log the same mode; an empty file is a new database to it


def _engine(path: Path, *, create: bool, read_only: bool) -> Engine:
    mode = "ro" if read_only else "rwc" if create else "rw"

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            f"{path.as_uri()}?mode={mode}",
            uri=True,
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        if create:
            raw.execute("PRAGMA journal_mode = WAL")  # the file remembers it
        for pragma in ("synchronous = FULL", "foreign_keys = ON", _OVERWRITE, f"cache_size = -{_CACHE_KIB}"):
            raw.execute(f"PRAGMA {pragma}")
        return raw

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=8, max_overflow=-1, hide_parameters=True
    )
    # The driver would begin by itself and too late; SQLAlchemy begins as each transaction asks.
    event.listen(engine, "begin", lambda c: c.exec_driver_sql(c.get_execution_options().get(_BEGIN, "BEGIN")))
    return engine


def _revision(database: Database) -> str | None:
    """Return the stored revision, or None where the database has no tables at all."""
    with database.connect() as connection, connection.begin():
        tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
        if not tables:
            return None
        found = "alembic_version" in tables and connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        revision = found.scalar() if found else None
    if not isinstance(revision, str):
        raise WorkspaceError(f"`{database.path}` is a database, but not one of Bailee's; name another file")
    return revision


def _beside(database: Database, revision: str | None) -> Keyring | None:
    """The keyring of the folder `keys` beside the file, made where nothing can have been sealed by another yet."""
    folder = database.path.parent / "keys"
    with faults.translated(folder):
        made = (folder / key_sources.ENCRYPTION).exists()
    if not made and database.read_only:
        return None
    if not made and revision == schema.REVISION:
        with database.connect() as connection, connection.begin():
            made = connection.exec_driver_sql("SELECT 1 FROM customer_keys LIMIT 1").first() is not None
    return key_sources.open_keyring(folder, make=not made)


def _create(database: Database, extra: Sequence[Extra]) -> None:
    with database.write() as connection:
        if connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").first():
            return  # another process made it in the meantime
        schema.metadata.create_all(connection)
        connection.exec_driver_sql(_VERSION)
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (schema.REVISION,))
        connection.exec_driver_sql(schema.START)
        _run(extra, connection)


def _upgrade(database: Database, revision: str | None, extra: Sequence[Extra]) -> None:
    from bailee.people.migrations import known, upgrade

    if revision is None:
        raise WorkspaceError(f"`{database.path}` is empty; make a workspace with `bailee init`")
    if revision not in known():
        raise WorkspaceError(
            f"`{database.path}` has version `{revision}`, which is newer than this Bailee knows "
            f"(`{schema.REVISION}`); install a newer Bailee"
        )
    if database.read_only:
        raise WorkspaceError(
            f"`{database.path}` is from an older Bailee; open it once for writing to bring it up to date"
        )
    database.keyring = database.keyring or _beside(database, revision)
    with database.write() as connection:
        upgrade(connection)
        _run(extra, connection)


def _run(extra: Sequence[Extra], connection: Connection) -> None:
    for each in extra:
        each(connection)
