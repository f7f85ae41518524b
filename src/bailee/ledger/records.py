"""Private records: sealed under the keys of whom they are about, opened against their leaf, erased with a customer."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection

from bailee.errors import NotVerified
from bailee.ledger import leaves
from bailee.ledger.canonical import LARGEST, canonical
from bailee.ledger.values import Opening, Safe

RANDOM_BYTES = 32
#: What a record calls its commitment to what it holds back, and what ends it where it is sealed: no JSON has it.
_ASIDE, _END = "aside", b"\x00"

# HMAC by its definition (RFC 2104): OpenSSL's takes half as long again, for it is looked up each time.
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_INNER_REST, _OUTER_REST = (bytes([pad]) * (64 - RANDOM_BYTES) for pad in (0x36, 0x5C))

_NAMED = "SELECT position FROM ledger_subjects WHERE customer = ?"
_SUBJECTS = "SELECT position, customer FROM ledger_subjects WHERE position >= ? AND position < ?"


def commitment(random: bytes, record: bytes) -> bytes:
    """Return what a leaf shows of its record: HMAC-SHA256 of the record's bytes under the entry's 32 random bytes."""
    inner = sha256(random.translate(_INNER) + _INNER_REST + record).digest()
    return sha256(random.translate(_OUTER) + _OUTER_REST + inner).digest()


class Parts(NamedTuple):
    """A private record as it is kept: what opens the leaf's commitment, and what it holds back, empty where nothing."""

    opening: Opening
    aside: bytes


class Sealing(NamedTuple):
    """A record to be sealed: the leaf's commitment to it, and what is sealed."""

    commitment: bytes
    plain: bytes


def sealing(random: bytes, private: Mapping[str, object], aside: Mapping[str, object] | None) -> Sealing:
    """Commit to a record and to what it holds back, by one entry's 32 random bytes (spec/ledger.md L5, L5a)."""
    if not aside:
        record = canonical(private)
        return Sealing(commitment(random, record), random + record)
    back = canonical(aside)
    record = canonical({**private, _ASIDE: commitment(_of(random, b"aside"), back).hex()})
    return Sealing(commitment(_of(random, b"opening"), record), random + record + _END + back)


def parts_of(connection: Connection, position: int, leaf: bytes, safe: Safe) -> Parts | None:
    """Return what is kept of an entry's record, or None where it has none or its key is gone.

    Raises NotVerified where it is not what the leaf committed to.
    """
    sealed = connection.exec_driver_sql("SELECT sealed FROM ledger_records WHERE position = ?", (position,)).scalar()
    if sealed is None:
        return None
    about = connection.exec_driver_sql(
        "SELECT customer FROM ledger_subjects WHERE position = ? ORDER BY customer", (position,)
    )
    try:
        committed = bytes.fromhex(str(leaves.read(leaf).get("commitment")))
        plain = safe.open(connection, about.scalars().all(), bytes(sealed), committed)
    except (ValueError, NotVerified):
        raise NotVerified(_another(position)) from None
    if plain is None:
        return None
    random, (record, end, back) = plain[:RANDOM_BYTES], plain[RANDOM_BYTES:].partition(_END)
    found = Parts(Opening(_of(random, b"opening") if end else random, record), back)
    if not hmac.compare_digest(commitment(*found.opening), committed) or (end and not _held(random, record, back)):
        raise NotVerified(_another(position))
    return found


def whole(parts: Parts) -> dict[str, object]:
    """All that a record says, with what it holds back from whom it is opened to."""
    record = leaves.read(parts.opening.record)
    if not parts.aside:
        return record
    del record[_ASIDE]
    for name, value in leaves.read(parts.aside).items():
        told = record.get(name)
        record[name] = {**told, **value} if isinstance(told, dict) and isinstance(value, dict) else value
    return record


def _held(random: bytes, record: bytes, back: bytes) -> bool:
    """Whether a record commits to what it is said to hold back."""
    return leaves.read(record).get(_ASIDE) == commitment(_of(random, b"aside"), back).hex()


def _of(random: bytes, use: bytes) -> bytes:
    """One of the two keys of an entry whose record holds something back; whoever has one cannot make the other."""
    return hmac.digest(random, b"bailee record v2\x00" + use, "sha256")


def of_customer(connection: Connection, number: int, start: int = 0, stop: int | None = None) -> list[int]:
    """Return the positions from `start` up to `stop` of the entries whose record is about a customer, in order."""
    until = LARGEST if stop is None else stop
    among = f"{_NAMED} AND position >= ? AND position < ? ORDER BY position"
    return list(connection.exec_driver_sql(among, (number, start, until)).scalars())


def subjects(connection: Connection, start: int, stop: int) -> dict[int, list[int]]:
    """Return whom the records of the entries from `start` up to `stop` are about, by position."""
    found: dict[int, list[int]] = {}
    for position, customer in connection.exec_driver_sql(_SUBJECTS, (start, stop)).all():
        found.setdefault(position, []).append(customer)
    return found


def erase_customer(connection: Connection, number: int) -> int:
    """Delete, in the caller's write transaction, every record about a customer and whom it is about; say how many.

    Leaves stay, and so do proofs of them. A record that is about others too goes for them as well.
    """
    for table in ("ledger_records", "ledger_subjects"):
        about = f"(SELECT named.position FROM ({_NAMED}) AS named)"
        gone = connection.exec_driver_sql(f"DELETE FROM {table} WHERE position IN {about}", (number,)).rowcount
        if table == "ledger_records":
            count = gone
    return count


def _another(position: int) -> str:
    return f"the private record of entry `{position}` is not the one its leaf committed to"
