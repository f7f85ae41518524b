"""The ledger as anybody's client reads it (C2SP tlog-tiles), and what this site says of Global Privacy Control."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from bailee.ledger.tiles import read_path
from bailee.web import who
from bailee.web.api.description import told
from bailee.web.problems import Problem
from bailee.web.who import Caller

router = APIRouter(tags=["ledger"])
_FOR_EVER = "public, max-age=31536000, immutable"
TEXT, BINARY = "text/plain; charset=utf-8", "application/octet-stream"


@router.get("/ledger/checkpoint", summary="The signed head", response_class=Response, responses=told(429, 503))
def checkpoint(request: Request) -> Response:
    """A signed note (C2SP tlog-checkpoint): how many entries there are, and the root over them."""
    return Response(request.app.state.gate.checkpoint(), media_type=TEXT, headers={"Cache-Control": "no-cache"})


@router.get("/ledger/keys", summary="The public keys", response_class=Response, responses=told(429, 503))
def keys(request: Request) -> Response:
    """Verifier keys (C2SP signed-note), the current one first; compare them with some that you had elsewhere."""
    lines = request.app.state.gate.ledger.vkeys()
    return Response("".join(f"{line}\n" for line in lines), media_type=TEXT, headers={"Cache-Control": "no-cache"})


@router.get(
    "/ledger/proof/{position}",
    summary="The proof of an entry",
    response_class=Response,
    responses=told(404, 422, 429, 503),
)
def proof(request: Request, position: int) -> Response:
    """That an entry is in the ledger (C2SP tlog-proof); it opens nothing of what is sealed."""
    gate = request.app.state.gate
    if not 0 <= position < gate.head().size:
        raise Problem("not-found", "the ledger has no such entry")
    return Response(gate.proof(position), media_type=TEXT, headers={"Cache-Control": "no-cache"})


@router.get(
    "/ledger/tile/{path:path}", summary="A tile", response_class=Response, responses=told(401, 403, 404, 422, 429, 503)
)
def tile(request: Request, path: str, caller: Annotated[Caller | None, Depends(who.anybody)]) -> Response:
    """Hashes of the tree, for anybody; bundles of entries too, which show no person."""
    found = read_path(f"tile/{path}")
    data = None if found is None else request.app.state.gate.ledger.tile(found)
    if data is None:
        raise Problem("not-found", "the ledger has no such tile, or not yet")
    return Response(data, media_type=BINARY, headers={"Cache-Control": _FOR_EVER})


@router.get("/.well-known/gpc.json", summary="What this site says of GPC", tags=["choices"], responses=told(429))
def gpc(request: Request) -> JSONResponse:
    """That Global Privacy Control is honoured (W3C GPC, section 4)."""
    said = {"gpc": True, "lastUpdate": str(request.app.state.gate.promise.policy.version)}
    return JSONResponse(said, headers={"Cache-Control": "public, max-age=3600"})
