"""Tiles and entry bundles: the files of a static log. Format: C2SP tlog-tiles.

A tile at level 0 holds the hashes of 256 leaves, one at level 1 and above those of 256 full tiles beneath it; a bundle
holds 256 leaves. The last one of a level may be partial, and is named for its width.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from bailee.errors import NotVerified, RecordError

WIDTH = 256
HASH_BYTES = 32
LONGEST_ENTRY = 65_535
_HIGHEST = 63
_PATH = re.compile(r"tile/(0|[1-9]\d?|entries)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


class Tile(NamedTuple):
    """Which file: its level, or None for a bundle of entries, its number from 0, and how many it holds."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The file's path under the log's folder, with `/`, as `tile/0/x001/x234/067.p/8`."""
        digits = str(self.number)
        groups = [digits[max(0, end - 3) : end] for end in range(len(digits), 0, -3)][::-1]
        named = "/".join([*(f"x{group:0>3}" for group in groups[:-1]), f"{groups[-1]:0>3}"])
        within = "entries" if self.level is None else str(self.level)
        return f"tile/{within}/{named}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @property
    def full(self) -> Tile:
        """The full file in this one's place."""
        return Tile(self.level, self.number)


def read_path(path: str) -> Tile | None:
    """Return which file a path names; None where it names none."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = None if found[1] == "entries" else int(found[1])
    groups = found[2].replace("x", "").split("/")
    width = int(found[3]) if found[3] else WIDTH
    if (level or 0) > _HIGHEST or (found[3] and width >= WIDTH) or (len(groups) > 1 and groups[0] == "000"):
        return None
    return Tile(level, int("".join(groups)), width)


def bundle(leaves: Iterable[bytes]) -> bytes:
    """Return leaves as the bytes of a bundle: each after its length in 16 bits; RecordError for one too long."""
    parts: list[bytes] = []
    try:
        for leaf in leaves:
            parts += (len(leaf).to_bytes(2, "big"), leaf)
    except OverflowError:
        raise RecordError(f"an entry of more than {LONGEST_ENTRY} bytes fits no bundle") from None
    return b"".join(parts)


def read_bundle(data: bytes) -> list[bytes]:
    """Return the leaves of a bundle; NotVerified where its bytes do not end with an entry."""
    leaves: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise NotVerified(f"the bundle is cut off within its entry {len(leaves)}")
        leaves.append(data[at + 2 : end])
        at = end
    return leaves


def read_tile(data: bytes) -> list[bytes]:
    """Return the hashes of a tile; NotVerified where it does not hold 1 to 256 whole ones."""
    if not data or len(data) % HASH_BYTES or len(data) > WIDTH * HASH_BYTES:
        raise NotVerified(f"a tile of {len(data)} bytes does not hold 1 to {WIDTH} hashes of {HASH_BYTES} bytes")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def of_size(size: int) -> list[Tile]:
    """Return the last tile of each level and the last bundle of a log of this size; full ones where that is so."""
    last = [_last(None, size)] if size else []
    for level in range(_HIGHEST + 1):
        if size == 0:
            break
        last.append(_last(level, size))
        size //= WIDTH
    return last


def _last(level: int | None, width: int) -> Tile:
    return Tile(level, (width - 1) // WIDTH, (width - 1) % WIDTH + 1)
