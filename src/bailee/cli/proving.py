"""`bailee ledger`: the log's head, proofs of it, and what an entry says."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import opened
from bailee.cli.progress import bar
from bailee.cli.running import print_json, print_lines
from bailee.cli.saving import must_be_free, whole
from bailee.cli.terminal import counted, plain_lines

if TYPE_CHECKING:
    from bailee.ledger.values import Head


def head(home: Path, *, as_json: bool) -> None:
    """Print the size of the log and its root."""
    with opened(home) as gate:
        found = gate.head()
    if as_json:
        print_json({"size": found.size, "root": found.root.hex()})
        return
    print_lines(
        [f"entries  {found.size:,}", f"root     {found.root.hex()}", "", "keep this where nobody here can change it:"]
    )
    print_lines([f"  bailee ledger verify --known {found.size}:{found.root.hex()}"])


def kept(text: str | None) -> Head | None:
    """The head that somebody kept, as `bailee ledger head` printed it."""
    from bailee.ledger.values import Head

    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,15}):([0-9a-f]{64})", text.strip().lower())
    if found is None:
        hint = "expected SIZE:ROOT with 64 hexadecimal digits, as `bailee ledger head` prints it"
        raise typer.BadParameter(hint, param_hint="--known")
    return Head(int(found[1]), bytes.fromhex(found[2]))


def prove(home: Path, entry: int, out: Path | None, *, force: bool) -> None:
    """Write the proof that an entry is in the log: all that a verifier needs, hashes in hex."""
    if out is not None:
        must_be_free(out, force=force)
    with opened(home) as gate:
        document = asdict(gate.prove(entry))
    if out is None:
        print_json(document)
        return
    with whole(out, force=force) as file:
        file.write(json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n")


def verify(home: Path, known: Head | None, *, as_json: bool) -> None:
    """Work the whole log out again; NotVerified names the first entry that is wrong."""
    with opened(home) as gate, bar("checking entries", quiet=as_json) as progress:
        found = gate.verify(progress=progress, known=known)
    if as_json:
        print_json({"verified": True, "size": found.size, "root": found.root.hex()})
        return
    print_lines([f"verified: {counted(found.size, 'entry', 'entries')}, root {found.root.hex()}"])
    if known is not None:
        print_lines([f"it begins with the {counted(known.size, 'entry', 'entries')} of the head that you kept"])


def explain(home: Path, entry: int, *, as_json: bool) -> None:
    """Show the leaf and the record that it commits to."""
    with opened(home) as gate:
        leaf, record = gate.leaf(entry), gate.record(entry)
        agrees = gate.replay(entry).agrees if record and "ruling" in record else None
    if as_json:
        print_json({"entry": entry, "leaf": leaf, "record": record, "ruling_derived_again": agrees})
        return
    print_lines([f"entry {entry}", "leaf, which all may read", *_shown(leaf), "record, kept here"])
    print_lines(_shown(record) if record is not None else ["  none"])
    if agrees is not None:
        print_lines([f"ruling derived again from the policy of that time: {'the same' if agrees else 'ANOTHER'}"])


def _shown(document: object) -> list[str]:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return [f"  {line}" for line in plain_lines(text).splitlines()]
