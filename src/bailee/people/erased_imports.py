"""Rows of imported files once their customer is erased: nobody can open their leaves, and others' proofs still hold.

A leaf of a file's tree is a row's 32 random bytes and its canonical JSON, so others' proofs need its hash. It is kept
before the row goes, and the random is overwritten: without it the hash says nothing of the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
from sqlalchemy import Connection

from bailee.people import keyring
from bailee.people.choices import EVIDENCE
from bailee.people.kinds import Kind

_RANDOM_BYTES = 32
#: What a person said, and what they said for a child, with what a file's leaf was made of.
_IMPORTED = (
    'SELECT c."import", c.position, c.customer, c.at, k.key, c.evidence, g.key, c.purpose, c.act, c.instrument, '
    "coalesce(n.digest, c.cited), c.language, c.recipient, c.channel, c.conflict_shown "
    "FROM choices c JOIN customers k ON k.number = c.customer LEFT JOIN customers g ON g.number = c.guardian "
    'LEFT JOIN notices n ON n.number = c.notice WHERE c.{} = ? AND c."import" IS NOT NULL ORDER BY 1, 2'
)
_KEEP = (
    'INSERT INTO import_skipped ("import", position, customer, leaf) VALUES (?, ?, ?, ?) '
    'ON CONFLICT ("import", position) DO NOTHING'
)
_SKIPPED = 'SELECT "import", position FROM import_skipped WHERE customer = ? ORDER BY 1, 2'
_CHUNK = 'SELECT start, randoms FROM import_rows WHERE "import" = ? AND start <= ? ORDER BY start DESC LIMIT 1'
_ZERO = 'UPDATE import_rows SET randoms = ? WHERE "import" = ? AND start = ?'


def blind(connection: Connection, number: int) -> None:
    """Keep the leaf hashes of a customer's imported rows, and of those that they said for a child; their randoms go."""
    for column in ("customer", "guardian"):
        for row in connection.exec_driver_sql(_IMPORTED.format(column), (number,)).all():
            leaf = _leaf(connection, row)
            if leaf is not None:
                connection.exec_driver_sql(_KEEP, (*row[:3], leaf))
    _forget(connection, connection.exec_driver_sql(_SKIPPED, (number,)).all())


def _leaf(connection: Connection, row: Any) -> bytes | None:
    """The leaf hash (RFC 9162, 2.1.1) of a row as the file said it; None where what it was made of is gone."""
    file, position, customer, at, key, evidence, guardian, *words = row
    text = None
    if evidence is not None:
        plain = keyring.of(connection).open(connection, [customer], bytes(evidence), EVIDENCE)
        if plain is None:
            return None
        text = plain.decode()
    found = _chunk(connection, file, position)
    if found is None:
        return None
    start, randoms = found
    random = randoms[_RANDOM_BYTES * (position - start) : _RANDOM_BYTES * (position - start + 1)]
    record = _record(Kind._make((*words[:-1], bool(words[-1]))), at, key, text, guardian)
    return sha256(b"\x00" + random + record).digest()


def _record(kind: Kind, at: int, key: str, evidence: str | None, guardian: str | None) -> bytes:
    import pyarrow as pa

    from bailee.people.records import Frames

    frames = Frames()
    frames.add(kind)
    texts = [pa.array([text], pa.string()) for text in (key, evidence, guardian)]
    return next(frames.records(np.zeros(1, np.int64), np.array([at], np.int64), *texts))


def _forget(connection: Connection, places: Any) -> None:
    """Overwrite the randoms of rows with zeros, a chunk at a time."""
    for (file, start), randoms in _overwritten(connection, places):
        connection.exec_driver_sql(_ZERO, (bytes(randoms), file, start))


def _overwritten(connection: Connection, places: Any) -> Iterator[tuple[tuple[int, int], bytearray]]:
    chunks: dict[tuple[int, int], bytearray] = {}
    for file, position in places:
        found = _chunk(connection, file, position)
        if found is None:
            continue
        start, randoms = found
        held = chunks.setdefault((file, start), bytearray(randoms))
        at = _RANDOM_BYTES * (position - start)
        held[at : at + _RANDOM_BYTES] = bytes(_RANDOM_BYTES)
    yield from chunks.items()


def _chunk(connection: Connection, file: int, position: int) -> tuple[int, bytes] | None:
    found = connection.exec_driver_sql(_CHUNK, (file, position)).first()
    return None if found is None else (int(found[0]), bytes(found[1]))
