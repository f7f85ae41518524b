"""`bailee deal propose`, `approve`, `agree`, `release` and what follows: words for what the room of deals does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import actor, opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.errors import BaileeError
from bailee.gate.as_json import instant, reason_json

if TYPE_CHECKING:
    import pyarrow as pa

    from bailee.deals.agreeing import Standing
    from bailee.deals.fingerprint import Match
    from bailee.deals.recalling import Made, Notice
    from bailee.gate.gate import Gate
    from bailee.people.deals import Deletion, Release

SHORT = 12


def propose(home: Path, file: Path, name: str | None, *, as_json: bool) -> None:
    """Put a file on record as a draft."""
    from bailee.deals import agreeing

    text = _text(file)
    with opened(home) as gate:
        _told(agreeing.propose(gate, text, actor=actor(name, None, None), name=file.name), as_json=as_json)


def listing(home: Path, *, every: bool, as_json: bool) -> None:
    """Every deal with how it stands, after what a killed release left was handed over."""
    from bailee.deals import agreeing, releasing

    with opened(home) as gate:
        lost = releasing.finish(gate)
        found = agreeing.listed(gate)
    if not every:
        found = list({each.version.deal: each for each in found}.values())
    if as_json:
        print_json({"deals": list(map(_document, found)), "never_handed_over": [each.name for each in lost]})
        return
    rows = [f"{each.version.deal}  {each.state}  {_short(each.digest)}  {_recipient(each)}" for each in found]
    print_lines(map(plain, rows or ["no deal is on record yet: `bailee deal propose FILE`"]))
    print_lines(plain(f"{each.name} was recorded, and its files are nowhere: it counts as disclosed") for each in lost)


def show(home: Path, word: str, *, as_json: bool) -> None:
    """One deal with all that became of it."""
    from bailee.deals import agreeing
    from bailee.people import deals

    with opened(home) as gate:
        found = agreeing.find(gate, word)
        with gate.database.read() as connection:
            mine = [each for each in deals.releases(connection) if each.digest == found.digest]
            numbers = {each.number for each in mine}
            gone = [each for each in deals.deletions(connection) if each.release in numbers]
        now = gate.clock()
    if as_json:
        whole = {
            "releases": [_release_json(each) for each in mine],
            "deletions": [_deletion_json(each) for each in gone],
        }
        print_json({**_document(found), **whole})
        return
    lines = [*_lines(found), *(f"release    {each.name}, {instant(each.at)}, to {each.recipient}" for each in mine)]
    lines += [_deletion_line(each, mine, late=each.overdue(now)) for each in gone]
    print_lines(map(plain, lines))


def approve(home: Path, word: str, met: list[str], name: str | None, roles: list[str] | None, *, as_json: bool) -> None:
    """Approve, or say how conditions are met."""
    from bailee.deals import agreeing

    said = [each.partition("=") for each in met]
    wrong = next((test for test, sign, how in said if not sign or not how.strip()), None)
    if wrong is not None:
        raise typer.BadParameter(f"`{wrong}` says no more than a test: write TEST=HOW", param_hint="--met")
    who = actor(name, roles, None)
    with opened(home) as gate:
        found = agreeing.find(gate, word)
        for test, _, how in said:
            found = agreeing.met(gate, found.digest, test, how, actor=who)
        if not said:
            found = agreeing.approve(gate, found.digest, actor=who)
        _told(found, as_json=as_json)


def agree(home: Path, word: str, name: str | None, roles: list[str] | None, *, as_json: bool) -> None:
    """Agree to a version."""
    from bailee.deals import agreeing

    with opened(home) as gate:
        digest = agreeing.find(gate, word).digest
        _told(agreeing.agree(gate, digest, actor=actor(name, roles, None)), as_json=as_json)


def withdraw(home: Path, word: str, why: str, name: str | None, *, as_json: bool) -> None:
    """Take an agreement back."""
    from bailee.deals import agreeing

    with opened(home) as gate:
        digest = agreeing.find(gate, word).digest
        _told(agreeing.withdraw(gate, digest, why, actor=actor(name, None, None)), as_json=as_json)


def release(
    home: Path,
    word: str,
    key: str,
    into: Path,
    form: str,
    canaries: int,
    reserved: str | None,
    engine: str | None,
    name: str | None,
    roles: list[str] | None,
    *,
    as_json: bool,
) -> None:
    """Release what was agreed, and say where it lies."""
    from bailee.deals import agreeing, releasing

    asked = releasing.Asked(_key(key), into.absolute(), form, canaries, _range(reserved), engine)
    with opened(home, start=True) as gate:
        digest = agreeing.find(gate, word).digest
        done = releasing.release(gate, digest, asked, actor=actor(name, roles, None))
    if as_json:
        print_json({**asdict(done), "folder": str(done.folder)})
        return
    lines = [f"{each.name}  {counted(each.rows, 'row')}, {each.size:,} bytes" for each in done.files]
    lines += [
        f"`{each.table}` leaves out {counted(each.left_out, 'group')} in which too few customers changed since a "
        "release before it, or from which a hidden one would follow"
        for each in done.files
        if each.left_out
    ]
    lines.append(f"released {counted(done.customers, 'customer')} to {done.folder}")
    if done.delete_by is not None:
        lines.append(f"to be deleted by {done.delete_by:%Y-%m-%d}")
    print_lines(map(plain, [*lines, f"ledger entry {done.entry}"]))


def verify(home: Path, folder: Path, *, as_json: bool) -> None:
    """Check a release's folder against the ledger's keys."""
    from bailee.deals import manifest
    from bailee.ledger.verify_note import read_vkey

    if not folder.is_dir():
        raise BaileeError(f"there is no folder `{folder}`")
    with opened(home, settled=True) as gate:
        found = manifest.check(folder, [read_vkey(key) for key in gate.ledger.vkeys()])
    if as_json:
        print_json(found)
        return
    print_lines([plain(f"{found['name']} is as ledger entry {found['entry']} recorded it, to {found['recipient']}")])


def trace(home: Path, file: Path, *, as_json: bool) -> None:
    """Say how well a file fits each release."""
    from bailee.deals import fingerprint, tracing

    table = _table(file)
    with opened(home, settled=True) as gate:
        found = fingerprint.trace(table, tracing.known(gate))
    if as_json:
        print_json({"file": str(file), "matches": [{**asdict(each), "accused": each.accused} for each in found]})
        return
    print_lines(map(plain, _matches(found)))


def recall(home: Path, word: str, why: str, name: str | None, *, as_json: bool) -> None:
    """Call a deal's releases back."""
    from bailee.deals import agreeing, recalling

    with opened(home) as gate:
        digest = agreeing.find(gate, word).digest
        made = recalling.recall(gate, digest, why, actor=actor(name, None, None))
    _made(made, as_json=as_json)


