"""Test 2: did any notice tell customers of this use, this recipient and its business; and how many were shown it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bailee.deals.cohort import cohort, customers, shown, some, told
from bailee.deals.evidence import Evidence
from bailee.deals.finding import Chart, Finding, Outcome, Remedy, Series, Test
from bailee.deals.words import DOES, counted, listed, recipient
from bailee.gate.weighing import Shown
from bailee.policy import taxonomy
from bailee.vocabulary import Principle


def find(evidence: Evidence) -> Finding:
    """What the registered notices say of the deal's use, and to how many customers they were shown."""
    deal, policy = evidence.deal, evidence.policy
    lacks = {each: list(lacking(evidence, each)) for each in evidence.notices}
    whole = [each for each, missing in lacks.items() if not missing]
    own = _own(evidence)
    informed = int(told(evidence).sum()) if whole and own else 0
    members = cohort(evidence)
    silent = int((members & ~told(evidence)).sum()) if whole and own else int(members.sum())
    who = recipient(policy, deal.recipient)
    figures = (
        customers("customers who were told of this use", informed, "everybody whose data is in it"),
        customers("customers whom a notice named the recipient to", _most(_naming(evidence, lacks))),
        customers("customers whom a notice named its business to", _most(e for e in lacks if _business(evidence, e))),
    )
    series = _series(evidence, lacks)
    if not whole or not own:
        nearest = min(lacks, key=lambda each: (len(lacks[each]), -each.told), default=None)
        near = "" if nearest is None else _nearest(nearest, lacks[nearest])
        return Finding(
            Test.NOTICE,
            Outcome.REFUSED,
            f"No notice ever told any of {counted(evidence.known, 'customer')} of this use by {who}.{near}",
            "What nobody was told of, nobody could decide on. A use that surprises the person is not theirs.",
            Principle.TRANSPARENCY,
            figures=figures,
            series=series,
            remedies=tuple(_remedies(evidence, lacks)),
            line=policy.line("purposes", deal.purpose),
        )
    if silent:
        return Finding(
            Test.NOTICE,
            Outcome.CONDITION,
            f"A notice tells of this use, and {some(silent)} whose data is in it were never shown it.",
            "Whoever was not told could not object.",
            Principle.TRANSPARENCY,
            figures=figures,
            series=series,
            remedies=(
                Remedy(f"Give them the notice of `{deal.purpose}` first: `bailee notices given {deal.purpose} FILE`."),
                *(
                    []
                    if deal.cohort.standing
                    else [Remedy("Take only customers who stand for it.", {"cohort.standing": True})]
                ),
            ),
            line=policy.line("purposes", deal.purpose),
        )
    return Finding(
        Test.NOTICE,
        Outcome.PASSED,
        f"A notice names {who}, its business and what it does; {some(informed)} were shown it, "
        "everybody whose data is in it among them.",
        "They knew, and could decide.",
        Principle.TRANSPARENCY,
        figures=figures,
        series=series,
        line=policy.line("purposes", deal.purpose),
    )


def lacking(evidence: Evidence, each: Shown) -> Iterator[str]:
    """What a notice does not say of the deal, as ends of a sentence."""
    deal, policy = evidence.deal, evidence.policy
    to = policy.recipients.get(deal.recipient)
    purpose = policy.purposes[deal.purpose]
    if deal.recipient not in each.terms.recipients:
        yield f"does not name {recipient(policy, deal.recipient)}"
    elif to is not None and each.terms.recipients[deal.recipient].industry != to.industry:
        yield f"names it as another business than {to.industry or 'none'}"
    if to is not None and to.industry and not _business(evidence, each):
        yield f"does not speak of {to.industry.replace('_', ' ')}"
    for effect in sorted(deal.effects - each.terms.effects):
        yield f"does not say that it {DOES[effect]}"
    if not taxonomy.covers(each.terms.use, purpose.use):
        yield "is about another use"
    if each.purpose not in (deal.purpose, *purpose.was):
        yield f"is the notice of `{each.purpose}`"
    elif not each.covers:
        yield "promised less than its purpose asks today"


def _nearest(each: Shown, lacks: list[str]) -> str:
    said = [what for what in lacks if not what.startswith("is the notice of")]
    return f" The nearest notice, of `{each.purpose}`, {listed(said or ['is of another purpose'])}."


def _own(evidence: Evidence) -> bool:
    """Whether the deal lies within its purpose, so that whoever was told of that was told of it."""
    deal, purpose = evidence.deal, evidence.policy.purposes[evidence.deal.purpose]
    return deal.recipient in purpose.recipients and deal.effects <= purpose.effects


def _business(evidence: Evidence, each: Shown) -> bool:
    to = evidence.policy.recipients.get(evidence.deal.recipient)
    named = {known.industry for known in each.terms.recipients.values()}
    return to is not None and to.industry is not None and to.industry in named


def _naming(evidence: Evidence, notices: Iterable[Shown]) -> Iterator[Shown]:
    return (each for each in notices if evidence.deal.recipient in each.terms.recipients)


def _most(notices: Iterator[Shown]) -> int:
    """At least how many customers were shown one of some notices: the most of any."""
    return max((each.told for each in notices), default=0)


def _series(evidence: Evidence, lacks: dict[Shown, list[str]]) -> tuple[Series, ...]:
    third = [each for each in lacks if each.terms.recipients or each.purpose == evidence.deal.purpose]
    if not third:
        return ()
    rows = tuple(
        (
            f"{each.purpose}, since {each.since:%Y-%m-%d}",
            shown(each.told),
            listed(lacks[each]) if lacks[each] else "covers it",
        )
        for each in sorted(third, key=lambda each: (len(lacks[each]), each.purpose))
    )
    title = "Notices that name anybody outside, and what each leaves unsaid of this deal"
    return (Series(title, ("notice", "customers shown it", "what it lacks"), rows, Chart.BARS),)


def _remedies(evidence: Evidence, lacks: dict[Shown, list[str]]) -> Iterator[Remedy]:
    deal, policy = evidence.deal, evidence.policy
    for each in sorted(lacks, key=lambda each: -each.told):
        purpose = policy.purposes.get(each.purpose)
        if each.told and each.covers and deal.recipient in each.terms.recipients and purpose is not None:
            effects = [str(effect) for effect in sorted(each.terms.effects)]
            yield Remedy(
                f"Keep to what {some(each.told)} were told: `{each.purpose}`, to {listed(effects)}.",
                {"purpose": each.purpose, "effects": effects},
            )
    write = f"bailee notices write {deal.purpose} --register"
    yield Remedy(f"Or register the notice of `{deal.purpose}` (`{write}`), show it, and ask everybody anew.")
