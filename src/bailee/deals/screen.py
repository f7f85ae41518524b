"""The screen of a deal: gathers the evidence, has each of the ten tests look at it, and records what came of it.

A test that is not there, or cannot measure what it needs, refuses: nothing is acceptable because nobody looked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.deals import records
from bailee.deals.evidence import Evidence
from bailee.deals.finding import Finding, Outcome, Screen, Test, Verdict
from bailee.deals.gathering import Progress, gather
from bailee.deals.model import Deal
from bailee.deals.nearest import find as find_nearest
from bailee.deals.screening import (
    consent,
    identification,
    inference,
    intention,
    law,
    minimisation,
    notice,
    outcomes,
    reaction,
    recipient,
)
from bailee.errors import DeidError
from bailee.vocabulary import Actor, Principle

if TYPE_CHECKING:
    from bailee.gate.gate import Gate

Look = Callable[[Evidence], Finding]

#: What each test asks of the evidence.
TESTS: Mapping[Test, Look] = {
    Test.INTENTION: intention.find,
    Test.NOTICE: notice.find,
    Test.CONSENT: consent.find,
    Test.MINIMISATION: minimisation.find,
    Test.IDENTIFICATION: identification.find,
    Test.INFERENCE: inference.find,
    Test.RECIPIENT: recipient.find,
    Test.OUTCOMES: outcomes.find,
    Test.REACTION: reaction.find,
    Test.LAW: law.find,
}
#: The tests that look at the rows which would be sent, and what each appeals to.
_OF_ROWS = frozenset({Test.MINIMISATION, Test.IDENTIFICATION, Test.INFERENCE, Test.OUTCOMES})
PRINCIPLES: Mapping[Test, Principle] = {
    Test.INTENTION: Principle.INTENTION,
    Test.NOTICE: Principle.TRANSPARENCY,
    Test.CONSENT: Principle.OWNERSHIP,
    Test.MINIMISATION: Principle.MINIMISATION,
    Test.IDENTIFICATION: Principle.PRIVACY,
    Test.INFERENCE: Principle.PRIVACY,
    Test.RECIPIENT: Principle.SECURITY,
    Test.OUTCOMES: Principle.OUTCOMES,
    Test.REACTION: Principle.OWNERSHIP,
    Test.LAW: Principle.ACCOUNTABILITY,
}


def screen(
    gate: Gate,
    deal: Deal,
    *,
    actor: Actor,
    seed: int = 0,
    progress: Progress | None = None,
    beside: Path | None = None,
    nearest: bool = True,
) -> Screen:
    """Screen a deal and record it: with the same seed, data and promise the same comes of it.

    `beside` is the folder of the deal's file; without `nearest` no other version is searched for. Raises Refused where
    the actor may not weigh offers, which is recorded.
    """
    told = progress or (lambda done, total, what: None)
    steps = len(deal.wanted) + 1 + len(Test) + 1

    def step(done: int, total: int, what: str) -> None:
        told(done, steps, f"looking at {what}" if what else "")

    gathered = gather(gate, deal, actor=actor, seed=seed, beside=beside, progress=step)
    begun = len(deal.wanted) + 1
    findings = []
    for at, test in enumerate(Test):
        told(begun + at, steps, test.value)
        findings.append(found(test, gathered.evidence))
    told(steps - 1, steps, "the nearest version that would pass")
    held, when = gate.promise, gate.clock()
    screened = Screen(deal, held.digest, held.map_digest, when, seed, tuple(findings), receipts=gathered.receipts)
    if nearest and screened.verdict is Verdict.REFUSED:  # a condition is met by the recipient, not by less data
        screened = _with_nearest(screened, gathered.evidence)
    entry = records.keep(gate, screened)
    told(steps, steps, "")
    return replace(screened, receipts=(*screened.receipts, entry))


def found(test: Test, evidence: Evidence) -> Finding:
    """What a test finds; REFUSED where it cannot measure."""
    if evidence.lacking and test in _OF_ROWS:
        key, why = next(iter(evidence.lacking.items()))
        return unmeasured(test, f"`{key}` could not be looked at: {why}")
    look = TESTS.get(test)
    if look is None:
        return unmeasured(test, "this version has no such test")
    try:
        return look(evidence)
    except DeidError as error:
        return unmeasured(test, str(error))


def unmeasured(test: Test, why: str) -> Finding:
    """The finding of a test that could not measure."""
    return Finding(
        test,
        Outcome.REFUSED,
        f"Not measured: {why.rstrip('.')}.",
        "What nobody has measured is not taken to be harmless.",
        PRINCIPLES[test],
    )


def _with_nearest(screened: Screen, evidence: Evidence) -> Screen:
    """The screen with the nearest version that would pass, or why there is none."""
    if evidence.lacking:
        return replace(screened, no_version="what is wanted could not be looked at, so no version can be measured")
    return find_nearest(screened, evidence)
