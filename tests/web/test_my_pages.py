"""The customer's pages: nobody sees or does anything as another, and hostile words stay words."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import httpx
import pytest

import bailee
from bailee.ledger.verify_note import read_vkey
from bailee.ledger.verify_proof import verify_proof
from bailee.people import contacts, customers
from bailee.rights import uses as rights_uses
from bailee.web import me
from tests.gate import shop
from tests.rights.shop import extend
from tests.web.letterbox import letterbox
from tests.web.mine import EMAIL, browser, served_with, token
from tests.web.served import Served, serving_of

ACTS = (
    "/me/choices",
    "/me/choices/earlier/leave",
    "/me/copy",
    "/me/requests",
    "/me/requests/{number}/cancel",
    "/me/sign-out",
)
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


@pytest.fixture
def mine(home: Path) -> Iterator[Served]:
    """The shop, served, with customers who have addresses."""
    with letterbox() as box, served_with(home, box) as served:
        yield served


def test_each_page_leads_a_stranger_to_sign_in(mine: Served) -> None:
    """Every page and every act of `/me`, but those that are for everybody, leads to signing in, and back."""
    open_to_all = {"/me/sign-in", "/me/in/{secret}", "/me/enter", "/me/check"}
    routes = [(method, each.path) for part in me.ROUTERS for each in part.routes for method in each.methods]
    with browser(mine) as client:
        answers = {
            (method, path): client.request(method, re.sub(r"\{[a-z]+\}", "0", path))
            for method, path in routes
            if path not in open_to_all
        }
    assert len(answers) >= 12
    for (method, path), answer in answers.items():
        led = answer.headers.get("location", "")
        assert (path, answer.status_code, led.startswith("/me/sign-in?back=")) == (path, 303, True)
        assert ("lost=1" in led) == (method == "POST")


def test_nobody_reaches_anothers(mine: Served) -> None:
    """Proofs, receipts and requests of another customer are not there, word for word as what never was."""
    gate = mine.gate
    of_one = gate.may("offers", customer="1") and gate.head().size - 1
    chosen = gate.choose("1", "withdraw", "offers")
    paths = [f"/me/choices/{chosen.sequence}/receipt", f"/me/uses/{chosen.position}/proof", "/me/uses/999999/proof"]
    with browser(mine, "1") as own, browser(mine, "2") as other:
        made = own.post("/me/requests", data={"csrf": token(own), "kind": "erase"})
        number = made.headers["location"].rpartition("=")[2]
        stolen = other.post(f"/me/requests/{number}/cancel", data={"csrf": token(other)})
        seen = other.get("/me/requests?opened=" + number)
        received = own.get(paths[0])
        answers = [other.get(path) for path in paths]
        never = other.get("/me/choices/999999/receipt")
        kept = own.get("/me/requests")
        cancelled = own.post(f"/me/requests/{number}/cancel", data={"csrf": token(own)})
    assert (of_one, received.status_code, stolen.status_code, cancelled.status_code) == (of_one, 200, 404, 303)
    assert [each.status_code for each in answers] == [404, 404, 404]
    assert _told(answers[0]) == _told(never)
    assert (f">{number}<" in kept.text, f">{number}<" in seen.text, "is recorded" in seen.text) == (True, False, False)


def _told(answer: httpx.Response) -> list[str]:
    return re.findall(r'role="alert">\s*<p>(.*?)</p>', answer.text)


@pytest.mark.parametrize("path", ACTS)
def test_an_act_needs_the_token_of_its_session(mine: Served, path: str) -> None:
    """Without the token, or with another session's, nothing is done; nor from another site's page."""
    there = path.replace("{number}", "1")
    with browser(mine, "1") as client, browser(mine, "2") as other:
        good = token(client)
        answers = [
            client.post(there, data={}),
            client.post(there, data={"csrf": token(other)}),
            client.post(there, data={"csrf": good}, headers={"Sec-Fetch-Site": "cross-site"}),
        ]
    assert [each.status_code for each in answers] == [403] * 3 or path in ("/me/choices", "/me/requests")
    assert all(each.status_code in (403, 422) for each in answers)
    assert mine.gate.may("offers", customer="1").permitted


def test_a_choice_is_one_press(mine: Served) -> None:
    """Withdrawing takes one form, the next question honours it, and saying yes again cites the notice on the page."""
    with browser(mine, "1") as client:
        page = client.get("/me").text
        assert "Take my yes back" in page
        done = client.post("/me/choices", data={"csrf": token(client), "purpose": "offers", "act": "withdraw"})
        assert not mine.gate.may("offers", customer="1").permitted
        told = client.get(done.headers["location"].partition("#")[0]).text
        notice = shop.notice(mine.gate, "offers")
        again = {"csrf": token(client), "purpose": "offers", "act": "grant", "notice": notice, "language": "en"}
        back = client.post("/me/choices", data=again)
        late = client.post("/me/choices", data={**again, "notice": "sha256:" + "0" * 64})
    assert "The next question leaves you out" in told
    assert (done.status_code, back.status_code, late.status_code) == (303, 303, 412)
    assert mine.gate.may("offers", customer="1").permitted


def test_a_signal_is_honoured_and_recorded_once(mine: Served) -> None:
    """Global Privacy Control is shown as honoured, and one refusal is recorded however often the page is opened."""
    with browser(mine, "1") as client:
        pages = [client.get("/me", headers={"Sec-GPC": "1"}).text for _ in range(3)]
        other = client.get("/me", headers={"Sec-GPC": "true"}).text
    signals = [each for each in mine.gate.choices("1") if each.instrument == "gpc"]
    assert all("signal is honoured" in page for page in pages)
    assert (len(signals), signals[0].act, "signal is honoured" in other) == (1, "refuse", False)


def test_a_yes_in_spite_of_the_signal_takes_one_press(mine: Served) -> None:
    """Whoever took a yes back and then sends the signal is told of it, and one press still says yes."""
    with browser(mine, "1") as client:
        client.post("/me/choices", data={"csrf": token(client), "purpose": "research", "act": "withdraw"})
        client.get("/me", headers={"Sec-GPC": "1"})
        page = client.get("/me").text
        form = re.search(r'<form[^>]*>(?:(?!</form>).)*value="research"(?:(?!</form>).)*value="grant"', page, re.DOTALL)
        assert form is not None
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
        client.post("/me/choices", data=fields)
        state = client.get("/me").text
    assert (fields["conflict"], "counts in spite of the signal" in page) == ("true", True)
    assert re.search(r'id="purpose-research".*?class="tag good">you agreed<', state, re.DOTALL) is not None


def test_uses_are_listed_with_their_proofs(mine: Served) -> None:
    """Each use says for what, who and whether one was in it, and its proof holds by the independent verifier."""
    gate = mine.gate
    gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING)
    gate.choose("1", "withdraw", "offers")
    gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING)
    with browser(mine, "1") as client:
        page, every = client.get("/me/uses").text, client.get("/me/uses?every=1").text
        entries = re.findall(r"/me/uses/(\d+)/proof", every)
        proofs = [verify_proof(client.get(f"/me/uses/{each}/proof").content, [_key(mine)]) for each in entries]
        one = client.get("/me/uses?purpose=research").text
    assert [each.in_scope for each in proofs] == [False, True]
    assert [int(each) for each in entries] == [each.position for each in proofs]
    assert (page.count("with your data<"), every.count("without your data<")) == (1, 1)
    assert "Your data was not used yet" in one


def test_uses_say_who_asked(mine: Served) -> None:
    """By role and never by name; what the proof does not show is said to be the company's word; in Spanish too."""
    gate = mine.gate
    gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING)
    gate.may("offers", customer="1", actor=bailee.Actor("Zelda Quill", self_declared=False))
    with browser(mine, "1") as client:
        page = client.get("/me/uses").text
        spanish = client.get("/me/uses", headers={"Accept-Language": "es"}).text
    said = [" ".join(re.sub("<[^>]+>", "", each).split()) for each in re.findall(r"Who asked</dt><dd>(.*?)</dd>", page)]
    assert said == [
        "Somebody at Marigold Grocers. No role of theirs was recorded. The proof shows this too.",
        "Marketing, at Marigold Grocers. Whoever it was named this role themselves. "
        "This is Marigold Grocers&#39;s word. The proof does not show it.",
    ]
    assert ("Marketing, de Marigold Grocers." in spanish, "Zelda" in page + spanish) == (True, False)


