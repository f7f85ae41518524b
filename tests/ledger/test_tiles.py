"""Tiles and bundles: the paths that the format's text gives, and bytes read as they were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.errors import NotVerified, RecordError
from bailee.ledger import tiles
from bailee.ledger.tiles import Tile
from bailee.ledger.verify_tiles import Place, entries_of

#: From C2SP tlog-tiles: the index 1234067, and the tiles of a tree of 70,000 and of 256 entries.
PUBLISHED = {
    Tile(0, 1234067): "tile/0/x001/x234/067",
    Tile(0, 273, 112): "tile/0/273.p/112",
    Tile(1, 0): "tile/1/000",
    Tile(1, 1, 17): "tile/1/001.p/17",
    Tile(2, 0, 1): "tile/2/000.p/1",
    Tile(None, 273, 112): "tile/entries/273.p/112",
    Tile(63, 1000): "tile/63/x001/000",
}


@pytest.mark.parametrize("tile", PUBLISHED, ids=PUBLISHED.get)
def test_the_published_paths(tile: Tile) -> None:
    """L25: as the format's text has them, by writer and verifier alike."""
    assert PUBLISHED[tile] == tile.path == Place(*tile).path
    assert tile == tiles.read_path(tile.path)


def test_the_published_sizes() -> None:
    """L25: 70,000 entries have 273 full tiles and one of 112; 256 have one full tile, and one above it of width 1."""
    assert [Tile(None, 273, 112), Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)] == tiles.of_size(70_000)
    assert [Tile(None, 0), Tile(0, 0), Tile(1, 0, 1)] == tiles.of_size(256)
    assert [] == tiles.of_size(0)


@given(st.none() | st.integers(0, 63), st.integers(0, 2**40), st.integers(1, 256))
def test_every_path_names_one_file(level: int | None, number: int, width: int) -> None:
    """L25: writer and verifier name a file alike, and its name is read back."""
    tile = Tile(level, number, width)
    assert tile == tiles.read_path(tile.path)
    assert tile.path == Place(level, number, width).path


@pytest.mark.parametrize(
    "path",
    [
        *(
            "tile/00/000",
            "tile/64/000",
            "tile/0/0",
            "tile/0/1000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/000.p/0",
        ),
        *("tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p", "tile/x/000", "tile/0/../0/000", "/tile/0/000", ""),
    ],
)
def test_other_paths_name_nothing(path: str) -> None:
    """L25: leading zeros, levels above 63, widths of 0 or 256 and paths upward."""
    assert tiles.read_path(path) is None


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_bundles_are_read_as_written(leaves: list[bytes]) -> None:
    """L26: each leaf after its length, by both readers."""
    data = tiles.bundle(leaves)
    assert leaves == tiles.read_bundle(data) == entries_of(data, len(leaves))[0]
    assert 0 == entries_of(data, len(leaves))[1]


def test_bundles_and_tiles_that_do_not_add_up() -> None:
    """L26: a leaf of 65,535 bytes fits and a longer one does not; what ends within an entry or a hash is refused."""
    longest = b"x" * 65_535
    assert [longest] == tiles.read_bundle(tiles.bundle([longest]))
    with pytest.raises(RecordError, match="more than 65535 bytes"):
        tiles.bundle([longest + b"x"])
    for cut in (b"\0", b"\0\3ab", b"\0\1a\0"):
        with pytest.raises(NotVerified, match="cut off within its entry"):
            tiles.read_bundle(cut)
    assert [bytes(32), bytes(32)] == tiles.read_tile(bytes(64))
    for size in (0, 31, 33, 257 * 32):
        with pytest.raises(NotVerified, match=f"a tile of {size} bytes"):
            tiles.read_tile(bytes(size))
