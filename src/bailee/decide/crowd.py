"""What is on record of many customers, as arrays: the facts of `vocabulary.Customer`, by column.

`row` is a customer's index in the arrays. Times are microseconds since 1970, UTC (`instants.NEVER` and `UNKNOWN` stand
for None), days of birth are days since 1970 (`instants.UNBORN` for None). Names are codes: the index in the table of
names beside them, -1 for None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from bailee.decide.instants import NEVER, UNBORN, UNKNOWN, micros
from bailee.vocabulary import Act, Customer, Instrument

Codes = npt.NDArray[np.integer[Any]]
Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: What the codes of acts and instruments mean.
ACTS = tuple(Act)
INSTRUMENTS = tuple(Instrument)
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Choices:
    """Any order is right; ordered by row, time and sequence is fast. `channel` says whether the choice names one."""

    row: Codes
    purpose: Codes
    act: Codes
    at: Times
    sequence: Codes
    instrument: Codes
    terms: Codes
    recipient: Codes
    channel: Flags
    guardian: Flags
    conflict_shown: Flags


@dataclass(frozen=True, slots=True)
class Contracts:
    """`ended` is NEVER while the contract runs."""

    row: Codes
    since: Times
    ended: Times


@dataclass(frozen=True, slots=True)
class Notices:
    """The terms that were shown."""

    row: Codes
    purpose: Codes
    terms: Codes
    at: Times


@dataclass(frozen=True, slots=True)
class GroundsFor:
    """Compelling grounds recorded."""

    row: Codes
    purpose: Codes
    at: Times


@dataclass(frozen=True, slots=True)
class Holds:
    """That an erased customer's data is held for a purpose."""

    row: Codes
    purpose: Codes


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many customers. The five arrays after the tables of names have one element a customer."""

    places: Sequence[str]
    purposes: Sequence[str]
    terms: Sequence[str]
    recipients: Sequence[str]
    born: npt.NDArray[np.int32]
    place: Codes
    erased: Flags
    restricted: Times
    last_activity: Times
    choices: Choices
    contracts: Contracts
    notices: Notices
    grounds: GroundsFor
    holds: Holds

    def __len__(self) -> int:
        return len(self.born)


def crowd_of(customers: Sequence[Customer]) -> Crowd:
    """The same facts as arrays; for some thousands at a time, since it goes through them one by one."""
    places, purposes, terms, recipients = _Names(), _Names(), _Names(), _Names()
    each = list(enumerate(customers))
    choices = [
        (row, purposes[c.purpose], ACTS.index(c.act), micros(c.at), c.sequence, INSTRUMENTS.index(c.instrument),
         terms[c.terms], recipients[c.recipient], c.channel is not None, c.guardian, c.conflict_shown)
        for row, customer in each for c in customer.choices
    ]  # fmt: skip
    contracts = [(row, micros(c.since), _time(c.ended, NEVER)) for row, customer in each for c in customer.contracts]
    notices = [(row, purposes[n.purpose], terms[n.terms], micros(n.at)) for row, cust in each for n in cust.notices]
    grounds = [(row, purposes[g.purpose], micros(g.at)) for row, customer in each for g in customer.grounds]
    holds = [(row, purposes[key]) for row, customer in each for key in sorted(customer.held_for)]
    i, t, b = np.int32, np.int64, np.bool_
    return Crowd(
        born=np.array([UNBORN if c.born is None else (c.born - _EPOCH).days for c in customers], i),
        place=np.array([places[c.place] for c in customers], i),
        erased=np.array([c.erased for c in customers], b),
        restricted=np.array([_time(c.restricted, NEVER) for c in customers], t),
        last_activity=np.array([_time(c.last_activity, UNKNOWN) for c in customers], t),
        choices=Choices(*_arrays(choices, (i, i, i, t, t, i, i, i, b, b, b))),
        contracts=Contracts(*_arrays(contracts, (i, t, t))),
        notices=Notices(*_arrays(notices, (i, i, i, t))),
        grounds=GroundsFor(*_arrays(grounds, (i, i, t))),
        holds=Holds(*_arrays(holds, (i, i))),
        places=tuple(places.codes),
        purposes=tuple(purposes.codes),
        terms=tuple(terms.codes),
        recipients=tuple(recipients.codes),
    )


class _Names:
    """Codes of names in the order in which they are first asked for; -1 for None."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def __getitem__(self, name: str | None) -> int:
        return -1 if name is None else self.codes.setdefault(name, len(self.codes))


def _time(at: datetime | None, otherwise: int) -> int:
    return otherwise if at is None else micros(at)


def _arrays(rows: Iterable[tuple[Any, ...]], types: Sequence[type]) -> list[npt.NDArray[Any]]:
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    return [np.array(column, kind) for column, kind in zip(columns, types, strict=True)]
