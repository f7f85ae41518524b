"""*Overview*: who stands, what was chosen and refused, and what is overdue; never about any one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date

from fastapi import APIRouter, Request
from starlette.responses import Response

from bailee.gate.gate import Gate
from bailee.gate.overview import Overview
from bailee.people import deals
from bailee.people.deals import Counts
from bailee.policy.model import Policy
from bailee.policy.reasons import STANDING_CODES
from bailee.rights import requests
from bailee.vocabulary import Act
from bailee.web import pages
from bailee.web.console import charts
from bailee.web.console.charts import Period
from bailee.web.console.shell import Member, page
from bailee.web.titles import titles

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one purpose, over time."""

    key: str
    title: str
    total: Mapping[str, int]
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Covered:
    """How many stand for a purpose, of all customers."""

    key: str
    title: str
    basis: str
    stands: int
    share: float
    unasked: int | None
    expiring: int


@router.get("/")
def show(request: Request, caller: Member) -> Response:
    """The figures."""
    gate: Gate = request.app.state.gate
    found: Overview = gate.overview()
    policy: Policy = gate.promise.policy
    named = titles(policy, pages.say(request).language)
    said = _said(found, named)
    return page(
        request,
        caller,
        "overview.html",
        figures=found,
        status=200,
        standing=found.status,
        deletions=_deletions(gate),
        asked=requests.waiting(gate, gate.clock().astimezone(UTC).date()),
        said=said,
        first=said[0].periods[0].first if said else None,
        monthly=bool(said) and len({each.first.day for each in said[0].periods}) == 1 and len(said[0].periods) > 1,
        covered=_covered(found, policy, named),
        codes=frozenset(STANDING_CODES),
        titles=named,
        acts=[str(act) for act in Act],
    )


def _deletions(gate: Gate) -> Counts:
    """What recipients still have to delete, of all releases."""
    with gate.database.read() as connection:
        waits, late = deals.counted(connection, gate.clock())
    return Counts(waits - late, late, 0)


def _said(found: Overview, named: Mapping[str, str]) -> list[Said]:
    """What was said by purpose, all over the same time; purposes that the policy has no more come last."""
    days = [day for each in found.choices.values() for day in each]
    if not days:
        return []
    first, last = min(days), max(days)
    known = [key for key in named if key in found.choices]
    others = sorted(key for key in found.choices if key not in named)
    return [_of(key, named.get(key, key), found.choices[key], first, last) for key in (*known, *others)]


def _of(key: str, title: str, days: Mapping[date, Mapping[str, int]], first: date, last: date) -> Said:
    total: dict[str, int] = {}
    for acts in days.values():
        for act, count in acts.items():
            total[act] = total.get(act, 0) + count
    return Said(key, title, total, tuple(charts.periods(days, first, last)))


def _covered(found: Overview, policy: Policy, named: Mapping[str, str]) -> list[Covered]:
    everybody = found.status.customers
    return [
        Covered(
            key,
            named[key],
            str(purpose.basis),
            found.status.standing.get(key, 0),
            found.status.standing.get(key, 0) / everybody if everybody else 0.0,
            found.status.unasked.get(key),
            found.status.expiring.get(key, 0),
        )
        for key, purpose in policy.purposes.items()
    ]
