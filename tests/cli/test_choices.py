"""`choices` and `import choices`: what customers say, recorded, shown and brought in from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shop

OFFERS = "personal_offers"
COUNT = "SELECT count(DISTINCT customer_id) AS n FROM orders"


def counted(shop: Shop) -> str:
    return shop.run("ask", COUNT, "--purpose", OFFERS).stdout


def csv_file(shop: Shop, *lines: str) -> Path:
    file = shop.home.parent / "choices.csv"
    file.write_text("\n".join(("customer,purpose,act,at,instrument,notice", *lines, "")), encoding="utf-8")
    return file


def grant(shop: Shop, customer: str, at: str = "2026-01-05T10:00:00Z", purpose: str = OFFERS) -> str:
    return f"{customer},{purpose},grant,{at},checkbox,{shop.notices[OFFERS]}"


def test_a_withdrawal_counts_at_once(shop: Shop) -> None:
    """The next answer no longer has the customer, and the receipt says where it is recorded."""
    before = counted(shop)
    said = shop.run("choices", "ada", "withdraw", OFFERS, "--evidence", "letter 7")
    assert ("n\n3\n", 0, "n\n2\n") == (before, said.exit_code, counted(shop))
    assert said.stdout.startswith("recorded: `ada` withdrew from `personal_offers`\nledger entry ")


def test_history_is_told_newest_last(shop: Shop) -> None:
    """Everything that the customer said, with how, under which notice and on what evidence."""
    shop.run("choices", "ada", "withdraw", OFFERS, "--evidence", "letter 7")
    first, second = shop.run("choices", "ada").stdout.splitlines()
    assert "Z  grant     personal_offers  by api, notice sha256:" in first
    assert second.endswith("Z  withdraw  personal_offers  by api, evidence letter 7")


def test_history_of_somebody_who_said_nothing(shop: Shop) -> None:
    """An empty history says what to do."""
    assert shop.run("choices", "eve").stdout.startswith("no choices yet: record one with `bailee choices CUSTOMER")


def test_choices_as_json(shop: Shop) -> None:
    """A receipt, and a history, as documents."""
    receipt = json.loads(shop.run("choices", "ada", "withdraw", OFFERS, "--json").stdout)
    history = json.loads(shop.run("choices", "ada", "--json").stdout)
    assert ("recorded", "withdraw", ["grant", "withdraw"]) == (
        receipt["decision"],
        receipt["act"],
        [each["act"] for each in history["choices"]],
    )
    assert history["choices"][0]["at"].endswith("Z")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nobody", "withdraw", OFFERS), "nobody"),
        (("nobody",), "nobody"),
        (("ada", "withdraw", "personal_ofers"), "did you mean `personal_offers`?"),
        (("eve", "grant", OFFERS), "must cite the notice that was shown"),
        (("eve", "grant", OFFERS, "--notice", "sha256:0"), "no registered notice `sha256:0`"),
    ],
)
def test_a_choice_that_cannot_be(shop: Shop, words: tuple[str, ...], message: str) -> None:
    """Status 1, one line that names what is wrong, and nothing recorded."""
    before = shop.run("ledger", "head").stdout
    said = shop.run("choices", *words)
    assert (1, "", 1, True) == (said.exit_code, said.stdout, said.stderr.count("\n"), message in said.stderr), (
        said.stderr
    )
    assert before == shop.run("ledger", "head").stdout


def test_an_import_counts_and_may_be_repeated(shop: Shop) -> None:
    """All rows are taken; the very same file again changes nothing."""
    file = csv_file(shop, grant(shop, "dan"), grant(shop, "eve"))
    first, again = shop.run("import", "choices", file), shop.run("import", "choices", file)
    assert (0, "imported 2 choices of 2 rows\n") == (first.exit_code, first.stdout), first.output
    assert (0, True) == (again.exit_code, again.stdout.startswith("nothing to do: this very file was imported at "))
    assert "n\n5\n" == counted(shop)


def test_a_dry_run_keeps_nothing(shop: Shop) -> None:
    """It says what would happen."""
    tried = shop.run("import", "choices", csv_file(shop, grant(shop, "dan")), "--dry-run")
    assert "would import 1 choice of 1 row\nnothing was kept: this was a dry run\n" == tried.stdout
    assert "n\n3\n" == counted(shop)


def test_grants_that_show_nothing_are_told(shop: Shop) -> None:
    """A grant without a notice on record is kept, and the report says that it grants nothing."""
    done = shop.run("import", "choices", csv_file(shop, f"dan,{OFFERS},grant,2026-01-05T10:00:00Z,import,"))
    assert "1 grant cites no registered notice about the purpose: nothing is granted" in done.stdout, done.output
    assert "n\n3\n" == counted(shop)


def test_an_import_as_json(shop: Shop) -> None:
    """The report as a document."""
    report = json.loads(shop.run("import", "choices", csv_file(shop, grant(shop, "dan")), "--json").stdout)
    assert (1, 1, 0, False) == (report["rows"], report["added"], report["skipped"], report["dry_run"])


def test_every_line_that_cannot_be_taken_is_told(shop: Shop) -> None:
    """An unknown customer, a time to come and a purpose that is gone: each by its line; nothing is kept."""
    file = csv_file(
        shop,
        grant(shop, "dan"),
        grant(shop, "nobody"),
        grant(shop, "eve", at="2999-01-01T00:00:00Z"),
        grant(shop, "eve", purpose="gone_offers"),
    )
    done = shop.run("import", "choices", file)
    lines = done.stderr.splitlines()
    assert (1, ["choices.csv:3", "choices.csv:4", "choices.csv:5"]) == (
        done.exit_code,
        [":".join(line.split(":")[:2]) for line in lines],
    )
    for line, words in zip(lines, ("`nobody`", "not come yet", "`gone_offers`"), strict=True):
        assert words in line
    assert "n\n3\n" == counted(shop)


def test_the_lines_as_json(shop: Shop) -> None:
    """Programs get every problem with its line."""
    done = shop.run("import", "choices", csv_file(shop, grant(shop, "nobody")), "--json")
    document = json.loads(done.stdout)
    assert (1, "ImportRejected", 2) == (done.exit_code, document["error"], document["problems"][0]["line"])


def test_a_file_that_is_missing(shop: Shop) -> None:
    """The message names the file, without a traceback."""
    done = shop.run("import", "choices", shop.home / "nope.csv")
    assert (1, True) == (done.exit_code, "nope.csv" in done.stderr), done.output
