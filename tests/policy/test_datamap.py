"""Data maps are read as Fides manifests, with names resolved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.errors import MapError
from bailee.policy.coarsen import Coarsen
from bailee.policy.datamap import check_against, find, parse_map
from bailee.policy.model import DataMap, Policy, Reference


def test_the_example_reads_whole(example_map: DataMap) -> None:
    """Subjects, ways, times, references and reveals come out resolved."""
    lines, orders, products = (example_map.tables[name] for name in ("lines", "orders", "products"))
    assert (("customer_id",), "ordered_at", True) == (orders.subjects, orders.at, orders.guests)
    assert Reference("order_ref", "orders", "order_id") == lines.via
    assert (True, None) == (lines.at_via, lines.at)
    assert (
        Reference("product_id", "products", "product_id"),
        Reference("coupon_id", "coupons", "coupon_id"),
    ) == lines.references
    assert ("giver_id", "taker_id") == example_map.tables["gifts"].subjects
    assert example_map.tables["gifts"].only_for == {"fulfil_orders", "answer_requests"}
    assert not products.personal
    assert [reveal.category for reveal in products.reveals] == [
        "user.demographic.religious_belief",
        "user.health_and_medical",
        "user.demographic.gender",
    ]
    assert Coarsen.parse("band 10") == example_map.tables["customers"].columns["age"].coarsen


def test_categories_come_from_parts_and_from_above(example_map: DataMap) -> None:
    """A struct has its parts' categories, and every column its table's."""
    delivery = example_map.tables["orders"].columns["delivery"]
    assert ("user.contact.address.street", "user.contact.address.city") == delivery.categories
    assert ("user.behavior.purchase_history",) == example_map.tables["lines"].columns["note"].categories


def test_names_compare_without_case(example_texts: tuple[str, str], example_policy: Policy) -> None:
    """Names come out as the map spells the thing that they name."""
    shouted = example_texts[1].replace("orders.order_id", "ORDERS.Order_Id").replace("at: ordered_at", "at: Ordered_AT")
    datamap = parse_map(shouted, policy=example_policy)
    assert Reference("order_ref", "orders", "order_id") == datamap.tables["lines"].via
    assert datamap.tables["orders"].at == "ordered_at"
    assert ("orders", None) == (find(datamap, "ORDERS"), find(datamap, "order"))


def test_lines_are_those_of_the_file(example_map: DataMap, example_texts: tuple[str, str]) -> None:
    """Tables and columns have the line on which they are named."""
    lines = example_texts[1].splitlines()
    assert all(f"name: {path[-1]}" in lines[line - 1] for path, line in example_map.lines.items())


def test_a_manifest_without_bailee_says_what_is_missing() -> None:
    """A Fides manifest that a company has is read as it is, and told what Bailee still needs."""
    manifest = """
dataset:
- fides_key: postgres_example
  fides_meta: {after: [other]}
  data_categories: null
  meta: null
  collections:
  - name: customer
    after: [postgres_example.address]
    fields:
    - name: address_id
      data_qualifier: aggregated.anonymized
      fides_meta:
        references:
        - {dataset: postgres_example, field: address.id, direction: to}
        - {dataset: elsewhere, field: some.thing, direction: from}
    - name: email
      data_categories: [user.contact.email]
      fides_meta: {identity: email, data_type: string, primary_key: null}
  - name: address
    fides_meta: {bailee: {via: customer.address_id, at: none}}
    fields: [{name: id, fields: null}]
"""
    with pytest.raises(MapError) as caught:
        parse_map(manifest)
    assert [8, 8, 21] == [problem.line for problem in caught.value.problems]


def test_a_map_is_checked_against_the_policy(example_map: DataMap, example_policy: Policy) -> None:
    """Categories and purposes that the policy does not know are told with their lines."""
    other = replace(example_policy, categories={}, purposes={"fulfil_order": example_policy.purposes["fulfil_orders"]})
    assert () == check_against(example_policy, example_map)
    assert [
        "datamap.yaml:13:1: unknown category `user.loyalty_tier` in `customers.tier`: expected one that the policy "
        "knows; did you mean `user.location`?",
        "datamap.yaml:14:1: unknown purpose `answer_requests` in `customers.diet_advice`: "
        "expected one that the policy knows",
        "datamap.yaml:14:1: unknown purpose `insurer_research` in `customers.diet_advice`: "
        "expected one that the policy knows",
        "datamap.yaml:39:1: unknown purpose `answer_requests` in `gifts`: expected one that the policy knows",
        "datamap.yaml:39:1: unknown purpose `fulfil_orders` in `gifts`: expected one that the policy knows; "
        "did you mean `fulfil_order`?",
    ] == [str(problem) for problem in check_against(other, example_map)]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_map_is_read_or_refused_in_words(data: st.DataObject, example_texts: tuple[str, str]) -> None:
    """A map with a piece cut out or exchanged is still a map, or an error in words."""
    text = example_texts[1]
    start = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.sampled_from(["", ":", "[", "}", "\n", "- ", "&a ", "*a", "'", "~", "9", "id"]))
    damaged = text[:start] + piece + text[start + data.draw(st.integers(0, 30)) :]
    try:
        found: DataMap | MapError = parse_map(damaged)
    except MapError as error:
        found = error
    assert isinstance(found, DataMap) or found.problems
