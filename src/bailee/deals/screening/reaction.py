"""Test 9, reaction: would customers be comfortable if they knew, and what would it cost if they were not?

Whoever granted this very use is taken to be comfortable with it. Of the others whose data is in it a share is
uncomfortable, a share of these hears of it, and a share of those leaves, some time during the deal. Each share is drawn
from a survey's answers where there is one, else evenly from a range; a range that nobody measured is told as assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals import bars
from bailee.deals.cohort import some
from bailee.deals.delivering import cohort
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Chart, Figure, Finding, Outcome, Remedy, Series, Test
from bailee.deals.model import Deal
from bailee.deals.screening.inference import money
from bailee.deals.words import percent
from bailee.deid.frequencies import Floats
from bailee.policy.units import Duration
from bailee.vocabulary import Principle

_YEAR = 365.25
#: Answers of 1 and 2 of 5 are uncomfortable.
_UNCOMFORTABLE = 2
_Range = tuple[float, float]


@dataclass
class _Drawn:
    """The simulation's draws, and where each came from."""

    uncomfortable: Floats
    leavers: Floats
    lost: Floats
    fee: float
    margin: _Range
    assumed: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)

    @property
    def loses(self) -> float:
        """The chance that the deal costs more than it brings."""
        return float((self.lost > self.fee).mean())


def find(evidence: Evidence) -> Finding:
    """Simulate who leaves and what that costs against the fee, and hold discomfort against its bars."""
    members = len(cohort(evidence.deal, evidence.people))
    agreed = _agreed(evidence)
    drawn = _simulated(evidence, members, agreed)
    share = float(np.median(drawn.uncomfortable))
    outcome = Outcome.PASSED
    if share > bars.UNCOMFORTABLE_ASK or drawn.loses > bars.LOSS_ASK:
        outcome = Outcome.CONDITION
    if share > bars.UNCOMFORTABLE_REFUSED or drawn.loses > bars.LOSS_REFUSED:
        outcome = Outcome.REFUSED
    return Finding(
        Test.REACTION,
        outcome,
        _sentence(evidence.deal, share, drawn, members, agreed),
        "Trust is what a shop sells beside its goods. What would embarrass it if customers knew is no secret to keep, "
        "but a thing not to do.",
        Principle.OWNERSHIP,
        tuple(_figures(evidence.deal, drawn, members)),
        (*drawn.series, _distribution(drawn)),
        tuple(_remedies(evidence, outcome)),
        tuple(drawn.assumed),
        evidence.policy.line("purposes", evidence.deal.purpose),
    )


def _agreed(evidence: Evidence) -> int:
    """How many of the deal's customers granted its purpose and stand for it."""
    people = evidence.people
    granted = people.filter(pc.and_(pc.fill_null(pc.equal(people["chose"], "grant"), False), people["stands"]))
    return len(np.intersect1d(cohort(evidence.deal, people), granted[CUSTOMER].to_numpy()))


# The simulation -------------------------------------------------------------------------------------------------


def _simulated(evidence: Evidence, members: int, agreed: int) -> _Drawn:
    deal, source = evidence.deal, np.random.default_rng([evidence.seed, 9])
    assumed: list[str] = []
    series: list[Series] = []
    years = max((deal.term.ends - deal.term.begins).days / _YEAR, 1 / _YEAR)
    dislike = _dislike(evidence, source, assumed, series)
    if agreed:
        assumed.append(f"{some(agreed)} who granted this very use are taken to be comfortable with it")
    uncomfortable = dislike * (members - agreed) / max(members, 1)
    hear = _range(deal.reaction.hear_of_it, bars.HEAR, "who hear of it", assumed)
    leave = _range(deal.reaction.leave_if_uncomfortable, bars.LEAVE, "of these who leave", assumed)
    chance = uncomfortable * _even(source, hear) * _even(source, leave)
    leavers = source.binomial(members, np.clip(chance, 0, 1)).astype(np.float64)
    margin, spend = _margin(evidence, assumed)
    rest = source.random(bars.DRAWS) * years
    lost = leavers * _even(source, margin) * rest
    assumed.append("who leaves does so at any time during the deal alike, and is not won back during it")
    if members < evidence.people.num_rows:
        assumed.append("customers whose data is not in it do not leave because of it")
    figures = []
    if spend is not None:
        figures.append(Figure("mean spending of a customer", spend, f"{_currency(deal)} a year"))
    return _Drawn(uncomfortable, leavers, lost, _fee(deal, years), margin, assumed, figures, series)


