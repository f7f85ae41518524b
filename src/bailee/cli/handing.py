"""`bailee ledger prove`: what a customer, or anybody, is handed so that they need not take our word for it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.progress import bar
from bailee.cli.running import print_json, print_lines
from bailee.cli.saving import must_be_free, whole
from bailee.cli.terminal import counted, plain, table
from bailee.errors import BaileeError

if TYPE_CHECKING:
    from bailee.gate.proofs import Proven, Prover

SUFFIX = ".tlog-proof"

_KINDS = {
    "points_opened": "checker",
    "points_closed": "checker",
    "customer": "on record",
}
_COLUMNS = ("entry", "when", "what", "said", "purpose", "to", "scope")
_WIDE = 10_000

_README = """\
What the ledger of {origin} holds that concerns the customer `{customer}`
{size}, of which {count}.

{table}

`scope` says whether this customer's data could be used: it was their standing at
that moment, which the ledger fixed in a root over everybody's. A use that was
refused or failed released nothing. A checker gives single verdicts, and each
minute of one counts once. `row N of F` is a choice that came in a file: F is how
the root over the file's rows begins, and N the row's place in it, from 0. Its
proof shows that row and nobody else's.{unshown}

Each file proves one line, without this company and without a network:

  bailee ledger check *{suffix} --key '{key}'

