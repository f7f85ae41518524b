"""A screen is recorded with its verdict, comes out the same again, and fails closed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bailee.deals import records, screen
from bailee.deals.as_json import document
from bailee.deals.evidence import Evidence
from bailee.deals.finding import Chart, Figure, Finding, Nearest, Outcome, Screen, Series, Verdict
from bailee.deals.finding import Test as Kind
from bailee.deals.model import Wanted
from bailee.deals.page import page
from bailee.errors import DeidError
from bailee.gate.gate import Gate
from bailee.vocabulary import Principle
from tests.deals.screens import shop


@pytest.fixture
def refused(gate: Gate) -> Screen:
    return screen.screen(gate, shop.deal(), actor=shop.COUNSEL, seed=7, nearest=False)


def test_all_ten_tests_speak_in_their_order(refused: Screen) -> None:
    """Whatever they find, each has a sentence that ends, a reason, and something to appeal to."""
    assert list(Kind) == [each.test for each in refused.findings]
    assert Verdict.REFUSED is refused.verdict
    assert all(each.sentence.endswith(".") and each.reason for each in refused.findings)


def test_a_screen_is_an_entry_that_shows_its_verdict(gate: Gate, refused: Screen) -> None:
    """The leaf has digests, verdict and seed; who and what stands in the private record."""
    leaf, record = gate.leaf(refused.receipts[-1]), gate.record(refused.receipts[-1]) or {}
    assert ("screen", "refused", 7) == (leaf["kind"], leaf["verdict"], leaf["seed"])
    assert (records.digest(refused.deal), gate.promise.digest) == (leaf["deal"], leaf["policy"])
    assert ("harbour", "insurer") == (record["deal"], record["recipient"])
    assert {test.value for test in Kind} == set(record["findings"])
    assert list(refused.receipts[:-1]) == record["looks"]
    assert gate.verify().size == gate.head().size


def test_the_verdict_is_found_by_the_deal_alone(gate: Gate, refused: Screen) -> None:
    """Of just this version under the policy in force; of any other there is none."""
    found = records.screened(gate, shop.deal())
    assert found is not None
    assert (Verdict.REFUSED, refused.receipts[-1]) == (found.verdict, found.receipt)
    assert records.screened(gate, shop.deal(exclusive=True)) is None


def test_the_digest_is_of_what_the_file_says(gate: Gate) -> None:
    """Neither layout nor remarks nor lines change it; each word that means something does."""
    from bailee.deals.document import parse_deal

    laid_out = parse_deal("# a remark\n" + shop.DEAL.replace("effects: [price]", "effects: price"), shop.policy())
    assert records.digest(shop.deal()) == records.digest(laid_out)
    other = parse_deal(shop.DEAL.replace("1 per 1 month", "2 per 1 month"), shop.policy())
    assert records.digest(shop.deal()) != records.digest(other)


def test_the_same_again(gate: Gate, refused: Screen) -> None:
    """With the same seed over the same data every finding is the same."""
    again = screen.screen(gate, shop.deal(), actor=shop.COUNSEL, seed=7, nearest=False)
    assert refused.findings == again.findings


def test_a_recipient_s_earlier_deals_are_known(gate: Gate, refused: Screen) -> None:
    """The next deal with them, and only that, sees that one was refused."""
    day = refused.at.date()
    assert (("harbour", "refused", day),) == records.history(gate, "insurer", but=shop.deal(key="harbour-2"))
    assert () == records.history(gate, "insurer", but=shop.deal())
    assert () == records.history(gate, "somebody", but=shop.deal(key="harbour-2"))


def test_a_test_that_is_not_there_refuses(offered: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is acceptable because nobody looked."""
    monkeypatch.setattr(screen, "TESTS", {test: look for test, look in screen.TESTS.items() if test is not Kind.LAW})
    found = screen.found(Kind.LAW, offered)
    assert (Outcome.REFUSED, True) == (found.outcome, found.sentence.startswith("Not measured"))


def test_a_test_of_rows_that_could_not_be_seen_refuses(offered: Evidence) -> None:
    """With the reason why they could not."""
    found = screen.found(Kind.IDENTIFICATION, replace(offered, lacking={"orders": "nobody may"}))
    assert Outcome.REFUSED is found.outcome
    assert "nobody may" in found.sentence


