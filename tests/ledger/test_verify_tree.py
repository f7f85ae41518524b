"""The verifier of static trees: takes what is true, and names what was done to what is not."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.errors import NotVerified
from bailee.ledger import checkpoint, tiles, tree
from bailee.ledger.verify_source import Folder
from bailee.ledger.verify_tree import Kept, verify_tree
from tests.ledger.trees import FIRST, SECOND, STRANGER, Files, files_of, grow, named, new_log, plain, write

SIZE = 600
KEYS = [FIRST.verifier]


@pytest.fixture(scope="module")
def true(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The tree of 600 entries: two full bundles, one of 88, and a tile of 2 above."""
    folder, connection = tmp_path_factory.mktemp("true"), new_log()
    grow(connection, [named(FIRST, None), *map(plain, range(1, SIZE))])
    write(connection, folder, FIRST)
    return files_of(folder)


def bundle(path: str, change: Callable[[list[bytes]], object]) -> Callable[[Files], None]:
    """A forger who rewrites the entries of one bundle."""

    def forge(files: Files) -> None:
        entries = tiles.read_bundle(files[path])
        change(entries)
        files[path] = tiles.bundle(entries)

    return forge


def swap(entries: list[bytes], a: int, b: int) -> None:
    entries[a], entries[b] = entries[b], entries[a]


def flip(path: str, at: int) -> Callable[[Files], None]:
    """A forger who flips the lowest bit of one byte."""

    def forge(files: Files) -> None:
        data = bytearray(files[path])
        data[at] ^= 1
        files[path] = bytes(data)

    return forge


def rewritten(files: Files, *, above: bool) -> None:
    """A forger who changes entry 5 and works the tiles out again: that of the leaves, or all of them."""
    bundle("tile/entries/000", lambda entries: entries.__setitem__(5, b"{}"))(files)
    hashes = [tree.leaf_hash(entry) for entry in tiles.read_bundle(files["tile/entries/000"])]
    files["tile/0/000"] = b"".join(hashes)
    if above:
        files["tile/1/000.p/2"] = tree.Builder().extend(hashes)[-1][-32:] + files["tile/1/000.p/2"][32:]


def signed(*, size: int = SIZE, root: bytes | None = None, key: object = FIRST) -> Callable[[Files], None]:
    """A forger with a key of somebody's, who signs another checkpoint."""

    def forge(files: Files) -> None:
        found = checkpoint.open_checkpoint(files["checkpoint"], KEYS)[0]
        files["checkpoint"] = checkpoint.sign(size, root or found.root, key)  # type: ignore[arg-type]

    return forge


