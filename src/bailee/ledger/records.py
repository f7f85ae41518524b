"""Private records: sealed under the keys of whom they are about, opened against their leaf, erased with a customer."""

from __future__ import annotations

import hmac
from hashlib import sha256

from sqlalchemy import Connection

from bailee.errors import NotVerified
from bailee.ledger import leaves
from bailee.ledger.canonical import LARGEST
from bailee.ledger.values import Opening, Safe

RANDOM_BYTES = 32

# HMAC by its definition (RFC 2104): OpenSSL's takes half as long again, for it is looked up each time.
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_INNER_REST, _OUTER_REST = (bytes([pad]) * (64 - RANDOM_BYTES) for pad in (0x36, 0x5C))

_NAMED = "SELECT position FROM ledger_subjects WHERE customer = ?"
_SUBJECTS = "SELECT position, customer FROM ledger_subjects WHERE position >= ? AND position < ?"


def commitment(random: bytes, record: bytes) -> bytes:
    """Return what a leaf shows of its record: HMAC-SHA256 of the record's bytes under the entry's 32 random bytes."""
    inner = sha256(random.translate(_INNER) + _INNER_REST + record).digest()
    return sha256(random.translate(_OUTER) + _OUTER_REST + inner).digest()


def opening_of(connection: Connection, position: int, leaf: bytes, safe: Safe) -> Opening | None:
    """Return what opens a leaf's commitment, or None where it has no record or its key is gone."""
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
    found = Opening(plain[:RANDOM_BYTES], plain[RANDOM_BYTES:])
    if not hmac.compare_digest(commitment(*found), committed):
        raise NotVerified(_another(position))
    return found


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
