"""Test 5, re-identification: who would be found in what is sent, measured on the very rows that would be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa

from bailee.deals import bars
from bailee.deals.cohort import hidden, some
from bailee.deals.cohort import shown as shown_count
from bailee.deals.contributions import contributions
from bailee.deals.delivering import chosen, coarsened, numbered
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Chart, Figure, Finding, Outcome, Remedy, Series, Test
from bailee.deals.grouping import shown
from bailee.deals.model import Form
from bailee.deals.screening.attributes import Attributes, attributes
from bailee.deals.screening.linkage import Linked, linked, plausibly_known
from bailee.deals.screening.purchases import Singled, events, singled_out
from bailee.deals.screening.whose import Whose, lacking, measured, unmeasured
from bailee.deals.simulating import simulated
from bailee.deals.spending import spends
from bailee.deals.words import percent
from bailee.deid.frequencies import Ints
from bailee.deid.hierarchy import texts
from bailee.deid.risk import journalist, marketer, prosecutor, raw_classes, uniqueness
from bailee.engines.duckdb.scratch import scratch
from bailee.errors import DeidError, EngineError
from bailee.policy.budget import written
from bailee.vocabulary import Principle

_REASON = (
    "Agreeing to be known to a shop is not agreeing to be known to whoever buys its rows. A row without a name is "
    "still somebody's if it fits nobody else."
)
_AGGREGATE = Remedy("Give answers about groups and no rows.", {"form": "aggregate", "treated.min_group": 20})


def find(evidence: Evidence) -> Finding:
    """Measure it on the cohort, with deid's risks, a linkage attack, and how few purchases single somebody out."""
    missing = lacking(evidence, Test.IDENTIFICATION, Principle.PRIVACY)
    if missing is not None:
        return missing
    whose = measured(evidence)
    try:
        if evidence.deal.form is Form.AGGREGATE:
            return _of_groups(evidence, whose)
        return _of_rows(evidence, whose)
    except (DeidError, EngineError) as error:
        return unmeasured(Test.IDENTIFICATION, Principle.PRIVACY, str(error), (_AGGREGATE,))


# Groups ---------------------------------------------------------------------------------------------------------


def _of_groups(evidence: Evidence, whose: Whose) -> Finding:
    deal, least = evidence.deal, evidence.deal.treated.min_group or 0
    tables = chosen(deal, evidence.sent)
    spent = spends(deal, evidence.policy)
    if spent is not None:
        return _with_noise(evidence, whose, spent)
    smallest, cells, gone = None, 0, 0
    with scratch(tables) as held:
        coarsened(deal, held)
        for asked in deal.asked.values():
            found = shown(contributions(asked, deal.wanted, tables, held), whose.customers, least, held)
            cells, gone = cells + found.cells, gone + found.hidden
            smallest = min(filter(None, (smallest, found.smallest)), default=None)
    enough = least >= round(1 / bars.FOUND)
    figures = [
        Figure("least customers of a group", float(least), "customers", bar=f"at least {round(1 / bars.FOUND)}"),
        Figure("groups that would be shown", float(cells - gone), "groups"),
        Figure("groups hidden, because they or another would tell of too few", float(gone), "groups"),
    ]
    if smallest is not None and smallest >= bars.SHOWN:
        figures.append(Figure("smallest group shown", float(smallest), "customers"))
    return Finding(
        Test.IDENTIFICATION,
        Outcome.PASSED if enough else Outcome.REFUSED,
        f"Only figures about {least} customers or more would leave: {cells - gone} groups shown, {gone} hidden.",
        "A figure about many says nothing of one, unless it can be subtracted from another; what could be worked out "
        "from the totals is hidden too.",
        Principle.PRIVACY,
        tuple(figures),
        remedies=() if enough else (Remedy("Make groups larger.", {"treated.min_group": 20}),),
        assumed=(
            *whose.assumed,
            "nothing is subtracted from answers of other deals; a release is held against earlier ones",
        ),
        line=evidence.policy.line("purposes", deal.purpose),
    )