def _even(source: np.random.Generator, range_: _Range) -> Floats:
    return source.uniform(range_[0], range_[1], bars.DRAWS)


def _range(stated: tuple[Decimal, Decimal] | None, otherwise: _Range, what: str, assumed: list[str]) -> _Range:
    low, high = otherwise if stated is None else (float(stated[0]), float(stated[1]))
    by = "nobody stated it" if stated is None else "the deal states it, and nobody measured it"
    assumed.append(f"{percent(low)} to {percent(high)} {what}: {by}")
    return low, high


def _dislike(evidence: Evidence, source: np.random.Generator, assumed: list[str], series: list[Series]) -> Floats:
    """Draws of the share that is uncomfortable: from the survey, else from a range."""
    survey = evidence.survey
    answers = None if survey is None else comfort(survey)
    if survey is None or answers is None or not len(answers):
        stated = evidence.deal.reaction.uncomfortable
        return _even(source, _range(stated, bars.UNCOMFORTABLE, "are uncomfortable with it", assumed))
    against = int((answers <= _UNCOMFORTABLE).sum())
    series.append(_surveyed(survey, answers))
    return source.beta(against + 0.5, len(answers) - against + 0.5, bars.DRAWS)


def comfort(survey: pa.Table) -> Floats | None:
    """The survey's answers from 1 (very uncomfortable) to 5, of its column `comfort` or `answer`; None without one."""
    name = next((name for name in ("comfort", "answer") if name in survey.column_names), None)
    if name is None or not (pa.types.is_integer(survey[name].type) or pa.types.is_floating(survey[name].type)):
        return None
    found: Floats = survey[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(found[(found >= 1) & (found <= 5)], np.float64)


def wilson(part: int, whole: int) -> _Range:
    """The 95 % interval of a share. Wilson, Probable inference, JASA 22, 1927."""
    if not whole:
        return 0.0, 1.0
    share, z = part / whole, 1.96
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    off = z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return max(middle - off, 0.0), min(middle + off, 1.0)


def _surveyed(survey: pa.Table, answers: Floats) -> Series:
    """Who is uncomfortable, of all who answered and by segment; segments of few are not shown."""
    rows: list[tuple[str | float | None, ...]] = [_row("everybody", answers)]
    if "segment" in survey.column_names:
        for segment in sorted({each for each in survey["segment"].to_pylist() if each is not None}, key=str):
            own = comfort(survey.filter(pc.equal(survey["segment"], segment)))
            if own is not None and len(own) >= bars.SHOWN:
                rows.append(_row(str(segment), own))
    return Series(
        "Who would be uncomfortable, by the survey",
        ("segment", "uncomfortable", "from", "to", "answers"),
        tuple(rows),
        Chart.RANGE,
        f"segments of fewer than {bars.SHOWN} answers are not shown",
    )


def _row(name: str, answers: Floats) -> tuple[str | float | None, ...]:
    against = int((answers <= _UNCOMFORTABLE).sum())
    low, high = wilson(against, len(answers))
    return name, against / len(answers), low, high, f"{len(answers):,}"


def _margin(evidence: Evidence, assumed: list[str]) -> tuple[_Range, float | None]:
    """A customer's margin a year, and their mean spending where rows tell it."""
    spend = spending(evidence)
    stated = evidence.deal.reaction.margin
    if stated is not None:
        low, high = float(stated[0]), float(stated[1])
        assumed.append(f"a customer's margin of {low:,.0f} to {high:,.0f} a year: the deal states it")
        return (low, high), spend
    low, high = bars.MARGIN
    if spend is None:
        assumed.append("what a customer is worth: nothing states it, so nothing is lost with one")
        return (0.0, 0.0), None
    assumed.append(f"the shop keeps {percent(low)} to {percent(high)} of what a customer spends")
    return (low * spend, high * spend), spend


def spending(evidence: Evidence) -> float | None:
    """What a customer spends in a year on average, by the first table with money and moments; None without one."""
    for table in evidence.sent.values():
        name = money(evidence.datamap, table)
        moment = next((each.name for each in table.schema if pa.types.is_temporal(each.type)), None)
        if name is None or moment is None or not table.num_rows:
            continue
        ends: Any = pc.min_max(table[moment].cast(pa.timestamp("us")))
        days = int((ends["max"].as_py() - ends["min"].as_py()).days) + 1
        customers = int(pc.count_distinct(table[CUSTOMER]).as_py())
        if customers:
            return float(pc.sum(table[name]).as_py()) / customers * _YEAR / days
    return None


def _fee(deal: Deal, years: float) -> float:
    """What the deal brings over its term."""
    if deal.price is None:
        return 0.0
    return float(deal.price.amount) * (1.0 if deal.price.per is None else years / _years(deal.price.per))


def _years(span: Duration) -> float:
    return span.months / 12 + span.days / _YEAR + span.minutes / (_YEAR * 24 * 60)


def _currency(deal: Deal) -> str:
    return deal.price.currency if deal.price else "money"


# What is told ---------------------------------------------------------------------------------------------------


def _figures(deal: Deal, drawn: _Drawn, members: int) -> list[Figure]:
    currency = _currency(deal)
    figures = [
        _figure("uncomfortable, of those whose data is in it", drawn.uncomfortable, "share", "at most half"),
        _figure("customers who leave", drawn.leavers, "customers"),
        _figure("margin that leaves with them, over the deal's term", drawn.lost, currency),
        Figure("fee over the deal's term", drawn.fee, currency),
        Figure("chance that the deal loses money", drawn.loses, "share", bar=f"at most {percent(bars.LOSS_ASK)}"),
    ]
    years = max((deal.term.ends - deal.term.begins).days / _YEAR, 1 / _YEAR)
    worth = members * sum(drawn.margin) / 2 * years / 2
    if worth:
        breaks_even = drawn.fee / worth
        if breaks_even <= 1:
            figures.append(Figure("customers who may leave before it loses money", breaks_even, "share"))
    return [*figures, *drawn.figures]


def _figure(name: str, draws: Floats, unit: str, bar: str | None = None) -> Figure:
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
    return Figure(name, float(middle), unit, float(low), float(high), bar)


def _distribution(drawn: _Drawn) -> Series:
    rows = tuple((percent(share), float(np.quantile(drawn.lost, share))) for share in (0.05, 0.25, 0.5, 0.75, 0.95))
    return Series(
        "Margin that leaves, over the deal's term",
        ("not more than this in so many draws", "lost margin"),
        rows,
        Chart.BARS,
        f"{bars.DRAWS:,} draws; against a fee of {drawn.fee:,.0f}",
    )


def _sentence(deal: Deal, share: float, drawn: _Drawn, members: int, agreed: int) -> str:
    if not members:
        return "Nobody would be in it, so nobody would leave because of it."
    if agreed == members:
        return f"All whose data would be in it agreed to this very use, {some(members)}; none is expected to leave."
    lost, currency = float(np.median(drawn.lost)), _currency(deal)
    return (
        f"{percent(share)} of those whose data is in it would be uncomfortable if they knew; some "
        f"{float(np.median(drawn.leavers)):,.0f} would leave, with {lost:,.0f} {currency} of margin against a fee of "
        f"{drawn.fee:,.0f}."
    )


def _remedies(evidence: Evidence, outcome: Outcome) -> list[Remedy]:
    if outcome is Outcome.PASSED:
        return []
    made = [Remedy("Take only customers who agreed to it.", {"cohort.standing": True})]
    if evidence.survey is None:
        made.append(
            Remedy(
                "Ask a sample of customers how comfortable they would be, and name the file.",
                {"reaction.survey": "survey.csv"},
            )
        )
    return made
