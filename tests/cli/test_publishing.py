"""`bailee policy`: versions of the promise, told in tables, sentences and JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.conftest import Shop


def drafted(shop: Shop, *changes: tuple[str, str], version: str = "next") -> Path:
    """The shop's policy with some parts changed, in a file beside the workspace."""
    text = (shop.home / "policy.yaml").read_text(encoding="utf-8")
    lines = [f"version: {version}" if line.startswith("version:") else line for line in text.splitlines()]
    text = "\n".join([*lines, ""])
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = shop.home.parent / f"{version}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


LONGER, SHORTER = ("keep: 13 months", "keep: 3 years"), ("keep: 13 months", "keep: 6 months")


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_what_widens_is_refused_with_what_to_run(shop: Shop) -> None:
    """Exit status 3, the table on standard output, and the command that schedules it; nothing is recorded."""
    before = shop.run("ledger", "head").stdout
    file = drafted(shop, LONGER)
    done = shop.run("policy", "publish", file)
    assert 3 == done.exit_code
    row = next(line for line in done.stdout.splitlines() if line.startswith("personal_offers"))
    assert ["personal_offers", "wider", "3", "0", "0"] == row.split()
    assert '  customers read "Kept longer: 3 years instead of 13 months."' in done.stdout
    assert "=> 3 customers must be asked again before their data may be used for it" in done.stdout
    assert f"customers get 30 days' notice: it can come into force on {day(31)}" in done.stderr
    assert f"`bailee policy schedule {file.name} --on {day(31)}`" in done.stderr
    assert before == shop.run("ledger", "head").stdout
    document = json.loads(shop.run("policy", "publish", file, "--json").stdout)
    assert ("refused", "notice_period") == (document["decision"], document["reasons"][0]["code"])


def test_a_version_is_scheduled_and_withdrawn(shop: Shop) -> None:
    """Its notices are registered; the status says when it comes and who is to be asked by then."""
    file = drafted(shop, LONGER)
    early = shop.run("policy", "schedule", file, "--on", day(3))
    assert (3, True) == (early.exit_code, f"name `--on {day(31)}` or later" in early.stderr)
    done = shop.run("policy", "schedule", file, "--on", day(40))
    assert 0 == done.exit_code, done.stderr
    assert f"version next is in force from {day(40)}T00:00:00Z" in done.stdout
    shown = shop.run("policy", "status").stdout
    assert f"scheduled  next, in force from {day(40)}T00:00:00Z" in shown
    assert "personal_offers: 3 customers to be asked again by then" in shown
    assert {"personal_offers": 3} == json.loads(shop.run("policy", "status", "--json").stdout)["asked_again"]
    assert "version next of the policy comes into force on" in shop.run("status").stdout
    assert "Tu s\u00ed" in shop.run("notices", "write", "personal_offers", "--language", "es").stdout
    assert 0 == shop.run("policy", "withdraw").exit_code
    assert "withdrawn  next" in shop.run("policy", "status").stdout
    gone = shop.run("policy", "withdraw")
    assert (1, True) == (gone.exit_code, "no version of the policy is scheduled" in gone.stderr)


def test_what_widens_nothing_is_in_force_at_once(shop: Shop) -> None:
    """The file is a draft from then on: `check` and `status` say that it is not what is in force."""
    done = shop.run("policy", "publish", drafted(shop, SHORTER))
    assert 0 == done.exit_code, done.stderr
    assert "version next is in force from " in done.stdout
    assert "in force   next, since " in shop.run("policy", "status").stdout
    assert 0 == shop.run("may", "ada", "--purpose", "personal_offers").exit_code
    checked = shop.run("check")
    assert (0, True) == (checked.exit_code, "this is not what is in force, which is version `next`" in checked.stdout)
    assert "policy.yaml is not what is in force (version next)" in shop.run("status").stdout
    (shop.home / "policy.yaml").write_bytes((shop.home.parent / "next.yaml").read_bytes())
    assert "not what is in force" not in shop.run("check").stdout + shop.run("status").stdout
    again = shop.run("policy", "publish")
    assert (1, True) == (again.exit_code, "is in force already" in again.stderr)


def test_looking_at_a_draft_puts_nothing_in_force(shop: Shop) -> None:
    """In a workspace that never published, too: `bailee policy` works under what was recorded last."""
    policy = shop.home / "policy.yaml"
    before = json.loads(shop.run("policy", "status", "--json").stdout)["policy"]
    policy.write_bytes(drafted(shop, LONGER).read_bytes())
    compared = shop.run("policy", "compare")
    assert (0, True) == (compared.exit_code, f"it can be in force on {day(31)}" in compared.stdout)
    assert "Se guarda m\u00e1s tiempo" in shop.run("policy", "compare", "--language", "es").stdout
    status = json.loads(shop.run("policy", "status", "--json").stdout)
    assert (before, True, False) == (status["policy"], status["differs"], status["published"])
    assert "whatever uses the workspace next puts it in force" in shop.run("policy", "status").stdout


def test_a_day_that_is_none(shop: Shop) -> None:
    """Wrong usage is status 2; a day that is over is told."""
    file = drafted(shop, SHORTER)
    assert 2 == shop.run("policy", "schedule", file, "--on", "tomorrow").exit_code
    assert 2 == shop.run("policy", "schedule", file, "--on", "2099-01-31T10:00:00").exit_code
    done = shop.run("policy", "schedule", file, "--on", "2020-01-31")
    assert (1, True) == (done.exit_code, "is not to come" in done.stderr)
    missing = shop.run("policy", "compare", shop.home / "none.yaml")
    assert (1, True) == (missing.exit_code, "none.yaml" in missing.stderr)
