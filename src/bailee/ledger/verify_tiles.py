"""The files of a static log as its verifier reads them; shares no code with what writes them.

Format: C2SP tlog-tiles. Raises `NotVerified`, which names the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from bailee.errors import NotVerified

WIDTH = 256
HASH_BYTES = 32

#: Gives the bytes of a file of the log by its path, with `/`. LookupError: there is none; NotVerified: unreadable.
Read = Callable[[str], bytes]


class Place(NamedTuple):
    """Which tile (level 0 upward) or bundle (level None): its number from 0 and how many hashes or entries it holds."""

    level: int | None
    number: int
    width: int

    @property
    def path(self) -> str:
        """The file's path."""
        rest, last = divmod(self.number, 1000)
        path = f"{last:03d}"
        while rest:
            rest, part = divmod(rest, 1000)
            path = f"x{part:03d}/{path}"
        path = f"tile/{'entries' if self.level is None else self.level}/{path}"
        return path if self.width == WIDTH else f"{path}.p/{self.width}"

    @property
    def whole(self) -> Place:
        """The full file in this one's place."""
        return Place(self.level, self.number, WIDTH)

    def entries(self, at: int) -> tuple[int, int]:
        """The first and the last entry that hash number `at` of this tile stands for."""
        each = WIDTH ** (self.level or 0)
        first = (self.number * WIDTH + at) * each
        return first, first + each - 1


def must_read(read: Read, path: str, what: str) -> bytes:
    """Return a file's bytes; NotVerified where it is missing."""
    try:
        return read(path)
    except LookupError:
        raise NotVerified(f"`{path}` is missing, {what}") from None


def must_have(read: Read, place: Place) -> bytes:
    """Return the bytes of a tile or bundle; where a partial one is gone, the beginning of the full one.

    NotVerified where both are missing, or where a tile does not have its size.
    """
    data = _tile_or_bundle(read, place)
    if place.level is not None and len(data) != place.width * HASH_BYTES:
        raise NotVerified(f"tile `{place.path}` has {len(data)} bytes, expected {place.width * HASH_BYTES}")
    return data


def _tile_or_bundle(read: Read, place: Place) -> bytes:
    try:
        return read(place.path)
    except LookupError:
        pass
    first, last = place.entries(0)[0], place.entries(place.width - 1)[1]
    what = "bundle" if place.level is None else "tile"
    missing = NotVerified(f"{what} `{place.path}` is missing, which stands for the entries `{first}` to `{last}`")
    if place.width == WIDTH:
        raise missing
    try:
        data = read(place.whole.path)
    except LookupError:
        raise missing from None
    if place.level is not None:
        return data[: place.width * HASH_BYTES]
    return data[: sum(2 + len(entry) for entry in entries_of(data, place.width)[0])]


def entries_of(data: bytes, width: int) -> tuple[list[bytes], int]:
    """Return the first `width` entries of a bundle, fewer where it ends before, and how many bytes come after them."""
    entries: list[bytes] = []
    size = len(data)
    at, start, add = 0, 2, entries.append
    for _ in range(width):
        if start > size:
            break
        end = start + (data[at] << 8 | data[at + 1])
        if end > size:
            break
        add(data[start:end])
        at, start = end, end + 2
    return entries, size - at


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over nodes of one height, of which the last may be lower; at least one (RFC 9162, 2.1.1)."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        above = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
        if len(hashes) & 1:
            above.append(hashes[-1])
        hashes = above
    return hashes[0]
