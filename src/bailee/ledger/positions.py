"""Merkle trees over fixed positions: pure. A customer's number is a position, so a path shows nobody else.

Every tree has 2**32 positions; one that nobody has holds 32 zero bytes. A leaf is SHA-256(0x00 || nonce || value), a
node SHA-256(0x01 || left || right). Hashes are kept by the tile: 256 of them, 8 levels high, four tiles from a leaf to
the root. In a tile, each group of 16 hashes is followed by the node over it, so a change hashes 30 times, not 255.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

HASH_BYTES = 32
DEPTH = 32

#: Tiles of level 0 hold leaves, those of level 1 nodes over 2**8 positions, then 2**16 and 2**24.
TILE_LEVELS = 4
TILE = 256
_GROUP = 16
_NODE_AT = _GROUP * HASH_BYTES
_GROUP_BYTES = _NODE_AT + HASH_BYTES
_TILE_BYTES = _GROUP * _GROUP_BYTES

#: What a delta says of one change: the place in the tile, the hash there, and the node over its group.
ITEM_BYTES = 1 + 2 * HASH_BYTES


def leaf_hash(nonce: bytes, value: bytes) -> bytes:
    """The hash of a leaf: a value that its nonce hides."""
    return sha256(b"\x00" + nonce + value).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node from those of its children."""
    return sha256(b"\x01" + left + right).digest()


def above(row: bytes | bytearray) -> bytes:
    """The nodes over a row of hashes, of which there is an even number, one level up."""
    size = 2 * HASH_BYTES
    return b"".join([sha256(b"\x01" + row[at : at + size]).digest() for at in range(0, len(row), size)])


def _empty() -> tuple[bytes, ...]:
    roots = [bytes(HASH_BYTES)]
    for _ in range(DEPTH):
        roots.append(node_hash(roots[-1], roots[-1]))
    return tuple(roots)


#: The root over 2**height positions that nobody has; the last is that of an empty tree.
EMPTY = _empty()
_BLANK = tuple((EMPTY[8 * level] * _GROUP + EMPTY[8 * level + 4]) * _GROUP for level in range(TILE_LEVELS))


