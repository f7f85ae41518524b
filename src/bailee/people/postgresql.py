"""The store of several servers: a schema of its own in a PostgreSQL database.

Writers take one lock for the whole store first, so a later commit never has an earlier sequence; the lock goes with the
transaction. Each writer notes in `commits` which of its transactions was the last: the note is committed with the rest,
so after a connection was lost in the middle of a commit it tells whether that was kept. (`pg_xact_status` would not do:
after a crash PostgreSQL gives the number of a transaction that it lost to another one.)
"""

from __future__ import annotations

import secrets
import select
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from bailee.errors import Uncertain, WorkspaceError
from bailee.people import store
from bailee.people.driver import marked
from bailee.people.store import PURPOSE, READ, SNAPSHOT, WRITE

SCHEMA = "bailee"
_EXPECTED = "`postgresql://user@host:5432/database`"
_PREFIXES = ("postgresql://", "postgresql+psycopg://", "postgres://")

#: Connections of one process: those that it keeps, and those that it may have at once.
_KEPT, _MOST = 8, 32

#: A connection that nobody used for so many seconds is asked whether its server is still there.
_REST = 5.0
_SINCE = "bailee_rested_since"

#: The lock of all writers of one store, which PostgreSQL keeps apart by database.
_LOCK = int.from_bytes(b"bailee 1", "big")

_BEGIN = {
    READ: f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SNAPSHOT}",
    # Every statement sees what was committed before it, and while the lock is held nobody else commits: a snapshot of
    # the whole transaction would be from before the lock.
    WRITE: f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({_LOCK})",
    None: "BEGIN ISOLATION LEVEL REPEATABLE READ",
}

_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bailee' "
    "AND pid <> pg_backend_pid()"
)
_COMMITS = "CREATE TABLE commits (writer BYTEA PRIMARY KEY, number BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL)"
_NOTE = (
    "INSERT INTO commits (writer, number, at) VALUES ('\\x{}', {:d}, now()) "
    "ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at"
)
_FORGET = "DELETE FROM commits WHERE at < now() - interval '1 day'"
_NOTED = "SELECT number FROM commits WHERE writer = %s"
#: A server may not know yet that its client is gone, and go on waiting for it.
_END = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = %s"

#: A writer whose machine is gone is noticed, so that the others need not wait for it for hours.
_SESSION = (
    f"SET search_path = {SCHEMA}, pg_temp",
    "SET TimeZone = 'UTC'",
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    "SET idle_in_transaction_session_timeout = '10min'",
)

#: What was acknowledged is on the disk, however the server is set; a stricter way of it stays.
_DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"

#: After a connection was lost, PostgreSQL may take so long to come back.
RESOLVE_SECONDS = 30.0
_PAUSE = 0.2

#: What a server ends a connection with, perhaps after it has committed.
_ENDED = ("57P01", "57P02", "57P03", "57P05", "08")


def is_url(where: str) -> bool:
    """Whether a text names a PostgreSQL database."""
    return where.startswith(_PREFIXES)


def check(url: str) -> str:
    """Return a URL that names a PostgreSQL database; WorkspaceError, which does not show it, for any other text."""
    if not is_url(url):
        raise WorkspaceError(f"the store is no PostgreSQL database, expected {_EXPECTED} or `env:NAME`")
    try:
        named = make_url(url).database
    except (ArgumentError, ValueError):
        raise WorkspaceError(f"the store's URL cannot be read, expected {_EXPECTED}") from None
    if not named:
        raise WorkspaceError(f"the store's URL names no database, expected {_EXPECTED}")
    return url


