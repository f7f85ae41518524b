"""The language of deals: every way to be wrong is a file in `wrong` with the whole message beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from bailee.deals.advice import advice
from bailee.deals.document import load_deal, parse_deal
from bailee.deals.model import Form, Onward
from bailee.deals.records import digest
from bailee.deals.schema import FILE, schema
from bailee.errors import DealError
from bailee.examples import grocer
from bailee.policy.datamap import parse_map
from bailee.policy.document import load_policy, parse_policy
from bailee.vocabulary import Effect

FOLDER = Path(__file__).parent / "wrong"
FILES = sorted(FOLDER.glob("*.yaml"))
OFFER = grocer.FOLDER / "deals" / "harbour-premiums.yaml"
PURPOSE = """
    title: T
    why: W
    customer_gains: C
    company_gains: G
    effects: [learn]
    keep: 1 year
"""
POLICY = parse_policy(
    f"""
bailee: 1
company: Marigold Grocers
version: 1
purposes:
  research:{PURPOSE}    use: third_party_sharing
    basis: consent
    recipients: [harbour_mutual]
    reads: {{user.behavior.purchase_history: clear}}
  weigh_offers:{PURPOSE}    use: essential.legal_obligation
    basis: legal_obligation
    law: GDPR article 35
    reads: {{user.unique_id: clear, user.behavior.purchase_history: clear}}
  answer_requests:{PURPOSE}    use: essential.legal_obligation
    basis: legal_obligation
    law: GDPR article 15
    own_request: true
    reads: {{user: clear}}
recipients: {{harbour_mutual: {{title: Harbour Mutual, industry: insurance, place: US-MA}}}}
roles: {{counsel: {{title: Counsel}}}}
"""
)
DATAMAP = parse_map(
    """
dataset:
  - fides_key: shop
    collections:
      - name: orders
        fides_meta: {bailee: {subject: customer_id, at: placed_at}}
        fields:
          - {name: order_id, data_categories: [user.behavior.purchase_history]}
          - {name: customer_id, data_categories: [user.unique_id]}
          - {name: placed_at, data_categories: [user.behavior.purchase_history]}
          - {name: total, data_categories: [user.behavior.purchase_history]}
      - name: lines
        fides_meta: {bailee: {via: orders.order_id, at: via}}
        fields:
          - {name: order_id, data_categories: [user.behavior.purchase_history]}
          - {name: title, data_categories: [user.behavior.purchase_history]}
      - name: gifts
        fides_meta: {bailee: {subject: [giver, taker], at: none}}
        fields:
          - {name: giver, data_categories: [user.unique_id]}
          - {name: taker, data_categories: [user.unique_id]}
          - {name: worth, data_categories: [user.behavior.purchase_history]}
""",
    "datamap.yaml",
    POLICY,
)


def told(path: Path) -> str:
    """What is said of a wrong file."""
    with pytest.raises(DealError) as caught:
        load_deal(path, POLICY, DATAMAP)
    return str(caught.value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_deal_is_refused_with_its_message(path: Path) -> None:
    """The message names file, line, column, what was found and what was expected."""
    assert path.with_suffix(".txt").read_text("utf-8") == f"{told(path)}\n"


def test_every_message_is_of_a_wrong_file() -> None:
    """None stands alone."""
    assert {path.with_suffix(".txt") for path in FILES} == set(FOLDER.glob("*.txt"))


def test_the_grocer_s_offer_says_what_it_says() -> None:
    """Every part of the shipped file becomes a value, with the line that it stands on."""
    policy = load_policy(grocer.FOLDER / "policy.yaml")
    deal = load_deal(OFFER, policy)
    assert ("harbour-premiums", "premium_setting", "harbour_mutual") == (deal.key, deal.purpose, deal.recipient)
    assert (Form.IDENTIFIED, {Effect.PRICE, Effect.ADVERSE}) == (deal.form, deal.effects)
    assert (date(2027, 1, 1), date(2031, 12, 31)) == (deal.term.begins, deal.term.ends)
    assert (Onward.FREELY, True, False, False) == (deal.onward, deal.exclusive, deal.audit, deal.cohort.standing)
    assert deal.price is not None
    assert (Decimal(400_000), "USD", "1 year") == (deal.price.amount, deal.price.currency, str(deal.price.per))
    assert Decimal(3) == deal.asked["departments_by_age"].weight
    text = OFFER.read_text("utf-8").splitlines()
    for path in (("purpose",), ("wanted", "households"), ("due_diligence", "officer"), ("claims", "sweets")):
        assert text[(deal.line(*path) or 0) - 1].strip().startswith(f"{path[-1]}:")


def test_a_line_of_nothing_is_that_of_what_holds_it() -> None:
    """A path that the file lacks has the line of its nearest ancestor, or none."""
    deal = load_deal(OFFER, load_policy(grocer.FOLDER / "policy.yaml"))
    assert deal.line("due_diligence", "withdrawals") == deal.line("due_diligence")
    assert deal.line("deletion", "after") is None


def test_the_shipped_schema_is_up_to_date_and_takes_the_offer() -> None:
    """`python -m bailee.deals.schema` would change nothing; editors take the offer and mark what no deal has."""
    assert schema() == FILE.read_text("utf-8")
    known = json.loads(schema())
    offer = json.loads(json.dumps(YAML(typ="safe", pure=True).load(OFFER), default=str))
    jsonschema.validate(offer, known)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**offer, "onwards": "never"}, known)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**offer, "form": "secret"}, known)


def test_equal_deals_have_equal_digests_and_others_do_not() -> None:
    """1 and 1.0 are one number; a different word is a different deal."""
    deal = load_deal(OFFER, load_policy(grocer.FOLDER / "policy.yaml"))
    asked = deal.asked["departments_by_age"]
    same = replace(deal, asked={**deal.asked, asked.key: replace(asked, weight=Decimal("3.0"))}, lines={})
    assert digest(deal) == digest(same)
    for other in (replace(deal, exclusive=False), replace(deal, title="x"), replace(deal, onward=Onward.ASKED)):
        assert digest(deal) != digest(other)


def test_what_is_probably_not_meant_is_advised(tmp_path: Path) -> None:
    """Each advice has its line; a deal that says all has none."""
    policy = load_policy(grocer.FOLDER / "policy.yaml")
    found = [str(each) for each in advice(load_deal(OFFER, policy), policy, date(2026, 11, 30), OFFER)]
    assert any("nobody need ever delete it" in each for each in found)
    assert any("the evidence for `certification` expired on 2026-06-30" in each for each in found)
    assert all(each.startswith("harbour-premiums.yaml:") for each in found)
    survey = OFFER.read_text("utf-8").replace("reaction:\n", "reaction:\n  survey: asked.csv\n")
    deal = parse_deal(survey, policy)
    said = [each.message for each in advice(deal, policy, date(2033, 1, 1), tmp_path / "deal.yaml")]
    assert "there is no file `asked.csv` beside the deal's" in said
    assert "it ended on 2031-12-31" in said
    (tmp_path / "asked.csv").write_text("customer,answer\n")
    again = [each.message for each in advice(deal, policy, date(2033, 1, 1), tmp_path / "deal.yaml")]
    assert "there is no file `asked.csv` beside the deal's" not in again
