"""*Deals*: what recipients were offered, what was agreed and released, and what they still have to delete.

A deal is about nobody, and neither is this page: of deletions it counts. Each step is done at the command line, by whom
the deal names; the page says which comes next, and what keeps it from being done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from bailee.deals import agreeing
from bailee.deals.agreed import State
from bailee.errors import FactRejected
from bailee.gate.gate import Gate
from bailee.people import deals
from bailee.people.deals import Counts, Release
from bailee.web import pages
from bailee.web.console.shell import Member, page
from bailee.web.problems import Problem
from bailee.web.titles import titles

if TYPE_CHECKING:
    from bailee.deals.agreeing import Standing

router = APIRouter(include_in_schema=False)
#: What takes a version one step further, at the command line of the server.
COMMANDS = {
    State.PROPOSED: "bailee deal screen FILE",
    State.SCREENED: "bailee deal approve {word}",
    State.REFUSED: "bailee deal screen FILE --nearest NEAREST",
    State.APPROVED: "bailee deal agree {word}",
    State.AGREED: "bailee deal release {word} --key AGE1... --into FOLDER",
}
_TAGS = {State.AGREED: " good", State.REFUSED: " bad", State.SCREENED: " warn", State.APPROVED: " warn"}
_NOTHING = Counts(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Shown:
    """A version, its releases with what is to be deleted of each, and how its state is coloured."""

    found: Standing
    releases: tuple[tuple[Release, Counts], ...]

    @property
    def word(self) -> str:
        """What names the version in an address and at the command line."""
        return self.found.digest.removeprefix("sha256:")[:12]

    @property
    def deletions(self) -> Counts:
        """What is to be deleted of all its releases."""
        columns = zip(*(counts for _, counts in self.releases), strict=True)
        return Counts(*map(sum, columns)) if self.releases else _NOTHING

    @property
    def tag(self) -> str:
        """The class of the tag that says its state."""
        return _TAGS.get(self.found.state, "")


@router.get("/deals")
def show(request: Request, caller: Member, every: bool = False) -> Response:
    """Each deal's newest version, and with `every` all of them; the newest first."""
    gate = _gate(request)
    found = agreeing.listed(gate)
    newest = {each.version.deal: each for each in found}
    listed = found if every else [each for each in found if newest[each.version.deal] is each]
    return page(
        request,
        caller,
        "deals.html",
        found=[*reversed(_shown(gate, listed))],
        every=every,
        older=len(found) - len(newest),
        titles=titles(gate.promise.policy, pages.say(request).language),
    )


@router.get("/deals/{word}")
def one(request: Request, caller: Member, word: str) -> Response:
    """One version, by the first characters of its digest, with all that became of it."""
    gate = _gate(request)
    try:
        found = agreeing.find(gate, word[:100])
    except FactRejected:
        raise Problem("not-found", "no deal on record begins with this") from None
    (shown,) = _shown(gate, [found])
    command = COMMANDS.get(found.state, "")
    return page(
        request,
        caller,
        "deal.html",
        shown=shown,
        steps=[(each, _words(each.said)) for each in reversed(found.version.steps)],
        command=command.format(word=shown.word),
        titles=titles(gate.promise.policy, pages.say(request).language),
    )


def _shown(gate: Gate, found: Sequence[Standing]) -> list[Shown]:
    with gate.database.read() as connection:
        released, counts = deals.releases(connection), deals.counted_by_release(connection, gate.clock())
    mine: dict[str, list[tuple[Release, Counts]]] = {}
    for each in released:
        mine.setdefault(each.digest, []).append((each, counts.get(each.number, _NOTHING)))
    return [Shown(each, tuple(mine.get(each.digest, ()))) for each in found]


def _words(said: Mapping[str, object]) -> list[tuple[str, str]]:
    """What somebody said with a step, of what a person reads: its verdict, roles, how a condition is met, or why."""
    named = ("verdict", "conditions", "refused", "roles", "test", "how", "why")
    found = [(name, said[name]) for name in named if said.get(name)]
    return [(name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)) for name, value in found]


def _gate(request: Request) -> Gate:
    found: Gate = request.app.state.gate
    return found