class PostgreSQL:
    """A PostgreSQL database; see `Store`. WorkspaceError for a URL that is none."""

    path: Path | None = None

    def __init__(self, url: str) -> None:
        self._url = make_url(check(url)).set(drivername="postgresql+psycopg")
        self.name, self.where = _shown(self._url), url
        # Who writes here, and how often it did: `Database` lets it write one transaction at a time.
        self._writer, self._number = secrets.token_hex(16), 0
        self._backend = 0
        self._noting = False

    def look(self, *, create: bool, read_only: bool) -> None:
        """There is nothing to see before the server answers."""

    def engine(self, *, create: bool, read_only: bool) -> Engine:
        try:
            engine = create_engine(
                _patient(self._url),
                pool_size=_KEPT,
                max_overflow=_MOST - _KEPT,
                pool_timeout=store.WAIT_SECONDS,
                hide_parameters=True,
            )
        except ModuleNotFoundError:
            raise WorkspaceError(
                f"`{self.name}` is a PostgreSQL database, which needs psycopg; "
                "install it: pip install 'bailee[postgres]'"
            ) from None
        self._engine = engine
        event.listen(engine, "connect", _settle)
        event.listen(engine, "checkin", _rested)
        event.listen(engine, "checkout", _must_be_alive)
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "before_cursor_execute", _mark, retval=True)
        return engine

    def tables(self, connection: Connection) -> set[str]:
        found = connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = ?", (SCHEMA,))
        return set(found.scalars())

    def prepare(self, connection: Connection) -> None:
        # Not `IF NOT EXISTS`, which needs the right to make one also where there is one.
        there = connection.exec_driver_sql("SELECT 1 FROM pg_namespace WHERE nspname = ?", (SCHEMA,)).first()
        if there is None:
            connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
        connection.exec_driver_sql(_COMMITS)

    def others(self, connection: Connection) -> int:
        """How many other connections of Bailee's there are to the database."""
        return int(connection.exec_driver_sql(_OTHERS).scalar_one())

    def set_aside(self, connection: Connection, name: str) -> None:
        """Give the place of the tables another name, in the caller's transaction."""
        connection.exec_driver_sql(f"ALTER SCHEMA {SCHEMA} RENAME TO {name}")

    def opened(self) -> None:
        self._noting = True

    def references(self, connection: Connection, check: bool) -> None:
        """PostgreSQL always looks them up: not to would take a superuser."""

    def before_commit(self, connection: Connection) -> None:
        from psycopg.pq import TransactionStatus

        raw: Any = connection.connection.driver_connection
        if raw.info.transaction_status == TransactionStatus.INERROR:
            raise WorkspaceError(f"a statement failed in `{self.name}` before this, so nothing was recorded; try again")

    def committed(self, connection: Connection, error: Exception) -> bool:
        cause = getattr(error, "orig", error)
        state = getattr(cause, "sqlstate", None) or ""
        if state and not state.startswith(_ENDED):
            return False  # the server answered that it took all back
        give_up = time.monotonic() + RESOLVE_SECONDS
        while time.monotonic() < give_up:
            with suppress(Exception):
                return self._noted() == self._number
            time.sleep(_PAUSE)
        raise Uncertain(
            f"whether it was recorded is not known yet: the connection to `{self.name}` was lost while it was being "
            "kept, and the server cannot be asked; once it answers again, look before you repeat"
        ) from error

    def _noted(self) -> int | None:
        """The number of this writer's last transaction that was kept, once none can still be on its way."""
        raw = self._engine.raw_connection()
        try:
            cursor: Any = raw.cursor()
            cursor.execute(_END, (self._backend,))
            cursor.execute(_BEGIN[WRITE])  # with its lock, so whoever was in the middle of a commit is done
            found = cursor.execute(_NOTED, (bytes.fromhex(self._writer),)).fetchone()
            return None if found is None else int(found[0])
        finally:
            raw.close()

    def check(self, connection: Connection) -> list[str]:
        # PostgreSQL keeps references itself, and checks a page whenever it reads one: so all are read.
        for table in sorted(self.tables(connection)):
            connection.exec_driver_sql(f'SELECT count(t) FROM "{table}" AS t').scalar_one()
        return []

    def _begin(self, connection: Connection) -> None:
        purpose = connection.get_execution_options().get(PURPOSE)
        raw: Any = connection.connection.driver_connection
        said = [_BEGIN[purpose]]
        if purpose == WRITE and self._noting:
            if not self._number:
                said.append(_FORGET)
            self._number += 1
            said.append(_NOTE.format(self._writer, self._number))
            self._backend = raw.info.backend_pid
        cursor: Any = raw.cursor()
        try:
            cursor.execute("; ".join(said))  # one message to the server
        finally:
            cursor.close()


def _shown(url: URL) -> str:
    """The URL as it may be shown: without a password, and without what else it asks for but a socket's folder."""
    query = {"host": url.query["host"]} if "host" in url.query else {}
    shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return shown.render_as_string().replace("%2F", "/")


def _patient(url: URL) -> URL:
    """The URL with a limit on how long a server may say nothing, unless it has one."""
    wanted = {
        "connect_timeout": str(int(store.WAIT_SECONDS)),
        "keepalives_idle": "30",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "30000",
        "application_name": "bailee",
    }
    return url.update_query_dict({name: value for name, value in wanted.items() if name not in url.query})


def _settle(raw: Any, _record: object) -> None:
    """Make a new connection ours; transactions begin as each asks, not by the driver."""
    raw.autocommit = True
    wait = f"SET lock_timeout = '{store.WRITE_SECONDS:g}s'"
    raw.execute("; ".join([wait, *_SESSION, _DURABLE]))


def _rested(_raw: object, record: Any) -> None:
    record.info[_SINCE] = time.monotonic()


def _must_be_alive(raw: Any, record: Any, _proxy: object) -> None:
    """Have another connection opened instead of one whose server is gone: a server that was restarted is no error.

    A server that ends a connection says so on it, which costs nothing to see; only after a rest is it asked, since what
    lies between may have forgotten the connection without a word.
    """
    since = record.info.get(_SINCE)
    if since is None or (time.monotonic() - since < _REST and not raw.closed and not _spoke(raw)):
        return
    try:
        raw.execute("SELECT 1")
    except Exception as error:
        raise DisconnectionError from error


def _spoke(raw: Any) -> bool:
    """Whether a server has something to say that it was not asked for."""
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _mark(
    _connection: Connection, _cursor: object, statement: str, parameters: Any, context: Any, _many: bool
) -> tuple[str, Any]:
    """Put the driver's marks into a statement that was written for both databases; SQLAlchemy's own have them."""
    if getattr(context, "compiled", None) is None:
        statement = marked(statement) if parameters else statement.replace("%", "%%")
    return statement, parameters
