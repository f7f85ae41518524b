"""Who asks: a visitor, a customer, one of the shop's programs, or a member of staff; and whether they mean it.

A request says it by a signed token (`Authorization: Bearer`), by a visitor's secret (`Bailee-Visitor`), or by a cookie.
Cookies are sent by browsers whoever made the page, so a request that changes something must come from our own pages.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from fastapi import Request
from starlette.responses import Response

from bailee.people.sessions import SECRET_BYTES, SignedIn
from bailee.vocabulary import Actor
from bailee.web.problems import Problem
from bailee.web.tokens import VISITOR, BadToken, Claims

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
VISITOR_HEADER, CSRF_HEADER, CSRF_FIELD = "bailee-visitor", "x-csrf-token", "csrf"
VISITOR_LASTS = 395 * 86_400


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and how they said so. `key` is a customer's; a visitor may not be on record yet."""

    kind: Literal["visitor", "customer", "shop", "staff"]
    key: str | None = None
    name: str = ""
    roles: frozenset[str] = frozenset()
    #: The secret of the session or visitor, where a cookie or header held one.
    secret: bytes | None = None
    cookie: bool = False

    @property
    def actor(self) -> Actor:
        """Who asks, as the gate records it; somebody signed in did not declare their roles themselves."""
        return Actor(self.name or self.kind, self.roles, self_declared=False)

    @property
    def mark(self) -> str:
        """What tells this caller from every other."""
        return f"{self.kind}:{self.key or self.name}"


def visitor_key(secret: bytes) -> str:
    """The key of the visitor who holds a secret; it does not show it."""
    return VISITOR + urlsafe_b64encode(sha256(secret).digest()[:18]).decode()


def written(secret: bytes) -> str:
    """A secret as text."""
    return urlsafe_b64encode(secret).rstrip(b"=").decode()


def read(text: str | None) -> bytes | None:
    """The secret that a text is, or None."""
    try:
        found = urlsafe_b64decode(f"{text or ''}=".encode())
    except (NotBase64, ValueError):
        return None
    return found if len(found) == SECRET_BYTES else None


def csrf(secret: bytes) -> str:
    """What a form of a session carries, which nobody else can know."""
    return hmac.new(secret, b"bailee form", sha256).hexdigest()


def cookie_name(request: Request, what: str) -> str:
    """A cookie's name; over TLS no other host and no plain page can set it."""
    return f"__Host-bailee-{what}" if _secure(request) else f"bailee-{what}"


