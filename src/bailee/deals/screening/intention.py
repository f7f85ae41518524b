"""Test 1: does the promise allow this use at all, by its effects, its recipient, and what it reads?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bailee import decide
from bailee.deals import spending
from bailee.deals.cohort import FEWEST
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Figure, Finding, Outcome, Remedy, Series, Test
from bailee.deals.model import Deal, Form, Wanted
from bailee.deals.words import counted, listed, recipient
from bailee.decide import Ruling
from bailee.policy.budget import written
from bailee.policy.canonical import policy_digest
from bailee.policy.model import Policy
from bailee.vocabulary import Actor, Effect, Principle, Reason, Treatment, Use

#: What each form needs a column to be; an aggregate one may also be grouped.
_ALLOWED = {
    Form.IDENTIFIED: {Treatment.CLEAR},
    Form.PSEUDONYMOUS: {Treatment.CLEAR, Treatment.PSEUDONYM},
    Form.DEIDENTIFIED: {Treatment.CLEAR, Treatment.PSEUDONYM, Treatment.COARSE},
    Form.AGGREGATE: {Treatment.CLEAR, Treatment.PSEUDONYM, Treatment.COARSE, Treatment.AGGREGATE},
}


def find(evidence: Evidence) -> Finding:
    """What the policy says to the deal's purpose, effects and recipient, whoever asked for it."""
    deal, policy = evidence.deal, evidence.policy
    rulings = {effect: ruling(policy, deal.purpose, effect, deal.recipient) for effect in sorted(deal.effects)}
    reasons = _distinct(reason for each in rulings.values() if not each.permitted for reason in each.reasons)
    if reasons:
        return _refused(evidence, rulings, reasons)
    unread = list(_unread(evidence, next(iter(rulings.values()))))
    small = _group(evidence)
    if unread or small:
        return _too_much(evidence, unread, small)
    noise = spending.against(deal, policy)
    if noise is not None:
        return _noise(evidence, noise)
    why = policy.purposes[deal.purpose].why
    return Finding(
        Test.INTENTION,
        Outcome.PASSED,
        f"The promise allows it: `{deal.purpose}` may do this for {recipient(policy, deal.recipient)}, and reads all "
        "that is wanted.",
        f"What customers were promised of it: {why}",
        Principle.INTENTION,
        figures=(Figure("standards that forbid it", 0, "standards", bar="none"),),
        line=policy.line("purposes", deal.purpose),
    )


def ruling(policy: Policy, purpose: str, effect: Effect, to: str) -> Ruling:
    """The ruling on a use by somebody who has every role and lesson that the purpose asks for."""
    known = policy.purposes[purpose]
    lessons = known.training.union(*(each.training for each in policy.roles.values()))
    actor = Actor("whoever releases it", known.roles, lessons)
    return decide.compile(policy, policy_digest(policy)).rule(Use(purpose, actor, effect, to))


def _distinct(reasons: Iterator[Reason]) -> list[Reason]:
    return list({reason.sentence: reason for reason in reasons}.values())


def _refused(evidence: Evidence, rulings: dict[Effect, Ruling], reasons: list[Reason]) -> Finding:
    deal, policy = evidence.deal, evidence.policy
    standards = [reason for reason in reasons if reason.code == "standard"]
    first = (standards or reasons)[0]
    more = len(reasons) - 1
    others = f"; {counted(more, 'other line forbids', 'other lines forbid')} it too" if more else ""
    return Finding(
        Test.INTENTION,
        Outcome.REFUSED,
        f"{_capital(first.sentence).rstrip('.')} (line {first.line} of the policy){others}.",
        f"A standard holds whoever asks and whatever is paid. What is meant to be done: {deal.intention}",
        first.principle,
        figures=(
            Figure("standards that forbid it", len(standards), "standards", bar="none"),
            Figure(
                "effects that are allowed",
                sum(each.permitted for each in rulings.values()),
                "effects",
                bar=f"all {len(rulings)}",
            ),
        ),
        series=(
            Series(
                "What forbids it",
                ("because", "appeals to", "policy line"),
                tuple((reason.sentence, reason.principle.value, reason.line) for reason in reasons),
            ),
        ),
        remedies=tuple(_remedies(deal, policy, rulings)),
        line=first.line,
    )


def _remedies(deal: Deal, policy: Policy, rulings: dict[Effect, Ruling]) -> Iterator[Remedy]:
    allowed = [effect for effect, each in rulings.items() if each.permitted]
    if allowed:
        yield Remedy(f"Keep to what is allowed: {listed(allowed)}.", {"effects": [str(each) for each in allowed]})
        return
    for key, purpose in policy.purposes.items():
        if deal.recipient not in purpose.recipients:
            continue
        effects = [each for each in sorted(purpose.effects) if ruling(policy, key, each, deal.recipient).permitted]
        if effects:
            yield Remedy(
                f"Make it a deal for `{key}` ({purpose.title}), which customers were told of: {listed(effects)} only.",
                {"purpose": key, "effects": [str(each) for each in effects]},
            )