ENTRIES, TILE = "tile/entries/000", "tile/0/000"
TAMPERINGS: dict[str, tuple[Callable[[Files], object], str]] = {
    "flipped": (flip(ENTRIES, 400), "^entry `4` is not what was recorded: it was changed; tile `tile/0/000` says"),
    "changed": (
        bundle(ENTRIES, lambda e: e.__setitem__(5, b"{}")),
        "^entry `5` is not what was recorded: it was changed",
    ),
    "dropped": (bundle(ENTRIES, lambda e: e.pop(5)), "^entry `5` is missing: entry `6` stands in its place"),
    "first dropped": (bundle(ENTRIES, lambda e: e.pop(0)), "^entry `0` is missing: entry `1` stands in its place"),
    "last dropped": (bundle(ENTRIES, lambda e: e.pop()), "^entry `255` is missing: its bundle ends before it"),
    "swapped": (bundle(ENTRIES, lambda e: swap(e, 5, 30)), "^entry `5` is not what was recorded: entry `30` stands in"),
    "neighbours swapped": (
        bundle(ENTRIES, lambda e: swap(e, 5, 6)),
        "^entry `5` is not what .* entry `6` stands in its",
    ),
    "duplicated": (
        bundle(ENTRIES, lambda e: e.insert(5, e[5])),
        "^entry `6` is not .* entry `5` is there a second time",
    ),
    "copied over": (
        bundle(ENTRIES, lambda e: e.__setitem__(5, e[30])),
        "^entry `5` is not .* entry `30` stands in its",
    ),
    "truncated": (
        bundle("tile/entries/001", lambda e: e.__delitem__(slice(246, None))),
        "^entry `502` is missing: its bundle ends before it",
    ),
    "cut off within": (
        lambda files: files.update({"tile/entries/002.p/88": files["tile/entries/002.p/88"][:-3]}),
        "^entry `599` is missing: its bundle ends before it",
    ),
    "trailing bytes": (
        lambda files: files.update({ENTRIES: files[ENTRIES] + b"\0\0"}),
        "^bundle `tile/entries/000` has 2 bytes after its last entry, `255`",
    ),
    "one too many": (
        bundle("tile/entries/002.p/88", lambda e: e.append(b"{}")),
        "^bundle `tile/entries/002.p/88` has 4 bytes after its last entry, `599`",
    ),
    "bundle emptied": (lambda files: files.update({ENTRIES: b""}), "^entry `0` is missing: its bundle ends before it"),
    "bundles swapped": (
        lambda files: files.update({ENTRIES: files["tile/entries/001"], "tile/entries/001": files[ENTRIES]}),
        "^entry `0` is not what was recorded",
    ),
    "bundle missing": (
        lambda files: files.pop("tile/entries/001"),
        "^bundle `tile/entries/001` is missing, which stands for the entries `256` to `511`",
    ),
    "partial bundle missing": (
        lambda files: files.pop("tile/entries/002.p/88"),
        "^bundle `tile/entries/002.p/88` is missing, which stands for the entries `512` to `599`",
    ),
    "tile flipped": (flip(TILE, 7 * 32), "^tile `tile/0/000` is wrong: its hash 7 is not that of entry `7`"),
    "tile missing": (lambda files: files.pop("tile/0/001"), "^tile `tile/0/001` is missing, .* `256` to `511`"),
    "tile cut off": (
        lambda files: files.update({TILE: files[TILE][:-32]}),
        "^tile `tile/0/000` has 8160 bytes, expected 8192",
    ),
    "partial tile flipped": (
        flip("tile/0/002.p/88", 3 * 32),
        "^tile `tile/0/002.p/88` is wrong: its hash 3 is not that of entry `515`",
    ),
    "partial tile too long": (
        lambda files: files.update({"tile/0/002.p/88": files["tile/0/002.p/88"] + bytes(32)}),
        "^tile `tile/0/002.p/88` has 2848 bytes, expected 2816",
    ),
    "tile above flipped": (
        flip("tile/1/000.p/2", 40),
        "^tile `tile/1/000.p/2` is wrong: its hash 1 is not that of the entries `256` to `511`, which are as recorded",
    ),
    "tile above missing": (
        lambda files: files.pop("tile/1/000.p/2"),
        "^tile `tile/1/000.p/2` is missing, .* `0` to `511`",
    ),
    "entry changed with its tile": (
        lambda files: rewritten(files, above=False),
        "^one of the entries `0` to `255` is not what was recorded: it was changed with its tile",
    ),
    "entry changed with all tiles": (
        lambda files: rewritten(files, above=True),
        "^the 600 entries lead to the root [0-9a-f]{64}, but the checkpoint says [0-9a-f]{64}",
    ),
    "entry and tile flipped": (
        lambda files: (flip(ENTRIES, 400)(files), flip(TILE, 7 * 32)(files)),
        "^entry `4` is not what was recorded: it was changed; .*, and neither leads to what is above",
    ),
    "rolled back": (signed(size=512), "^the 512 entries lead to the root"),
    "made longer": (signed(size=601), "^bundle `tile/entries/002.p/89` is missing"),
    "root of another": (signed(root=bytes(32)), "but the checkpoint says 0{64}"),
    "checkpoint flipped": (flip("checkpoint", 16), "^the signature of `shop.example/1.[0-9a-f]{8}` does not hold"),
    "signature flipped": (flip("checkpoint", 150), "^the signature of `shop.example/1.[0-9a-f]{8}` does not hold"),
    "signed by a stranger": (
        signed(key=STRANGER),
        "^the checkpoint has the origin `other.example`, but the known keys are of `shop.example/1`",
    ),
    "signed by another key": (
        signed(key=SECOND),
        "^the checkpoint was signed by `shop.example/1.[0-9a-f]{8}`, and none of the keys that you gave leads to it",
    ),
    "checkpoint missing": (lambda files: files.pop("checkpoint"), "^`checkpoint` is missing"),
}


