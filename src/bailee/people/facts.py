"""All that the law needs to know about customers, put together from the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from bailee.people import notices
from bailee.people.instants import LIKELY, day, instant, instant_or_none
from bailee.vocabulary import Act, Choice, Contract, Customer, Grounds, Instrument, NoticeGiven

_CHUNK = 500
_CUSTOMERS = (
    "SELECT number, key, born, place, erased_at, restricted_at, last_activity FROM customers "
    "WHERE number IN ({}) ORDER BY number"
)
_CHOICES = (
    "SELECT customer, purpose, act, at, sequence, instrument, notice, recipient, channel, guardian, conflict_shown "
    f"FROM choices WHERE customer IN ({{}}) AND (act <> 'grant' OR at {LIKELY}) ORDER BY customer, at, sequence"
)
_GIVEN = (
    f"SELECT customer, notice, at FROM notices_given WHERE customer IN ({{}}) AND at {LIKELY} ORDER BY customer, at"
)
_CONTRACTS = (
    f"SELECT customer, since, ended FROM contracts WHERE customer IN ({{}}) AND since {LIKELY} ORDER BY customer, since"
)
_GROUNDS = f"SELECT customer, purpose, at FROM grounds WHERE customer IN ({{}}) AND at {LIKELY} ORDER BY customer, at"
_HOLDS = "SELECT customer, purpose FROM holds WHERE customer IN ({}) AND ended IS NULL ORDER BY customer"

_ACTS = {str(act): act for act in Act}
_INSTRUMENTS = {str(instrument): instrument for instrument in Instrument}


def of(connection: Connection, number: int) -> Customer | None:
    """Return the facts about one customer, or None where the number is nobody's."""
    return next((facts for _, facts in of_many(connection, [number])), None)


def of_all(connection: Connection) -> Iterator[tuple[int, Customer]]:
    """Give every customer's number and facts in order of number, some hundreds in memory at a time."""
    last: int = connection.exec_driver_sql("SELECT coalesce(max(number), 0) FROM customers").scalar_one()
    return of_many(connection, range(1, last + 1))


def of_many(connection: Connection, numbers: Iterable[int]) -> Iterator[tuple[int, Customer]]:
    """Give the numbers and facts of some customers in order of number, some hundreds in memory at a time."""
    registered = notices.numbered(connection)
    wanted = sorted(set(numbers))
    for start in range(0, len(wanted), _CHUNK):
        yield from _some(connection, wanted[start : start + _CHUNK], registered)


def _some(
    connection: Connection, numbers: Sequence[int], registered: dict[int, tuple[str, str]]
) -> Iterator[tuple[int, Customer]]:
    choices = _ByCustomer(connection, _CHOICES, numbers)
    given = _ByCustomer(connection, _GIVEN, numbers)
    contracts = _ByCustomer(connection, _CONTRACTS, numbers)
    grounds = _ByCustomer(connection, _GROUNDS, numbers)
    holds = _ByCustomer(connection, _HOLDS, numbers)
    for number, key, born, place, erased, restricted, active in _rows(connection, _CUSTOMERS, numbers):
        yield (
            number,
            Customer(
                key,
                None if born is None else day(born),
                place,
                erased is not None,
                frozenset(purpose for (purpose,) in holds[number]),
                instant_or_none(restricted),
                instant_or_none(active),
                tuple(Contract(instant(since), instant_or_none(ended)) for since, ended in contracts[number]),
                tuple(NoticeGiven(*registered[notice], instant(at)) for notice, at in given[number]),
                tuple(_choice(row, registered) for row in choices[number]),
                tuple(Grounds(purpose, instant(at)) for purpose, at in grounds[number]),
            ),
        )


def _choice(row: tuple[Any, ...], registered: dict[int, tuple[str, str]]) -> Choice:
    purpose, act, at, sequence, instrument, notice, recipient, channel, guardian, conflict = row
    return Choice(
        purpose,
        _ACTS[act],
        instant(at),
        sequence,
        _INSTRUMENTS[instrument],
        None if notice is None else registered[notice][1],
        recipient,
        channel,
        guardian is not None,
        bool(conflict),
    )


class _ByCustomer:
    """The rows of a statement in order of their first column, given customer by customer, without it.

    Only one customer's are in memory: some come back a thousand times.
    """

    def __init__(self, connection: Connection, statement: str, numbers: Sequence[int]) -> None:
        self._groups = groupby(_rows(connection, statement, numbers), itemgetter(0))
        self._next = next(self._groups, None)

    def __getitem__(self, number: int) -> list[tuple[Any, ...]]:
        """The rows of a customer; whoever is asked for later has a greater number."""
        while self._next is not None and self._next[0] < number:
            self._next = next(self._groups, None)
        if self._next is None or self._next[0] != number:
            return []
        return [tuple(row[1:]) for row in self._next[1]]


def _rows(connection: Connection, statement: str, numbers: Sequence[int]) -> Iterable[Any]:
    marks = ",".join("?" * len(numbers))
    return connection.exec_driver_sql(statement.format(marks), tuple(numbers))
