"""A person's copy: complete, checkable, readable without scripts, and about nobody else."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tracemalloc
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

import bailee
from bailee.collect.receipts.verify import verify_receipt
from bailee.errors import FactRejected, WorkspaceError
from bailee.gate.gate import Gate
from bailee.ledger.verify_note import read_vkey
from bailee.ledger.verify_proof import verify_proof
from bailee.rights import words
from bailee.rights.copying import CopyReport, copy
from bailee.rights.pack import Pack, csv_rows
from tests.gate.shop import MARKETING, ORDERS, Clock


def copied(gate: Gate, customer: object, **more: Any) -> tuple[zipfile.ZipFile, CopyReport]:
    file = io.BytesIO()
    report = copy(gate, customer, file, **more)
    return zipfile.ZipFile(io.BytesIO(file.getvalue())), report


def read(found: zipfile.ZipFile, name: str) -> Any:
    return json.loads(found.read(name))


def test_the_manifest_has_every_file_with_its_digest(gate: Gate) -> None:
    """Each file but the manifest itself is listed with its size and SHA-256, and is what that says."""
    found, report = copied(gate, 1)
    manifest = read(found, "manifest.json")
    expected = {
        name: (len(data), hashlib.sha256(data).hexdigest())
        for name in found.namelist()
        if name != "manifest.json"
        for data in [found.read(name)]
    }
    assert expected == {each["name"]: (each["bytes"], each["sha256"]) for each in manifest["files"]}
    assert (len(expected) + 1, None) == (report.files, found.testzip())


def test_all_rows_are_there_twice(gate: Gate, home: Path) -> None:
    """Each table's rows are those of a plain query over the company's file, as JSON and as CSV alike."""
    found, report = copied(gate, 1)
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        plain = con.execute("SELECT order_id, total, coupon FROM orders WHERE customer_id = 1").fetchall()
    rows = read(found, "held/orders.json")
    assert sorted(plain) == sorted((each["order_id"], each["total"], each["coupon"]) for each in rows)
    lines = list(csv.DictReader(io.StringIO(found.read("held/orders.csv").decode())))
    assert [str(each["order_id"]) for each in rows] == [each["order_id"] for each in lines]
    assert {"customers": 1, "orders": 2, "lines": 2, "gifts": 2} == report.held


@pytest.mark.parametrize("customer", [1, 2, 7, 12])
def test_nobody_else_is_in_it(gate: Gate, customer: int) -> None:
    """After uses about everybody and about others, no other customer's key, address or row is in any file."""
    gate.ask(ORDERS, purpose="offers")
    gate.choose(3, "withdraw", "offers", evidence="CANARYEVIDENCE3")
    gate.ask("SELECT total FROM orders WHERE customer_id = 4", purpose="offers")
    found, _ = copied(gate, customer)
    for name in found.namelist():
        data = found.read(name).decode()
        for canary in ("CANARYBOTH", "CANARYOTHER", "CANARYNOBODY", "CANARYEVIDENCE3", "customer_id = 4"):
            assert canary not in data, name
        for other in set(range(1, 13)) - {customer}:
            assert f"person{other}@mail" not in data, name
            assert not re.search(rf"CANARYLINE{other}\b", data), name


def test_what_is_not_shown_is_said(gate: Gate) -> None:
    """Rows that name somebody else are counted; the copy and its page say so."""
    found, report = copied(gate, 1)
    assert [("shared", {"table": "gifts", "count": "3"})] == [(each.kind, each.details) for each in report.missing]
    assert "gifts: 3 rows that name somebody else too" in found.read("index.html").decode()


def test_every_choice_has_its_receipt(gate: Gate) -> None:
    """Each choice is there with a receipt that verifies by the ledger's key."""
    gate.choose(1, "withdraw", "offers")
    found, report = copied(gate, 1)
    key = read_vkey(read(found, "manifest.json")["ledger"]["key"])
    rows = read(found, "choices/choices.json")
    acts = [verify_receipt(found.read(each["receipt"]), [key]).choice["act"] for each in rows]
    assert (["grant", "grant", "withdraw"], 3) == (acts, report.receipts)


def test_every_use_has_its_proof(gate: Gate) -> None:
    """Every line of the timeline has a proof that verifies and says the same; the looks for the copy are among them."""
    gate.ask(ORDERS, purpose="offers")
    gate.ask("SELECT count(*) FROM orders", purpose="campaigns", actor=MARKETING)
    found, report = copied(gate, 1)
    key = read_vkey(read(found, "manifest.json")["ledger"]["key"])
    rows = read(found, "uses/timeline.json")
    proved = [verify_proof(found.read(each["proof"]), [key]) for each in rows]
    assert [(p.position, p.leaf["kind"], p.in_scope) for p in proved] == [
        (each["entry"], each["kind"], each["in_scope"]) for each in rows
    ]
    uses = [(each["purpose"], each["in_scope"]) for each in rows if each["kind"] == "use"]
    assert ("offers", True) in uses
    assert ("campaigns", False) in uses
    assert 4 <= uses.count(("answer_requests", True))
    assert report.uses == len(rows)


