"""What came of a screen, for a terminal: the verdict first, then each test in a sentence, then what would mend it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bailee.cli.terminal import counted, plain, table
from bailee.deals.as_json import SAID
from bailee.deals.finding import Finding, Outcome, Screen, Series, Verdict
from bailee.deals.numbers import figure_text, number_text
from bailee.deals.words import change_text, listed, percent
from bailee.gate.as_json import instant

if TYPE_CHECKING:
    from pathlib import Path

    from bailee.policy.model import Policy
    from bailee.vocabulary import Actor

_HEAD = 37
#: The longest value of a change that is told without `--explain`.
_SHORT = 80


def lines(screen: Screen, policy: Policy, wide: int, *, explain: bool) -> Iterator[str]:
    """The whole report; with `explain`, every figure and table of each test."""
    yield from _head(screen, policy, wide)
    for finding in screen.findings:
        yield from _line(finding, wide)
        if explain:
            yield from _explained(finding, wide)
    yield ""
    yield from _mending(screen, wide, every=explain)
    yield from _nearest(screen, wide, whole=explain)
    entries = counted(len(screen.receipts), "ledger entry", "ledger entries")
    made = f"policy {policy.version} ({screen.policy[:19]}), seed {screen.seed}, {instant(screen.at)}"
    last = f"; {entries}, the last {screen.receipts[-1]}" if screen.receipts else ""
    yield from _wrapped(made + last, wide)
    if not explain:
        yield "--explain shows every figure, --html FILE writes a page for counsel"


def following(screen: Screen, file: Path, nearest: Path | None, actor: Actor, *, proposed: bool) -> Iterator[str]:
    """What to do next with the deal in a file: the nearest version where it is refused, else to propose it."""
    roles = "".join(f" --role {role}" for role in sorted(actor.roles))
    if screen.verdict is not Verdict.REFUSED:
        if not proposed:
            yield "nobody proposed it yet; to have it agreed, propose it first and screen it then:"
            yield plain(f"  bailee deal propose {file}")
    elif screen.nearest is None:
        yield "a refused deal is never agreed: change it, and screen it again"
    elif nearest is None:
        yield "a refused deal is never agreed; to have the nearest version written as a deal's file:"
        yield plain(
            f"  bailee deal screen {file} --nearest {file.with_name(f'{file.stem}-nearest{file.suffix}')}{roles}"
        )
    else:
        yield "a refused deal is never agreed; look through the nearest version, and screen it by itself:"
        yield plain(f"  bailee deal screen {nearest}{roles}")


def _head(screen: Screen, policy: Policy, wide: int) -> Iterator[str]:
    deal, to = screen.deal, policy.recipients.get(screen.deal.recipient)
    whom = deal.recipient if to is None else ", ".join(filter(None, (to.title, to.industry, to.place)))
    yield from _wrapped(deal.title, wide)
    yield from _wrapped(f"{deal.key}: {deal.form.name.lower()}, to {whom}, for `{deal.purpose}`", wide)
    yield ""
    counts = {outcome: sum(each.outcome is outcome for each in screen.findings) for outcome in Outcome}
    of, refuse, condition = f"of {len(screen.findings)} tests", counts[Outcome.REFUSED], counts[Outcome.CONDITION]
    told = {
        Verdict.REFUSED: f"{refuse} {of} {'refuses' if refuse == 1 else 'refuse'} it",
        Verdict.CONDITIONS: f"{condition} {of} {'has' if condition == 1 else 'have'} a condition",
        Verdict.ACCEPTABLE: f"all {len(screen.findings)} tests pass",
    }[screen.verdict]
    yield f"{screen.verdict.value.upper()}: {told}"
    yield ""


def _line(finding: Finding, wide: int) -> Iterator[str]:
    head = f"{finding.test.number:>2}  {finding.test.value:<20} {SAID[finding.outcome]:<12}"
    first, *rest = textwrap.wrap(plain(finding.sentence), max(wide - _HEAD - 1, 24)) or [""]
    yield f"{head:<{_HEAD}} {first}"
    yield from (f"{'':<{_HEAD}} {line}" for line in rest)


def _explained(finding: Finding, wide: int) -> Iterator[str]:
    yield ""
    yield from _wrapped(f"{finding.reason} ({finding.principle.value})", wide, "    ")
    for figure in finding.figures:
        bar = f"  (held against: {figure.bar})" if figure.bar else ""
        yield from _wrapped(f"{figure.name}: {figure_text(figure)}{bar}", wide, "    ")
    for series in finding.series:
        yield from _table(series, wide)
    for remedy in finding.remedies:
        change = "".join(f"  {path}: {change_text(value)}" for path, value in remedy.change.items())
        yield from _wrapped(f"-> {remedy.sentence}{change}", wide, "    ")
    for assumed in finding.assumed:
        yield from _wrapped(f"taken for granted: {assumed}", wide, "    ")
    yield ""


def _table(series: Series, wide: int) -> Iterator[str]:
    yield ""
    yield from _wrapped(series.title, wide, "    ")
    rows = [[number_text(value) for value in row] for row in series.rows]
    right = [
        any(isinstance(row[at], int | float) for row in series.rows) and at > 0 for at in range(len(series.columns))
    ]
    made, lost = table(series.columns, rows, right=right, firm=right, columns=wide - 6)
    if not lost and not any("…" in line for line in made):
        yield from (f"      {line}" for line in made)
    else:  # a sentence that is cut says nothing
        for first, *rest in rows:
            named = (f"{name}: {value}" for name, value in zip(series.columns[1:], rest, strict=True))
            yield from _wrapped(" · ".join([first, *named]), wide, "      ", "        ")
    if series.note:
        yield from _wrapped(series.note, wide, "      ")


def _mending(screen: Screen, wide: int, *, every: bool) -> Iterator[str]:
    if every:
        return
    tests: dict[str, list[int]] = {}
    words: dict[str, str] = {}
    for finding in screen.findings:
        for remedy in finding.remedies[:1] if finding.outcome is not Outcome.PASSED else ():
            change = "".join(f" [{path}: {change_text(value)}]" for path, value in remedy.change.items())
            same = change or remedy.sentence  # several tests may be mended by one change
            words.setdefault(same, remedy.sentence + change)
            tests.setdefault(same, []).append(finding.test.number)
    if not words:
        return
    yield "what would mend it"
    for same, text in words.items():
        which = f"test{'' if len(tests[same]) == 1 else 's'} {listed(map(str, tests[same]))}"
        yield from _wrapped(f"{which}: {text}", wide, "  ", "    ")
    yield ""


def _nearest(screen: Screen, wide: int, *, whole: bool) -> Iterator[str]:
    if screen.nearest is None:
        if screen.no_version is not None:
            yield from _wrapped(f"no version that would pass: {screen.no_version}", wide)
            yield ""
        return
    found = screen.nearest
    yield from _wrapped(f"the nearest version that would pass keeps {percent(found.kept)} of what was asked for:", wide)
    for path, before, after, why in found.changes:
        said = f"{before} -> {after}" if whole else after if len(after) <= _SHORT else f"{after[:_SHORT]}..."
        yield from _wrapped(f"{path}: {said}  ({why})", wide, "    ", "      ")
    yield ""


def _wrapped(text: str, wide: int, indent: str = "", rest: str | None = None) -> Iterator[str]:
    further = indent if rest is None else rest
    yield from textwrap.wrap(plain(text), wide, initial_indent=indent, subsequent_indent=further)
