"""What people ask about themselves, numbered from 1: kept with its dates, answered in steps that are kept too.

What was said is sealed under the customer's key. The caller holds the transaction, and appends the ledger's entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from bailee.errors import FactRejected
from bailee.people import keyring
from bailee.people.instants import day, days, instant, instant_or_none, micros

_SAID, _WHY = b"requests.said", b"request_changes.why"
LONGEST = 10_000
LARGEST = 2**63 - 1
OPEN = "open"
#: The states in which an answer is still owed.
WAITING = (OPEN, "extended")

_ALL = (
    "SELECT r.number, r.customer, c.key, r.kind, r.state, r.law, r.manner, r.opened_at, r.confirm_by, r.answer_by, "
    "r.latest_by, r.closed_at, r.said, r.entry FROM requests r JOIN customers c ON c.number = r.customer"
)
_CHANGES = "SELECT at, state, by, why, entry FROM request_changes WHERE request = ? ORDER BY place"
_ADD = (
    "INSERT INTO requests (number, customer, kind, state, law, manner, opened_at, confirm_by, answer_by, latest_by, "
    "closed_at, said, entry) VALUES (?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, NULL, ?, ?)"
)
_CHANGE = (
    "INSERT INTO request_changes (request, place, at, state, by, why, entry) "
    "SELECT ?, coalesce(max(place), 0) + 1, ?, ?, ?, ?, ? FROM request_changes WHERE request = ?"
)


@dataclass(frozen=True, slots=True)
class Dates:
    """By when a request must be confirmed (None: no such day), answered, and answered where that was put off."""

    law: str
    confirm_by: date | None
    answer_by: date
    latest_by: date


@dataclass(frozen=True, slots=True)
class Changed:
    """One step of a request; `why` is None too where the customer's key is gone."""

    at: datetime
    state: str
    by: str
    why: str | None
    entry: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands. `customer` is the company's key, None for somebody who was erased; so is `said` then."""

    number: int
    customer: str | None
    kind: str
    state: str
    law: str
    manner: str
    opened_at: datetime
    confirm_by: date | None
    answer_by: date
    latest_by: date
    closed_at: datetime | None
    said: str | None
    entry: int
    changes: tuple[Changed, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether an answer is still owed."""
        return self.state in WAITING

    @property
    def due(self) -> date:
        """The day by which to answer, as it stands."""
        return self.latest_by if self.state == "extended" else self.answer_by

    def overdue(self, today: date) -> bool:
        """Whether the answer is late."""
        return self.waits and self.due < today


def following(connection: Connection) -> int:
    """The number of the next request."""
    found: int = connection.exec_driver_sql("SELECT coalesce(max(number), 0) + 1 FROM requests").scalar_one()
    return found


def open_one(
    connection: Connection,
    number: int,
    customer: int,
    kind: str,
    manner: str,
    dates: Dates,
    said: str | None,
    at: datetime,
    entry: int,
) -> None:
    """Keep a new request under the number that `following` gave."""
    sealed = _sealed(connection, customer, said, _SAID)
    confirm = None if dates.confirm_by is None else days(dates.confirm_by)
    by = (confirm, days(dates.answer_by), days(dates.latest_by))
    connection.exec_driver_sql(_ADD, (number, customer, kind, dates.law, manner, micros(at), *by, sealed, entry))


def change(
    connection: Connection, number: int, customer: int, state: str, by: str, why: str | None, at: datetime, entry: int
) -> None:
    """Keep one step of a request; one that ends it closes it."""
    sealed = _sealed(connection, customer, why, _WHY)
    connection.exec_driver_sql(_CHANGE, (number, micros(at), state, by, sealed, entry, number))
    closed = None if state in WAITING else micros(at)
    connection.exec_driver_sql("UPDATE requests SET state = ?, closed_at = ? WHERE number = ?", (state, closed, number))


def get(connection: Connection, number: int) -> tuple[Request, int]:
    """A request with its steps, and the number of its customer; FactRejected where there is none."""
    known = 0 < number <= LARGEST  # no database takes a larger one, not even to look for it
    row = connection.exec_driver_sql(f"{_ALL} WHERE r.number = ?", (number,)).first() if known else None
    if row is None:
        raise FactRejected(f"there is no request number {number}")
    return _request(connection, row), int(row[1])


def waiting(connection: Connection, *, every: bool = False) -> list[Request]:
    """The requests that wait for an answer, the most urgent first, or with `every` all of them; without their steps."""
    some = "" if every else " WHERE r.state IN ('open', 'extended')"
    order = " ORDER BY CASE WHEN r.state = 'extended' THEN r.latest_by ELSE r.answer_by END, r.number"
    rows = connection.exec_driver_sql(f"{_ALL}{some}{order}").all()
    return [_request(connection, row, whole=False) for row in rows]


def of_customer(connection: Connection, customer: int) -> list[Request]:
    """All that one customer asked, with its steps, the oldest first."""
    rows = connection.exec_driver_sql(f"{_ALL} WHERE r.customer = ? ORDER BY r.number", (customer,)).all()
    return [_request(connection, row) for row in rows]


def counted(connection: Connection, today: date) -> tuple[int, int]:
    """How many requests wait for an answer, and how many of those are overdue."""
    found = waiting(connection)
    return len(found), sum(each.overdue(today) for each in found)


def told(connection: Connection, customer: int) -> int:
    """How many of a customer's requests hold what they said."""
    statement = "SELECT count(*) FROM requests WHERE customer = ? AND said IS NOT NULL"
    found: int = connection.exec_driver_sql(statement, (customer,)).scalar_one()
    return found


def forget(connection: Connection, customer: int) -> None:
    """Take away what a customer said, and what they were told, in the caller's write transaction; the log stays."""
    connection.exec_driver_sql("UPDATE requests SET said = NULL WHERE customer = ?", (customer,))
    theirs = "request IN (SELECT number FROM requests WHERE customer = ?)"
    connection.exec_driver_sql(f"UPDATE request_changes SET why = NULL WHERE {theirs}", (customer,))


def _request(connection: Connection, row: Sequence[Any], *, whole: bool = True) -> Request:
    number, customer, key, kind, state, law, manner, opened, confirm, answer, latest, closed, said, entry = row
    return Request(
        number,
        key,
        str(kind),
        str(state),
        str(law),
        str(manner),
        instant(opened),
        None if confirm is None else day(confirm),
        day(answer),
        day(latest),
        instant_or_none(closed),
        _opened(connection, customer, said, _SAID) if whole else None,
        entry,
        tuple(_changes(connection, number, customer)) if whole else (),
    )


def _changes(connection: Connection, number: int, customer: int) -> list[Changed]:
    return [
        Changed(instant(at), state, by, _opened(connection, customer, why, _WHY), entry)
        for at, state, by, why, entry in connection.exec_driver_sql(_CHANGES, (number,)).all()
    ]


def _sealed(connection: Connection, customer: int, text: str | None, context: bytes) -> bytes | None:
    return None if text is None else keyring.of(connection).seal(connection, [customer], text.encode(), context)


def _opened(connection: Connection, customer: int, sealed: bytes | None, context: bytes) -> str | None:
    plain = None if sealed is None else keyring.of(connection).open(connection, [customer], bytes(sealed), context)
    return None if plain is None else plain.decode()
