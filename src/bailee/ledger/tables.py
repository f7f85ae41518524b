"""The ledger's tables, kept in the same database as the facts that it records."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, MetaData, Table, insert, inspect, select

from bailee.errors import WorkspaceError

#: Raised whenever the tables change shape.
VERSION = 1

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

#: What everybody may read: each entry's bytes and their leaf hash.
leaves = Table(
    "ledger_leaves",
    metadata,
    Column("position", _NUMBER, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
#: Every complete node above the leaves.
nodes = Table(
    "ledger_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", _NUMBER, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
#: What leaves only commit to: the private record and the random that hides it. Rows may go; leaves never do.
records = Table(
    "ledger_records",
    metadata,
    Column("position", _NUMBER, primary_key=True, autoincrement=False),
    Column("random", LargeBinary, nullable=False),
    Column("record", LargeBinary, nullable=False),
)
#: One row: the size and the complete nodes along the right edge, so that a writer needs to read nothing else.
head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("size", _NUMBER, nullable=False),
    Column("edge", LargeBinary, nullable=False),
)


def create(connection: Connection) -> None:
    """Make the ledger's tables and its empty head where they are not there yet; WorkspaceError from a newer version."""
    if not inspect(connection).has_table(head.name):
        metadata.create_all(connection)
    version = connection.execute(select(head.c.version).where(head.c.id == 1)).scalar()
    if version is None:
        connection.execute(insert(head).values(id=1, version=VERSION, size=0, edge=b""))
    elif version > VERSION:
        raise WorkspaceError(
            f"the ledger has version {version} and this Bailee knows up to {VERSION}; install a newer one"
        )
