"""Test 8, outcomes: who could come to harm by what the recipient may do, and how unevenly that would fall."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals import bars
from bailee.deals.delivering import chosen
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Chart, Figure, Finding, Outcome, Remedy, Series, Test
from bailee.deals.model import Claim, Deal, Form
from bailee.deals.screening.attributes import attributes
from bailee.deals.screening.deciding import Impact, impact, resampled, surely_below, worse_off
from bailee.deals.screening.inference import money
from bailee.deals.screening.predicting import Profiles, profiles
from bailee.deals.screening.purchases import kinds
from bailee.deals.screening.traits import sensitive
from bailee.deals.screening.whose import Whose, lacking, measured
from bailee.deals.words import percent
from bailee.deid.frequencies import Column, Ints
from bailee.vocabulary import Effect, Principle

#: What an effect can do to somebody.
HARMS = {
    Effect.LEARN: ("exposure", "is known for what they buy, if rows about persons are handed over or lost"),
    Effect.SERVE: ("none", "gets what they asked for"),
    Effect.PERSONALISE: ("exposure", "sees that the recipient knows what they buy, and so may others at their screen"),
    Effect.CONTACT: ("intrusion", "is written to by somebody whom they never gave an address"),
    Effect.PRICE: ("price", "pays more than others for the same, because of what they buy"),
    Effect.ADVERSE: ("denial", "is refused, rated down or dismissed, because of what they buy"),
}
_HARSH = frozenset({Effect.PRICE, Effect.ADVERSE})
#: Whose decisions about people weigh most.
HIGH_STAKES = frozenset(
    {"insurance", "finance", "banking", "credit", "employment", "housing", "healthcare", "education"}
)
_AGES = ((18, "under 18"), (35, "18 to 34"), (55, "35 to 54"), (200, "55 and over"))
_MOST_VALUES = 8
#: So many decisions are shown, the surest first.
_SHOWN = 12
_FEWEST_KINDS, _MOST_KINDS = 5, 400
_REASON = (
    "What counts is what comes of it. A correlation found in baskets falls on everybody who buys alike, and on some "
    "groups more than on others, and nobody agreed that it should."
)


@dataclass(frozen=True, eq=False)
class _Groups:
    """A way to tell customers apart: each one's group, -1 where it is not known."""

    by: str
    names: list[str]
    codes: Ints


@dataclass(frozen=True, slots=True)
class _Tried:
    kind: str
    by: str
    impact: Impact


def find(evidence: Evidence) -> Finding:
    """By effect who could be harmed; for prices and adverse effects, decisions tried out on the customers' own data."""
    missing = lacking(evidence, Test.OUTCOMES, Principle.OUTCOMES)
    if missing is not None:
        return missing
    deal = evidence.deal
    harms = Series(
        "What each effect can do to a customer",
        ("effect", "harm", "a customer"),
        tuple((effect.value, *HARMS[effect]) for effect in sorted(deal.effects)),
    )
    if not deal.effects & _HARSH:
        return _mild(evidence, harms)
    whose = measured(evidence)
    profile = _profile(evidence, whose)
    tried = [] if profile is None else _tried(evidence, profile)
    return _harsh(evidence, whose, harms, tried)


# Learning, serving, writing to ------------------------------------------------------------------------------------


def _mild(evidence: Evidence, harms: Series) -> Finding:
    deal = evidence.deal
    recipient = evidence.policy.recipients.get(deal.recipient)
    grave = recipient is not None and recipient.industry in HIGH_STAKES and deal.form is not Form.AGGREGATE
    industry = recipient.industry if recipient else None
    if grave:
        sentence = f"The effects are mild, but nothing in rows about persons keeps a recipient in {industry} to them."
    else:
        sentence = "Nobody pays more, is refused or rated by it."
    remedies = (
        (
            Remedy(
                "Give answers about groups, by which nobody can be rated.",
                {"form": "aggregate", "treated.min_group": bars.GROUP},
            ),
        )
        if grave
        else ()
    )
    return Finding(
        Test.OUTCOMES,
        Outcome.CONDITION if grave else Outcome.PASSED,
        sentence,
        _REASON,
        Principle.OUTCOMES,
        series=(harms,),
        remedies=remedies,
        line=evidence.policy.line("purposes", deal.purpose),
    )


# Prices and adverse effects ---------------------------------------------------------------------------------------


def _profile(evidence: Evidence, whose: Whose) -> Profiles | None:
    """What the measured customers spend by kind, of the finest kinds that are no single products."""
    for table in chosen(evidence.deal, evidence.sent).values():
        if table[CUSTOMER].null_count == table.num_rows:
            continue
        sizes = [(size, name) for name, size in kinds(table).items() if _FEWEST_KINDS <= size <= _MOST_KINDS]
        if sizes:
            inside = pc.is_in(table[CUSTOMER], value_set=pa.array(whose.customers, pa.int64()))
            rows = table.filter(inside)
            return profiles(rows, max(sizes)[1], money(evidence.datamap, rows), np.zeros(rows.num_rows, np.bool_))
    return None


def _tried(evidence: Evidence, profile: Profiles) -> list[_Tried]:
    """A decision by each kind that enough customers buy, on each way to tell customers apart."""
    found: list[_Tried] = []
    partitions = _partitions(evidence, profile.customers)
    for column, kind in enumerate(profile.kinds):
        score = profile.shares[:, column]
        if np.count_nonzero(score) < bars.WORSE * len(score):
            continue
        worse = worse_off(score, bars.WORSE)
        for groups in partitions:
            made = impact(worse, groups.codes, groups.names)
            if made is not None:
                found.append(_Tried(kind, groups.by, made))
    found.sort(key=lambda each: (each.impact.high, each.kind, each.by))
    top = [replace(each, impact=resampled(each.impact, evidence.seed)) for each in found[:_SHOWN]]
    return [*top, *found[_SHOWN:]]