def notices(home: Path, write: Path | None, *, send: bool, as_json: bool) -> None:
    """What recipients must delete, sent or written to be handed over."""
    from bailee.deals import recalling
    from bailee.rights import recipients

    if write is not None and not write.is_dir():
        raise BaileeError(f"there is no folder `{write}` for the notices: make it first")
    with opened(home) as gate:
        sent = recipients.beat(gate) if send else None
        if sent is None:
            recalling.look(gate)
        found = recalling.waiting(gate)
        if write is not None:
            _written(gate, write, found)
        now = gate.clock()
    if as_json:
        document = {"waiting": [_deletion_json(each.deletion) for each in found]}
        print_json({**document, **({} if sent is None else {"sent": sent.sent, "failed": sent.failed})})
        return
    lines = [_deletion_line(each.deletion, [each.release], late=each.deletion.overdue(now)) for each in found]
    if sent is not None:
        lines.append(f"{sent.sent:,} sent, {sent.failed:,} not taken")
    print_lines(map(plain, lines or ["no recipient has anything left to delete"]))


def confirm(home: Path, number: int, by: str, name: str | None, *, as_json: bool) -> None:
    """Keep that a recipient has deleted."""
    from bailee.deals import recalling

    with opened(home) as gate:
        found = recalling.confirm(gate, number, by, actor=actor(name, None, None))
    if as_json:
        print_json(_deletion_json(found))
    else:
        print_lines([f"deletion {number} is confirmed"])


# Words ----------------------------------------------------------------------------------------------------------


def _told(found: Standing, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(found))
    else:
        print_lines(map(plain, _lines(found)))


def _lines(found: Standing) -> Iterator[str]:
    yield f"{found.version.deal}  {found.state}"
    yield f"           {found.digest}"
    for step in found.version.steps:
        roles = f" as {', '.join(step.said['roles'])}" if step.said.get("roles") else ""
        declared = ", self-declared" if step.said.get("self_declared") else ""
        yield f"{step.step:<10} {instant(step.at)} by {step.by}{roles}{declared}, ledger entry {step.entry}"
    for reason in found.against:
        yield f"missing    {reason.sentence} ({reason.code})"


