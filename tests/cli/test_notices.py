"""`notices` and `import customers`: what a company brings along, and what customers are shown."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Shop

OFFERS, FIGURES = "personal_offers", "sales_figures"


def written(shop: Shop, name: str, *lines: str) -> Path:
    file = shop.home.parent / name
    file.write_text("\n".join((*lines, "")), encoding="utf-8")
    return file


def told(shop: Shop, message: str, *words: object) -> None:
    """The command fails with status 1 and one line that holds the message, and nothing is recorded."""
    before = shop.run("ledger", "head").stdout
    done = shop.run(*words)
    assert (1, "", 1) == (done.exit_code, done.stdout, done.stderr.count("\n")), done.output
    assert message in done.stderr
    assert before == shop.run("ledger", "head").stdout


def test_notices_are_listed_with_their_digests(shop: Shop) -> None:
    """Each with its language, since when, and whether its terms cover today's."""
    lines = shop.run("notices").stdout.splitlines()
    document = json.loads(shop.run("notices", "--json").stdout)
    assert [f"  {shop.notices[key]}" for key in sorted(shop.notices)] == lines[1::2]
    assert all(line.endswith(", covers today's terms") and ", en, since 2" in line for line in lines[::2])
    assert [True] * 4 == [each["covers"] for each in document["notices"]]


def test_a_notice_that_shows_less_than_today_is_told(shop: Shop) -> None:
    """The terms were widened since, so whoever agreed under it must be asked again."""
    policy = shop.home / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("keep: 13 months", "keep: 3 years"), encoding="utf-8")
    lines = shop.run("notices").stdout.splitlines()
    assert [f"  {shop.notices[OFFERS]}"] == [
        below for line, below in pairwise(lines) if "shows less than today's terms" in line
    ]
    told(shop, "none on record covers today's terms; ask again under a new one", "choices", "eve", "grant", OFFERS)


def test_a_new_notice_can_be_cited(shop: Shop) -> None:
    """The digest is printed and is in the ledger with the digest of the terms; the same words again change nothing."""
    file = written(shop, "offers.txt", "May we?")
    made = json.loads(shop.run("notices", "add", OFFERS, file, "--language", "de", "--json").stdout)
    leaf = json.loads(shop.run("ledger", "explain", made["receipt"], "--json").stdout)["leaf"]
    again = shop.run("notices", "add", OFFERS, file, "--language", "de")
    assert ("notice", made["notice"], made["terms"], OFFERS) == tuple(
        leaf[key] for key in ("kind", "notice", "terms", "purpose")
    )
    assert [made["notice"], "on record already"] == again.stdout.splitlines()[1:]
    assert 0 == shop.run("choices", "eve", "grant", OFFERS, "--notice", made["notice"]).exit_code


def test_a_notice_that_cannot_be(shop: Shop) -> None:
    """An unknown purpose, no text, no such file, no text file, no language: one line each."""
    file, empty = written(shop, "offers.txt", "May we?"), written(shop, "empty.txt")
    binary = shop.home.parent / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    told(shop, "did you mean `personal_offers`?", "notices", "add", "personal_ofers", file)
    told(shop, "has no text", "notices", "add", OFFERS, empty)
    told(shop, "nope.txt` cannot be read: no such file", "notices", "add", OFFERS, shop.home / "nope.txt")
    told(shop, "holds the byte 0xff, expected UTF-8", "notices", "add", OFFERS, binary)
    told(shop, "`Deutsch` is no language", "notices", "add", OFFERS, file, "--language", "Deutsch")


def test_what_was_shown_is_never_assumed(shop: Shop) -> None:
    """A grant without a notice names the one that is valid; `latest` cites the newest and says which."""
    told(shop, f"add `--notice {shop.notices[OFFERS]}`, or `latest`", "choices", "eve", "grant", OFFERS)
    newer = json.loads(shop.run("notices", "add", OFFERS, written(shop, "n.txt", "Newer"), "--json").stdout)["notice"]
    told(shop, f"`--notice {shop.notices[OFFERS]}` or `--notice {newer}`", "choices", "eve", "grant", OFFERS)
    told(shop, "none is on record in `fr`", "choices", "eve", "grant", OFFERS, "--language", "fr")
    said = shop.run("choices", "eve", "grant", OFFERS, "--notice", "latest")
    assert (0, f"notice {newer}") == (said.exit_code, said.stdout.splitlines()[1])


def test_all_that_a_choice_may_say(shop: Shop) -> None:
    """Its time, channel, language and evidence are kept; a guardian who was not verified is refused."""
    at = "2026-01-05T10:00:00Z"
    said = shop.run("choices", "ada", "refuse", OFFERS, "--at", at, "--channel", "email", "--language", "de")
    found = json.loads(shop.run("choices", "ada", "--json").stdout)["choices"][0]
    assert (0, at, "email", "de") == (said.exit_code, found["at"], found["channel"], found["language"]), said.output
    told(shop, "no verified guardian", "choices", "ada", "refuse", OFFERS, "--guardian", "bea")
    told(shop, "`nobody`", "choices", "ada", "refuse", OFFERS, "--recipient", "nobody")
    assert 2 == shop.run("choices", "ada", "refuse", OFFERS, "--at", "yesterday").exit_code


