"""`bailee ledger`: the log's head, its export, and what an entry says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.progress import bar
from bailee.cli.running import DONE, FAILED, print_json, print_lines
from bailee.cli.terminal import counted, plain, plain_lines

if TYPE_CHECKING:
    from bailee.gate.replay import Replay


#: The kinds of entries of which a ruling can be derived again.
_USES = ("use", "points_opened", "points_closed")
_LOST = (
    "what was ruled cannot be derived again: the record is gone, with one of those whom it was about or by a restore"
)


def head(home: Path, *, signed: bool, as_json: bool) -> None:
    """Print the size of the log and its root, or its signed checkpoint alone, to be kept in a file."""
    with opened(home) as gate:
        found = gate.head()
        note = gate.checkpoint().decode() if signed else None
    if as_json:
        print_json({"size": found.size, "root": found.root.hex(), **({"checkpoint": note} if note else {})})
    elif note:
        print_lines(note.removesuffix("\n").split("\n"))
    else:
        print_lines([f"entries  {found.size:,}", f"root     {found.root.hex()}", ""])
        print_lines(["keep this where nobody here can change it:"])
        print_lines([f"  bailee ledger verify --from {found.size}:{found.root.hex()}"])


def export(home: Path, folder: Path, *, as_json: bool) -> None:
    """Write the log as files that any web server can give out."""
    with opened(home) as gate, bar("writing entries", quiet=as_json) as progress:
        found = gate.export(folder, progress=progress)
    if as_json:
        size, root = found.head.size, found.head.root.hex()
        print_json({"folder": str(folder), "size": size, "before": found.before, "root": root})
        return
    entries = counted(found.head.size, "entry", "entries")
    print_lines([f"written: {entries} to {plain(str(folder))}, of which {found.before:,} were there before"])
    print_lines(["give it to anybody; they check it by `bailee ledger verify`, and `README.txt` in it says how"])


def explain(home: Path, entry: int, *, as_json: bool) -> int:
    """Show the leaf and the record that it commits to, and derive what was ruled again; 1 where that does not agree."""
    with opened(home) as gate:
        leaf, record = gate.leaf(entry), gate.record(entry)
        of_use = leaf["kind"] in _USES
        replay = gate.replay(entry) if record and of_use else None
    agrees = replay.agrees if replay else None
    if as_json:
        again, lost = asdict(replay) if replay else None, {"not_derived": _LOST} if of_use and not replay else {}
        print_json({"entry": entry, "leaf": leaf, "record": record, "derived_again": again, "agrees": agrees, **lost})
        return FAILED if agrees is False else DONE
    print_lines([f"entry {entry}", "leaf, which all may read", *_shown(leaf), "record, kept here"])
    print_lines(_shown(record) if record is not None else [_absent(leaf)])
    if replay is not None:
        print_lines([f"derived again from what was in force then ({', '.join(replay.checked)}): {_outcome(replay)}"])
        print_lines(f"  - {plain(line)}" for line in replay.disagreements)
    elif of_use:
        print_lines([_LOST])
    return FAILED if agrees is False else DONE


def _absent(leaf: dict[str, object]) -> str:
    return "  none that can be opened: it was erased, or its key was" if "commitment" in leaf else "  none"


def _outcome(replay: Replay) -> str:
    return "the same" if replay.agrees else "NOT the same"


def _shown(document: object) -> list[str]:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return [f"  {line}" for line in plain_lines(text).splitlines()]
