"""`bailee status`: what a workspace holds, what it promises, and what should be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.gate.as_json import instant

if TYPE_CHECKING:
    from bailee.gate.answer import Status
    from bailee.gate.gate import Gate


def status(home: Path, *, as_json: bool) -> None:
    """Print the state of the workspace."""
    with opened(home) as gate:
        found = gate.status()
        owed = list(_owed(gate))
    if as_json:
        print_json(_document(found, owed))
    else:
        print_lines(map(plain, [*_lines(found), *(f"due        {line}" for line in owed)]))


def _document(found: Status, owed: list[str]) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(found), "due": [*_due(found), *owed]}


def _owed(gate: Gate) -> Iterator[str]:
    """What people ask that waits for an answer, and what other systems have not taken."""
    from bailee.people import deals, requests, webhooks

    with gate.database.read() as connection:
        waiting, overdue = requests.counted(connection, gate.clock().date())
        counts = webhooks.counted(connection)
        deletions, unconfirmed = deals.counted(connection, gate.clock())
    if waiting:
        late = f", {overdue:,} overdue" if overdue else ""
        yield f"{counted(waiting, 'request waits', 'requests wait')} for an answer{late}: bailee rights list"
    if deletions:
        late = f", {unconfirmed:,} overdue" if unconfirmed else ""
        told = counted(deletions, "deletion is", "deletions are")
        yield f"{told} not confirmed by whoever received the data{late}: bailee deal notices"
    for name, (waits, dead) in counts.items():
        if dead:
            yield f"{name}: {dead:,} given up, {waits:,} more wait to be sent: bailee webhooks list"


def _lines(found: Status) -> Iterator[str]:
    yield f"workspace  {found.home}"
    yield f"policy     {found.company}, version {found.version}"
    yield f"           {found.policy}"
    yield f"data map   {found.datamap}"
    yield f"data       {found.database}"
    yield f"store      {found.store}"
    yield f"customers  {found.customers:,}"
    yield f"choices    {found.choices:,} under {counted(found.notices, 'notice')}"
    yield f"ledger     {counted(found.ledger, 'entry', 'entries')}, root {found.root}"
    if found.customers:
        yield "standing now"
        widest = max(map(len, found.standing), default=0)
        for purpose, many in found.standing.items():
            share = f"{many / found.customers:>4.0%}"
            yield f"  {purpose:<{widest}}  {many:>9,}  {share}{_beside(found, purpose)}".rstrip()
    for line in _due(found):
        yield f"due        {line}"


def _beside(found: Status, purpose: str) -> str:
    """What else there is to know of a purpose on consent."""
    unasked, expiring = found.unasked.get(purpose, 0), found.expiring.get(purpose, 0)
    parts = [f"{unasked:,} never asked"] if unasked else []
    parts += [f"{expiring:,} run out within 30 days"] if expiring else []
    return "".join(f"  {part}" for part in [", ".join(parts)] if part)


def _due(found: Status) -> Iterator[str]:
    """What is missing before the workspace can do its work, and what time will change."""
    from bailee.cli.publishing import draft

    if found.versions.scheduled is not None:
        coming = found.versions.scheduled
        at = instant(coming.since)
        yield f"version {coming.version} of the policy comes into force on {at}: `bailee policy status`"
    if found.versions.published and found.versions.differs:
        yield draft(found.versions)
    if not found.engine:
        yield f"there is no DuckDB file `{found.database}`: put it there, or name another one in bailee.toml"
    if not found.customers:
        yield "no customers yet, so nobody's data may be used: bring them with `bailee import customers FILE`"
    if not found.notices:
        yield "no notices yet, and consent counts only under one: `bailee notices write --register`"
    if not found.choices:
        yield "no choices yet: `bailee import choices FILE`, or one at a time with `bailee choices`"
    if found.waiting:
        who = counted(found.waiting, "customer asks", "customers ask")
        due = f", {found.due:,} of them now: `bailee people erase --due`" if found.due else ""
        yield f"{who} to be erased whole once their holds end{due}"
    if found.expiring:
        consents = counted(sum(found.expiring.values()), "consent runs", "consents run")
        yield f"{consents} out within 30 days: ask again before"
    if found.changing and found.next_change is not None:
        who = counted(found.changing, "customer")
        yield f"time alone changes the standing of {who} within 30 days, first at {instant(found.next_change)[:16]}Z"
