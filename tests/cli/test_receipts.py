"""`bailee choices CUSTOMER receipt` and `bailee receipt verify`: given, kept in a file, checked without a workspace."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.commands import bailee as run
from tests.cli.conftest import Shop


def test_a_receipt_is_given_and_checked_elsewhere(shop: Shop, tmp_path: Path) -> None:
    """The last choice's receipt goes into a file; whoever has it and the key needs nothing else."""
    out = tmp_path / "receipt.json"
    given = shop.run("choices", "ada", "receipt", "--out", out)
    assert (0, "written: the receipt of entry") == (given.exit_code, given.stdout[:29])
    vkey = (shop.home / "keys" / "verifiers").read_text().strip()
    checked = run("receipt", "verify", out, "--key", vkey)
    assert (0, True) == (checked.exit_code, "customer ada chose to grant personal_offers" in checked.stdout)
    assert "not checked" not in checked.stdout
    alone = run("receipt", "verify", out)
    assert "whose key that is was not checked" in alone.stdout


def test_an_earlier_choice_in_the_other_form(shop: Shop) -> None:
    """N counts the customer's choices from the first; Kantara's form tells a grant and no refusal."""
    shop.run("choices", "ada", "withdraw", "personal_offers")
    first = shop.run("choices", "ada", "receipt", "1", "--format", "kantara")
    assert "KI-CR-v1.1.0" == json.loads(first.stdout)["receipt"]["version"]
    last = shop.run("choices", "ada", "receipt", "--format", "kantara")
    assert (1, True) == (last.exit_code, "this choice is `withdraw`: take the form `27560`" in last.stderr)


def test_which_choice_is_none(shop: Shop) -> None:
    """A number that no choice has, or no number, is told in words."""
    assert "has 1 choice on record, so none is number 7" in shop.run("choices", "ada", "receipt", "7").stderr
    assert 2 == shop.run("choices", "ada", "receipt", "seven").exit_code


def test_a_changed_receipt_is_told_and_fails(shop: Shop, tmp_path: Path) -> None:
    """A receipt that was changed makes the status 1, and the others are told all the same."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    shop.run("choices", "ada", "receipt", "--out", good)
    bad.write_text(good.read_text().replace('"grant"', '"object"'))
    checked = run("receipt", "verify", bad, good, "--json")
    assert (1, [False, True]) == (checked.exit_code, [each["verified"] for each in json.loads(checked.stdout)])


def test_check_warns_where_no_receipt_can_be_given(shop: Shop) -> None:
    """Without the company's details `bailee check` says what is missing, and a receipt is refused."""
    policy = shop.home / "policy.yaml"
    policy.write_text(policy.read_text().replace("  contact: The privacy office\n", ""))
    assert "no receipt of a choice can be given: `controller` lacks `contact`" in shop.run("check").stdout
    refused = shop.run("choices", "bea", "receipt")
    assert 0 == refused.exit_code  # by the policy in force when she chose
    shop.run("choices", "bea", "withdraw", "personal_offers")
    refused = shop.run("choices", "bea", "receipt")
    assert (1, True) == (refused.exit_code, "add `controller.contact`" in refused.stderr)
