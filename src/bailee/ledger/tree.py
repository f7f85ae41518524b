"""The Merkle tree of RFC 9162 section 2.1: pure, over a look-up of stored nodes.

A node is named by (level, position): level 0 are the leaf hashes, and node (l, p) stands over the leaves from
p * 2**l up to (p + 1) * 2**l. Only complete nodes are ever named, so a stored node never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import chain

Node = tuple[int, int]
#: Gives the hashes of complete nodes, asked for all at once.
Lookup = Callable[[Sequence[Node]], Mapping[Node, bytes]]

HASH_BYTES = 32
#: The root of a tree without leaves.
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return the 32-byte hash of a leaf (RFC 9162, 2.1.1)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of a node from those of its children (RFC 9162, 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


class Builder:
    """A tree that grows on the right: knows only its size and the complete nodes along its right edge."""

    def __init__(self, size: int = 0, edge: bytes = b"") -> None:
        """Go on from `size` leaves and the `edge` that a builder of that size gave; ValueError where they disagree."""
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        if len(edge) != HASH_BYTES * len(levels):
            raise ValueError(f"the edge of {size} leaves has {len(levels)} hashes, found {len(edge)} bytes")
        self.size = size
        self._edge = {level: edge[i * HASH_BYTES : (i + 1) * HASH_BYTES] for i, level in enumerate(levels)}

    @property
    def edge(self) -> bytes:
        """The hashes of the complete nodes that the leaves fall into, largest first, one after another."""
        return b"".join(self._edge[level] for level in sorted(self._edge, reverse=True))

    @property
    def root(self) -> bytes:
        """The root over all leaves so far (RFC 9162, 2.1.1)."""
        return _fold([self._edge[level] for level in sorted(self._edge, reverse=True)])

    def extend(self, hashes: Iterable[bytes]) -> list[bytes]:
        """Add leaf hashes; return for each leaf the hashes of the complete nodes that it ends, joined, its own first.

        Node (l, p) ends with leaf ((p + 1) << l) - 1, and stands at 32 * l in what is returned for it.
        """
        row, start, level = list(hashes), self.size, 0
        ended, first = row.copy(), self.size
        self.size += len(row)
        while row:
            if level:
                for last, found in enumerate(row, start + 1):
                    ended[(last << level) - 1 - first] += found
            if start & 1:
                row.insert(0, self._edge.pop(level))
            if len(row) & 1:
                self._edge[level] = row[-1]
            row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
            start, level = start >> 1, level + 1
        return ended


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over a list of leaves: the commitment to a batch, whose parts can then be proved."""
    builder = Builder()
    builder.extend(map(leaf_hash, leaves))
    return builder.root


def root(size: int, lookup: Lookup) -> bytes:
    """Return the root as it was at `size` leaves."""
    return _resolve([(0, size)], lookup)[0] if size else EMPTY_ROOT


def inclusion(position: int, size: int, lookup: Lookup) -> tuple[bytes, ...]:
    """Return the path, leaf to root, of the leaf at `position` in the tree of `size` leaves (RFC 9162, 2.1.3)."""
    if not 0 <= position < size:
        raise ValueError(f"there is no leaf {position} in a tree of {size}")
    spans, start, stop = [], 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if position < middle:
            spans.append((middle, stop))
            stop = middle
        else:
            spans.append((start, middle))
            start = middle
    return tuple(_resolve(spans[::-1], lookup))


def consistency(old: int, new: int, lookup: Lookup) -> tuple[bytes, ...]:
    """Return the proof that the tree of `new` leaves begins with that of `old`, by nothing if 0 (RFC 9162, 2.1.4)."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves cannot begin with one of {old}")
    if old in (0, new):
        return ()
    spans, start, stop = [], 0, new
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            spans.append((middle, stop))
            stop = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:
        spans.append((start, stop))
    return tuple(_resolve(spans[::-1], lookup))


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _cover(start: int, stop: int) -> list[Node]:
    """Return the complete nodes over the leaves from `start`, largest first; `start` must be aligned to the largest."""
    nodes = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def _resolve(spans: Sequence[tuple[int, int]], lookup: Lookup) -> list[bytes]:
    """Return the root over each span of leaves, with one look-up for all of them."""
    covers = [_cover(start, stop) for start, stop in spans]
    wanted = list(chain.from_iterable(covers))
    known = lookup(wanted) if wanted else {}
    return [known[cover[0]] if len(cover) == 1 else _fold([known[node] for node in cover]) for cover in covers]


def _fold(peaks: list[bytes]) -> bytes:
    """Return the root over complete nodes, given largest first."""
    if not peaks:
        return EMPTY_ROOT
    found = peaks[-1]
    for left in reversed(peaks[:-1]):
        found = node_hash(left, found)
    return found
