"""`/me/uses`: every use of my data, the newest first, each with the proof that it was recorded."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bailee.errors import NotVerified
from bailee.rights import uses
from bailee.web import pages
from bailee.web.me import choices, session, telling
from bailee.web.me.session import Customer
from bailee.web.problems import Problem

router = APIRouter(prefix="/me")
A_PAGE = 20


@router.get("/uses")
def show(
    request: Request,
    caller: Customer,
    purpose: Annotated[str, Query(max_length=200)] = "",
    every: bool = False,
    before: Annotated[int | None, Query(ge=0)] = None,
    later: Annotated[list[int], Query(max_length=1_000)] = [],  # noqa: B006  (FastAPI gives each request its own)
) -> Response:
    """A page of uses: those that may have included the customer, or with `every` those that did not, too.

    `before` and `later` are where the page before ended.
    """
    gate, say = request.app.state.gate, pages.say(request)
    policy, titles = gate.promise.policy, telling.titles(gate, say)
    chosen = purpose if purpose in policy.purposes else ""
    found = uses.timeline(
        gate, session.key_of(caller), purpose=chosen or None, every=every, before=before, later=later, limit=A_PAGE
    )
    kept = {name: value for name, value in (("purpose", chosen), ("every", "1" if every else "")) if value}
    ends = [("before", found.next), *(("later", each) for each in found.later)]
    older = None if found.next is None else f"/me/uses?{urlencode([*kept.items(), *ends])}"
    return session.page(
        request,
        caller,
        "uses.html",
        found=found,
        asked=lambda use: telling.asked(say, use.asker, policy.company),
        purposes=[(key, titles[key]) for key in policy.purposes],
        chosen=chosen,
        every=every,
        first=before is None,
        newest=f"/me/uses?{urlencode(kept)}" if kept else "/me/uses",
        older=older,
        titles=titles,
        deletions=uses.deletions(gate, session.key_of(caller)),
        recipients={key: each.title for key, each in policy.recipients.items()},
    )


@router.get("/uses/{entry}/proof")
def proof(request: Request, caller: Customer, entry: int) -> Response:
    """The proof file (C2SP tlog-proof) of one use; nothing for an entry that does not concern the customer."""
    gate = request.app.state.gate
    try:
        if not 0 <= entry < gate.head().size:
            raise NotVerified("no such entry")
        found = uses.proof(gate, session.key_of(caller), entry)
    except NotVerified:
        raise Problem("not-found", "no use of your data has this number") from None
    return choices.download(found, f"entry-{entry:08}.tlog-proof", choices.TEXT)
