"""The tests of intention, notice, consent, recipient and law, each on the shop's own customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bailee.deals.evidence import Evidence
from bailee.deals.finding import Finding, Outcome
from bailee.deals.model import Answered, Cohort, Deletion, Form, Onward, Term, Treated
from bailee.deals.questions import QUESTIONS
from bailee.deals.screening import consent, intention, law, notice, recipient
from bailee.policy.model import Recipient
from bailee.policy.units import Duration
from bailee.vocabulary import Effect
from tests.deals.screens import shop

LEARN = frozenset({Effect.LEARN})
WITHIN = Term(date(2026, 12, 1), date(2027, 10, 1))
GROUPS: dict[str, Any] = {
    "purpose": "research",
    "effects": LEARN,
    "form": Form.AGGREGATE,
    "treated": Treated(min_group=10),
    "cohort": Cohort(min_age=18),
    "term": WITHIN,
    "approvers": ("counsel",),
    "audit": True,
    "deletion": Deletion(Duration.parse("90 days"), "a statement"),
}


def version(offered: Evidence, **changes: Any) -> Evidence:
    return offered.version(shop.deal(**changes))


def changes(finding: Finding) -> dict[str, Any]:
    return {key: value for remedy in finding.remedies for key, value in remedy.change.items()}


def figures(finding: Finding) -> dict[str, float]:
    return {each.name: each.value for each in finding.figures}


# Intention ------------------------------------------------------------------------------------------------------------


def test_a_standard_refuses_and_is_named(offered: Evidence) -> None:
    """The finding names the standard, its words and its line, and what of this recipient would be allowed."""
    found = intention.find(offered)
    line = offered.policy.line("standards", "no_premiums")
    assert (Outcome.REFUSED, line) == (found.outcome, found.line)
    assert "`no_premiums`" in found.sentence
    assert "Nobody agreed to groceries deciding their premium" in found.sentence
    allowed = [{"purpose": "research", "effects": ["learn"]}, {"purpose": "premiums", "effects": ["learn"]}]
    assert allowed == [dict(remedy.change) for remedy in found.remedies]


def test_an_effect_that_is_allowed_is_kept(offered: Evidence) -> None:
    """Where one of two effects is allowed, the remedy is that one."""
    found = intention.find(version(offered, effects=frozenset({Effect.PRICE, Effect.LEARN})))
    assert {"effects": ["learn"]} == changes(found)


def test_what_the_purpose_does_not_read_is_refused(offered: Evidence) -> None:
    """Research reads purchases only as totals, so rows of them are refused, column by column."""
    found = intention.find(version(offered, **{**GROUPS, "form": Form.PSEUDONYMOUS}))
    assert Outcome.REFUSED is found.outcome
    (table,) = found.series
    assert {"product_id", "total"} == {row[1] for row in table.rows}
    assert "aggregate" == changes(found)["form"]


def test_totals_within_the_promise_pass(offered: Evidence) -> None:
    """The same as totals of ten or more passes, and of fewer does not."""
    assert Outcome.PASSED is intention.find(version(offered, **GROUPS)).outcome
    small = intention.find(version(offered, **{**GROUPS, "treated": Treated(min_group=9)}))
    assert (Outcome.REFUSED, {"treated.min_group": 10}) == (small.outcome, changes(small))


# Notice ---------------------------------------------------------------------------------------------------------------


def test_nobody_was_told_of_premiums(offered: Evidence) -> None:
    """No notice covers the use; the nearest is named with what it leaves unsaid."""
    found = notice.find(offered)
    assert (Outcome.REFUSED, 0) == (found.outcome, figures(found)["customers who were told of this use"])
    assert "changes what the customer pays" in found.sentence
    assert 35 == figures(found)["customers whom a notice named the recipient to"]


def test_who_stands_for_research_was_told(offered: Evidence) -> None:
    """Thirty-five were shown it; whoever stands is among them, and takes part in it knowing."""
    found = notice.find(version(offered, **GROUPS))
    assert (Outcome.PASSED, 35) == (found.outcome, figures(found)["customers who were told of this use"])


def test_whoever_was_not_told_is_a_condition(offered: Evidence) -> None:
    """Sixty are wanted, and twenty-five of them were never shown the notice."""
    found = notice.find(version(offered, **{**GROUPS, "cohort": Cohort(standing=False)}))
    assert Outcome.CONDITION is found.outcome
    assert "25 customers" in found.sentence


def test_another_industry_is_another_use(offered: Evidence) -> None:
    """A recipient who was named as another business was not named as this one."""
    to = replace(offered.policy.recipients["insurer"], industry="banking")
    moved = replace(version(offered, **GROUPS), policy=replace(offered.policy, recipients={"insurer": to}))
    found = notice.find(moved)
    assert Outcome.REFUSED is found.outcome
    assert "banking" in found.sentence


# Consent --------------------------------------------------------------------------------------------------------------


def test_nobody_stands_for_premiums(offered: Evidence) -> None:
    """Nothing may be sent, and the purpose for which thirty stand is named."""
    found = consent.find(offered)
    assert Outcome.REFUSED is found.outcome
    assert "Nobody stands" in found.sentence
    assert "research" == changes(found)["purpose"]


def test_who_says_yes_differs_and_is_told(offered: Evidence) -> None:
    """Those who agreed spend ten times as much, which is a condition with its size and chance."""
    found = consent.find(version(offered, **GROUPS))
    assert Outcome.CONDITION is found.outcome
    assert "total of total" in found.sentence
    rows = {row[0]: row for row in found.series[-1].rows}
    size, chance = rows["total of total"][1:3]
    assert isinstance(size, float)
    assert isinstance(chance, float)
    assert (True, True) == (size > 1, chance <= 0.01)


def test_no_group_of_few_is_shown(offered: Evidence) -> None:
    """No figure of any table is about one to nine customers."""
    for each in (offered, version(offered, **GROUPS)):
        for series in consent.find(each).series[:-1]:
            counts = [
                row[at]
                for row in series.rows
                for at, name in enumerate(series.columns)
                if "customers" in name or "who stand" == name
            ]
            assert all(count is None or count == 0 or count >= 10 for count in counts), series


def test_those_who_do_not_stand_are_not_sent(offered: Evidence) -> None:
    """A deal that wants everybody wants thirty who did not agree."""
    found = consent.find(version(offered, **{**GROUPS, "cohort": Cohort(standing=False)}))
    assert (Outcome.REFUSED, True) == (found.outcome, changes(found)["cohort.standing"])
    assert "30 customers of the 60" in found.sentence


# Recipient ------------------------------------------------------------------------------------------------------------


def answers(**changed: str) -> tuple[Answered, ...]:
    """The best answers, proved until the deal's end, but for some."""
    return tuple(
        Answered(
            each.key,
            changed.get(each.key, max(each.answers, key=each.answers.__getitem__)),
            "a.pdf" if each.counts_for else None,
            date(2027, 11, 1) if each.counts_for else None,
        )
        for each in QUESTIONS
    )


