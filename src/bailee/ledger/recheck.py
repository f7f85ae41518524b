"""The whole log checked from its leaves: every hash that is stored is worked out again and compared.

Reads the tables in plain SQL and counts with `verify`; shares no code with the writer.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bailee.errors import NotVerified
from bailee.ledger.values import Head
from bailee.ledger.verify import Recount

_READ = 4096
#: Told how many entries are checked and how many there are.
Progress = Callable[[int, int], None]


def verify_log(connection: Connection, progress: Progress | None = None, *, known: Head | None = None) -> Head:
    """Check every leaf, node and private record and the head of the log, in memory that does not grow; return the head.

    `known` is a head that somebody kept: the log must begin with it. Without one, a log that was rewritten whole,
    head and all, cannot be told from a true one. Raises NotVerified, naming the first entry that is wrong: flipped,
    dropped, moved, cut off or repeated. A private record that is gone is no fault, because records may be erased.
    """
    try:
        found = connection.exec_driver_sql("SELECT size, edge FROM ledger_head WHERE id = 1").first()
        if found is None:
            raise NotVerified("the ledger has no head; restore a backup")
        size, edge = found
        if known and known.size > size:
            raise NotVerified(f"entry `{size}` is missing: the known head counts {known.size} entries")
        recount = _recount(connection, size, progress, known)
        if recount.peaks != edge:
            raise NotVerified(f"the ledger's head is not what its {size} entries lead to; restore a backup")
        _check_records(connection)
    except DBAPIError as error:
        cause = getattr(error.orig, "sqlite_errorname", type(error.orig).__name__)
        raise NotVerified(f"the ledger's tables cannot be read ({cause}); restore a backup") from error
    return Head(size, recount.root())


def _recount(connection: Connection, size: int, progress: Progress | None, known: Head | None) -> Recount:
    recount, nodes = Recount(), _Nodes(connection)
    _compare_known(recount, known)
    for rows in _chunks(connection, "SELECT position, leaf, hash FROM ledger_leaves ORDER BY position"):
        for position, (at, leaf, _) in enumerate(rows, recount.size):
            _check_place(position, at, leaf, size)
        for (position, _, stored), ended in zip(rows, recount.add([row[1] for row in rows]), strict=False):
            if ended[0] != stored:
                raise NotVerified(f"entry `{position}` is not what was recorded: its leaf and its hash disagree")
            if len(ended) > 1:
                nodes.compare(position, ended)
            if known and known.size == recount.size:
                _compare_known(recount, known)
        if progress:
            progress(recount.size, size)
    if recount.size < size:
        raise NotVerified(f"entry `{recount.size}` is missing: the head counts {size} entries")
    nodes.compare_count()
    return recount


def _check_place(position: int, at: int, leaf: object, size: int) -> None:
    if at > position:
        raise NotVerified(f"entry `{position}` is missing: the next one is `{at}`")
    if at < position or position >= size:
        raise NotVerified(f"entry `{at}` is one too many: the head counts {size} entries")
    if not isinstance(leaf, bytes):
        raise NotVerified(f"entry `{position}` is not what was recorded: its leaf is not bytes")


def _compare_known(recount: Recount, known: Head | None) -> None:
    if known and known.size == recount.size and known.root != recount.root():
        raise NotVerified(f"one of the entries before `{known.size}` is not what the known head counted")


class _Nodes:
    """The stored nodes, read level by level beside the leaves; those above level 0 are stored, complete ones only."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._levels: dict[int, Iterator[tuple[int, bytes]]] = {}
        self._compared = 0

    def compare(self, position: int, ended: list[bytes]) -> None:
        """Compare the nodes that the entry at `position` ended with the next stored ones of their levels."""
        for level in range(1, len(ended)):
            if level not in self._levels:
                self._levels[level] = self._read(level)
            if next(self._levels[level], None) != (position >> level, ended[level]):
                first = (position >> level) << level
                raise NotVerified(f"one of the entries `{first}` to `{position}` is not what was recorded")
            self._compared += 1

    def compare_count(self) -> None:
        """Refuse stored nodes that no entry ended."""
        stored = self._connection.exec_driver_sql("SELECT count(*) FROM ledger_nodes").scalar_one()
        if stored != self._compared:
            raise NotVerified(f"the ledger stores {stored} nodes, expected {self._compared}; restore a backup")

    def _read(self, level: int) -> Iterator[tuple[int, bytes]]:
        statement = f"SELECT position, hash FROM ledger_nodes WHERE level = {level:d} ORDER BY position"
        for rows in _chunks(self._connection, statement):
            yield from map(tuple, rows)


def _check_records(connection: Connection) -> None:
    statement = """SELECT kept.position, kept.random, kept.record, leaf FROM ledger_records AS kept
        LEFT JOIN ledger_leaves AS shown ON shown.position = kept.position ORDER BY kept.position"""
    for rows in _chunks(connection, statement):
        for position, random, record, leaf in rows:
            if leaf is None:
                raise NotVerified(f"there is a private record for an entry `{position}` that the ledger does not have")
            if not _opens(leaf, random, record):
                raise NotVerified(f"the private record of entry `{position}` is not the one its leaf committed to")


def _opens(leaf: bytes, random: object, record: object) -> bool:
    """Say whether the leaf commits to this record under this random."""
    if not (isinstance(random, bytes) and isinstance(record, bytes)):
        return False
    try:
        shown = json.loads(leaf)
    except ValueError:
        return False
    return isinstance(shown, dict) and shown.get("commitment") == hmac.digest(random, record, "sha256").hex()


def _chunks(connection: Connection, statement: str) -> Iterator[Sequence[Any]]:
    return connection.exec_driver_sql(statement).partitions(_READ)
