"""What the gate gives back: an answer with what was left out of it, and rows of standing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from bailee.decide import Ruling
from bailee.engines import Result, View
from bailee.gate.ways import Way
from bailee.rewrite import Governed
from bailee.vocabulary import Reason

if TYPE_CHECKING:
    import pyarrow as pa

    from bailee.gate.noising import Noised
    from bailee.gate.publishing import Versions
    from bailee.policy.model import DataMap


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
    were worked out; rows that are not younger than `cutoff` were hidden. `seconds` is the engine's time. `ways` says
    how each relation was held against standing.
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
    cutoff: datetime | None
    result: Result = field(repr=False)
    ways: tuple[Way, ...] = ()
    #: How the figures got their noise; None where they have none.
    noise: Noised | None = None

    def arrow(self) -> pa.Table:
        """The rows as a `pyarrow.Table`."""
        return self.result.table

    def currencies(self, datamap: DataMap) -> tuple[str | None, ...]:
        """The currency (ISO 4217) of each column whose figures are surely money by the data map, or None."""
        from bailee.rewrite.amounts import currencies

        governed = self.governed
        return currencies(self.question, datamap, governed.tables, governed.dialect, self.arrow().column_names)

    @property
    def relations(self) -> tuple[View, ...]:
        """The governed relations as they were asked, the cut-off filled in; the key of pseudonyms is never shown."""
        return self.governed.shown(self.cutoff, {way.column for way in self.ways if way.column is not None})

    @property
    def aggregate(self) -> bool:
        """Whether only groups of customers were shown."""
        return self.governed.aggregate


@dataclass(frozen=True, slots=True)
class StandingRow:
    """One customer's standing for a purpose: whether they are in it, and why.

    Nothing but somebody's act changes it before `until`; None where no time is set.
    """

    customer: str
    stands: bool
    reason: Reason
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a choice was recorded: its sequence among changes, and the position of its leaf in the ledger."""

    sequence: int
    position: int


@dataclass(frozen=True, slots=True)
class NoticeReceipt:
    """That a notice is registered: its digest, that of its terms, and its leaf; None where it was registered before."""

    digest: str
    terms: str
    position: int | None


@dataclass(frozen=True, slots=True)
class NoticeOnRecord:
    """A registered notice; `covers` says whether whoever agreed to its terms has agreed to all of today's."""

    digest: str
    purpose: str
    language: str
    terms: str
    since: datetime
    covers: bool


@dataclass(frozen=True, slots=True)
class PolicyOnRecord:
    """A policy that is on record since a time: its digest, what it calls itself, and whether it is today's."""

    digest: str
    version: str
    since: datetime
    in_force: bool


@dataclass(frozen=True, slots=True)
class Status:
    """How a workspace stands.

    By purpose: `standing` counts who is in it, `unasked` who never said anything of one on consent, `expiring` whose
    consent runs out within 30 days. `waiting` counts those who asked to be erased and of whom a hold keeps a part,
    `due` those of them whose holds have ended. `changing` counts customers whose standing changes by then for any
    reason of time, the first at `next_change`. `engine` says whether the database file is there, if it is
    one. `store` is where all this is kept: a file, or the URL of a PostgreSQL database without its password.
    `versions` says how the policy stands.
    """

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
    unasked: Mapping[str, int]
    expiring: Mapping[str, int]
    waiting: int
    due: int
    changing: int
    next_change: datetime | None
    store: str
    database: str
    engine: bool
    versions: Versions
