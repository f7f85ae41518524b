"""Every way to be wrong is a file in tests/wrong, with the whole message beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bailee.errors import MapError, PolicyError
from bailee.policy.datamap import parse_map
from bailee.policy.document import parse_policy
from bailee.policy.model import Policy

FOLDER = Path(__file__).parents[1] / "wrong"
FILES = sorted(FOLDER.glob("*.yaml"))
RIGHT = """
bailee: 1
company: Marigold Grocers
version: 2026-11-01
purposes:
  personal_offers:
    title: Offers chosen from what you buy
    use: marketing.advertising.first_party.targeted
    basis: consent
    effects: [personalise, contact]
    why: Offers that fit save paper and time.
    customer_gains: Coupons for things you already buy.
    company_gains: More visits.
    reads: {user.behavior.purchase_history: clear}
    keep: 13 months
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse_policy(RIGHT)


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.name.startswith("policy_")], ids=lambda path: path.stem
)
def test_a_wrong_policy_is_refused_with_its_message(path: Path) -> None:
    """The message names file, line, column, what was found and what was expected."""
    with pytest.raises(PolicyError) as caught:
        parse_policy(path.read_bytes(), path.name)
    assert path.with_suffix(".txt").read_text("utf-8") == f"{caught.value}\n"


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.name.startswith("datamap_")], ids=lambda path: path.stem
)
def test_a_wrong_data_map_is_refused_with_its_message(path: Path, policy: Policy) -> None:
    """The message names file, line, column, what was found and what was expected."""
    with pytest.raises(MapError) as caught:
        parse_map(path.read_bytes(), path.name, policy)
    assert path.with_suffix(".txt").read_text("utf-8") == f"{caught.value}\n"


def test_every_wrong_file_is_read() -> None:
    """No file stands in the folder without a test."""
    assert all(path.name.startswith(("policy_", "datamap_")) for path in FILES)
    assert {path.with_suffix(".txt") for path in FILES} == set(FOLDER.glob("*.txt"))
