"""Names what is wrong where entries and tiles of a log disagree.

A tile and its entries are held against the tile above, or against the root that was signed: the one that leads there
is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bailee.errors import NotVerified
from bailee.ledger.verify_tiles import HASH_BYTES, Place

#: Says whether these hashes, in a tile's place, lead to what is above it; None where that cannot be read.
Leads = Callable[[Sequence[bytes]], bool | None]


def compare(place: Place, found: Sequence[bytes], stored: bytes, leads: Leads) -> None:
    """Raise NotVerified, naming entry or tile, where a stored tile is not what its entries led to."""
    if b"".join(found) == stored:
        return
    shown = [stored[at : at + HASH_BYTES] for at in range(0, len(stored), HASH_BYTES)]
    at = next((i for i, (a, b) in enumerate(zip(found, shown, strict=False)) if a != b), min(len(found), len(shown)))
    first, last = place.entries(at)
    among = f"entry `{first}`" if first == last else f"the entries `{first}` to `{last}`"
    if leads(found):
        raise NotVerified(f"tile `{place.path}` is wrong: its hash {at} is not that of {among}, which are as recorded")
    if place.level:
        together = " with its tile" if leads(shown) else f", or tile `{place.path}` was"
        raise NotVerified(f"one of {among} is not what was recorded: it was changed{together}")
    held = "" if leads(shown) else ", and neither leads to what is above"
    raise NotVerified(f"entry `{first}` {_what(first, at, found, shown)}; tile `{place.path}` says otherwise{held}")


def _what(position: int, at: int, found: Sequence[bytes], shown: Sequence[bytes]) -> str:
    """Say what became of the entry whose hash is number `at` of the tile, where the first difference is."""
    start = position - at
    if at == len(found):
        return "is missing: its bundle ends before it"
    there = found[at]
    moved = there in shown
    if moved and len(shown) > at + 1 and there == shown[at + 1] and found[at + 1 : at + 2] != shown[at : at + 1]:
        return f"is missing: entry `{position + 1}` stands in its place"
    if moved and at and there == found[at - 1]:
        return f"is not what was recorded: entry `{position - 1}` is there a second time"
    if moved:
        return f"is not what was recorded: entry `{start + shown.index(there)}` stands in its place"
    return "is not what was recorded: it was changed"