def test_whoever_was_given_a_notice_stands(shop: Shop) -> None:
    """Nobody is in a purpose on legitimate interest before; the file counts once, and has a leaf."""
    file = written(shop, "given.csv", "customer,at", *(f"{key},2026-01-05T10:00:00Z" for key in ("ada", "bea", "ada")))
    before, tried = standing(shop), shop.run("notices", "given", FIGURES, file, "--dry-run")
    between, done = standing(shop), shop.run("notices", "given", FIGURES, file)
    again = shop.run("notices", "given", shop.notices[FIGURES], file)
    assert (0, 0, 2) == (before, between, standing(shop))
    assert "would import 2 notices given of 3 rows" in tried.stdout
    assert [f"notice {shop.notices[FIGURES]} of `{FIGURES}`, in en", "imported 2 notices given of 3 rows"] == (
        done.stdout.splitlines()[:2]
    )
    assert "nothing to do: this very file was imported at " in again.stdout
    last = json.loads(shop.run("ledger", "head", "--json").stdout)["size"] - 1
    leaf = json.loads(shop.run("ledger", "explain", last, "--json").stdout)["leaf"]
    assert ("notices_given", 3, shop.notices[FIGURES]) == (leaf["kind"], leaf["count"], leaf["notice"])


def standing(shop: Shop) -> int:
    return json.loads(shop.run("status", "--json").stdout)["standing"][FIGURES]


def test_givings_that_cannot_be(shop: Shop) -> None:
    """Every line is told, nothing is kept; a purpose with several notices must be named by a digest."""
    rows = (
        "customer,at",
        "ada,2026-01-05T10:00:00Z",
        "nobody,2026-01-05T10:00:00Z",
        "bea,2999-01-01T00:00:00Z",
        "bea,",
    )
    file = written(shop, "given.csv", *rows)
    done = shop.run("notices", "given", FIGURES, file)
    lines = done.stderr.splitlines()
    assert (1, 3, 0) == (done.exit_code, len(lines), standing(shop))
    for line, place, words in zip(lines, (3, 4, 5), ("`nobody`", "not come yet", "missing"), strict=True):
        assert line.startswith(f"given.csv:{place}:")
        assert words in line
    told(shop, "there is no registered notice `nope`", "notices", "given", "nope", file)
    shop.run("notices", "add", FIGURES, written(shop, "n.txt", "Newer"))
    told(shop, f"has 2 registered notices: name the one by its digest: `{shop.notices[FIGURES]}`", *given(file))


def given(file: Path) -> tuple[object, ...]:
    return "notices", "given", FIGURES, file


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_customers_are_imported(shop: Shop, suffix: str) -> None:
    """New ones are added with their contract, known ones changed, and the very same file changes nothing."""
    file = shop.home.parent / f"customers.{suffix}"
    rows = {"key": ["gil", "ada"], "born": ["1980-02-03", "1990-02-03"], "place": ["US-VT", ""]}
    rows["contract_since"] = ["2026-01-05T10:00:00Z", ""]
    if suffix == "csv":
        written(shop, file.name, ",".join(rows), *(",".join(row) for row in zip(*rows.values(), strict=True)))
    else:
        pq.write_table(pa.table(rows), file)
    tried, done = shop.run("import", "customers", file, "--dry-run"), shop.run("import", "customers", file)
    again = json.loads(shop.run("import", "customers", file, "--json").stdout)
    assert "would import 1 customer of 2 rows" in tried.stdout
    assert [
        "imported 1 customer of 2 rows",
        "1 was on record already; what the file says of them is on record now",
    ] == (done.stdout.splitlines())
    assert (2, 0, True) == (again["rows"], again["added"], again["already"] is not None)
    assert 0 == shop.run("may", "gil", "--purpose", "fulfil_orders").exit_code
    last = json.loads(shop.run("ledger", "head", "--json").stdout)["size"] - 2
    leaf = json.loads(shop.run("ledger", "explain", last, "--json").stdout)["leaf"]
    assert ("customers_imported", 2) == (leaf["kind"], leaf["count"])


def test_customers_that_cannot_be(shop: Shop) -> None:
    """Each line is told with its column, and nothing is kept."""
    rows = ("key,born,place", "gil,1980-02-30,", "hal,,Atlantis", "gil,,")
    done = shop.run("import", "customers", written(shop, "customers.csv", *rows))
    places = [":".join(line.split(":")[:3]) for line in done.stderr.splitlines()]
    assert (1, ["customers.csv:2:2", "customers.csv:3:3"]) == (done.exit_code, places), done.output
    assert 6 == json.loads(shop.run("status", "--json").stdout)["customers"]


def test_options_stand_after_the_command(shop: Shop) -> None:
    """`--home` before `add` would be lost, so it is refused."""
    done = shop.run("notices", "--home", shop.home, "add", OFFERS, "x")
    assert (2, True) == (done.exit_code, "put it after `add`" in done.stderr)
