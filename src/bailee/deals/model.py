"""A deal as frozen values: a proposed or agreed disclosure to one recipient, as `deal.yaml` states it.

Read by `bailee.deals.document`, which validates; nothing here checks. `lines` maps a path in the file to its line
(from 1) and is no part of equality or digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum

from bailee.policy.units import Duration, Rate
from bailee.vocabulary import Effect

Path = tuple[str, ...]


class Form(IntEnum):
    """In what form data leaves; the larger tells less of a person."""

    IDENTIFIED = 0
    PSEUDONYMOUS = 1
    DEIDENTIFIED = 2
    AGGREGATE = 3


class Onward(StrEnum):
    """Whether the recipient may hand data on."""

    NEVER = "never"
    ASKED = "if_we_agree"
    FREELY = "freely"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One table that the recipient wants: columns of a mapped table, or a governed question in their place.

    `customer` names the column of it that holds the customer's key; each row is about that customer. `coarse` says of
    columns that they are wanted only so precisely, in the words of the data map's `coarsen`.
    """

    key: str
    table: str | None = None
    columns: tuple[str, ...] = ()
    question: str | None = None
    customer: str | None = None
    coarse: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the recipient says that it wants to learn: a SELECT over the wanted tables, by their keys.

    `by` are the columns of its answer that name a group, the others are figures. What a version of the deal is worth is
    how near each answer comes to the one over all that was wanted, `weight` by `weight`.
    """

    key: str
    title: str
    question: str
    by: tuple[str, ...] = ()
    weight: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Treated:
    """How values are made safer before they leave: k, l and t for `deidentified`, groups and noise for `aggregate`.

    `epsilon` is what each question spends of its purpose's privacy budget, where that is less than the policy says.
    """

    k: int | None = None
    l: int | None = None  # noqa: E741 (its name in the literature)
    t: Decimal | None = None
    suppress: Decimal | None = None
    identifiers: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    min_group: int | None = None
    epsilon: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Whose data: of adults of `min_age`, in `places`; and whether only of customers who stand for the purpose."""

    min_age: int | None = None
    places: tuple[str, ...] = ()
    standing: bool = True


@dataclass(frozen=True, slots=True)
class Term:
    """From when until when data is given, and how often."""

    begins: date
    ends: date
    releases: Rate | None = None


@dataclass(frozen=True, slots=True)
class Deletion:
    """How long after a release the recipient must have deleted it, and what proves that."""

    after: Duration
    proof: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What the company gets, a period or once."""

    amount: Decimal
    currency: str
    per: Duration | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The recipient's answer to one question of the due diligence; evidence is a document's name, with its expiry."""

    question: str
    answer: str
    evidence: str | None = None
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A correlation that the deal rests on, and who showed it; `licence` says by whom a use of it was allowed."""

    sentence: str
    evidence: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """What customers are expected to do; ranges are of shares (0 to 1), `margin` a customer's a year.

    `survey` is a file of comfort answers, beside the deal. Without it the ranges are assumptions, and told as such.
    """

    survey: str | None = None
    uncomfortable: tuple[Decimal, Decimal] | None = None
    leave_if_uncomfortable: tuple[Decimal, Decimal] | None = None
    hear_of_it: tuple[Decimal, Decimal] | None = None
    margin: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """One version of a deal."""

    key: str
    title: str
    purpose: str
    recipient: str
    effects: frozenset[Effect]
    intention: str
    customer_gains: str
    screened_under: str
    form: Form
    wanted: Mapping[str, Wanted]
    asked: Mapping[str, Asked]
    term: Term
    deletion: Deletion | None = None
    treated: Treated = Treated()
    cohort: Cohort = Cohort()
    exclusive: bool = False
    onward: Onward = Onward.NEVER
    audit: bool = False
    price: Price | None = None
    jurisdiction: str | None = None
    diligence: tuple[Answered, ...] = ()
    claims: tuple[Claim, ...] = ()
    reaction: Reaction = Reaction()
    approvers: tuple[str, ...] = ()
    language: int = 1
    lines: Mapping[Path, int] = field(default_factory=dict, compare=False, repr=False)

    def line(self, *path: str) -> int | None:
        """Line of the path, or of its nearest ancestor that has one."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None
