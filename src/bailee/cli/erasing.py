"""`bailee people`: erasing people, what is left of them, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.handing import SUFFIX
from bailee.cli.opening import opened
from bailee.cli.progress import bar
from bailee.cli.running import DONE, FAILED, note, print_json, print_lines
from bailee.cli.saving import must_be_free, whole
from bailee.cli.terminal import counted, plain
from bailee.errors import BaileeError
from bailee.gate.as_json import instant

if TYPE_CHECKING:
    from bailee.gate.erasing import Erased, ErasureReport
    from bailee.gate.gate import Gate
    from bailee.gate.rows import Rows
    from bailee.people.cleaning import Cleaned


def erase(
    home: Path,
    customers: Sequence[str],
    *,
    due: bool,
    data: bool,
    dry_run: bool,
    yes: bool,
    vacuum: bool,
    out: Path | None,
    certificate: bool,
    as_json: bool,
) -> int:
    """Erase people, or those whose holds have ended, and say what went and what is left."""
    with opened(home) as gate:
        keys = list(dict.fromkeys([*customers, *(gate.erasures_due() if due else [])]))
        if not keys:
            print_json({"erased": []}) if as_json else print_lines(["nobody waits to be erased"])
            return DONE
        folder = None
        if not dry_run:
            if certificate:
                gate.keys.signing()  # says before, and not afterwards, that nothing can be certified
            folder = _folder(home, out, asked=certificate and not as_json)
            _confirm(gate, keys, data=data, yes=yes)
        if vacuum and not dry_run and sys.stderr.isatty():
            note("the database is written anew at the end, which takes as long as a copy of it")
        with bar("looking through the ledger", quiet=as_json) as progress:
            report = gate.erase(*keys, data=data, dry_run=dry_run, anew=vacuum, progress=progress)
        proofs = [gate.certificate(each) for each in report.erased] if certificate and not dry_run else []
        if as_json:
            print_json(_document(report, proofs))
        else:
            print_lines(map(plain, _told(report)))
            _hand_out(folder, report, proofs)
    return DONE if report.cleaned is None or report.cleaned.log else FAILED


def clean(home: Path, *, as_json: bool) -> int:
    """Overwrite what earlier erasures left in the database."""
    with opened(home) as gate:
        if not as_json:
            note("writing the database anew")
        done = gate.clean()
    if as_json:
        print_json(asdict(done))
    else:
        print_lines(_cleaned(done))
    return DONE if done.log else FAILED


def remaining(home: Path, customers: Sequence[str], *, erase: bool, as_json: bool) -> int:
    """Count people's rows in the company's own tables; the status is that of a failure where there are any."""
    with opened(home) as gate:
        if erase:
            gone = gate.erase_rows(*customers)
            if not as_json and gone.tables:
                print_lines(["erased from the company's own tables", *map(plain, _tables(gone))])
        found = gate.remaining(*customers)
    if as_json:
        print_json({"tables": {name: each._asdict() for name, each in found.tables.items()}, "sql": found.sql})
    else:
        print_lines(map(plain, _remaining(found)))
    return FAILED if found.tables or found.why else DONE


def _folder(home: Path, out: Path | None, *, asked: bool) -> Path | None:
    """Where certificates go, said or asked for before anything is done: afterwards nobody could make them again."""
    if not asked:
        return None
    if out is None:
        if not _watched():
            raise typer.BadParameter(
                "say where the certificates go, or --no-certificate: nobody can make one later", param_hint="--out"
            )
        out = Path(typer.prompt("certificates, for the customers alone, go to the folder"))
    if out.resolve().is_relative_to(home.resolve()):
        raise BaileeError(f"`{out}` is in the workspace, which is to keep nothing of the erased: name another folder")
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BaileeError(f"`{out}` cannot be made: {(error.strerror or 'unknown error').lower()}") from None
    must_be_free(out / f"erasure{SUFFIX}", force=True)
    return out


def _confirm(gate: Gate, keys: Sequence[str], *, data: bool, yes: bool) -> None:
    if yes:
        return
    if not _watched():
        raise typer.BadParameter("nobody is there to be asked: look at --dry-run, then say --yes", param_hint="--yes")
    print_lines(map(plain, _told(gate.erase(*keys, dry_run=True))))
    where = "here and in the company's own tables" if data else "here"
    typer.confirm(f"erase {counted(len(keys), 'customer')} {where}, for good?", abort=True)


def _watched() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty()


def _hand_out(folder: Path | None, report: ErasureReport, proofs: Sequence[bytes]) -> None:
    if folder is None:
        return
    for each, proof in zip(report.erased, proofs, strict=True):
        path = folder / f"erasure-{each.position}{SUFFIX}"
        try:
            with whole(path, force=False) as file:
                file.write(proof)
        except BaileeError as error:  # nobody can make it again
            print_lines([plain(f"certificate of entry {each.position}, because {error}:"), *proof.decode().split("\n")])
        else:
            print_lines([plain(f"certificate  {path}: give it to the customer, and keep no copy")])


def _told(report: ErasureReport) -> Iterator[str]:
    for each in report.erased:
        yield from _of(each, dry_run=report.dry_run)
    if report.rows is not None and report.rows.tables:
        yield "erased from the company's own tables"
        yield from _tables(report.rows)
    if report.remaining is not None:
        yield from _remaining(report.remaining)
    if report.cleaned is not None:
        yield from _cleaned(report.cleaned)
    if report.dry_run:
        yield "nothing was erased: this was a dry run"


def _of(each: Erased, *, dry_run: bool) -> Iterator[str]:
    done = "would erase" if dry_run else "erased"
    entry = "" if each.position is None else f", ledger entry {each.position}"
    yield f"{done} {each.customer}{'' if each.whole else ' in part'}{entry}"
    widest = max(map(len, each.rows), default=0)
    for table, count in each.rows.items():
        yield f"  {table:<{widest}}  {count:>7,}"
    for hold in each.holds:
        why = f": {hold.why}" if hold.why else ""
        yield f"  kept for {hold.purpose} since {instant(hold.since)[:10]}{why}"
    if not each.whole:
        yield "  once the holds have ended: bailee people erase --due"


def _remaining(found: Rows) -> Iterator[str]:
    if found.why is not None:
        yield f"whether the company's own tables hold rows of theirs is not known: {found.why}"
    elif found.tables:
        yield "in the company's own tables there still are"
        yield from _tables(found)
        yield "remove them with `bailee people remaining CUSTOMER --erase`, or by"
        yield from (f"  {statement}" for statement in found.sql)
    else:
        yield "the company's own tables hold none of their rows"


def _tables(rows: Rows) -> Iterator[str]:
    widest = max(map(len, rows.tables), default=0)
    for table, found in rows.tables.items():
        shared = f", {found.cleared:,} shared with others" if found.cleared else ""
        stuck = f", {found.left:,} shared with others whose column cannot be empty" if found.left else ""
        yield f"  {table:<{widest}}  {counted(found.gone, 'row')}{shared}{stuck}"


def _cleaned(done: Cleaned) -> Iterator[str]:
    if done.undone:
        yield done.undone
    if not done.anew:
        yield "the database was not written anew: do it once with `bailee people clean`"
    yield from (f"out of reach: {each}" for each in done.beyond)


def _document(report: ErasureReport, proofs: Sequence[bytes]) -> dict[str, object]:
    erased = [
        {
            "customer": each.customer,
            "whole": each.whole,
            "rows": dict(each.rows),
            "holds": [asdict(hold) for hold in each.holds],
            "entry": each.position,
            "certificate": proof.decode() if proof else None,
        }
        for each, proof in zip(report.erased, proofs or [b""] * len(report.erased), strict=True)
    ]
    left = report.remaining
    return {
        "dry_run": report.dry_run,
        "erased": erased,
        "data": None if report.rows is None else {name: each._asdict() for name, each in report.rows.tables.items()},
        "remaining": None if left is None else {name: each._asdict() for name, each in left.tables.items()},
        "remaining_unknown": None if left is None else left.why,
        "remaining_sql": [] if left is None else left.sql,
        "cleaned": None if report.cleaned is None else asdict(report.cleaned),
    }
