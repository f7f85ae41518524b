"""Test 4, minimisation: what is asked for and not needed, by taking each thing away and answering again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals import bars
from bailee.deals.answering import Answering, answering
from bailee.deals.delivering import chosen
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Chart, Figure, Finding, Outcome, Remedy, Series, Test
from bailee.deals.model import Deal, Form, Wanted
from bailee.deals.narrowing import narrowed
from bailee.deals.screening.whose import Whose, lacking, measured, unmeasured
from bailee.deals.words import percent
from bailee.errors import DeidError, EngineError
from bailee.vocabulary import Principle

_REASON = (
    "What is not needed for the question can only be used for another one. Whoever never got it cannot lose it, sell "
    "it or be made to hand it over."
)
#: From the coarsest; the first that keeps every answer is enough.
_SPANS = ("year", "quarter", "month", "week", "day", "hour")
#: Parts of the time that rows are of, in days, from the shortest.
_DAYS = (31, 92, 183)


@dataclass(frozen=True, slots=True)
class Column:
    """One wanted column: what is kept without it, and the coarsest way of it that keeps every answer."""

    table: str
    name: str
    without: float
    coarse: str | None

    @property
    def needless(self) -> bool:
        """Whether every answer is the same without it."""
        return self.without >= 1.0


def find(evidence: Evidence) -> Finding:
    """Each column taken away and made coarse, each table made shorter, and rows replaced by figures about groups."""
    missing = lacking(evidence, Test.MINIMISATION, Principle.MINIMISATION)
    if missing is not None:
        return missing
    whose = measured(evidence)
    try:
        with answering(evidence.deal, evidence.sent) as answers:
            found = columns(evidence.deal, evidence.sent, answers, whose)
            shorter = _shorter(evidence, answers, whose)
            groups = _in_groups(evidence.deal, answers, whose)
    except (EngineError, DeidError) as error:
        return unmeasured(Test.MINIMISATION, Principle.MINIMISATION, f"what is asked has no answer to compare: {error}")
    return _told(evidence, whose, found, shorter, groups)


def columns(deal: Deal, sent: Mapping[str, pa.Table], answers: Answering, whose: Whose) -> list[Column]:
    """What each wanted column is good for."""
    weights = {key: float(asked.weight) for key, asked in deal.asked.items()}
    total = sum(weights.values()) or 1.0
    found = []
    for key, table in chosen(deal, sent).items():
        names = [name for name in table.column_names if name != CUSTOMER]
        for name in names:
            if name == deal.wanted[key].customer:
                continue
            version = _with(deal, key, narrowed(deal.wanted[key], {*names} - {name}, names))
            without = sum(weight for asked, weight in weights.items() if answers.fits(version, asked)) / total
            way = _coarsest(deal, key, table, name, answers, whose) if without < 1.0 else None
            found.append(Column(key, name, without, way))
    return found


def _with(deal: Deal, key: str, wanted: Wanted) -> Deal:
    return replace(deal, wanted={**deal.wanted, key: wanted})


def _coarsest(deal: Deal, key: str, table: pa.Table, name: str, answers: Answering, whose: Whose) -> str | None:
    """The coarsest span of a moment that keeps every answer; other columns have no ladder that holds for all."""
    if not pa.types.is_temporal(table[name].type) or pa.types.is_duration(table[name].type):
        return None
    rows = replace(deal, form=Form.IDENTIFIED)
    wanted = deal.wanted[key]
    for way in _SPANS:
        version = _with(rows, key, replace(wanted, coarse={**wanted.coarse, name: way}))
        if answers.worth(version, whose.customers).kept >= _kept(rows, answers, whose) * bars.AS_GOOD:
            return way
    return None


def _kept(deal: Deal, answers: Answering, whose: Whose) -> float:
    return answers.worth(deal, whose.customers).kept


def _shorter(evidence: Evidence, answers: Answering, whose: Whose) -> list[tuple[str, int, int, float]]:
    """For each table with moments: its days, and each shorter time with what it keeps."""
    rows = replace(evidence.deal, form=Form.IDENTIFIED)
    found = []
    for key, table in chosen(evidence.deal, evidence.sent).items():
        moment = next((name for name in table.column_names if pa.types.is_timestamp(table[name].type)), None)
        moment = moment or next((name for name in table.column_names if pa.types.is_date(table[name].type)), None)
        if moment is None or not table.num_rows:
            continue
        low, high = _ends(table[moment])
        for days in _DAYS:
            if days < (high - low).days:
                since = high - timedelta(days=days)
                only = {key: f"\"{moment}\" >= TIMESTAMP '{since:%Y-%m-%d %H:%M:%S}'"}
                found.append((key, (high - low).days, days, answers.worth(rows, whose.customers, only).kept))
    return found


def _ends(column: pa.ChunkedArray) -> tuple[datetime, datetime]:
    ends: Any = pc.min_max(column.cast(pa.timestamp("us")))
    return ends["min"].as_py(), ends["max"].as_py()


def _in_groups(deal: Deal, answers: Answering, whose: Whose) -> float | None:
    """What figures about groups would keep of what the rows keep; None where figures are all that is asked for."""
    if deal.form is Form.AGGREGATE:
        return None
    version = replace(deal, form=Form.AGGREGATE, treated=replace(deal.treated, min_group=bars.GROUP, epsilon=None))
    rows = _kept(replace(deal, form=Form.IDENTIFIED), answers, whose)
    return answers.worth(version, whose.customers).kept / rows if rows else 0.0


def _told(
    evidence: Evidence,
    whose: Whose,
    found: list[Column],
    shorter: list[tuple[str, int, int, float]],
    groups: float | None,
) -> Finding:
    deal = evidence.deal
    needless = [each for each in found if each.needless]
    enough: dict[str, int] = {}
    for key, _, days, kept in shorter:
        if kept >= bars.GROUPS_DO:
            enough.setdefault(key, days)
    rows_needless = groups is not None and groups >= bars.GROUPS_DO
    outcome = Outcome.PASSED
    if needless and deal.form is not Form.AGGREGATE:
        outcome = Outcome.CONDITION
    if rows_needless:
        outcome = Outcome.REFUSED
    figures = [Figure("columns wanted that no question needs", float(len(needless)), "columns", bar="none")]
    if groups is not None:
        figures.append(
            Figure(
                f"of the answers, kept by figures about {bars.GROUP} customers or more",
                groups,
                "share",
                bar=f"from {bars.GROUPS_DO:g} on, rows about persons are not needed",
            )
        )
    return Finding(
        Test.MINIMISATION,
        outcome,
        _sentence(deal, found, needless, groups, rows_needless),
        _REASON,
        Principle.MINIMISATION,
        tuple(figures),
        _series(found, shorter),
        tuple(_remedies(evidence, found, enough, rows_needless)),
        whose.assumed,
        evidence.policy.line("purposes", evidence.deal.purpose),
    )


def _sentence(
    deal: Deal, found: list[Column], needless: list[Column], groups: float | None, rows_needless: bool
) -> str:
    if rows_needless:
        more = f", and {len(needless)} of {len(found)} columns are needed by none of them" if needless else ""
        kept = percent(groups or 0.0)
        return f"Figures about groups would keep {kept} of the answers, so rows about persons are not needed{more}."
    if needless:
        names = ", ".join(f"`{each.name}`" for each in needless)
        left = "; nothing of them leaves, since only figures do" if deal.form is Form.AGGREGATE else ""
        return f"{len(needless)} of {len(found)} columns are needed by no question: {names}{left}."
    return "Each column that is wanted is needed by a question."


def _series(found: list[Column], shorter: list[tuple[str, int, int, float]]) -> tuple[Series, ...]:
    rows = tuple((f"{each.table}.{each.name}", 1.0 - each.without, each.coarse) for each in found)
    told = [
        Series(
            "What is lost without each column",
            ("column", "usefulness lost without it", "coarse enough"),
            rows,
            Chart.BARS,
            "0 is not needed; `coarse enough` is the coarsest that keeps every answer",
        )
    ]
    if shorter:
        made = tuple((f"{key}: {days} of {whole} days", kept) for key, whole, days, kept in shorter)
        told.append(Series("What a shorter time keeps", ("rows of the last", "usefulness kept"), made, Chart.BARS))
    return tuple(told)


def _remedies(evidence: Evidence, found: list[Column], enough: Mapping[str, int], rows_needless: bool) -> list[Remedy]:
    deal, made = evidence.deal, []
    if rows_needless:
        made.append(
            Remedy("Give answers about groups and no rows.", {"form": "aggregate", "treated.min_group": bars.GROUP})
        )
    for key, wanted in deal.wanted.items():
        needless = [each.name for each in found if each.table == key and each.needless]
        if needless:
            there = [name for name in evidence.sent[key].column_names if name != CUSTOMER]
            fewer = narrowed(wanted, {*there} - {*needless}, there)
            where = f"wanted.{key}." + ("columns" if wanted.question is None else "question")
            change: dict[str, object] = {where: list(fewer.columns) if wanted.question is None else fewer.question}
            made.append(Remedy(f"Leave out {', '.join(f'`{name}`' for name in needless)} of `{key}`.", change))
    for each in found:
        if each.coarse is not None:
            change = {f"wanted.{each.table}.coarse": {**deal.wanted[each.table].coarse, each.name: each.coarse}}
            made.append(Remedy(f"Give `{each.name}` of `{each.table}` by the {each.coarse}.", change))
    made += [
        Remedy(f"Ask for the last {days} days of `{key}`: they keep nearly every answer.")
        for key, days in enough.items()
    ]
    return made
