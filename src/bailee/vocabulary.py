"""The frozen nouns of the design: no I/O, no logic beyond the order of treatments.

Times are aware UTC datetimes. Categories, data uses and places are plain strings
(`user.contact.email`, `marketing.advertising`, `US-VT`), compared by whole segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum


class Treatment(IntEnum):
    """How a category may appear; the larger is the stricter."""

    CLEAR = 0
    COARSE = 1
    PSEUDONYM = 2
    AGGREGATE = 3
    WITHHELD = 4


class Basis(StrEnum):
    """The legal ground a purpose stands on (GDPR article 6)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTEREST = "legitimate_interest"


class Effect(StrEnum):
    """What a use does to the customer."""

    LEARN = "learn"
    SERVE = "serve"
    PERSONALISE = "personalise"
    CONTACT = "contact"
    PRICE = "price"
    ADVERSE = "adverse"


class Principle(StrEnum):
    """What a reason appeals to."""

    OWNERSHIP = "ownership"
    TRANSPARENCY = "transparency"
    PRIVACY = "privacy"
    INTENTION = "intention"
    OUTCOMES = "outcomes"
    MINIMISATION = "minimisation"
    SECURITY = "security"
    TRAINING = "training"
    FAIRNESS = "fairness"
    ACCOUNTABILITY = "accountability"


class Act(StrEnum):
    """What a customer said; refuse, withdraw and object have the same force."""

    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    OBJECT = "object"


class Instrument(StrEnum):
    """How a choice was made; `checkbox`, `signed` and `api` can be explicit consent, the others cannot."""

    CHECKBOX = "checkbox"
    SIGNED = "signed"
    BANNER = "banner"
    GPC = "gpc"
    API = "api"
    IMPORT = "import"


EXPLICIT = frozenset({Instrument.CHECKBOX, Instrument.SIGNED, Instrument.API})

#: The purpose that a choice names when it is about all of them, as a browser's GPC signal is.
EVERY_PURPOSE = "*"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a stable code, a sentence for a person, the principle it appeals to, and the policy line (from 1) if any."""

    code: str
    sentence: str
    principle: Principle
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a name, the roles they hold and the lessons they have currently passed."""

    name: str
    roles: frozenset[str] = frozenset()
    trained: frozenset[str] = frozenset()
    self_declared: bool = True


@dataclass(frozen=True, slots=True)
class Use:
    """What is asked of the policy; an omitted effect or recipient means all that the purpose lists."""

    purpose: str
    actor: Actor
    effect: Effect | None = None
    recipient: str | None = None
    #: Whether it answers the request of one person, of whom alone it then shows anything. The gate alone says so.
    own: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A ruling applied to one customer."""

    permitted: bool
    reasons: tuple[Reason, ...] = ()

    def __bool__(self) -> bool:
        return self.permitted


@dataclass(frozen=True, slots=True)
class Choice:
    """One act of one customer.

    `terms` is the digest of the terms shown under a registered notice, or None when none is on record (then a
    grant grants nothing). `guardian` says that a verified guardian acted. `conflict_shown` says that the person was
    told that this grant contradicts their GPC signal. `recipient` or `channel` narrow what the choice is about.
    """

    purpose: str
    act: Act
    at: datetime
    sequence: int
    instrument: Instrument
    terms: str | None = None
    recipient: str | None = None
    channel: str | None = None
    guardian: bool = False
    conflict_shown: bool = False


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract on record with a customer."""

    since: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoticeGiven:
    """That a customer was shown the terms (by digest) of a purpose, and when."""

    purpose: str
    terms: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Grounds:
    """Compelling grounds recorded for continuing a purpose against one customer's objection."""

    purpose: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """All that the law needs to know about one customer; nothing here names them but their key."""

    key: str
    born: date | None = None
    place: str | None = None
    erased: bool = False
    held_for: frozenset[str] = frozenset()
    restricted: datetime | None = None
    last_activity: datetime | None = None
    contracts: tuple[Contract, ...] = ()
    notices: tuple[NoticeGiven, ...] = ()
    choices: tuple[Choice, ...] = ()
    grounds: tuple[Grounds, ...] = ()
