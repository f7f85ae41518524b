"""A deal at the command line, from the draft to the confirmed deletion; and mistakes, told without a traceback."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import bailee as package
from bailee.deals import agreeing
from tests.cli.commands import bailee
from tests.deals.shop import PRIVACY, deal_text, make, screen_of

TO = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
COUNSEL = ("--as", "Cora", "--role", "counsel")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    make(folder, datetime.now(UTC))
    return folder


def text(**changed: object) -> str:
    """A deal that runs today, whenever that is."""
    today = datetime.now(UTC).date()
    answers = {"encryption_at_rest": {"answer": "yes", "evidence": "a.pdf", "expires": str(today + timedelta(days=90))}}
    term = {"from": str(today - timedelta(days=1)), "until": str(today + timedelta(days=300))}
    return deal_text(**{"term": term, "due_diligence": answers, **changed})


def screened(home: Path, written: str) -> None:
    with package.open(home) as gate:
        agreeing.screened(gate, written, screen_of(gate, written), actor=PRIVACY)


def test_from_the_draft_to_the_confirmed_deletion(home: Path, tmp_path: Path) -> None:
    """R70: propose, approve by two, agree, release, verify, trace, recall, notices, confirm: each says what it did."""
    file, out, notes = tmp_path / "deal.yaml", tmp_path / "out", tmp_path / "notes"
    out.mkdir(), notes.mkdir()
    file.write_text(text())
    (tmp_path / "key").write_text(f"# Harbour Mutual\n{TO}\n")

    def run(*words: object, status: int = 0) -> str:
        done = bailee("deal", *words, BAILEE_HOME=str(home))
        assert status == done.exit_code, done.output
        return done.output

    assert "no deal is on record yet" in run("list")
    assert "proposed" in run("propose", file, "--as", "Sam")
    refused = run("agree", "basket-study", *COUNSEL, status=3)
    assert "deal_not_screened" in refused
    assert "recorded as ledger entry" in refused
    screened(home, text())
    assert "drafted this deal" in run("approve", "basket-study", "--as", "sam", "--role", "counsel", status=1)
    run("approve", "basket-study", *COUNSEL)
    assert "deal_four_eyes" in run("agree", "basket-study", *COUNSEL, status=3)
    run("approve", "basket-study", "--as", "Pia", "--role", "privacy")
    assert "agreed" in run("agree", "basket-study", *COUNSEL)
    assert "self-declared" in run("show", "basket-study")
    released = run("release", "basket-study", "--key", tmp_path / "key", "--into", out, *COUNSEL)
    assert "released 30 customers" in released
    (folder,) = out.iterdir()
    assert "is as ledger entry" in run("verify", folder)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("learn", "price"))
    assert "is not the one that entry" in run("verify", folder, status=1)
    (tmp_path / "nobodys.csv").write_text("total,store\n1.50,S1\n2.50,S2\n")
    assert "nobody is accused" in run("trace", tmp_path / "nobodys.csv")
    assert "is neither CSV" in run("trace", folder / "orders.parquet.age", status=1)
    assert "no recipient has anything left" in run("notices")
    run("recall", "basket-study", "--why", "They sold it on.")
    assert "all of it, recalled, due by" in run("notices", "--write", notes)
    (note,) = notes.iterdir()
    assert "release.delete" == json.loads(note.read_text())["type"]
    assert "1 deletion is not confirmed" in bailee("status", BAILEE_HOME=str(home)).output
    assert "confirmed" in run("confirm", "1", "--by", "a letter")
    assert "no recipient has anything left" in run("notices")
    shown = json.loads(run("show", "basket-study", "--json"))
    assert ("withdrawn", "a letter") == (shown["state"], shown["deletions"][0]["confirmed_by"])
    assert "deal_not_agreed" in run("release", "basket-study", "--key", TO, "--into", out, *COUNSEL, status=3)


def test_mistakes_are_told(home: Path, tmp_path: Path) -> None:
    """R70: a file that is none, a deal that is none, a key, a range and a condition that cannot be: one line each."""
    for words, status, told in (
        (("propose", tmp_path / "none.yaml"), 1, "cannot be read"),
        (("show", "nothing"), 1, "no deal `nothing` on record"),
        (("approve", "nothing", "--met", "notice"), 2, "write TEST=HOW"),
        (("release", "nothing", "--key", TO, "--into", tmp_path, "--reserved", "9-1"), 2, "is no range"),
        (("confirm", "7", "--by", "x"), 1, "no deletion number 7"),
        (("notices", "--write", tmp_path / "none"), 1, "there is no folder"),
        (("verify", tmp_path / "none"), 1, "there is no folder"),
        (("trace", tmp_path / "none.csv"), 1, "cannot be read"),
    ):
        done = bailee("deal", *words, BAILEE_HOME=str(home))
        output = re.sub(r"[│\s]+", " ", done.output)
        assert (status, True) == (done.exit_code, told in output), done.output
        assert "Traceback" not in done.output


def test_json(home: Path, tmp_path: Path) -> None:
    """R70: every step as one JSON document, with what is missing as reasons with codes."""
    file = tmp_path / "deal.yaml"
    file.write_text(text())
    done = bailee("deal", "propose", file, "--json", BAILEE_HOME=str(home))
    found = json.loads(done.output)
    assert ("basket-study", "proposed") == (found["deal"], found["state"])
    assert "deal_not_screened" in [reason["code"] for reason in found["missing"]]
    refused = bailee("deal", "agree", "basket-study", "--json", BAILEE_HOME=str(home))
    assert (3, "refused") == (refused.exit_code, json.loads(refused.output)["decision"])
