"""Checks a log that is served as files: every entry, every tile, the root, and who signed it.

Reads the files of C2SP tlog-tiles through a function, a bundle of 256 entries at a time, and shares no code with what
wrote them. Raises `NotVerified`, which names the first entry, tile or signature that is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bailee.errors import NotVerified
from bailee.ledger.verify_count import Ahead, Count, Kept, Progress
from bailee.ledger.verify_keys import followed, handed_over, signer
from bailee.ledger.verify_note import Verifier, read_checkpoint, read_vkeys, split_note
from bailee.ledger.verify_tiles import Read, must_read

__all__ = ["Ahead", "Kept", "Progress", "Read", "Trust", "Verified", "verify_tree"]

#: How the key that signed is known: it was `pinned` by whoever checks; a pinned one led to it by entries of the log
#: that checkpoints of the older key cover (`followed`); or the log itself named it (`own`), which proves nothing of who
#: made the log.
Trust = Literal["pinned", "followed", "own"]


class Verified(NamedTuple):
    """What holds: the log's name, size and root, the key that signed it, and how that key is known.

    `through` are the entries by which a pinned key led to it, none unless `trust` is `followed`.
    """

    origin: str
    size: int
    root: bytes
    key: Verifier
    trust: Trust
    through: tuple[int, ...] = ()


def verify_tree(
    read: Read,
    keys: Sequence[Verifier] = (),
    kept: Kept | None = None,
    progress: Progress | None = None,
    *,
    ahead: Ahead | None = None,
) -> Verified:
    """Check a whole log by its files, in memory that does not grow with it; return what holds.

    `read` gives a file's bytes and raises LookupError where there is none. `keys` are those that whoever checks had
    from elsewhere; without any, the keys that the log itself names are taken. The log must begin with `kept`.
    `ahead` reads the bundles and tiles where it is quicker to ask for several at once.

    Raises NotVerified, naming what is wrong first. Source: RFC 9162, 2.1; C2SP tlog-tiles, tlog-checkpoint.
    """
    note = must_read(read, "checkpoint", "the checkpoint of the log")
    known = list(keys) or read_vkeys(must_read(read, "keys", "the list of the log's keys"))
    claimed = read_checkpoint(split_note(note)[0])
    signed = signer(note, claimed.origin, known)
    if kept:
        _must_reach(claimed.origin, claimed.size, kept, known)
    handed = [] if signed else [*handed_over(read), *([kept.note] if kept and kept.note else [])]
    count = Count(read, claimed, kept, {read_checkpoint(split_note(each)[0]).size for each in handed})
    count.run(progress, ahead)
    if signed:
        return Verified(claimed.origin, claimed.size, claimed.root, signed, "pinned" if keys else "own")
    key, through = followed(note, claimed.origin, known, handed, count)
    return Verified(claimed.origin, claimed.size, claimed.root, key, "followed", through)


def _must_reach(origin: str, size: int, kept: Kept, known: Sequence[Verifier]) -> None:
    """Refuse a log that is another than the kept checkpoint's, or shorter."""
    if kept.note:
        found = read_checkpoint(split_note(kept.note)[0])
        if found.origin != origin:
            raise NotVerified(f"the checkpoint that you kept is of the log `{found.origin}`, this one is `{origin}`")
        signer(kept.note, origin, known)
    if kept.size > size:
        raise NotVerified(
            f"entry `{size}` is missing: the log was rolled back to {size} entries, and the checkpoint that you kept "
            f"counts {kept.size}"
        )
