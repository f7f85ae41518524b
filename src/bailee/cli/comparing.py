"""`bailee diff`: how two versions of a policy differ, and whom the company must ask again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import counted, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bailee.policy.diff import Difference, PurposeChange
    from bailee.policy.terms import Change


def diff(old: Path, new: Path, home: Path, *, as_json: bool) -> None:
    """Print every change; in a workspace also how many customers stand in each purpose that changes."""
    from bailee.policy import diff as policies
    from bailee.policy.document import load_policy

    found = policies.diff(load_policy(old), load_policy(new))
    standing = _standing(home)
    if as_json:
        print_json(_document(found, standing))
    else:
        print_lines(map(plain, _lines(found, standing)))


def _standing(home: Path) -> Mapping[str, int]:
    """How many customers stand in each purpose of the workspace, if this is one."""
    if not (home / "state.db").exists():
        return {}
    from bailee.cli.opening import opened

    with opened(home) as gate:
        return gate.status().standing


def _lines(found: Difference, standing: Mapping[str, int]) -> Iterator[str]:
    for each in found.purposes:
        yield _title(each)
        yield from (_change(change) for change in each.changes)
        yield from _again(each, standing)
    if found.others:
        yield "every purpose"
        yield from (_change(change) for change in found.others)
    if not found.purposes and not found.others:
        yield "the two policies promise the same"


def _title(each: PurposeChange) -> str:
    if each.key is None:
        return f"{each.before} (gone)"
    if each.before is None:
        return f"{each.key} (new)"
    return each.key if each.key == each.before else f"{each.key} (was {each.before})"


def _change(change: Change) -> str:
    return f"  {change.kind:<8} {change.part}: {change.old} -> {change.new}"


def _again(each: PurposeChange, standing: Mapping[str, int]) -> Iterator[str]:
    who = _who(each, standing)
    if who is not None:
        yield f"  => {who}"


def _who(each: PurposeChange, standing: Mapping[str, int]) -> str | None:
    """Who must be asked again, in words; None where nobody."""
    from bailee.policy.diff import Again

    if each.again is Again.NOBODY:
        return None
    verb = "asked" if each.again is Again.ASK else "told of it in a notice"
    if each.before is None:
        return f"everybody who is to be in it must be {verb} first"
    many = standing.get(each.before)
    now = "" if many is None else f"; {counted(many, 'customer')} in it now"
    agreed = "consented" if each.again is Again.ASK else "had a notice"
    return f"everybody who {agreed} must be {verb} again{now}"


def _document(found: Difference, standing: Mapping[str, int]) -> dict[str, object]:
    purposes = [
        {
            "purpose": each.key,
            "before": each.before,
            "changes": list(map(_part, each.changes)),
            "again": str(each.again),
            "who": _who(each, standing),
            "standing": standing.get(each.before or ""),
        }
        for each in found.purposes
    ]
    return {"purposes": purposes, "others": list(map(_part, found.others))}


def _part(change: Change) -> dict[str, str]:
    return {"part": change.part, "kind": str(change.kind), "old": change.old, "new": change.new}