def _document(found: Standing) -> dict[str, object]:
    return {
        "deal": found.version.deal,
        "digest": found.digest,
        "state": str(found.state),
        "recipient": None if found.deal is None else found.deal.recipient,
        "purpose": None if found.deal is None else found.deal.purpose,
        "steps": [asdict(step) for step in found.version.steps],
        "missing": list(map(reason_json, found.against)),
    }


def _matches(found: list[Match]) -> Iterator[str]:
    accused = [each for each in found if each.accused]
    for each in accused:
        marks = [f"{each.agreeing:,} of {each.cells:,} marked cells agree"] if each.cells else []
        marks += [counted(each.canaries, "canary", "canaries")] if each.canaries else []
        marks += [counted(each.pseudonyms, "pseudonym")] if each.pseudonyms else []
        yield f"{each.name}, to {each.recipient}: {', '.join(marks)}; by luck once in {1 / max(each.error, 1e-300):.1e}"
    if not accused:
        yield f"the file fits none of {counted(len(found), 'release')}: nobody is accused"
    elif len(accused) > 1:
        yield "several fit: files were mixed, or two releases to one recipient share their pseudonyms"


def _deletion_line(each: Deletion, releases: list[Release], *, late: bool) -> str:
    release = next(found for found in releases if found.number == each.release)
    what = "all of it" if each.customer is None else "a customer"
    state = f"confirmed on {each.confirmed_at:%Y-%m-%d}" if each.confirmed_at else f"due by {each.due_by:%Y-%m-%d}"
    taken = "" if each.taken_at is None or each.confirmed_at else ", notice taken"
    told = f", {each.told}" if each.told and not each.confirmed_at else ""
    overdue = ", overdue" if late else ""
    of = f"{release.recipient}, {release.name}"
    return f"deletion {each.number}  {of}: {what}, {each.why}, {state}{taken}{told}{overdue}"


def _deletion_json(each: Deletion) -> dict[str, object]:
    hidden = ("reference", "customer")
    return {key: value for key, value in asdict(each).items() if key not in hidden} | {"whole": each.customer is None}


def _release_json(each: Release) -> dict[str, object]:
    return {key: value for key, value in asdict(each).items() if key != "private"}


def _made(made: Made, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(made))
        return
    print_lines([f"{counted(made.releases, 'release is', 'releases are')} to be deleted: see `bailee deal notices`"])


def _written(gate: Gate, folder: Path, found: list[Notice]) -> None:
    """Write each notice that nobody has taken as a file, for its owner's eyes, and keep that it was handed over."""
    from datetime import timedelta

    from bailee.cli.saving import whole
    from bailee.deals import recalling

    for each in found:
        with whole(folder / f"{each.deletion.message}.json", force=True) as file:
            file.write(each.body)
        if each.deletion.taken_at is None:
            recalling.tried(gate, each.deletion, None, timedelta())


def _recipient(each: Standing) -> str:
    return "" if each.deal is None else f"{each.deal.purpose} to {each.deal.recipient}"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:SHORT]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BaileeError(f"`{file}` cannot be read: {(error.strerror or 'unknown error').lower()}") from None
    except UnicodeDecodeError:
        raise BaileeError(f"`{file}` is not UTF-8, as a deal's file must be") from None


def _key(word: str) -> str:
    """The recipient's key itself, or what a file says, without its comments."""
    if word.startswith("age1") or not Path(word).is_file():
        return word
    lines = [line.strip() for line in _text(Path(word)).splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")


def _range(word: str | None) -> tuple[int, int] | None:
    if word is None:
        return None
    found = re.fullmatch("([0-9]{1,18})-([0-9]{1,18})", word)
    if found is None or int(found[1]) > int(found[2]):
        raise typer.BadParameter(f"`{word}` is no range: write FIRST-LAST, as 9000000-9000999", param_hint="--reserved")
    return int(found[1]), int(found[2])


def _table(file: Path) -> pa.Table:
    """A file that turned up, as a table; BaileeError for what is neither CSV nor Parquet."""
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet

    try:
        with file.open("rb") as opened_file:
            is_parquet = opened_file.read(4) == b"PAR1"
        return parquet.read_table(file) if is_parquet else csv.read_csv(file)
    except OSError as error:
        raise BaileeError(f"`{file}` cannot be read: {(error.strerror or 'unknown error').lower()}") from None
    except pa.ArrowException:
        raise BaileeError(f"`{file}` is neither CSV with one header nor Parquet") from None
