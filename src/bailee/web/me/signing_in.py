"""Signing in by a link that a letter brings, and out again.

The answer to an address is the same, and as quick, whether anybody has it: what depends on that is done afterwards, in
the thread of the letters. Opening a link only shows a button, because mail scanners open links too; pressing it spends
the link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, FastAPI, Form, Request
from starlette.responses import Response

from bailee.people import contacts, customers
from bailee.people.contacts import EMAIL
from bailee.people.sessions import LINK_LASTS
from bailee.web import pages, who
from bailee.web.me import session
from bailee.web.me.session import Customer
from bailee.web.problems import Problem
from bailee.web.words import words

router = APIRouter(prefix="/me")
MINUTES = int(LINK_LASTS.total_seconds() // 60)
#: What share of its requests one address on the network may spend on asking for letters.
SHARE = 20


@router.get("/sign-in")
def ask(
    request: Request, back: str | None = None, sent: bool = False, lost: bool = False, ended: str | None = None
) -> Response:
    """The page that asks for an e-mail address, or says that a letter is on its way."""
    return _page(request, session.back_to(back), sent=sent, lost=lost, ended=ended)


@router.post("/sign-in")
def send(
    request: Request, email: Annotated[str, Form(max_length=254)] = "", back: Annotated[str, Form()] = ""
) -> Response:
    """Take an address, and answer alike whoever has it."""
    who.must_be_ours(request)
    wait = request.app.state.letters_asked.wait((request.client or ("", 0))[0])
    if wait:
        told = f"too many letters were asked for from here; wait {wait} s"
        raise Problem("too-many", told, headers={"Retry-After": str(wait)})
    leads = session.back_to(back)
    if not request.app.state.letters.ready:
        return _page(request, leads, status=503)
    if contacts.problem(EMAIL, email) is not None:
        return _page(request, leads, status=422, wrong=True)
    request.app.state.letters.post(_letter(request.app, email, pages.language_of(request), leads))
    return session.see(f"{session.SIGN_IN}?{urlencode({'sent': '1', 'back': leads}, quote_via=quote)}")


def _page(request: Request, back: str, *, status: int = 200, wrong: bool = False, **told: object) -> Response:
    values = {"sent": False, "lost": False, "ended": None, **told}
    ready = request.app.state.letters.ready
    return pages.page(
        request, "me/sign_in.html", status=status, back=back, wrong=wrong, mail=ready, minutes=MINUTES, **values
    )


def _letter(app: FastAPI, typed: str, language: str, back: str) -> Callable[[], None]:
    """The work of finding who has an address and sending each a link, at the address that is on record."""

    def work() -> None:
        state = app.state
        with state.gate.database.read() as connection:
            numbers = contacts.find(connection, EMAIL, typed)
            keys = customers.keys(connection, numbers) if numbers else []
            found = [
                (key, contacts.of(connection, number).get(EMAIL)) for number, key in zip(numbers, keys, strict=True)
            ]
        links = [(key, made, to) for key, to in found if key and to and (made := state.sessions.link(key))]
        company, spoken = state.gate.promise.policy.company, words(language)
        for key, made, to in links:
            asked = f"?{urlencode({'back': back, 'language': language}, quote_via=quote)}"
            link = f"{state.server.base}/me/in/{who.written(made)}{asked}"
            subject = spoken("me_letter_subject", company=company)
            account = key if len(links) > 1 else None
            state.letters.send(
                to, "sign_in", language, subject, company=company, link=link, minutes=MINUTES, account=account
            )

    return work


@router.get("/in/{secret}")
def look(request: Request, secret: str, back: str | None = None) -> Response:
    """The page with the one button; it spends nothing."""
    found = who.read(secret)
    return _private(_link_page(request, good=found is not None and request.app.state.sessions.good(found), back=back))


@router.post("/in/{secret}")
def enter(request: Request, secret: str, back: Annotated[str, Form()] = "") -> Response:
    """Spend a link: whoever pressed the button is signed in, under a secret that nobody knew before."""
    who.must_be_ours(request)
    found = who.read(secret)
    begun = None if found is None else request.app.state.sessions.spend(found)
    if begun is None or begun[1].customer is None:
        return _private(_link_page(request, good=False, back=back))
    response = session.see(session.back_to(back))
    session.begin(request, response, begun[0])
    return _private(response)


def _link_page(request: Request, *, good: bool, back: str | None) -> Response:
    leads = session.back_to(back)
    return pages.page(request, "me/in.html", status=200 if good else 410, good=good, back=leads, minutes=MINUTES)


def _private(response: Response) -> Response:
    """Let no page that comes next be told of the link."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@router.post("/sign-out")
def leave(request: Request, caller: Customer) -> Response:
    """End this session."""
    if caller.secret is not None:
        request.app.state.sessions.end(caller.secret)
    return _left(request, "here")


@router.post("/sign-out-everywhere")
def leave_everywhere(request: Request, caller: Customer) -> Response:
    """End every session of the customer's."""
    request.app.state.sessions.end_all(session.key_of(caller))
    return _left(request, "everywhere")


def _left(request: Request, ended: str) -> Response:
    response = session.see(f"{session.SIGN_IN}?ended={ended}")
    who.drop_cookie(request, response, "customer")
    # What this browser kept of the pages goes too, so that "back" shows nothing.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
