"""How staff sign in and out: by a link that is good once, or with the company's identity provider."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from bailee.web import pages, who
from bailee.web.console.oidc import NotBelieved, Provided, Unreachable
from bailee.web.console.shell import Member
from bailee.web.problems import Problem

router = APIRouter(include_in_schema=False)
#: A page of ours that somebody wanted before they signed in; nothing else is gone to afterwards.
_OURS = re.compile(r"/[a-z]+(/[a-z0-9_-]+)*")
SPENT = "this link was used, has run out, or never was one; ask for another with `bailee staff link`"


@router.get("/sign-in")
def sign_in(request: Request, then: str = "/", out: str = "") -> Response:
    """Say how to sign in."""
    provider: Provided | None = request.app.state.provider
    name = provider.name if provider is not None else None
    return pages.page(request, "console/sign_in.html", provider=name, then=_ours(then), out=bool(out))


@router.get("/sign-in/with")
async def go(request: Request, then: str = "/") -> Response:
    """Go to the identity provider."""
    try:
        return await _provider(request).go(request, _ours(then))
    except Unreachable as error:
        raise Problem("unavailable", str(error)) from None


@router.get("/sign-in/back")
async def back(request: Request) -> Response:
    """Come back from the identity provider."""
    try:
        found = await _provider(request).back(request)
    except NotBelieved as error:
        raise Problem("sign-in", str(error), headers=who.CHALLENGE) from None
    except Unreachable as error:
        raise Problem("unavailable", str(error)) from None
    secret, _ = await run_in_threadpool(request.app.state.sessions.begin_staff, found.name, found.roles)
    response = await run_in_threadpool(_signed_in, request, secret, found.then)
    _provider(request).forget(request, response)
    return response


@router.get("/sign-in/{secret}")
def show(request: Request, secret: str) -> Response:
    """Show a button. Whatever looks at links before people do, such as a mail scanner, spends nothing."""
    held = who.read(secret)
    if held is None or not request.app.state.sessions.good(held):
        raise Problem("sign-in", SPENT, headers=who.CHALLENGE)
    response = pages.page(request, "console/sign_in_link.html", secret=secret)
    # The link does not go out with the files that the page loads.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


@router.post("/sign-in/{secret}")
def spend(request: Request, secret: str) -> Response:
    """Sign in."""
    who.must_be_ours(request)
    held = who.read(secret)
    signed = None if held is None else request.app.state.sessions.spend(held)
    if signed is None:
        raise Problem("sign-in", SPENT, headers=who.CHALLENGE)
    token, session = signed
    if not session.staff:
        request.app.state.sessions.end(token)
        raise Problem("forbidden", "this link is a customer's")
    return _signed_in(request, token, "/")


@router.post("/sign-out")
def sign_out(request: Request, caller: Member, csrf: Annotated[str, Form()] = "") -> Response:
    """Sign out, here; the page that follows leads to the provider's own sign-out."""
    if caller.secret is not None:
        request.app.state.sessions.end(caller.secret)
    response = RedirectResponse("/sign-in?out=1", 303)
    who.drop_cookie(request, response, "staff")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@router.get("/sign-out/with")
async def provider_out(request: Request) -> Response:
    """Go to the identity provider's own sign-out."""
    try:
        return await _provider(request).out(request)
    except Unreachable as error:
        raise Problem("unavailable", str(error)) from None


def _signed_in(request: Request, secret: bytes, then: str) -> Response:
    """Give the browser its new session; one that it had before is over."""
    before = who.read(request.cookies.get(who.cookie_name(request, "staff")))
    if before is not None:
        request.app.state.sessions.end(before)
    response = RedirectResponse(then, 303)
    who.set_cookie(request, response, "staff", secret)
    return response


def _ours(then: str) -> str:
    return then if _OURS.fullmatch(then) and not then.startswith("/sign") else "/"


def _provider(request: Request) -> Provided:
    provider: Provided | None = request.app.state.provider
    if provider is None:
        raise Problem("not-found", "no identity provider is configured; `[server.oidc]` names one")
    return provider
