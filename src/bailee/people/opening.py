"""What opening a database does before anybody uses it: its tables made, brought to this version, or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bailee.errors import WorkspaceError
from bailee.people import faults, key_sources, schema
from bailee.people.key_sources import Source
from bailee.people.keyring import Keyring

if TYPE_CHECKING:
    from bailee.people.database import Database

#: The table that alembic would make.
_VERSION = (
    "CREATE TABLE alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)

#: Makes or checks the tables that another room keeps in this database.
Extra = Callable[[Connection], None]


def revision(database: Database) -> str | None:
    """Return the stored revision, or None where the database has no tables at all."""
    with database.connect() as connection, connection.begin():
        tables = database.store.tables(connection)
        if not tables:
            return None
        found = "alembic_version" in tables and connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        revision = found.scalar() if found else None
    if not isinstance(revision, str):
        raise WorkspaceError(f"`{database.name}` is a database, but not one of Bailee's; name another file")
    return revision


def keyring(database: Database, revision: str | None, keys: Source | None) -> Keyring | None:
    """The keyring of a source; its file is made where nothing can have been sealed by another yet."""
    if keys is None:
        if database.store.path is None:
            return None
        keys = Source(database.path.parent / "keys")
    if keys.encryption != key_sources.FILE or keys.previous:
        return key_sources.open_keyring(keys.folder, keys.encryption, previous=keys.previous, make=True)
    with faults.translated(keys.folder):
        made = keys.path.exists()
    if not made and database.read_only:
        return None
    if not made and revision == schema.REVISION:
        with database.connect() as connection, connection.begin():
            made = connection.exec_driver_sql("SELECT 1 FROM customer_keys LIMIT 1").first() is not None
    return key_sources.open_keyring(keys.folder, make=not made)


def create(database: Database, extra: Sequence[Extra]) -> None:
    """Make the tables, unless another process made them in the meantime."""
    with database.write() as connection:
        if database.store.tables(connection):
            return  # another process made it in the meantime
        database.made = True
        fill(database, connection, extra)


def fill(database: Database, connection: Connection, extra: Sequence[Extra]) -> None:
    """Put every table, and what `extra` adds, into a place that has none."""
    database.store.prepare(connection)
    schema.metadata.create_all(connection)
    connection.exec_driver_sql(_VERSION)
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (schema.REVISION,))
    connection.exec_driver_sql(schema.START)
    run(extra, connection)


def upgrade(database: Database, revision: str | None, extra: Sequence[Extra], keys: Source | None) -> None:
    """Bring the tables of an older Bailee to this version, or say why there is nothing to bring."""
    from bailee.people import migrations

    if revision is None:
        raise WorkspaceError(f"`{database.name}` is empty; make a workspace with `bailee init`")
    if revision not in migrations.known():
        raise WorkspaceError(
            f"`{database.name}` has version `{revision}`, which is newer than this Bailee knows "
            f"(`{schema.REVISION}`); install a newer Bailee"
        )
    if database.read_only:
        raise WorkspaceError(
            f"`{database.name}` is from an older Bailee; open it once for writing to bring it up to date"
        )
    database.keyring = database.keyring or keyring(database, revision, keys)
    # A table that others refer to can only be written anew where nobody looks that up.
    with database.connect() as connection, database.writing(connection, references=False):
        migrations.upgrade(connection)
        run(extra, connection)


def run(extra: Sequence[Extra], connection: Connection) -> None:
    """Let other rooms make or check their tables."""
    for each in extra:
        each(connection)
