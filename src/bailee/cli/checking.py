"""`bailee check`: every mistake in a workspace's files, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bailee.cli.running import DONE, FAILED, print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.errors import InputError, WorkspaceError

if TYPE_CHECKING:
    from bailee.policy.lint import Finding

T = TypeVar("T")


def check(home: Path, *, strict: bool, as_json: bool) -> int:
    """Print what was found; the status says whether there were errors (with `strict`, or warnings)."""
    found = list(findings(home))
    errors = sum(each.severity == "error" for each in found)
    warnings = len(found) - errors
    if as_json:
        print_json({"errors": errors, "warnings": warnings, "problems": list(map(_document, found))})
    else:
        print_lines(plain(_line(each)) for each in found)
        print_lines([_summary(errors, warnings)])
    return FAILED if errors or (strict and warnings) else DONE


def findings(home: Path) -> Iterator[Finding]:
    """What is wrong with the policy, the data map and the settings; WorkspaceError where there are none."""
    from bailee.collect.receipts import party
    from bailee.gate.advising import advice
    from bailee.gate.discovery.unmapped import unmapped
    from bailee.gate.fitting import misfits
    from bailee.gate.settings import MAP, POLICY, load_settings
    from bailee.gate.workspace import holds
    from bailee.policy.datamap import load_map
    from bailee.policy.document import load_policy
    from bailee.policy.lint import Finding, Severity, lint

    if not holds(home, POLICY) and not holds(home, MAP):
        raise WorkspaceError(f"there is no workspace in `{home.absolute()}`; make one with `bailee init`")
    wrong: list[Finding] = []

    def reading(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except InputError as error:
            wrong.extend(Finding(Severity.ERROR, problem) for problem in error.problems)
            return None

    policy = reading(lambda: load_policy(home / POLICY))
    datamap = reading(lambda: load_map(home / MAP, policy))
    settings = reading(lambda: load_settings(home))
    yield from wrong
    if policy is not None:
        yield from lint(policy, datamap)
        yield from (Finding(Severity.WARNING, problem) for problem in party.advice(policy, POLICY))
    if settings is not None:
        from bailee.gate.drafts import unpublished

        yield from (Finding(Severity.WARNING, problem) for problem in unpublished(home, settings, policy))
    if datamap is not None and settings is not None:
        yield from (Finding(Severity.ERROR, problem) for problem in misfits(settings, datamap))
        yield from (Finding(Severity.WARNING, problem) for problem in advice(settings, datamap))
        yield from (Finding(Severity.WARNING, problem) for problem in unmapped(settings, datamap))


def _document(finding: Finding) -> dict[str, object]:
    problem = finding.problem
    return {
        "severity": str(finding.severity),
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }


def _line(finding: Finding) -> str:
    problem = finding.problem
    return f"{problem.file}:{problem.line}:{problem.column}: {finding.severity}: {problem.message}"


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "no mistakes found"
    return f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