def test_a_careful_recipient_who_is_bound_passes(offered: Evidence) -> None:
    """Every answer in full, never onward, deletion proved, audit, approvers."""
    found = recipient.find(version(offered, **GROUPS, diligence=answers()))
    assert (Outcome.PASSED, 1.0) == (found.outcome, figures(found)["score of the due diligence"])


@pytest.mark.parametrize(
    ("part", "change", "outcome"),
    [
        ({"onward": Onward.FREELY}, {"onward": "never"}, Outcome.REFUSED),
        ({"onward": Onward.ASKED}, {"onward": "never"}, Outcome.CONDITION),
        ({"audit": False}, {"audit": True}, Outcome.CONDITION),
        ({"exclusive": True}, {"exclusive": False}, Outcome.CONDITION),
    ],
)
def test_what_the_deal_leaves_open_is_mended_by_a_change(
    offered: Evidence, part: dict[str, Any], change: dict[str, Any], outcome: Outcome
) -> None:
    """Each open term weighs, and the change of the file that closes it is given."""
    deal = {**GROUPS, "form": Form.PSEUDONYMOUS, "diligence": answers(), **part}
    found = recipient.find(version(offered, **deal))
    assert (outcome, change) == (found.outcome, changes(found))


def test_rows_without_deletion_are_refused(offered: Evidence) -> None:
    """Rows that need never be deleted are refused, totals are a condition."""
    deal = {**GROUPS, "deletion": None, "diligence": answers()}
    assert Outcome.CONDITION is recipient.find(version(offered, **deal)).outcome
    assert Outcome.REFUSED is recipient.find(version(offered, **{**deal, "form": Form.IDENTIFIED})).outcome


def test_a_refusal_before_is_remembered(offered: Evidence) -> None:
    """A recipient whose last deal was refused is looked at twice."""
    good = version(offered, **GROUPS, diligence=answers())
    again = replace(good, history=(("harbour-old", "refused", date(2026, 1, 5)),))
    found = recipient.find(again)
    assert Outcome.CONDITION is found.outcome
    assert ("harbour-old", "refused", "2026-01-05") in found.series[-1].rows


# Law ------------------------------------------------------------------------------------------------------------------