def _with_noise(evidence: Evidence, whose: Whose, spent: Decimal) -> Finding:
    """Figures with noise: what they cost, how wide it is, and how many groups one draw of it would show."""
    deal, least = evidence.deal, evidence.deal.treated.min_group or 0
    tables, groups, wide = chosen(deal, evidence.sent), 0, []
    with scratch(tables) as held:
        coarsened(deal, held)
        for key in deal.asked:
            answer, noised = simulated(evidence, deal, key, whose.customers, held)
            groups += answer.num_rows
            for each in noised.aggregates if noised is not None else ():
                half = each.half_width if each.half_width is not None else sum(part[2] for part in each.parts)
                wide.append((key, each.text, float(half)))
    enough, whole = least >= round(1 / bars.FOUND), spent * len(deal.asked)
    of = evidence.policy.purposes[deal.purpose].release.epsilon
    return Finding(
        Test.IDENTIFICATION,
        Outcome.PASSED if enough else Outcome.REFUSED,
        f"Only figures with noise would leave, each question at an epsilon of {written(spent)}; one draw of it, which "
        f"is not the recipient's, shows {groups} groups.",
        "Noise hides whether any one customer is in the figures, whatever else the recipient knows; what it spends "
        "adds up over questions and releases.",
        Principle.PRIVACY,
        (
            Figure("least customers of a group", float(least), "customers", bar=f"at least {round(1 / bars.FOUND)}"),
            Figure("epsilon of each question", float(spent), "epsilon"),
            Figure("epsilon of a release", float(whole), "epsilon", bar=f"of {of}"),
            Figure("groups shown in a simulation", float(groups), "groups"),
        ),
        (
            Series(
                "How wide the noise is",
                ("question", "figure", "half of the interval that holds the truth in 19 of 20 cases"),
                tuple(wide),
            ),
        ),
        remedies=() if enough else (Remedy("Make groups larger.", {"treated.min_group": 20}),),
        assumed=(
            *whose.assumed,
            "noise here is a simulation from the screen's seed: no budget was spent, and a release draws its own",
        ),
        line=evidence.policy.line("purposes", deal.purpose),
    )


# Rows -----------------------------------------------------------------------------------------------------------


def _of_rows(evidence: Evidence, whose: Whose) -> Finding:
    deal = evidence.deal
    raw = chosen(deal, evidence.sent)
    tables = numbered(deal, evidence.sent, whose.customers)
    own = attributes(deal, tables, evidence.columns)
    truth = attributes(deal, raw, evidence.columns)
    keyed = deal.form is not Form.DEIDENTIFIED and any(wanted.customer for wanted in deal.wanted.values())
    figures: list[Figure] = []
    series: list[Series] = []
    wrong: list[str] = []
    if own is not None and own.identifiers:
        _classes(evidence, own, truth, figures, series, wrong)
        if truth is not None:
            _attack(evidence, own, truth, figures, wrong)
    for key, table in tables.items():
        made = events(key, table, keyed)
        if made is not None:
            found = singled_out(made, bars.MOST_PURCHASES, bars.DRAWN, evidence.seed)
            _purchases(key, made.unit, made.what, found, figures, series, wrong)
    _named(evidence, own, wrong)
    return _told(evidence, whose, own, figures, series, wrong)


def _classes(
    evidence: Evidence,
    own: Attributes,
    truth: Attributes | None,
    figures: list[Figure],
    series: list[Series],
    wrong: list[str],
) -> None:
    """Risks of the three attackers, from how many customers share all that identifies them."""
    frequencies = own.frequencies()
    sizes, alone = raw_classes(frequencies), uniqueness(frequencies, round(1 / bars.FOUND))
    risk = prosecutor(sizes, bars.FOUND)
    bar = "at most 1 in 11"
    names = _listed(own.identifiers)
    figures += [
        Figure(f"customers who are the only one with their {names}", _share(alone.unique, alone.customers), "share"),
        Figure("greatest chance of finding a customer who is known to be in it", risk.highest, "share", bar=bar),
        Figure("mean chance of that, which is also the share that matching everybody finds", marketer(sizes), "share"),
        Figure("customers above 1 in 11", _share(risk.at_risk, alone.customers), "share", bar="none"),
    ]
    population = _population(own, truth)
    if population is not None:
        figures.append(
            Figure(
                "greatest chance where it is not known who of our customers is in it",
                journalist(sizes, population).highest,
                "share",
            )
        )
    series.append(_distribution(sizes))
    if risk.highest > bars.FOUND + 1e-9:
        wrong.append(f"{_many(risk.at_risk, alone.customers)} can be found with a chance above 1 in 11 by {names}")


