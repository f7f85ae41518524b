"""Carrying a ledger past a restore: what was recorded since the backup stays recorded, so that kept checkpoints hold.

Only leaves can be carried: the private records that they commit to were not in the backup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from bailee.errors import NotVerified
from bailee.ledger import leaves, log, tree
from bailee.ledger.values import Head
from bailee.ledger.verify_count import Kept
from bailee.ledger.verify_note import Verifier, read_checkpoint, split_note
from bailee.ledger.verify_source import Folder
from bailee.ledger.verify_tiles import WIDTH, Place, entries_of, must_have, must_read
from bailee.ledger.verify_tree import verify_tree

_BATCH = 4_096
_SEQUENCES = ("sequence", "standing_sequence")


class Other(NamedTuple):
    """Another state of the log that a backup has: what it is called, its size, and what it holds.

    `begins` raises NotVerified unless it begins with a head; `leaves` gives its entries from one on.
    """

    name: str
    size: int
    root: bytes
    begins: Callable[[Head], None]
    leaves: Callable[[int], Iterator[list[bytes]]]


def of_database(connection: Connection, name: str) -> Other:
    """The log of a store, verified whole."""
    head = log.verify_log(connection)

    def begins(known: Head) -> None:
        if tree.root(known.size, lambda wanted: log.nodes(connection, wanted)) != known.root:
            raise NotVerified(f"the ledger of `{name}` does not begin with the backup's {known.size} entries")

    def since(start: int) -> Iterator[list[bytes]]:
        for at in range(start, head.size, _BATCH):
            yield log.leaves_at(connection, at, min(at + _BATCH, head.size))

    return Other(name, head.size, head.root, begins, since)


def of_export(folder: Path, keys: Sequence[Verifier] = ()) -> Other:
    """The log of an exported tree, signed by one of the keys if any are known; verified whole by `begins`."""
    read = Folder(folder)
    note = must_read(read, "checkpoint", f"the checkpoint of `{folder}`")
    claimed = read_checkpoint(split_note(note)[0])

    def begins(known: Head) -> None:
        verify_tree(read, keys, kept=Kept(known.size, known.root))

    def since(start: int) -> Iterator[list[bytes]]:
        for first in range(start // WIDTH * WIDTH, claimed.size, WIDTH):
            width = min(WIDTH, claimed.size - first)
            entries, _ = entries_of(must_have(read, Place(None, first // WIDTH, width)), width)
            yield entries[max(start - first, 0) :]

    return Other(str(folder), claimed.size, claimed.root, begins, since)


def continues(connection: Connection, other: Other) -> int:
    """How many entries another state of a store's log has beyond it; NotVerified where neither begins the other."""
    ours = log.head(connection)
    if other.size >= ours.size:
        other.begins(ours)
        return other.size - ours.size
    if tree.root(other.size, lambda wanted: log.nodes(connection, wanted)) != other.root:
        raise NotVerified(f"the backup's ledger does not begin with the {other.size} entries of `{other.name}`")
    return 0


def carry(connection: Connection, other: Other) -> int:
    """Append what another state has beyond a store's log, in the caller's write transaction.

    Returns the highest sequence that the entries name, so that none is given twice.
    """
    highest = 0
    for some in other.leaves(log.head(connection).size):
        for leaf in some:
            fields = leaves.read(leaf)
            highest = max([highest, *(value for name in _SEQUENCES if isinstance(value := fields.get(name), int))])
        log.carry(connection, some)
    head = log.head(connection)
    if (head.size, head.root) != (other.size, other.root):
        raise NotVerified(f"the entries of `{other.name}` do not lead to its root; nothing was restored")
    return highest
