"""`POST /me/enter`: the shop's own page signs its customer in by a token that the shop made for that.

A token enters once, with or without a `jti`: the form that carries it stays in the history of the browser, and whoever
presses "back" on a shared machine must not be let in by it. Only pages of `[server] origins` may send it: otherwise a
page of anybody's could sign a visitor in as somebody else.

`visitor` is the secret that the banner keeps in the cookie `bailee-visitor` of the shop's page. With it, they are
offered what they chose there before.
"""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from bailee.errors import FactRejected
from bailee.web import who
from bailee.web.me import session
from bailee.web.problems import Problem
from bailee.web.tokens import BadToken, Claims

router = APIRouter(prefix="/me")
_ONCE = "enter"
#: How long a token that enters may have to live, in seconds: what was used is remembered for a day.
LONGEST = 3_600


@router.post("/enter")
def enter(
    request: Request,
    token: Annotated[str, Form(max_length=8_192)],
    back: Annotated[str, Form(max_length=300)] = "",
    visitor: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Sign a customer in whom the shop vouches for, once for each token."""
    who.must_be_the_shops(request)
    claims = _claims(request, token)
    _spend(request, claims)
    try:
        begun = request.app.state.sessions.begin(claims.subject)
    except FactRejected:
        raise Problem("sign-in", "the shop's token is about nobody on record") from None
    response = session.see(session.back_to(back))
    session.begin(request, response, begun[0])
    before = who.read(visitor)
    if before is not None:
        who.set_cookie(request, response, "visitor", before, who.VISITOR_LASTS)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _claims(request: Request, token: str) -> Claims:
    try:
        claims: Claims = request.app.state.tokens.read(token.strip())
    except BadToken as error:
        raise Problem("sign-in", str(error)) from None
    if claims.scope != "customer":
        raise Problem("forbidden", "this token is no customer's")
    if claims.ends > time.time() + LONGEST:
        raise Problem("sign-in", f"a token that signs in lasts at most {LONGEST // 60} minutes")
    return claims


def _spend(request: Request, claims: Claims) -> None:
    """Let a token pass that never did; the store remembers it for longer than any token lasts."""
    if not request.app.state.repeats.spend(_ONCE, claims.once):
        raise Problem("sign-in", "this token was used before; go back to the shop, which makes another")
