"""Getting rid of the bytes that deleted rows leave in SQLite's log and free pages, or in PostgreSQL's pages."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from bailee.people import driver, pg_log, store
from bailee.people.database import Database

#: The tables that an erasure deletes from.
TOUCHED = (
    "choices",
    "notices_given",
    "contracts",
    "restrictions",
    "grounds",
    "holds",
    "contacts",
    "guardians",
    "standing",
    "standing_past",
    "sessions",
    "links",
    "customer_keys",
    "customers",
    "import_rows",
    "import_skipped",
    "imports",
    "ledger_records",
    "ledger_subjects",
)
_BEYOND_POSTGRESQL = (
    "archived write-ahead log and replicas of the PostgreSQL server keep what they copied: they end by its own rules"
)
_READER = (
    "a reader keeps an old state, so the database's log still holds bytes of the erased: end that process and run "
    "`bailee people clean`"
)
_BEYOND = "backups from before an erasure keep what they hold; `bailee restore` erases it again"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was done: whether the log was overwritten, and the tables written anew; `beyond` is out of reach.

    `undone` says why the log was not.
    """

    log: bool
    anew: bool
    beyond: tuple[str, ...]
    undone: str | None = None


def clean(database: Database, *, anew: bool = True) -> Cleaned:
    """Overwrite what deleted rows left; with `anew`, write the database's pages anew, which takes as long as a copy.

    Where readers keep an old snapshot for over 10 s, SQLite's log stays; PostgreSQL's does where the role may not
    overwrite it, or the server needs it. WorkspaceError as the database does.
    """
    with database.alone() as connection:
        if connection.dialect.name == "sqlite":
            return _sqlite(connection, anew=anew)
        return _postgresql(connection, anew=anew)


def _sqlite(connection: Connection, *, anew: bool) -> Cleaned:
    if anew:
        driver.outside(connection, "VACUUM")
    emptied = _emptied(connection)
    return Cleaned(emptied, anew, (_BEYOND,), None if emptied else _READER)


def _emptied(connection: Connection) -> bool:
    """Move the log into the file and cut it to nothing; readers are waited for, but not as long as another writer."""
    driver.outside(connection, f"PRAGMA busy_timeout = {store.WAIT_SECONDS * 1000:.0f}")
    try:
        busy, _, _ = driver.rows(connection, "PRAGMA wal_checkpoint(TRUNCATE)")[0]
    finally:
        driver.outside(connection, f"PRAGMA busy_timeout = {store.WRITE_SECONDS * 1000:.0f}")
    return not busy


def _postgresql(connection: Connection, *, anew: bool) -> Cleaned:
    if anew:
        for table in TOUCHED:
            # What is known of a column's values, to plan by, quotes some of them.
            driver.outside(connection, f"VACUUM (FULL, ANALYZE) {table}")
        driver.outside(connection, "VACUUM FULL pg_catalog.pg_statistic")
    undone = pg_log.overwrite(connection)
    return Cleaned(undone is None, anew, (_BEYOND_POSTGRESQL, _BEYOND), undone)
