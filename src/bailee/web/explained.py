"""`/problems/KIND`: what a kind of problem means and what to do about it, where a problem document's `type` leads."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from bailee.web.pages import page, say
from bailee.web.problems import KINDS, Problem

router = APIRouter(include_in_schema=False)


@router.get("/problems/{kind}")
def problem(request: Request, kind: str) -> Response:
    """One kind, in words."""
    found = KINDS.get(kind)
    if found is None:
        raise Problem("not-found", "there is no such kind of problem")
    spoken = say(request)
    title = spoken(f"problem_{kind}") if spoken.has(f"problem_{kind}") else found.title
    return page(request, "explained.html", title=title, code=found.status, remedy=found.remedy)
