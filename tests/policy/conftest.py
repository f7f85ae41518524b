"""One policy and one data map that use every key of the language: the example of `spec/language.md`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bailee.policy.datamap import parse_map
from bailee.policy.document import parse_policy
from bailee.policy.model import DataMap, Policy

SPEC = Path(__file__).parents[2] / "spec" / "language.md"


@pytest.fixture(scope="session")
def example_texts() -> tuple[str, str]:
    """The YAML of the policy and of the data map."""
    policy, datamap = re.findall(r"```yaml\n(# (?:policy|datamap)\.yaml\n.*?)```", SPEC.read_text("utf-8"), re.DOTALL)
    return policy, datamap


@pytest.fixture(scope="session")
def example_policy(example_texts: tuple[str, str]) -> Policy:
    return parse_policy(example_texts[0])


@pytest.fixture(scope="session")
def example_map(example_texts: tuple[str, str], example_policy: Policy) -> DataMap:
    return parse_map(example_texts[1], policy=example_policy)