def test_a_true_tree_is_accepted(true: Files) -> None:
    """L13: by the key that the auditor had, by the tree's own, which is said, and beside any checkpoint kept."""
    told: list[tuple[int, int]] = []
    found = verify_tree(true.__getitem__, KEYS, progress=lambda *at: told.append(at))
    assert ("shop.example/1", SIZE, FIRST.verifier, "pinned", ()) == (found[0], found[1], *found[3:])
    assert [(256, SIZE), (512, SIZE), (SIZE, SIZE)] == told
    assert found._replace(trust="own") == verify_tree(true.__getitem__)
    entries = [e for path in sorted(true) if "entries" in path for e in tiles.read_bundle(true[path])]
    for size in (0, 1, 255, 256, 257, 300, 599, SIZE):
        assert found == verify_tree(true.__getitem__, KEYS, Kept(size, tree.root_of(entries[:size])))


@pytest.mark.parametrize("how", TAMPERINGS)
def test_what_was_done_to_a_tree_is_named(true: Files, how: str) -> None:
    """L13: the first entry, tile or signature that is wrong is named."""
    forge, message = TAMPERINGS[how]
    files = dict(true)
    forge(files)
    with pytest.raises(NotVerified, match=message):
        verify_tree(files.__getitem__, KEYS)


#: What of a tree is looked at: the words for people are not, and its own keys are not where the auditor has some.
LOOKED_AT = ["checkpoint", *(tile.path for tile in (*tiles.of_size(512), *tiles.of_size(SIZE)) if tile.level != 1)]
LOOKED_AT += ["tile/1/000.p/2"]


