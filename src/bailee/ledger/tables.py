"""The ledger's tables, kept in the same database as the facts that it records."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, MetaData, Table, inspect

from bailee.errors import WorkspaceError
from bailee.ledger.values import Numbers, Safe

#: Raised whenever the tables change shape.
VERSION = 2

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

#: What everybody may read: each entry's bytes, and the hashes of all complete nodes that it ends, one after another,
#: from its own (level 0) upward: node (l, p) is in the row of ((p + 1) << l) - 1, at 32 * l.
leaves = Table(
    "ledger_leaves",
    metadata,
    Column("position", _NUMBER, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
)
#: What leaves only commit to: the random that hides the private record, and the record, sealed. Rows may go.
records = Table(
    "ledger_records",
    metadata,
    Column("position", _NUMBER, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)
#: The customers whose keys, together, open a record; where there are none, the company's own does.
subjects = Table(
    "ledger_subjects",
    metadata,
    Column("customer", _NUMBER, primary_key=True, autoincrement=False),
    Column("position", _NUMBER, primary_key=True, autoincrement=False),
    Index(None, "position"),
    sqlite_with_rowid=False,
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


def create(connection: Connection, *, safe: Safe | None = None, numbers: Numbers | None = None) -> None:
    """Make the ledger's tables and its empty head where they are not there yet, or bring older ones to this version.

    Tables of version 1 need `safe`, which seals their records, and `numbers`, which gives customers' numbers by key.
    Raises WorkspaceError from a newer version, and from an older one that does not hold what it recorded.
    """
    if not inspect(connection).has_table(head.name):
        metadata.create_all(connection)
    version = connection.exec_driver_sql("SELECT version FROM ledger_head WHERE id = 1").scalar()
    if version is None:
        connection.exec_driver_sql(
            "INSERT INTO ledger_head (id, version, size, edge) VALUES (1, ?, 0, ?)", (VERSION, b"")
        )
    elif version > VERSION:
        raise WorkspaceError(
            f"the ledger has version {version} and this Bailee knows up to {VERSION}; install a newer one"
        )
    elif version < VERSION:
        from bailee.ledger.upgrade import upgrade

        if safe is None or numbers is None:
            raise WorkspaceError("the ledger is from an older Bailee; open its workspace once to bring it up to date")
        upgrade(connection, safe, numbers)
