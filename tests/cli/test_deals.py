"""`bailee deal`: a file is begun, looked over and weighed, and the status says whether it was refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bailee.cli import drafting
from bailee.cli.verdict import following
from bailee.deals.document import parse_deal
from bailee.deals.finding import Finding, Nearest, Outcome, Screen
from bailee.deals.finding import Test as Kind
from bailee.deals.questions import QUESTIONS
from bailee.policy.document import parse_policy
from bailee.vocabulary import Actor, Principle
from tests.cli.commands import bailee
from tests.deals.screens import shop

DRAFT = {
    "--deal": "harbour-groups",
    "--title": "Groups: what they buy, and when",
    "--purpose": "research",
    "--intention": "Learn.",
    "--table": "orders",
    "--columns": "customer_id, product_id, total",
    "--learns": "What sells",
    "--question": "SELECT product_id, sum(total) AS spent FROM orders GROUP BY product_id",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("offered") / "shop"
    shop.make(home)
    (home / "offer.yaml").write_text(shop.DEAL)
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "shop"
    shutil.copytree(built, copied)
    return copied


def options(home: Path, **changed: str | None) -> list[str]:
    said = {**DRAFT, **{f"--{name}": value for name, value in changed.items()}}
    return [word for name, value in said.items() if value is not None for word in (name, value)] + ["--home", str(home)]


def test_a_refused_deal_ends_with_three(home: Path) -> None:
    """The verdict stands first, each test has its line, and the last entry of the ledger is named."""
    done = bailee("deal", "screen", home / "offer.yaml", "--role", "counsel", "--seed", 3, "--quick", "--home", home)
    assert 3 == done.exit_code, done.output
    lines = done.stdout.splitlines()
    assert lines[3].startswith("REFUSED: ")
    assert all(any(line.startswith(f"{test.number:>2}  {test.value}") for line in lines) for test in Kind)
    assert "seed 3" in done.stdout
    assert "what would mend it" in done.stdout


def test_the_same_as_a_document_and_a_page(home: Path) -> None:
    """`--json` prints one document, `--html` writes a page whole, and not over one."""
    page = home / "page.html"
    words = ("deal", "screen", home / "offer.yaml", "--role", "counsel", "--quick", "--home", home, "--html", page)
    done = bailee(*words, "--json")
    assert 3 == done.exit_code
    said = json.loads(done.stdout)
    assert ("refused", 10, str(page)) == (said["verdict"], len(said["findings"]), said["html"])
    assert page.read_text("utf-8").startswith("<!doctype html>")
    again = bailee(*words)
    assert (1, "") == (again.exit_code, again.stdout)
    assert "exists already" in again.stderr
    assert 3 == bailee(*words, "--force").exit_code


def test_explained_it_has_every_figure(home: Path) -> None:
    """Every figure, table and remedy of each test, within the terminal's width."""
    short = bailee("deal", "screen", home / "offer.yaml", "--role", "counsel", "--quick", "--home", home)
    long = bailee("deal", "screen", home / "offer.yaml", "--role", "counsel", "--quick", "--explain", "--home", home)
    assert "score of the due diligence" not in short.stdout
    assert "score of the due diligence" in long.stdout
    assert "-> " in long.stdout
    assert max(len(line) for line in long.stdout.splitlines() if "deal propose" not in line) <= 100


def test_who_may_not_weigh_offers_is_refused(home: Path) -> None:
    """Without the role the gate refuses, with its reason, and the refusal is recorded."""
    done = bailee("deal", "screen", home / "offer.yaml", "--role", "analyst", "--home", home)
    assert (3, "") == (done.exit_code, done.stdout)
    assert "is for the roles counsel" in done.stderr
    assert "recorded as ledger entry" in done.stderr


def test_a_wrong_file_is_told_with_its_place(home: Path) -> None:
    """File, line and column, as `check` and `screen` tell them; nothing is recorded."""
    wrong = home / "wrong.yaml"
    wrong.write_text(shop.DEAL.replace("total]", "totl]"))
    for command in ("check", "screen"):
        done = bailee("deal", command, wrong, "--home", home)
        assert (1, "") == (done.exit_code, done.stdout)
        assert "wrong.yaml:13:62: `orders` has no column `totl` in the data map; did you mean `total`?" in done.stderr
    said = json.loads(bailee("deal", "check", wrong, "--home", home, "--json").stdout)
    assert ("DealError", 13) == (said["error"], said["problems"][0]["line"])
    gone = bailee("deal", "check", home / "none.yaml", "--home", home)
    assert "none.yaml:1:1: the deal cannot be read: no such file or directory" in gone.stderr


def test_a_right_file_may_be_advised(home: Path) -> None:
    """Warnings do not fail."""
    done = bailee("deal", "check", home / "offer.yaml", "--home", home)
    assert 0 == done.exit_code
    assert "offer.yaml:16:1: warning: nobody need ever delete it" in done.stdout
    assert "0 errors," in done.stdout


def test_the_questions_are_all_printed() -> None:
    """With what counts as an answer; as a document too. No workspace is needed."""
    done = bailee("deal", "questions")
    assert 0 == done.exit_code
    assert all(each.key in done.stdout and each.ask in done.stdout for each in QUESTIONS)
    said = json.loads(bailee("deal", "questions", "--json").stdout)["questions"]
    assert [each.key for each in QUESTIONS] == [each["key"] for each in said]
    assert {"yes": 1.0, "partly": 0.5, "no": 0.0} == said[0]["answers"]


