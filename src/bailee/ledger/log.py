"""The log: entries appended in the caller's own transaction, read back, opened and proved.

Every function takes a `sqlalchemy.Connection` and keeps nothing itself, so any thread may use any connection.
The caller begins and commits: a fact and its entry are one transaction. Two writers cannot take one position, which
is a primary key; the loser gets RecordError. A write that fails takes the whole transaction back at once, so
that nobody can commit a part of it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from bailee.errors import NotVerified, RecordError
from bailee.ledger import leaves, tree
from bailee.ledger.canonical import canonical
from bailee.ledger.recheck import verify_log
from bailee.ledger.tables import create, metadata
from bailee.ledger.tables import leaves as leaf_table
from bailee.ledger.tables import records as record_table
from bailee.ledger.values import Consistency, Draft, Entry, Head, Inclusion, Receipt

__all__ = [
    "Consistency",
    "Draft",
    "Entry",
    "Head",
    "Inclusion",
    "Receipt",
    "append",
    "append_many",
    "create",
    "entries",
    "head",
    "leaf",
    "metadata",
    "prove_consistency",
    "prove_inclusion",
    "record",
    "verify_log",
]

RANDOM_BYTES = 32
_READ = 1024

# The driver's own statements: SQLAlchemy's row-by-row binding would halve the rate of a group commit.
_GET_HEAD = "SELECT size, edge FROM ledger_head WHERE id = 1"
_SET_HEAD = "UPDATE ledger_head SET size = ?, edge = ? WHERE id = 1 AND size = ?"
_ADD_LEAF = "INSERT INTO ledger_leaves (position, leaf, hash) VALUES (?, ?, ?)"
_ADD_NODE = "INSERT INTO ledger_nodes (level, position, hash) VALUES (?, ?, ?)"
_ADD_RECORD = "INSERT INTO ledger_records (position, random, record) VALUES (?, ?, ?)"


def append(
    connection: Connection,
    kind: str,
    public: Mapping[str, object],
    private: Mapping[str, object] | None,
    at: datetime,
    random: bytes,
) -> Receipt:
    """Append one entry in the caller's transaction; RecordError if it cannot be, and then nothing was written."""
    return append_many(connection, [Draft(kind, public, private, at, random)])[0]


def append_many(connection: Connection, drafts: Iterable[Draft]) -> list[Receipt]:
    """Append entries in order in the caller's transaction; RecordError if one cannot be, and then none was written."""
    built = [_build(draft) for draft in drafts]
    if not built:
        return []
    try:
        builder = _builder(connection)
        start = builder.size
        hashes = [tree.leaf_hash(found) for found, _, _ in built]
        nodes = builder.extend(hashes)
        _write(
            connection, _ADD_LEAF, [(start + i, b[0], h) for i, (b, h) in enumerate(zip(built, hashes, strict=True))]
        )
        _write(connection, _ADD_NODE, nodes)
        _write(connection, _ADD_RECORD, [(start + i, b[1], b[2]) for i, b in enumerate(built) if b[2] is not None])
        moved = connection.exec_driver_sql(_SET_HEAD, (builder.size, builder.edge, start)).rowcount
    except DBAPIError as error:
        connection.rollback()
        raise RecordError(_why(error)) from error
    if moved != 1:
        connection.rollback()
        raise RecordError("another writer moved the ledger's head; nothing was recorded, try again")
    return [Receipt(start + i, found, builder.size) for i, found in enumerate(hashes)]


def head(connection: Connection) -> Head:
    """Return the size of the log and the root over it."""
    builder = _builder(connection)
    return Head(builder.size, builder.root)


