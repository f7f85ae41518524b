"""`bailee import` and `bailee notices given`: files of what was recorded elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import actor, opened
from bailee.cli.progress import bar
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.gate.as_json import instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bailee.people.reports import ImportReport


def choices(home: Path, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Import a file of choices and print what became of it."""
    with opened(home) as gate, bar("importing choices", quiet=as_json) as progress:
        report = gate.import_choices(file, by=whoever(), dry_run=dry_run, progress=progress)
    _tell(report, "choice", as_json=as_json)


def customers(home: Path, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Import a file of customers and print what became of it."""
    with opened(home) as gate, bar("importing customers", quiet=as_json) as progress:
        report = gate.import_customers(file, by=whoever(), dry_run=dry_run, progress=progress)
    _tell(report, "customer", as_json=as_json)


def given(home: Path, notice: str, file: Path, language: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Import a file of customers who were given a notice and print what became of it."""
    with opened(home) as gate, bar("importing", quiet=as_json) as progress:
        named = gate.notice(notice, language=language)
        report = gate.import_given(named.digest, file, by=whoever(), dry_run=dry_run, progress=progress)
    if not as_json:
        print_lines([plain(f"notice {named.digest} of `{named.purpose}`, in {named.language}")])
    _tell(report, "notice given", as_json=as_json)


def whoever() -> str:
    """Who imports: whoever is logged in on this machine."""
    return actor(None, None, None).name


def _tell(report: ImportReport, noun: str, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
    else:
        print_lines(_imported(report, noun))


def _imported(report: ImportReport, noun: str) -> Iterator[str]:
    if report.already is not None:
        yield f"nothing to do: this very file was imported at {instant(report.already)}"
        return
    plural = noun.replace("notice", "notices") if noun.endswith("given") else f"{noun}s"
    done = "would import" if report.dry_run else "imported"
    yield f"{done} {counted(report.added, noun, plural)} of {counted(report.rows, 'row')}"
    if report.skipped:
        changed = "; what the file says of them is on record now" if noun == "customer" and not report.dry_run else ""
        yield f"{report.skipped:,} {'was' if report.skipped == 1 else 'were'} on record already{changed}"
    if report.granting_nothing:
        cite = counted(report.granting_nothing, "grant cites", "grants cite")
        yield f"{cite} no registered notice about the purpose: nothing is granted"
    if report.dry_run:
        yield "nothing was kept: this was a dry run"