Any verifier of C2SP tlog-proof files can check the signature and the path; what
`extra` holds is described in Bailee's spec/ledger.md. Get the key from somewhere
else too: whoever can change these files can change this line. {about}
"""
_ABOUT = "In every\nproof this customer is number {number}: a proof about another number is not theirs."


def entry(home: Path, position: int, out: Path | None, *, force: bool, as_json: bool) -> None:
    """Write the proof file (C2SP tlog-proof) that an entry is in the log."""
    if out is not None:
        must_be_free(out, force=force)
    with opened(home) as gate:
        found = gate.proof(position)
    if out is not None:
        with whole(out, force=force) as file:
            file.write(found)
    if as_json:
        print_json({"entry": position, "proof": found.decode(), **({"out": str(out)} if out else {})})
    elif out is None:
        print_lines(found.decode().removesuffix("\n").split("\n"))


def customer(home: Path, key: str, position: int | None, out: Path | None, *, as_json: bool) -> None:
    """List all that concerned a customer, or write a proof of each into a folder, whole or not at all."""
    if out is not None:
        _must_be_free(out)
    with opened(home) as gate, gate.proofs(key) as prover:
        with bar("looking through the ledger", quiet=as_json) as progress:
            concerns = prover.concerns(position, progress)
        with bar("proving", quiet=as_json) as progress:
            each = _told((prover.prove(concern) for concern in concerns), len(concerns), progress)
            lines = _handed(prover, each, out) if out is not None else [_document(proven, None) for proven in each]
        index = _index(prover, lines)
    if as_json:
        print_json({**index, **({"folder": str(out)} if out else {})})
        return
    if not lines:
        print_lines([f"nothing in the ledger concerns customer `{plain(key)}` yet"])
        return
    if out is None:
        print_lines([*_table(lines, shutil.get_terminal_size().columns), "", *_unshown(lines), _counts(lines)])
        print_lines([f"proofs to hand over: bailee ledger prove --customer {plain(key)} --out FOLDER"])
    else:
        print_lines([f"written: {counted(len(lines), 'proof')} to {plain(str(out))}; {_counts(lines)}"])
        print_lines(_unshown(lines))
        print_lines(["hand over the whole folder; `README.txt` in it says how each is checked"])


def _told(each: Iterator[Proven], count: int, progress: object) -> Iterator[Proven]:
    for done, proven in enumerate(each, 1):
        yield proven
        if callable(progress):
            progress(done, count)


def _handed(prover: Prover, each: Iterator[Proven], out: Path) -> list[dict[str, object]]:
    """Write the folder of a customer: their proofs, an index and a README."""
    with _folder(out) as beside:
        lines = []
        for proven in each:
            row = "" if proven.row is None else f"-row-{proven.row:08}"
            name = f"entry-{proven.position:08}{row}{SUFFIX}"
            _write(beside / name, proven.proof)
            lines.append(_document(proven, name))
        _write(beside / "index.json", json.dumps(_index(prover, lines), ensure_ascii=False, indent=2).encode() + b"\n")
        _write(beside / "README.txt", _readme(prover, lines).encode())
    return lines


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """A folder to write to, for its owner's eyes, which takes the name `out` only when all was written."""
    beside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield beside
        beside.replace(out)
    except OSError as error:
        raise BaileeError(f"`{out}` could not be written: {(error.strerror or 'unknown error').lower()}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _must_be_free(out: Path) -> None:
    """Say before any work that the folder could not be written; BaileeError."""
    if not out.parent.is_dir():
        raise BaileeError(f"there is no folder `{out.parent}` for `{out.name}`: make it first")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise BaileeError(f"`{out}` exists already and was left as it is: name a new folder, or an empty one")
    if not os.access(out.parent, os.W_OK):
        raise BaileeError(f"the folder `{out.parent}` cannot be written to")


def _document(proven: Proven, file: str | None) -> dict[str, object]:
    return {
        "entry": proven.position,
        "at": proven.at,
        "kind": proven.kind,
        "said": proven.said,
        "purpose": proven.purpose,
        "effect": proven.effect,
        "recipient": proven.recipient,
        "in_scope": proven.in_scope,
        **({"imported": {"file": proven.file, "row": proven.row, "unshown": proven.unshown}} if proven.file else {}),
        **({"unshown": proven.unshown} if proven.unshown and not proven.file else {}),
        **({"file": file} if file else {}),
    }


def _index(prover: Prover, lines: Sequence[dict[str, object]]) -> dict[str, object]:
    head = {"origin": prover.origin, "size": prover.head.size, "root": prover.head.root.hex(), "key": prover.vkey}
    return {"customer": prover.customer, "number": prover.number, "ledger": head, "entries": list(lines)}


def _readme(prover: Prover, lines: Sequence[dict[str, object]]) -> str:
    return _README.format(
        origin=plain(prover.origin),
        customer=plain(prover.customer),
        size=counted(prover.head.size, "entry", "entries"),
        count=_concerning(lines),
        unshown="".join(f"\n{line}." for line in _unshown(lines)),
        table="\n".join(_table(lines, _WIDE)) if lines else "(no entries)",
        suffix=SUFFIX,
        key=prover.vkey,
        about=_ABOUT.format(number=prover.number),
    )


def _table(lines: Sequence[dict[str, object]], columns: int) -> list[str]:
    def shown(line: dict[str, object]) -> list[str]:
        kind, scope = _what(line), {True: "in scope", False: "not in scope"}.get(line["in_scope"] is True, "")
        scope = "" if line["in_scope"] is None else scope
        when = f"{str(line['at'])[:19]}Z"
        said = [str(line[name] or "") for name in ("said", "purpose", "recipient")]
        return [str(line["entry"]), when, kind, *said, scope]

    right, firm = [True, *[False] * 6], [True, True, False, False, False, False, True]
    return table(_COLUMNS, [shown(line) for line in lines], right=right, firm=firm, columns=columns)[0]


def _what(line: dict[str, object]) -> str:
    came, kind = line.get("imported"), str(line["kind"])
    return f"row {came['row']} of {str(came['file'])[:8]}" if isinstance(came, dict) else _KINDS.get(kind, kind)


def _concerning(lines: Sequence[dict[str, object]]) -> str:
    entries = len({line["entry"] for line in lines})
    return counted(entries, "concerns them", "concern them") if entries else "none concerns them yet"


def _unshown(lines: Sequence[dict[str, object]]) -> list[str]:
    """What of rows and entries their proofs do not show, and why: one line for each reason."""
    found: dict[tuple[str, str, str], int] = {}
    for line in lines:
        came = line.get("imported")
        why, one, many = (
            (came["unshown"], "row", "rows") if isinstance(came, dict) else (line.get("unshown"), "entry", "entries")
        )
        if why:
            found[str(why), one, many] = found.get((str(why), one, many), 0) + 1
    return [f"not shown: {counted(count, one, many)} {why}" for (why, one, many), count in found.items()]


def _counts(lines: Sequence[dict[str, object]]) -> str:
    inside = sum(line["in_scope"] is True for line in lines)
    outside = sum(line["in_scope"] is False for line in lines)
    return f"in scope of {counted(inside, 'entry', 'entries')}, not in scope of {outside:,}"
