"""`bailee choices CUSTOMER receipt` and `bailee receipt verify`: given, kept in a file, checked without a workspace."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from tests.cli.commands import bailee as run
from tests.cli.conftest import Shop
from tests.collect.servers import serving, status


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


def test_a_copy_is_given_whole(shop: Shop, tmp_path: Path) -> None:
    """`bailee rights copy` writes a ZIP, says what is in it and what is not, and leaves a file that is there alone."""
    out = tmp_path / "ada.zip"
    done = shop.run("rights", "copy", "ada", "--out", out)
    assert (0, True) == (done.exit_code, "1 choice with 1 receipt" in done.stdout)
    with zipfile.ZipFile(out) as found:
        assert found.testzip() is None
        assert 10 == len(json.loads(found.read("held/orders.json")))
    again = shop.run("rights", "copy", "ada", "--out", out)
    assert (1, True) == (again.exit_code, "exists already" in again.stderr)
    assert 1 == shop.run("rights", "copy", "nobody", "--out", tmp_path / "nobody.zip").exit_code
    assert not (tmp_path / "nobody.zip").exists()


def test_requests_are_kept_listed_and_closed(shop: Shop) -> None:
    """`bailee rights` opens a request with its day, lists it, shows it, and says what came of it."""
    opened = shop.run("rights", "open", "ada", "erase", "--text", "all of it", "--manner", "email")
    assert (0, True) == (opened.exit_code, "recorded as request 1: erase" in opened.stdout)
    assert "ada" in shop.run("rights", "list").stdout
    shown = shop.run("rights", "show", "1")
    assert "said       all of it" in shown.stdout
    refused = shop.run("rights", "close", "1", "refused")
    assert (1, True) == (refused.exit_code, "a refusal needs its reason" in refused.stderr)
    assert "request 1: erase, extended" in shop.run("rights", "extend", "1", "--why", "many").stdout
    closed = shop.run("rights", "close", "1", "fulfilled", "--why", "done", "--json")
    assert ("fulfilled", False) == tuple(json.loads(closed.stdout)[name] for name in ("state", "overdue"))
    assert "no request waits for an answer" in shop.run("rights", "list").stdout
    assert 1 == len(json.loads(shop.run("rights", "list", "--all", "--json").stdout))


def test_webhooks_are_listed_sent_and_retried(shop: Shop) -> None:
    """`bailee webhooks` says what waits, sends it, and takes up what was given up; `bailee status` tells of that."""
    assert "no webhook is in `bailee.toml`" in shop.run("webhooks", "list").stdout
    with serving(status(410)) as server:
        text = f'[[webhooks]]\nname = "crm"\nurl = "{server.url}"\nsecret = "env:HOOK_SECRET"\n'
        (shop.home / "bailee.toml").write_text(text)
        key = {"HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
        assert "crm: 0 waiting, 0 given up" in shop.run("webhooks", "list").stdout
        shop.run("choices", "ada", "withdraw", "personal_offers")
        sent = shop.run("webhooks", "send", **key)
        assert (1, "0 sent, 1 not taken, 1 given up\n") == (sent.exit_code, sent.stdout)
        assert "crm: 1 given up, 0 more wait" in shop.run("status").stdout
        assert "it answered 410" in shop.run("webhooks", "list").stdout
        assert "due now: 1 delivery" in shop.run("webhooks", "retry", "crm").stdout
        assert "there is no webhook `cmr`" in shop.run("webhooks", "retry", "cmr").stderr
        server.answer = status(200)
        sent = shop.run("webhooks", "send", **key)
        assert (0, "1 sent, 0 not taken, 0 given up\n") == (sent.exit_code, sent.stdout)
    assert [("ada", "withdraw"), ("ada", "withdraw")] == server.told
