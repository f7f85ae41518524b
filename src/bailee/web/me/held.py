"""`/me/data`: what the company holds about me, and where it came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bailee.policy.model import TableTexts
from bailee.rights import held
from bailee.rights.held import Held
from bailee.web import pages
from bailee.web.me import session, telling
from bailee.web.me.session import Customer
from bailee.web.problems import Problem
from bailee.web.words import Words

router = APIRouter(prefix="/me")
#: How many rows of a table a page shows; the copy has all.
SHOWN = 50
#: What only the copy shows: the words of a notice, and its digest.
_LONG = frozenset({"text", "notice"})
#: Where what Bailee keeps came from, if not from the shop's list of customers.
_SOURCES = {"notices_given": "notices", "holds": "shop", "restrictions": "you", "grounds": "shop", "guardians": "shop"}


@router.get("/data")
def show(request: Request, caller: Customer, table: Annotated[str, Query(max_length=300)] = "") -> Response:
    """What is kept here, what the company's tables hold, and the rows of the one that was asked for.

    Only one at a time, because each look at the company's tables is a use that is recorded.
    """
    gate, key, say = request.app.state.gate, session.key_of(caller), pages.say(request)
    can, counts = held.answerable(gate, key), held.counted(gate, key)
    seen: Held | None = None
    if table:
        seen = held.look(gate, key, table, caller.actor, SHOWN) if can and table in counts else None
        if seen is None:
            raise Problem("not-found", "there is no such table")

    def word(kind: str, name: str) -> str:
        found = f"me_{kind}_{name}"
        return say(found) if say.has(found) else name.replace("_", " ").capitalize()

    def told(name: str) -> TableTexts:
        found = gate.promise.datamap.tables.get(name.rpartition(": ")[2])
        return TableTexts() if found is None else found.told(say.language)

    return session.page(
        request,
        caller,
        "data.html",
        table_title=lambda name: told(name).title or word("table", name),
        source=lambda name: told(name).source or "",
        kept=[
            (_short(each), _SOURCES.get(each.name, "record"))
            for each in held.kept_here(gate, key)
            if each.name != "requests"
        ],
        counts=counts,
        seen=seen,
        can=can,
        chosen=len(gate.choices(key)),
        shown=SHOWN,
        word=word,
        cell=lambda value, currency=None: _cell(say, value, currency),
        titles=telling.titles(gate, say),
    )


def _short(table: Held) -> Held:
    """A table without the columns that are too long for a page."""
    kept = [place for place, name in enumerate(table.columns) if name not in _LONG]
    rows = [[row[place] for place in kept] for row in table.rows]
    return replace(table, columns=[table.columns[place] for place in kept], rows=rows)


def _cell(say: Words, value: object, currency: str | None = None) -> str:
    """A value as a person reads it; a number in a currency as money."""
    if currency is not None and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return say.money(value, currency)
    match value:
        case None:
            return "\N{EN DASH}"
        case datetime():
            return say.time(value)
        case date():
            return say.day(value)
        case bool():
            return say("me_yes" if value else "me_no")
        case str() if say.has(f"me_value_{value}"):
            return say(f"me_value_{value}")
        case _:
            return str(value)
