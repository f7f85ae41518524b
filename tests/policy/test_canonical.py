"""Policies and maps go to JSON and back, and digests see meaning, not layout."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from typing import Any

import pytest
import rfc8785

from bailee.policy.canonical import map_digest, map_from_json, policy_digest, policy_from_json, to_json
from bailee.policy.datamap import parse_map
from bailee.policy.document import parse_policy
from bailee.policy.model import DataMap, Policy, Role


def test_a_policy_comes_back(example_policy: Policy) -> None:
    """JSON holds the whole policy, its lines and the order of its purposes."""
    again = policy_from_json(json.loads(json.dumps(to_json(example_policy))))
    assert (example_policy, example_policy.lines) == (again, again.lines)
    assert list(example_policy.purposes) == list(again.purposes)


def test_a_map_comes_back(example_map: DataMap) -> None:
    """JSON holds the whole map, its lines and its conditions."""
    again = map_from_json(json.loads(json.dumps(to_json(example_map))))
    assert (example_map, example_map.lines) == (again, again.lines)


def test_sets_are_sorted(example_policy: Policy) -> None:
    """What has no order has one in JSON, whatever the process's hash seed."""
    for purpose in to_json(example_policy)["purposes"].values():
        assert sorted(purpose["effects"]) == purpose["effects"]
    many = Policy("c", "1", {}, roles={"r": Role("r", "R", frozenset("qwertyuiopasdfghjkl"))})
    assert sorted("qwertyuiopasdfghjkl") == to_json(many)["roles"]["r"]["training"]


def test_reading_json_needs_neither_yaml_nor_pydantic(example_policy: Policy, example_map: DataMap) -> None:
    """The fast way in imports nothing heavy."""
    script = (
        "import json, sys\n"
        "from bailee.policy.canonical import map_from_json, policy_from_json\n"
        "policy, datamap = json.load(sys.stdin)\n"
        "policy_from_json(policy), map_from_json(datamap)\n"
        "print({'pydantic', 'ruamel.yaml', 'rfc8785', 'difflib'} & sys.modules.keys())\n"
    )
    text = json.dumps([to_json(example_policy), to_json(example_map)])
    done = subprocess.run([sys.executable, "-c", script], input=text, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_digest_is_of_the_canonical_json(example_policy: Policy) -> None:
    """The digest is SHA-256 over RFC 8785 without lines."""
    data = rfc8785.dumps(to_json(example_policy, lines=False))
    assert f"sha256:{sha256(data).hexdigest()}" == policy_digest(example_policy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("company: Marigold Grocers", "# who we are\ncompany:   'Marigold Grocers'"),
        ("keep: 7 years", "keep: 84 months"),
        ("epsilon: 1.0 per 90 days", "epsilon: 1 per 90 days"),
        ("effects: [personalise, contact]", "effects: [contact, personalise]"),
        (
            "    title: Keep invoices for the tax office\n    use: essential.legal_obligation\n",
            "    use: essential.legal_obligation\n    title: Keep invoices for the tax office\n",
        ),
        ("keep: 13 months", "keep: {for: 13 months}"),
        (", special: false", ""),
    ],
)
def test_layout_does_not_change_the_digest(
    old: str, new: str, example_texts: tuple[str, str], example_policy: Policy
) -> None:
    """What says the same has the same digest."""
    assert old in example_texts[0]
    assert policy_digest(parse_policy(example_texts[0].replace(old, new))) == policy_digest(example_policy)


@pytest.mark.parametrize(
    ("old", "new"),
    [("keep: 7 years", "keep: 8 years"), ("More visits.", "More visits!"), ("{min_group: 20,", "{min_group: 21,")],
)
def test_meaning_changes_the_digest(old: str, new: str, example_texts: tuple[str, str], example_policy: Policy) -> None:
    """What says something else has another digest."""
    assert policy_digest(parse_policy(example_texts[0].replace(old, new))) != policy_digest(example_policy)


def test_the_maps_digest_sees_conditions(
    example_texts: tuple[str, str], example_map: DataMap, example_policy: Policy
) -> None:
    """A condition's spelling leaves the digest, its meaning changes it."""

    def digest(old: str, new: str) -> str:
        return map_digest(parse_map(example_texts[1].replace(old, new), policy=example_policy))

    assert digest("aisle IN ('KOSHER', 'HALAL')", "Aisle  in ('KOSHER','HALAL')") == map_digest(example_map)
    assert digest("'KOSHER'", "'kosher'") != map_digest(example_map)


@pytest.mark.parametrize(
    "damaged", [{}, {"company": "x"}, {"company": "x", "version": "1", "purposes": {"a": {}}, "b": 1}]
)
def test_other_json_is_no_policy(damaged: dict[str, Any]) -> None:
    """JSON that was not written by `to_json` is an error, never half a policy."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        policy_from_json(damaged)
