"""The look-up of known vulnerabilities: one that is known fails, and nothing that was not looked up is called audited.

Reports are those that pip-audit 2.10.1 wrote, of a vulnerable package and of a registry without such data.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_docs import ROOT

CLEAN = {"name": "typer", "version": "0.28.0", "vulns": []}
KNOWN = {
    "name": "jinja2",
    "version": "2.4.1",
    "vulns": [
        {
            "id": "PYSEC-2019-217",
            "fix_versions": ["2.10.1"],
            "aliases": ["CVE-2019-10906"],
            "description": "In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.",
        }
    ],
}
SKIPPED = {
    "name": "zstandard",
    "skip_reason": "Dependency not found on PyPI and could not be audited: zstandard (0.25.0)",
}


def audited(tmp_path: Path, report: object, *options: str, accepted: str | None = None) -> tuple[int, str]:
    """The script's status and words where pip-audit writes this report, in a project with a lock."""
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci" / "audit.py"
    script.write_bytes((ROOT / ".ci" / "audit.py").read_bytes())
    if accepted is not None:
        (tmp_path / ".ci" / "audit-accepted").write_text(accepted)
    tool = tmp_path / "pip-audit"
    text = report if isinstance(report, str) else json.dumps({"dependencies": report, "fixes": []})
    (tmp_path / "report").write_text(text)
    tool.write_text(f"#!/bin/sh\ncat {tmp_path / 'report'}\necho 'the network is unreachable' >&2\nexit 1\n")
    tool.chmod(0o755)
    command = [sys.executable, str(script), f"--with={tool}", *options]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return told.returncode, told.stdout + told.stderr


def test_what_is_known_fails(tmp_path: Path) -> None:
    """CI fails on a known vulnerability, and says of what, which, and from when on it is mended."""
    status, said = audited(tmp_path, [CLEAN, KNOWN], "--if-possible")
    assert (1, True) == (status, "VULNERABLE: jinja2 2.4.1: PYSEC-2019-217, mended in 2.10.1" in said)


def test_what_was_looked_up_is_counted(tmp_path: Path) -> None:
    """Nothing known is status 0; what the registry knows nothing of is named, and not counted."""
    status, said = audited(tmp_path, [CLEAN, SKIPPED])
    assert (0, True, True) == (
        status,
        "audited 1 packages of requirements.lock: 0 known vulnerabilities" in said,
        "not audited, since the registry knows nothing of them: zstandard" in said,
    )


@pytest.mark.parametrize(
    ("report", "why"),
    [
        ([SKIPPED], "the registry that answers here has no data about vulnerabilities"),
        ("", "pip-audit ended without a report: the network is unreachable"),
        ('{"packages": []}', "pip-audit's report is not what this script knows"),
        ("{", "pip-audit's report is not what this script knows"),
    ],
)
@pytest.mark.parametrize(("options", "status"), [(("--if-possible",), 0), ((), 2)])
def test_nothing_audited_is_said(
    tmp_path: Path, report: object, why: str, options: tuple[str, ...], status: int
) -> None:
    """Where nothing was looked up it says so and why: CI goes on, and `make audit` fails."""
    found, said = audited(tmp_path, report, *options)
    assert (status, True, False) == (found, f"NOTHING WAS AUDITED: {why}" in said, "audited 0" in said)


@pytest.mark.parametrize(
    ("accepted", "status", "word"),
    [
        ("# known\nPYSEC-2019-217 nobody writes templates here\n", 0, "(nobody writes templates here)"),
        ("PYSEC-2019-217\n", 1, "says no reason"),
        ("PYSEC-2020-1 another\n", 1, "VULNERABLE: jinja2"),
    ],
)
def test_what_does_not_touch_us_is_accepted_with_a_reason(
    tmp_path: Path, accepted: str, status: int, word: str
) -> None:
    """A vulnerability that is listed with why does not fail, and is still told; without a reason it does."""
    found, said = audited(tmp_path, [KNOWN], accepted=accepted)
    assert (status, True) == (found, word in said)


def test_a_tool_that_is_not_there(tmp_path: Path) -> None:
    """What cannot be run has audited nothing."""
    command = [sys.executable, str(ROOT / ".ci" / "audit.py"), f"--with={tmp_path / 'none'}", "--if-possible"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (0, True) == (told.returncode, "could not be run: No such file or directory" in told.stdout)
