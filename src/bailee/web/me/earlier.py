"""`/me/choices/earlier`: what this browser's visitor chose before the customer signed in, taken over or left.

Who holds the visitor's secret may take their choices over, and nobody else: what a form names is looked for among the
choices of the cookie's visitor alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from bailee.collect.earlier import Earlier, differing
from bailee.gate.gate import Gate
from bailee.people.sessions import SECRET_BYTES
from bailee.web import metrics, pages, who
from bailee.web.me import session, telling
from bailee.web.me.session import Customer
from bailee.web.me.telling import Shown
from bailee.web.problems import Problem
from bailee.web.who import Caller

router = APIRouter(prefix="/me/choices/earlier")
#: The cookie by which a browser knows that its customer left the earlier choices as they were.
LEFT = "left"
_NUMBER = 8

Chosen = Annotated[list[int], Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class Before:
    """One earlier choice on the page, with the words of the notice that it was made under."""

    earlier: Earlier
    notice: Shown | None


def shown(request: Request, caller: Caller) -> list[Before]:
    """What there is to take over, but for what was left."""
    gate, secret = request.app.state.gate, _secret(request)
    if secret is None:
        return []
    left = _left(request, caller, secret)
    found = [each for each in _differing(gate, secret, caller) if each.choice.sequence > left]
    return [Before(each, _notice(gate, each)) for each in found]


@router.post("")
def take(request: Request, caller: Customer, chosen: Chosen) -> Response:
    """Record what the form names of this browser's earlier choices as the account's own; all of it or nothing.

    Where nothing of it is there to be taken, as at a second press, the page says what there is.
    """
    gate, secret, key = request.app.state.gate, _secret(request), session.key_of(caller)
    there = () if secret is None else _differing(gate, secret, caller)
    offered = {each.choice.sequence: each for each in there}
    if not offered.keys() & set(chosen):
        return session.see(session.START)
    if not set(chosen) <= offered.keys():
        raise Problem("changed", pages.say(request)("me_earlier_changed"))
    said = [offered[each].said(key, gate.clock()) for each in dict.fromkeys(chosen)]
    receipts = gate.choose_all(said)
    for each in said:
        metrics.choice(each.kind.act, each.kind.instrument)
    return session.see(f"/me?{urlencode([('said', receipt.sequence) for receipt in receipts])}")


@router.post("/leave")
def leave(request: Request, caller: Customer) -> Response:
    """Leave the account as it is: what was chosen so far on this device is not offered to it again."""
    gate, secret, response = request.app.state.gate, _secret(request), session.see(session.START)
    if secret is not None:
        last = max((each.choice.sequence for each in _differing(gate, secret, caller)), default=0)
        who.set_cookie(request, response, LEFT, _mark(secret, caller, last), who.VISITOR_LASTS)
    return response


def _differing(gate: Gate, secret: bytes, caller: Caller) -> Sequence[Earlier]:
    return differing(gate, who.visitor_key(secret), session.key_of(caller))


def _notice(gate: Gate, each: Earlier) -> Shown | None:
    if each.notice is None:
        return None
    return telling.Shown(each.notice, each.choice.language or "en", gate.notice_text(each.notice))


def _secret(request: Request) -> bytes | None:
    """The secret of this browser's visitor."""
    return who.read(request.cookies.get(who.cookie_name(request, "visitor")))


def _left(request: Request, caller: Caller, secret: bytes) -> int:
    """Up to which sequence this customer left this visitor's choices as they were."""
    kept = who.read(request.cookies.get(who.cookie_name(request, LEFT))) or b""
    last = int.from_bytes(kept[:_NUMBER])
    return last if kept == _mark(secret, caller, last) else 0


def _mark(secret: bytes, caller: Caller, last: int) -> bytes:
    """What the cookie holds: the sequence, and for whom it is, which another account on the same device is not."""
    whose = sha256(secret + session.key_of(caller).encode()).digest()
    return last.to_bytes(_NUMBER) + whose[: SECRET_BYTES - _NUMBER]
