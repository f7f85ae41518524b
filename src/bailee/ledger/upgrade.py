"""Brings the tables of version 1, which kept nodes in a table of their own and records in the clear, to version 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from bailee.errors import WorkspaceError
from bailee.ledger import leaves, tree
from bailee.ledger.records import commitment
from bailee.ledger.values import Numbers, Safe

_READ = 4096
_ADD_LEAF = "INSERT INTO ledger_leaves (position, leaf, hashes) VALUES (?, ?, ?)"
_ADD_RECORD = "INSERT INTO ledger_records (position, sealed) VALUES (?, ?)"
_ADD_SUBJECT = "INSERT INTO ledger_subjects (customer, position) VALUES (?, ?)"


def upgrade(connection: Connection, safe: Safe, numbers: Numbers) -> None:
    """Pack hashes and seal records in the caller's transaction, after holding the stored hashes against the leaves.

    Raises WorkspaceError, and changes nothing, where leaves, hashes, nodes and head disagree.
    """
    from bailee.ledger.tables import VERSION, metadata

    for table in ("leaves", "records"):
        connection.exec_driver_sql(f"ALTER TABLE ledger_{table} RENAME TO ledger_{table}_1")
    metadata.create_all(connection)
    _leaves(connection)
    _records(connection, safe, numbers)
    for old in ("ledger_leaves_1", "ledger_nodes", "ledger_records_1"):
        connection.exec_driver_sql(f"DROP TABLE {old}")
    connection.exec_driver_sql("UPDATE ledger_head SET version = ? WHERE id = 1", (VERSION,))


def _leaves(connection: Connection) -> None:
    builder = tree.Builder()
    for rows in _chunks(connection, "SELECT position, leaf, hash FROM ledger_leaves_1"):
        start = builder.size
        ended = builder.extend(tree.leaf_hash(leaf) for _, leaf, _ in rows)
        if [row[0] for row in rows] != list(range(start, builder.size)) or any(
            row[2] != hashes[: tree.HASH_BYTES] for row, hashes in zip(rows, ended, strict=True)
        ):
            raise _damaged(start, builder.size)
        if _nodes(connection, start, builder.size) != _above(start, ended):
            raise _damaged(start, builder.size)
        connection.exec_driver_sql(
            _ADD_LEAF, [(row[0], row[1], hashes) for row, hashes in zip(rows, ended, strict=True)]
        )
    size, edge = connection.exec_driver_sql("SELECT size, edge FROM ledger_head WHERE id = 1").one()
    nodes = connection.exec_driver_sql("SELECT count(*) FROM ledger_nodes").scalar_one()
    if (size, edge, nodes) != (builder.size, builder.edge, size - size.bit_count()):
        raise _damaged(0, size)


def _above(start: int, ended: Sequence[bytes]) -> dict[tree.Node, bytes]:
    """The nodes above the leaves that some entries end."""
    size = tree.HASH_BYTES
    return {
        (level, position >> level): hashes[level * size : (level + 1) * size]
        for position, hashes in enumerate(ended, start)
        for level in range(1, len(hashes) // size)
    }


def _nodes(connection: Connection, start: int, stop: int) -> dict[tree.Node, bytes]:
    """The stored nodes that the entries from `start` up to `stop` end."""
    found: dict[tree.Node, bytes] = {}
    within = "SELECT position, hash FROM ledger_nodes WHERE level = ? AND position >= ? AND position < ?"
    for level in range(1, stop.bit_length()):
        rows = connection.exec_driver_sql(within, (level, start >> level, stop >> level))
        found |= {(level, position): known for position, known in rows}
    return found


def _records(connection: Connection, safe: Safe, numbers: Numbers) -> None:
    statement = """SELECT kept.position, random, record, leaf FROM ledger_records_1 AS kept
        LEFT JOIN ledger_leaves AS shown ON shown.position = kept.position"""
    for rows in _chunks(connection, statement, "kept.position"):
        opened = [(position, *_opened(position, *row)) for position, *row in rows]
        known = numbers(sorted({key for *_, keys in opened for key in keys}))
        for position, committed, plain, keys in opened:
            about = sorted({known[key] for key in keys if key in known})
            sealed = safe.seal(connection, about, plain, committed)
            connection.exec_driver_sql(_ADD_RECORD, (position, sealed))
            for number in about:
                connection.exec_driver_sql(_ADD_SUBJECT, (number, position))


def _opened(position: int, random: bytes, record: bytes, leaf: bytes | None) -> tuple[bytes, bytes, list[str]]:
    """The commitment of a leaf, what it commits to, and the keys of the customers that this is about."""
    shown = leaves.read(leaf) if leaf is not None else {}
    committed = commitment(random, record)
    if shown.get("commitment") != committed.hex():
        raise _damaged(position, position + 1)
    return committed, random + record, _named(shown, leaves.read(record))


def _named(shown: dict[str, object], record: dict[str, Any]) -> list[str]:
    if shown["kind"] not in ("use", "choice", "customer"):
        return []
    one, several = record.get("customer"), record.get("customers")
    return [*([one] if isinstance(one, str) else []), *(several if isinstance(several, list) else [])]


def _chunks(connection: Connection, statement: str, position: str = "position") -> Iterator[Sequence[Any]]:
    last = -1
    where = f"{statement} WHERE {position} > ? ORDER BY {position} LIMIT ?"
    while rows := connection.exec_driver_sql(where, (last, _READ)).all():
        yield rows
        last = rows[-1][0]


def _damaged(start: int, stop: int) -> WorkspaceError:
    return WorkspaceError(
        f"the ledger is of an older version, and among the entries `{start}` to `{max(stop - 1, 0)}` it does not hold "
        "what was recorded, so it was left as it is; restore a backup"
    )
