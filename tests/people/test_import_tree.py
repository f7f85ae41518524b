"""The tree of an imported file, kept by the tile: its root and every path are those of RFC 9162."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from bailee.errors import NotVerified
from bailee.ledger import tree
from bailee.ledger.verify import verify_inclusion
from bailee.people.database import Database
from bailee.people.import_tree import TILE, Growing, Tiles

SIZES = (1, 2, 3, TILE - 1, TILE, TILE + 1, 2 * TILE, 2 * TILE + 3, 5 * TILE + 128)
LARGE = TILE * TILE + TILE + 1


def leaf(place: int) -> bytes:
    return place.to_bytes(4, "big")


def grown(sizes: list[int]) -> tuple[list[tuple[int, int, bytes]], bytes]:
    """The tiles and the root of a tree that grew by so many rows at a time."""
    growing, tiles, start = Growing(), [], 0
    for size in sizes:
        tiles += growing.extend([sha256(b"\x00" + leaf(place)).digest() for place in range(start, start + size)])
        start += size
    rest, root = growing.close()
    return [*tiles, *rest], root


def kept(database: Database, number: int, sizes: list[int]) -> bytes:
    """Keep the tree of an import and return its root."""
    tiles, root = grown(sizes)
    with database.write() as connection:
        row = (number, "choices", f"sha256:{number}", "f", sum(sizes), 0, root.hex(), 0, "ann")
        connection.exec_driver_sql("INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        rows = [(number, *tile) for tile in tiles]
        connection.exec_driver_sql("INSERT INTO import_tiles VALUES (?, ?, ?, ?)", rows)
    return root


@given(st.lists(st.integers(0, 3 * TILE), max_size=5))
@settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
def test_the_root_is_that_of_the_rows_however_they_came(sizes: list[int]) -> None:
    """I1: as a library that is not ours works it out, and as the ledger's own tree does."""
    theirs = InmemoryTree(algorithm="sha256")
    for place in range(sum(sizes)):
        theirs.append_entry(leaf(place))
    tiles, root = grown(sizes)
    assert (theirs.get_root(), tree.root_of(map(leaf, range(sum(sizes))))) == (root, root)
    assert len({(level, number) for level, number, _ in tiles}) == len(tiles)


def test_every_row_leads_to_the_root(database: Database) -> None:
    """I2: every row of small trees, and some of one that has three levels of tiles."""
    for number, size in enumerate((*SIZES, LARGE), 1):
        root = kept(database, number, [size])
        places = (
            range(size) if size < LARGE else (0, 1, TILE - 1, TILE, TILE * TILE - 1, TILE * TILE, size - 2, size - 1)
        )
        with database.read() as connection:
            tiles = Tiles(connection)
            for place in places:
                verify_inclusion(leaf(place), place, size, tiles.path(number, place, size), root)
                assert sha256(b"\x00" + leaf(place)).digest() == tiles.leaf(number, place)
            assert (None, None) == (tiles.leaf(number, LARGE + 1), tiles.leaf(99, 0))


def test_a_tile_that_is_gone_is_told(database: Database) -> None:
    """I2: no path is made up where the store lost a part of the tree."""
    kept(database, 1, [3 * TILE])
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM import_tiles WHERE level = 0 AND tile = 1")
        tiles = Tiles(connection)
        assert tiles.path(1, 0, 3 * TILE)
        with pytest.raises(NotVerified, match="lost its tile `0/1`; restore a backup"):
            tiles.path(1, TILE + 3, 3 * TILE)
