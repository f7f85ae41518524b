"""A screen and the questionnaire as JSON-able documents: what `--json` prints, and programs read."""

from __future__ import annotations

import math
from typing import Any

from bailee.deals import records
from bailee.deals.finding import Figure, Finding, Nearest, Outcome, Remedy, Screen, Series
from bailee.deals.questions import QUESTIONS, Question

#: How an outcome is said.
SAID = {Outcome.PASSED: "passed", Outcome.CONDITION: "a condition", Outcome.REFUSED: "refused"}


def document(screen: Screen) -> dict[str, Any]:
    """A whole screen; figures that are not finite are null."""
    return {
        "verdict": records.WORDS[screen.verdict],
        "deal": screen.deal.key,
        "title": screen.deal.title,
        "recipient": screen.deal.recipient,
        "purpose": screen.deal.purpose,
        "digest": records.digest(screen.deal),
        "policy": screen.policy,
        "map": screen.map,
        "at": screen.at,
        "seed": screen.seed,
        "findings": [_finding(each) for each in screen.findings],
        "nearest": None if screen.nearest is None else _nearest(screen.nearest),
        "no_version": screen.no_version,
        "receipts": list(screen.receipts),
    }


def questions() -> list[dict[str, Any]]:
    """Every question of the due diligence."""
    return [_question(each) for each in QUESTIONS]


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "test": finding.test.value,
        "number": finding.test.number,
        "outcome": finding.outcome.name.lower(),
        "sentence": finding.sentence,
        "reason": finding.reason,
        "principle": finding.principle.value,
        "policy_line": finding.line,
        "figures": [_figure(each) for each in finding.figures],
        "series": [_series(each) for each in finding.series],
        "remedies": [_remedy(each) for each in finding.remedies],
        "assumed": list(finding.assumed),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "value": _number(figure.value),
        "unit": figure.unit,
        "low": _number(figure.low),
        "high": _number(figure.high),
        "bar": figure.bar,
    }


def _series(series: Series) -> dict[str, Any]:
    rows = [[_number(value) if isinstance(value, float) else value for value in row] for row in series.rows]
    chart = None if series.chart is None else series.chart.value
    return {"title": series.title, "columns": list(series.columns), "rows": rows, "chart": chart, "note": series.note}


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {"sentence": remedy.sentence, "change": dict(remedy.change)}


def _nearest(nearest: Nearest) -> dict[str, Any]:
    return {
        "deal": nearest.deal.key,
        "digest": records.digest(nearest.deal),
        "kept": _number(nearest.kept),
        "by_question": {key: _number(value) for key, value in nearest.by_question.items()},
        "changes": [dict(zip(("path", "before", "after", "why"), each, strict=True)) for each in nearest.changes],
        "tried": nearest.tried,
        "text": nearest.text,
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "question": question.ask,
        "why": question.why,
        "weight": question.weight,
        "answers": dict(question.answers),
        "evidence": None if question.counts_for is None else f"counts for {question.counts_for} at most",
        "asked_upto": question.upto.name.lower(),
        "must_upto": None if question.must is None else question.must.name.lower(),
    }


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
