"""Checks what a proof carries beside the path: the opened record, one customer's place in a tree of customers, or a
row of an imported file.

The bytes of these parts are those of spec/ledger.md; nothing here is shared with what makes them. Raises `NotVerified`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bailee.errors import NotVerified
from bailee.ledger.verify import verify_inclusion

#: The height of the trees over customers, whose positions are their numbers.
HEIGHT = 32
_HASH_BYTES = 32
_PARTS = {"leaf", "opening", "standing", "set", "row"}


class Standing(NamedTuple):
    """What a customer held at an entry: the purposes (or `purpose/recipient`) that could use their data, and until
    when that was so; `holds` is empty and `until` None for one of whom nothing was known."""

    position: int
    holds: tuple[str, ...]
    until: str | None


class Disclosed(NamedTuple):
    """Whether a customer was in the set that an entry closed."""

    position: int
    included: bool


class Row(NamedTuple):
    """A row of an imported file: its place among the file's rows, from 0, how many those are, and what it says."""

    position: int
    rows: int
    record: dict[str, Any]


class Parts(NamedTuple):
    """The parts of a proof's `extra`, as JSON has them."""

    leaf: bytes
    opening: Mapping[str, Any] | None
    standing: Mapping[str, Any] | None
    disclosed: Mapping[str, Any] | None
    row: Mapping[str, Any] | None


def read_parts(extra: bytes) -> Parts:
    """Return the parts of a proof's `extra`; NotVerified where it is not what spec/ledger.md says."""
    document = json_object(extra, "the `extra` part of the proof")
    leaf = document.get("leaf")
    if not isinstance(leaf, str) or not document.keys() <= _PARTS:
        names = ", ".join(f"`{name}`" for name in sorted(_PARTS))
        raise NotVerified(f"the `extra` part of the proof must hold `leaf` as text, and nothing beyond {names}")
    parts = [document.get(name) for name in ("opening", "standing", "set", "row")]
    if not all(part is None or isinstance(part, dict) for part in parts):
        raise NotVerified("the parts `opening`, `standing`, `set` and `row` of the proof must be objects")
    return Parts(_utf8(leaf), *parts)


def names_whom(leaf: Mapping[str, Any], opening: Mapping[str, Any] | None) -> bool:
    """Whether an entry that was about some customers only is opened, so that its record says about whom."""
    about = leaf.get("about", "all")  # which earlier leaves do not say
    if about not in ("all", "some"):
        raise NotVerified("the entry does not say in `about` whether it was about `all` customers or `some`")
    return about == "all" or opening is not None


def must_be_one(carried: Parts) -> None:
    """Refuse standing and set of two customers: together they would say of neither whether they were in scope."""
    if carried.standing is None or carried.disclosed is None:
        return
    of_standing, of_set = _place(carried.standing, "standing"), _place(carried.disclosed, "set")
    if of_standing != of_set:
        raise NotVerified(f"the part `standing` is of customer number {of_standing}, and `set` of {of_set}")


def opened(position: int, leaf: Mapping[str, Any], opening: Mapping[str, Any]) -> dict[str, Any]:
    """Return the private record that a leaf committed to (HMAC-SHA256 under the entry's random)."""
    random, record = _bytes(opening, "random", 32), opening.get("record")
    if random is None or not isinstance(record, str):
        raise NotVerified("the part `opening` must hold `random` (32 bytes in hex) and `record` (text)")
    kept = _utf8(record)
    if leaf.get("commitment") != hmac.digest(random, kept, "sha256").hex():
        raise NotVerified(f"the private record is not the one that entry `{position}` committed to")
    return json_object(kept, f"the private record of entry `{position}`")


def standing(leaf: Mapping[str, Any], part: Mapping[str, Any]) -> Standing:
    """Return what a customer held, by the tree whose root a leaf shows."""
    place, value = _place(part, "standing"), part.get("value")
    if value is None and part.get("nonce") is None:
        found = Standing(place, (), None)
        leaf_hash = bytes(_HASH_BYTES)
    else:
        nonce = _bytes(part, "nonce", 32)
        if nonce is None or not isinstance(value, str):
            raise NotVerified("the part `standing` must hold `nonce` (32 bytes in hex) and `value` (text), or neither")
        leaf_hash = hashlib.sha256(b"\x00" + nonce + _utf8(value)).digest()
        found = _held(place, json_object(_utf8(value), "the `value` of the standing"))
    _must_lead(leaf, "standing_root", "standing", place, leaf_hash, _path(part, "standing"))
    return found


def had_run_out(leaf: Mapping[str, Any], found: Standing | None) -> bool:
    """Whether what a customer held was over when the use of an entry was judged, or the minute of a checker began."""
    if found is None or found.until is None:
        return False
    of = next((name for name in ("as_of", "minute") if leaf.get(name) is not None), "at")
    return _time(found.until, "the `until` of the standing") <= _time(leaf.get(of), f"the `{of}` of the entry")


def _time(text: object, what: str) -> datetime:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise NotVerified(f"{what} must be a time with its zone (RFC 3339)")
    return found


