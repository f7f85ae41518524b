"""The tree over an imported file's rows (RFC 9162, 2.1.1), kept by the tile, so that few reads find any row's path.

A tile has 256 hashes: at level 0 those of rows, at level l those of complete nodes of height 8 * l. A row's hash stays
when the person of the row is erased: others' paths need it, and without the row's random it says nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection

from bailee.errors import NotVerified
from bailee.ledger import tree
from bailee.ledger.tree import HASH_BYTES, Node

TILE = 256
_HEIGHT = 8
#: How many tiles, and nodes worked out of them, stay in memory.
_KEPT, _NODES = 256, 65_536
_TILE = 'SELECT hashes FROM import_tiles WHERE "import" = ? AND level = ? AND tile = ?'


class Tile(NamedTuple):
    """Some hashes of a level, from place 256 * `number` on."""

    level: int
    number: int
    hashes: bytes


class Growing:
    """A tree that rows are added to; what it knows of them are the hashes of tiles that are not full yet."""

    def __init__(self) -> None:
        self._rows: list[list[bytes]] = []
        self._full: list[int] = []

    def extend(self, hashes: list[bytes]) -> list[Tile]:
        """Add the hashes of rows; return the tiles that are full now."""
        filled: list[Tile] = []
        level = 0
        while hashes:
            if level == len(self._rows):
                self._rows.append([])
                self._full.append(0)
            row = self._rows[level] + hashes
            whole = len(row) - len(row) % TILE
            self._rows[level] = row[whole:]
            parts = (b"".join(row[start : start + TILE]) for start in range(0, whole, TILE))
            filled += [Tile(level, number, part) for number, part in enumerate(parts, self._full[level])]
            self._full[level] += whole // TILE
            hashes = row[:whole]
            for _ in range(_HEIGHT):
                hashes = _above(hashes)
            level += 1
        return filled

    def close(self) -> tuple[list[Tile], bytes]:
        """Return the tiles that did not become full, and the root over all rows."""
        levels = enumerate(zip(self._rows, self._full, strict=True))
        rest = [Tile(level, number, b"".join(row)) for level, (row, number) in levels if row]
        below: list[bytes] = []
        for row in self._rows:
            below = [_root(row + below)] if row or below else []
        return rest, below[0] if below else tree.EMPTY_ROOT


class Tiles:
    """The tiles of imported files, as read from a store; those that were read last stay in memory."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: OrderedDict[tuple[int, int, int], bytes] = OrderedDict()
        self._nodes: dict[tuple[int, int, int], bytes] = {}

    def leaf(self, number: int, position: int) -> bytes | None:
        """The hash of a row of an import; None where no tree of it was kept."""
        found = self._tile(number, 0, position // TILE)[HASH_BYTES * (position % TILE) :][:HASH_BYTES]
        return found or None

    def path(self, number: int, position: int, count: int) -> tuple[bytes, ...]:
        """The path of a row, leaf to root, in the tree of an import of `count` rows (RFC 9162, 2.1.3)."""
        return tree.inclusion(position, count, lambda wanted: {node: self._node(number, node) for node in wanted})

    def _node(self, number: int, node: Node) -> bytes:
        place = number, *node
        found = self._nodes.get(place)
        if found is None:
            if len(self._nodes) >= _NODES:
                self._nodes.clear()
            found = self._nodes[place] = self._worked_out(number, node)
        return found

    def _worked_out(self, number: int, node: Node) -> bytes:
        level, width = node[0] // _HEIGHT, 1 << node[0] % _HEIGHT
        tile, place = divmod(node[1] * width, TILE)
        hashes = self._tile(number, level, tile)[HASH_BYTES * place : HASH_BYTES * (place + width)]
        if len(hashes) != HASH_BYTES * width:
            raise NotVerified(f"the tree of import `{number}` lost its tile `{level}/{tile}`; restore a backup")
        return _root([hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)])

    def _tile(self, number: int, level: int, tile: int) -> bytes:
        place = number, level, tile
        found = self._kept.pop(place, None)
        if found is None:
            found = bytes(self._connection.exec_driver_sql(_TILE, place).scalar() or b"")
        self._kept[place] = found
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found


def _above(hashes: Sequence[bytes]) -> list[bytes]:
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=False)]


def _root(hashes: list[bytes]) -> bytes:
    """The root over one node or more; where their number is odd, the last one goes up as it is."""
    while len(hashes) > 1:
        hashes = _above(hashes) + hashes[len(hashes) & ~1 :]
    return hashes[0]
