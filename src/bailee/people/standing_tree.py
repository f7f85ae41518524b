"""The standing tree: each customer's standing is a leaf at their number, and the tree of every past sequence is kept.

Stored by the tile (see `ledger.positions`). A change writes one row a level, which holds only what it changed; a tile's
first row, and one at least every 64, holds the tile whole, so that any past tile is read in few rows. The tiles used
last stay in memory, under the root that they lead to: another process's change, or one taken back, makes them void.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from bailee.errors import NotVerified
from bailee.ledger.positions import DEPTH, EMPTY, TILE, TILE_LEVELS, Tile, tiles
from bailee.people import driver

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: A tile's rows from one that is whole up to the next.
ROWS = 64
#: More than so many changes of a tile take no less room than the tile.
_MANY = 64
#: Tiles in memory, of some 13 kB each: enough for the leaves of a million customers.
_KEPT = 4096

_ADD = "INSERT INTO standing_tiles (level, tile, sequence, whole, entries) VALUES (?, ?, ?, ?, ?)"
_READ = (
    "SELECT entries FROM standing_tiles WHERE level = ? AND tile = ? AND sequence <= ? AND sequence >= "
    "(SELECT sequence FROM standing_tiles WHERE level = ? AND tile = ? AND sequence <= ? AND whole "
    "ORDER BY sequence DESC LIMIT 1) ORDER BY sequence"
)


class Placed(NamedTuple):
    """What the tree holds at a position: the leaf's hash, the 32 hashes up to the root, and the root."""

    leaf: bytes
    path: list[bytes]
    root: bytes


class _Read(NamedTuple):
    """A tile, and how many rows it is read from since the last whole one."""

    tile: Tile
    rows: int


class _Newest:
    """The newest tiles that were used last, of the tree that has `root`; None while they are being changed."""

    def __init__(self) -> None:
        self.root: bytes | None = None
        self.tiles: OrderedDict[tuple[int, int], _Read] = OrderedDict()


_NEWEST: WeakKeyDictionary[Engine, _Newest] = WeakKeyDictionary()


def change(connection: Connection, sequence: int, before: bytes | None, leaves: Mapping[int, bytes]) -> bytes:
    """Put leaf hashes at positions in a write transaction, and return the root.

    `before` is the root that the tree has in this transaction, None where there is no tree yet; `sequence` is above
    that of every change before.
    """
    return _change(connection, sequence, before, [leaves])


def change_all(
    connection: Connection, sequence: int, before: bytes | None, batches: Iterable[Mapping[int, bytes]]
) -> bytes:
    """As `change`, batch by batch, in order of position."""
    return _change(connection, sequence, before, _by_tile(batches))


def _by_tile(batches: Iterable[Mapping[int, bytes]]) -> Iterator[Mapping[int, bytes]]:
    """The batches so that no tile is in two of them."""
    held: dict[int, bytes] = {}
    for leaves in batches:
        held.update(leaves)
        last = next(reversed(held), 0) // TILE
        rest = [position for position in islice(reversed(held), TILE) if position // TILE == last]
        rest_of = {position: held.pop(position) for position in reversed(rest)}
        yield held
        held = rest_of
    yield held


def _change(
    connection: Connection, sequence: int, before: bytes | None, batches: Iterable[Mapping[int, bytes]]
) -> bytes:
    newest = _NEWEST.setdefault(connection.engine, _Newest())
    if newest.root is None or newest.root != before:
        newest.tiles.clear()
    newest.root = None
    roots: dict[int, bytes] = {}
    rows: list[tuple[object, ...]] = []
    for leaves in batches:
        if rows:
            driver.many(connection, _ADD, rows)
            rows.clear()
        roots.update(_level(connection, newest, 0, sequence, leaves, rows))
    if not roots:
        newest.root = before
        return EMPTY[DEPTH] if before is None else before
    for level in range(1, TILE_LEVELS):
        roots = _level(connection, newest, level, sequence, roots, rows)
    driver.many(connection, _ADD, rows)
    newest.root = roots[0]
    return roots[0]


def root_at(connection: Connection, sequence: int) -> bytes:
    """The root as it was at a sequence."""
    return _tile(connection, TILE_LEVELS - 1, 0, sequence).tile.root


def path_at(connection: Connection, position: int, sequence: int) -> list[bytes]:
    """The 32 hashes beside the way from a position to the root as it was at a sequence, lowest first."""
    return placed_at(connection, position, sequence).path


def placed_at(connection: Connection, position: int, sequence: int) -> Placed:
    """What the tree held at a position at a sequence; NotVerified where its tiles do not agree with each other."""
    path: list[bytes] = []
    leaf, below = EMPTY[0], None
    for level in range(TILE_LEVELS):
        tile = _tile(connection, level, position >> 8 * (level + 1), sequence).tile
        place = position >> 8 * level & TILE - 1
        if level == 0:
            leaf = tile.hash(place)
        elif tile.hash(place) != below:
            raise NotVerified(f"the standing tree at sequence `{sequence}` lost a tile; restore a backup")
        path += tile.path(place)
        below = tile.root
    return Placed(leaf, path, below or EMPTY[DEPTH])


def _level(
    connection: Connection,
    newest: _Newest,
    level: int,
    sequence: int,
    hashes: Mapping[int, bytes],
    rows: list[tuple[object, ...]],
) -> dict[int, bytes]:
    """Change the tiles of a level, add the rows to store, and return the roots of those that changed by number."""
    parts: dict[int, dict[int, bytes]] = {}
    for position, found in hashes.items():
        parts.setdefault(position // TILE, {})[position % TILE] = found
    roots: dict[int, bytes] = {}
    if full := [number for number, part in parts.items() if len(part) == TILE]:
        for number, kept, root in zip(full, *_made(level, [parts.pop(number) for number in full]), strict=True):
            newest.tiles.pop((level, number), None)
            rows.append((level, number, sequence, True, kept))
            roots[number] = root
    for number, part in parts.items():
        tile, before = _take(connection, newest, level, number, sequence)
        delta, after = tile.put(*next(iter(part.items()))) if len(part) == 1 else tile.change(part), before + 1
        if before == 0 or before >= ROWS or len(part) > _MANY:
            delta, after = tile.kept, 1
        rows.append((level, number, sequence, after == 1, delta))
        roots[number] = tile.root
        newest.tiles[level, number] = _Read(tile, after)
        if len(newest.tiles) > _KEPT:
            newest.tiles.popitem(last=False)
    return roots


def _take(connection: Connection, newest: _Newest, level: int, number: int, sequence: int) -> _Read:
    held = newest.tiles.pop((level, number)) if (level, number) in newest.tiles else None
    return held or _tile(connection, level, number, sequence)


def _made(level: int, parts: Sequence[Mapping[int, bytes]]) -> tuple[list[bytes], list[bytes]]:
    """Full tiles as they are stored, and their roots."""
    return tiles(b"".join([b"".join([part[place] for place in range(TILE)]) for part in parts]), level)


def _tile(connection: Connection, level: int, number: int, sequence: int) -> _Read:
    """A tile as it was at a sequence."""
    which = (level, number, sequence)
    rows = [bytes(row[0]) for row in driver.rows(connection, _READ, which + which)]
    try:
        return _Read(Tile(level, rows[0], b"".join(rows[1:])), len(rows)) if rows else _Read(Tile(level), 0)
    except ValueError as error:
        raise NotVerified(f"the standing tree at sequence `{sequence}` is damaged: {error}; restore a backup") from None