def _held(place: int, value: Mapping[str, Any]) -> Standing:
    holds, until = value.get("holds"), value.get("until")
    if not isinstance(holds, list) or not all(isinstance(each, str) for each in holds):
        raise NotVerified("the `value` of the standing must hold `holds`, a list of purposes")
    if not (until is None or isinstance(until, str)):
        raise NotVerified("the `value` of the standing must hold `until`, a time or null")
    return Standing(place, tuple(holds), until)


def disclosed(leaf: Mapping[str, Any], part: Mapping[str, Any]) -> Disclosed:
    """Return whether a customer was in the set whose root a leaf shows."""
    place, nonce, bit = _place(part, "set"), _bytes(part, "nonce", 16), part.get("bit")
    if part.get("nonce") is None and bit is None:
        leaf_hash = bytes(_HASH_BYTES)
    elif nonce is None or type(bit) is not int or bit not in (0, 1):
        raise NotVerified("the part `set` must hold `nonce` (16 bytes in hex) and `bit` (0 or 1), or neither")
    else:
        leaf_hash = hashlib.sha256(b"\x00" + nonce + bytes([bit])).digest()
    _must_lead(leaf, "customers", "set", place, leaf_hash, _path(part, "set"))
    return Disclosed(place, bit == 1)


def row(leaf: Mapping[str, Any], part: Mapping[str, Any]) -> Row:
    """Return what a row of an imported file says, by the tree whose root a leaf shows (RFC 9162, 2.1.3.2)."""
    place, random, record = _place(part, "row"), _bytes(part, "random", 32), part.get("record")
    if random is None or not isinstance(record, str):
        raise NotVerified("the part `row` must hold `random` (32 bytes in hex) and `record` (text)")
    steps = part.get("path")
    path = [_step(step) for step in steps] if isinstance(steps, list) else None
    if path is None or not all(path):
        raise NotVerified("the part `row` must hold `path`, hashes in hex")
    rows, root = leaf.get("count"), _bytes(leaf, "root", _HASH_BYTES)
    if leaf.get("kind") != "choices_imported" or not isinstance(rows, int) or root is None:
        raise NotVerified("the entry is not that of an imported file, so that the part `row` proves nothing")
    kept = _utf8(record)
    try:
        verify_inclusion(random + kept, place, rows, [step for step in path if step], root)
    except NotVerified:
        raise NotVerified(f"row `{place}` does not lead to the `root` over {rows} rows that the entry shows") from None
    return Row(place, rows, json_object(kept, f"row `{place}`"))


def _must_lead(
    leaf: Mapping[str, Any], field: str, part: str, position: int, found: bytes, path: Sequence[bytes | None]
) -> None:
    """Refuse a path that does not lead from a customer's leaf to the root that the entry shows."""
    root = leaf.get(field)
    if not isinstance(root, str):
        raise NotVerified(f"the entry shows no `{field}`, so that the part `{part}` proves nothing")
    empty = bytes(_HASH_BYTES)
    for level, step in enumerate(path):
        beside = empty if step is None else step
        pair = beside + found if position >> level & 1 else found + beside
        found = hashlib.sha256(b"\x01" + pair).digest()
        empty = hashlib.sha256(b"\x01" + empty + empty).digest()
    if found.hex() != root:
        raise NotVerified(f"the part `{part}` does not lead to the `{field}` that the entry shows")


def _place(part: Mapping[str, Any], name: str) -> int:
    position = part.get("position")
    if isinstance(position, bool) or not isinstance(position, int) or not 0 <= position < 1 << HEIGHT:
        raise NotVerified(f"the part `{name}` must hold `position`, a whole number below 2**{HEIGHT}")
    return position


def _path(part: Mapping[str, Any], name: str) -> list[bytes | None]:
    steps = part.get("path")
    found = [_step(step) for step in steps] if isinstance(steps, list) and len(steps) == HEIGHT else None
    if found is None or b"" in found:
        raise NotVerified(f"the part `{name}` must hold `path`, {HEIGHT} hashes in hex, or null for an empty subtree")
    return found


def _step(step: object) -> bytes | None:
    return None if step is None else _unhexed(step, _HASH_BYTES) or b""


def _bytes(part: Mapping[str, Any], name: str, length: int) -> bytes | None:
    return _unhexed(part.get(name), length)


def _unhexed(text: object, length: int) -> bytes | None:
    if not isinstance(text, str) or len(text) != 2 * length or text.strip("0123456789abcdef"):
        return None
    return bytes.fromhex(text)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NotVerified("the proof holds text with half a surrogate pair") from None


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object that bytes spell; NotVerified where they spell none, or one name twice."""
    try:
        # Decoded first: other encodings would be guessed, and others' readers would not find the same.
        found = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_never)
    except (ValueError, RecursionError):
        raise NotVerified(f"{what} is not a JSON object in UTF-8 whose names differ") from None
    if not isinstance(found, dict):
        raise NotVerified(f"{what} is not a JSON object")
    return found


def _never(_: str) -> None:
    raise ValueError


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
