"""`may`, `choices`, `import choices` and `standing`: what customers said, and what follows from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import actor, opened
from bailee.cli.output import Output
from bailee.cli.progress import bar
from bailee.cli.running import DONE, REFUSED, instant, note, print_json, print_lines, reason_json, reason_line
from bailee.cli.terminal import counted, plain
from bailee.vocabulary import Act, Instrument, Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from bailee.gate.answer import StandingRow
    from bailee.people.choices import Recorded
    from bailee.people.imports import ImportReport


def may(home: Path, customer: str, use: Use, *, as_json: bool) -> int:
    """Print one verdict; the status is that of a refusal where it is no."""
    with opened(home) as gate:
        verdict = gate.may(use.purpose, customer=customer, effect=use.effect, recipient=use.recipient, actor=use.actor)
    word = "permitted" if verdict.permitted else "refused"
    if as_json:
        print_json({"decision": word, "customer": customer, "reasons": list(map(reason_json, verdict.reasons))})
    else:
        print_lines([word, *(f"  - {plain(reason_line(reason))}" for reason in verdict.reasons)])
    return DONE if verdict.permitted else REFUSED


@dataclass(frozen=True, slots=True)
class Said:
    """A choice as it was typed."""

    customer: str
    act: Act
    purpose: str
    instrument: Instrument
    notice: str | None
    evidence: str | None


def choose(home: Path, said: Said, *, as_json: bool) -> None:
    """Record a choice and print its receipt."""
    with opened(home) as gate:
        receipt = gate.choose(
            said.customer,
            said.act,
            said.purpose,
            instrument=said.instrument,
            notice=said.notice,
            evidence=said.evidence,
        )
    if as_json:
        words = {"customer": said.customer, "act": str(said.act), "purpose": said.purpose}
        print_json({"decision": "recorded", **words, "sequence": receipt.sequence, "receipt": receipt.position})
    else:
        print_lines(
            [
                plain(f"recorded: `{said.customer}` {_did(said.act)} `{said.purpose}`"),
                f"ledger entry {receipt.position}",
            ]
        )


def _did(act: Act) -> str:
    return {Act.GRANT: "granted", Act.REFUSE: "refused", Act.WITHDRAW: "withdrew from", Act.OBJECT: "objected to"}[act]


def history(home: Path, customer: str, *, as_json: bool) -> None:
    """Print all that a customer ever said, the newest last."""
    with opened(home) as gate:
        found = gate.choices(customer)
    if as_json:
        print_json({"customer": customer, "choices": list(map(asdict, found))})
    elif found:
        print_lines(map(plain, _told(found)))
    else:
        print_lines(["no choices yet: record one with `bailee choices CUSTOMER grant PURPOSE`, or import a file"])


def _told(found: tuple[Recorded, ...]) -> Iterator[str]:
    widest = max(len(each.purpose) for each in found)
    for each in found:
        said = f"{instant(each.at)[:19]}Z  {each.act:<8}  {each.purpose:<{widest}}  by {each.instrument}"
        known = (
            ("to", each.recipient),
            ("channel", each.channel),
            ("guardian", each.guardian),
            ("evidence", each.evidence),
            ("from", each.imported_from),
            ("notice", each.notice and each.notice[:19]),
        )
        yield ", ".join([said, *(f"{name} {value}" for name, value in known if value)])


def import_choices(home: Path, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Import a file of choices and print what became of it."""
    with opened(home) as gate, bar("importing choices", quiet=as_json) as progress:
        report = gate.import_choices(file, by=actor(None, None, None).name, dry_run=dry_run, progress=progress)
    if as_json:
        print_json(asdict(report))
    else:
        print_lines(_imported(report))


def _imported(report: ImportReport) -> Iterator[str]:
    if report.already is not None:
        yield f"nothing to do: this very file was imported at {instant(report.already)}"
        return
    done = "would import" if report.dry_run else "imported"
    yield f"{done} {counted(report.added, 'choice')} of {counted(report.rows, 'row')}"
    if report.skipped:
        yield f"{report.skipped:,} were on record already"
    if report.granting_nothing:
        cite = counted(report.granting_nothing, "grant cites", "grants cite")
        yield f"{cite} no registered notice about the purpose: nothing is granted"
    if report.dry_run:
        yield "nothing was kept: this was a dry run"


def standing(home: Path, use: Use, output: Output) -> None:
    """Deliver everybody's standing for a purpose; it is a question, and recorded like one."""
    output.must_fit()
    with opened(home) as gate:
        found = gate.standing(use.purpose, recipient=use.recipient, actor=use.actor)
        output.deliver(_table(found), {"decision": "permitted", "purpose": use.purpose, "recipient": use.recipient})
    if not output.as_json:
        inside = sum(row.stands for row in found)
        note(f"{inside:,} of {counted(len(found), 'customer')} in {use.purpose}")


def _table(found: tuple[StandingRow, ...]) -> pa.Table:
    import pyarrow as pa

    columns = {
        "customer": pa.array([row.customer for row in found], pa.string()),
        "stands": pa.array([row.stands for row in found], pa.bool_()),
        "reason": pa.array([row.reason.code for row in found], pa.string()),
    }
    return pa.table(columns)
