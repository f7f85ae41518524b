"""What every page of the console has: somebody who is signed in, its navigation, and a way to grow meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from datetime import datetime
from secrets import token_hex
from typing import Annotated, Any
from urllib.parse import quote

from anyio import CancelScope
from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from bailee.web import pages, who
from bailee.web.problems import Problem
from bailee.web.who import Caller

#: The pages, in the order of the navigation.
PAGES = ("/", "/ask", "/policy", "/choices", "/requests", "/deals", "/ledger")
#: Where a page that grows is cut; nobody can write it into a question.
MARK = f"\0{token_hex()}\0"


class ToSignIn(Exception):
    """Somebody has to sign in first; `then` is the page that they wanted."""

    def __init__(self, then: str) -> None:
        self.then = then


async def member(request: Request) -> Caller:
    """A dependency: a member of staff; somebody who is not signed in is led to where they can."""
    try:
        return await who.staff(request)
    except Problem as problem:
        lead = problem.kind == "sign-in" and "authorization" not in request.headers
        if lead and (request.method == "GET" or "hx-request" in request.headers):
            raise ToSignIn(request.url.path) from None
        raise


Member = Annotated[Caller, Depends(member)]


def install(app: FastAPI) -> None:
    """Let an application lead to the sign-in page."""

    async def lead(request: Request, error: Exception) -> Response:
        then = error.then if isinstance(error, ToSignIn) else "/"
        where = "/sign-in" if then == "/" else f"/sign-in?then={quote(then)}"
        if "hx-request" in request.headers:
            return Response(status_code=401, headers={"HX-Redirect": where})
        return RedirectResponse(where, 303)

    app.add_exception_handler(ToSignIn, lead)


def page(request: Request, caller: Caller, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of the console."""
    shown = {**_shared(request, caller), **values}
    return pages.page(request, f"console/{template}", status=status, **shown)


def part(request: Request, caller: Caller, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A part of a page, which htmx puts in its place."""
    return page(request, caller, template, status=status, **values)


def growing(
    request: Request, caller: Caller, template: str, body: Generator[str, None, None], **values: Any
) -> StreamingResponse:
    """A page whose middle comes piece by piece, so that a browser without scripts sees how the work goes on.

    `body` is closed when it ends, and when whoever looks on goes away.
    """
    whole = bytes(page(request, caller, template, growing=MARK, **values).body).decode()
    head, _, tail = whole.partition(MARK)

    async def pieces() -> AsyncIterator[str]:
        yield head
        try:
            while (piece := await run_in_threadpool(next, body, None)) is not None:
                yield piece
        finally:
            with CancelScope(shield=True):  # whoever goes away cancels this, and the work has to hear of it
                await run_in_threadpool(body.close)
        yield tail

    # Compressed, it would be held back until there is enough of it.
    headers = {"Content-Encoding": "identity", "X-Accel-Buffering": "no"}
    return StreamingResponse(pieces(), media_type="text/html; charset=utf-8", headers=headers)


def rendered(request: Request, caller: Caller, template: str, **values: Any) -> str:
    """A part of a page as text."""
    return bytes(part(request, caller, template, **values).body).decode()


def _shared(request: Request, caller: Caller) -> dict[str, Any]:
    return {
        "caller": caller,
        "csrf": pages.csrf_of(caller),
        "csrf_header": who.CSRF_HEADER,
        "nav": PAGES,
        "here": request.url.path,
        "growing": "",
        "instant": datetime.fromisoformat,
    }
