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
from bailee.ledger.values import Head, Safe
from bailee.ledger.verify import Recount

_READ = 4096
_BEFORE_ALL = -(2**63)
_RANDOM_BYTES = 32
#: Told how many entries are checked and how many there are.
Progress = Callable[[int, int], None]

_LEAVES = "SELECT position, leaf, hashes FROM ledger_leaves WHERE position > ? ORDER BY position LIMIT ?"
_RECORDS = """SELECT kept.position, kept.sealed, leaf FROM
    (SELECT position, sealed FROM ledger_records WHERE position > ? ORDER BY position LIMIT ?) AS kept
    LEFT JOIN ledger_leaves AS shown ON shown.position = kept.position ORDER BY kept.position"""
_ABOUT = "SELECT position, customer FROM ledger_subjects WHERE position BETWEEN ? AND ? ORDER BY position, customer"
_STRAY = """SELECT min(about.position) FROM ledger_subjects AS about
    LEFT JOIN ledger_leaves AS shown ON shown.position = about.position WHERE shown.position IS NULL"""


def verify_log(
    connection: Connection, progress: Progress | None = None, *, known: Head | None = None, safe: Safe | None = None
) -> Head:
    """Check every leaf, node and private record and the head of the log, in memory that does not grow; return the head.

    `known` is a head that somebody kept: the log must begin with it. Without one, a log that was rewritten whole,
    head and all, cannot be told from a true one. With `safe`, every record whose key is there is opened. Raises
    NotVerified, naming the first entry that is wrong: flipped, dropped, moved, cut off or repeated. A private record
    that is gone, or whose key is, is no fault, because customers may be erased.
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
        _check_records(connection, safe)
        stray = connection.exec_driver_sql(_STRAY).scalar()
        if stray is not None:
            raise NotVerified(f"customers are named for an entry `{stray}` that the ledger does not have")
    except DBAPIError as error:
        cause = getattr(error.orig, "sqlite_errorname", type(error.orig).__name__)
        raise NotVerified(f"the ledger's tables cannot be read ({cause}); restore a backup") from error
    return Head(size, recount.root())


def _recount(connection: Connection, size: int, progress: Progress | None, known: Head | None) -> Recount:
    recount = Recount()
    _compare_known(recount, known)
    for rows in _chunks(connection, _LEAVES):
        first = recount.size
        positions, leaves, hashes = zip(*rows, strict=True)
        if positions != tuple(range(first, min(first + len(rows), size))) or set(map(type, leaves)) != {bytes}:
            for position, (at, leaf, _) in enumerate(rows, first):
                _check_place(position, at, leaf, size)
        meet = known.size if known and first < known.size <= first + len(rows) else 0
        for stored, ended in zip(hashes, recount.add(leaves), strict=False):
            if stored != (ended[0] if len(ended) == 1 else b"".join(ended)):
                raise NotVerified(_changed(recount.size - 1, stored, ended))
            if meet == recount.size:
                _compare_known(recount, known)
        if progress:
            progress(recount.size, size)
    if recount.size < size:
        raise NotVerified(f"entry `{recount.size}` is missing: the head counts {size} entries")
    return recount


def _changed(position: int, stored: object, ended: list[bytes]) -> str:
    """Say which entry is wrong, or among which it is: an entry that was moved with its hash shows in a node."""
    if not isinstance(stored, bytes) or stored[:32] != ended[0]:
        return f"entry `{position}` is not what was recorded: its leaf and its hash disagree"
    for level in range(1, len(ended)):
        if stored[32 * level : 32 * (level + 1)] != ended[level]:
            return f"one of the entries `{position >> level << level}` to `{position}` is not what was recorded"
    return f"entry `{position}` stores {len(stored)} bytes of hashes, expected {32 * len(ended)}; restore a backup"


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


def _check_records(connection: Connection, safe: Safe | None) -> None:
    for rows in _chunks(connection, _RECORDS):
        about: dict[int, list[int]] = {}
        if safe is not None:
            for position, customer in connection.exec_driver_sql(_ABOUT, (rows[0][0], rows[-1][0])):
                about.setdefault(position, []).append(customer)
        for position, sealed, leaf in rows:
            if leaf is None:
                raise NotVerified(f"there is a private record for an entry `{position}` that the ledger does not have")
            if not _opens(connection, safe, about.get(position, []), leaf, sealed):
                raise NotVerified(f"the private record of entry `{position}` is not the one its leaf committed to")


def _opens(connection: Connection, safe: Safe | None, about: list[int], leaf: bytes, sealed: object) -> bool:
    """Say whether the leaf commits to this record, as far as its key is there."""
    try:
        committed = bytes.fromhex(json.loads(leaf)["commitment"])
        if not isinstance(sealed, bytes):
            return False
        plain = None if safe is None else safe.open(connection, about, sealed, committed)
    except (ValueError, KeyError, TypeError, NotVerified):
        return False
    return plain is None or _is_committed(plain[:_RANDOM_BYTES], plain[_RANDOM_BYTES:], committed)


def _is_committed(random: bytes, rest: bytes, committed: bytes) -> bool:
    """Hold a record, and what it holds back, against the leaf's commitment (L5, L5a)."""
    record, zero, back = rest.partition(b"\0")
    if not zero:
        return hmac.digest(random, record, "sha256") == committed
    shown, hidden = (hmac.digest(random, b"bailee record v2\0" + use, "sha256") for use in (b"opening", b"aside"))
    try:
        said = json.loads(record).get("aside")
    except (ValueError, AttributeError):
        return False
    return hmac.digest(shown, record, "sha256") == committed and hmac.digest(hidden, back, "sha256").hex() == said


def _chunks(connection: Connection, statement: str) -> Iterator[Sequence[Any]]:
    """Read a table by position, some thousand rows at a time, whatever the driver would keep of a whole answer."""
    last = _BEFORE_ALL
    while True:
        with connection.exec_driver_sql(statement, (last, _READ)) as result:
            rows = result.cursor.fetchall()  # the driver's own rows: SQLAlchemy's take longer than to check them
        if not rows:
            return
        yield rows
        last = rows[-1][0]
