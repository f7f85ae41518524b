"""The customer of a page of `/me`, and where somebody is led who is not signed in, or not any more."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bailee.web import pages, who
from bailee.web.who import Caller

START, SIGN_IN = "/me", "/me/sign-in"
#: Where a page may lead back to: pages of ours alone, with plain words behind the question mark.
_OURS = re.compile(r"/me(/(uses|data|requests|check))?(\?[A-Za-z0-9_=&.-]{0,200})?")


class SignInFirst(Exception):
    """Nobody is signed in; `back` is the page that they wanted, `lost` that something was sent and not done."""

    def __init__(self, back: str, *, lost: bool) -> None:
        self.back, self.lost = back, lost
        super().__init__(back)


def install(app: FastAPI) -> None:
    """Let an application lead somebody who is not signed in to where they can."""
    app.add_exception_handler(SignInFirst, _lead)


def _lead(request: Request, error: Exception) -> Response:
    asked = {"back": getattr(error, "back", START), **({"lost": "1"} if getattr(error, "lost", False) else {})}
    return see(f"{SIGN_IN}?{urlencode(asked, quote_via=quote)}")


async def signed_in(request: Request) -> Caller:
    """A dependency: the customer, whose form carries the token of their session; SignInFirst for anybody else."""
    found = await run_in_threadpool(who.caller, request)
    if found is None or found.kind != "customer" or found.key is None:
        reads = request.method in who.SAFE
        query = f"?{request.url.query}" if request.url.query else ""
        raise SignInFirst(back_to(f"{request.url.path}{query}") if reads else START, lost=not reads)
    return await who.checked(request, found)


Customer = Annotated[Caller, Depends(signed_in)]


def key_of(caller: Caller) -> str:
    """The key of a customer who is signed in."""
    return caller.key or ""  # which no customer has; `signed_in` saw to it


def back_to(text: str | None) -> str:
    """A page of ours to lead back to; the first of them for anything else."""
    return text if text and _OURS.fullmatch(text) else START


def see(path: str) -> RedirectResponse:
    """Lead to a page after something was done, so that loading it again does nothing twice."""
    return RedirectResponse(path, 303)


def page(request: Request, caller: Caller, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page of somebody who is signed in."""
    return pages.page(request, f"me/{template}", status=status, caller=caller, csrf=pages.csrf_of(caller), **values)


def begin(request: Request, response: Response, secret: bytes) -> None:
    """Let a browser hold a fresh session; one that it held before ends, whoever's it was."""
    before = who.read(request.cookies.get(who.cookie_name(request, "customer")))
    if before is not None:
        request.app.state.sessions.end(before)
    who.set_cookie(request, response, "customer", secret)
