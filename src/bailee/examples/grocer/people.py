"""SYNTHETIC choices: what 2,469 real households, none of whom was ever asked, might have said to Marigold Grocers.

Drawn from a seed, with rates as a shop might see them, and with every story that the language knows: never asked,
refused, withdrawn, expired, agreed to an older and narrower notice, agreed to no notice on record, signals from
browsers, children with and without a guardian, objections. Nothing here is anybody's opinion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from bailee.examples.grocer.households import Household, drawn
from bailee.policy.model import Keep, Policy
from bailee.policy.terms import Terms, terms_of
from bailee.policy.units import Duration
from bailee.vocabulary import EVERY_PURPOSE, Act, Instrument

#: Kept as the evidence of every synthetic choice.
EVIDENCE = "synthetic, made by bailee init --example grocer"

#: The notice of a purpose that is in use; all others are at their first version.
VERSIONS = {"personal_offers": "2"}
#: A purpose that was drafted and never shown to anybody has no notice.
NEVER_SHOWN = frozenset({"premium_setting"})

_DAY = timedelta(days=1)
_PRESENT = "now"
_EARLIER = "earlier"


@dataclass(frozen=True, slots=True)
class Notice:
    """The words shown for a purpose, and the terms that they stand for."""

    purpose: str
    version: str
    language: str
    text: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class Shown:
    """That a household was shown a version of a purpose's notice."""

    household: int
    purpose: str
    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """One act of one household.

    `version` is that of the purpose's notice, or None where none is on record; `guardian` is the household that acted.
    """

    household: int
    purpose: str
    act: Act
    at: datetime
    instrument: Instrument
    version: str | None = None
    guardian: int | None = None
    conflict_shown: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One act in a story: how many days ago at most and at least, and under which notice."""

    act: Act
    longest: int
    latest: int
    notice: str | None = _PRESENT
    instruments: tuple[Instrument, ...] = ()
    guardian: bool = False


_FORMS = (Instrument.CHECKBOX, Instrument.CHECKBOX, Instrument.CHECKBOX, Instrument.SIGNED, Instrument.API)
_BANNER = (Instrument.BANNER,)

_NEVER: tuple[Step, ...] = ()
_YES = (Step(Act.GRANT, 340, 2),)
_NO = (Step(Act.REFUSE, 340, 2),)
_YES_THEN_NO = (Step(Act.GRANT, 340, 160), Step(Act.WITHDRAW, 150, 1))
_NO_THEN_YES = (Step(Act.REFUSE, 340, 200), Step(Act.GRANT, 190, 2))
_LONG_AGO = (Step(Act.GRANT, 470, 372),)
_OLD_NOTICE = (Step(Act.GRANT, 700, 480, _EARLIER),)
_NO_NOTICE = (Step(Act.GRANT, 340, 2, None, (Instrument.IMPORT,)),)
_BY_BANNER = (Step(Act.GRANT, 340, 2, instruments=_BANNER),)
_BY_GUARDIAN = (Step(Act.GRANT, 340, 60, guardian=True),)
_GUARDIAN_THEN_CHILD = (Step(Act.GRANT, 340, 60, guardian=True), Step(Act.REFUSE, 50, 2))
_OBJECTED = (Step(Act.OBJECT, 300, 2),)

#: For each purpose on consent, the stories and how many of a hundred adults tell them.
STORIES: dict[str, dict[tuple[Step, ...], float]] = {
    "personal_offers": {_YES: 50, _NO: 18, _YES_THEN_NO: 9, _NO_THEN_YES: 4, _OLD_NOTICE: 7, _NO_NOTICE: 2, _NEVER: 10},
    "product_recommendations": {_YES: 27, _BY_BANNER: 26, _NO: 24, _YES_THEN_NO: 5, _LONG_AGO: 6, _NEVER: 12},
    "insurer_research": {_YES: 24, _NO: 41, _YES_THEN_NO: 4, _LONG_AGO: 2, _NO_NOTICE: 1, _NEVER: 28},
    "health_advice": {_YES: 4, _BY_BANNER: 0.4, _YES_THEN_NO: 0.6, _NO: 10, _NEVER: 85},
}
#: Children are asked for one purpose only; their own yes counts for nothing.
_CHILDREN = {_BY_GUARDIAN: 45.0, _GUARDIAN_THEN_CHILD: 10.0, _YES: 25.0, _NEVER: 20.0}
OBJECTIONS = {"service_improvement": 3.0, "fraud_prevention": 0.8, "category_report": 5.0}
#: Of a hundred households: browsers that send Global Privacy Control, those of them who still agree to the research
#: after the conflict was shown, refusals of everything at once, and cards that came from a list, without any notice.
GPC, IN_SPITE_OF_GPC, NOTHING_AT_ALL, UNINFORMED = 11.0, 9.0, 0.4, 2.5


def notices(policy: Policy, folder: Path) -> list[Notice]:
    """Every notice that was ever in use, from `notices/<language>/<purpose>.<version>.md` in a folder."""
    found = []
    for file in sorted(folder.glob("*/*.md")):
        purpose, version = file.stem.split(".")
        terms = terms_of(policy, policy.purposes[purpose])
        if version != version_of(purpose):
            terms = _earlier(terms)
        found.append(Notice(purpose, version, file.parent.name, file.read_text(encoding="utf-8"), terms))
    return found


def version_of(purpose: str) -> str:
    """The version of the purpose's notice that is in use."""
    return VERSIONS.get(purpose, "1")


