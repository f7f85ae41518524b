"""`bailee ledger verify` and `check`: what an auditor or a customer runs, who need no workspace for it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import opened
from bailee.cli.progress import bar
from bailee.cli.running import DONE, FAILED, note, print_json, print_lines
from bailee.cli.terminal import counted, plain, plain_lines
from bailee.errors import BaileeError, NotVerified

if TYPE_CHECKING:
    from bailee.ledger.verify_note import Verifier
    from bailee.ledger.verify_parts import Row
    from bailee.ledger.verify_proof import Proved
    from bailee.ledger.verify_tree import Kept, Verified

_HINT = "expected SIZE:ROOT with 64 hexadecimal digits, as `bailee ledger head` prints it, or a file with a checkpoint"


def kept(text: str | None) -> Kept | None:
    """The checkpoint that somebody kept: a file of one, or size and root."""
    from bailee.ledger.verify_note import LONGEST_NOTE, read_checkpoint, split_note
    from bailee.ledger.verify_tree import Kept

    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,15}):([0-9a-f]{64})", text.strip().lower())
    if found:
        return Kept(int(found[1]), bytes.fromhex(found[2]))
    if not Path(text).is_file():
        raise typer.BadParameter(_HINT, param_hint="--from")
    data = _read(Path(text), LONGEST_NOTE)
    size, root = read_checkpoint(split_note(data)[0])[1:3]
    return Kept(size, root, data)


def keys(given: Sequence[str] | None) -> list[Verifier]:
    """The log's keys: each a line, or a file of lines."""
    from bailee.ledger.verify_note import LONGEST_NOTE, read_vkey, read_vkeys

    found: list[Verifier] = []
    for each in given or ():
        if Path(each).is_file():
            found += read_vkeys(_read(Path(each), LONGEST_NOTE))
        else:
            found.append(read_vkey(each))
    if given and not found:
        raise typer.BadParameter("that file holds no key, expected a line NAME+ID+KEY", param_hint="--key")
    return found


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise BaileeError(f"`{path}` cannot be read: {(error.strerror or 'unknown error').lower()}") from None


def verify(home: Path, begins: Kept | None, known: Sequence[Verifier], *, as_json: bool) -> None:
    """Work the workspace's log out again; NotVerified names the first entry that is wrong."""
    from bailee.ledger.values import Head
    from bailee.ledger.verify_note import open_checkpoint

    if known and begins and begins.note:
        open_checkpoint(begins.note, known)
    elif known:
        raise typer.BadParameter("a key checks a TARGET or the checkpoint of --from; name one", param_hint="--key")
    head = begins and Head(begins.size, begins.root)
    with opened(home) as gate, bar("checking entries", quiet=as_json) as progress:
        found = gate.verify(progress=progress, known=head)
    if as_json:
        print_json({"verified": True, "size": found.size, "root": found.root.hex()})
        return
    print_lines([f"verified: {counted(found.size, 'entry', 'entries')}, root {found.root.hex()}"])
    _tell_kept(begins)


def verify_target(target: str, begins: Kept | None, known: Sequence[Verifier], *, as_json: bool) -> None:
    """Work a log out again that was exported, from its files in a folder or on a server."""
    from bailee.ledger.verify_source import Folder, Web
    from bailee.ledger.verify_tree import verify_tree

    with bar("checking entries", quiet=as_json) as progress:
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", target):
            web = Web(target)
            found = verify_tree(web, known, begins, progress, ahead=web.ahead)
        else:
            found = verify_tree(Folder(Path(target)), known, begins, progress)
    if as_json:
        print_json(
            {
                "verified": True,
                "size": found.size,
                "root": found.root.hex(),
                "origin": found.origin,
                "key": found.key.vkey,
                "trust": found.trust,
                "through": list(found.through),
            }
        )
        return
    print_lines([f"verified: {counted(found.size, 'entry', 'entries')}, root {found.root.hex()}"])
    print_lines(_signed(found))
    _tell_kept(begins)


def _signed(found: Verified) -> list[str]:
    key = plain(f"{found.origin}+{found.key.id.hex()}")
    if found.trust == "pinned":
        return [f"signed by {key}, a key that you gave"]
    if found.trust == "followed":
        entries = f"{'entry' if len(found.through) == 1 else 'entries'} {' and '.join(map(str, found.through))}"
        return [f"signed by {key}, to which a key that you gave handed over in {entries}"]
    return [
        f"signed by {key}, a key that was taken from the log itself: it is whole, but whose it is was not checked",
        "get the key from its maker, and give it with --key:",
        f"  {plain(found.key.vkey)}",
    ]


def _tell_kept(begins: Kept | None) -> None:
    if begins is not None:
        print_lines([f"it begins with the {counted(begins.size, 'entry', 'entries')} of the checkpoint that you kept"])


def check(files: Sequence[Path], known: Sequence[Verifier], *, as_json: bool) -> int:
    """Check proof files without a workspace or a network; each is told, and one that fails makes the status 1."""
    from bailee.ledger.verify_proof import LONGEST, verify_proof

    told: list[dict[str, object]] = []
    failed = False
    for file in files:
        try:
            found = verify_proof(_read(file, LONGEST), known)
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


def _document(file: Path, found: Proved) -> dict[str, object]:
    return {
        "file": str(file),
        "verified": True,
        "entry": found.position,
        "origin": found.checkpoint.origin,
        "size": found.checkpoint.size,
        "root": found.checkpoint.root.hex(),
        "key": found.key.vkey,
        "leaf": found.leaf,
        "record": found.record,
        "standing": found.standing._asdict() if found.standing else None,
        "had_run_out": found.had_run_out,
        "in_scope": found.in_scope,
        "set": found.disclosed._asdict() if found.disclosed else None,
        "row": found.row._asdict() if found.row else None,
    }


def _lines(file: Path, found: Proved) -> list[str]:
    origin, size = plain(found.checkpoint.origin), counted(found.checkpoint.size, "entry", "entries")
    lines = [
        f"{plain(str(file))}: entry {found.position} of {origin}, which had {size} when {found.key.id.hex()} signed"
    ]
    lines += ["  leaf, which all may read", *_shown(found.leaf)]
    if found.record is not None:
        lines += ["  record that the leaf committed to", *_shown(found.record)]
    if found.standing is not None:
        holds = plain(", ".join(found.standing.holds)) or "none"
        until = f", until {plain(found.standing.until)}" if found.standing.until else ""
        was = "had been" if found.had_run_out else "was then"
        lines.append(f"  customer number {found.standing.position} {was} in these purposes: {holds}{until}")
        if found.had_run_out:
            lines.append("  that had run out before, so they stood for nothing any more")
    if found.disclosed is not None:
        was = "was" if found.disclosed.included else "was not"
        lines.append(f"  customer number {found.disclosed.position} {was} in the set that it closed")
    if found.row is not None:
        lines += [f"  row {found.row.position} of the file's {counted(found.row.rows, 'row')}: {_chosen(found.row)}"]
        lines += _shown(found.row.record)
    if found.in_scope is not None:
        lines.append(f"  their data could {'' if found.in_scope else 'not '}be used by it")
    elif not found.names_whom:
        lines.append("  it was about some customers only, and the proof does not show whether about them")
    return lines


def _chosen(row: Row) -> str:
    """What a row says, in words."""
    said = {name: plain(str(row.record.get(name))) for name in ("customer", "act", "purpose", "at")}
    return f"customer {said['customer']} chose to {said['act']} {said['purpose']} at {said['at']}"


def _shown(document: object) -> list[str]:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return [f"    {line}" for line in plain_lines(text).splitlines()]
