"""Test 7: is whoever would receive the data as careful with it as we promised to be, and bound to stay so?"""

from __future__ import annotations

from collections.abc import Iterator

from bailee.deals.evidence import Evidence
from bailee.deals.finding import Chart, Figure, Finding, Outcome, Remedy, Series, Test, Verdict
from bailee.deals.model import Deal, Form, Onward
from bailee.deals.questionnaire import ENOUGH, LEAST, Assessed, Gap, Lack, assess
from bailee.deals.words import counted, listed, percent, recipient
from bailee.vocabulary import Principle

#: How many gaps are told one by one.
TOLD = 12


def find(evidence: Evidence) -> Finding:
    """The score of the answers, what lacks or has expired, what the deal binds the recipient to, and earlier deals."""
    deal, policy = evidence.deal, evidence.policy
    found = assess(deal.diligence, deal.form, evidence.today, deal.term.ends)
    terms = list(_terms(deal))
    outcome = _outcome(evidence, found, terms)
    who = recipient(policy, deal.recipient)
    return Finding(
        Test.RECIPIENT,
        outcome,
        _sentence(who, found, terms, outcome),
        "Whoever receives the data can only keep a promise that they have made, and show that they keep.",
        Principle.SECURITY,
        figures=(
            Figure(
                "score of the due diligence",
                found.score,
                "share",
                bar=f"at least {percent(LEAST)}; {percent(ENOUGH)} without conditions",
            ),
            Figure("answers that rule it out", len(found.barred), "answers", bar="none"),
            Figure("gaps", len(found.gaps), "gaps", bar="none"),
            Figure(
                "evidence that has expired",
                sum(gap.lack is Lack.EXPIRED for gap in found.gaps),
                "documents",
                bar="none",
            ),
        ),
        series=tuple(_series(evidence, found)),
        remedies=tuple(_remedies(found, terms)),
        line=policy.line("recipients", deal.recipient),
    )


def _outcome(evidence: Evidence, found: Assessed, terms: list[tuple[Outcome, str, Remedy]]) -> Outcome:
    worst = max((outcome for outcome, _, _ in terms), default=Outcome.PASSED)
    if evidence.deal.recipient not in evidence.policy.recipients or found.barred or found.score < LEAST:
        return Outcome.REFUSED
    gaps = Outcome.CONDITION if found.gaps or found.score < ENOUGH or _refused_before(evidence) else Outcome.PASSED
    return max(worst, gaps)


def _refused_before(evidence: Evidence) -> bool:
    return any(verdict == Verdict.REFUSED for _, verdict, _ in evidence.history)


def _terms(deal: Deal) -> Iterator[tuple[Outcome, str, Remedy]]:
    """What the deal itself binds the recipient to, or does not."""
    totals = deal.form is Form.AGGREGATE
    if deal.onward is Onward.FREELY:
        yield (
            Outcome.CONDITION if totals else Outcome.REFUSED,
            "may hand the data on to anybody",
            Remedy("Forbid handing it on.", {"onward": "never"}),
        )
    if deal.onward is Onward.ASKED:
        yield Outcome.CONDITION, "may hand it on where we agree", Remedy("Forbid handing it on.", {"onward": "never"})
    if deal.deletion is None:
        yield (
            Outcome.CONDITION if totals else Outcome.REFUSED,
            "need never delete it",
            Remedy(
                "Have each release deleted, and that proved.",
                {"deletion": {"after": "90 days", "proof": "a signed statement"}},
            ),
        )
    elif deal.deletion.proof is None and not totals:
        yield (
            Outcome.CONDITION,
            "need not prove that it deleted it",
            Remedy("Ask for proof.", {"deletion.proof": "a signed statement"}),
        )
    if not deal.audit:
        yield Outcome.CONDITION, "need not let us look", Remedy("Keep the right to audit.", {"audit": True})
    if deal.exclusive:
        yield (
            Outcome.CONDITION,
            "alone may have it, which would bind us and serves no customer",
            Remedy("Bind nobody to one buyer.", {"exclusive": False}),
        )
    if not deal.approvers:
        yield (
            Outcome.CONDITION,
            "has nobody here who must agree to it",
            Remedy("Name who must agree: roles of the policy, as `approvers`."),
        )


def _sentence(who: str, found: Assessed, terms: list[tuple[Outcome, str, Remedy]], outcome: Outcome) -> str:
    asked = f"{who} scores {percent(found.score)} of {counted(found.asked, 'question')}"
    bars = [gap for gap in found.gaps if gap.must and gap.lack in (Lack.NO, Lack.UNASKED)]
    parts = []
    if bars:
        names = listed([f"`{gap.question.key}`" for gap in bars[:4]])
        parts.append(f"and {counted(len(bars), 'answer rules', 'answers rule')} it out ({names})")
    free = [what for _, what, _ in terms]
    if outcome is Outcome.PASSED:
        return f"{asked}, with evidence that counts; it may never hand the data on, must delete it and be audited."
    if free:
        parts.append(f"{'; ' if bars else 'and '}under this deal it {listed(free)}")
    if not parts:
        parts.append(f"with {counted(len(found.gaps), 'gap')} to mend first")
    joined = " ".join(parts).replace(" ; ", "; ")
    return f"{asked}, {joined}."


def _series(evidence: Evidence, found: Assessed) -> Iterator[Series]:
    if found.gaps:
        rows = tuple(
            (gap.question.key, gap.answer, gap.lack.value, gap.question.weight, gap.question.why)
            for gap in found.gaps[:TOLD]
        )
        more = len(found.gaps) - TOLD
        note = f"{counted(more, 'lighter gap')} not shown." if more > 0 else None
        yield Series(
            "Gaps, the heaviest first",
            ("question", "answer", "what is wrong", "weight", "why it is asked"),
            rows,
            None,
            note,
        )
    answered = [(question, round(worth, 2)) for question, worth in found.scores.items()]
    yield Series("What each answer counts", ("question", "counts"), tuple(answered), Chart.BARS, "1 counts in full.")
    if found.expiring:
        listed_ = tuple((question.key, day.isoformat()) for question, day in found.expiring)
        yield Series("Evidence that expires during the deal", ("question", "counts until"), listed_)
    if evidence.history:
        yield Series(
            "Earlier deals with them",
            ("deal", "verdict", "screened"),
            tuple((key, verdict, day.isoformat()) for key, verdict, day in evidence.history),
        )


def _remedies(found: Assessed, terms: list[tuple[Outcome, str, Remedy]]) -> Iterator[Remedy]:
    for _, _, remedy in sorted(terms, key=lambda each: -each[0]):
        yield remedy
    for gap in found.gaps[:4]:
        yield Remedy(_mend(gap))


def _mend(gap: Gap) -> str:
    best = listed([f"`{answer}`" for answer, worth in gap.question.answers.items() if worth == 1], "or")
    match gap.lack:
        case Lack.UNASKED:
            return f"Ask `{gap.question.key}`: {gap.question.ask}"
        case Lack.EXPIRED | Lack.UNPROVED | Lack.UNDATED | Lack.TOO_LONG:
            longest = f", which counts for {gap.question.counts_for} at most" if gap.question.counts_for else ""
            return f"Have `{gap.question.key}` proved by a document of today{longest}."
        case _:
            return f"`{gap.question.key}` has to be answered by {best}: {gap.question.why}"