def test_what_bailee_keeps_is_there(gate: Gate) -> None:
    """Contacts, restrictions and notices are shown to whom they are about."""
    with gate.database.write() as connection:
        from bailee.people import contacts, customers

        contacts.put(connection, customers.number_of(connection, "1"), "email", "one@mail.example")
    gate.restrict(1)
    found, report = copied(gate, 1)
    assert [{"channel": "email", "address": "one@mail.example"}] == read(found, "kept/contacts.json")
    assert 1 == report.kept["restrictions"]
    assert "1" == read(found, "kept/customer.json")[0]["key"]


class Page(HTMLParser):
    """The elements of a page, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.language: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.language = given.get("lang", self.language)
        self.links += [given["href"] or ""] if "href" in given else []
        assert not any(name.startswith("on") or name == "src" for name in given)


@pytest.mark.parametrize(
    ("asked", "tag", "title"), [("en", "en", "holds about you"), ("es-MX", "es", "guarda sobre usted")]
)
def test_the_page_needs_nothing_else(gate: Gate, asked: str, tag: str, title: str) -> None:
    """It has no script and loads nothing, its links are files of the copy, and it says its language."""
    found, _ = copied(gate, 1, language=asked)
    text = found.read("index.html").decode()
    page = Page()
    page.feed(text)
    assert (set(), tag) == (page.tags & {"script", "img", "link", "iframe", "form"}, page.language)
    assert set() == set(page.links) - set(found.namelist())
    assert page.links
    assert title in text
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text


def test_data_is_only_text_in_the_page(home: Path, clock: Clock) -> None:
    """What a table or a choice says is never markup."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute("UPDATE customers SET email = '<script>alert(1)</script>' WHERE id = 1")
    with bailee.open(home, clock=clock) as gate:
        gate.choose(1, "refuse", "offers", channel="email")
        found, _ = copied(gate, 1)
    assert "<script" not in found.read("index.html").decode()
    assert "<script>alert(1)</script>" == read(found, "held/customers.json")[0]["email"]


def test_the_languages_have_the_same_words() -> None:
    """Every word is there in every language, with the same places to fill."""
    places = [
        {key: sorted(re.findall(r"{(\w+)}", text)) for key, text in each.items()} for each in words.LANGUAGES.values()
    ]
    assert places[0] == places[1]


def test_a_spreadsheet_runs_nothing() -> None:
    """A text that begins like a formula has a mark before it in the CSV."""
    written = b"".join(csv_rows(["a", "b"], [("=1+1", -5), ("plain, text", None)])).decode()
    assert 'a,b\r\n\'=1+1,-5\r\n"plain, text",\r\n' == written
    assert next(csv_rows(["=a", "b"], [])) == b"'=a,b\r\n"


def test_memory_does_not_grow_with_what_is_packed(clock: Clock, tmp_path: Path) -> None:
    """Forty megabytes of pieces go through a few hundred kilobytes."""
    with (tmp_path / "big.zip").open("wb") as file:
        pack = Pack(file, clock())
        tracemalloc.start()
        pack.add("big", (bytes([n % 251]) * 4096 for n in range(10_000)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        pack.close()
    assert peak < 2_000_000
    assert zipfile.ZipFile(tmp_path / "big.zip").testzip() is None


def test_a_copy_needs_no_seeking(gate: Gate, tmp_path: Path) -> None:
    """It can be sent as it is written."""

    class Sent(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, some: Any) -> int:
            self.data += bytes(some)
            return len(some)

    sent = Sent()
    copy(gate, 1, sent)  # type: ignore[arg-type]
    assert zipfile.ZipFile(io.BytesIO(bytes(sent.data))).testzip() is None


def test_nobody_and_no_purpose(gate: Gate, silent: Path) -> None:
    """Somebody who is not on record, or a policy without such a purpose, gives no copy."""
    with pytest.raises(FactRejected):
        copied(gate, "nobody")
    gate.erase(1)
    with pytest.raises(FactRejected):
        copied(gate, 1)


def test_a_policy_without_the_purpose_says_what_to_add(tmp_path: Path, made: Path, clock: Clock) -> None:
    """It is told before anything is written."""
    import shutil

    shutil.copytree(made, tmp_path / "other")
    with (
        bailee.open(tmp_path / "other", clock=clock) as gate,
        pytest.raises(WorkspaceError, match="a purpose with `own_request: true`"),
    ):
        copied(gate, 1)