def test_a_new_file_is_whole_and_never_over_one(home: Path) -> None:
    """What is written passes `check`; what is there stays."""
    file = home / "new.yaml"
    done = bailee("deal", "new", file, *options(home))
    assert 0 == done.exit_code, done.output
    assert 0 == bailee("deal", "check", file, "--home", home).exit_code
    text = file.read_text("utf-8")
    assert "customer_gains: Better food." in text.replace('"', "")
    again = bailee("deal", "new", file, *options(home, title="Other"))
    assert (1, text) == (again.exit_code, file.read_text("utf-8"))
    assert "exists already and was left as it is" in again.stderr


@pytest.mark.parametrize("form", ["identified", "pseudonymous", "deidentified", "aggregate"])
def test_each_form_can_be_begun(home: Path, form: str) -> None:
    """With what each form must state."""
    done = bailee("deal", "new", home / f"{form}.yaml", *options(home, form=form))
    assert 0 == done.exit_code, done.output


def test_nothing_is_written_where_anything_is_wrong(home: Path) -> None:
    """Every mistake is told, with the place that it would have."""
    done = bailee("deal", "new", home / "new.yaml", *options(home, to="insurers", ends="soon", columns="totl"))
    assert 1 == done.exit_code
    assert "unknown recipient `insurers`" in done.stderr
    assert "found `soon`, expected a date" in done.stderr
    assert not (home / "new.yaml").exists()


def test_without_a_terminal_what_lacks_is_named(home: Path) -> None:
    """All of it at once."""
    done = bailee("deal", "new", home / "new.yaml", *options(home, deal=None, question=None))
    assert 2 == done.exit_code
    assert "expected --deal, --question too" in " ".join(done.stderr.split())


def test_on_a_terminal_it_asks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the options leave out is asked for, with what may be answered; a wrong word is asked for again."""
    monkeypatch.setattr(drafting, "watched", lambda: True)
    said = "\n".join(["insurers", "insurer", "", "", "", "", "", ""]) + "\n"
    left = options(home)
    done = bailee("deal", "new", home / "new.yaml", *left, input=said)
    assert 0 == done.exit_code, done.output
    assert "`insurers` is none of them" in done.stderr
    assert "recipient: insurer\n" in (home / "new.yaml").read_text("utf-8")


def test_the_nearest_version_is_written_as_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one, whole and not over one; where there is none, that is said."""
    file = home / "nearer.yaml"
    words = ("deal", "screen", home / "offer.yaml", "--role", "counsel", "--home", home, "--nearest", file)

    def none(screened: Screen, evidence: object) -> Screen:
        return replace(screened, no_version="nobody stands")

    monkeypatch.setattr("bailee.deals.screen._with_nearest", none)
    done = bailee(*words)
    assert "no version that would pass: nobody stands" in done.stdout
    assert "there is no version to write" in done.stderr
    assert not file.exists()

    def one(screened: Screen, evidence: object) -> Screen:
        changes = (("form", "identified", "aggregate", "rows name people"), ("intention", "x", "y" * 200, "shorter"))
        return replace(screened, nearest=Nearest(screened.deal, shop.DEAL, changes, 0.834, {"spent": 0.834}, 12))

    monkeypatch.setattr("bailee.deals.screen._with_nearest", one)
    done = bailee(*words)
    assert "keeps 83 % of what was asked for" in done.stdout
    assert "form: aggregate  (rows name people)" in done.stdout
    assert f"bailee deal screen {file} --role counsel" in " ".join(done.stdout.split())
    assert "y" * 81 not in done.stdout
    assert shop.DEAL == file.read_text("utf-8")
    assert 1 == bailee(*words).exit_code


def test_only_a_proposed_deal_has_its_screen_noted(home: Path) -> None:
    """Whoever weighs an offer does not propose it, or they could not approve it; once proposed, its screen counts."""
    words = ("deal", "screen", home / "offer.yaml", "--role", "counsel", "--as", "Cora", "--quick", "--home", home)
    assert "a refused deal is never agreed: change it" in bailee(*words).stdout
    assert [] == json.loads(bailee("deal", "list", "--home", home, "--json").stdout)["deals"]
    assert 0 == bailee("deal", "propose", home / "offer.yaml", "--as", "Sam", "--home", home).exit_code
    assert 3 == bailee(*words).exit_code
    (deal,) = json.loads(bailee("deal", "list", "--home", home, "--json").stdout)["deals"]
    assert "refused" == deal["state"]


def test_what_comes_next_depends_on_the_verdict() -> None:
    """A deal that is refused leads to its nearest version, one that is not to being proposed, and only until it is."""

    def told(*outcomes: Outcome, nearest: Path | None = None, best: bool = False, proposed: bool = False) -> str:
        findings = tuple(
            Finding(test, each, "", "", Principle.PRIVACY) for test, each in zip(Kind, outcomes, strict=True)
        )
        deal = parse_deal(shop.DEAL, parse_policy(shop.POLICY.decode()))
        found = Nearest(deal, "", (), 0.5, {}, 1) if best else None
        made = Screen(deal, "", "", shop.NOW, 7, findings, nearest=found)
        return " ".join(following(made, Path("offer.yaml"), nearest, Actor("Cora"), proposed=proposed))

    refused, passed = (Outcome.REFUSED, *[Outcome.PASSED] * 9), [Outcome.PASSED] * 10
    assert "bailee deal propose offer.yaml" in told(*passed)
    assert not told(*passed, proposed=True)
    assert "change it, and screen it again" in told(*refused)
    assert told(*refused, best=True).endswith("bailee deal screen offer.yaml --nearest offer-nearest.yaml")
    assert told(*refused, best=True, nearest=Path("n.yaml"), proposed=True).endswith("bailee deal screen n.yaml")
