"""`/banner.js` and its adapters, at addresses that never change, for any page to load."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.responses import Response

from bailee.web.api.description import told
from bailee.web.problems import Problem

router = APIRouter(tags=["choices"])
ADAPTERS = ("cookieconsent", "google", "shopify")
#: Short, so that every page has a mended script within minutes; what has not changed is not sent again.
_HEADERS = {
    "Cache-Control": "public, max-age=300, stale-while-revalidate=3600",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_SCRIPT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/javascript": {"schema": {"type": "string"}}}},
    304: {"description": "Not changed."},
}


@router.get("/banner.js", summary="The banner", response_class=Response, responses={**_SCRIPT, **told(422, 429)})
def banner(if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The script that a shop's page loads; it asks `/v1/banner` what to show, and needs nothing else."""
    return _sent("banner.js", if_none_match)


@router.get(
    "/adapter-{name}.js",
    summary="What tells others of choices",
    response_class=Response,
    responses={**_SCRIPT, **told(404, 422, 429)},
)
def adapter(name: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """`google` (Consent Mode v2), `shopify` (Customer Privacy) or `cookieconsent` (vanilla-cookieconsent)."""
    if name not in ADAPTERS:
        raise Problem("not-found", f"there is no such adapter, expected {' or '.join(ADAPTERS)}")
    return _sent(f"adapter-{name}.js", if_none_match)


def _sent(name: str, known: str | None) -> Response:
    body, tag = _file(name)
    headers = {**_HEADERS, "ETag": tag}
    if known is not None and tag in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)


@cache
def _file(name: str) -> tuple[bytes, str]:
    body = (files("bailee.web") / "static" / name).read_bytes()
    return body, f'W/"{sha256(body).hexdigest()[:32]}"'
