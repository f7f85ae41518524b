"""Contracts, guardians, compelling grounds and holds: what is on record about a customer beside what they said.

Every change takes a sequence number and makes the customer's standing due. The caller holds the write transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from bailee.errors import FactRejected
from bailee.people import keyring, progress
from bailee.people.customers import touch
from bailee.people.instants import micros, micros_or_none

_CONTRACT = (
    "INSERT INTO contracts (customer, since, ended) VALUES (?, ?, ?) "
    "ON CONFLICT (customer, since) DO UPDATE SET ended = excluded.ended"
)
_ONCE = "ON CONFLICT DO NOTHING"
_GUARDED = (
    "INSERT INTO guardians (child, guardian, verified_at) VALUES (?, ?, ?) "
    "ON CONFLICT (child, guardian, verified_at) DO UPDATE SET ended_at = NULL"
)
_HOLD = (
    "INSERT INTO holds (customer, purpose, since, why) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (customer, purpose, since) DO UPDATE SET ended = NULL, why = excluded.why"
)


def contract(connection: Connection, number: int, since: datetime, ended: datetime | None = None) -> int:
    """Record a contract, or when one that began `since` ended, and return the sequence."""
    return contracts(connection, [(number, since, ended)])


def contracts(connection: Connection, each: Iterable[tuple[int, datetime, datetime | None]]) -> int:
    """Record contracts of (customer number, since, ended) and return the sequence."""
    rows = [(number, micros(since), micros_or_none(ended)) for number, since, ended in each]
    if any(ended is not None and ended < since for _, since, ended in rows):
        raise FactRejected("a contract cannot end before it began")
    sequence = progress.advance(connection)
    if rows:
        connection.exec_driver_sql(_CONTRACT, rows)
        marked = [(sequence, number) for number, _, _ in rows]
        connection.exec_driver_sql("UPDATE customers SET sequence = ? WHERE number = ?", marked)
    return sequence


def verify_guardian(connection: Connection, child: int, guardian: int, at: datetime) -> int:
    """Record that a customer was verified as the guardian of another and return the sequence."""
    if child == guardian:
        raise FactRejected("nobody is their own guardian")
    connection.exec_driver_sql(_GUARDED, (child, guardian, micros(at)))
    return touch(connection, child)


def end_guardian(connection: Connection, child: int, guardian: int, at: datetime) -> int:
    """Record that a customer is no longer the guardian of another; what they said before still counts."""
    connection.exec_driver_sql(
        "UPDATE guardians SET ended_at = ? WHERE child = ? AND guardian = ? AND ended_at IS NULL",
        (micros(at), child, guardian),
    )
    return touch(connection, child)


def is_guardian(connection: Connection, child: int, guardian: int, at: int) -> bool:
    """Say whether a customer was the verified guardian of another at an instant in microseconds."""
    found = connection.exec_driver_sql(
        "SELECT 1 FROM guardians WHERE child = ? AND guardian = ? AND verified_at <= ? "
        "AND (ended_at IS NULL OR ended_at > ?) LIMIT 1",
        (child, guardian, at, at),
    )
    return found.first() is not None


def grounds(connection: Connection, number: int, purpose: str, why: str, at: datetime) -> int:
    """Record compelling grounds for a purpose against a customer's objection and return the sequence."""
    if not why.strip():
        raise FactRejected("compelling grounds need their reason in words")
    connection.exec_driver_sql(
        f"INSERT INTO grounds (customer, purpose, at, why) VALUES (?, ?, ?, ?) {_ONCE}",
        (number, purpose, micros(at), _sealed(connection, number, why, b"grounds.why")),
    )
    return touch(connection, number)


def hold(connection: Connection, number: int, purpose: str, why: str, at: datetime) -> int:
    """Hold what a legal obligation needs of a customer, also against erasure, and return the sequence."""
    if not why.strip():
        raise FactRejected("a hold needs its reason in words")
    sealed = _sealed(connection, number, why, b"holds.why")
    connection.exec_driver_sql(_HOLD, (number, purpose, micros(at), sealed))
    return touch(connection, number)


def end_hold(connection: Connection, number: int, purpose: str, at: datetime) -> int:
    """End the holds of a purpose on a customer and return the sequence."""
    connection.exec_driver_sql(
        "UPDATE holds SET ended = ? WHERE customer = ? AND purpose = ? AND ended IS NULL", (micros(at), number, purpose)
    )
    return touch(connection, number)


def held_for(connection: Connection, number: int) -> list[str]:
    """Return the purposes whose holds keep a customer now."""
    found = "SELECT DISTINCT purpose FROM holds WHERE customer = ? AND ended IS NULL ORDER BY purpose"
    return list(connection.exec_driver_sql(found, (number,)).scalars())


def guarded_by(connection: Connection, child: int) -> list[int]:
    """Return the numbers of a customer's verified guardians of now."""
    found = "SELECT DISTINCT guardian FROM guardians WHERE child = ? AND ended_at IS NULL ORDER BY guardian"
    return list(connection.exec_driver_sql(found, (child,)).scalars())


def guarded(connection: Connection, guardian: int) -> list[int]:
    """Return the numbers of those whose verified guardian a customer is now."""
    found = "SELECT DISTINCT child FROM guardians WHERE guardian = ? AND ended_at IS NULL ORDER BY child"
    return list(connection.exec_driver_sql(found, (guardian,)).scalars())


def _sealed(connection: Connection, number: int, why: str, context: bytes) -> bytes:
    return keyring.of(connection).seal(connection, [number], why.encode(), context)
