"""`ask`, `may` and `standing` over a real shop: data on standard output, words on standard error, statuses."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import CUSTOMERS, Shop

LINES = (
    "SELECT p.name, sum(l.price) AS sales FROM order_lines l JOIN products p USING (product_id) GROUP BY ALL ORDER BY 2"
)
OFFERS = ("--purpose", "personal_offers")


def test_an_answer_in_a_pipe_is_csv(shop: Shop) -> None:
    """Standard output holds the rows of those who agreed and nothing else; standard error says what they are."""
    asked = shop.run("ask", "SELECT customer_id, count(*) AS n FROM orders GROUP BY ALL ORDER BY 1", *OFFERS)
    assert (0, b"customer_id,n\r\nada,10\r\nbea,10\r\ncem,10\r\n") == (asked.exit_code, asked.stdout_bytes)
    assert asked.stderr.startswith("3 rows · 3 of 6 customers included · ledger entry ")


def test_the_sql_comes_from_a_file_or_standard_input(shop: Shop, tmp_path: Path) -> None:
    """An argument, `@FILE`, `--file FILE` and `-` ask the same."""
    file = tmp_path / "question.sql"
    file.write_text(LINES, encoding="utf-8")
    plain, at, named, piped = (
        shop.run("ask", *words, *OFFERS, input=given)
        for words, given in (((LINES,), None), ((f"@{file}",), None), (("--file", file), None), (("-",), LINES))
    )
    assert plain.stdout.count("\n") == 3, plain.output
    assert {plain.stdout} == {at.stdout, named.stdout, piped.stdout}


def test_a_table_is_for_people(shop: Shop) -> None:
    """Numbers on the right, NULL distinct, and an evil product name that cannot drive the terminal."""
    asked = shop.run("ask", LINES, *OFFERS, "--format", "table")
    assert [
        "name                         sales",
        "──────────────────────────  ──────",
        "NULL                        285.00",
        r"\x1b[2J\x1b]0;owned\x07tea  570.00",
    ] == asked.stdout.splitlines()
    assert "\x1b" not in asked.output


def test_an_answer_on_a_terminal_is_a_table(shop: Shop) -> None:
    """Where standard output is a terminal the default is a table that fits its width."""
    ours, theirs = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-m", "bailee", "ask", LINES, *OFFERS, "--home", str(shop.home)],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "24"},
    )
    os.close(theirs)
    assert 0 == asking.wait(timeout=60)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert ["name               sales", "NULL              285.00", r"\x1b[2J\x1b]0;o…  570.00"] == [
        line for line in shown.split("\r\n") if line and "─" not in line
    ]


def test_an_answer_as_json(shop: Shop) -> None:
    """One object with the rows, why it was permitted, what was left out, and the receipt."""
    document = json.loads(shop.run("ask", LINES, *OFFERS, "--json", "--explain").stdout)
    assert [[None, "285.00"], ["\x1b[2J\x1b]0;owned\x07tea", "570.00"]] == document["rows"]
    assert ("permitted", ["allowed"], 3, 6) == (
        document["decision"],
        [reason["code"] for reason in document["reasons"]],
        document["included"],
        document["known"],
    )
    assert [("never_asked", 3)] == [(each["code"], each["customers"]) for each in document["left_out"]["customers"]]
    assert "clear" == document["reads"]["user.contact.email"]
    assert LINES == document["question"]
    assert isinstance(document["receipt"], int)
    assert "\x00" not in json.dumps(document["governed"])


def test_an_answer_as_parquet(shop: Shop, tmp_path: Path) -> None:
    """The file's name chooses the form; its metadata say what it is for and where it is recorded."""
    out = tmp_path / "sales.parquet"
    asked = shop.run("ask", LINES, *OFFERS, "--out", out)
    table = pq.read_table(out)
    known = json.loads(table.schema.metadata[b"bailee"])
    assert (0, "", 2) == (asked.exit_code, asked.stdout, table.num_rows)
    assert {"purpose": "personal_offers", "decision": "permitted"}.items() <= known.items()
    assert known["policy"].startswith("sha256:")


def test_a_file_is_for_its_owner_alone(shop: Shop, tmp_path: Path) -> None:
    """An answer is personal data, so nobody else on the machine may read the file; no temporary one stays."""
    out = tmp_path / "names.csv"
    shop.run("ask", "SELECT email FROM customers ORDER BY 1", *OFFERS, "--out", out)
    assert [["email"], ["ada@example.org"], ["bea@example.org"], ["cem@example.org"]] == list(
        csv.reader(io.StringIO(out.read_text(encoding="utf-8"), newline=""))
    )
    assert (0o600, {"names.csv", "shop"}) == (
        stat.S_IMODE(out.stat().st_mode),
        {entry.name for entry in tmp_path.iterdir()},
    )


