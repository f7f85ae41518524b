"""`bailee choices CUSTOMER receipt` and `bailee receipt verify`: what a customer keeps of a choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import opened
from bailee.cli.running import DONE, FAILED, note, print_json, print_lines
from bailee.cli.saving import must_be_free, whole
from bailee.cli.terminal import counted, plain
from bailee.errors import BaileeError, FactRejected, NotVerified

if TYPE_CHECKING:
    from bailee.collect.receipts.verify import Checked
    from bailee.ledger.verify_note import Verifier


def give(
    home: Path, customer: str, which: str | None, form: str, out: Path | None, *, force: bool, as_json: bool
) -> None:
    """Write the receipt of one of a customer's choices, by its place in their list, or of the last."""
    from bailee.collect.receipts.issuing import receipt

    if which is not None and not (which.isascii() and which.isdigit()):
        raise typer.BadParameter(f"`{which}` is no number, expected which of their choices, from 1", param_hint="N")
    if out is not None:
        must_be_free(out, force=force)
    with opened(home) as gate:
        recorded = gate.choices(customer)
        if which is not None and not 1 <= int(which) <= len(recorded):
            raise FactRejected(
                f"`{customer}` has {counted(len(recorded), 'choice')} on record, so none is number {which}"
            )
        sequence = None if which is None else recorded[int(which) - 1].sequence
        found = receipt(gate, customer, sequence, form=str(form))
    if out is not None:
        with whole(out, force=force) as file:
            file.write(found.file)
    if as_json:
        told = {"customer": customer, "sequence": found.sequence, "entry": found.entry, "format": found.form}
        print_json({**told, "receipt": found.file.decode(), **({"out": str(out)} if out else {})})
    elif out is None:
        print_lines(found.file.decode().removesuffix("\n").split("\n"))
    else:
        print_lines([f"written: the receipt of entry {found.entry} to {plain(str(out))}"])
        print_lines(["its holder checks it by `bailee receipt verify`, without this company"])


def verify(files: Sequence[Path], known: Sequence[Verifier], *, as_json: bool) -> int:
    """Check receipts without a workspace; each is told, and one that fails makes the status 1."""
    from bailee.collect.receipts.verify import verify_receipt

    told: list[dict[str, object]] = []
    failed = False
    for file in files:
        try:
            found = verify_receipt(_read(file), known)
        except NotVerified as error:
            failed = True
            told.append({"file": str(file), "verified": False, "message": str(error)})
            if not as_json:
                note(f"{file}: {error}")
            continue
        told.append(_document(file, found))
        if not as_json:
            print_lines(_lines(file, found))
    if as_json:
        print_json(told)
    return FAILED if failed else DONE


def _read(path: Path) -> bytes:
    from bailee.collect.receipts.verify import LONGEST

    try:
        with path.open("rb") as file:
            return file.read(LONGEST + 1)
    except OSError as error:
        raise BaileeError(f"`{path}` cannot be read: {(error.strerror or 'unknown error').lower()}") from None


def _document(file: Path, found: Checked) -> dict[str, object]:
    return {
        "file": str(file),
        "verified": True,
        "format": found.form,
        "receipt": found.receipt,
        "choice": found.choice,
        "entry": found.proved.position,
        "origin": found.proved.checkpoint.origin,
        "key": found.key.vkey,
        "pinned": found.pinned,
    }


def _lines(file: Path, found: Checked) -> list[str]:
    said = {name: plain(str(value)) for name, value in found.choice.items()}
    origin = plain(found.proved.checkpoint.origin)
    lines = [
        f"{plain(str(file))}: customer {said['customer']} chose to {said['act']} {said['purpose']} at {said['at']}",
        f"  entry {found.proved.position} of {origin}, signed by {found.key.id.hex()}",
    ]
    if not found.pinned:
        lines += [
            "  the key was taken from the receipt itself: it is whole, but whose key that is was not checked",
            "  get the key from its maker, and give it with --key:",
            f"    {plain(found.key.vkey)}",
        ]
    return lines
