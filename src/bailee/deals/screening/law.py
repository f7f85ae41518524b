"""Test 10: what the law asks where the customers and the recipient are: places, children, time limits, transfer.

It says what the policy declares and the deal states; it is no lawyer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import NamedTuple

from bailee import decide
from bailee.deals.cohort import ages, cohort, customers, some
from bailee.deals.evidence import Evidence
from bailee.deals.finding import Figure, Finding, Outcome, Remedy, Series, Test
from bailee.deals.model import Form
from bailee.deals.screening.intention import ruling
from bailee.deals.words import counted, listed, recipient
from bailee.decide import Ruling
from bailee.decide.law import Law
from bailee.policy import places
from bailee.policy.special import is_special
from bailee.vocabulary import Basis, Effect, Principle, Treatment

#: Under this age nobody's data is sold without their own or a guardian's yes (California Civil Code 1798.120(c)); under
#: 18 nobody is a minor's insurer, lender or judge by what they bought.
OPT_IN_BELOW, ADULT = 16, 18
_EEA = frozenset(re.findall("..", "ATBEBGCYCZDEDKEEESFIFRGRHRHUIEISITLILTLULVMTNLNOPLPTROSESISK"))


class Point(NamedTuple):
    """One thing that the law asks and the deal does not give: how grave, what, where written, and what mends it."""

    outcome: Outcome
    what: str
    source: str
    remedy: Remedy


def find(evidence: Evidence) -> Finding:
    """Places, children, retention, transfer, and how long consent lasts against how long the deal does."""
    points = [
        *_minors(evidence),
        *_place_rules(evidence),
        *_retention(evidence),
        *_transfer(evidence),
        *_consent_lasts(evidence),
        *_special(evidence),
        *_deidentified(evidence),
        *_term(evidence),
    ]
    points.sort(key=lambda each: -each.outcome)
    outcome = max((each.outcome for each in points), default=Outcome.PASSED)
    grave = [each for each in points if each.outcome is outcome]
    deal = evidence.deal
    line = evidence.policy.line("purposes", deal.purpose)
    if not points:
        sentence = (
            "Nobody under age is in it, it ends in time, stays where it may be, and no rule of a place is against it."
        )
    else:
        sentence = f"{_capital(grave[0].what)}{_more(len(points) - 1)}."
    return Finding(
        Test.LAW,
        outcome,
        sentence,
        "These are rules that no interest outweighs. This test knows those that the policy and the deal state; counsel "
        "knows the others.",
        Principle.FAIRNESS if points and "under" in points[0].what else Principle.ACCOUNTABILITY,
        figures=(
            Figure("points of law that are not met", len(points), "points", bar="none"),
            customers("customers under 18 in it", _under(evidence, ADULT), "none where it may count against them"),
            Figure("days from the first release to the last", (deal.term.ends - deal.term.begins).days, "days"),
        ),
        series=(_table(points),) if points else (),
        remedies=tuple(each.remedy for each in points),
        assumed=("the places and birth dates that customers gave are true", "the recipient is where the policy says"),
        line=line,
    )


def _table(points: list[Point]) -> Series:
    rows = tuple(
        (each.what, "rules it out" if each.outcome is Outcome.REFUSED else "a condition", each.source)
        for each in points
    )
    return Series("What is not met", ("what", "weighs", "written in"), rows)


def _under(evidence: Evidence, years: int) -> int:
    return int((cohort(evidence) & (ages(evidence) < years)).sum())


def _minors(evidence: Evidence) -> Iterator[Point]:
    deal, members = evidence.deal, cohort(evidence)
    young = _under(evidence, ADULT)
    unknown = int((members & ~(ages(evidence) >= 0)).sum())
    grave = bool(deal.effects & {Effect.PRICE, Effect.ADVERSE, Effect.CONTACT, Effect.PERSONALISE})
    adults = Remedy("Take nobody under 18, and nobody whose age is not known.", {"cohort.min_age": ADULT})
    if young and (grave or deal.form is not Form.AGGREGATE):
        yield Point(
            Outcome.REFUSED,
            f"{some(young)} under {ADULT} would be in it",
            "Cal. Civ. Code 1798.120(c); COPPA, 16 CFR 312; GDPR 8",
            adults,
        )
    elif young:
        yield Point(
            Outcome.CONDITION,
            f"{some(young)} under {ADULT} would be counted in it",
            "GDPR recital 38",
            adults,
        )
    if unknown:
        worst = Outcome.REFUSED if grave else Outcome.CONDITION
        yield Point(worst, f"the age of {some(unknown)} in it is not known", "COPPA, 16 CFR 312; GDPR 8", adults)


def _place_rules(evidence: Evidence) -> Iterator[Point]:
    """Customers in the cohort whom the purpose's own rules on places, ages and guardians do not take."""
    deal = evidence.deal
    if deal.cohort.standing:
        return  # who stands was judged by these rules, one by one
    members, rules = cohort(evidence).tolist(), Law(evidence.policy, evidence.policy.purposes[deal.purpose])
    barred = young = 0
    for inside, age, place in zip(
        members, evidence.people["age"].to_pylist(), evidence.people["place"].to_pylist(), strict=True
    ):
        if not inside:
            continue
        where = rules.locale(place)
        barred += bool(where.fails)
        least = max(where.min_age or 0, where.guardian_below or 0)
        young += bool(least and (age is None or age < least))
    remedy = Remedy("Take only customers who stand for it.", {"cohort.standing": True})
    source = f"`who` and `by_place` of `{deal.purpose}`"
    if barred:
        yield Point(Outcome.REFUSED, f"{some(barred)} are in places that the purpose does not take", source, remedy)
    if young:
        yield Point(Outcome.REFUSED, f"{some(young)} are too young for it where they live", source, remedy)


