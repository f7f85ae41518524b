"""Answers, reasons and times as the documents that programs are given, the same in every form and on every way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bailee.policy.budget import written
from bailee.vocabulary import Reason

if TYPE_CHECKING:
    from bailee.gate.answer import Answer
    from bailee.gate.budgets import Budget
    from bailee.gate.noising import Noised


def instant(at: datetime) -> str:
    """A time in UTC (RFC 3339)."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def reason_json(reason: Reason) -> dict[str, object]:
    """A reason as a document."""
    return {
        "code": reason.code,
        "sentence": reason.sentence,
        "principle": str(reason.principle),
        "line": reason.line,
    }


def about(answer: Answer, *, explain: bool) -> dict[str, object]:
    """What is known about an answer beside its rows, as a document."""
    ruling, left = answer.ruling, answer.left_out
    known: dict[str, object] = {
        "decision": "permitted",
        "purpose": ruling.use.purpose,
        "effects": sorted(ruling.effects),
        "recipients": sorted(ruling.recipients),
        "policy": ruling.policy,
        "reasons": list(map(reason_json, ruling.reasons)),
        "left_out": {
            "columns": [
                {"table": table, "column": column, "reason": reason and reason_json(reason)}
                for table, column, reason in left.columns
            ],
            "customers": [{"customers": count, **reason_json(reason)} for reason, count in left.customers],
            "rows": list(left.rows),
        },
        "included": left.included,
        "known": left.known,
        "aggregate": answer.aggregate,
        **({} if answer.noise is None else {"noise": noise_json(answer.noise)}),
        "as_of": instant(answer.as_of),
        "sequence": answer.sequence,
        "seconds": round(answer.seconds, 6),
        "receipt": answer.receipt,
    }
    if explain:
        by = {way.relation: {"standing": way.by, "why": way.why} for way in answer.ways}
        views = [{"name": view.name, "sql": view.sql, **by.get(view.name, {})} for view in answer.relations]
        governed = {"relations": views, "sql": answer.governed.sql}
        known |= {"question": answer.question, "reads": reads(answer), "governed": governed}
    return known


def noise_json(noised: Noised) -> dict[str, object]:
    """How figures got their noise, what it cost and how wide it is; amounts are exact decimals, as text."""
    reserved = noised.reserved
    return {
        "budget": str(reserved.rate),
        "spent": written(reserved.amount),
        "left": [{"recipient": to, "left": written(left)} for to, left in reserved.left.items()],
        "rows_of_a_customer": noised.rows,
        "min_group": noised.minimum,
        "confidence": 0.95,
        "customers": {"scale": noised.customers.scale, "half_width": str(noised.customers.half_width)},
        "aggregates": [
            {
                "aggregate": each.text,
                "column": each.column,
                "scale": each.scale,
                "half_width": None if each.half_width is None else written(each.half_width),
                "parts": [
                    {"of": name, "scale": scale, "half_width": written(half)} for name, scale, half in each.parts
                ],
            }
            for each in noised.aggregates
        ],
    }


def budget_json(budget: Budget) -> dict[str, object]:
    """How one privacy budget stands; amounts are exact decimals, as text."""
    return {
        "purpose": budget.purpose,
        "recipient": budget.recipient,
        "budget": str(budget.rate),
        "spent": written(budget.spent),
        "left": written(budget.left),
        "each": written(budget.each),
        "rows_of_a_customer": budget.rows,
        "again": None if budget.again is None else instant(budget.again),
    }


def reads(answer: Answer) -> dict[str, str]:
    """How each category may appear in an answer."""
    return {category: treatment.name.lower() for category, treatment in sorted(answer.ruling.reads.items())}
