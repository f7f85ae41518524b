"""The tree of a static log worked out from its entries, and every tile compared with it.

A bundle of 256 entries and one tile a level are in memory at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from bailee.errors import NotVerified
from bailee.ledger.verify_blame import Leads, compare
from bailee.ledger.verify_note import Checkpoint
from bailee.ledger.verify_tiles import WIDTH, Place, Read, entries_of, fold, must_have

#: Reads many files in order, some of them at once; None where there is none.
Ahead = Callable[[Iterable[str]], Iterator[bytes | None]]
#: Told how many entries are checked and how many there are.
Progress = Callable[[int, int], None]

_MOST_KEYS = 100_000
_NEW_KEY = b'"kind":"signing_key"'


class Kept(NamedTuple):
    """A checkpoint that somebody kept from before; `note` are its signed bytes, where they were kept too."""

    size: int
    root: bytes
    note: bytes | None = None


class Count:
    """The tree worked out from the entries, and every tile compared with it."""

    def __init__(self, read: Read, claimed: Checkpoint, kept: Kept | None, marks: Iterable[int]) -> None:
        self._read = read
        self._claimed = claimed
        self._kept = kept
        self._marks = {*marks, kept.size} if kept else set(marks)
        #: By level: the hashes of the tile that is being filled, and how many tiles were full before it.
        self._levels: list[list[bytes]] = [[]]
        self._full = [0]
        #: The root at each size that somebody asked for.
        self.roots: dict[int, bytes] = {}
        #: Entries that name a signing key: position, the key, the one before it, in hex.
        self.keys: list[tuple[int, str, str]] = []

    def run(self, progress: Progress | None, ahead: Ahead | None) -> None:
        """Go through all entries; NotVerified names the first entry or tile that is wrong."""
        size = self._claimed.size
        self._mark(0, [])
        for start, data, stored in self._files(size, ahead):
            width = min(WIDTH, size - start)
            entries, rest = entries_of(data, width)
            hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
            self._compare(0, hashes, stored, width)
            if rest:
                path = Place(None, start // WIDTH, width).path
                raise NotVerified(f"bundle `{path}` has {rest} bytes after its last entry, `{start + width - 1}`")
            if _NEW_KEY in data:
                self.keys += _keys_named(start, entries)
                if len(self.keys) > _MOST_KEYS:
                    raise NotVerified(f"the log names more than {_MOST_KEYS} signing keys, which no true log does")
            self._mark(start, hashes)
            self._levels[0] = hashes
            if width == WIDTH:
                self._carry(0)
            if progress:
                progress(start + width, size)
        self._finish()

    def _files(self, size: int, ahead: Ahead | None) -> Iterator[tuple[int, bytes, bytes]]:
        """Give the first position, the bundle and the tile of each 256 entries."""

        def places() -> Iterator[Place]:
            for start in range(0, size, WIDTH):
                width = min(WIDTH, size - start)
                yield from (Place(None, start // WIDTH, width), Place(0, start // WIDTH, width))

        if ahead is None:
            found = (must_have(self._read, place) for place in places())
        else:
            found = (
                must_have(self._reading(data), place)
                for data, place in zip(ahead(place.path for place in places()), places(), strict=True)
            )
        yield from zip(range(0, size, WIDTH), found, found, strict=False)

    def _reading(self, data: bytes | None) -> Read:
        return self._read if data is None else lambda _: data

    def _compare(self, level: int, found: Sequence[bytes], stored: bytes, width: int) -> None:
        place = Place(level, self._full[level], width)
        compare(place, found, stored, self._leads(place))

    def _leads(self, place: Place) -> Leads:
        """What says of hashes in the place of a tile whether they lead to the tile above, or to the root."""

        def leads(hashes: Sequence[bytes]) -> bool | None:
            if place.width < WIDTH:
                return self._root(place.level or 0, hashes) == self._claimed.root
            level, index = (place.level or 0) + 1, place.number
            width = min(WIDTH, self._claimed.size // WIDTH**level - index // WIDTH * WIDTH)
            try:
                above = must_have(self._read, Place(level, index // WIDTH, width))
            except NotVerified:
                return None
            at = index % WIDTH * 32
            return len(hashes) == WIDTH and fold(hashes) == above[at : at + 32]

        return leads

    def _root(self, level: int, hashes: Sequence[bytes]) -> bytes:
        """Return the root where the tile that is being filled at a level holds these hashes."""
        right: list[bytes] = []
        for each, held in enumerate(self._levels):
            nodes = [*(hashes if each == level else held), *right]
            right = [fold(nodes)] if nodes else []
        return right[0] if right else sha256(b"").digest()

    def _mark(self, start: int, hashes: Sequence[bytes]) -> None:
        """Keep the roots at the sizes asked for that these entries reach, and hold them against what was kept."""
        for size in [size for size in self._marks if start < size <= start + len(hashes) or size == start == 0]:
            self.roots[size] = found = self._root(0, hashes[: size - start])
            if self._kept and self._kept.size == size and self._kept.root != found:
                raise NotVerified(
                    f"one of the entries before `{size}` is not what the checkpoint that you kept counted: the log was "
                    "forked"
                )

    def _carry(self, level: int) -> None:
        """Take a full tile's root to the level above, and compare the tile there where that filled it."""
        above = fold(self._levels[level])
        self._levels[level] = []
        self._full[level] += 1
        if len(self._levels) == level + 1:
            self._levels.append([])
            self._full.append(0)
        held = self._levels[level + 1]
        held.append(above)
        if len(held) == WIDTH:
            self._compare_with_stored(level + 1)
            self._carry(level + 1)

    def _compare_with_stored(self, level: int) -> None:
        held = self._levels[level]
        stored = must_have(self._read, Place(level, self._full[level], len(held)))
        self._compare(level, held, stored, len(held))

    def _finish(self) -> None:
        """Compare the partial tiles above the entries, and the root."""
        for level in range(1, len(self._levels)):
            if self._levels[level]:
                self._compare_with_stored(level)
        found = self._root(0, self._levels[0])
        if found != self._claimed.root:
            raise NotVerified(
                f"the {self._claimed.size} entries lead to the root {found.hex()}, but the checkpoint says "
                f"{self._claimed.root.hex()}: entries were rewritten with their tiles, or the checkpoint was changed"
            )


def _keys_named(start: int, entries: Sequence[bytes]) -> Iterator[tuple[int, str, str]]:
    for position, entry in enumerate(entries, start):
        if _NEW_KEY not in entry:
            continue
        try:
            fields = json.loads(entry)
        except (ValueError, RecursionError):
            continue
        if isinstance(fields, dict) and fields.get("kind") == "signing_key":
            yield position, str(fields.get("key")), str(fields.get("previous"))
