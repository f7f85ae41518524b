"""`bailee status`: what a workspace holds, what it promises, and what should be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import counted, plain

if TYPE_CHECKING:
    from bailee.gate.answer import Status


def status(home: Path, *, as_json: bool) -> None:
    """Print the state of the workspace."""
    with opened(home) as gate:
        found = gate.status()
    if as_json:
        print_json(_document(found))
    else:
        print_lines(map(plain, _lines(found)))


def _document(found: Status) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(found), "standing": dict(found.standing), "due": list(_due(found))}


def _lines(found: Status) -> Iterator[str]:
    yield f"workspace  {found.home}"
    yield f"policy     {found.company}, version {found.version}"
    yield f"           {found.policy}"
    yield f"data map   {found.datamap}"
    yield f"data       {found.database}"
    yield f"customers  {found.customers:,}"
    yield f"choices    {found.choices:,} under {counted(found.notices, 'notice')}"
    yield f"ledger     {counted(found.ledger, 'entry', 'entries')}, root {found.root}"
    if found.customers:
        yield "standing now"
        widest = max(map(len, found.standing), default=0)
        for purpose, many in found.standing.items():
            yield f"  {purpose:<{widest}}  {many:>9,}  {many / found.customers:>4.0%}"
    for line in _due(found):
        yield f"due        {line}"


def _due(found: Status) -> Iterator[str]:
    """What is missing before the workspace can do its work."""
    if not found.customers:
        yield "no customers yet: nobody's data may be used until they are on record"
    if not found.notices:
        yield "no notices yet: consent counts only under the notice that was shown"
    if not found.choices:
        yield "no choices yet: import them with `bailee import choices FILE`, or record one with `bailee choices`"
