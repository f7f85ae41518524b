"""What a look found, as it is told: names, categories, shares, and whose rows they are; never a value."""

from __future__ import annotations

from dataclasses import dataclass

from bailee.deid.discovery import Suggestion
from bailee.deid.discovery.scoring import OPERATIONS


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed for a table. `columns` are those that the map does not have; `rows` is None where few.

    `personal` is False where nothing speaks of people, and None where something does but no column names whose a row
    is: then it can stay out of the map, or wait for somebody who knows. `trouble` says why it could not be read.
    """

    name: str
    mapped: bool
    columns: tuple[Suggestion, ...]
    rows: int | None = None
    personal: bool | None = None
    subject: str | None = None
    via: tuple[str, str, str] | None = None
    at: str | None = None
    why: str | None = None
    trouble: str | None = None

    @property
    def amiss(self) -> tuple[Suggestion, ...]:
        """The columns that surely or likely hold personal data."""
        return tuple(each for each in self.columns if each.firm and each.category != OPERATIONS)


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was found in an engine; `left_out` says what was not looked at, `receipt` is the ledger's entry."""

    engine: str | None
    tables: tuple[Proposed, ...]
    looked: int
    left_out: tuple[str, ...] = ()
    receipt: int | None = None

    @property
    def amiss(self) -> int:
        """How many columns that the map does not have surely or likely hold personal data."""
        return sum(len(table.amiss) for table in self.tables)
