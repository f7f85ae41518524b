"""`/choose`: what the banner does, as a page and a form that need no script, for who comes by a link of the shop's."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from bailee.collect import answering, asking
from bailee.collect.asking import Answer
from bailee.errors import FactRejected
from bailee.people.sessions import SECRET_BYTES
from bailee.web import pages, who
from bailee.web.api.choices import sends_gpc
from bailee.web.banner import asked
from bailee.web.banner.calls import person, record
from bailee.web.problems import Problem
from bailee.web.who import Caller

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=4_000)]
Texts = Annotated[list[str], Form(max_length=200)]
YEAR_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Came:
    """How somebody came to the page: what the shop's link said, and by whose token if it posted one."""

    purposes: str
    place: str
    back: str
    token: str = ""
    #: The child for whom their guardian came.
    child: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What a link to the page carries; never the token."""
        said = {"purposes": self.purposes, "place": self.place, "return": self.back, "for": self.child}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Note:
    """What the page tells of the form that was sent last."""

    saved: bool = False
    left: tuple[str, ...] = ()
    year_missing: bool = False

    @property
    def query(self) -> dict[str, str]:
        """The same, for the address that the browser is sent on to."""
        said = {"saved": "1" * self.saved, "left": ",".join(self.left), "year": "missing" * self.year_missing}
        return {name: value for name, value in said.items() if value}


@router.get("/choose")
def shown(
    request: Request,
    caller: Annotated[Caller | None, Depends(who.anybody)],
    purposes: Annotated[str, Query(max_length=4_000)] = "",
    place: Annotated[str, Query(max_length=12)] = "",
    back: Annotated[str, Query(alias="return", max_length=2_000)] = "",
    saved: Annotated[str, Query(max_length=1)] = "",
    left: Annotated[str, Query(max_length=4_000)] = "",
    year: Annotated[str, Query(max_length=20)] = "",
    child: Annotated[str, Query(alias="for", max_length=512)] = "",
) -> Response:
    """The choices of a visitor or customer; a signal of their browser is honoured as they come."""
    key = person(caller)
    if key is not None and not child and sends_gpc(request) and request.app.state.gate.facts(key) is not None:
        answering.hear(request.app.state.gate, key, new=False)
    came = Came(purposes, place, _allowed(request, back), child=_guarded(request, caller, child))
    return _page(request, caller, came, Note(bool(saved), tuple(asked.named(left)), year == "missing"))


@router.post("/choose")
def said(
    request: Request,
    caller: Annotated[Caller | None, Depends(who.anybody)],
    act: Text = "",
    allow: Texts = [],  # noqa: B006  (FastAPI gives each request its own)
    shown: Texts = [],  # noqa: B006
    year: Text = "",
    purposes: Text = "",
    place: Annotated[str, Form(max_length=12)] = "",
    back: Annotated[str, Form(alias="return", max_length=2_000)] = "",
    token: Annotated[str, Form(max_length=10_000)] = "",
    child: Annotated[str, Form(alias="for", max_length=512)] = "",
) -> Response:
    """Records what the form said; without an act, shows it to whom the shop's token is about."""
    if token:
        who.must_be_the_shops(request)
        caller = who.of_token(request, token)
    elif caller is None:
        who.must_be_ours(request)
    came = Came(purposes, place, _allowed(request, back), token, _guarded(request, caller, child))
    key = person(caller)
    if not act:
        return _page(request, caller, came, Note())
    fresh = secrets.token_bytes(SECRET_BYTES) if caller is None else None
    key = key or who.visitor_key(fresh or b"")
    note = _said(request, key, came, act, _answers(act, allow, shown), year.strip())
    if token:
        return _page(request, caller, came, note)
    response = RedirectResponse(f"/choose?{urlencode({**came.query, **note.query})}", 303)
    if not note.year_missing:
        _remember(request, response, caller, fresh)
    return response


