"""A deal that is written and read again is the same deal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bailee.deals.document import load_deal, parse_deal
from bailee.deals.model import Deal, Onward, Price, Reaction
from bailee.deals.writing import written
from bailee.examples import grocer
from bailee.policy.document import load_policy
from bailee.policy.units import Duration
from tests.deals.shops import POLICY, deal

AGGREGATE = ("form: identified", "form: aggregate")
FULL = """treated: {min_group: 20}
cohort: {min_age: 18, places: [US-MA], standing: true}
deletion: {after: 90 days, proof: "a signed statement: by them"}
exclusive: true
onward: if_we_agree
audit: true
price: {amount: 400000.50, currency: USD, per: 1 year}
jurisdiction: US-MA
claims: {tea: {sentence: "Tea, they say: # it helps", licence: "2027-1"}}
reaction: {uncomfortable: [0.1, 0.25], margin: [60, 140]}
due_diligence:
  access: {answer: "yes", evidence: review.pdf, expires: 2027-05-31}
  audit: {answer: "no"}
"""
CASES: list[Deal] = [
    deal(),
    deal(AGGREGATE, ("", FULL)),
    deal(("form: identified", "form: deidentified"), ("", "treated: {k: 11, identifiers: [age, town], suppress: 0.1}")),
    deal(
        (
            "columns: [card, at, aisle, spent], customer: card",
            "columns: [card, at], customer: card, coarse: {at: month}",
        )
    ),
    replace(deal(), title='He said "yes"\nand: no\t#1', intention="null", customer_gains="2027-01-01"),
    replace(deal(), onward=Onward.FREELY, price=Price(Decimal(3), "EUR", Duration(months=3))),
    replace(deal(), reaction=Reaction(hear_of_it=(Decimal("0.1"), Decimal("0.6")))),
]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_it_is_read_back_as_it_was(case: Deal) -> None:
    """M21: every key, quotes, line ends and words that YAML takes for something else included."""
    assert case == parse_deal(written(case), POLICY)


def test_the_grocers_offer_is_read_back_as_it_was() -> None:
    """The example's own file, with remarks at any path."""
    policy = load_policy(grocer.FOLDER / "policy.yaml")
    offer = load_deal(Path(grocer.FOLDER) / "deals" / "harbour-premiums.yaml", policy)
    remarks = {"purpose": "why: this\nand more", "wanted.purchases.question": "needed", "treated.min_group": "so many"}
    text = written(offer, remarks, ["A head."])
    assert offer == parse_deal(text, policy)
    assert "# why: this and more\npurpose: premium_setting" in text
    assert "  # needed\n  purchases:" in text
    assert text.startswith("# A head.\n")
