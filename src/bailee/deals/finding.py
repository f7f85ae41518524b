"""What a screen finds: for each of its ten tests a finding, a figure, a reason and a remedy; and a verdict over all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from bailee.deals.model import Deal
from bailee.vocabulary import Principle


class Test(StrEnum):
    """The ten tests, in their order."""

    INTENTION = "intention"
    NOTICE = "notice"
    CONSENT = "consent"
    MINIMISATION = "minimisation"
    IDENTIFICATION = "re-identification"
    INFERENCE = "sensitive inference"
    RECIPIENT = "recipient"
    OUTCOMES = "outcomes"
    REACTION = "reaction"
    LAW = "law"

    @property
    def number(self) -> int:
        """Its place, from 1."""
        return list(Test).index(self) + 1


class Outcome(IntEnum):
    """What a test comes to; the larger is the stricter. What could not be measured is refused."""

    PASSED = 0
    CONDITION = 1
    REFUSED = 2


class Chart(StrEnum):
    """How a series may be drawn; its table stands beneath."""

    BARS = "bars"
    LINE = "line"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a test measured, in a unit (`customers`, `share`, `USD a year`), with an interval if it has one.

    `bar` says in words what it is held against.
    """

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    bar: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A small table of a finding: the first column names, the others are numbers or words. Never a row of a person."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]
    chart: Chart | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would mend a finding: a sentence, and the change of the deal file that does it, by dotted path."""

    sentence: str
    change: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one test found.

    `sentence` says it to counsel in one sentence with its main figure, `reason` why it matters, `assumed` what was
    taken for granted rather than measured.
    """

    test: Test
    outcome: Outcome
    sentence: str
    reason: str
    principle: Principle
    figures: tuple[Figure, ...] = ()
    series: tuple[Series, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    assumed: tuple[str, ...] = ()
    line: int | None = None


class Verdict(StrEnum):
    """The worst of what was found, in a word."""

    ACCEPTABLE = "acceptable"
    CONDITIONS = "acceptable on conditions"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Nearest:
    """The version of the deal that keeps most of what was asked for and passes every test.

    `text` is a whole deal file, `changes` what differs from the deal (dotted path, before, after, why), `kept` the
    weighted share of usefulness from 0 to 1, by question in `by_question`; `tried` counts the versions measured.
    """

    deal: Deal
    text: str
    changes: tuple[tuple[str, str, str, str], ...]
    kept: float
    by_question: Mapping[str, float]
    tried: int


@dataclass(frozen=True, slots=True)
class Screen:
    """What was screened, under which policy and map (digests), when, with what seed, and what came of it.

    `nearest` is None where no test refuses the deal, or `no_version` says why there is none.
    """

    deal: Deal
    policy: str
    map: str
    at: datetime
    seed: int
    findings: tuple[Finding, ...]
    nearest: Nearest | None = None
    no_version: str | None = None
    receipts: tuple[int, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Refused if any test refuses, on conditions if any has one."""
        worst = max((each.outcome for each in self.findings), default=Outcome.REFUSED)
        return (Verdict.ACCEPTABLE, Verdict.CONDITIONS, Verdict.REFUSED)[worst]