def entries(connection: Connection, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
    """Give the entries from `start` up to `stop` in order, a thousand in memory at a time."""
    while stop is None or start < stop:
        until = start + _READ if stop is None else min(stop, start + _READ)
        where = (leaf_table.c.position >= start) & (leaf_table.c.position < until)
        found = connection.execute(select(leaf_table).where(where).order_by(leaf_table.c.position)).all()
        yield from (Entry(*row) for row in found)
        if len(found) < until - start:
            return
        start = until


def leaf(connection: Connection, position: int) -> bytes:
    """Return the bytes of the leaf at `position`; NotVerified where there is none."""
    found = connection.execute(select(leaf_table.c.leaf).where(leaf_table.c.position == position)).scalar()
    if found is None:
        raise NotVerified(_absent(connection, position))
    return bytes(found)


def record(connection: Connection, position: int) -> dict[str, object] | None:
    """Return the private record of an entry, or None where there is none (any more).

    Raises NotVerified where it is not the record that the leaf committed to.
    """
    shown = leaves.read(leaf(connection, position))
    found = connection.execute(select(record_table).where(record_table.c.position == position)).first()
    if found is None:
        return None
    if shown.get("commitment") != commitment(found.random, found.record):
        raise NotVerified(f"the private record of entry `{position}` is not the one its leaf committed to")
    return leaves.read(found.record)


def commitment(random: bytes, record: bytes) -> str:
    """Return what a leaf shows of its record: HMAC-SHA256 of the record's bytes under the entry's random, in hex."""
    return hmac.digest(random, record, "sha256").hex()


def prove_inclusion(connection: Connection, position: int, size: int | None = None) -> Inclusion:
    """Return the proof that entry `position` is in the log as it was at `size` entries (now, unless given)."""
    now = _builder(connection).size
    size = now if size is None else size
    if not 0 <= position < size <= now:
        raise NotVerified(f"there is no entry `{position}` in the first {size} entries; the ledger has {now}")
    return Inclusion(position, size, tree.inclusion(position, size, lambda wanted: _nodes(connection, wanted)))


def prove_consistency(connection: Connection, old_size: int, new_size: int | None = None) -> Consistency:
    """Return the proof that the log at `new_size` entries (now, unless given) begins with that at `old_size`."""
    now = _builder(connection).size
    new_size = now if new_size is None else new_size
    if not 0 <= old_size <= new_size <= now:
        raise NotVerified(f"`{old_size}` to `{new_size}` entries is not a growth of this ledger, which has {now}")
    return Consistency(
        old_size, new_size, tree.consistency(old_size, new_size, lambda wanted: _nodes(connection, wanted))
    )


def _build(draft: Draft) -> tuple[bytes, bytes, bytes | None]:
    """Return the leaf, the random and the record (or None) of a draft."""
    kind, public, private, at, random = draft
    if private is None:
        return leaves.build(kind, public, at), b"", None
    if len(random) != RANDOM_BYTES:
        raise RecordError(f"a `{kind}` entry with a private record needs {RANDOM_BYTES} random bytes")
    kept = canonical(private)
    return leaves.build(kind, public, at, commitment(random, kept)), random, kept


def _builder(connection: Connection) -> tree.Builder:
    """Return the tree as the head left it."""
    found = connection.exec_driver_sql(_GET_HEAD).first()
    try:
        return tree.Builder(found[0], found[1]) if found else tree.Builder(0, b"none")
    except ValueError as error:
        raise RecordError("the ledger's head is missing or damaged; restore a backup") from error


def _write(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(statement, rows if len(rows) > 1 else rows[0])


def _nodes(connection: Connection, wanted: Sequence[tree.Node]) -> dict[tree.Node, bytes]:
    """Look up stored nodes; the hashes of leaves are beside the leaves."""
    low = [position for level, position in wanted if level == 0]
    high = [part for node in wanted if node[0] for part in node]
    # CROSS JOIN keeps SQLite's order: each wanted node by its key. `(level, position) IN` would read the table.
    statement = f"""WITH wanted (level, position) AS (VALUES (-1, -1){",(?,?)" * (len(high) // 2)})
        SELECT level, position, hash FROM wanted CROSS JOIN ledger_nodes USING (level, position)
        UNION ALL SELECT 0, position, hash FROM ledger_leaves WHERE position IN ({",".join("?" * len(low))})"""
    rows = connection.exec_driver_sql(statement, (*high, *low)).all()
    found = {(level, position): digest for level, position, digest in rows}
    for level, position in wanted:
        if (level, position) not in found:
            raise NotVerified(f"the ledger lost its node over the entries from `{position << level}`; restore a backup")
    return found


def _absent(connection: Connection, position: int) -> str:
    return f"there is no entry `{position}`; the ledger has {_builder(connection).size}"


def _why(error: DBAPIError) -> str:
    cause = getattr(error.orig, "sqlite_errorname", type(error.orig).__name__)
    return f"the ledger could not be written ({cause}); nothing was recorded, so nothing was released"
