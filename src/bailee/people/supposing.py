"""Who would stand under a policy that is not in force: judged as deriving would, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from bailee.decide import Compiled
from bailee.people import facts, notices, progress
from bailee.people.derivation import MANY, ahead, judged
from bailee.policy.terms import Terms

if TYPE_CHECKING:
    from bailee.people.standing import Numbers

_BATCH = 500_000
_Codes = npt.NDArray[np.uint8]


def members(
    connection: Connection, compiled: Compiled, at: datetime, shown: Mapping[str, Terms] | None = None
) -> dict[str, Numbers]:
    """The numbers of those who would stand for each purpose (and all its recipients) at an instant, in order.

    `shown` are the terms that notices showed, by digest; all that are registered where none are given.
    """
    from bailee.decide.codes import STANDS

    known = notices.terms(connection) if shown is None else shown
    slots = [compiled.slot(key) for key in compiled.purposes]
    found: list[list[Numbers]] = [[np.empty(0, np.int64)] for _ in slots]
    for first, codes in _codes(connection, compiled, at, known):
        for place, slot in enumerate(slots):
            found[place].append(np.flatnonzero(codes[:, slot] == STANDS) + first)
    return {key: np.concatenate(each) for key, each in zip(compiled.purposes, found, strict=True)}


def _codes(
    connection: Connection, compiled: Compiled, at: datetime, shown: Mapping[str, Terms]
) -> Iterator[tuple[int, _Codes]]:
    """Codes by row and slot, and the number of the first row, a batch at a time."""
    covering, many = compiled.covering(shown), progress.read(connection).customers
    if many < MANY:
        rows = [judged(compiled, covering, each, at).codes for _, each in facts.of_many(connection, range(1, many + 1))]
        yield 1, np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), len(compiled.slots))
        return
    from bailee.decide.many import standings
    from bailee.people.crowds import crowd

    early = ahead(connection, at)
    for first in range(1, many + 1, _BATCH):
        last = min(first + _BATCH - 1, many)
        codes = standings(compiled, crowd(connection, compiled.policy, first, last), at, covering).codes.copy()
        for number, customer in facts.of_many(connection, (n for n in early if first <= n <= last)):
            codes[number - first] = np.frombuffer(judged(compiled, covering, customer, at).codes, np.uint8)
        yield first, codes
