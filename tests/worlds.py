"""Policies, customers with hostile histories and uses, made from one source of choices.

The same makers serve hypothesis (`tests/strategies.py`, which shrinks) and plain seeded runs (`Seeded`, which is fast).
Labels are few, so that things collide; instants sit on and beside every threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Protocol, TypeVar

from bailee.policy.canonical import digest, to_json
from bailee.policy.model import (
    ELSEWHERE,
    Contact,
    Forbid,
    Keep,
    OwnCategory,
    PlaceRule,
    Policy,
    Purpose,
    Recipient,
    Release,
    Role,
    Standard,
    Who,
)
from bailee.policy.special import is_special
from bailee.policy.terms import Terms, terms_of
from bailee.policy.units import Duration, Rate
from bailee.vocabulary import (
    EVERY_PURPOSE,
    Act,
    Actor,
    Basis,
    Choice,
    Contract,
    Customer,
    Effect,
    Grounds,
    Instrument,
    NoticeGiven,
    Principle,
    Treatment,
    Use,
)

T = TypeVar("T")

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PURPOSES = ("offers", "insight", "orders", "tax")
FORMER = ("old_offers", "old_insight")
RECIPIENTS = ("insurer", "supplier", "carrier")
#: Each lies in the one before it, or is a stranger to all.
PLACES = ("US", "US-VT", "DE", "GB", "GB-ENG", "GB-LND")
CATEGORIES = (
    "user",
    "user.contact",
    "user.contact.email",
    "user.behavior.purchase_history",
    "user.demographic",
    "user.demographic.age_range",
    "user.demographic.religious_belief",
    "user.health_and_medical",
    "user.health_and_medical.genetic",
    "user.diet",
    "user.diet.kosher",
)
USES = (
    "essential.service.operations",
    "analytics.reporting",
    "marketing.advertising",
    "marketing.advertising.first_party.targeted",
    "marketing.advertising.third_party.targeted",
    "third_party_sharing",
)
ROLES = ("marketing", "care")
LESSONS = ("privacy", "fairness")
DURATIONS = tuple(map(Duration.parse, ("1 month", "30 days", "13 months", "2 years")))
#: The instants of acts: around now, and where each duration ends or began.
TIMES = (
    NOW,
    *(NOW - timedelta(days=days) for days in (1, 20, 40, 200, 500, 900)),
    *(duration.minus(NOW) for duration in DURATIONS),
    NOW + timedelta(days=1),
    NOW + timedelta(days=300),
    datetime(2024, 2, 29, 23, 59, tzinfo=UTC),
)
NUDGES = (timedelta(), timedelta(microseconds=1), timedelta(microseconds=-1))
AGES = (13, 16, 18)
BIRTHDAYS = (
    date(1980, 5, 5),
    *(date(NOW.year - years, NOW.month, NOW.day + shift) for years in AGES for shift in (-1, 0, 1)),
    date(2008, 2, 29),
    date(2012, 2, 29),
    date(2020, 1, 1),
)


class Source(Protocol):
    """Where every choice of a maker comes from."""

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included; smaller is simpler."""
        ...


