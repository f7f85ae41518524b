"""`/v1/choices`: what a person chose, and choosing; for themselves, or by the shop's programs for any customer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bailee.collect.offering import Offered, State, offered, spoken
from bailee.errors import BaileeError, FactRejected, WorkspaceError
from bailee.gate.answer import Receipt
from bailee.people.choices import Recorded, Said
from bailee.people.kinds import Kind
from bailee.people.repeats import Busy, Different
from bailee.vocabulary import Act, Basis
from bailee.web import metrics, who
from bailee.web.api.description import told
from bailee.web.problems import Problem
from bailee.web.who import Caller

router = APIRouter(prefix="/v1/choices", tags=["choices"])
MOST = 1_000
RECEIPT = "application/json"
T = TypeVar("T", bound=BaseModel)
Name = Annotated[str, Field(min_length=1, max_length=200, examples=["personal_offers"])]
Key = Annotated[str, Field(min_length=1, max_length=512, examples=["1228"])]
Chooser = Annotated[Caller, Depends(who.chooser)]


class ChoiceIn(BaseModel):
    """One act about one purpose, under the notice that was on the screen."""

    model_config = ConfigDict(extra="forbid")

    purpose: Name
    act: Act
    notice: str | None = Field(None, max_length=80, description="Digest of the notice that was shown.")
    language: str | None = Field(None, max_length=35, examples=["en"])
    instrument: Literal["banner", "checkbox", "signed", "api"] = "banner"
    recipient: Name | None = None
    channel: Name | None = None
    evidence: str | None = Field(None, max_length=10_000, description="Kept sealed; what shows that it was made.")
    conflict_shown: bool = Field(False, description="Whether the person was told that it contradicts their GPC signal.")


class ChoicesIn(BaseModel):
    """What one person chose, all or nothing."""

    model_config = ConfigDict(extra="forbid")

    customer: Key | None = Field(None, description="Only for the shop's programs; others choose for themselves.")
    choices: list[ChoiceIn] = Field(min_length=1, max_length=100)
    guardian: Key | None = Field(None, description="Only for the shop's programs: who acted for a child.")


class SaidIn(ChoiceIn):
    """A choice of one of many customers."""

    customer: Key
    guardian: Key | None = None
    at: AwareDatetime | None = None


class BulkIn(BaseModel):
    """Choices of many customers; each is recorded by itself, in order."""

    model_config = ConfigDict(extra="forbid")

    choices: list[SaidIn] = Field(min_length=1, max_length=MOST)


class ReceiptOut(BaseModel):
    """That a choice was recorded: its number among all changes, and the ledger's entry."""

    purpose: str
    act: str
    sequence: int
    entry: int


class ReceiptsOut(BaseModel):
    """What was recorded; `visitor` is the secret by which somebody unknown is known from now on, told only once."""

    receipts: list[ReceiptOut]
    visitor: str | None = None


class BulkOut(BaseModel):
    """What was recorded of many, in their order; what was rejected says why, and everything else was recorded."""

    recorded: int
    results: list[ReceiptOut | dict[str, Any]]


class ChoiceOut(BaseModel):
    """Where a person's choice about one purpose stands."""

    purpose: str = Field(examples=["personal_offers"])
    title: str
    basis: Basis
    state: State
    in_use: bool = Field(description="Whether their data is used for it now.")
    ask: bool = Field(description="Whether they are to be asked.")
    needs: str | None = Field(description="`age`, `place` or `guardian`, where a choice cannot count before.")
    because: str = Field(description="Why their data is in use or not, in a sentence.")
    at: datetime | None = None
    instrument: str | None = None
    notice: str | None = None


class ChoicesOut(BaseModel):
    """Everything that a person may choose about."""

    known: bool
    gpc: bool = Field(description="Whether this request carried Global Privacy Control.")
    choices: list[ChoiceOut]


class EventOut(BaseModel):
    """One thing that a person said."""

    sequence: int
    purpose: str
    act: Act
    at: datetime
    recorded_at: datetime
    instrument: str
    notice: str | None
    language: str | None
    recipient: str | None
    channel: str | None
    guardian: bool


class HistoryOut(BaseModel):
    """What a person said, the newest first; `next` goes on where this ends."""

    events: list[EventOut]
    next: int | None