class Tile:
    """The 256 hashes of one tile of a level, to be read and changed; nodes over them are worked out when needed."""

    __slots__ = ("_nodes", "_row", "level")

    def __init__(self, level: int, kept: bytes = b"", deltas: bytes = b"") -> None:
        """Go on from what `kept` gave, or from an empty tile, and what `change` gave since; ValueError if cut short."""
        if len(kept) % _GROUP_BYTES or len(kept) > _TILE_BYTES:
            raise ValueError(f"a tile has 0 to {_GROUP} groups of {_GROUP_BYTES} bytes, found {len(kept)} bytes")
        if len(deltas) % ITEM_BYTES:
            raise ValueError(f"a delta has items of {ITEM_BYTES} bytes, found {len(deltas)} bytes")
        self.level = level
        kept += _BLANK[level][len(kept) :]
        starts = range(0, _TILE_BYTES, _GROUP_BYTES)
        self._row = bytearray(b"".join([kept[at : at + _NODE_AT] for at in starts]))
        # The node over nodes 2n and 2n + 1 is n; the root is 1, and the hashes themselves are 256 to 511. Those not
        # worked out yet, all of a group or all above the groups, have no bytes.
        self._nodes: list[bytes] = [b""] * TILE
        self._nodes[_GROUP : 2 * _GROUP] = [kept[at + _NODE_AT : at + _GROUP_BYTES] for at in starts]
        for at in range(0, len(deltas), ITEM_BYTES):
            place, middle = deltas[at], at + 1 + HASH_BYTES
            self._row[place * HASH_BYTES : (place + 1) * HASH_BYTES] = deltas[at + 1 : middle]
            self._nodes[_GROUP + place // _GROUP] = deltas[middle : at + ITEM_BYTES]

    @property
    def kept(self) -> bytes:
        """The tile as bytes, without the empty groups at its end."""
        row, blank = self._row, _BLANK[self.level][:_NODE_AT]
        groups = [bytes(row[at : at + _NODE_AT]) for at in range(0, len(row), _NODE_AT)]
        while groups and groups[-1] == blank:
            groups.pop()
        return b"".join([group + self._node(_GROUP + i) for i, group in enumerate(groups)])

    @property
    def root(self) -> bytes:
        """The node over the whole tile."""
        return self._node(1)

    def hash(self, place: int) -> bytes:
        """The hash at a place."""
        return self._node(TILE + place)

    def path(self, place: int) -> list[bytes]:
        """The eight hashes beside the way from a place up to the tile's root."""
        number = TILE + place
        return [self._node(number >> height ^ 1) for height in range(8)]

    def put(self, place: int, found: bytes) -> bytes:
        """Put a hash at a place, and return the delta of it."""
        row, nodes, number = self._row, self._nodes, TILE + place >> 1
        row[place * HASH_BYTES : (place + 1) * HASH_BYTES] = found
        if not nodes[number]:
            self._fill(_GROUP + place // _GROUP)
        if not nodes[1]:
            self._fill(1)
        at = (place & ~1) * HASH_BYTES
        pair: bytes | bytearray = row[at : at + 2 * HASH_BYTES]
        while number:
            nodes[number] = new = sha256(b"\x01" + pair).digest()
            pair = nodes[number ^ 1] + new if number & 1 else new + nodes[number ^ 1]
            number >>= 1
        return bytes((place,)) + found + nodes[_GROUP + place // _GROUP]

    def change(self, hashes: Mapping[int, bytes]) -> bytes:
        """Put many hashes at places, and return the delta of it."""
        row, nodes = self._row, self._nodes
        for place, found in hashes.items():
            row[place * HASH_BYTES : (place + 1) * HASH_BYTES] = found
        for group in {place // _GROUP for place in hashes}:
            self._fill(_GROUP + group)
        self._fill(1)
        return b"".join([bytes((place,)) + new + nodes[_GROUP + place // _GROUP] for place, new in hashes.items()])

    def _node(self, number: int) -> bytes:
        if number >= TILE:
            at = (number - TILE) * HASH_BYTES
            return bytes(self._row[at : at + HASH_BYTES])
        if not self._nodes[number]:
            self._fill(number >> number.bit_length() - 5 if number >= _GROUP else 1)
        return self._nodes[number]

    def _fill(self, top: int) -> None:
        """Work out a group's nodes up to the node over it, or those over all groups up to the root."""
        if top == 1:
            row = b"".join(self._nodes[_GROUP : 2 * _GROUP])
        else:
            at = (top - _GROUP) * _NODE_AT
            row = bytes(self._row[at : at + _NODE_AT])
        width = _GROUP
        while width := width // 2:
            row = above(row)
            self._nodes[top * width : (top + 1) * width] = [row[at : at + 32] for at in range(0, len(row), 32)]


def tiles(row: bytes, level: int) -> tuple[list[bytes], list[bytes]]:
    """Each tile of a row of hashes as `Tile.kept` would give it, and each tile's root; the last may be cut short."""
    import numpy as np

    groups = -(-len(row) // _NODE_AT)
    row += EMPTY[8 * level] * (groups * _GROUP - len(row) // HASH_BYTES)
    nodes = above(above(above(above(row))))
    parts = (
        np.frombuffer(row, np.uint8).reshape(groups, _NODE_AT),
        np.frombuffer(nodes, np.uint8).reshape(groups, HASH_BYTES),
    )
    joined = np.concatenate(parts, axis=1).tobytes()
    count = -(-groups // _GROUP)
    nodes += EMPTY[8 * level + 4] * (count * _GROUP - groups)
    roots = above(above(above(above(nodes))))
    return (
        [joined[at : at + _TILE_BYTES] for at in range(0, len(joined), _TILE_BYTES)],
        [roots[at : at + HASH_BYTES] for at in range(0, len(roots), HASH_BYTES)],
    )


def root_over(leaf: bytes, position: int, path: Sequence[bytes | None]) -> bytes:
    """The root that a leaf's hash and its path lead to; None in a path is an empty subtree. ValueError for no path."""
    if len(path) != DEPTH or not 0 <= position < 1 << DEPTH:
        raise ValueError(f"a path has {DEPTH} hashes over a position below 2**{DEPTH}, found {len(path)}")
    found = leaf
    for height, given in enumerate(path):
        sibling = EMPTY[height] if given is None else given
        if len(sibling) != HASH_BYTES:
            raise ValueError(f"a hash has {HASH_BYTES} bytes, found {len(sibling)}")
        found = node_hash(sibling, found) if position >> height & 1 else node_hash(found, sibling)
    return found


def thin(path: Sequence[bytes]) -> list[bytes | None]:
    """A path with None for each empty subtree: what a proof shows."""
    return [None if found == EMPTY[height] else found for height, found in enumerate(path)]