@given(st.sampled_from(LOOKED_AT), st.integers(0, 1 << 20), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_no_byte_of_a_tree_can_change(true: Files, path: str, at: int, change: int) -> None:
    """L13: a byte of the checkpoint, of a bundle or of a tile is never changed unseen."""
    files, data = dict(true), bytearray(true[path])
    data[at % len(data)] ^= change
    files[path] = bytes(data)
    with pytest.raises(NotVerified):
        verify_tree(files.__getitem__, KEYS)


@given(st.sampled_from(LOOKED_AT), st.sampled_from(LOOKED_AT), st.integers(0, 1 << 20), st.integers(0, 64))
@settings(max_examples=200, deadline=None)
def test_no_file_of_a_tree_can_be_another(true: Files, path: str, other: str, at: int, cut: int) -> None:
    """L13: nor is a file put in another's place, or bytes cut out of it or put into it."""
    data = true[path]
    at %= len(data)
    forgeries = [data[:at], data[:at] + data[at + cut + 1 :], data[:at] + data[at : at + cut] + data[at:], true[other]]
    for forged in forgeries:
        if forged != data:
            with pytest.raises(NotVerified):
                verify_tree({**true, path: forged}.__getitem__, KEYS)


def test_what_is_not_looked_at_changes_nothing(true: Files) -> None:
    """L13: the words for people, stale partial tiles, and the tree's own keys where the auditor has them."""
    changed = {
        **true,
        "README.txt": b"",
        "keys": b"\xff",
        "handover/00000000": b"",
        "tile/0/002.p/3": b"",
        "tile/9/000": b"",
    }
    assert verify_tree(true.__getitem__, KEYS) == verify_tree(changed.__getitem__, KEYS)
    for keys, message in (
        (b"\xff", "not text"),
        (b"", "the known keys are of none"),
        (b"x+y+z\n", "not an Ed25519 key"),
    ):
        with pytest.raises(NotVerified, match=message):
            verify_tree({**true, "keys": keys}.__getitem__)


def test_a_partial_file_that_is_gone_is_read_from_the_full_one(tmp_path: Path) -> None:
    """L25: whoever has the checkpoint from before the log grew still verifies it."""
    connection = new_log()
    grow(connection, map(plain, range(300)))
    write(connection, tmp_path, FIRST)
    before = (tmp_path / "checkpoint").read_bytes()
    grow(connection, map(plain, range(300, 900)))
    write(connection, tmp_path, FIRST)
    files = {**files_of(tmp_path), "checkpoint": before}
    assert "tile/0/001.p/44" not in files
    assert 300 == verify_tree(files.__getitem__, KEYS).size
    flip("tile/entries/001", 400)(files)
    with pytest.raises(NotVerified, match=r"^entry `261` is not what was recorded"):
        verify_tree(files.__getitem__, KEYS)


def test_a_log_that_turned_back_or_parted_is_named(tmp_path: Path, true: Files) -> None:
    """L18: against a checkpoint that the auditor kept, a log that is shorter, or another, fails in those words."""
    shorter, other = new_log(), new_log()
    grow(shorter, [named(FIRST, None), *map(plain, range(1, 300))])
    grow(other, [named(FIRST, None), *map(plain, [*range(1, 300), 7, *range(301, 700)])])
    write(shorter, tmp_path / "shorter", FIRST)
    write(other, tmp_path / "other", FIRST)
    note = true["checkpoint"]
    kept = Kept(*checkpoint.open_checkpoint(note, KEYS)[0][1:3], note)
    assert SIZE == verify_tree(true.__getitem__, KEYS, kept).size
    with pytest.raises(NotVerified, match=r"^entry `300` is missing: the log was rolled back to 300 entries"):
        verify_tree(files_of(tmp_path / "shorter").__getitem__, KEYS, kept)
    with pytest.raises(NotVerified, match=r"^one of the entries before `600` is not .* the log was forked"):
        verify_tree(files_of(tmp_path / "other").__getitem__, KEYS, kept)
    assert 700 == verify_tree(files_of(tmp_path / "other").__getitem__, KEYS).size
    forged = Kept(kept.size, kept.root, note.replace(b"\n600\n", b"\n500\n"))
    with pytest.raises(NotVerified, match="signature of"):
        verify_tree(true.__getitem__, KEYS, forged)
    with pytest.raises(NotVerified, match=r"you kept is of the log `other.example`, this one is `shop.example/1`"):
        verify_tree(true.__getitem__, KEYS, Kept(1, bytes(32), checkpoint.sign(1, bytes(32), STRANGER)))


def test_a_tall_tree_is_verified_in_little_memory(tmp_path: Path) -> None:
    """L13: 66,000 entries take less than 2 MB; a wrong tile above 65,536 of them is named."""
    connection = new_log()
    grow(connection, map(plain, range(66_000)))
    write(connection, tmp_path, FIRST)
    tracemalloc.start()
    verify_tree(Folder(tmp_path), KEYS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20
    files = files_of(tmp_path)
    wrong = dict(files)
    flip("tile/1/000", 33 * 32)(wrong)
    with pytest.raises(
        NotVerified, match=r"^tile `tile/1/000` is wrong: its hash 33 is not that of the entries `8448` to"
    ):
        verify_tree(wrong.__getitem__, KEYS)
    wrong = dict(files)
    flip("tile/entries/033", 400)(wrong)
    with pytest.raises(NotVerified, match=r"^entry `84\d\d` is not what was recorded: it was changed"):
        verify_tree(wrong.__getitem__, KEYS)
    wrong = dict(files)
    flip("tile/2/000.p/1", 0)(wrong)
    with pytest.raises(NotVerified, match=r"^tile `tile/2/000.p/1` is wrong: its hash 0 .* the entries `0` to `65535`"):
        verify_tree(wrong.__getitem__, KEYS)


def test_the_verifiers_load_nothing_of_the_writer() -> None:
    """L14: whoever verifies a tree or a proof runs none of the code that writes, nor a database."""
    code = (
        "import sys, bailee.ledger.verify_tree, bailee.ledger.verify_proof, bailee.ledger.verify_source\n"
        "print(*sorted(n for n in sys.modules if n.startswith(('bailee.', 'sqlalchemy'))))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in ran.stdout.split() if not name.startswith("bailee.ledger.verify")}
    assert {"bailee.errors", "bailee.ledger"} == loaded
