"""`bailee rights`: what people ask of the company about themselves."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.saving import must_be_free, whole
from bailee.cli.terminal import counted, plain, table
from bailee.gate.as_json import instant

if TYPE_CHECKING:
    from bailee.people.requests import Request
    from bailee.rights.copying import CopyReport
    from bailee.vocabulary import Actor


def copy(
    home: Path,
    customer: str,
    out: Path,
    actor: Actor,
    language: str,
    purpose: str | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write a person's copy, whole or not at all."""
    from bailee.rights.copying import copy as write

    must_be_free(out, force=force)
    with opened(home) as gate, whole(out, force=force) as file:
        report = write(gate, customer, file, actor=actor, purpose=purpose, language=language)
    if as_json:
        print_json({**_document(report), "out": str(out)})
        return
    print_lines([f"written: {counted(report.files, 'file')} to {plain(str(out))}", *_told(report)])


def open_request(
    home: Path, customer: str, right: str, said: str | None, manner: str, by: str, *, as_json: bool
) -> None:
    """Record what a person asks, and print what they are told at once."""
    from bailee.rights import requests

    with opened(home) as gate:
        found = requests.open(gate, customer, right, text=said, manner=manner, by=by)
    if as_json:
        print_json(
            {
                "customer": customer,
                **asdict(found),
                "confirm_by": _day(found.confirm_by),
                "answer_by": _day(found.answer_by),
            }
        )
        return
    confirm = [f"confirm it by {found.confirm_by}"] if found.confirm_by else []
    print_lines(
        [f"recorded as request {found.number}: {right}", *confirm, f"answer it by {found.answer_by} ({found.law})"]
    )
    print_lines([f"ledger entry {found.entry}"])


def list_requests(home: Path, *, every: bool, as_json: bool) -> None:
    """Print what waits for an answer, the most urgent first."""
    from bailee.rights import requests

    with opened(home) as gate:
        found, today = requests.listed(gate, every=every), gate.clock().astimezone(UTC).date()
    if as_json:
        print_json([_request(each, today) for each in found])
    elif not found:
        print_lines(["no request waits for an answer"])
    else:
        names = ["N", "due", "right", "customer", "state", ""]
        right, firm = [True, *[False] * 5], [True, True, True, False, True, True]
        rows = [
            [str(each.number), str(each.due), each.kind, each.customer or "(erased)", each.state, _late(each, today)]
            for each in found
        ]
        print_lines(table(names, rows, right=right, firm=firm, columns=shutil.get_terminal_size().columns)[0])


def show_request(home: Path, number: int, *, as_json: bool) -> None:
    """Print one request."""
    from bailee.rights import requests

    with opened(home) as gate:
        _tell(requests.show(gate, number), gate.clock().astimezone(UTC).date(), as_json=as_json)


def extend_request(home: Path, number: int, why: str, by: str, *, as_json: bool) -> None:
    """Put an answer off."""
    from bailee.rights import requests

    with opened(home) as gate:
        _tell(requests.extend(gate, number, why, by=by), gate.clock().astimezone(UTC).date(), as_json=as_json)


def close_request(home: Path, number: int, outcome: str, why: str | None, by: str, *, as_json: bool) -> None:
    """Say what came of a request."""
    from bailee.rights import requests

    with opened(home) as gate:
        found = requests.close(gate, number, outcome, why=why, by=by)
        _tell(found, gate.clock().astimezone(UTC).date(), as_json=as_json)


def _tell(found: Request, today: date, *, as_json: bool) -> None:
    if as_json:
        print_json(_request(found, today))
        return
    lines = [
        f"request {found.number}: {found.kind}, {found.state}{_late(found, today)}",
        f"customer   {found.customer or '(erased)'}",
        f"asked      {instant(found.opened_at)[:19]}Z by {found.manner}, ledger entry {found.entry}",
        *([f"confirm by {found.confirm_by}"] if found.confirm_by else []),
        f"answer by  {found.due} ({found.law})",
        *([f"said       {found.said}"] if found.said else []),
    ]
    for each in found.changes:
        why = f": {each.why}" if each.why else ""
        lines.append(f"{each.state:<10} {instant(each.at)[:19]}Z by {each.by}, ledger entry {each.entry}{why}")
    print_lines(map(plain, lines))


def _late(found: Request, today: date) -> str:
    return " OVERDUE" if found.overdue(today) else ""


def _request(found: Request, today: date) -> dict[str, object]:
    whole = {**asdict(found), "due": found.due, "overdue": found.overdue(today)}
    return {name: _day(value) for name, value in whole.items()}


def _day(value: object) -> object:
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def _document(report: CopyReport) -> dict[str, object]:
    return {
        "customer": report.customer,
        "held": report.held,
        "kept": report.kept,
        "choices": report.choices,
        "receipts": report.receipts,
        "uses": report.uses,
        "in_scope": report.in_scope,
        "not_shown": [{"kind": each.kind, **each.details} for each in report.missing],
    }


def _told(report: CopyReport) -> list[str]:
    rows = f"{counted(sum(report.held.values()), 'row')} of {counted(len(report.held), 'table')}"
    lines = [
        f"  {rows}, {counted(report.choices, 'choice')} with {counted(report.receipts, 'receipt')}",
        f"  {counted(report.uses, 'entry', 'entries')} of the ledger, in scope of {report.in_scope:,}",
    ]
    told = [": ".join(each.details.values()) for each in report.missing]
    return [*lines, *(plain(f"  not shown: {each}") for each in told)]
