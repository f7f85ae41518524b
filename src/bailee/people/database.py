"""The database of the facts about customers and of the ledger: opened, checked, and given out in transactions.

A reader sees one snapshot from its first line on; writers come one after another. What was committed is on the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine

from bailee.errors import WorkspaceError
from bailee.people import faults, opening, schema
from bailee.people import keyring as keyring_of
from bailee.people.committing import Combined
from bailee.people.key_sources import Source
from bailee.people.keyring import Keyring
from bailee.people.opening import Extra
from bailee.people.postgresql import PostgreSQL, is_url
from bailee.people.sqlite import SQLite
from bailee.people.store import PURPOSE, READ, WRITE, Store

__all__ = ["Database", "Extra", "occupied", "open_database", "replace_shared"]

T = TypeVar("T")


class Database:
    """An open database; any thread may use it. Every method raises WorkspaceError in words for what the store says."""

    def __init__(self, store: Store, engine: Engine, *, read_only: bool, keyring: Keyring | None = None) -> None:
        self.store, self.read_only = store, read_only
        #: What `keyring.of` finds from each connection.
        self.keyring = keyring
        #: Whether opening it made its tables.
        self.made = False
        self._engine = engine
        self._writing = threading.Lock()
        self._combined = Combined(self.write)

    @property
    def name(self) -> str:
        """What errors call it: its path, or its URL without a password."""
        return self.store.name

    @property
    def where(self) -> str:
        """What opens it again; a URL may hold a password, so it is shown to nobody."""
        return self.store.where

    @property
    def shared(self) -> bool:
        """Whether other machines may use it too."""
        return self.store.path is None

    @property
    def path(self) -> Path:
        """The file; WorkspaceError where it is none."""
        if self.store.path is None:
            raise WorkspaceError(f"`{self.name}` is no file, and this needs one")
        return self.store.path

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one snapshot, taken now."""
        with self.connect() as connection, self.reading(connection):
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection that may write; it commits at the end of the block, or takes all back on any error."""
        with self.connect() as connection, self.writing(connection):
            yield connection

    def commit(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns on a connection that may write, once it is on the disk; errors are its own.

        Threads that commit at once share a transaction. Whatever is raised, nothing of the work was kept: but for
        Uncertain, when a disk or server failed in the middle. A work may run twice, if its first run was taken back.
        """
        with faults.translated(self.name):
            return self._combined.commit(work)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Give a bare connection, for work that begins its own transactions with `reading` and `writing`."""
        with faults.translated(self.name), self._engine.connect() as connection:
            connection.info[keyring_of.PLACE] = self.keyring
            try:
                yield connection
            finally:
                _give_up_lost(connection)

    @contextmanager
    def reading(self, connection: Connection) -> Iterator[None]:
        """Begin a transaction on a connection of `connect` that sees one snapshot, taken now."""
        with _for(connection, READ), connection.begin():
            yield

    @contextmanager
    def writing(self, connection: Connection, *, references: bool = True) -> Iterator[None]:
        """Begin a write transaction on a connection of `connect`; other threads queue, other processes wait a minute.

        Without `references`, SQLite does not look up each row's: for a million rows that were checked already.
        """
        if self.read_only:
            raise WorkspaceError(f"`{self.name}` was opened to be read only, so nothing can be recorded")
        with self._writing:
            if not references:
                self.store.references(connection, False)
            try:
                with _for(connection, WRITE):
                    yield from self._kept(connection)
            finally:
                if not references and not connection.invalidated:
                    self.store.references(connection, True)

    def _kept(self, connection: Connection) -> Iterator[None]:
        """One transaction, committed at the end; an error of the commit itself says nothing about what became of it."""
        keeping = False
        try:
            with connection.begin() as transaction:
                yield
                if not transaction.is_active:
                    raise WorkspaceError(f"what was to be kept in `{self.name}` was taken back before; try again")
                self.store.before_commit(connection)
                keeping = True
        except Exception as error:
            if not (keeping and self.store.committed(connection, error)):
                raise

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """Give a bare connection for work outside of any transaction, while no other thread of this process writes."""
        with self.connect() as connection, self._writing:
            yield connection

    def check(self) -> list[str]:
        """Return what the store finds wrong with itself, nothing if it is sound; reads every page."""
        with self.connect() as connection, connection.begin():
            return self.store.check(connection)

    def close(self) -> None:
        """Let go of the store; a connection in use closes when it is given back."""
        self._engine.dispose()


def _give_up_lost(connection: Connection) -> None:
    """Not give a connection back to the others that its server ended."""
    if not connection.invalidated and getattr(connection.connection.driver_connection, "closed", False):
        connection.invalidate()


@contextmanager
def _for(connection: Connection, purpose: str) -> Iterator[None]:
    """Say what the next transaction of a connection is for."""
    connection.execution_options(**{PURPOSE: purpose})
    try:
        yield
    finally:
        connection.execution_options(**{PURPOSE: None})


def open_database(
    where: Path | str,
    *,
    create: bool = False,
    read_only: bool = False,
    extra: Sequence[Extra] = (),
    keyring: Keyring | None = None,
    keys: Source | None = None,
) -> Database:
    """Open the database of a workspace, bring its tables to this version, and let `extra` make or check theirs.

    `where` is the path of a SQLite file, or a `postgresql://` URL, which may share its database with others: all that
    is ours is in the schema `bailee`. With `create`, what is missing is made, all or nothing. Without a keyring, that
    of `keys`, or of the folder `keys` beside a file, is taken, and made where nothing was sealed yet. Raises
    WorkspaceError for one that is missing, no database or not ours, damaged, from a newer Bailee, not writable, not
    reached, or locked by another process for over a minute.
    """
    store = _store(where)
    store.look(create=create, read_only=read_only)
    engine = store.engine(create=create, read_only=read_only)
    database = Database(store, engine, read_only=read_only, keyring=keyring)
    try:
        revision = opening.revision(database)
        if revision is not None:
            store.opened()
        if revision is None and create:
            database.keyring = keyring or opening.keyring(database, revision, keys)
            opening.create(database, extra)
            store.opened()
        elif revision == schema.REVISION:
            database.keyring = keyring or opening.keyring(database, revision, keys)
            with database.connect() as connection, connection.begin():
                opening.run(extra, connection)
        else:
            opening.upgrade(database, revision, extra, keys)
    except BaseException:
        database.close()
        raise
    return database


def replace_shared(where: str, aside: str, extra: Sequence[Extra], keyring: Keyring) -> None:
    """Make a PostgreSQL store anew with what `extra` puts in it, all or nothing; what was there goes to schema `aside`.

    Raises WorkspaceError where another process has the store open: what it recorded then would be lost.
    """
    store = PostgreSQL(where)
    database = Database(store, store.engine(create=True, read_only=False), read_only=False, keyring=keyring)
    try:
        with database.write() as connection:
            others = store.others(connection)
            if others:
                raise WorkspaceError(
                    f"{others} other connections of Bailee's use `{store.name}`; end them and try again"
                )
            if store.tables(connection):
                store.set_aside(connection, aside)
            opening.fill(database, connection, extra)
    finally:
        database.close()


def occupied(where: Path | str) -> str | None:
    """What errors call a database that has tables where Bailee's would be; None for one that is free."""
    store = _store(where)
    engine = store.engine(create=False, read_only=True)
    try:
        with faults.translated(store.name), engine.connect() as connection, connection.begin():
            return store.name if store.tables(connection) else None
    finally:
        engine.dispose()


def _store(where: Path | str) -> Store:
    return PostgreSQL(where) if isinstance(where, str) and is_url(where) else SQLite(Path(where))
