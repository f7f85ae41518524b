"""Test 6, sensitive inference: what the rows say of a customer that nobody meant to tell.

Rows that reveal, which the gate lets out only where the purpose reads what they say; columns that tell outright; and
what the rest tells to whoever learns from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals import bars
from bailee.deals.cohort import customers
from bailee.deals.delivering import chosen
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Chart, Figure, Finding, Outcome, Remedy, Series, Test
from bailee.deals.model import Form
from bailee.deals.screening.attributes import attributes
from bailee.deals.screening.predicting import SHUFFLES, Profiles, Told, profiles, tell
from bailee.deals.screening.promised import treatments
from bailee.deals.screening.purchases import kinds
from bailee.deals.screening.traits import Trait, of_columns, of_rows, sensitive
from bailee.deals.screening.whose import Whose, lacking, measured
from bailee.errors import DeidError, EngineError
from bailee.policy.model import DataMap
from bailee.vocabulary import Principle, Treatment

_REASON = (
    "A basket can tell of an illness, a pregnancy, a faith or an age that its owner told nobody. Whoever sees it may "
    "act on it, and the customer never learns why."
)
#: Kinds of product that a profile is made of.
_FEWEST, _MOST = 5, 5000

_Shown = Callable[[str], Treatment]


@dataclass
class _Found:
    """What has been found so far."""

    figures: list[Figure] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)


def find(evidence: Evidence) -> Finding:
    """Rows that reveal, columns that tell outright, and how well the rest tells what was not sent."""
    missing = lacking(evidence, Test.INFERENCE, Principle.PRIVACY)
    if missing is not None:
        return missing
    whose, shown, found = measured(evidence), treatments(evidence), _Found()
    found.assumed += whose.assumed
    _revealing(evidence, whose, shown, found)
    if evidence.deal.form is not Form.AGGREGATE:
        _outright(evidence, shown, found)
        try:
            _predicted(evidence, whose, shown, found)
        except (DeidError, EngineError) as error:
            found.wrong.append(f"what would be sent could not be looked at: {error}")
    return _told(evidence, found)


def may_show(evidence: Evidence, shown: _Shown, category: str) -> bool:
    """Whether the deal's purpose lets its recipient have rows or columns of a category in the deal's form."""
    most = Treatment.AGGREGATE if evidence.deal.form is Form.AGGREGATE else Treatment.PSEUDONYM
    return shown(category) <= most


# Rows that reveal -----------------------------------------------------------------------------------------------


def _revealing(evidence: Evidence, whose: Whose, shown: _Shown, found: _Found) -> None:
    """By category how many rows and customers the deal asks for, and whether the promise lets them go."""
    rows: dict[str, int] = {}
    people: dict[str, set[int]] = {}
    for key, lists in evidence.revealed.items():
        if key not in evidence.deal.wanted:
            continue
        owners = evidence.sent[key][CUSTOMER].take(pc.list_parent_indices(lists))
        flat = pa.table({"category": pc.list_flatten(lists), CUSTOMER: owners})
        flat = flat.filter(pc.is_in(flat[CUSTOMER], value_set=pa.array(whose.customers, pa.int64())))
        for one in flat.group_by("category").aggregate([([], "count_all"), (CUSTOMER, "distinct")]).to_pylist():
            rows[one["category"]] = rows.get(one["category"], 0) + one["count_all"]
            people.setdefault(one["category"], set()).update(one[f"{CUSTOMER}_distinct"])
    table: list[tuple[str | float | None, ...]] = []
    for category in sorted(rows, key=lambda each: -rows[each]):
        count = len(people[category])
        enough = count >= bars.SHOWN
        promised = may_show(evidence, shown, category)
        said = (float(rows[category]), float(count)) if enough else (None, None)
        table.append((category, *said, "yes" if promised else "no"))
        (found.hidden if not promised else found.assumed).append(
            f"`{category}`" if not promised else f"`{category}` is told openly, as the purpose promised"
        )
    if table:
        found.series.append(
            Series(
                "Rows that say something of the customer, by what they reveal",
                ("what they reveal", "rows", "customers", "promised"),
                tuple(table),
                Chart.BARS,
                f"empty where it is about fewer than {bars.SHOWN} customers",
            )
        )
        everybody = set().union(*people.values())
        found.figures.append(customers("customers with a row that reveals something", len(everybody)))


# Columns that tell outright -------------------------------------------------------------------------------------


def _outright(evidence: Evidence, shown: _Shown, found: _Found) -> None:
    """Sensitive columns that would be sent as they are, and that the purpose does not promise."""
    told = []
    for key, table in chosen(evidence.deal, evidence.sent).items():
        for name in table.column_names:
            said = sensitive(evidence.policy, evidence.columns.get(key, {}).get(name, ()))
            if any(not may_show(evidence, shown, category) for category in said):
                told.append(f"`{name}`")
    if told:
        found.wrong.append(
            f"{', '.join(dict.fromkeys(told))} would be sent outright, which the purpose does not promise"
        )


# What the rest tells --------------------------------------------------------------------------------------------


def _predicted(evidence: Evidence, whose: Whose, shown: _Shown, found: _Found) -> None:
    """Predict each trait from profiles without the rows that reveal, where rows of a customer can be told apart."""
    if evidence.deal.form is Form.DEIDENTIFIED or not any(each.customer for each in evidence.deal.wanted.values()):
        found.assumed.append("rows of one customer cannot be told apart, so no profile can be made of them")
        return
    profile = _profile(evidence)
    if profile is None:
        found.assumed.append("no column says what kind of thing was bought, so no profile can be made")
        return
    rows = {key: table[CUSTOMER] for key, table in evidence.sent.items()}
    own = attributes(evidence.deal, evidence.sent, evidence.columns)
    groups = [of_rows(rows, evidence.revealed, np.intersect1d(whose.customers, profile.customers))]
    groups.append(of_columns(evidence.policy, own, whose.customers) if own else [])
    results = [each for traits in groups for each in _results(profile, traits, evidence.seed)]
    if results:
        _judged(evidence, shown, results, profile.what, found)


def _profile(evidence: Evidence) -> Profiles | None:
    """Profiles over the finest kinds of product that are not single products."""
    for key, table in chosen(evidence.deal, evidence.sent).items():
        if evidence.deal.wanted[key].customer is None:
            continue
        sizes = [(size, name) for name, size in kinds(table).items() if _FEWEST <= size <= _MOST]
        if sizes:
            without = evidence.reveals[key].to_numpy(zero_copy_only=False)
            return profiles(table, max(sizes)[1], money(evidence.datamap, table), without)
    return None


def money(datamap: DataMap, table: pa.Table) -> str | None:
    """The first measure that is no count of pieces."""
    measures = {name for each in datamap.tables.values() for name, column in each.columns.items() if column.measure}
    floats = [
        field.name for field in table.schema if pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
    ]
    return next((name for name in floats if name in measures), floats[0] if floats else None)


@dataclass(frozen=True, slots=True)
class _Result:
    trait: Trait
    told: Told
    chance: float


def _results(profile: Profiles, traits: list[Trait], seed: int) -> list[_Result]:
    """Each trait held out, traits over the same customers together; against the best of as many tries by chance."""
    found = []
    for several in _alike(traits):
        place = np.searchsorted(profile.customers, several[0].customers)
        there = profile.customers[np.minimum(place, len(profile.customers) - 1)] == several[0].customers
        labels = np.stack([trait.having[there] for trait in several], axis=1).astype(np.float64)
        told, chance = tell(profile.shares[place[there]], labels, seed)
        bound = float(np.quantile(chance, 0.95))
        found += [_Result(trait, each, bound) for trait, each in zip(several, told, strict=True)]
    return found


def _alike(traits: list[Trait]) -> list[list[Trait]]:
    by: dict[bytes, list[Trait]] = {}
    for trait in traits:
        by.setdefault(trait.customers.tobytes(), []).append(trait)
    return list(by.values())


def _judged(evidence: Evidence, shown: _Shown, results: list[_Result], what: str, found: _Found) -> None:
    """Which traits are told so well that it is an alarm, and all in a table."""
    results = sorted(results, key=lambda each: -each.told.area)
    rows, alarms = [], []
    for each in results:
        told = each.told
        promised = all(may_show(evidence, shown, category) for category in each.trait.categories)
        alarm = told.low > bars.TOLD and told.area > each.chance and not promised
        rows.append(
            (
                each.trait.name,
                round(told.area, 3),
                round(told.low, 3),
                round(told.high, 3),
                f"{each.chance:.2f}",
                f"{told.having:,}",
                "promised" if promised else "alarm" if alarm else "no",
            )
        )
        if alarm:
            alarms.append(each)
    found.series.append(
        Series(
            f"How well traits are told from shares of spending by `{what}`, without the rows that reveal",
            ("trait", "area under the curve", "from", "to", "chance gives", "customers who have it", "alarm"),
            tuple(rows),
            Chart.RANGE,
            "0.5 is guessing, 1 is knowing; held out five-fold",
        )
    )
    for each in (alarms or results)[:3]:
        found.figures.append(
            Figure(
                f"{each.trait.name}, told from purchases alone",
                each.told.area,
                "area under the curve",
                each.told.low,
                each.told.high,
                f"its interval above {bars.TOLD:g} and above chance, {each.chance:.2f}, is an alarm",
            )
        )
    if alarms:
        named = ", ".join(f"{each.trait.name} ({each.told.area:.2f})" for each in alarms[:3])
        found.wrong.append(f"from purchases alone, without a word of it being sent, one can tell {named}")
    found.assumed.append(f"a linear model; one that fits better would tell more; chance from {SHUFFLES} shuffles")


def _told(evidence: Evidence, found: _Found) -> Finding:
    deal = evidence.deal
    groups = deal.form is Form.AGGREGATE
    refused = evidence.policy.purposes.get(deal.purpose) is None or not _any_promise(evidence)
    if found.hidden and refused and not groups:
        found.wrong.insert(0, f"rows that reveal {', '.join(found.hidden)} are asked for, and nothing allows it")
    outcome = Outcome.REFUSED if found.wrong else Outcome.PASSED
    if found.hidden and not found.wrong and not groups:
        outcome = Outcome.CONDITION
    hidden = ", ".join(found.hidden)
    if found.wrong:
        sentence = f"The data would tell what nobody agreed to tell: {found.wrong[0]}."
    elif groups:
        sentence = "Figures about groups tell nothing of one customer" + (
            f", and rows that reveal {hidden} count in none of them." if hidden else "."
        )
    elif hidden:
        sentence = f"Rows that reveal {hidden} are asked for; the purpose promises none of it, so they must stay here."
    else:
        sentence = "Nothing sensitive could be told from what would be sent, beyond what the purpose promises."
    more = f" Also: {'; '.join(found.wrong[1:])}." if len(found.wrong) > 1 else ""
    remedies = (Remedy("Give answers about groups and no rows.", {"form": "aggregate", "treated.min_group": 20}),)
    return Finding(
        Test.INFERENCE,
        outcome,
        sentence,
        _REASON + more,
        Principle.PRIVACY,
        tuple(found.figures),
        tuple(found.series),
        remedies if found.wrong else (),
        tuple(found.assumed),
        evidence.policy.line("purposes", evidence.deal.purpose),
    )


def _any_promise(evidence: Evidence) -> bool:
    """Whether the policy allows the deal's use at all."""
    shown, purpose = treatments(evidence), evidence.policy.purposes[evidence.deal.purpose]
    return any(shown(category) < Treatment.WITHHELD for category in purpose.reads)
