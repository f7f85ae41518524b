"""The trees over files that were imported before they were kept: made again from what is on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from bailee.people import driver
from bailee.people.import_tree import TILE, Growing, Tile
from bailee.people.kinds import Kind
from bailee.people.records import Frames

_RANDOM_BYTES = _HASH_BYTES = 32
#: In order of sequence, which is that of imports and of their rows; evidence as revision 0001 had it, in the clear.
_ROWS = (
    'SELECT c."import", c.position, c.at, k.key, c.evidence, g.key, c.purpose, c.act, c.instrument, '
    "coalesce(n.digest, c.cited), c.language, c.recipient, c.channel, c.conflict_shown "
    "FROM choices c JOIN customers k ON k.number = c.customer LEFT JOIN customers g ON g.number = c.guardian "
    'LEFT JOIN notices n ON n.number = c.notice WHERE c."import" IS NOT NULL ORDER BY c.sequence'
)
_SKIPPED = 'SELECT position, leaf FROM import_skipped WHERE "import" = ?'
_RANDOMS = 'SELECT randoms FROM import_rows WHERE "import" = ? ORDER BY start'
_FILES = "SELECT number, rows, root FROM imports WHERE kind = 'choices'"


def trees(connection: Connection) -> Iterator[tuple[int, Tile]]:
    """The tiles of every import whose rows still lead to the root that was recorded of it, with its number."""
    files = {number: (rows, root) for number, rows, root in driver.rows(connection, _FILES)}
    seen = set()
    for number, batches in groupby(_batches(connection), key=lambda batch: batch[0]):
        hashes = _skipped(connection, number, files[number][0])
        randoms = b"".join(bytes(row[0]) for row in driver.rows(connection, _RANDOMS, (number,)))
        for _, rows in batches:
            _fill(hashes, randoms, rows)
        seen.add(number)
        yield from _tiles(number, hashes, files[number][1])
    for number in files.keys() - seen:  # a file of which all was on record already
        yield from _tiles(number, _skipped(connection, number, files[number][0]), files[number][1])


def _batches(connection: Connection) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
    for some in driver.stream(connection, _ROWS):
        for number, rows in groupby(some, key=lambda row: row[0]):
            yield int(number), list(rows)


def _skipped(connection: Connection, number: int, rows: int) -> bytearray:
    hashes = bytearray(_HASH_BYTES * rows)
    for position, leaf in driver.rows(connection, _SKIPPED, (number,)):
        hashes[_HASH_BYTES * position : _HASH_BYTES * (position + 1)] = leaf
    return hashes


def _fill(hashes: bytearray, randoms: bytes, rows: Sequence[tuple[Any, ...]]) -> None:
    """Put the hashes of rows where they belong."""
    kinds = [Kind._make((*row[6:13], bool(row[13]))) for row in rows]
    frames, known = Frames(), dict[Kind, int]()
    for kind in dict.fromkeys(kinds):
        known[kind] = len(known)
        frames.add(kind)
    evidence = [bytes(row[4]).decode() if row[4] else None for row in rows]
    texts = [[row[3] for row in rows], evidence, [row[5] for row in rows]]
    numbered, at = np.array([known[kind] for kind in kinds], np.int64), np.array([row[2] for row in rows], np.int64)
    records = frames.records(numbered, at, *(pa.array(column, pa.string()) for column in texts))
    for row, record in zip(rows, records, strict=True):
        place = _RANDOM_BYTES * row[1]
        random = randoms[place : place + _RANDOM_BYTES]
        hashes[place : place + _HASH_BYTES] = sha256(b"\x00" + random + record).digest()


def _tiles(number: int, hashes: bytearray, root: str) -> Iterator[tuple[int, Tile]]:
    growing, step = Growing(), TILE * _HASH_BYTES
    tiles: list[Tile] = []
    for start in range(0, len(hashes), step):
        some = bytes(hashes[start : start + step])
        tiles += growing.extend([some[at : at + _HASH_BYTES] for at in range(0, len(some), _HASH_BYTES)])
    rest, found = growing.close()
    if found.hex() == root:
        yield from ((number, tile) for tile in (*tiles, *rest))