def _partitions(evidence: Evidence, customers: Ints) -> list[_Groups]:
    """By age, by place, and by each sensitive attribute of few values."""
    people = evidence.people
    row = pc.index_in(pa.array(customers, pa.int64()), value_set=people[CUSTOMER].combine_chunks())
    ages = people["age"].take(row).to_pylist()
    bands = [None if age is None else next(name for upto, name in _AGES if age < upto) for age in ages]
    found = [_groups("age", pa.array(bands, pa.string())), _groups("place", people["place"].take(row).combine_chunks())]
    own = attributes(evidence.deal, evidence.sent, evidence.columns)
    for name in own.identifiers if own else ():
        if own and sensitive(evidence.policy, own.categories[name]) and name != "age":
            place = pc.index_in(pa.array(customers, pa.int64()), value_set=own.table[CUSTOMER].combine_chunks())
            found.append(_groups(name, own.table[name].combine_chunks().take(place)))
    return [groups for groups in found if len(groups.names) <= _MOST_VALUES or groups.by == "place"]


def _groups(by: str, values: pa.Array) -> _Groups:
    column = Column.encode(by, values.cast(pa.string()))
    codes = column.codes.astype(np.int64)
    if column.null is not None:
        codes[codes == column.null] = -1
    return _Groups(by, [value for value in column.values.to_pylist() if value is not None], codes)


def _harsh(evidence: Evidence, whose: Whose, harms: Series, tried: list[_Tried]) -> Finding:
    deal = evidence.deal
    effects = " and ".join(f"`{effect.value}`" for effect in sorted(deal.effects & _HARSH))
    unproven = [claim for claim in deal.claims if not claim.evidence or not claim.licence]
    wrong = []
    if not deal.claims:
        wrong.append("no claim says by what evidence purchases should decide that")
    if unproven:
        wrong.append(f"{len(unproven)} of {len(deal.claims)} claims have no evidence or no licence")
    worst = tried[0] if tried else None
    surely = [each for each in tried if surely_below(each.impact, bars.FOUR_FIFTHS, len(tried))]
    if surely:
        each = surely[0]
        wrong.append(
            f"if the heaviest quarter of buyers of {each.kind} were treated worse, {each.impact.least} ({each.by}) "
            f"would be spared {each.impact.ratio:.2f} times as often as {each.impact.most}"
        )
    outcome = Outcome.REFUSED if wrong else Outcome.CONDITION
    sentence = (
        f"The effects {effects} would fall on customers, and {wrong[0]}."
        if wrong
        else f"The effects {effects} would fall on customers; the claims behind them have evidence and a licence."
    )
    more = f" Also: {'; '.join(wrong[1:])}." if len(wrong) > 1 else ""
    return Finding(
        Test.OUTCOMES,
        outcome,
        sentence,
        _REASON + more,
        Principle.OUTCOMES,
        _figures(worst, tried, surely),
        (harms, *_series(deal, tried)),
        (
            Remedy(
                "Narrow what the recipient may do to learning about groups.",
                {"effects": ["learn"], "form": "aggregate"},
            ),
        ),
        (*whose.assumed, f"a decision treats the {percent(bars.WORSE)} worse who spend the largest share on a kind"),
        evidence.policy.line("purposes", evidence.deal.purpose),
    )


def _figures(worst: _Tried | None, tried: list[_Tried], surely: list[_Tried]) -> tuple[Figure, ...]:
    if worst is None:
        return ()
    kinds_tried = {each.kind for each in tried}
    uneven = {each.kind for each in surely}
    return (
        Figure(
            f"adverse-impact ratio between groups by {worst.by}, deciding by {worst.kind}",
            worst.impact.ratio,
            "ratio",
            worst.impact.low,
            worst.impact.high,
            "at least 4/5",
        ),
        Figure(
            f"of {len(kinds_tried)} kinds tried, those by which a decision would surely fall below 4/5",
            len(uneven) / len(kinds_tried),
            "share",
            bar="none",
        ),
    )


def _series(deal: Deal, tried: list[_Tried]) -> tuple[Series, ...]:
    found = []
    if tried:
        rows = tuple(
            (
                each.kind,
                each.by,
                round(each.impact.ratio, 3),
                round(each.impact.low, 3),
                round(each.impact.high, 3),
                f"{each.impact.least} ({each.impact.spared[each.impact.least][1]} customers)",
                f"{each.impact.most} ({each.impact.spared[each.impact.most][1]} customers)",
            )
            for each in tried[:_SHOWN]
        )
        found.append(
            Series(
                "Decisions tried out: how often the least favoured group is spared, over the most favoured",
                ("deciding by", "groups by", "ratio", "from", "to", "least favoured", "most favoured"),
                rows,
                Chart.RANGE,
                f"the surest first, of {len(tried)} tried; groups of fewer than {bars.COMPARED} are not compared",
            )
        )
    if deal.claims:
        found.append(
            Series(
                "Claims that the deal rests on",
                ("claim", "evidence", "licence"),
                tuple(_claim(claim) for claim in deal.claims),
            )
        )
    return tuple(found)


def _claim(claim: Claim) -> tuple[str | float | None, ...]:
    return claim.sentence, claim.evidence or "none", claim.licence or "none"