@router.get(
    "",
    summary="What somebody chose",
    response_model=ChoicesOut,
    responses={304: {"description": "Not changed since it was read with this ETag."}, **told(401, 403, 422, 429, 503)},
)
def read(
    request: Request,
    response: Response,
    caller: Chooser,
    customer: Annotated[str | None, Query(max_length=512, description="Only for the shop's programs.")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Any:
    """Every purpose that takes a choice, how it stands, and whether to ask."""
    key = whose(caller, customer)
    found = state(request, key)
    tag = etag(found)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return found


@router.post("", status_code=201, summary="Choose", responses=told(400, 401, 403, 409, 412, 413, 415, 422, 429, 503))
def choose(
    request: Request,
    caller: Chooser,
    chosen: ChoicesIn,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    if_match: Annotated[str | None, Header()] = None,
) -> ReceiptsOut:
    """Records what somebody chose; once it is answered, every later use honours it. A refusal counts like a grant."""
    if chosen.guardian is not None and caller.kind != "shop":
        raise Problem("forbidden", "only the shop, which verified the guardian, can say that one acted")
    key = whose(caller, chosen.customer)
    if if_match is not None and if_match != etag(state(request, key)):
        raise Problem("changed", "the choices changed since you read them, perhaps in another window")

    def work() -> ReceiptsOut:
        receipts = record(request, key, chosen.choices, guardian=chosen.guardian, new=caller.kind == "visitor")
        return ReceiptsOut(receipts=receipts)

    return once(request, caller, idempotency_key, chosen, work, ReceiptsOut)


@router.post("/bulk", summary="Choices of many customers", responses=told(400, 401, 403, 409, 413, 415, 422, 429, 503))
def bulk(
    request: Request,
    caller: Annotated[Caller, Depends(who.shop)],
    chosen: BulkIn,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> BulkOut:
    """Records up to a thousand choices that customers made elsewhere, as at a till; for files there is an import."""

    def work() -> BulkOut:
        gate = request.app.state.gate
        results: list[ReceiptOut | dict[str, Any]] = []
        for each in chosen.choices:
            try:
                said = _said(each.customer, each, each.guardian, each.at or gate.clock())
                results.append(_receipt(each, gate.choose_all([said])[0]))
                metrics.choice(each.act, each.instrument)
            except FactRejected as error:
                results.append({"purpose": each.purpose, "rejected": str(error)})
        return BulkOut(recorded=sum(isinstance(each, ReceiptOut) for each in results), results=results)

    return once(request, caller, idempotency_key, chosen, work, BulkOut)


@router.get("/history", summary="All that somebody said", responses=told(401, 403, 422, 429, 503))
def history(
    request: Request,
    caller: Chooser,
    customer: Annotated[str | None, Query(max_length=512, description="Only for the shop's programs.")] = None,
    before: Annotated[int | None, Query(ge=0, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> HistoryOut:
    """Grants, refusals, withdrawals and objections, the newest first."""
    said = sorted(spoken(request.app.state.gate, whose(caller, customer)), key=lambda each: -each.sequence)
    rest = [each for each in said if before is None or each.sequence < before]
    following = rest[limit - 1].sequence if len(rest) > limit else None
    return HistoryOut(events=list(map(_event, rest[:limit])), next=following)


@router.get(
    "/{sequence}/receipt",
    summary="The receipt of a choice",
    response_class=Response,
    responses={
        200: {"description": "The signed file.", "content": {RECEIPT: {"schema": {"type": "string"}}}},
        **told(401, 403, 404, 422, 429, 503),
    },
)
def receipt(
    request: Request,
    caller: Chooser,
    sequence: Annotated[int, Path(ge=1, le=2**63 - 1, description="`sequence` of the choice.")],
    form: Annotated[Literal["27560", "kantara"], Query(description="ISO/IEC TS 27560, or Kantara 1.1.")] = "27560",
    customer: Annotated[str | None, Query(max_length=512, description="Only for the shop's programs.")] = None,
) -> Response:
    """A signed record of a choice with the ledger's proof, which its holder can check without this company."""
    from bailee.collect.receipts.issuing import receipt as issued

    gate, key = request.app.state.gate, whose(caller, customer)
    if all(each.sequence != sequence for each in spoken(gate, key)):
        raise Problem("not-found", "there is no such choice of this person")
    try:
        found = issued(gate, key, sequence, form=form)
    except WorkspaceError as error:  # the policy does not say who the company is
        raise Problem("unprocessable", str(error)) from None
    name = f'attachment; filename="receipt-{sequence}.json"'
    return Response(found.file, media_type=RECEIPT, headers={"Content-Disposition": name})


def whose(caller: Caller, named: str | None) -> str:
    """The key of the person that a request is about: the caller's own, but for the shop's programs."""
    if caller.kind == "shop":
        if named is None:
            raise Problem("unprocessable", "name the `customer`")
        return named
    if named is not None and named != caller.key:
        raise Problem("forbidden", "you can choose, and see, only for yourself")
    return caller.key or ""


def state(request: Request, key: str) -> ChoicesOut:
    """How all choices of a person stand."""
    gate = request.app.state.gate
    found = offered(gate, key)
    known = any(each.reason.code != "unknown_customer" for each in found)
    return ChoicesOut(known=known, gpc=sends_gpc(request), choices=[_choice(each) for each in found])


def sends_gpc(request: Request) -> bool:
    """Whether a request carries Global Privacy Control: at least one `Sec-GPC` of exactly `1` (W3C GPC, 3.2)."""
    return "1" in request.headers.getlist("sec-gpc")


def record(
    request: Request, key: str, choices: list[ChoiceIn], *, guardian: str | None = None, new: bool = False
) -> list[ReceiptOut]:
    """Record what one person chose, all or none; with `new`, they are taken on record first if they are not."""
    gate = request.app.state.gate
    if new:
        gate.meet(key)
    receipts = gate.choose_all([_said(key, each, guardian, gate.clock()) for each in choices])
    for each in choices:
        metrics.choice(each.act, each.instrument)
    return [_receipt(each, receipt) for each, receipt in zip(choices, receipts, strict=True)]


def _said(key: str, each: ChoiceIn, guardian: str | None, at: datetime) -> Said:
    kind = Kind(
        each.purpose,
        str(each.act),
        each.instrument,
        each.notice,
        each.language,
        each.recipient,
        each.channel,
        each.conflict_shown,
    )
    return Said(key, kind, at, guardian, each.evidence)


def _receipt(each: ChoiceIn, receipt: Receipt) -> ReceiptOut:
    return ReceiptOut(purpose=each.purpose, act=each.act, sequence=receipt.sequence, entry=receipt.position)


def once(
    request: Request, caller: Caller, key: str | None, asked: BaseModel, work: Callable[[], T], kind: type[T]
) -> T:
    """Do some work once for an idempotency key: whoever sends the same again gets the same answer."""
    if key is None:
        return work()
    repeats, mark = request.app.state.repeats, caller.mark
    try:
        before = repeats.first(mark, key, asked.model_dump_json().encode())
    except Busy:
        told = "the first request with this `Idempotency-Key` is being answered"
        raise Problem("conflict", told, headers={"Retry-After": "1"}) from None
    except Different:
        raise Problem("unprocessable", "this `Idempotency-Key` came before with another request") from None
    if before is not None:
        return kind.model_validate_json(before)
    try:
        done = work()
    except (Problem, BaileeError):
        repeats.failed(mark, key)
        raise
    repeats.answered(mark, key, done.model_dump_json())
    return done


def etag(found: ChoicesOut) -> str:
    """What names this state of a person's choices."""
    text = json.dumps(found.model_dump(mode="json"), sort_keys=True)
    return f'"{sha256(text.encode()).hexdigest()[:32]}"'


def _choice(each: Offered) -> ChoiceOut:
    last = each.last
    return ChoiceOut(
        purpose=each.purpose.key,
        title=each.purpose.title,
        basis=each.purpose.basis,
        state=each.state,
        in_use=each.on,
        ask=each.ask,
        needs=each.needs,
        because=each.reason.sentence,
        at=None if last is None else last.at,
        instrument=None if last is None else last.instrument,
        notice=None if last is None else last.notice,
    )


def _event(each: Recorded) -> EventOut:
    return EventOut(
        sequence=each.sequence,
        purpose=each.purpose,
        act=Act(each.act),
        at=each.at,
        recorded_at=each.recorded_at,
        instrument=each.instrument,
        notice=each.notice,
        language=each.language,
        recipient=each.recipient,
        channel=each.channel,
        guardian=each.guardian is not None,
    )