def _earlier(terms: Terms) -> Terms:
    """What the first notice of personal offers promised: half a year of purchases, and no ages or places."""
    reads = {key: treatment for key, treatment in terms.reads.items() if not key.startswith(_LATER)}
    return replace(terms, reads=reads, keep=Keep(Duration.parse("6 months")))


_LATER = ("user.demographic", "user.contact.address")


def shown(people: Sequence[Household]) -> Iterator[Shown]:
    """The notices of what needs no consent, given with the card."""
    for household in people:
        luck = drawn(household.number, "shown")
        uninformed = luck.random() * 100 < UNINFORMED
        for contract in household.contracts:
            for purpose in () if uninformed else OBJECTIONS:
                yield Shown(household.number, purpose, version_of(purpose), contract.since + timedelta(minutes=3))


def said(people: Sequence[Household], today: datetime) -> list[Said]:
    """Every choice of every household, in order of time; `today` is a midnight and all are before it."""
    return sorted(_all_said(people, today), key=lambda each: (each.at, each.household))


def _all_said(people: Sequence[Household], today: datetime) -> Iterator[Said]:
    for household in people:
        for purpose in STORIES:
            yield from _consent(household, purpose, today)
        for purpose, rate in OBJECTIONS.items():
            luck = drawn(household.number, purpose)
            if luck.random() * 100 < rate:
                yield from _told(luck, household, purpose, _OBJECTED, today)
        yield from _signals(household, today)


def _consent(household: Household, purpose: str, today: datetime) -> Iterator[Said]:
    luck = drawn(household.number, purpose)
    age = household.age(today.date())
    if age is not None and age < 13:
        stories = _CHILDREN if purpose == "product_recommendations" else {_NEVER: 1.0}
    else:
        stories = STORIES[purpose]
    told = luck.choices(list(stories), list(stories.values()))[0]
    instruments = (Instrument.CHECKBOX, Instrument.SIGNED) if purpose == "health_advice" else _FORMS
    yield from _told(luck, household, purpose, told, today, instruments)


def _told(
    luck: Random,
    household: Household,
    purpose: str,
    story: Iterable[Step],
    today: datetime,
    instruments: tuple[Instrument, ...] = _FORMS,
) -> Iterator[Said]:
    versions = {_PRESENT: version_of(purpose), _EARLIER: "1", None: None}
    for step in story:
        at = today - luck.randint(step.latest, step.longest) * _DAY + timedelta(seconds=luck.randrange(86_400))
        instrument = luck.choice(step.instruments or instruments)
        guardian = household.guardian if step.guardian else None
        yield Said(household.number, purpose, step.act, at, instrument, versions[step.notice], guardian)


def _signals(household: Household, today: datetime) -> Iterator[Said]:
    """What is said about all purposes at once: by a browser, or by whoever wants none of it."""
    luck = drawn(household.number, "signals")
    at = today - luck.randint(20, 500) * _DAY + timedelta(seconds=luck.randrange(86_400))
    if luck.random() * 100 < GPC:
        yield Said(household.number, EVERY_PURPOSE, Act.REFUSE, at, Instrument.GPC)
        if luck.random() * 100 < IN_SPITE_OF_GPC:
            later = at + (today - at) * luck.random()
            version = version_of("insurer_research")
            yield Said(
                household.number,
                "insurer_research",
                Act.GRANT,
                later,
                Instrument.CHECKBOX,
                version,
                conflict_shown=True,
            )
    if luck.random() * 100 < NOTHING_AT_ALL:
        yield Said(household.number, EVERY_PURPOSE, Act.REFUSE, at, Instrument.CHECKBOX)


def joined(choices: Iterable[Said], purpose: str) -> dict[int, datetime]:
    """When each household first agreed to a purpose, also those who withdrew since."""
    first: dict[int, datetime] = {}
    for each in choices:
        if each.purpose == purpose and each.act is Act.GRANT:
            first.setdefault(each.household, each.at)
    return first
