"""The static tree: what is written, when it is not written again, and what is refused."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailee.errors import NotVerified, WorkspaceError
from bailee.ledger import checkpoint, export, log, static, tiles
from bailee.ledger.verify_tree import verify_tree
from tests.ledger.trees import FIRST, SECOND, STRANGER, Files, files_of, grow, new_log, plain, signed_by, write


def all_hashes(files: Files, level: int, count: int) -> list[bytes]:
    """The first hashes of a level, read tile by tile."""
    found: list[bytes] = []
    while len(found) < count:
        tile = tiles.Tile(level, len(found) // 256, min(256, count - len(found)))
        found += tiles.read_tile(files[tile.path])
    return found


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_the_tree_holds_what_the_format_says(tmp_path: Path, size: int) -> None:
    """L24, L25, L26: the last tiles of each level and all before them, the entries, and the signed head."""
    connection = new_log()
    head = grow(connection, map(plain, range(size)))
    assert head == write(connection, tmp_path / "tree", FIRST).head
    files = files_of(tmp_path / "tree")
    for tile in tiles.of_size(size):
        assert len(files[tile.path]) == 32 * tile.width or tile.level is None
    expected = {tiles.Tile(t.level, n).path for t in tiles.of_size(size) for n in range(t.number)}
    expected |= {tile.path for tile in tiles.of_size(size)} | {"checkpoint", "keys", "README.txt"}
    assert expected == files.keys()
    found = checkpoint.open_checkpoint(files["checkpoint"], [FIRST.verifier])[0]
    assert (FIRST.name, *head) == found[:3]
    assert f"{FIRST.vkey}\n" == files["keys"].decode()
    leaves = [leaf for n in range(0, size, 256) for leaf in tiles.read_bundle(files[bundle_at(n, size)])]
    assert leaves == [entry.leaf for entry in log.entries(connection)]
    assert all_hashes(files, 0, size) == [entry.hash for entry in log.entries(connection)]


def bundle_at(position: int, size: int) -> str:
    """The path of the bundle that begins at a position."""
    return tiles.Tile(None, position // 256, min(256, size - position)).path


@given(st.lists(st.integers(0, 300), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_growing_a_tree_and_writing_it_at_once_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    """L24: however often it was exported on the way, the tree is that of its size and verifies at every step."""
    folder, connection, size = tmp_path_factory.mktemp("grown"), new_log(), 0
    for step in steps:
        grow(connection, map(plain, range(size, size + step)))
        size += step
        written = write(connection, folder, FIRST)
        assert size == verify_tree(files_of(folder).__getitem__, [FIRST.verifier]).size == written.head.size
    write(connection, once := tmp_path_factory.mktemp("once"), FIRST)
    files = files_of(folder)
    assert files_of(once) == {path: files[path] for path in files_of(once)}
    full = {tile.path for tile in map(tiles.read_path, files) if tile and tile.width == 256}
    assert not [path for path in files if path.partition(".p/")[0] in full and ".p/" in path]


def test_full_tiles_are_not_written_again(tmp_path: Path) -> None:
    """L24: what an earlier checkpoint counted in full tiles stays the very file that it was."""
    connection = new_log()
    grow(connection, map(plain, range(600)))
    write(connection, tmp_path, FIRST)
    before = {path: (tmp_path / path).stat().st_ino for path in files_of(tmp_path)}
    grow(connection, map(plain, range(600, 1200)))
    assert 600 == write(connection, tmp_path, FIRST).before
    kept = {path for path in before if (tmp_path / path).exists() and (tmp_path / path).stat().st_ino == before[path]}
    assert {"tile/0/000", "tile/0/001", "tile/entries/000", "tile/entries/001"} <= kept
    assert not (tmp_path / "tile/0/002.p").exists()


def test_a_tall_tree(tmp_path: Path) -> None:
    """L25: past 65,536 entries there are full tiles above the leaves; growing across that border is no different."""
    connection = new_log()
    grow(connection, map(plain, range(65_500)))
    write(connection, tmp_path, FIRST)
    grow(connection, map(plain, range(65_500, 66_000)))
    told: list[tuple[int, int]] = []
    export.export(connection, tmp_path, signed_by(FIRST), [FIRST.vkey], progress=lambda *at: told.append(at))
    assert (66_000, 66_000) == told[-1]
    assert 65_500 < told[0][0]
    assert 8192 == (tmp_path / "tile/1/000").stat().st_size
    assert not (tmp_path / "tile/1/000.p").exists()
    files = files_of(tmp_path)
    assert log.head(connection) == verify_tree(files.__getitem__, [FIRST.verifier])[1:3]
    assert 32 == len(files["tile/2/000.p/1"])


def test_what_is_no_earlier_state_is_refused(tmp_path: Path) -> None:
    """L27: another log's tree, a longer one, a forked one, somebody's folder: each refused in words and left alone."""
    long, short, forked = new_log(), new_log(), new_log()
    grow(long, map(plain, range(300)))
    grow(short, map(plain, range(299)))
    grow(forked, map(plain, [*range(299), 7, 8]))
    folder = tmp_path / "tree"
    write(long, folder, FIRST)
    before = files_of(folder)
    for connection, signer, message in (
        (long, STRANGER, "holds the tree of the log `shop.example/1`"),
        (short, FIRST, "has 300 entries and this ledger only 299: the ledger was rolled back"),
        (forked, FIRST, "does not begin with the 300 entries of the tree"),
        (long, SECOND, "is damaged .none of the 1 known keys signed it"),
    ):
        with pytest.raises(WorkspaceError, match=message):
            write(connection, folder, signer)
        assert before == files_of(folder)
    (folder / "checkpoint").unlink()
    with pytest.raises(WorkspaceError, match="holds the tree of another log"):
        write(long, folder, STRANGER)
    assert 300 == write(long, folder, FIRST).head.size
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(WorkspaceError, match=r"holds `holiday\.jpg`, which is no part of a log"):
        write(long, tmp_path, FIRST)
    with pytest.raises(WorkspaceError, match="could not be written"):
        write(long, tmp_path / "holiday.jpg", FIRST)


def test_one_export_at_a_time(tmp_path: Path) -> None:
    """L27: a folder that another export holds is left to it."""
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        with pytest.raises(WorkspaceError, match="another export writes into"):
            write(new_log(), tmp_path, FIRST)
    finally:
        os.close(held)


def test_an_interrupted_export_leaves_a_tree_that_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """L24: whichever write fails, before or after it happened, all that the checkpoint counts is there."""
    connection, whole = new_log(), tmp_path / "whole"
    grow(connection, map(plain, range(300)))
    write(connection, whole, FIRST)
    grow(connection, map(plain, range(300, 700)))
    replace = os.replace
    # Keys and words, two bundles, two tiles of leaves, the tile above, the checkpoint.
    renames = 2 + 2 + 2 + 1 + 1
    for fail_at in range(renames):
        for happened in (False, True):
            folder = tmp_path / f"{fail_at}-{happened}"
            folder.mkdir()
            for path, data in files_of(whole).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            left = [fail_at]

            def failing(source: str, target: Path, happened: bool = happened, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] != -1 or happened:
                    replace(source, target)
                if left[0] == -1:
                    raise OSError(28, "No space left on device")

            with monkeypatch.context() as patch:
                patch.setattr(static.os, "replace", failing)
                with pytest.raises(WorkspaceError, match="no space left on device"):
                    write(connection, folder, FIRST)
            assert verify_tree(files_of(folder).__getitem__, [FIRST.verifier]).size in (300, 700)
            assert 700 == write(connection, folder, FIRST).head.size
            assert 700 == verify_tree(files_of(folder).__getitem__, [FIRST.verifier]).size


def test_a_ledger_that_is_damaged_is_not_exported(tmp_path: Path) -> None:
    """L24: where the entries do not lead to the head, no checkpoint is written."""
    connection = new_log()
    grow(connection, map(plain, range(300)))
    connection.exec_driver_sql("UPDATE ledger_leaves SET leaf = CAST('{}' AS BLOB) WHERE position = 5")
    with pytest.raises(NotVerified, match="do not lead to its head"):
        write(connection, tmp_path, FIRST)
    assert not (tmp_path / "checkpoint").exists()
