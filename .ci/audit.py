"""Look up known vulnerabilities of everything that `requirements.lock` names, with pip-audit, in under a minute.

    python .ci/audit.py               status 1 where one is known, and 2 where nothing could be audited
    python .ci/audit.py --if-possible the same, but 0 where nothing could be audited, which it then says

pip-audit itself ends well where the registry knows of no package at all, so what it says is counted here: only what it
looked up has been audited. It lives in an environment of its own, `.audit`, and nothing of `.venv` changes.

`.ci/audit-accepted` lists vulnerabilities that are known and do not touch us, a line each: its name, then why.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOOL, PINNED = ROOT / ".audit", "pip-audit==2.10.1"
FOUND, UNKNOWN = 1, 2
#: How long all of it may take, in seconds; most of it goes into installing pip-audit the first time.
PATIENCE = 60.0


class Unable(Exception):
    """Nothing was audited; its text says why."""


@dataclass(frozen=True, slots=True)
class Audit:
    """How many packages were looked up, of which nothing is known, and vulnerabilities, each a name and a line."""

    audited: int
    skipped: Sequence[str]
    found: Sequence[tuple[str, str]]


def main(arguments: Sequence[str]) -> int:
    """Audit and say what came of it."""
    ends = time.monotonic() + PATIENCE
    with_tool = [each.removeprefix("--with=") for each in arguments if each.startswith("--with=")]
    lacking = 0 if "--if-possible" in arguments else UNKNOWN
    accepted = read_accepted(ROOT / ".ci" / "audit-accepted")
    try:
        audit = read(report(with_tool or [*installed(ends)], ends))
    except Unable as why:
        print(f"NOTHING WAS AUDITED: {why}")
        print("known vulnerabilities of dependencies were not looked up; run `make audit` where the network is")
        return lacking
    untouched = [(name, line) for name, line in audit.found if name in accepted]
    for name, line in audit.found:
        print(f"accepted: {line} ({accepted[name]})" if name in accepted else f"VULNERABLE: {line}")
    count = len(audit.found) - len(untouched)
    print(f"audited {audit.audited} packages of requirements.lock: {count} known vulnerabilities")
    if audit.skipped:
        print(f"not audited, since the registry knows nothing of them: {', '.join(audit.skipped)}")
    return FOUND if count else 0


def installed(ends: float) -> Sequence[str]:
    """The command of pip-audit, installed where it is not; Unable where it cannot be."""
    python = TOOL / "bin" / "python"
    mark = TOOL / PINNED
    if not mark.exists():
        made = run([sys.executable, "-m", "venv", "--clear", str(TOOL)], ends)
        told = made if made.returncode else run([str(python), "-m", "pip", "install", "--quiet", PINNED], ends)
        if told.returncode:
            raise Unable(f"{PINNED} could not be installed: {last_line(told.stderr or told.stdout)}")
        mark.touch()
    return [str(python), "-m", "pip_audit"]


def report(tool: Sequence[str], ends: float) -> str:
    """What pip-audit writes of the lock, as JSON; Unable where it writes none."""
    asked = ["--requirement", str(ROOT / "requirements.lock"), "--disable-pip", "--format=json", "--timeout=10"]
    told = run([*tool, *asked, "--progress-spinner=off"], ends)
    if not told.stdout.lstrip().startswith("{"):
        raise Unable(f"pip-audit ended without a report: {last_line(told.stderr)}")
    return told.stdout


def read(text: str) -> Audit:
    """A report of pip-audit's; Unable for what is none, or where nothing in it was looked up."""
    try:
        listed: list[dict[str, Any]] = json.loads(text)["dependencies"]
        skipped = sorted(each["name"] for each in listed if "skip_reason" in each)
        looked = [each for each in listed if "skip_reason" not in each]
        found = [
            (known["id"], f"{each['name']} {each['version']}: {known['id']}, mended in {_versions(known)}")
            for each in looked
            for known in each["vulns"]
        ]
    except (ValueError, KeyError, TypeError):
        raise Unable("pip-audit's report is not what this script knows") from None
    if not looked:
        raise Unable("the registry that answers here has no data about vulnerabilities")
    return Audit(len(looked), skipped, found)


def _versions(known: Mapping[str, Any]) -> str:
    return ", ".join(known["fix_versions"]) or "no version yet"


def read_accepted(file: Path) -> dict[str, str]:
    """The vulnerabilities that do not touch us, with why; SystemExit for a line without."""
    accepted = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        name, _, why = line.partition(" ")
        if name and not name.startswith("#"):
            if not why.strip():
                raise SystemExit(f"{file.name}: `{name}` says no reason; write one after it")
            accepted[name] = why.strip()
    return accepted


def run(command: Sequence[str], ends: float) -> subprocess.CompletedProcess[str]:
    """A command that ends in time; Unable where it does not, or is not there."""
    left = ends - time.monotonic()
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=max(left, 0.1), check=False)
    except subprocess.TimeoutExpired:
        raise Unable(f"it took longer than {PATIENCE:.0f} s") from None
    except OSError as error:
        raise Unable(f"`{command[0]}` could not be run: {error.strerror}") from None


def last_line(text: str) -> str:
    """The last line that a program wrote."""
    return (text.strip().splitlines() or ["it said nothing"])[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
