"""Whether the server lives, whether it can answer, and its figures; for probes, not for people."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import Response

from bailee.errors import BaileeError
from bailee.web import metrics, who
from bailee.web.api.description import told
from bailee.web.problems import Problem
from bailee.web.who import Caller

router = APIRouter(tags=["health"])
#: What a proxy on this machine, of which the settings say nothing, adds to what strangers send.
PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
LOOPBACK = ("127.0.0.1", "::1")


class Health(BaseModel):
    """That all is well."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", summary="Whether the process lives", responses=told(429))
def healthz() -> Health:
    """Answers as long as the process can."""
    return Health()


@router.get("/readyz", summary="Whether it can answer", responses=told(429, 503))
def readyz(request: Request) -> Health:
    """Reads the store; 503 while the server ends, or the store cannot be read."""
    if not request.app.state.ready:
        raise Problem("unavailable", "the server is ending")
    try:
        request.app.state.gate.head()
    except BaileeError:
        raise Problem("unavailable", "the store cannot be read") from None
    return Health()


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response, responses=told(401, 403, 429))
def metrics_(request: Request, caller: Annotated[Caller | None, Depends(who.anybody)]) -> Response:
    """For a scraper on this machine, or one that has a token with the scope `shop` or `analyst`."""
    client, passed = request.client, any(each in request.headers for each in PASSED_ON)
    here = client is not None and client.host in LOOPBACK and not (passed or request.app.state.server.proxies)
    if not here and (caller is None or caller.kind not in ("shop", "staff")):
        raise Problem(
            "sign-in" if caller is None else "forbidden", "figures are for this machine, or for who has a token"
        )
    return metrics.page()
