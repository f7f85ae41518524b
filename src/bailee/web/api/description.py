"""What the description of the API says beside the calls themselves: tags, problems, and how to say who asks."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bailee.web.problems import CONTENT_TYPE, KINDS

TEXT = """
Say who asks with a token that your shop signs (`Authorization: Bearer`, a JWT whose `aud` is this server's URL), a
visitor's secret (`Bailee-Visitor`), or the cookie of a session. A token's `scope` is `customer` (its `sub` is the
customer's key), `shop` (a program of yours, for any customer) or `analyst` (with `roles`).

Problems are `application/problem+json` (RFC 9457); a refusal has `reasons`. A call that changes something takes an
`Idempotency-Key`: sent again with the same key it does nothing, and answers the same.
"""

TAGS: list[dict[str, Any]] = [
    {"name": "choices", "description": "What customers grant, refuse, withdraw and object to."},
    {"name": "notices", "description": "The words that were shown, for ever."},
    {"name": "points", "description": "May this customer's data be used so?"},
    {"name": "questions", "description": "SQL for a stated purpose."},
    {"name": "ledger", "description": "What happened, provably; for anybody's client of C2SP tlog-tiles."},
    {"name": "health", "description": "For probes."},
]


class ReasonOut(BaseModel):
    """Why: a stable code, a sentence for a person, the principle it appeals to, and the policy's line."""

    code: str = Field(examples=["withdrawn"])
    sentence: str = Field(examples=["the customer withdrew from `personal_offers`"])
    principle: str = Field(examples=["ownership"])
    line: int | None = Field(None, examples=[41])


class ProblemOut(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["https://privacy.shop.example/problems/refused"])
    title: str = Field(examples=["The promise does not allow this"])
    status: int = Field(examples=[403])
    detail: str
    instance: str = Field(examples=["urn:request:0f3a1be2c4d5e6f708192a3b"])
    reasons: list[ReasonOut] | None = None


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a call may answer with, for its description."""
    schema = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    titles: dict[int, list[str]] = {}
    for kind in KINDS.values():
        titles.setdefault(kind.status, []).append(kind.title)
    return {
        status: {
            "description": "; ".join(titles[status]),
            "model": ProblemOut,
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        }
        for status in statuses
    }