def test_a_test_that_cannot_measure_refuses(offered: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    """What de-identification cannot do is told, and is no pass."""

    def fails(_: Evidence) -> Finding:
        raise DeidError("there is nothing to measure")

    monkeypatch.setattr(screen, "TESTS", {Kind.LAW: fails})
    assert "there is nothing to measure" in screen.found(Kind.LAW, offered).sentence


def test_what_lacks_refuses_the_deal(gate: Gate) -> None:
    """A deal for a column that the company itself may not see is screened, and refused."""
    hidden = {"notes": Wanted("notes", table="orders", columns=("note",))}
    found = screen.screen(gate, shop.deal(wanted=hidden), actor=shop.COUNSEL, seed=1)
    assert Verdict.REFUSED is found.verdict
    assert "could not be looked at" in found.findings[Kind.MINIMISATION.number - 1].sentence


def test_progress_ends_where_it_said(gate: Gate) -> None:
    """It never goes back, and comes to its end."""
    told: list[tuple[int, int, str]] = []
    screen.screen(gate, shop.deal(), actor=shop.COUNSEL, progress=lambda *each: told.append(each), nearest=False)
    assert [each[0] for each in told] == sorted(each[0] for each in told)
    assert told[-1][0] == told[-1][1]


# What is made of it ---------------------------------------------------------------------------------------------------


def made(*findings: Finding, **more: Any) -> Screen:
    return Screen(shop.deal(), "sha256:" + "0" * 64, "sha256:" + "1" * 64, shop.NOW, 3, findings, **more)


def finding(**more: Any) -> Finding:
    known = {"test": Kind.LAW, "outcome": Outcome.CONDITION, "sentence": "It <is> so.", "reason": "Because."}
    return Finding(**{**known, "principle": Principle.PRIVACY, **more})


class Read(HTMLParser):
    """What a page holds: its elements, ids, links and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.described: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "aria-labelledby":
                self.described.append(value or "")
            if name in ("href", "src", "srcset", "action", "data", "xlink:href"):
                self.links.append(value or "")
            assert not name.startswith("on")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_is_whole_and_asks_for_nothing(refused: Screen) -> None:
    """No script, no link but to itself, each id once, each reference answered, each chart with its table beneath."""
    text = page(refused, shop.policy())
    read = Read(text)
    assert set(read.tags).isdisjoint({"script", "link", "img", "iframe", "object", "form", "input"})
    assert {link[:1] for link in read.links} == {"#"}
    assert len(read.ids) == len(set(read.ids))
    assert {link[1:] for link in read.links}.union(read.described) <= set(read.ids)
    assert not re.search(r"url\(|@import|https?:", text)
    figures = re.findall("<figure>(.*?)</figure>", text, re.DOTALL)
    assert all(each.rindex("</svg>") < each.index("<table>") for each in figures if "<svg" in each)
    said = " ".join(read.texts)
    assert all(each.test.value in said.lower() for each in refused.findings)


def test_words_of_files_stay_words(refused: Screen) -> None:
    """Whatever a deal's file says, it is text on the page."""
    nasty = replace(refused, deal=replace(refused.deal, title="<script>alert(1)</script>", intention='"><b>x'))
    text = page(nasty, shop.policy())
    assert "<script>" not in text
    assert "<b>x" not in text
    assert "&lt;script&gt;" in text


def test_every_kind_of_chart_is_drawn_within_its_box() -> None:
    """Bars from zero, negative ones too; ranges; a line; and nothing where there are no numbers."""
    rows = (("a", -2.0, 4.0), ("b", None, None), ("c", 6.0, 6.0))
    for chart in Chart:
        text = page(made(finding(series=(Series("S", ("k", "low", "high"), rows, chart),))), shop.policy())
        assert "<svg" in text
        for share in re.findall(r'(?:x|width)="([-0-9.]+)%"', text):
            assert 0 <= float(share) <= 100
    none = page(made(finding(series=(Series("S", ("k", "w"), (("a", "b"),), Chart.BARS),))), shop.policy())
    assert "<svg" not in none


def test_the_nearest_version_stands_on_the_page_and_in_the_document(refused: Screen) -> None:
    """What it keeps, what it changes and why, and its whole file."""
    nearest = Nearest(
        shop.deal(),
        "deal: nearer\n",
        (("form", "identified", "aggregate", "rows name people"),),
        0.83,
        {"spent": 0.83},
        12,
    )
    found = replace(refused, nearest=nearest)
    text = page(found, shop.policy())
    assert "83 %" in text
    assert "rows name people" in text
    assert "deal: nearer" in text
    said = json.loads(json.dumps(document(found), default=str))
    assert ("form", "deal: nearer\n") == (said["nearest"]["changes"][0]["path"], said["nearest"]["text"])


def test_the_document_has_no_number_that_json_lacks() -> None:
    """A figure without bound is null."""
    odd = finding(figures=(Figure("x", float("inf"), "share", float("nan"), None),))
    said = document(made(odd))["findings"][0]["figures"][0]
    assert (None, None, None) == (said["value"], said["low"], said["high"])
    json.dumps(document(made(odd)), default=str, allow_nan=False)


def test_nothing_of_a_person_is_on_the_page(refused: Screen, tmp_path: Path) -> None:
    """No key of a customer with their values, and no text of a row."""
    text = page(refused, shop.policy()) + json.dumps(document(refused), default=str)
    assert "CANARY" not in text