def _retention(evidence: Evidence) -> Iterator[Point]:
    """What the recipient may keep longer than we promised that anybody would."""
    deal, purpose = evidence.deal, evidence.policy.purposes[evidence.deal.purpose]
    keep, source = purpose.keep.duration, f"`keep` of `{deal.purpose}`; GDPR 5(1)(e)"
    if deal.deletion is None:
        if deal.form is not Form.AGGREGATE:
            yield Point(
                Outcome.REFUSED,
                f"the recipient may keep it for ever, and customers were promised {keep}",
                source,
                Remedy("Have it deleted in time.", {"deletion": {"after": "90 days", "proof": "a signed statement"}}),
            )
    elif not keep.at_least(deal.deletion.after):
        yield Point(
            Outcome.REFUSED,
            f"the recipient may keep it {deal.deletion.after}, and customers were promised {keep}",
            source,
            Remedy(f"Have it deleted within {keep}.", {"deletion.after": str(keep)}),
        )


def _transfer(evidence: Evidence) -> Iterator[Point]:
    """Data that leaves the country it is in, without a safeguard."""
    deal, policy = evidence.deal, evidence.policy
    to = policy.recipients.get(deal.recipient)
    if to is None or deal.form is Form.AGGREGATE:
        return
    if to.place is None:
        yield Point(
            Outcome.REFUSED,
            "where the recipient is, nobody has said",
            "GDPR 44",
            Remedy(f"State its `place` in `recipients` of the policy, `{deal.recipient}`."),
        )
        return
    country, abroad = to.place[:2], _abroad(evidence, to.place[:2])
    if abroad and to.safeguard is None:
        grave = bool(set(abroad) & (_EEA | {"GB", "CH"}))
        elsewhere = listed([*map(places.name, abroad[:5]), *(["elsewhere"] if len(abroad) > 5 else [])])
        yield Point(
            Outcome.REFUSED if grave else Outcome.CONDITION,
            f"{recipient(policy, deal.recipient)} is in {places.name(country)}, and customers in it are in {elsewhere} "
            "too, without a safeguard for the transfer",
            "GDPR 44 to 46",
            Remedy(
                f"Agree on one, and state it as `safeguard` of `{deal.recipient}` in the policy; or take customers of "
                "its own country.",
                {"cohort.places": [country]},
            ),
        )
    if deal.jurisdiction is not None and not (
        places.within(to.place, deal.jurisdiction) or places.within(deal.jurisdiction, to.place)
    ):
        yield Point(
            Outcome.CONDITION,
            f"the deal is under the law of {deal.jurisdiction}, and the recipient is in {to.place}",
            "the deal",
            Remedy("Name the law of the recipient's place, or ours.", {"jurisdiction": to.place}),
        )


