"""What is on record about a person, taken away: row by row, key and all, in the caller's write transaction.

The row of `customers` stays with its number, which is never given again, and the instant of the erasure. Where a hold
keeps a person, what it does not need goes at once, and the rest with their key when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bailee.people import customers, keyring, requests
from bailee.people.erased_imports import blind
from bailee.people.instants import instant, micros

#: Whose rows go by which column, also where a hold keeps the person.
_ROWS = {
    "choices": "customer",
    "notices_given": "customer",
    "contracts": "customer",
    "restrictions": "customer",
    "grounds": "customer",
    "contacts": "customer",
    "guardians": "child",
    "standing_past": "customer",
    "sessions": "customer",
    "links": "customer",
    "webhook_deliveries": "customer",
}
#: What a hold keeps: its own row and reason, and the key that they are sealed under.
_HELD = {"holds": "customer", "customer_keys": "customer"}
_ENDED = "DELETE FROM holds WHERE customer = ? AND ended IS NOT NULL"
_FACTS = "UPDATE customers SET key = NULL, born = NULL, place = NULL, restricted_at = NULL, last_activity = NULL"
_DONE = (
    "INSERT INTO erasures (customer, asked_at, done_at, entry) VALUES (?, ?, ?, ?) ON CONFLICT (customer) "
    "DO UPDATE SET done_at = excluded.done_at, entry = excluded.entry"
)
_HOLDS = "SELECT purpose, since, why FROM holds WHERE customer = ? AND ended IS NULL ORDER BY since, purpose"
_WAITING = "SELECT customer FROM erasures WHERE done_at IS NULL ORDER BY customer"
_DUE = (
    "SELECT e.customer FROM erasures e WHERE e.done_at IS NULL AND NOT EXISTS "
    "(SELECT 1 FROM holds h WHERE h.customer = e.customer AND h.ended IS NULL) ORDER BY e.customer"
)


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps a part of a person: for which purpose, since when and why."""

    purpose: str
    since: datetime
    why: str | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """What of a person goes, by table; what `holds` keep stays, unless all goes, the key too, which is `whole`.

    `asked_before` is when an earlier request was made.
    """

    number: int
    key: str
    created_at: datetime
    rows: Mapping[str, int]
    holds: tuple[Hold, ...]
    asked_before: datetime | None
    whole: bool


def found(connection: Connection, key: str) -> Erasure | None:
    """Return what an erasure of the customer with this key would take, or None where there is none."""
    row = connection.exec_driver_sql("SELECT number, created_at FROM customers WHERE key = ?", (key,)).first()
    if row is None:
        return None
    number = int(row[0])
    holds = tuple(_holds(connection, number))
    counted = {table: _count(connection, table, column, number) for table, column in _ROWS.items()}
    counted["requests"] = requests.told(connection, number)
    counted["holds"] = _count(connection, "holds", "customer", number) - len(holds)
    if not holds:
        counted["customer_keys"] = _count(connection, "customer_keys", "customer", number)
    asked = connection.exec_driver_sql("SELECT asked_at FROM erasures WHERE customer = ?", (number,)).scalar()
    present = {table: count for table, count in counted.items() if count}
    before = None if asked is None else instant(asked)
    return Erasure(number, key, instant(row[1]), present, holds, before, whole=not holds)


def take(connection: Connection, erasures: Sequence[Erasure], at: datetime) -> None:
    """Delete what erasures name; the entry in the ledger is noted by `note` once it has its place."""
    for erasure in erasures:
        customers.mark_erased(connection, erasure.number, at)  # first: nobody else's choices can be deleted
        blind(connection, erasure.number)
        _delete(connection, erasure)


def note(connection: Connection, erasure: Erasure, at: datetime, entry: int | None) -> None:
    """Note that a person was erased, or, where holds keep a part, that they asked; `entry` is the ledger's."""
    asked = erasure.asked_before or at
    done = micros(at) if erasure.whole else None
    connection.exec_driver_sql(_DONE, (erasure.number, micros(asked), done, entry))


def forget_names(connection: Connection, names: Callable[[str], bool]) -> None:
    """Take away the names of imported files that name a person who goes."""
    for number, file in connection.exec_driver_sql("SELECT number, name FROM imports").all():
        if names(file):
            connection.exec_driver_sql("UPDATE imports SET name = '' WHERE number = ?", (number,))


def waiting(connection: Connection) -> list[int]:
    """Return the numbers of those who asked and of whom a hold keeps, or kept, a part."""
    return list(connection.exec_driver_sql(_WAITING).scalars())


def due(connection: Connection) -> list[str]:
    """Return the keys of those who asked and whom no hold keeps any more."""
    numbers = list(connection.exec_driver_sql(_DUE).scalars())
    return [key for number in numbers if (key := _key(connection, number)) is not None]


def _key(connection: Connection, number: int) -> str | None:
    found: str | None = connection.exec_driver_sql("SELECT key FROM customers WHERE number = ?", (number,)).scalar()
    return found


def _holds(connection: Connection, number: int) -> Iterator[Hold]:
    keys = keyring.of(connection)
    for purpose, since, why in connection.exec_driver_sql(_HOLDS, (number,)).all():
        plain = keys.open(connection, [number], bytes(why), b"holds.why")
        yield Hold(purpose, instant(since), None if plain is None else plain.decode())


def _count(connection: Connection, table: str, column: str, number: int) -> int:
    statement = f"SELECT count(*) FROM {table} WHERE {column} = ?"
    count: int = connection.exec_driver_sql(statement, (number,)).scalar_one()
    return count


def _delete(connection: Connection, erasure: Erasure) -> None:
    number = (erasure.number,)
    requests.forget(connection, erasure.number)
    for table, column in ({**_ROWS, **_HELD} if erasure.whole else _ROWS).items():
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} = ?", number)
    if erasure.whole:
        connection.exec_driver_sql(f"{_FACTS} WHERE number = ?", number)
    else:
        connection.exec_driver_sql(_ENDED, number)