def _population(own: Attributes, truth: Attributes | None) -> Ints | None:
    """For each class of the rows sent, how many of all customers share its values; None where values were recoded."""
    if truth is None or own.identifiers != truth.identifiers:
        return None
    wide = truth.table.group_by(list(truth.identifiers)).aggregate([([], "count_all")])
    inside = own.table.group_by(list(own.identifiers)).aggregate([([], "count_all")])
    count = {tuple(row[:-1]): row[-1] for row in zip(*wide.to_pydict().values(), strict=True)}
    rows = list(zip(*inside.to_pydict().values(), strict=True))
    if any(count.get(tuple(row[:-1]), 0) < row[-1] for row in rows):
        return None
    codes = own.frequencies()
    order = np.lexsort([column.codes for column in reversed(codes.identifiers)])
    keys = list(
        zip(*(column.values.take(pa.array(column.codes)).to_pylist() for column in codes.identifiers), strict=True)
    )
    return np.array([count[keys[row]] for row in order], np.int64)


def _distribution(sizes: Ints) -> Series:
    """How many customers are in classes of which size, unless few are."""
    total = max(int(sizes.sum()), 1)
    bands = ((1, 1, "alone"), (2, 4, "2 to 4"), (5, 10, "5 to 10"), (11, 19, "11 to 19"), (20, total, "20 or more"))
    counts = [int(sizes[(sizes >= low) & (sizes <= high)].sum()) for low, high, _ in bands]
    rows = [
        (name, None if hides else count / total)
        for (_, _, name), count, hides in zip(bands, counts, hidden(counts), strict=True)
    ]
    return Series(
        "With how many others customers share what identifies them",
        ("customers who share it", "share of customers"),
        tuple(rows),
        Chart.BARS,
        f"empty where it is about fewer than {bars.SHOWN} customers, or would tell of them",
    )


def _share(share: float, total: int) -> float:
    """A share of customers, or none where it is of a few of them."""
    return share if shown_count(round(share * total)) is not None else math.nan


def _attack(evidence: Evidence, own: Attributes, truth: Attributes, figures: list[Figure], wrong: list[str]) -> None:
    recipient = evidence.policy.recipients.get(evidence.deal.recipient)
    knows = plausibly_known(truth, recipient.industry if recipient else None)
    knows = tuple(name for name in knows if name in own.table.column_names)
    found: Linked = linked(
        truth,
        own,
        knows,
        _became(own, truth, knows),
        share=bars.REGISTER_SHARE,
        error=bars.REGISTER_ERROR,
        seed=evidence.seed,
    )
    if not found.entries:
        return
    figures.append(
        Figure(
            f"rightly found in a linkage attack that knows {_listed(knows)}",
            found.success,
            "share",
            bar="at most 1 in 11",
        )
    )
    if found.alone >= bars.SHOWN:
        figures.append(
            Figure("of those whom the attack matched with one customer alone, right", found.sure / found.alone, "share")
        )
    if found.success > bars.FOUND:
        wrong.append(
            f"an attack that knows only {_listed(knows)} rightly finds {percent(found.success)} of those it looks for"
        )


def _became(own: Attributes, truth: Attributes, knows: Sequence[str]) -> dict[str, dict[str | None, str | None]]:
    """What each value of an identifier became in the rows sent, read off the customers who are in both."""
    found: dict[str, dict[str | None, str | None]] = {}
    place = {who: row for row, who in enumerate(truth.table[CUSTOMER].to_pylist())}
    rows = [place.get(who) for who in own.table[CUSTOMER].to_pylist()]
    for name in knows:
        before, after = texts(truth.table[name].combine_chunks()), texts(own.table[name].combine_chunks())
        found[name] = {before[row]: now for row, now in zip(rows, after, strict=True) if row is not None}
    return found