def set_cookie(request: Request, response: Response, what: str, secret: bytes, seconds: int | None = None) -> None:
    """Give a browser a secret to hold, out of reach of scripts; for its session, or for so long."""
    response.set_cookie(
        cookie_name(request, what),
        written(secret),
        max_age=seconds,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(request: Request, response: Response, what: str) -> None:
    """Take a secret back."""
    response.delete_cookie(cookie_name(request, what), path="/", secure=_secure(request), httponly=True, samesite="lax")


def caller(request: Request) -> Caller | None:
    """Who asks, or None for who said nothing; Problem for what is not believed."""
    header = _only(request, "authorization")
    if header is not None:
        return _by_token(request, header)
    given = _only(request, VISITOR_HEADER)
    if given is not None:
        secret = read(given)
        if secret is None:
            raise Problem("sign-in", "`Bailee-Visitor` is no secret of a visitor", headers=CHALLENGE)
        return Caller("visitor", visitor_key(secret), secret=secret)
    return _by_cookie(request)


def _only(request: Request, name: str) -> str | None:
    """A header that says who asks; sent twice, a proxy before us may have looked at the other one."""
    given = request.headers.getlist(name)
    if len(given) > 1:
        raise Problem("sign-in", f"`{name}` was sent more than once", headers=CHALLENGE)
    return given[0] if given else None


#: RFC 9110 wants a challenge with each 401.
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="bailee"'}


def _by_token(request: Request, header: str) -> Caller:
    scheme, _, token = header.partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise BadToken("`Authorization` is no bearer token")
        return _of_claims(request.app.state.tokens.read(token.strip()))
    except BadToken as error:
        challenge = {"WWW-Authenticate": 'Bearer realm="bailee", error="invalid_token"'}
        raise Problem("sign-in", str(error), headers=challenge) from None


def of_token(request: Request, token: str) -> Caller:
    """Who a token of the shop's says, where a form carried it; Problem for one that is not believed."""
    return _by_token(request, f"Bearer {token}")


def _of_claims(claims: Claims) -> Caller:
    if claims.scope == "customer":
        return Caller("customer", claims.subject)
    return Caller("shop" if claims.scope == "shop" else "staff", name=claims.subject, roles=claims.roles)


def _by_cookie(request: Request) -> Caller | None:
    for what in ("staff", "customer"):
        secret = read(request.cookies.get(cookie_name(request, what)))
        found: SignedIn | None = None if secret is None else request.app.state.sessions.find(secret)
        if found is not None and found.staff == (what == "staff") and _meant(request, what):
            must_be_ours(request)
            if found.staff:
                return Caller("staff", name=found.name or "", roles=found.roles, secret=secret, cookie=True)
            return Caller("customer", found.customer, secret=secret, cookie=True)
    secret = read(request.cookies.get(cookie_name(request, "visitor")))
    if secret is not None:
        must_be_ours(request)
        return Caller("visitor", visitor_key(secret), secret=secret, cookie=True)
    return None


def _meant(request: Request, what: str) -> bool:
    """Whether a path is for this kind of session: one browser may be signed in as both."""
    path: str = request.scope["path"]  # of `request.url` the Host header is a part too
    customers = path.startswith(("/me", "/v1/choices", "/v1/notices", "/v1/banner", "/choose"))
    return customers == (what == "customer")


def must_be_ours(request: Request) -> None:
    """Raise where a request that changes something did not come from a page of this server.

    By Fetch Metadata (W3C), which every current browser sends, else by `Origin`.
    """
    if request.method in SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if not (site == "same-origin" if site is not None else origin == request.app.state.server.base):
        raise Problem("forged", "another site's page sent this, or your browser does not say which did")


def must_be_the_shops(request: Request) -> None:
    """Raise where a form that says who somebody is came from a page that is neither the shop's nor ours.

    Any page could else make a visitor somebody else, and have them choose for that one.
    """
    server = request.app.state.server
    if request.headers.get("origin") not in {*server.origins, server.base}:
        raise Problem("forged", "only a page of the shop may send this; its origin belongs in `[server] origins`")


def must_have_token(caller: Caller, given: str | None) -> None:
    """Raise where a request of a browser's session lacks the token that our forms carry."""
    if caller.cookie and caller.secret is not None and not hmac.compare_digest(csrf(caller.secret), given or ""):
        raise Problem("forged", "the form is not one of this session; load the page again")


async def checked(request: Request, caller: Caller) -> Caller:
    """The caller, once a request that changes something has shown the token of their session, in header or form."""
    if request.method in SAFE or not caller.cookie:
        return caller
    given = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    must_have_token(caller, given)
    return caller


async def anybody(request: Request) -> Caller | None:
    """A dependency: who asks, or None."""
    found = await _found(request)
    return None if found is None else await checked(request, found)


async def chooser(request: Request) -> Caller:
    """A dependency: a visitor or customer, for themselves; or the shop, for any."""
    return _one_of(await anybody(request), "visitor", "customer", "shop")


async def customer(request: Request) -> Caller:
    """A dependency: a customer who is signed in, or has the shop's token."""
    return _one_of(await anybody(request), "customer")


async def shop(request: Request) -> Caller:
    """A dependency: one of the shop's own programs."""
    return _one_of(await anybody(request), "shop")


async def staff(request: Request) -> Caller:
    """A dependency: a member of staff, signed in or by token."""
    return _one_of(await anybody(request), "staff")


async def _found(request: Request) -> Caller | None:
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(caller, request)


def _one_of(found: Caller | None, *kinds: str) -> Caller:
    if found is None:
        raise Problem("sign-in", "sign in, or send a token", headers=CHALLENGE)
    if found.kind not in kinds:
        raise Problem("forbidden", f"this is for {' or '.join(kinds)}, and you come as {found.kind}")
    return found


def _secure(request: Request) -> bool:
    secure: bool = request.app.state.server.secure
    return secure
