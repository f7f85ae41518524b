"""Versions of a deal that might pass: what each may be changed to, from what loses nothing to what loses most.

Moves that take nothing from the recipient's answers are made in all of them: the purpose's own words, who stands and is
of age, no handing on, deletion, audit, a term that consents outlast, and no column that no question needs. What is left
to choose is purpose, form, and how large groups or classes are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from bailee.deals import bars
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.model import Cohort, Deal, Deletion, Form, Onward, Term, Treated, Wanted
from bailee.deals.narrowing import columns, narrowed
from bailee.deals.screening.intention import ruling
from bailee.policy import budget
from bailee.policy.model import Purpose
from bailee.policy.units import Duration
from bailee.vocabulary import Basis, Effect

#: Sizes of groups and classes that are tried, if the purpose allows them; the last is what it asks for at least.
_GROUPS = (bars.GROUP, 50, 100)
_CLASSES = (11, 20)
_ADULT = 18
_DELETED = Duration(days=90)

#: By question the columns of each wanted table that it cannot go without.
Needs = Mapping[str, Mapping[str, Collection[str]]]


def bases(evidence: Evidence) -> Iterator[tuple[str, frozenset[Effect]]]:
    """Purposes that list the recipient, each with the deal's effects as far as they are allowed, else the mildest."""
    deal, policy = evidence.deal, evidence.policy
    known = [key for key in evidence.standing if deal.recipient in policy.purposes[key].recipients]
    for key in dict.fromkeys([deal.purpose, *known]):
        if key not in policy.purposes:
            continue
        allowed = frozenset(e for e in policy.purposes[key].effects if ruling(policy, key, e, deal.recipient).permitted)
        if allowed:
            yield key, deal.effects & allowed or frozenset({min(allowed)})


def versions(
    evidence: Evidence, needs: Needs, askable: Callable[[Deal], Collection[str]], identifiers: tuple[str, ...]
) -> Iterator[Deal]:
    """Every version, in no order. `askable` tells which questions the promise lets a version ask."""
    for key, effects in bases(evidence):
        base = _mended(evidence, key, effects)
        for form in Form:
            if form < evidence.deal.form:
                continue
            for treated in _treatments(evidence.deal, evidence.policy.purposes[key], form, identifiers):
                version = replace(base, form=form, treated=treated)
                asked = set(askable(version))
                if asked:
                    yield asking(version, asked, needs, evidence)


def asking(version: Deal, asked: Collection[str], needs: Needs, evidence: Evidence) -> Deal:
    """The version with only some questions, and only the tables and columns that these need."""
    wanted: dict[str, Wanted] = {}
    for key, each in version.wanted.items():
        needed = {name for question in asked for name in needs[question].get(key, ())}
        if any(key in needs[question] for question in asked):
            there = [name for name in evidence.sent[key].column_names if name != CUSTOMER]
            wanted[key] = narrowed(each, needed, there)
    questions = {key: each for key, each in version.asked.items() if key in asked}
    return replace(version, wanted=wanted, asked=questions)


def promised(evidence: Evidence, version: Deal) -> Evidence:
    """The evidence on a version with only the columns that it wants, for the tests that look at what is promised."""
    found = evidence.version(version)
    told = {}
    for key, wanted in version.wanted.items():
        names = columns(wanted, [name for name in evidence.sent[key].column_names if name != CUSTOMER])
        told[key] = {name: said for name, said in evidence.columns[key].items() if name in names}
    return replace(found, columns=told)


def _mended(evidence: Evidence, key: str, effects: frozenset[Effect]) -> Deal:
    """The deal under a purpose, with all that costs its questions nothing."""
    deal, purpose = evidence.deal, evidence.policy.purposes[key]
    moved = key != deal.purpose or effects != deal.effects
    harsh = effects & {Effect.PRICE, Effect.ADVERSE}
    return replace(
        deal,
        key=f"{deal.key[:55]}-nearest",
        title=purpose.title if moved else deal.title,
        purpose=key,
        effects=effects,
        intention=purpose.why if moved else deal.intention,
        customer_gains=purpose.customer_gains if moved else deal.customer_gains,
        cohort=_cohort(deal, purpose),
        term=_term(evidence, purpose),
        deletion=_deletion(deal, purpose),
        exclusive=False,
        onward=Onward.NEVER,
        audit=True,
        claims=deal.claims if harsh else (),
        lines={},
    )


def _cohort(deal: Deal, purpose: Purpose) -> Cohort:
    least = max(_ADULT, deal.cohort.min_age or 0, purpose.who.min_age or 0)
    return replace(deal.cohort, min_age=least, standing=True)


def _term(evidence: Evidence, purpose: Purpose) -> Term:
    """As long as today's consents and no longer, unless that is over before it begins."""
    term = evidence.deal.term
    if purpose.basis is not Basis.CONSENT or purpose.consent_lasts is None:
        return term
    last: date = purpose.consent_lasts.plus(datetime.combine(evidence.today, time(), UTC)).date() - timedelta(days=1)
    return replace(term, ends=min(term.ends, last)) if last >= term.begins else term


def _deletion(deal: Deal, purpose: Purpose) -> Deletion:
    longest = purpose.keep.duration
    stated = deal.deletion.after if deal.deletion else _DELETED
    after = stated if longest.at_least(stated) else longest
    proof = (deal.deletion.proof if deal.deletion else None) or "a signed statement"
    return Deletion(after, proof)


def _treatments(deal: Deal, purpose: Purpose, form: Form, identifiers: tuple[str, ...]) -> Iterator[Treated]:
    if form is Form.AGGREGATE:
        least = max(purpose.release.min_group or 0, deal.treated.min_group or 0, round(1 / bars.FOUND))
        for size in sorted({max(least, each) for each in (least, *_GROUPS)}):
            yield Treated(min_group=size, epsilon=_spends(deal, purpose))
    elif form is Form.DEIDENTIFIED:
        for k in sorted({max(deal.treated.k or 0, each) for each in _CLASSES}):
            if identifiers:
                yield replace(deal.treated, k=k, identifiers=identifiers, min_group=None, epsilon=None)
    else:
        yield Treated()


def _spends(deal: Deal, purpose: Purpose) -> Decimal | None:
    """What each question spends: all that one of the purpose may, or what the deal says if that is less.

    More noise than either keeps no more of the answers, so it is not tried. Where there is no budget there is no noise.
    """
    if purpose.release.epsilon is None:
        return None
    most = budget.each(purpose.release)
    return most if deal.treated.epsilon is None else min(most, deal.treated.epsilon)


def priced(version: Deal, kept: float) -> Deal:
    """The version at as much of the price as it keeps of the answers, in full hundreds where there are some."""
    if version.price is None:
        return version
    amount = version.price.amount * Decimal(str(round(kept, 4)))
    step = Decimal(100) if amount >= 1000 else Decimal("0.01")
    return replace(version, price=replace(version.price, amount=(amount / step).to_integral_value() * step))
