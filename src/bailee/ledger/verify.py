"""Checks proofs and whole logs; shares no code with the writer, so that a fault of the one is seen by the other.

Takes plain bytes and numbers. Everything here follows RFC 9162 section 2.1 as a stranger would read it.
Raises `NotVerified`, which names the entry, and returns nothing where all is well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from bailee.errors import NotVerified

_HASH_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"


def verify_inclusion(leaf: bytes, position: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` is entry `position` of the log of `size` entries with this root.

    `path` is leaf to root, 32 bytes each. Raises NotVerified, naming the entry. Source: RFC 9162, 2.1.3.2.
    """
    if not 0 <= position < size:
        raise NotVerified(f"there is no entry `{position}` in a log of {size} entries")
    _whole_hashes(f"the inclusion proof of entry `{position}`", path)
    index, last = position, size - 1
    found = _hash(_LEAF + leaf)
    for beside in path:
        if last == 0:
            raise NotVerified(f"the inclusion proof of entry `{position}` is too long for a log of {size} entries")
        if index & 1 or index == last:
            found = _hash(_NODE + beside + found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = _hash(_NODE + found + beside)
        index, last = index >> 1, last >> 1
    if last != 0:
        raise NotVerified(f"the inclusion proof of entry `{position}` is too short for a log of {size} entries")
    if found != root:
        raise NotVerified(f"entry `{position}` is not in the log of {size} entries with root {root.hex()}")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Check that the log of `new_size` entries begins with the log of `old_size` entries.

    A log of no entries begins every log, by an empty path. Raises NotVerified. Source: RFC 9162, 2.1.4.2.
    """
    claim = f"that the log of {new_size} entries begins with the first `{old_size}`"
    if not 0 <= old_size <= new_size:
        raise NotVerified(f"the proof {claim} cannot hold: a log never shrinks")
    _whole_hashes(f"the proof {claim}", path)
    if old_size in (0, new_size):
        same = old_root == (hashlib.sha256(b"").digest() if old_size == 0 else new_root)
        if path or not same:
            raise NotVerified(f"the proof {claim} does not hold: the roots of equal logs differ")
        return
    if _consistent_roots(old_size, old_root, new_size, path) != (old_root, new_root):
        raise NotVerified(
            f"the proof {claim} does not hold: an entry before `{old_size}` was changed, or a root is wrong"
        )


def _consistent_roots(
    old_size: int, old_root: bytes, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """Return the old and new roots that the path leads to, or None where its length is wrong."""
    steps = list(path)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    index, last = old_size - 1, new_size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if not steps:
        return None
    old = new = steps[0]
    for beside in steps[1:]:
        if last == 0:
            return None
        if index & 1 or index == last:
            old, new = _hash(_NODE + beside + old), _hash(_NODE + beside + new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = _hash(_NODE + new + beside)
        index, last = index >> 1, last >> 1
    return (old, new) if last == 0 else None


class Recount:
    """The tree of a log worked out again from its leaves, one after another; holds no more than 64 hashes."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaves: Iterable[bytes]) -> Iterator[list[bytes]]:
        """Take leaves in order; give for each its own hash and those of the complete nodes it ends, from level 0 up."""
        peaks, sha256 = self._peaks, hashlib.sha256
        for leaf in leaves:
            found = sha256(b"\x00" + leaf).digest()
            ended, index = [found], self.size
            while index & 1:
                found = sha256(b"\x01" + peaks.pop() + found).digest()
                ended.append(found)
                index >>= 1
            peaks.append(found)
            self.size += 1
            yield ended

    @property
    def peaks(self) -> bytes:
        """The hashes of the complete nodes that the leaves so far fall into, largest first, one after another."""
        return b"".join(self._peaks)

    def root(self) -> bytes:
        """Return the root over the leaves so far."""
        if not self._peaks:
            return _hash(b"")
        found = self._peaks[-1]
        for left in reversed(self._peaks[:-1]):
            found = _hash(_NODE + left + found)
        return found


def verify_leaves(leaves: Iterable[bytes], size: int, root: bytes) -> None:
    """Check that these are all the leaves of the log of `size` entries with this root, in memory that does not grow.

    Raises NotVerified: the root alone cannot say which entry was changed, only which is missing or too many.
    """
    recount = Recount()
    for _ in recount.add(leaves):
        if recount.size > size:
            raise NotVerified(f"entry `{size}` is one too many: the log has {size} entries")
    if recount.size != size:
        raise NotVerified(f"entry `{recount.size}` is missing: the log has {size} entries")
    if recount.root() != root:
        raise NotVerified(
            f"the entries `0` to `{size - 1}` do not lead to the root {root.hex()}: some entry was changed"
        )


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _whole_hashes(what: str, path: Sequence[bytes]) -> None:
    for step, found in enumerate(path):
        if len(found) != _HASH_BYTES:
            raise NotVerified(f"{what} is malformed: step {step} has {len(found)} bytes, expected {_HASH_BYTES}")