def told(finding: Finding) -> str:
    return "\n".join(str(row[0]) for series in finding.series for row in series.rows)


def test_a_deal_that_keeps_to_it_passes(offered: Evidence) -> None:
    """Adults who stand, within their consent, as totals in the country."""
    assert Outcome.PASSED is law.find(version(offered, **GROUPS)).outcome


def test_children_and_unknown_ages_are_out(offered: Evidence) -> None:
    """Five children and five of unknown age are told of as few, and the change leaves them out."""
    found = law.find(version(offered, effects=LEARN, cohort=Cohort(standing=False)))
    assert Outcome.REFUSED is found.outcome
    assert "fewer than 10 customers under 18" in told(found)
    assert "the age of fewer than 10 customers in it is not known" in told(found)
    assert 18 == changes(found)["cohort.min_age"]
    adults = law.find(version(offered, effects=LEARN, cohort=Cohort(min_age=18, standing=False)))
    assert "under 18" not in told(adults)
    assert "not known" not in told(adults)


def test_the_purpose_s_own_ages_hold_for_those_who_do_not_stand(offered: Evidence) -> None:
    """Research takes nobody under 18, whoever else is wanted."""
    found = law.find(version(offered, **{**GROUPS, "cohort": Cohort(standing=False)}))
    assert "too young for it where they live" in told(found)


def test_longer_than_was_promised_is_refused(offered: Evidence) -> None:
    """Twelve months were promised; for ever and 13 months are longer, and 360 days are not."""
    assert "for ever" in told(law.find(offered))
    deal: dict[str, Any] = {**GROUPS, "form": Form.PSEUDONYMOUS}
    long = law.find(version(offered, **{**deal, "deletion": Deletion(Duration.parse("13 months"))}))
    assert "may keep it 13 months" in told(long)
    assert "1 year" == changes(long)["deletion.after"]
    short = law.find(version(offered, **{**deal, "deletion": Deletion(Duration.parse("360 days"))}))
    assert "may keep it" not in told(short)


def test_rows_of_germans_do_not_go_to_america_without_a_safeguard(offered: Evidence) -> None:
    """Customers 41 to 60 live in Germany; a safeguard, or leaving them out, mends it, and totals name nobody."""
    wide: dict[str, Any] = {"effects": LEARN, "cohort": Cohort(standing=False)}
    found = law.find(version(offered, **wide))
    assert "customers in it are in Germany too, without a safeguard" in told(found)
    assert ["US"] == changes(found)["cohort.places"]
    assert "safeguard" not in told(
        law.find(version(offered, effects=LEARN, cohort=Cohort(places=("US",), standing=False)))
    )
    safe = Recipient("insurer", "Harbour Mutual", industry="insurance", place="US-MA", safeguard="Clauses of 2021")
    guarded = replace(version(offered, **wide), policy=replace(offered.policy, recipients={"insurer": safe}))
    assert "safeguard" not in told(law.find(guarded))
    assert "safeguard" not in told(law.find(version(offered, **{**GROUPS, "cohort": Cohort(standing=False)})))


def test_a_term_that_outlasts_consent_is_a_condition(offered: Evidence) -> None:
    """Consent lasts a year, so a deal beyond 22 November 2027 has to ask again."""
    day = date(2027, 11, 22)
    assert Outcome.PASSED is law.find(version(offered, **{**GROUPS, "term": Term(WITHIN.begins, day)})).outcome
    found = law.find(version(offered, **{**GROUPS, "term": Term(WITHIN.begins, date(2027, 11, 23))}))
    assert (Outcome.CONDITION, {"term.until": "2027-11-22"}) == (found.outcome, changes(found))


def test_rows_that_tell_of_health_need_explicit_consent(offered: Evidence) -> None:
    """Of a purpose that may not be used, what is wanted counts; one that does not read it hides the rows."""
    assert "health and medical" in told(law.find(offered))
    assert "health" not in told(law.find(version(offered, effects=LEARN)))


def test_a_deal_that_is_over_is_refused(offered: Evidence) -> None:
    """Its last day was yesterday."""
    found = law.find(version(offered, **{**GROUPS, "term": Term(date(2026, 1, 1), date(2026, 11, 21))}))
    assert Outcome.REFUSED is found.outcome


def test_deidentified_rows_need_the_undertaking(offered: Evidence) -> None:
    """Without it they are not de-identified in law."""
    deal = {**GROUPS, "form": Form.DEIDENTIFIED, "treated": Treated(k=5, suppress=Decimal("0.1"))}
    assert "undertakes by contract" in told(law.find(version(offered, **deal)))
    assert "undertakes" not in told(law.find(version(offered, **deal, diligence=answers())))
