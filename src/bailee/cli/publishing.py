"""`bailee policy`: versions of the promise, what each changes for whom, and from when it is in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import actor, opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.errors import Refused
from bailee.gate.as_json import instant

if TYPE_CHECKING:
    from bailee.gate.effects import PurposeStep
    from bailee.gate.gate import Gate
    from bailee.gate.publishing import Comparison, Published, Versions
    from bailee.policy.terms import Change

POLICY = "policy.yaml"


def compare(home: Path, file: Path | None, language: str, *, as_json: bool) -> None:
    """Print what a file would change for whom; nothing is recorded."""
    with opened(home, settled=True) as gate:
        path = file or home / POLICY
        found = gate.compare_policy(path)
        told = _told(gate, found, path, language)
    if as_json:
        print_json(_document(found, told))
    else:
        print_lines(map(plain, [*_lines(found, told), *_next(found, path)]))


def publish(home: Path, file: Path | None, *, as_json: bool) -> None:
    """Put a file in force now, or say from when it could be and what to run; then the status is that of a refusal."""
    with opened(home, settled=True) as gate:
        path = file or home / POLICY
        found = gate.compare_policy(path)
        told = _told(gate, found, path, "en")
        try:
            done = gate.publish_policy(path, by=whoever())
        except Refused:
            if not as_json:
                print_lines(map(plain, _lines(found, told)))
            raise
    _published(done, told, as_json=as_json)


def schedule(home: Path, file: Path, on: str, *, as_json: bool) -> None:
    """Have a file come into force on a day, or say from when it could be."""
    at = parsed(on)
    with opened(home, settled=True) as gate:
        found = gate.compare_policy(file)
        told = _told(gate, found, file, "en")
        try:
            done = gate.schedule_policy(file, at, by=whoever())
        except Refused:
            if not as_json:
                print_lines(map(plain, _lines(found, told)))
            raise
    _published(done, told, as_json=as_json)


def withdraw(home: Path, *, as_json: bool) -> None:
    """Take back the version that is scheduled."""
    with opened(home, settled=True) as gate:
        known, position = gate.withdraw_policy(by=whoever())
    if as_json:
        print_json({"withdrawn": asdict(known), "receipt": position})
    else:
        print_lines([plain(f"version {known.version} is withdrawn and does not come into force"), entry(position)])


def status(home: Path, *, as_json: bool) -> None:
    """Print which version is in force, which comes next, and whether the file says something else."""
    with opened(home, settled=True) as gate:
        found = gate.policy_versions()
        steps = gate.compare_policy().purposes if found.scheduled is not None else ()
    waiting = [(each.key, len(each.asked)) for each in steps if each.asked]
    if as_json:
        print_json({**asdict(found), "differs": found.differs, "asked_again": dict(waiting)})
    else:
        print_lines(map(plain, _status(found, waiting)))


def whoever() -> str:
    """Who is logged in on this machine, for the private record."""
    return actor(None, None, None).name


def parsed(on: str) -> datetime:
    """The instant of a day (its midnight, UTC) or of a time with a zone."""
    try:
        at = datetime.fromisoformat(on)
    except ValueError:
        raise typer.BadParameter(f"`{on}` is neither a day, as 2027-01-31, nor a time with a zone") from None
    if at.tzinfo is None and at.time() != time():
        raise typer.BadParameter(f"`{on}` names no zone; write it as {on}Z, if it is UTC")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def entry(position: int) -> str:
    """Where something is recorded."""
    return f"ledger entry {position}"


def _told(gate: Gate, found: Comparison, path: Path, language: str) -> Mapping[str, list[str]]:
    """What customers are told of each purpose that they are asked about again."""
    from bailee.gate.effects import Step

    steps = [each.key for each in found.purposes if each.step in (Step.WIDER, Step.COVERED)]
    return {
        key: [change.sentence for change in gate.policy_changes(key, file=path, language=language)] for key in steps
    }


def _lines(found: Comparison, told: Mapping[str, list[str]]) -> Iterator[str]:
    yield f"version {found.new_version}, compared with {found.old_version}, which is in force"
    if not found.purposes and not found.effects.others:
        yield "the two promise the same"
        return
    if found.purposes:
        head = ("purpose", "change", "asked again", "come in", "stay unasked")
        rows = [
            (each.key, str(each.step), f"{len(each.asked):,}", f"{len(each.joined):,}", f"{each.kept:,}")
            for each in found.purposes
        ]
        yield from _columns([head, *rows])
    for each in found.purposes:
        yield each.key
        yield from (_change(change) for change in each.changes)
        yield from (f'  customers read "{sentence}"' for sentence in told.get(each.key, []))
        yield from _who(each)
    if found.effects.others:
        yield "every purpose"
        yield from (_change(change) for change in found.effects.others)


def _columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first = [row[0].ljust(widths[0]), row[1].ljust(widths[1])]
        yield "  ".join(
            [*first, *(cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True))]
        ).rstrip()


def _who(each: PurposeStep) -> Iterator[str]:
    """Who must be asked or told, in words; nothing where nobody."""
    from bailee.policy.diff import Again

    if each.asked:
        verb = "told of it in a notice again" if each.again is Again.TELL else "asked again"
        yield f"  => {counted(len(each.asked), 'customer')} must be {verb} before their data may be used for it"
    if each.joined:
        yield f"  => {counted(len(each.joined), 'customer')} would be in it without having been"
    if each.kept:
        yield f"  => {counted(each.kept, 'customer')} stay in it under wider terms, and must be told before"


def _change(change: Change) -> str:
    return f"  {change.kind:<8} {change.part}: {change.old} -> {change.new}"


def _next(found: Comparison, path: Path) -> Iterator[str]:
    if found.earliest is None:
        yield f"nothing widens for anybody: `bailee policy publish {path}` puts it in force at once"
    else:
        day = "1 day's" if found.notice_days == 1 else f"{found.notice_days} days'"
        yield f"it widens what was promised, so customers get {day} notice: it can be in force on {found.first_day}"
        yield f"`bailee policy schedule {path} --on {found.first_day}`"


def _published(done: Published, told: Mapping[str, list[str]], *, as_json: bool) -> None:
    made = [receipt for _, receipt in done.notices if receipt.position is not None]
    if as_json:
        notices = [
            {"purpose": each.purpose, "language": each.language, "notice": receipt.digest, "receipt": receipt.position}
            for each, receipt in done.notices
        ]
        known = {"since": done.since, "receipt": done.position, "notices": notices}
        print_json({**_document(done.comparison, told), **known})
        return
    lines = list(_lines(done.comparison, told))
    lines.append(f"version {done.comparison.new_version} is in force from {instant(done.since)}")
    lines.append(f"{counted(len(made), 'notice')} written and registered; see `bailee notices`")
    print_lines(map(plain, [*lines, entry(done.position)]))


def _status(found: Versions, waiting: list[tuple[str, int]]) -> Iterator[str]:
    if not found.published:
        yield f"in force   {found.version}, as policy.yaml says: no version was published yet"
    else:
        since = "" if found.since is None else f", since {instant(found.since)}"
        yield f"in force   {found.version}{since}"
    yield f"           {found.policy}"
    if found.scheduled is not None:
        yield f"scheduled  {found.scheduled.version}, in force from {instant(found.scheduled.since)}"
        yield f"           {found.scheduled.policy}"
        for key, many in waiting:
            yield f"           {key}: {counted(many, 'customer')} to be asked again by then"
    for each in found.history:
        if each.withdrawn is not None:
            yield f"withdrawn  {each.version}, on {instant(each.withdrawn)}"
    if found.differs:
        yield f"due        {draft(found)}"


def draft(found: Versions) -> str:
    """That the file is not what is in force, and what to run."""
    if found.file is None:
        return "policy.yaml cannot be read as a policy, and is not in force: see `bailee check`"
    if not found.published:
        return (
            "policy.yaml has changed, and no version was published yet: whatever uses the workspace next puts it in "
            "force; `bailee policy compare` says what it changes"
        )
    return (
        f"policy.yaml is not what is in force (version {found.version}): `bailee policy compare` says what it would "
        "change, `bailee policy publish` or `bailee policy schedule` puts it in force"
    )


def _document(found: Comparison, told: Mapping[str, list[str]]) -> dict[str, object]:
    purposes = [
        {
            "purpose": each.key,
            "before": each.before,
            "change": str(each.step),
            "again": str(each.again),
            "asked_again": len(each.asked),
            "come_in": len(each.joined),
            "stay_unasked": each.kept,
            "material": each.material,
            "changes": list(map(_part, each.changes)),
            "customers_read": told.get(each.key, []),
        }
        for each in found.purposes
    ]
    return {
        "old": {"version": found.old_version, "policy": found.old},
        "new": {"version": found.new_version, "policy": found.new},
        "purposes": purposes,
        "others": list(map(_part, found.effects.others)),
        "material": found.material,
        "asked_again": found.effects.asked,
        "notice_days": found.notice_days,
        "earliest": found.earliest,
    }


def _part(change: Change) -> dict[str, str]:
    return {"part": change.part, "kind": str(change.kind), "old": change.old, "new": change.new}
