"""`/v1/ask`: a question in SQL, for a stated purpose, and its answer as JSON, CSV, Parquet or Arrow."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bailee.gate import as_json, formats
from bailee.gate.answer import Answer
from bailee.policy.budget import LEAST
from bailee.policy.budget import MOST as MOST_SPENT
from bailee.vocabulary import Effect
from bailee.web import who
from bailee.web.api.description import told
from bailee.web.problems import Problem
from bailee.web.who import Caller

router = APIRouter(tags=["questions"])
LONGEST = 200_000
#: The most questions that wait here at once: each holds a thread, and choices need some too.
MOST = 32
TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}


class QuestionIn(BaseModel):
    """One SELECT and what for."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, max_length=LONGEST, examples=["SELECT count(*) FROM products"])
    purpose: str = Field(min_length=1, max_length=200, examples=["service_improvement"])
    effect: Effect | None = None
    recipient: str | None = Field(None, max_length=200)
    engine: str | None = Field(None, max_length=63, description="A name of `[engines]`; omitted: `[engine]`.")
    format: Literal["json", "csv", "parquet", "arrow"] = "json"
    explain: bool = Field(False, description="With the governed SQL, in JSON.")
    spend: Decimal | None = Field(
        None,
        ge=LEAST,
        le=MOST_SPENT,
        decimal_places=6,
        description="What a question with noise spends of the privacy budget; omitted: what the policy says.",
    )


class AnswerOut(BaseModel):
    """An answer: its rows, and what is known about it."""

    model_config = ConfigDict(extra="allow")

    columns: list[dict[str, str]]
    rows: list[list[Any]]
    decision: str = "permitted"
    receipt: int = Field(description="The ledger's entry.")


_BODIES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": AnswerOut,
        "description": "The answer; in other forms than JSON, the header `Bailee-Answer` says what is known of it.",
        "content": {
            kind.partition(";")[0]: {"schema": {"type": "string"}} for name, kind in TYPES.items() if name != "json"
        },
    }
}


@router.post(
    "/v1/ask",
    summary="Ask",
    response_class=Response,
    responses={**_BODIES, **told(400, 401, 403, 409, 413, 415, 422, 429, 503, 504)},
)
def ask(request: Request, caller: Annotated[Caller, Depends(who.staff)], asked: QuestionIn) -> Response:
    """Answers as far as the promise allows, and records it first; what is refused says why. For staff and analysts."""
    gate = request.app.state.gate
    if asked.engine is not None and asked.engine not in gate.settings.engines:
        raise Problem("unprocessable", f"there is no engine `{asked.engine}`")
    waiting = request.app.state.questions
    if not waiting.acquire(blocking=False):
        raise Problem("unavailable", "too many questions wait here already", headers={"Retry-After": "5"})
    try:
        answer: Answer = gate.ask(
            asked.sql,
            purpose=asked.purpose,
            effect=asked.effect,
            recipient=asked.recipient,
            actor=caller.actor,
            engine=asked.engine,
            spend=asked.spend,
        )
    finally:
        waiting.release()
    return written(answer, asked.format, explain=asked.explain)


def written(answer: Answer, form: str, *, explain: bool = False, spreadsheet: bool = False) -> Response:
    """An answer in a form; RFC 9110 lets a header hold its document in ASCII. `spreadsheet` makes CSV safe for one."""
    about, body = as_json.about(answer, explain=explain), io.BytesIO()
    if form == "json":
        formats.write_json(answer.arrow(), about, body)
    elif form == "csv":
        formats.write_csv(answer.arrow(), body, spreadsheet=spreadsheet)
    elif form == "parquet":
        formats.write_parquet(answer.arrow(), about, body)
    else:
        formats.write_arrow(answer.arrow(), body)
    response = Response(body.getvalue(), media_type=TYPES[form])
    if form != "json":
        names = ("receipt", "included", "known", "aggregate", "as_of", "sequence", "noise")
        brief = {name: about[name] for name in names if name in about}
        response.headers["Bailee-Answer"] = json.dumps(brief)
    return response
