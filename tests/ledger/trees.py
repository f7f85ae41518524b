"""Logs as static trees, in memory as a file's bytes by path, and what a forger does with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine

from bailee.ledger import checkpoint, log, note
from bailee.ledger.export import Exported, export
from bailee.ledger.values import Draft, Head
from tests.ledger.safe import Safe

Files = dict[str, bytes]
START = datetime(2026, 11, 1, tzinfo=UTC)
ORIGIN = "shop.example/1"
FIRST = note.Signer(ORIGIN, bytes(range(32)))
SECOND = note.Signer(ORIGIN, bytes(range(1, 33)))
THIRD = note.Signer(ORIGIN, bytes(range(2, 34)))
STRANGER = note.Signer("other.example", bytes(range(3, 35)))
EMPTY_LOG = Head(0, log.tree.EMPTY_ROOT)


def named(key: note.Signer, previous: note.Signer | None) -> Draft:
    """An entry that names a signing key."""
    before = None if previous is None else previous.verifier.key.hex()
    return Draft("signing_key", {"key": key.verifier.key.hex(), "previous": before}, None, START, b"")


def plain(number: int) -> Draft:
    """The n-th of a series of entries, all different."""
    return Draft("choice", {"sequence": number}, None, START + timedelta(seconds=number), b"")


def new_log() -> Connection:
    """A connection to an empty log in memory."""
    connection = create_engine("sqlite://").connect()
    log.create(connection)
    return connection


def grow(connection: Connection, drafts: Iterable[Draft]) -> Head:
    """Append entries; return the head."""
    log.append_many(connection, list(drafts), safe=Safe())
    return log.head(connection)


def signed_by(*signers: note.Signer) -> Callable[[Head], bytes]:
    """Signs heads with these keys."""
    return lambda head: checkpoint.sign(head.size, head.root, *signers)


def write(connection: Connection, folder: Path, *signers: note.Signer, handovers: Sequence[bytes] = ()) -> Exported:
    """Export a log as its last signer would, whose older keys the others are."""
    keys = [signer.vkey for signer in reversed(signers)]
    return export(connection, folder, signed_by(signers[-1]), keys, handovers=handovers)


def files_of(folder: Path) -> Files:
    """All files of a tree."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
