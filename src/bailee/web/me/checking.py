"""`/me/check`: checks a proof in the reader's own browser. It needs no sign-in, and works from a saved copy too."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from bailee.web import pages, who
from bailee.web.me import session, telling

router = APIRouter(prefix="/me")
#: What the names of the sentences begin with that the script says.
SAID = "me_check_"


@router.get("/check")
def show(request: Request) -> Response:
    """The page with the script; the ledger's keys are filled in, to be compared with some from elsewhere."""
    say = pages.say(request)
    found = who.caller(request)
    caller = found if found is not None and found.kind == "customer" else None
    keys = request.app.state.gate.ledger.vkeys()
    return pages.page(
        request,
        "me/check.html",
        caller=caller,
        csrf=pages.csrf_of(caller),
        keys="\n".join(keys),
        said={**say.beginning(SAID), "titles": telling.titles(request.app.state.gate, say)},
        start=session.START,
    )
