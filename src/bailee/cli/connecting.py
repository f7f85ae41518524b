"""`bailee engines`: where the company's data is asked, whether it can be, and the rights that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import DONE, FAILED, print_json, print_lines
from bailee.cli.terminal import counted, plain

if TYPE_CHECKING:
    from bailee.gate.examining import Examined

#: How the engine of `[engine]` is called, which has no name.
MAIN = "main"


def listing(home: Path, *, as_json: bool) -> None:
    """Print every engine that `bailee.toml` names, without connecting to any."""
    with opened(home) as gate:
        found = gate.engines()
    if as_json:
        print_json([{"name": name, "kind": each.kind, "where": each.name} for name, each in found])
        return
    wide = max(len(name or MAIN) for name, _ in found)
    print_lines(plain(f"{name or MAIN:<{wide}}  {each.kind:<8}  {each.name}") for name, each in found)
    print_lines(["whether they can be used: bailee engines test"])


def examine(home: Path, name: str | None, *, every: bool, as_json: bool) -> int:
    """Connect to one engine or to all, and say what is amiss; status 1 if anything is."""
    with opened(home) as gate:
        names = [each for each, _ in gate.engines()] if every else [name]
        found = [gate.examine(each) for each in names]
    if as_json:
        print_json([_document(each) for each in found])
    else:
        print_lines(plain(line) for each in found for line in _lines(each))
    return DONE if all(each.sound for each in found) else FAILED


def grants(home: Path, name: str | None, *, as_json: bool) -> None:
    """Print the SQL that gives an engine's login what it needs and no more."""
    with opened(home) as gate:
        found = gate.grants(name)
    if as_json:
        print_json(list(found))
    else:
        print_lines(plain(f"{each};") for each in found)


def _lines(found: Examined) -> Iterator[str]:
    yield f"{found.name or MAIN}: {found.kind}, {found.where}"
    if found.why is not None:
        yield f"  cannot be used: {found.why}"
        if found.kind == "postgres":
            yield _granting(found)
        return
    yield f"  connected, and its fence holds ({found.seconds:.1f} s)"
    yield f"  {counted(len(found.tables), 'table')} of the data map: {', '.join(found.tables) or 'none'}"
    for problem in found.problems:
        yield f"  {problem}"
    for finding in found.findings:
        word = "missing" if finding.kind == "missing" else "too wide"
        yield f"  {word}: {finding.found}"
        yield f"    {finding.remedy}"
    if any(finding.kind == "missing" for finding in found.findings):
        yield _granting(found)


def _granting(found: Examined) -> str:
    return f"  the SQL that gives what it needs: bailee engines grants{f' {found.name}' if found.name else ''}"


def _document(found: Examined) -> dict[str, object]:
    return {**asdict(found), "problems": list(map(str, found.problems)), "sound": found.sound}
