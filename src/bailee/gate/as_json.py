"""Answers, reasons and times as the documents that programs are given, the same in every form and on every way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bailee.vocabulary import Reason

if TYPE_CHECKING:
    from bailee.gate.answer import Answer


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


def reads(answer: Answer) -> dict[str, str]:
    """How each category may appear in an answer."""
    return {category: treatment.name.lower() for category, treatment in sorted(answer.ruling.reads.items())}
