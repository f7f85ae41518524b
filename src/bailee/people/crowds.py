"""The facts about many customers as arrays, straight from the tables, for `decide.many`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from bailee.decide.crowd import ACTS, INSTRUMENTS, Choices, Contracts, Crowd, GroundsFor, Holds, Notices
from bailee.decide.instants import NEVER, UNBORN, UNKNOWN
from bailee.people import driver, notices
from bailee.people.instants import LIKELY
from bailee.policy.model import Policy
from bailee.vocabulary import EVERY_PURPOSE

_I, _T, _B = np.int32, np.int64, np.bool_


class _Span(NamedTuple):
    """The customers from one number to another."""

    first: int
    last: int

    @property
    def row(self) -> str:
        return f"customer - {self.first:d}"

    @property
    def within(self) -> str:
        # `+` keeps databases from going through the index: one pass over the table is faster than a million look-ups.
        return f"WHERE +customer BETWEEN {self.first:d} AND {self.last:d}"


def crowd(connection: Connection, policy: Policy, first: int, last: int, *, also: Iterable[str] = ()) -> Crowd:
    """The facts about the customers numbered `first` to `last`, of whom all are on record; row 0 is `first`.

    Takes about 40 bytes a choice and 40 a customer. Purposes that neither the policy nor `also` names are left out.
    """
    span = _Span(first, last)
    purposes = tuple(dict.fromkeys([*_names(policy), *also]))
    promised = [digest for _, (_, digest) in sorted(notices.numbered(connection).items())]
    about = [purpose for _, (purpose, _) in sorted(notices.numbered(connection).items())]
    recipients = tuple(policy.recipients)
    places = list(connection.exec_driver_sql("SELECT DISTINCT place FROM customers WHERE place IS NOT NULL").scalars())
    people = _columns(connection, _people(places, span), (_I, _I, _B, _T, _T))
    said = _columns(connection, _said(purposes, recipients, span), (_I, _I, _I, _T, _T, _I, _I, _I, _B, _B, _B))
    given = _columns(
        connection, f"SELECT {span.row}, notice - 1, at FROM notices_given {span.within} AND at {LIKELY}", (_I, _I, _T)
    )
    born, place, erased, restricted, active = people
    return Crowd(
        places,
        purposes,
        promised,
        recipients,
        born,
        place,
        erased,
        restricted,
        active,
        choices=Choices(*said),
        contracts=Contracts(*_columns(connection, _contracts(span), (_I, _T, _T))),
        notices=Notices(given[0], _about(about, purposes)[given[1]], *given[1:]),
        grounds=GroundsFor(*_columns(connection, _of_purpose("grounds", purposes, span, "at"), (_I, _I, _T))),
        holds=Holds(*_columns(connection, _of_purpose("holds", purposes, span), (_I, _I))),
    )


def _names(policy: Policy) -> tuple[str, ...]:
    """All that choices and notices may call the policy's purposes."""
    known = dict.fromkeys([EVERY_PURPOSE, *policy.purposes])
    for purpose in policy.purposes.values():
        known.update(dict.fromkeys(purpose.was))
    return tuple(known)


def _about(named: Sequence[str], purposes: Sequence[str]) -> npt.NDArray[np.int32]:
    codes = {purpose: code for code, purpose in enumerate(purposes)}
    return np.array([codes.get(purpose, -1) for purpose in named], _I)


def _people(places: Sequence[str], span: _Span) -> str:
    return (
        f"SELECT coalesce(born, {UNBORN}), {_code('place', places)}, erased_at IS NOT NULL, "
        f"coalesce(restricted_at, {NEVER}), coalesce(last_activity, {_least()}) "
        f"FROM customers WHERE number BETWEEN {span.first:d} AND {span.last:d} ORDER BY number"
    )


def _said(purposes: Sequence[str], recipients: Sequence[str], span: _Span) -> str:
    return (
        f"SELECT * FROM (SELECT {span.row}, {_code('purpose', purposes)} AS what, {_code('act', ACTS)}, at, sequence, "
        f"{_code('instrument', INSTRUMENTS)}, coalesce(notice, 0) - 1, "
        f"CASE WHEN recipient IS NULL THEN -1 ELSE {_code('recipient', recipients, len(recipients))} END, "
        f"channel IS NOT NULL, guardian IS NOT NULL, conflict_shown FROM choices {span.within} "
        f"AND (act <> 'grant' OR at {LIKELY})) AS said WHERE what >= 0"
    )


def _contracts(span: _Span) -> str:
    return f"SELECT {span.row}, since, coalesce(ended, {NEVER}) FROM contracts {span.within} AND since {LIKELY}"


def _of_purpose(table: str, purposes: Sequence[str], span: _Span, *more: str) -> str:
    kept = "AND ended IS NULL" if table == "holds" else f"AND at {LIKELY}"
    columns = ", ".join([span.row, f"{_code('purpose', purposes)} AS what", *more])
    return f"SELECT * FROM (SELECT {columns} FROM {table} {span.within} {kept}) AS named WHERE what >= 0"


def _code(column: str, names: Sequence[str], otherwise: int = -1) -> str:
    """SQL that gives a word its place among the names; they come from the policy and are quoted all the same."""
    if not names:
        return str(otherwise)
    cases = " ".join(f"WHEN {_quoted(name)} THEN {code}" for code, name in enumerate(names))
    return f"CASE {column} {cases} ELSE {otherwise} END"


def _quoted(name: str) -> str:
    return "'" + str(name).replace("'", "''") + "'"


def _least() -> str:
    """The smallest 64-bit number, which SQL cannot write as one literal."""
    return f"({UNKNOWN + 1} - 1)"


def _columns(connection: Connection, statement: str, types: Sequence[type]) -> list[npt.NDArray[Any]]:
    """The columns of a statement as arrays, read some ten thousand rows at a time."""
    parts: list[list[npt.NDArray[Any]]] = [[np.empty(0, kind)] for kind in types]
    for table in _tables(connection, statement, len(types)):
        for part, column in zip(parts, table.T, strict=True):
            part.append(column.astype(part[0].dtype))
    found = []
    for part in parts:
        found.append(np.concatenate(part))
        part.clear()  # no column is twice in memory but the one that is put together
    return found


def _tables(connection: Connection, statement: str, width: int) -> Iterator[npt.NDArray[np.int64]]:
    for rows in driver.stream(connection, statement):
        yield np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * width).reshape(-1, width)
