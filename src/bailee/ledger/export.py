"""Writes a log as a tree of files that any web server can give out, and that anybody can verify.

Format: C2SP tlog-tiles, tlog-checkpoint; beside them `keys` (verifier keys, the current one first) and, where the
signing key was changed, `handover/<id>`: the last checkpoint that the key with this id signed.

Every file is written beside and renamed, and the checkpoint comes last, so that whatever happens, what the folder's
checkpoint counts is there. What an earlier checkpoint counted is not written again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from bailee.errors import NotVerified, WorkspaceError
from bailee.ledger import log, tiles, tree
from bailee.ledger.note import Verifier, read_vkey
from bailee.ledger.static import Static
from bailee.ledger.tiles import WIDTH, Tile
from bailee.ledger.values import Head
from bailee.ledger.verify import verify_consistency
from bailee.ledger.verify_note import Checkpoint, open_checkpoint, read_checkpoint, split_note

#: Told how many entries are written and how many there are.
Progress = Callable[[int, int], None]

_READ = 16 * WIDTH
_README = """\
This folder is the ledger of `{origin}`: an append-only log of every use of customers' data, every refusal and every
choice. No entry says anything about a person; a customer's own proofs open what concerns them.

  checkpoint     how many entries there are and the root over them, signed (https://c2sp.org/tlog-checkpoint)
  tile/          the entries and the Merkle tree over them (https://c2sp.org/tlog-tiles)
  keys           the public keys of the log, the current one first (https://c2sp.org/signed-note)
  handover/      where the key was changed: the last checkpoint that each older key signed

To verify all of it:

  bailee ledger verify FOLDER-OR-URL --key KEY

KEY is a line of `keys`, had from somewhere that whoever serves this folder cannot change. Keep each checkpoint that
you verified, and give it with `--from` the next time: what it counted can then never be rewritten unseen.
"""


class Exported(NamedTuple):
    """What was written: the head, its signed checkpoint, and how many entries the folder had before."""

    head: Head
    checkpoint: bytes
    before: int


def export(
    connection: Connection,
    folder: Path,
    sign: Callable[[Head], bytes],
    keys: Sequence[str],
    *,
    handovers: Sequence[bytes] = (),
    progress: Progress | None = None,
) -> Exported:
    """Write the log of a connection into a folder, which is made, or holds an earlier state of the same log.

    `sign` makes the signed checkpoint of a head. `keys` are the log's verifier keys, the current one first, and
    `handovers` signed checkpoints of the older ones. The connection is to read one snapshot.

    Raises WorkspaceError where the folder holds something else, another log, or a later or other state of this one, or
    cannot be written; NotVerified where the log's own nodes do not lead to its head.
    """
    known = [read_vkey(key) for key in keys]
    with Static(folder) as static:
        head = log.head(connection)
        before = _before(connection, static, known, head)
        static.put("keys", "".join(f"{key.vkey}\n" for key in known).encode())
        static.put("README.txt", _README.format(origin=known[0].name).encode())
        for path, note in _handovers(handovers, known[1:]).items():
            static.put(path, note)
        _write(connection, static, before.size if before else 0, head, progress)
        checkpoint = sign(head)
        open_checkpoint(checkpoint, known)
        static.seal("checkpoint", checkpoint)
    return Exported(head, checkpoint, before.size if before else 0)


def _before(connection: Connection, static: Static, known: Sequence[Verifier], head: Head) -> Checkpoint | None:
    """Return what the folder's checkpoint says; WorkspaceError where the folder is not an earlier state of this log."""
    origin = known[0].name
    note, keys = static.get("checkpoint"), static.get("keys")
    if note is None:
        if keys is not None and not keys.startswith(f"{origin}+".encode()):
            raise WorkspaceError(f"`{static.folder}` holds the tree of another log; name another folder")
        return None
    try:
        found = read_checkpoint(split_note(note)[0])
        if found.origin == origin:
            open_checkpoint(note, known)
    except NotVerified as error:
        raise WorkspaceError(f"the checkpoint in `{static.folder}` is damaged ({error}); name another folder") from None
    if found.origin != origin:
        raise WorkspaceError(f"`{static.folder}` holds the tree of the log `{found.origin}`; name another folder")
    if found.size > head.size:
        raise WorkspaceError(
            f"the tree in `{static.folder}` has {found.size} entries and this ledger only {head.size}: the ledger was "
            "rolled back, as by an old backup; keep that tree, and name another folder"
        )
    try:
        path = log.prove_consistency(connection, found.size, head.size).path
        verify_consistency(found.size, found.root, head.size, head.root, path)
    except NotVerified:
        raise WorkspaceError(
            f"this ledger does not begin with the {found.size} entries of the tree in `{static.folder}`: one of them "
            "was rewritten; keep that tree, and name another folder"
        ) from None
    return found


def _handovers(notes: Sequence[bytes], older: Sequence[Verifier]) -> dict[str, bytes]:
    """Return the handover file of each older key: of the checkpoints that it signed, the last."""
    found: dict[str, tuple[int, bytes]] = {}
    for note in notes:
        text, lines = split_note(note)
        size = read_checkpoint(text).size
        for key in older:
            path = f"handover/{key.id.hex()}"
            if any((line.name, line.id) == (key.name, key.id) for line in lines) and size >= found.get(path, (0,))[0]:
                found[path] = (size, note)
    return {path: note for path, (_, note) in found.items()}


def _write(connection: Connection, static: Static, before: int, head: Head, progress: Progress | None) -> None:
    """Write the bundles and tiles from the one in which the earlier state ended."""
    start = before // WIDTH * WIDTH
    builder = tree.Builder(start, _edge(connection, start))
    levels = _Levels(connection, static, start)
    for at in range(start, head.size, _READ):
        leaves = log.leaves_at(connection, at, min(at + _READ, head.size))
        ended = builder.extend([tree.leaf_hash(leaf) for leaf in leaves])
        for first in range(0, len(leaves), WIDTH):
            some = leaves[first : first + WIDTH]
            static.put_tile(Tile(None, (at + first) // WIDTH, len(some)), tiles.bundle(some))
            levels.add(ended[first : first + WIDTH])
        if progress:
            progress(at + len(leaves), head.size)
    levels.finish()
    if builder.root != head.root:
        raise NotVerified("the entries of the ledger do not lead to its head; run `bailee ledger verify`")


def _edge(connection: Connection, size: int) -> bytes:
    """Return the complete nodes that `size` entries fall into, largest first, joined."""
    wanted, at = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            wanted.append((level, at >> level))
            at += 1 << level
    found = log.nodes(connection, wanted)
    return b"".join(found[node] for node in wanted)


class _Levels:
    """The tiles that are being filled, one a level."""

    def __init__(self, connection: Connection, static: Static, start: int) -> None:
        self._static = static
        self._held: list[list[bytes]] = [[]]
        self._full = [start // WIDTH]
        height = 8
        while start >> height:
            count = start >> height
            wanted = [(height, at) for at in range(count // WIDTH * WIDTH, count)]
            found = log.nodes(connection, wanted)
            self._held.append([found[node] for node in wanted])
            self._full.append(count // WIDTH)
            height += 8

    def add(self, ended: Sequence[bytes]) -> None:
        """Take the hashes of up to 256 entries, each followed by those of the nodes that it ends."""
        self._static.put_tile(
            Tile(0, self._full[0], len(ended)), b"".join([hashes[: tree.HASH_BYTES] for hashes in ended])
        )
        if len(ended) < WIDTH:
            return
        self._full[0] += 1
        for level in range(1, (len(ended[-1]) // tree.HASH_BYTES - 1) // 8 + 1):
            self._take(level, ended[-1][8 * level * tree.HASH_BYTES :][: tree.HASH_BYTES])

    def _take(self, level: int, found: bytes) -> None:
        if len(self._held) == level:
            self._held.append([])
            self._full.append(0)
        self._held[level].append(found)
        if len(self._held[level]) == WIDTH:
            self._static.put_tile(Tile(level, self._full[level]), b"".join(self._held[level]))
            self._held[level] = []
            self._full[level] += 1

    def finish(self) -> None:
        """Write the partial tiles above the entries."""
        for level, held in enumerate(self._held):
            if held:
                self._static.put_tile(Tile(level, self._full[level], len(held)), b"".join(held))