def _unread(evidence: Evidence, ruled: Ruling) -> Iterator[tuple[str, str, str, Reason | None]]:
    """Columns wanted that the purpose may not send in the deal's form: table, column, how it may appear, and why."""
    deal = evidence.deal
    for key, columns in evidence.columns.items():
        for name in used(deal, key, tuple(columns)):
            said = [decide.category(ruled, category) for category in columns[name] if category.startswith("user")]
            worst = max(said, key=lambda each: each.treatment, default=None)
            if worst is None or worst.treatment in _ALLOWED[deal.form]:
                continue
            if worst.treatment is Treatment.COARSE and name in deal.wanted[key].coarse:
                continue
            yield key, name, worst.treatment.name.lower(), worst.reason


def used(deal: Deal, key: str, names: tuple[str, ...]) -> list[str]:
    """The columns of a wanted table that would leave: of totals, only those that its questions are about."""
    names = tuple(name for name in names if name != CUSTOMER)
    if deal.form is not Form.AGGREGATE:
        return list(names)
    text = " ".join(each.question for each in deal.asked.values()).lower()
    return [
        name for name in names if re.search(rf"\b{re.escape(name.lower())}\b", text) and name != _key(deal.wanted[key])
    ]


def _key(wanted: Wanted) -> str | None:
    return wanted.customer


def _group(evidence: Evidence) -> int | None:
    """The smallest group that the purpose may show, where the deal's are smaller."""
    deal = evidence.deal
    if deal.form is not Form.AGGREGATE:
        return None
    least = evidence.policy.purposes[deal.purpose].release.min_group or FEWEST
    return least if (deal.treated.min_group or 0) < least else None


def _too_much(evidence: Evidence, unread: list[tuple[str, str, str, Reason | None]], small: int | None) -> Finding:
    deal, policy = evidence.deal, evidence.policy
    line = next((reason.line for *_, reason in unread if reason is not None), policy.line("purposes", deal.purpose))
    remedies = []
    for key, wanted in deal.wanted.items():
        out = {name for table, name, _, _ in unread if table == key}
        if out and wanted.columns:
            kept = [name for name in wanted.columns if name not in out]
            remedies.append(Remedy(f"Leave {listed(sorted(out))} out of `{key}`.", {f"wanted.{key}.columns": kept}))
        elif out:
            remedies.append(Remedy(f"Leave {listed(sorted(out))} out of what `{key}` selects."))
    if any(how == "aggregate" for _, _, how, _ in unread):
        remedies.append(Remedy("Send totals about groups, not rows.", {"form": "aggregate"}))
    if small is not None:
        remedies.append(Remedy(f"Show no group of fewer than {small} customers.", {"treated.min_group": small}))
    if unread:
        names = [name for _, name, _, _ in unread[:6]] + (["others"] if len(unread) > 6 else [])
        sentence = (
            f"`{deal.purpose}` may not send {counted(len(unread), 'column')} of what is wanted as "
            f"{_form(deal.form)}: {listed(names)}."
        )
    else:
        sentence = (
            f"`{deal.purpose}` may show no group of fewer than {small} customers, and the deal shows groups of "
            f"{deal.treated.min_group}."
        )
    return Finding(
        Test.INTENTION,
        Outcome.REFUSED,
        sentence,
        "A use is what it reads. Customers were promised that it reads this and no more.",
        Principle.INTENTION,
        figures=(Figure("columns that the purpose may not send so", len(unread), "columns", bar="none"),),
        series=(
            Series(
                "Wanted and not promised",
                ("table", "column", "may appear", "because"),
                tuple((key, name, how, reason.sentence if reason else None) for key, name, how, reason in unread),
            ),
        )
        if unread
        else (),
        remedies=tuple(remedies),
        line=line,
    )


def _noise(evidence: Evidence, why: str) -> Finding:
    """That the deal states an `epsilon` that its purpose cannot keep."""
    deal, policy = evidence.deal, evidence.policy
    most = spending.most(deal, policy)
    told = "Leave it to the policy." if most is None else f"Spend {written(most)} for each question, or less."
    return Finding(
        Test.INTENTION,
        Outcome.REFUSED,
        f"{_capital(why)}.",
        "Noise that is promised and not added protects nobody, and a budget is spent only so fast as was promised.",
        Principle.INTENTION,
        remedies=(Remedy(told, {"treated.epsilon": None if most is None else float(most)}),),
        line=policy.line("purposes", deal.purpose, "release"),
    )


def _form(form: Form) -> str:
    return {
        Form.IDENTIFIED: "rows by customer",
        Form.PSEUDONYMOUS: "rows by pseudonym",
        Form.DEIDENTIFIED: "rows that name nobody",
        Form.AGGREGATE: "totals",
    }[form]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