class Seeded:
    """Choices from a seeded generator: fast, and the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def integer(self, low: int, high: int) -> int:
        return low + int(self._random() * (high - low + 1))


def pick(source: Source, options: Sequence[T]) -> T:
    return options[source.integer(0, len(options) - 1)]


def chance(source: Source, percent: int) -> bool:
    return source.integer(1, 100) > 100 - percent


def some(source: Source, options: Sequence[T], percent: int = 40) -> tuple[T, ...]:
    return tuple(option for option in options if chance(source, percent))


def either(source: Source, percent: int, value: T) -> T | None:
    return value if chance(source, percent) else None


def instant(source: Source) -> datetime:
    return pick(source, TIMES) + pick(source, NUDGES)


@dataclass(frozen=True, slots=True)
class World:
    """A policy, the terms ever shown, the customers and an instant."""

    policy: Policy
    terms: Mapping[str, Terms]
    customers: tuple[Customer, ...]
    at: datetime


def world(source: Source, customers: int = 3) -> World:
    policy = make_policy(source)
    terms = make_terms(source, policy)
    people = tuple(make_customer(source, policy, tuple(terms), f"c{n}") for n in range(customers))
    return World(policy, terms, people, instant(source))


# Policies ------------------------------------------------------------------------------------------------------------


def make_policy(source: Source) -> Policy:
    keys = PURPOSES[: source.integer(1, len(PURPOSES))]
    recipients = {key: _recipient(source, key) for key in RECIPIENTS}
    own = {"user.diet": OwnCategory("user.diet", "Diet", special=chance(source, 40))}
    bare = Policy(
        "Marigold", "v1", {}, recipients, roles={r: Role(r, r, frozenset(some(source, LESSONS, 20))) for r in ROLES}
    )
    bare = replace(bare, categories={**own, "user.diet.kosher": OwnCategory("user.diet.kosher", "Kosher")})
    standards = {f"s{n}": make_standard(source, f"s{n}") for n in range(source.integer(0, 2))}
    lines = {("purposes", key): 10 * n for n, key in enumerate(keys, 1)} | {("standards",): 99}
    return replace(bare, purposes={k: _purpose(source, bare, k) for k in keys}, standards=standards, lines=lines)


def _recipient(source: Source, key: str) -> Recipient:
    return Recipient(
        key,
        key.title(),
        role=pick(source, ("third_party", "processor", "joint")),
        industry=pick(source, (None, "insurance", "retail")),
        place=pick(source, (None, *PLACES)),
        at_most=Treatment.CLEAR if chance(source, 70) else pick(source, tuple(Treatment)),
    )


def make_standard(source: Source, key: str) -> Standard:
    forbid = Forbid(
        effects=_few(source, tuple(Effect), 25),
        uses=_few(source, ("marketing", *USES), 15),
        bases=_few(source, tuple(Basis), 15),
        purposes=_few(source, PURPOSES, 10),
        decides=_few(source, ("alone", "with_human"), 5),
        recipients=_few(source, RECIPIENTS, 10),
        roles=_few(source, ("third_party", "processor"), 10),
        industries=_few(source, ("insurance", "retail"), 10),
        places=_few(source, PLACES, 5),
        categories=_few(source, CATEGORIES, 40),
    )
    if forbid == Forbid():  # an empty one is an error
        forbid = Forbid(categories=frozenset({pick(source, CATEGORIES)}))
    return Standard(key, forbid, "nobody agreed to that", pick(source, (Principle.PRIVACY, Principle.OUTCOMES)))


def _few(source: Source, options: Sequence[T], percent: int) -> frozenset[T]:
    """Usually nothing, which matches everything; else some of the options."""
    return frozenset(some(source, options, 40)) if chance(source, percent) else frozenset()


def _purpose(source: Source, policy: Policy, key: str) -> Purpose:
    basis = pick(source, (Basis.CONSENT, Basis.LEGITIMATE_INTEREST, Basis.CONTRACT, Basis.LEGAL_OBLIGATION))
    by_place = _by_place(source) if chance(source, 15) else {}
    reads = {c: pick(source, tuple(Treatment)[:4]) for c in some(source, CATEGORIES, 30)} or {
        CATEGORIES[1]: Treatment.CLEAR
    }
    if Basis.LEGITIMATE_INTEREST in {basis, *(rule.basis for rule in by_place.values())}:
        reads = {c: t for c, t in reads.items() if not is_special(policy, c)} or {CATEGORIES[1]: Treatment.COARSE}
    sensitive = any(is_special(policy, category) for category in reads)
    return Purpose(
        key,
        key.title(),
        pick(source, USES),
        basis,
        effects=frozenset(some(source, tuple(Effect), 30)) or frozenset({Effect.LEARN}),
        why="because",
        customer_gains="something",
        company_gains="something",
        reads=reads,
        keep=Keep(pick(source, DURATIONS), from_last_activity=chance(source, 20)),
        recipients=some(source, RECIPIENTS, 25),
        who=_who(source),
        by_place=by_place,
        contact=either(source, 10, Contact({"email": Rate.parse("2 per 7 days")}, either(source, 50, "21:00-08:00"))),
        release=Release(either(source, 70, 5), either(source, 5, Rate.parse("1 per 90 days"))),
        roles=frozenset(some(source, ROLES, 20)),
        training=frozenset(some(source, LESSONS, 10)),
        consent_lasts=either(source, 40, pick(source, DURATIONS)),
        explicit=sensitive or chance(source, 10),
        law="an act" if basis is Basis.LEGAL_OBLIGATION else None,
        balance="weighed" if basis is Basis.LEGITIMATE_INTEREST else None,
        decides=pick(source, (None, None, None, "alone", "with_human")),
        was=some(source, FORMER, 25),
    )


def _who(source: Source) -> Who:
    guardians = {place: pick(source, AGES[:2]) for place in some(source, (ELSEWHERE, "US", "GB-ENG", "GB-LND"), 10)}
    return Who(
        min_age=either(source, 25, pick(source, AGES)),
        guardian_below=guardians,
        places=frozenset(some(source, PLACES, 50) if chance(source, 8) else ()),
        except_places=frozenset(some(source, PLACES, 25) if chance(source, 10) else ()),
    )


def _by_place(source: Source) -> dict[str, PlaceRule]:
    places = some(source, PLACES, 30)
    return {
        place: PlaceRule(
            basis=either(source, 50, pick(source, (Basis.CONSENT, Basis.LEGITIMATE_INTEREST))),
            min_age=either(source, 30, pick(source, AGES)),
            guardian_below=either(source, 30, pick(source, AGES)),
        )
        for place in places
    }


def make_terms(source: Source, policy: Policy) -> dict[str, Terms]:
    """Today's terms of each purpose, and terms shown before: of other versions, wider and narrower."""
    today = {f"sha256:{key}": terms_of(policy, purpose) for key, purpose in policy.purposes.items()}
    former = [_former(source, terms) for terms in today.values()]
    # Named by what they say, since whoever compiled a policy remembers what a digest covers.
    return today | {digest(to_json(terms)): terms for terms in former}