def test_uses_are_shown_by_the_page(mine: Served) -> None:
    """Twenty at a time, the newest first, with a way on and back; each entry is on one page only."""
    for _ in range(23):
        mine.gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING)
    with browser(mine, "1") as client:
        first = client.get("/me/uses").text
        older = re.search(r'href="(/me/uses\?before=\d+)"', first)
        assert older is not None
        second = client.get(older[1]).text
    entries = [re.findall(r"/me/uses/(\d+)/proof", page) for page in (first, second)]
    assert (len(entries[0]), len(entries[1]), 'rel="next"' in second) == (20, 3, False)
    assert sorted(map(int, entries[0] + entries[1]), reverse=True) == [int(each) for each in entries[0] + entries[1]]


def test_a_long_ledger_is_read_a_part_at_a_time(mine: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that came to its end without a use says so and leads on, minutes that began before it told too."""
    gate = mine.gate
    monkeypatch.setattr(rights_uses, "READ", 2)
    gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING)
    check = gate.checker("offers")
    check("1")
    entry = gate.head().size - 1
    gate.choose("2", "withdraw", "offers")
    check("1")
    check.close()
    gate.choose("2", "refuse", "research")
    gate.choose("3", "refuse", "research")
    pages, path = [], "/me/uses?every=1"
    with browser(mine, "1") as client:
        while path:
            pages.append(client.get(path).text)
            found = re.search(r'href="([^"]*)" rel="next"', pages[-1])
            path = "" if found is None else html.unescape(found[1])
    shown = [int(each) for page in pages for each in re.findall(r"/me/uses/(\d+)/proof", page)]
    assert shown == [entry + 3, entry - 1]
    assert "There is nothing to show in this part of the ledger" in pages[0]
    assert "There is nothing older" in pages[-1]


def _key(served: Served) -> object:
    return read_vkey(served.gate.ledger.vkeys()[0])


def test_the_copy_is_whole(mine: Served) -> None:
    """The ZIP's manifest names each file with its digest, its proofs hold, and nobody else's address is in it."""
    mine.gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING)
    with browser(mine, "1") as client:
        answer = client.post("/me/copy", data={"csrf": token(client)})
    made = zipfile.ZipFile(io.BytesIO(answer.content))
    assert made.testzip() is None
    manifest = json.loads(made.read("manifest.json"))
    listed = {each["name"]: each["sha256"] for each in manifest["files"]}
    assert {*listed, "manifest.json"} == set(made.namelist())
    assert {name: hashlib.sha256(made.read(name)).hexdigest() for name in listed} == listed
    proofs = [name for name in listed if name.endswith(".tlog-proof")]
    assert proofs
    for name in proofs:
        verify_proof(made.read(name), [_key(mine)])
    whole = b"".join(map(made.read, made.namelist()))
    assert (EMAIL.encode() in whole, b"bea.two" in whole) == (True, False)
    rows = list(csv.DictReader(io.StringIO(made.read("choices/choices.csv").decode("utf-8-sig"))))
    assert [row["purpose"] for row in rows] == [each.purpose for each in mine.gate.choices("1")]


def test_a_request_is_acknowledged_and_cancelled(mine: Served) -> None:
    """It gets a number and a day, is listed with its state, and can be taken back; a correction needs words."""
    with browser(mine, "1") as client:
        csrf = token(client)
        empty = client.post("/me/requests", data={"csrf": csrf, "kind": "correct", "text": "  "})
        asked = client.post("/me/requests", data={"csrf": csrf, "kind": "correct", "text": "My name is Ada."})
        shown = client.get(asked.headers["location"]).text
        number = asked.headers["location"].rpartition("=")[2]
        ended = client.post(f"/me/requests/{number}/cancel", data={"csrf": csrf})
        after = client.get(ended.headers["location"]).text
        twice = client.post(f"/me/requests/{number}/cancel", data={"csrf": csrf})
        unknown = client.post("/me/requests", data={"csrf": csrf, "kind": "money"})
    assert [each.status_code for each in (empty, asked, ended, twice, unknown)] == [422, 303, 303, 404, 422]
    assert ("My name is Ada." in shown, "at the latest" in shown, "cancelled" in after) == (True, True, True)


def test_tables_are_shown_one_at_a_time(mine: Served) -> None:
    """The company's tables are counted without a look; one that is opened shows one's own rows, and is recorded."""
    with browser(mine, "1") as client:
        before = mine.gate.head().size
        counted = client.get("/me/data")
        assert mine.gate.head().size == before
        lines = client.get("/me/data?table=lines").text
        other = client.get("/me/data?table=gifts").text
        none = client.get("/me/data?table=nothing")
    leaves = [mine.gate.leaf(each) for each in range(before, mine.gate.head().size)]
    assert ("Orders" in counted.text, "CANARYLINE1<" in lines, "CANARYLINE2" in lines) == (True, True, False)
    assert ("mine alone" in other, "CANARY" in other, none.status_code) == (True, False, 404)
    assert leaves
    assert {each["purpose"] for each in leaves} == {"answer_requests"}


def test_my_amounts_are_money(home: Path) -> None:
    """Where the map says their currency, amounts are read as money; one's copy has them bare, and says in what."""
    extend(home)
    datamap = home / "datamap.yaml"
    datamap.write_text(datamap.read_text().replace("{measure: true}", "{measure: true, currency: USD}"))
    with serving_of(bailee.open(home)) as served, browser(served, "1") as client:
        page = client.get("/me/data?table=orders").text
        spanish = client.get("/me/data?table=orders", headers={"Accept-Language": "es"}).text
        made = zipfile.ZipFile(io.BytesIO(client.post("/me/copy", data={"csrf": token(client)}).content))
    totals = [row["total"] for row in json.loads(made.read("held/orders.json"))]
    assert totals
    assert all(isinstance(each, int) for each in totals)
    assert all(f">${each:,}.00<" in page for each in totals)
    assert all(f">{each:,}".replace(",", ".") + ",00\xa0US$<" in spanish for each in totals)
    assert "orders: total in US dollars (USD)." in made.read("index.html").decode()


def test_a_request_is_asked_once(mine: Served) -> None:
    """Asking the same again says that it is open already, under its number."""
    with browser(mine, "1") as client:
        asked = [client.post("/me/requests", data={"csrf": token(client), "kind": "object"}) for _ in range(2)]
        told = client.get(asked[1].headers["location"]).text
    numbers = [each.headers["location"].rpartition("=")[2] for each in asked]
    assert (numbers[0] == numbers[1], "still open" in told) == (True, True)


@pytest.fixture
def hostile(home: Path) -> Iterator[Served]:
    """A shop whose policy, customers and requests are full of markup."""
    extend(home)
    with duckdb.connect(str(home / "warehouse.duckdb")) as warehouse:
        warehouse.execute(
            "UPDATE lines SET title = ? WHERE order_id IN (SELECT order_id FROM orders WHERE customer_id = 1)", [EVIL]
        )
    policy = home / "policy.yaml"
    text = policy.read_text().replace("title: Offers", f"title: {json.dumps(EVIL)}", 1)
    policy.write_text(text.replace("company: Marigold Grocers", f"company: {json.dumps('Evil <b>& Co')}"))
    with bailee.open(home) as gate, gate.database.write() as connection:
        number = customers.number_of(connection, "1")
        contacts.put(connection, number, contacts.EMAIL, "<script>alert(3)</script>@example.com")
    with letterbox() as box, serving_of(bailee.open(home), mail=box.mail) as served:
        yield served


def test_hostile_words_stay_words(hostile: Served) -> None:
    """Markup in titles, addresses, requests, and in every word of an address line is shown, and never is markup."""
    hostile.gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING)
    with browser(hostile, "1") as client:
        csrf = token(client)
        client.post("/me/requests", data={"csrf": csrf, "kind": "correct", "text": EVIL})
        client.post("/me/choices", data={"csrf": csrf, "purpose": "offers", "act": "withdraw"})
        said = hostile.gate.choices("1")[-1].sequence
        paths = [
            "/me",
            f"/me?said={said}",
            "/me/uses?every=1",
            "/me/data",
            "/me/requests",
            "/me/check",
            "/me/data?table=lines",
        ]
        reflected = [
            ("/me/uses", {"purpose": EVIL}), ("/me/sign-in", {"back": EVIL}), ("/me/sign-in", {"ended": EVIL}),
            ("/me", {"language": EVIL}), ("/me", {"x": EVIL}), ("/me/in/" + "A" * 43, {"back": EVIL}),
            ("/me/requests", {"kind": EVIL}), (f"/me/{EVIL}", {}), ("/me/uses", {"before": EVIL}),
        ]  # fmt: skip
        pages = [client.get(path) for path in paths] + [client.get(path, params=asked) for path, asked in reflected]
        pages.append(client.post("/me/choices", data={"csrf": csrf, "purpose": EVIL, "act": "withdraw"}))
        pages.append(client.post("/me/sign-in", data={"email": EVIL, "back": EVIL}))
        copy = client.post("/me/copy", data={"csrf": csrf}).content
    assert "&lt;script&gt;alert(1)" in pages[6].text
    for page in pages:
        assert re.search(r"<script>alert|<img src=x|<b>& Co|>49<", page.text) is None, page.url
        assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    index = zipfile.ZipFile(io.BytesIO(copy)).read("index.html").decode()
    assert "<script>alert" not in index


@pytest.mark.parametrize("path", ["/me/choices/0/receipt", "/me/uses/-1/proof", "/me/uses/0/proof", "/me?said=9"])
def test_what_does_not_concern_one_is_not_there(mine: Served, path: str) -> None:
    """Positions and sequences that are out of range, or somebody else's, are told in words."""
    with browser(mine, "1") as client:
        assert client.get(path).status_code in (200, 404)


def test_a_customer_without_anything_sees_what_to_do(home: Path, tmp_path: Path) -> None:
    """Somebody who never said anything, and of whom no data was used, finds pages that say so."""
    other = shutil.copytree(home, tmp_path / "other")
    with serving_of(bailee.open(other)) as served:
        served.gate.meet("newcomer")
        with browser(served, "newcomer") as client:
            pages = [client.get(path).text for path in ("/me", "/me/uses", "/me/requests", "/me/data")]
    for page, words in zip(
        pages,
        ("You have not said anything yet", "Your data was not used yet", "You have not asked for", "Customer number"),
        strict=True,
    ):
        assert words in page
