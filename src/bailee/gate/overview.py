"""What the people who run a workspace look at: counts over time, nothing about any one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bailee.gate.answer import Status
from bailee.gate.record import ANSWERED, FAILED, REFUSED
from bailee.ledger import log
from bailee.ledger.leaves import read
from bailee.people import choices, keyring
from bailee.people.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: How far back choices are counted, and how many of the newest entries are looked at for uses.
BACK = timedelta(days=365)
LOOKED_AT, OPENED = 20_000, 2_000
_STEP = 2_000


@dataclass(frozen=True, slots=True)
class Uses:
    """How often a purpose was asked for: None counts those that name no purpose of the policy."""

    purpose: str | None
    answered: int
    refused: int
    failed: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of a workspace.

    `choices` counts acts by purpose and day (UTC) of the last year. `uses` and `refusals` (by reason code) are of the
    newest `looked` entries of the ledger. `columns` says of the tables that have a standing column why it is not used.
    """

    status: Status
    choices: Mapping[str, Mapping[date, Mapping[str, int]]]
    uses: tuple[Uses, ...]
    refusals: tuple[tuple[str, int], ...]
    looked: int
    columns: tuple[tuple[str, str], ...]


def overview(database: Database, status: Status, columns: tuple[tuple[str, str], ...], at: datetime) -> Overview:
    """The figures, from the facts and the ledger."""
    with database.read() as connection:
        acts = choices.by_day(connection, at - BACK)
        size = log.head(connection).size
        looked = min(size, LOOKED_AT)
        uses, refusals = _uses(connection, size - looked, size)
    return Overview(status, acts, uses, refusals, looked, columns)


def _uses(connection: Connection, start: int, size: int) -> tuple[tuple[Uses, ...], tuple[tuple[str, int], ...]]:
    decided: Counter[tuple[str | None, str]] = Counter()
    refused: list[int] = []
    for position, leaf in leaves(connection, start, size):
        if leaf["kind"] == "use":
            decided[leaf["purpose"], leaf["decision"]] += 1
            if leaf["decision"] == REFUSED:
                refused.append(position)
    why: Counter[str] = Counter()
    for position in refused[-OPENED:]:
        why.update(_codes(log.record(connection, position, safe=keyring.of(connection))))
    purposes = sorted({purpose for purpose, _ in decided}, key=lambda key: (key is None, key))
    found = [Uses(key, *(decided[key, each] for each in (ANSWERED, REFUSED, FAILED))) for key in purposes]
    return tuple(found), tuple(why.most_common())


def leaves(connection: Connection, start: int, stop: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """The leaves from `start` up to `stop`, with their positions, some in memory at a time."""
    for first in range(start, stop, _STEP):
        some = log.leaves_at(connection, first, min(first + _STEP, stop))
        yield from ((first + place, read(leaf)) for place, leaf in enumerate(some))


def _codes(record: Mapping[str, Any] | None) -> list[str]:
    """Why a use was refused; nothing where the record went with an erased customer."""
    if record is None:
        return []
    if "refused" in record:
        return list(record["refused"])
    return [record["verdict"]] if "verdict" in record else list(record["reasons"])
