"""`/v1/notices`: the words shown about each purpose, by digest for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from bailee.gate.answer import NoticeOnRecord
from bailee.web.api.description import told
from bailee.web.problems import Problem

router = APIRouter(prefix="/v1/notices", tags=["notices"])
Digest = Annotated[str, Path(max_length=80, examples=["sha256:0f3a..."])]


class NoticeOut(BaseModel):
    """A registered notice; `covers` says whether whoever agreed to it agreed to all that is promised today."""

    digest: str
    purpose: str = Field(examples=["personal_offers"])
    language: str = Field(examples=["en"])
    terms: str
    since: datetime
    covers: bool


class NoticesOut(BaseModel):
    """The notices that cover today's terms, or all."""

    notices: list[NoticeOut]


class TextOut(NoticeOut):
    """A notice with its words, byte for byte as they were shown."""

    text: str


@router.get("", summary="The notices of today", responses=told(422, 429, 503))
def listed(
    request: Request,
    purpose: Annotated[str | None, Query(max_length=200)] = None,
    language: Annotated[str | None, Query(max_length=35)] = None,
    every: Annotated[bool, Query(description="Earlier ones too.")] = False,
) -> NoticesOut:
    """Those whose terms cover today's; with `every`, all that were ever registered."""
    found = [
        _out(each)
        for each in request.app.state.gate.notices()
        if (every or each.covers) and purpose in (None, each.purpose) and language in (None, each.language)
    ]
    return NoticesOut(notices=found)


@router.get("/{digest}", summary="A notice, for ever", responses=told(404, 422, 429, 503))
def one(request: Request, response: Response, digest: Digest) -> TextOut:
    """The words that have this digest; what was once shown stays here."""
    gate = request.app.state.gate
    found = next((each for each in gate.notices() if each.digest == digest), None)
    if found is None:
        raise Problem("not-found", "no notice with this digest was registered")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return TextOut(**_out(found).model_dump(), text=gate.notice_text(digest))


def _out(each: NoticeOnRecord) -> NoticeOut:
    return NoticeOut(
        digest=each.digest,
        purpose=each.purpose,
        language=each.language,
        terms=each.terms,
        since=each.since,
        covers=each.covers,
    )