def _purchases(
    key: str,
    unit: str,
    what: str,
    found: Sequence[Singled],
    figures: list[Figure],
    series: list[Series],
    wrong: list[str],
) -> None:
    """How few known events single a customer out, or a basket where rows of a customer cannot be told apart."""
    one = "a customer" if unit == CUSTOMER else f"one `{unit}`"
    found = [each for each in found if each.drawn >= bars.SHOWN]
    known: Mapping[tuple[int, bool], Singled] = {(each.known, each.with_day): each for each in found}
    days = any(each.with_day for each in found)
    rows = tuple(
        (str(m), *(known[m, day].alone if (m, day) in known else None for day in ((True, False) if days else (False,))))
        for m in range(1, bars.MOST_PURCHASES + 1)
    )
    names = (f"`{what}` and day", f"`{what}` alone") if days else (f"`{what}` alone",)
    series.append(
        Series(
            f"How many rows of `{key}` single out {one}", ("rows known", *names), rows, Chart.LINE, "share singled out"
        )
    )
    worst = max((e for e in found if e.known == bars.PURCHASES_KNOWN), key=lambda e: e.chance, default=None)
    if worst is None:
        return
    by = f"`{what}` and day" if worst.with_day else f"`{what}`"
    figures.append(
        Figure(
            f"chance of finding {one} by {worst.known} known rows of `{key}`, {by}",
            worst.chance,
            "share",
            bar="at most 1 in 11",
        )
    )
    if worst.chance > bars.FOUND:
        wrong.append(f"{worst.known} known rows of `{key}` ({by}) find {one} with a chance of {percent(worst.chance)}")


def _named(evidence: Evidence, own: Attributes | None, wrong: list[str]) -> None:
    """Names and keys that need no attack."""
    if own is not None and own.direct:
        wrong.insert(0, f"{_listed(own.direct)} names customers one by one")
    if evidence.deal.form is Form.IDENTIFIED:
        keys = sorted({wanted.customer for wanted in evidence.deal.wanted.values() if wanted.customer})
        wrong.insert(0, f"customers are named by {_listed(keys)}" if keys else "customers are identified by the form")


def _told(
    evidence: Evidence,
    whose: Whose,
    own: Attributes | None,
    figures: list[Figure],
    series: list[Series],
    wrong: list[str],
) -> Finding:
    deal = evidence.deal
    recipient = evidence.policy.recipients.get(deal.recipient)
    trusted = recipient is not None and recipient.role == "processor" and deal.form is Form.IDENTIFIED
    outcome = Outcome.PASSED if not wrong else Outcome.CONDITION if trusted else Outcome.REFUSED
    unnamed = [n for n in (own.identifiers if own else ()) if n not in deal.treated.identifiers]
    remedies = [] if not wrong else [_AGGREGATE]
    if wrong and unnamed and deal.form is not Form.IDENTIFIED:
        remedies.append(
            Remedy(
                f"Or recode {_listed(unnamed)} too, so that 11 customers share each combination.",
                {"form": "deidentified", "treated.k": 11, "treated.identifiers": list(own.identifiers if own else ())},
            )
        )
    sentence = (
        f"Customers would be found: {wrong[0]}."
        if wrong
        else f"Over {some(len(whose.customers))} nobody could be found with a chance above 1 in 11."
    )
    reason = _REASON if len(wrong) < 2 else f"{_REASON} Also: {'; '.join(wrong[1:])}."
    known_error = (
        f"the register of the attack has {percent(bars.REGISTER_SHARE)} of the customers, and 1 entry in 20 is wrong"
    )
    return Finding(
        Test.IDENTIFICATION,
        outcome,
        sentence,
        reason,
        Principle.PRIVACY,
        tuple(figures),
        tuple(series),
        tuple(remedies),
        (*whose.assumed, *((known_error,) if figures else ())),
        evidence.policy.line("purposes", evidence.deal.purpose),
    )


def _many(share: float, total: int) -> str:
    """A share of the customers in words."""
    few = shown_count(round(share * total)) is None
    return f"fewer than {bars.SHOWN} customers" if few else f"{percent(share)} of the customers"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