def test_a_file_that_exists_is_kept(shop: Shop, tmp_path: Path) -> None:
    """Without `--force` the question is not even asked, so nothing is recorded; with it the file is replaced."""
    out = tmp_path / "out.csv"
    out.write_text("precious", encoding="utf-8")
    before = shop.run("ledger", "head").stdout
    kept = shop.run("ask", LINES, *OFFERS, "--out", out)
    assert (1, "precious", before) == (
        kept.exit_code,
        out.read_text(encoding="utf-8"),
        shop.run("ledger", "head").stdout,
    )
    assert f"bailee: `{out}` exists already and was left as it is: name another file, or use --force\n" == kept.stderr
    assert 0 == shop.run("ask", LINES, *OFFERS, "--out", out, "--force").exit_code
    assert out.read_text(encoding="utf-8").startswith("name,sales")


def test_a_refused_question_leaves_no_file(shop: Shop, tmp_path: Path) -> None:
    """Nothing is half-written: not even the file's name is taken."""
    asked = shop.run("ask", "SELECT street FROM customers", *OFFERS, "--out", tmp_path / "out.csv")
    assert (3, ["shop"]) == (asked.exit_code, [entry.name for entry in tmp_path.iterdir()])


def test_out_never_replaces_a_device_or_a_pipe(shop: Shop, tmp_path: Path) -> None:
    """Writing a file aside and renaming it would put a plain file where a device such as `/dev/null` was."""
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for out in (pipe, link):
        refused = shop.run("ask", LINES, *OFFERS, "--out", out, "--force")
        assert "is a device or a pipe" in refused.stderr
        assert 1 == refused.exit_code
    assert pipe.is_fifo()


def test_out_with_json_says_where_the_answer_is(shop: Shop, tmp_path: Path) -> None:
    """With `--json` standard output is a document about the file."""
    document = json.loads(shop.run("ask", LINES, *OFFERS, "--out", tmp_path / "a.csv", "--json").stdout)
    assert (str(tmp_path / "a.csv"), False) == (document["out"], "rows" in document)


def test_a_refusal_is_told_with_its_reasons(shop: Shop) -> None:
    """Status 3; the reason names the column, the standard and the policy's line, and the refusal is recorded."""
    asked = shop.run("ask", "SELECT street FROM customers", *OFFERS)
    assert (3, "") == (asked.exit_code, asked.stdout)
    assert asked.stderr.startswith("refused\n  - the column `street` of `customers`")
    assert "`addresses_are_not_for_marketing`" in asked.stderr
    assert "recorded as ledger entry " in asked.stderr


def test_a_refusal_as_json(shop: Shop) -> None:
    """Programs get the codes and the receipt."""
    asked = shop.run("ask", "DROP TABLE customers", *OFFERS, "--json")
    document = json.loads(asked.stdout)
    assert (3, "refused", True) == (asked.exit_code, document["decision"], document["receipt"] > 0)


def test_an_unknown_purpose_is_told_the_nearest(shop: Shop) -> None:
    """A slip of the keyboard is answered with the purpose that was meant."""
    asked = shop.run("ask", LINES, "--purpose", "personal_ofers")
    assert 3 == asked.exit_code
    assert "there is no purpose `personal_ofers` in the policy; did you mean `personal_offers`?" in asked.stderr


def test_explain_shows_the_ruling_and_the_governed_sql(shop: Shop) -> None:
    """On standard error, so that the data stays clean: why, what was left out and by how many, what ran."""
    asked = shop.run("ask", "SELECT * FROM customers", *OFFERS, "--explain")
    told = asked.stderr
    assert "customer_id,email,postcode\n" == asked.stdout.splitlines(keepends=True)[0]
    for words in (
        "`personal_offers` allows this use",
        "effects: contact, personalise",
        "reads user.contact.address.postal_code: coarse",
        "customers.name: `personal_offers` does not read `user.name`",
        "customers.street: the standard `addresses_are_not_for_marketing` forbids this",
        "3 customers: the customer never agreed to `personal_offers` (never_asked",
        "governed SQL\n  SELECT * FROM ",
    ):
        assert words in told