def _abroad(evidence: Evidence, country: str) -> list[str]:
    """The countries of customers in it from which the data would be transferred; within the EEA it is not."""
    known = zip(evidence.people["place"].to_pylist(), cohort(evidence).tolist(), strict=True)
    homes = {place[:2] for place, inside in known if inside and place is not None}
    return sorted(home for home in homes if home != country and not {home, country} <= _EEA)


def _consent_lasts(evidence: Evidence) -> Iterator[Point]:
    """A term that outlasts every consent that is there today."""
    deal, purpose = evidence.deal, evidence.policy.purposes[evidence.deal.purpose]
    if purpose.basis is not Basis.CONSENT or purpose.consent_lasts is None:
        return
    ends = datetime.combine(deal.term.ends, time(), UTC)
    last = purpose.consent_lasts.plus(datetime.combine(evidence.today, time(), UTC))
    if ends > last:
        until = last.date()
        yield Point(
            Outcome.CONDITION,
            f"consent lasts {purpose.consent_lasts}, so everybody who stands today must be asked again before {until}, "
            f"and it runs until {deal.term.ends}",
            f"`consent_lasts` of `{deal.purpose}`",
            Remedy(
                "End it while today's consents last, or ask again and look before each release.",
                {"term.until": min(until, deal.term.ends).isoformat()},
            ),
        )


def _special(evidence: Evidence) -> Iterator[Point]:
    """Special categories in columns or rows that go out, without explicit consent."""
    deal, policy = evidence.deal, evidence.policy
    purpose = policy.purposes[deal.purpose]
    if deal.form is Form.AGGREGATE:
        return
    said = {category for columns in evidence.columns.values() for each in columns.values() for category in each}
    told = {value for lists in evidence.revealed.values() for value in _values(lists)}
    ruled = [ruling(policy, deal.purpose, effect, deal.recipient) for effect in sorted(deal.effects)]
    special = [each for each in sorted(said | told) if is_special(policy, each) and not _kept_back(ruled, each)]
    if special and not (purpose.basis is Basis.CONSENT and purpose.explicit):
        yield Point(
            Outcome.REFUSED,
            f"what is wanted tells of {listed([_words(each) for each in special])}, and nobody's consent to that is "
            "explicit",
            "GDPR 9(2)(a); Colorado 6-1-1308(7)",
            Remedy("Leave out the rows and columns that say so; a release for a purpose that does not read them does."),
        )


def _kept_back(ruled: list[Ruling], category: str) -> bool:
    """Whether the gate would hide the rows that say so, because the purpose may be used and does not read it."""
    return all(each.permitted and decide.category(each, category).treatment is Treatment.WITHHELD for each in ruled)


def _values(lists: object) -> set[str]:
    import pyarrow.compute as pc

    return set(pc.unique(pc.list_flatten(lists)).to_pylist())


def _words(category: str) -> str:
    return category.rpartition(".")[2].replace("_", " ")


def _deidentified(evidence: Evidence) -> Iterator[Point]:
    """What the recipient must undertake for data to count as de-identified."""
    deal = evidence.deal
    answers = {each.question: each.answer for each in deal.diligence}
    if deal.form is Form.DEIDENTIFIED and answers.get("no_reidentification") != "yes":
        yield Point(
            Outcome.REFUSED,
            "data is de-identified only where the recipient undertakes by contract not to identify anybody",
            "Cal. Civ. Code 1798.140(m); Colorado 6-1-1303(11)",
            Remedy("Have them undertake it: `no_reidentification`, by `yes`, with the contract as evidence."),
        )


def _term(evidence: Evidence) -> Iterator[Point]:
    deal = evidence.deal
    if deal.term.ends < evidence.today:
        yield Point(Outcome.REFUSED, f"the deal ended on {deal.term.ends}", "the deal", Remedy("Write a new one."))


def _more(count: int) -> str:
    return f", and {counted(count, 'further point')}" if count > 0 else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
