"""`bailee rights`: what people ask of the company about themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.saving import must_be_free, whole
from bailee.cli.terminal import counted, plain

if TYPE_CHECKING:
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
