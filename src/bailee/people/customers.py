"""Customers: the company's key and our dense number, and the facts that standing depends on beside choices.

A change takes a sequence number and makes the customer's standing due. The caller holds the write transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from bailee.errors import FactRejected
from bailee.people import driver, progress
from bailee.people.instants import days, instant, micros, micros_or_none
from bailee.policy import places

LONGEST_KEY = 512
#: No number is above it.
LARGEST = 2**63 - 1
_ADD = (
    "INSERT INTO customers (number, key, born, place, last_activity, created_at, sequence) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer as the company knows them; `place` is ISO 3166 with a subdivision where known, such as `US-VT`."""

    key: str
    born: date | None = None
    place: str | None = None
    last_activity: datetime | None = None


def add(connection: Connection, customer: NewCustomer, now: datetime) -> int:
    """Take in one customer and return their number; FactRejected if the key is on record or a fact cannot be."""
    return add_many(connection, [customer], now).start


def add_many(connection: Connection, new: Iterable[NewCustomer], now: datetime) -> range:
    """Take in customers and return their numbers, in order; FactRejected names the first that cannot be."""
    listed = list(new)
    for each in listed:
        _check(each, now)
    taken = taken_keys(connection, [each.key for each in listed])
    if taken:
        raise FactRejected(f"the customer `{min(taken)}` is on record already")
    rows = [
        (each.key, each.born and days(each.born), each.place, micros_or_none(each.last_activity)) for each in listed
    ]
    return insert_rows(connection, rows, now)


def insert_rows(connection: Connection, rows: Sequence[tuple[Any, ...]], now: datetime) -> range:
    """Insert checked rows of key, born, place and last activity as stored, and return their numbers."""
    if not rows:
        return range(0)
    first = progress.number_customers(connection, len(rows))
    sequence, at = progress.advance(connection), micros(now)
    numbers = range(first, first + len(rows))
    connection.exec_driver_sql(_ADD, [(n, *row, at, sequence) for n, row in zip(numbers, rows, strict=True)])
    return numbers


def taken_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Return those of the keys that are on record already, or that the list names twice."""
    seen: set[str] = set()
    twice = {key for key in keys if key in seen or seen.add(key)}  # type: ignore[func-returns-value]
    for start in range(0, len(keys), _CHUNK):
        some = keys[start : start + _CHUNK]
        marks = ",".join("?" * len(some))
        twice.update(
            connection.exec_driver_sql(f"SELECT key FROM customers WHERE key IN ({marks})", tuple(some)).scalars()
        )
    return twice


def find(connection: Connection, key: str) -> int | None:
    """Return the number of the customer with this key, or None."""
    found = driver.first(connection, "SELECT number FROM customers WHERE key = ?", (key,))
    return None if found is None else int(found[0])


def find_many(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """Return the numbers of those of the customers that are on record, by key."""
    found: dict[str, int] = {}
    # Half a surrogate pair, as a command line has for a byte that is no text, is in no key on record.
    texts = [key for key in keys if key.encode(errors="replace").decode() == key]
    for start in range(0, len(texts), _CHUNK):
        some = tuple(texts[start : start + _CHUNK])
        listed = f"SELECT key, number FROM customers WHERE key IN ({','.join('?' * len(some))})"
        found.update((row[0], row[1]) for row in connection.exec_driver_sql(listed, some))
    return found


def number_of(connection: Connection, key: str) -> int:
    """Return the number of the customer with this key; FactRejected if there is none."""
    found = find(connection, key)
    if found is None:
        raise FactRejected(f"there is no customer `{key}`; import or add them first")
    return found


def numbers(connection: Connection, upto: int = LARGEST) -> dict[str, int]:
    """Return the number of every customer, up to one, by key: about 150 bytes each."""
    found: dict[str, int] = {}
    statement = "SELECT key, number FROM customers WHERE number <= ? AND key IS NOT NULL"
    for some in driver.stream(connection, statement, (upto,)):
        found.update(some)
    return found


def named(connection: Connection, after: int, upto: int) -> Iterator[Sequence[Sequence[Any]]]:
    """Give the number and key of all whose number is above one and up to another, some thousands at a time."""
    statement = "SELECT number, key FROM customers WHERE number > ? AND number <= ? AND key IS NOT NULL ORDER BY number"
    return driver.stream(connection, statement, (after, upto))


def nameless(connection: Connection, since: int, upto: int) -> list[int]:
    """Return the numbers, up to one, of those whose key went after a sequence."""
    statement = "SELECT number FROM customers WHERE sequence > ? AND number <= ? AND key IS NULL"
    return list(connection.exec_driver_sql(statement, (since, upto)).scalars())


def keys(connection: Connection, wanted: Sequence[int]) -> list[str | None]:
    """Return the keys of customers by their numbers, which rise; None for the erased."""
    found: dict[int, str | None] = {}
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        values: tuple[int, ...]
        if some[-1] - some[0] < 4 * len(some):  # close together: a range is read faster than each by name
            where, values = "number BETWEEN ? AND ?", (some[0], some[-1])
        else:
            where, values = f"number IN ({','.join('?' * len(some))})", tuple(some)
        found.update(driver.rows(connection, f"SELECT number, key FROM customers WHERE {where}", values))
    return [found.get(number) for number in wanted]


def change(connection: Connection, number: int, now: datetime, **facts: date | datetime | str | None) -> int:
    """Change `born`, `place` or `last_activity` of a customer (None: unknown again) and return the sequence."""
    known = {"born", "place", "last_activity"}
    if not facts or not facts.keys() <= known:
        raise FactRejected(f"a customer's {', '.join(sorted(facts.keys() - known)) or 'facts'} cannot be changed")
    _check(NewCustomer("-", **facts), now)  # type: ignore[arg-type]
    stored = {name: _stored(value) for name, value in facts.items()}
    names = ", ".join(f"{name} = ?" for name in stored)
    connection.exec_driver_sql(f"UPDATE customers SET {names} WHERE number = ?", (*stored.values(), number))
    return touch(connection, number)


def restrict(connection: Connection, number: int, at: datetime) -> int:
    """Restrict the use of a customer's data from an instant on (GDPR article 18) and return the sequence."""
    connection.exec_driver_sql("UPDATE customers SET restricted_at = ? WHERE number = ?", (micros(at), number))
    connection.exec_driver_sql(
        "INSERT INTO restrictions (customer, since) VALUES (?, ?) "
        "ON CONFLICT (customer, since) DO UPDATE SET ended = NULL",
        (number, micros(at)),
    )
    return touch(connection, number)


