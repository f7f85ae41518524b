"""One connection to the company's database, as the keeper: settled once, and never used after anything was odd."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from bailee.engines import Limits
from bailee.engines.postgres import faults
from bailee.engines.postgres.faults import Wrong
from bailee.engines.postgres.types import SELECT_TYPES, Known
from bailee.errors import EngineUnavailable

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGconn

_PREFIXES = {"postgresql://": "", "postgres://": "", "postgresql+psycopg://": "postgresql://"}
_EXPECTED = "expected `postgresql://user@host:5432/database`"
_OLDEST = 140_000

#: Functions, operators and types are PostgreSQL's own and nobody else's; temporary names are found last, and by
#: PostgreSQL's rule never supply a function. A row-level policy of the company's fails a question and hides nothing.
_SESSION = """
SET search_path = pg_catalog, pg_temp; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex';
SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; SET standard_conforming_strings = on; SET array_nulls = on;
SET transform_null_equals = off; SET row_security = off; SET client_min_messages = warning; SET statement_timeout = 0;
SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s';
SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;
"""

#: A server that started anew may have lost the allow tables, or be another one.
_IDENTITY = (
    "SELECT pg_postmaster_start_time()::text || ' ' || oid::text FROM pg_database WHERE datname = current_database()"
)
_MAY_LIMIT_SPILL = "SELECT has_parameter_privilege(current_user, 'temp_file_limit', 'SET')"

_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "bailee engine",
}

#: How libpq says why it could not connect, in the order tried, and what we say.
_REFUSALS = (
    ("password authentication failed", "the server refuses the user or the password"),
    ("no password supplied", "the server wants a password, and the URL has none"),
    ("no pg_hba.conf entry", "the server's pg_hba.conf does not let this user in from here"),
    ("does not exist", "the server has no such database or user"),
    ("too many", "the server has no connection left"),
    ("starting up", "the server is starting; try again in a moment"),
    ("could not translate host name", "the host's name is not known"),
    ("refused", "nobody listens there; start the server, or correct host and port"),
    ("No such file", "there is no such socket; start the server, or correct the host"),
    ("timeout", "the server did not answer in time"),
    ("SSL", "the two sides cannot agree about encryption; see `sslmode` in the URL"),
)


class Link:
    """A connection of the keeper's; used by one thread at a time, except `cancel`."""

    def __init__(self, url: str, limits: Limits) -> None:
        self._conn = _connect(url)
        self._cancelled = False
        self._busy = False
        self._turn = threading.Lock()  # between the end of a question and who would cancel it
        self._types: dict[int, Known] = {}
        #: Functions of PostgreSQL's that were looked up and act on nothing; `pg_catalog` changes with the server only.
        self.calm: set[str] = set()
        try:
            self._settle(limits)
        except Wrong as wrong:
            self.close()
            raise faults.error(wrong) from None
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it can be used again."""
        return not self._conn.closed and not self._cancelled

    def cancelled(self) -> bool:
        """Whether somebody has cancelled what runs."""
        return self._cancelled

    @property
    def pgconn(self) -> PGconn:
        """libpq's connection."""
        return self._conn.pgconn

    @property
    def version(self) -> int:
        """The server's version, as in 180006."""
        return self._conn.info.server_version

    def run(self, sql: str, values: Sequence[object] | Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement of our own, or several without values, and return the rows of the last; raises `Wrong`."""
        if self._cancelled:
            raise Wrong("cancelled")
        with ours(), self._conn.cursor() as cursor:
            cursor.execute(sql.encode(), values)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def single(self, sql: str) -> None:
        """Run exactly one statement, in which nothing is a parameter: the server itself refuses a second one."""
        with ours(), self._conn.cursor() as cursor:
            cursor.execute(sql.encode(), binary=True)

    def load(self, into: str, lines: Iterator[str]) -> None:
        """Load rows in COPY's text format."""
        with ours(), self._conn.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN".encode()) as copy:
            for line in lines:
                copy.write(line)

    def types(self, oids: Sequence[int]) -> Mapping[int, Known]:
        """What the catalogue says of types, and of what arrays of them hold."""
        unknown = [oid for oid in oids if oid not in self._types]
        while unknown:
            found = {oid: Known(kind == "e", element if is_array else None) for oid, kind, element, is_array in
                     self.run(SELECT_TYPES, (unknown,))}  # fmt: skip
            self._types |= {oid: found.get(oid, Known(False, None)) for oid in unknown}
            elements = [known.element for known in found.values() if known.element is not None]
            unknown = [oid for oid in elements if oid not in self._types]
        return self._types

    @contextmanager
    def transaction(self, begin: str = "BEGIN") -> Iterator[None]:
        """All of the block's changes, or none."""
        self.run(begin)
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self.roll_back()
            raise

    def roll_back(self) -> None:
        """End the transaction; a connection that cannot is closed, which does the same."""
        try:
            self.run("ROLLBACK")
        except Wrong:
            self.close()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While the block runs, `cancel` stops it; a connection on which something was cancelled is done with."""
        with self._turn:
            self._busy = True
        try:
            yield
        except Wrong as wrong:
            if wrong.code == "stopped":
                raise Wrong("cancelled" if self._cancelled else "time") from None
            if self._cancelled and wrong.code == "lost":
                raise Wrong("cancelled") from None
            raise
        finally:
            with self._turn:
                self._busy = False
            if self._cancelled:
                self.close()

    def cancel(self) -> bool:
        """Stop what runs; whether anything did. Any thread may call it."""
        import psycopg

        with self._turn:
            if not self._busy:
                return False
            self._cancelled = True
            with suppress(psycopg.Error):
                self._conn.cancel_safe(timeout=5)
            return True

    def abandon(self) -> None:
        """Stop the server's work on what is no longer wanted, and close."""
        import psycopg

        with suppress(psycopg.Error):
            self._conn.cancel_safe(timeout=1)
        self.close()

    def close(self) -> None:
        """Close it; the server takes back what was not committed."""
        self._conn.close()

    def _settle(self, limits: Limits) -> None:
        self._refuse_unfit()
        self.run(_SESSION)
        self.run(f"SET work_mem = '{work_memory(limits) // 1024}kB'")
        if limits.threads is not None:
            self.run(f"SET max_parallel_workers_per_gather = {max(0, int(limits.threads) - 1)}")
        if self.version >= 150_000 and self.run(_MAY_LIMIT_SPILL) == [(True,)]:
            self.run(f"SET temp_file_limit = '{limits.spill_bytes // 1024}kB'")
        self.identity = str(self.run(_IDENTITY)[0][0])

    def _refuse_unfit(self) -> None:
        if self.version < _OLDEST:
            raise EngineUnavailable(
                f"the database is PostgreSQL {self.version // 10_000}, which is not supported; expected 14 or newer"
            )
        said = self._conn.info.parameter_status
        if said("server_encoding") != "UTF8":
            raise EngineUnavailable(
                f"the database's encoding is {said('server_encoding')}; expected UTF8, in which every key has its place"
            )
        if said("in_hot_standby") == "on":
            raise EngineUnavailable(
                "the database is a replica that only reads, which can hold no allow tables; name its primary, or a "
                "replica made by logical replication"
            )


def work_memory(limits: Limits) -> int:
    """Bytes for one sort or hash table: a question may have several in each of its processes."""
    return max(4 << 20, min(limits.memory_bytes // 32, 1 << 30))


def shown(url: str) -> str:
    """The URL as it may be shown: user, host and database, and nothing that opens them."""
    from psycopg.conninfo import conninfo_to_dict

    found = conninfo_to_dict(_plain(url))
    return f"{found.get('user', '')}@{found.get('host', '')}:{found.get('port', 5432)}/{found.get('dbname', '')}"


def _plain(url: str) -> str:
    for prefix, other in _PREFIXES.items():
        if url.startswith(prefix):
            return (other or prefix) + url.removeprefix(prefix)
    raise EngineUnavailable(f"the engine's URL names no PostgreSQL database, {_EXPECTED}")


def _connect(url: str) -> psycopg.Connection[Any]:
    plain = _plain(url)
    try:
        import pgparse  # noqa: F401  needed by the first question: said now
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ModuleNotFoundError:
        raise EngineUnavailable(
            "a PostgreSQL database needs psycopg and pgparse; install them: pip install 'bailee[postgres]'"
        ) from None
    try:
        wanted = _PATIENCE | {name: str(value) for name, value in conninfo_to_dict(plain).items()}
    except psycopg.Error:
        raise EngineUnavailable(f"the engine's URL cannot be read, {_EXPECTED}") from None
    try:
        return psycopg.connect(**(wanted | {"client_encoding": "UTF8"}), autocommit=True, prepare_threshold=None)  # type: ignore[arg-type]
    except psycopg.Error as error:
        why = next(
            (said for sign, said in _REFUSALS if sign in str(error)), "it does not answer as a PostgreSQL server"
        )
        raise EngineUnavailable(f"the database `{shown(url)}` cannot be opened: {why}") from None


@contextmanager
def ours() -> Iterator[None]:
    """Turn psycopg's errors into ours, which quote nothing."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise faults.of(error) from None
