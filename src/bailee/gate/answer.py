"""What the gate gives back: an answer with what was left out of it, and rows of standing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from bailee.decide import Ruling
from bailee.engines import Result
from bailee.rewrite import Governed
from bailee.vocabulary import Reason

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a question did not see: columns that `*` skipped, customers by reason, and kinds of rows in words.

    `included` of `known` customers stand for the use; both are 0 where the question is about nobody.
    """

    columns: tuple[tuple[str, str, Reason | None], ...] = ()
    customers: tuple[tuple[Reason, int], ...] = ()
    rows: tuple[str, ...] = ()
    included: int = 0
    known: int = 0


@dataclass(frozen=True)
class Answer:
    """A governed question's answer, recorded in the ledger at `receipt` before it was released.

    `sequence` is the change of standing that it honours, `as_of` the instant for which ages, consents and retention
    were worked out; `seconds` is the engine's time.
    """

    question: str
    ruling: Ruling
    governed: Governed
    receipt: int
    rows: int
    as_of: datetime
    sequence: int
    seconds: float
    left_out: LeftOut
    result: Result = field(repr=False)

    def arrow(self) -> pa.Table:
        """The rows as a `pyarrow.Table`."""
        return self.result.table

    @property
    def aggregate(self) -> bool:
        """Whether only groups of customers were shown."""
        return self.governed.aggregate


@dataclass(frozen=True, slots=True)
class StandingRow:
    """One customer's standing for a purpose: whether they are in it, and why."""

    customer: str
    stands: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a choice was recorded: its sequence among changes, and the position of its leaf in the ledger."""

    sequence: int
    position: int


@dataclass(frozen=True, slots=True)
class Status:
    """How a workspace stands."""

    home: str
    company: str
    version: str
    policy: str
    datamap: str
    customers: int
    choices: int
    notices: int
    ledger: int
    root: str
    sequence: int
    standing: Mapping[str, int]
    database: str
