"""What a privacy budget is: its parts in the file, what they default to, and which change of them is wider."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.policy import budget
from bailee.policy.canonical import digest, policy_from_json, to_json
from bailee.policy.document import parse_policy
from bailee.policy.model import Policy, Release
from bailee.policy.terms import changes, covers, terms_of
from bailee.policy.units import Rate
from tests.policy.test_wrong import RIGHT

AGGREGATE = RIGHT.replace("purchase_history: clear", "purchase_history: aggregate")


def policy(release: str) -> Policy:
    """A policy whose one purpose has this release."""
    return parse_policy(f"{AGGREGATE}    release: {{min_group: 20, {release}}}\n")


def release(text: str) -> Release:
    """The release as it is read."""
    return policy(text).purposes["personal_offers"].release


def test_what_is_written_and_what_is_not() -> None:
    """D12.4: a question spends `each`, or a tenth of the whole, and counts `at_most` rows, or three."""
    said = release("epsilon: 1.0 per 90 days, each: 0.250, at_most: 12 rows")
    assert (Decimal("0.25"), 12) == (budget.each(said), budget.rows(said))
    silent = release("epsilon: 2 per 90 days")
    assert (Decimal("0.2"), 3) == (budget.each(silent), budget.rows(silent))
    least = release("epsilon: 0.000001 per day")
    assert budget.LEAST == budget.each(least)
    with pytest.raises(ValueError, match="there is no budget"):
        budget.each(Release(3))


@given(st.decimals("0.000001", "1000", places=6))
def test_what_a_question_spends_is_within_its_budget(amount: Decimal) -> None:
    """D12.4: a tenth of a budget is a whole number of millionths, above 0 and at most the whole."""
    spent = budget.each(Release(3, Rate(amount, Rate.parse("1 per day").per)))
    assert 0 < spent <= amount
    assert 0 == spent % budget.LEAST


@pytest.mark.parametrize(
    ("old", "new", "wider"),
    [
        ("epsilon: 1.0 per 90 days", "epsilon: 1.1 per 90 days", True),
        ("epsilon: 1.0 per 90 days", "epsilon: 1.0 per 89 days", True),
        ("epsilon: 1.0 per 90 days", "epsilon: 0.9 per 90 days", False),
        ("epsilon: 1.0 per 90 days", "epsilon: 1.0 per 91 days", False),
        ("epsilon: 1.0 per 90 days", "epsilon: 1 per 90 days, each: 1, at_most: 9 rows", False),
        ("epsilon: 1.0 per 90 days, at_most: 9 rows", "epsilon: 1 per 90 days, at_most: 10 rows", False),
    ],
)
def test_a_larger_number_or_a_shorter_span_is_wider(old: str, new: str, wider: bool) -> None:
    """D12.7: only these ask customers again; what a question spends and how many rows it counts change no terms."""
    before, after = (terms_of(each, each.purposes["personal_offers"]) for each in map(policy, (old, new)))
    assert wider is not covers(before, after)
    assert wider is any(
        change.part == "release.epsilon" and change.kind == "wider" for change in changes(before, after)
    )
    if "each" in new or "at_most" in old:
        assert digest(to_json(before)) == digest(to_json(after))


def test_a_budget_survives_being_kept() -> None:
    """A policy with all parts of a budget is read back from its JSON as it was."""
    whole = policy("epsilon: 1.0 per 90 days, each: 0.25, at_most: 12 rows")
    assert whole == policy_from_json(to_json(whole))


@pytest.mark.parametrize("text", ["0.25", "1000", "0.000001", "1e-3"])
def test_amounts_as_people_write_them(text: str) -> None:
    """D12.2: an amount is exact."""
    assert Decimal(text) == budget.amount(text)


@pytest.mark.parametrize("text", ["0", "-1", "1001", "0.0000001", "NaN", "Infinity", "1,5", "much", ""])
def test_what_is_no_amount(text: str) -> None:
    """D12.2: anything else is told with what was expected."""
    with pytest.raises(ValueError, match="expected a number above 0 and up to 1000, of at most six decimals"):
        budget.amount(text)