def release(connection: Connection, number: int, at: datetime) -> int:
    """End a customer's restriction and return the sequence."""
    connection.exec_driver_sql("UPDATE customers SET restricted_at = NULL WHERE number = ?", (number,))
    connection.exec_driver_sql(
        "UPDATE restrictions SET ended = ? WHERE customer = ? AND ended IS NULL", (micros(at), number)
    )
    return touch(connection, number)


def restricted(connection: Connection, number: int) -> datetime | None:
    """Return since when the use of a customer's data is restricted, or None."""
    row = connection.exec_driver_sql("SELECT restricted_at FROM customers WHERE number = ?", (number,)).first()
    return None if row is None or row[0] is None else instant(row[0])


def mark_erased(connection: Connection, number: int, at: datetime) -> int:
    """Note that a customer was erased and return the sequence."""
    connection.exec_driver_sql("UPDATE customers SET erased_at = ? WHERE number = ?", (micros(at), number))
    return touch(connection, number)


def touch(connection: Connection, *changed: int) -> int:
    """Make customers' standing due and return the sequence; FactRejected for a number that is nobody's."""
    sequence = progress.advance(connection)
    for number in changed:
        done = connection.exec_driver_sql("UPDATE customers SET sequence = ? WHERE number = ?", (sequence, number))
        if done.rowcount != 1:
            raise FactRejected(f"there is no customer with the number {number}")
    return sequence


def problem(key: str, born: date | None, place: str | None, now: datetime) -> tuple[str, str] | None:
    """Return the field that cannot be taken and why, or None."""
    if not key.strip():
        return "key", "a customer needs a key"
    if len(key) > LONGEST_KEY:
        return "key", f"a customer's key has at most {LONGEST_KEY} characters, found {len(key):,}"
    if born is not None and not date(1890, 1, 1) <= born <= now.date():
        return "born", f"nobody was born on `{born}`: expected a date from 1890 to today"
    if place is not None and not places.known(place):
        return "place", f"`{place}` is no place: expected an ISO 3166 code, such as `DE` or `US-VT`"
    return None


def _check(customer: NewCustomer, now: datetime) -> None:
    found = problem(customer.key, customer.born, customer.place, now)
    if found:
        raise FactRejected(found[1])


def _stored(value: date | datetime | str | None) -> int | str | None:
    if isinstance(value, datetime):
        return micros(value)
    return days(value) if isinstance(value, date) else value
