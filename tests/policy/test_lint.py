"""What `bailee check` finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bailee.policy.datamap import parse_map
from bailee.policy.document import parse_policy
from bailee.policy.lint import Severity, lint
from bailee.policy.model import DataMap, Policy


def found(texts: tuple[str, str], *changes: tuple[str, str]) -> list[str]:
    """The findings of the example after some changes, without those that it always has."""
    policy_text, map_text = texts
    for old, new in changes:
        assert old in policy_text or old in map_text, old
        policy_text, map_text = policy_text.replace(old, new), map_text.replace(old, new)
    policy = parse_policy(policy_text)
    findings = lint(policy, parse_map(map_text, policy=policy))
    return [
        f"{each.severity}: {each.problem.message}" for each in findings if "cannot enforce" not in each.problem.message
    ]


def test_the_example_has_only_keys_to_be_enforced_later(example_policy: Policy, example_map: DataMap) -> None:
    """Keys that this version refuses are told, with their lines."""
    assert [
        "policy.yaml:62:1: `personal_offers` sets `contact`, which this version cannot enforce, so the uses that it "
        "limits are refused",
    ] == [str(each.problem) for each in lint(example_policy, example_map)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "forbid: {industry: insurance, effects: [adverse, price]}",
            "forbid: {industries: banking}",
            "error: `no_individual_underwriting` can never match: no recipient of the policy is what it names",
        ),
        (
            "forbid: {purposes: keep_invoices, effects: [serve], categories: [user.contact]}",
            "forbid: {purposes: keep_invoices, effects: [contact]}",
            "error: `invoices_stay_invoices` can never match: none of the purposes that it names has the effects, "
            "basis or use that it names",
        ),
        (
            "forbid: {industry: insurance, effects: [adverse, price]}",
            "forbid: {industry: insurance}",
            "error: nobody may use `insurer_research`: the standard `no_individual_underwriting` forbids this: Nobody "
            "agreed to groceries deciding their premium.",
        ),
        (
            "roles:\n  marketing: {title: Marketing, training: [privacy_basics]}\n",
            "",
            "warning: `personal_offers` is for the role `marketing`, which `roles` does not declare",
        ),
        ("    roles: [marketing]\n", "", "warning: no purpose asks for the role `marketing`"),
        ("    recipients: [parcel_service]\n", "", "warning: no purpose has the recipient `parcel_service`"),
        (
            "min_age: 13, guardian_below: {US: 16,",
            "min_age: 16, guardian_below: {US: 16,",
            "warning: nobody younger than `min_age: 16` is included, so a guardian below 16 (`US`) is never asked",
        ),
        (
            "except_places: US-VT",
            "except_places: MX",
            "warning: `MX` lies in none of `places`, so it needs no exception",
        ),
        (
            ", data_categories: [user.loyalty_tier]",
            "",
            "warning: `customers.tier` has no category, so it is withheld from every purpose",
        ),
        (
            ", fides_meta: {bailee: {coarsen: band 10}}",
            "",
            "warning: `customers.age` is read coarse by `personal_offers`, and nothing says how: expected `coarsen`",
        ),
        (
            "data_categories: [user.loyalty_tier]",
            "data_categories: [user.location]",
            "warning: no purpose reads `customers.tier`: is it needed?",
        ),
        (
            "reads: {user.behavior.purchase_history: aggregate, system.operations: clear}",
            "reads: {user.location: aggregate}",
            "warning: `service_improvement` reads nothing that the data map has",
        ),
        (
            "epsilon: 1.0 per 90 days",
            "epsilon: 11 per 90 days",
            "warning: `insurer_research` may spend `11 per 90 days`, and a budget above 10 hides hardly anybody",
        ),
    ],
)
def test_the_check_tells(old: str, new: str, message: str, example_texts: tuple[str, str]) -> None:
    """Each thing that is wrong, idle or forgotten is told once."""
    assert found(example_texts, (old, new)).count(message) == 1


def test_a_purpose_that_reads_choices_alone_is_not_idle(example_texts: tuple[str, str]) -> None:
    """Bailee keeps the choices itself, so no data map has them."""
    old = "reads: {user.behavior.purchase_history: aggregate, system.operations: clear}"
    told = "warning: `service_improvement` reads nothing that the data map has"
    assert told not in found(example_texts, (old, "reads: {user.privacy_preferences: clear}"))
    assert told in found(example_texts, (old, "reads: {user.privacy_preferences: aggregate}"))


def test_a_map_that_names_unknown_things_is_an_error(example_policy: Policy, example_map: DataMap) -> None:
    """Categories that the policy does not know are errors, and nothing is guessed beyond them."""
    findings = lint(replace(example_policy, categories={}), example_map, ("p.yaml", "m.yaml"))
    assert [(Severity.ERROR, "m.yaml", 13)] == [
        (each.severity, each.problem.file, each.problem.line) for each in findings if each.severity is Severity.ERROR
    ]


def test_a_budget_does_nothing_for_what_is_shown_in_plain(example_texts: tuple[str, str]) -> None:
    """A purpose with a budget that shows a column in plain is told, with the column, and one that shows none is not."""
    policy, map_text = example_texts
    told = "`insurer_research` has a budget and shows"
    assert not [each for each in found(example_texts) if told in each]
    at = policy.index("insurer_research:")
    plain = policy[:at] + policy[at:].replace("purchase_history: aggregate", "purchase_history: clear", 1)
    plain = plain.replace(", at_most: aggregate}", "}")
    assert [each for each in found((plain, map_text)) if told in each and "clear, for which noise does nothing" in each]


def test_a_measure_without_bounds_is_told(example_texts: tuple[str, str]) -> None:
    """What a purpose with a budget could add up and has no bounds is told, with what to declare."""
    policy, map_text = example_texts
    lines = [line for line in map_text.splitlines() if "user.behavior.purchase_history" in line and "name:" in line]
    name = lines[0].partition("name: ")[2].partition(",")[0]
    measured = lines[0].replace("}", ", fides_meta: {bailee: {measure: true}}}") if "fides_meta" not in lines[0] else ""
    assert measured, lines[0]
    message = f".{name}` has no bounds, so `insurer_research` cannot add it up with noise: expected `between`"
    assert [each for each in found((policy, map_text.replace(lines[0], measured))) if message in each]
    bounded = measured.replace("measure: true", "measure: true, between: [0, 9]")
    assert not [each for each in found((policy, map_text.replace(lines[0], bounded))) if message in each]