def _remember(request: Request, response: Response, caller: Caller | None, fresh: bytes | None) -> None:
    """Know a visitor again, from their first choice on, and as long after a no as after a yes."""
    secret = fresh or (caller.secret if caller is not None and caller.kind == "visitor" else None)
    if secret is not None:
        who.set_cookie(request, response, "visitor", secret, who.VISITOR_LASTS)


def _said(request: Request, key: str, came: Came, act: str, answers: Sequence[Answer], year: str) -> Note:
    """Take what was said, and what to tell of it."""
    gate, gpc, whose = request.app.state.gate, sends_gpc(request), came.child or key
    needed = _form(request, key, came).needs(answers) or act == "year"
    if (needed or year) and not (year.isascii() and year.isdigit() and len(year) == YEAR_DIGITS):
        return Note(year_missing=True)
    if not came.child:  # a guardian says yes or no for a child, and nothing of their age or browser
        try:
            answering.arrive(gate, key, year=int(year) if year else None, place=came.place or None)
        except FactRejected:
            return Note(year_missing=True)
        if gpc:
            answering.hear(gate, key, new=False)
    guardian = key if came.child else None
    now = _form(request, key, came)
    taken = answering.taken(now, whose, answers, f"form: {act}", gate.clock(), guardian)
    record(request, taken)
    return Note(act != "year", taken.left)


def _form(request: Request, key: str | None, came: Came) -> asking.Form:
    """What the person may choose, or their child."""
    gate, language, only = request.app.state.gate, pages.language_of(request), asked.named(came.purposes)
    if came.child:
        return asking.form(gate, came.child, language, only=only, guardian=True)
    return asking.form(gate, key, language, only=only, place=came.place or None, gpc=sends_gpc(request))


def _guarded(request: Request, caller: Caller | None, child: str) -> str:
    """The child that a request names, if the caller is their verified guardian; who is not learns nothing."""
    if child and child not in _children(request, caller):
        raise Problem("forbidden", "you can choose, and see, only for yourself and for those whose guardian you are")
    return child


def _children(request: Request, caller: Caller | None) -> tuple[str, ...]:
    if caller is None or caller.kind != "customer":
        return ()
    children: tuple[str, ...] = request.app.state.gate.children(caller.key)
    return children


def _answers(act: str, allow: Sequence[str], shown: Sequence[str]) -> list[Answer]:
    """What a button says of each purpose that was on the page, under the notice that was."""
    if act not in ("refuse_all", "accept_all", "chosen", "withdraw_all", "year"):
        raise Problem("unprocessable", "`act` is no button of this form")
    found = []
    for each in shown if act != "year" else ():
        purpose, notice, language, how = [*each.split("|", 3), "", "", ""][:4]
        objects, stopped, on = (word in how.split() for word in ("objects", "stopped", "on"))
        if (act == "accept_all" and (objects or stopped)) or (act == "withdraw_all" and (objects or not on)):
            continue
        # A tick at what is in use until they object is an objection.
        yes = act == "accept_all" or (act == "chosen" and (purpose in allow) != objects)
        found.append(Answer(purpose, yes, notice or None, language or None, conflict_shown=stopped and yes))
    return found


def _page(request: Request, caller: Caller | None, came: Came, note: Note) -> Response:
    say, found = pages.say(request), _form(request, person(caller), came)
    response = pages.page(
        request,
        "choose.html",
        form=asked.out(request, found, say, asked.left_words(found, note.left, say)),
        came=came,
        csrf=pages.csrf_of(caller) if caller is not None and caller.cookie else "",
        note=note,
        children=() if came.child or came.token else _children(request, caller),
        site=urlsplit(came.back).hostname or "",
        on=any(each.on and not each.objects for each in found.questions),
    )
    response.headers["Vary"] = "Accept-Language, Cookie, Sec-GPC"
    return response


def _allowed(request: Request, back: str) -> str:
    """An address to go back to, if it is of the shop's pages or ours; else none."""
    server = request.app.state.server
    try:
        parts = urlsplit(back)
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc.lower()}"
    clean = back.isprintable() and not any(each in back for each in " \\<>\"'")
    return back if clean and origin in (*server.origins, server.base) else ""