def _former(source: Source, terms: Terms) -> Terms:
    match source.integer(0, 6):
        case 0:
            return replace(terms, effects=terms.effects | {Effect.LEARN, Effect.PRICE})
        case 1:
            return replace(terms, effects=frozenset(sorted(terms.effects)[1:]))
        case 2:
            return replace(terms, reads={**terms.reads, "user.contact": Treatment.CLEAR})
        case 3:
            return replace(terms, keep=Keep(pick(source, DURATIONS), chance(source, 50)))
        case 4:
            return replace(terms, recipients=dict(list(terms.recipients.items())[1:]))
        case 5:
            return replace(terms, consent_lasts=either(source, 50, pick(source, DURATIONS)))
        case _:
            return replace(terms, use=pick(source, USES))


# Customers -----------------------------------------------------------------------------------------------------------


def make_customer(source: Source, policy: Policy, digests: Sequence[str], key: str = "c") -> Customer:
    names = (*policy.purposes, *policy.purposes, *FORMER, "gone")
    return Customer(
        key,
        born=either(source, 80, pick(source, BIRTHDAYS)),
        place=pick(source, (*PLACES, *PLACES, None, "XX")),
        erased=chance(source, 5),
        held_for=frozenset(some(source, tuple(policy.purposes), 20)),
        restricted=either(source, 12, instant(source)),
        last_activity=either(source, 70, instant(source)),
        contracts=tuple(_contract(source) for _ in range(source.integer(0, 2))),
        notices=tuple(
            NoticeGiven(name := pick(source, names), _shown(source, name, digests), instant(source))
            for _ in range(source.integer(0, 4))
        ),
        choices=tuple(_choice(source, names, digests) for _ in range(source.integer(0, 8))),
        grounds=tuple(Grounds(pick(source, names), instant(source)) for _ in range(source.integer(0, 1))),
    )


def _contract(source: Source) -> Contract:
    return Contract(instant(source), either(source, 60, instant(source)))


def _shown(source: Source, name: str, digests: Sequence[str]) -> str:
    """A digest of terms: often the purpose's own of today, as `make_terms` names it; else any, or one unheard of."""
    own = f"sha256:{name}"
    return own if own in digests and chance(source, 60) else pick(source, (*digests, "sha256:none"))


def _choice(source: Source, names: Sequence[str], digests: Sequence[str]) -> Choice:
    gpc, name = chance(source, 12), pick(source, names)
    return Choice(
        EVERY_PURPOSE if chance(source, 70 if gpc else 5) else name,
        act=pick(source, (Act.GRANT, Act.GRANT, Act.GRANT, Act.REFUSE, Act.WITHDRAW, Act.OBJECT)),
        at=instant(source),
        sequence=source.integer(1, 3),
        instrument=Instrument.GPC if gpc else pick(source, tuple(Instrument)),
        terms=either(source, 92, _shown(source, name, digests)),
        recipient=pick(source, RECIPIENTS) if chance(source, 20) else None,
        channel=either(source, 8, "email"),
        guardian=chance(source, 25),
        conflict_shown=chance(source, 25),
    )


def make_use(source: Source, policy: Policy) -> Use:
    """A use that is often, but not always, one that the policy lists."""
    key = "gone" if chance(source, 3) else pick(source, tuple(policy.purposes))
    purpose = policy.purposes.get(key)
    listed = purpose.recipients if purpose else ()
    actor = Actor("ann", frozenset(some(source, ROLES, 70)), frozenset(some(source, LESSONS, 70)))
    effects = sorted(purpose.effects) if purpose and chance(source, 85) else tuple(Effect)
    return Use(
        key,
        actor,
        effect=either(source, 60, pick(source, effects)),
        recipient=pick(source, (None, *(listed if chance(source, 85) else RECIPIENTS))),
    )