def test_an_engine_error_tells_no_value(shop: Shop) -> None:
    """What a hidden customer is called does not come out in an error; status 1."""
    asked = shop.run("ask", "SELECT CAST(email AS INTEGER) FROM customers", *OFFERS)
    assert (1, "") == (asked.exit_code, asked.stdout)
    assert "a value cannot be turned into the type asked for" in asked.stderr
    assert "@" not in asked.stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "bailee: standard input holds nothing, expected one SELECT\n"),
        (b"SELECT '\xff'", "bailee: standard input holds the byte 0xff, expected UTF-8 text\n"),
    ],
)
def test_standard_input_that_is_no_sql(shop: Shop, given: bytes, message: str) -> None:
    """Empty and binary input is told by what was found."""
    asked = shop.run("ask", "-", *OFFERS, input=given)
    assert (1, message) == (asked.exit_code, asked.stderr)


def test_a_file_of_sql_that_is_missing(shop: Shop, tmp_path: Path) -> None:
    """The message names the file."""
    asked = shop.run("ask", f"@{tmp_path / 'nope.sql'}", *OFFERS)
    assert (1, f"bailee: the SQL in `{tmp_path / 'nope.sql'}` cannot be read: no such file or directory\n") == (
        asked.exit_code,
        asked.stderr,
    )


def test_an_out_folder_that_is_missing(shop: Shop, tmp_path: Path) -> None:
    """The message names the folder."""
    asked = shop.run("ask", LINES, *OFFERS, "--out", tmp_path / "no" / "a.csv")
    assert f"bailee: there is no folder `{tmp_path / 'no'}` for `a.csv`: make it first\n" == asked.stderr


def test_a_spreadsheet_is_warned_of(shop: Shop) -> None:
    """Names that begin like formulas are counted, and disarmed on request."""
    sql, fulfil = "SELECT name FROM customers ORDER BY 1 LIMIT 1", ("--purpose", "fulfil_orders")
    plain, safe = shop.run("ask", sql, *fulfil), shop.run("ask", sql, *fulfil, "--spreadsheet")
    assert ("name\n=-fay\n", "name\n'=-fay\n") == (plain.stdout, safe.stdout)
    assert "bailee: 1 value begins like a formula" in plain.stderr
    assert "formula" not in safe.stderr


def test_may_says_yes_and_no_with_its_status(shop: Shop) -> None:
    """0 and `permitted`, or 3 and the reason; a customer nobody knows is a no."""
    answers = [shop.run("may", customer, *OFFERS) for customer in ("ada", "eve", "nobody")]
    assert [(0, "permitted"), (3, "refused"), (3, "refused")] == [
        (each.exit_code, each.stdout.splitlines()[0]) for each in answers
    ]
    assert (
        "the customer never agreed to `personal_offers` (never_asked; ownership, policy.yaml:26)" in answers[1].stdout
    )
    assert "no customer with this key is on record" in answers[2].stdout


def test_may_as_json(shop: Shop) -> None:
    """A key that begins with a dash follows `--`."""
    document = json.loads(shop.run("may", "--json", *OFFERS, "--", "-fay").stdout)
    assert ("refused", "-fay", ["never_asked"]) == (
        document["decision"],
        document["customer"],
        [reason["code"] for reason in document["reasons"]],
    )


def test_standing_lists_everybody(shop: Shop) -> None:
    """CSV in a pipe: key, whether they are in the purpose, and the code of why not."""
    listed = shop.run("standing", *OFFERS)
    rows = list(csv.DictReader(io.StringIO(listed.stdout, newline="")))
    assert dict.fromkeys(CUSTOMERS[:3], "stands") | dict.fromkeys(CUSTOMERS[3:], "never_asked") == {
        row["customer"]: row["reason"] for row in rows
    }
    assert "bailee: 3 of 6 customers in personal_offers\n" in listed.stderr


def test_standing_as_json(shop: Shop) -> None:
    """The same as one document."""
    document = json.loads(shop.run("standing", *OFFERS, "--json").stdout)
    assert (["customer", "stands", "reason", "until"], 6) == (
        [column["name"] for column in document["columns"]],
        len(document["rows"]),
    )


def test_standing_says_until_when(shop: Shop) -> None:
    """Consent to offers lasts two years; nothing but an act changes the standing of those who were never asked."""
    rows = json.loads(shop.run("standing", *OFFERS, "--json").stdout)["rows"]
    until = {row[0]: row[3] for row in rows}
    found = datetime.fromisoformat(until["ada"]) - datetime.now(UTC)
    assert (None, True) == (until["eve"], timedelta(days=729) < found < timedelta(days=732))


def test_standing_for_an_unknown_purpose_is_refused(shop: Shop) -> None:
    """It is a question like any other."""
    assert 3 == shop.run("standing", "--purpose", "nope").exit_code
