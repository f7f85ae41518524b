"""What a visitor chose before they signed in: offered, taken over by a press, or left; never silently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import bailee
from bailee.collect.receipts.verify import verify_receipt
from bailee.gate.gate import Gate
from bailee.ledger.verify_note import read_vkey
from bailee.people.choices import Said
from bailee.people.kinds import Kind
from bailee.web import who
from tests.gate import shop
from tests.web.mine import browser, served_with, token
from tests.web.served import Served, serving_of

HERE, ELSEWHERE = b"h" * 32, b"e" * 32
SHOP = "https://shop.example"


@pytest.fixture
def mine(home: Path) -> Iterator[Served]:
    with served_with(home, None) as served:
        yield served


def chose(gate: Gate, secret: bytes, act: str, purpose: str = "offers", **more: Any) -> int:
    """Let a visitor say something, as the banner or the form does; returns its sequence."""
    key = who.visitor_key(secret)
    gate.meet(key, born=None, place=None)
    notice = shop.notice(gate, purpose)
    kind = Kind(purpose, act, "banner", notice, "en", more.get("recipient"), more.get("channel"))
    return gate.choose_all([Said(key, kind, gate.clock())])[0].sequence


def device(served: Served, customer: str, secret: bytes | None = HERE) -> httpx.Client:
    """The browser of a customer, with the cookie of a visitor."""
    client = browser(served, customer)
    if secret is not None:
        client.cookies.set("bailee-visitor", who.written(secret), domain="127.0.0.1")
    return client


def offers(page: str) -> list[int]:
    """The choices that a page offers one by one."""
    return [int(each) for each in re.findall(r'<button name="chosen" value="(\d+)"', page)]


def last(gate: Gate, customer: str, purpose: str) -> Any:
    return [each for each in gate.choices(customer) if each.purpose == purpose][-1]


def test_a_yes_and_a_no_are_offered_alike(mine: Served) -> None:
    """Both stand there with the same button, what the account says beside them, and nothing ticked or recorded."""
    yes, no = chose(mine.gate, HERE, "grant"), chose(mine.gate, HERE, "refuse", "research")
    said = {each: mine.gate.choices(each) for each in ("7", "9")}
    with device(mine, "7") as client, device(mine, "9") as other:
        page, never_asked = client.get("/me").text, other.get("/me").text
    part = page[page.index('id="earlier"') : page.index("</section>", page.index('id="earlier"'))]
    buttons = set(re.findall(rf'<button name="chosen" value="(?:{yes}|{no})"[^>]*>([^<]+)<', part))
    assert ([yes, no], {"Take this over"}) == (offers(page), buttons)
    assert [yes, no] == offers(never_asked)
    assert ("You agreed on" in part, "You said no on" in part, "you agreed" in part) == (True, True, True)
    assert ("checked" in part, "<script" in part, "Leave my account as it is" in part) == (False, False, True)
    assert said == {each: mine.gate.choices(each) for each in said}


def test_taken_over_is_an_ordinary_choice_of_now(mine: Served) -> None:
    """Each is recorded under the notice of then, by the press of now, counts at once, and has a receipt."""
    yes, no = chose(mine.gate, HERE, "grant"), chose(mine.gate, HERE, "refuse", "research")
    before = {each.sequence: each for each in mine.gate.choices(who.visitor_key(HERE))}
    with device(mine, "7") as client:
        done = client.post("/me/choices/earlier", data={"csrf": token(client), "chosen": [yes, no]})
        told = client.get(done.headers["location"]).text
        receipt = client.get(f"/me/choices/{last(mine.gate, '7', 'offers').sequence}/receipt")
        again = client.post("/me/choices/earlier", data={"csrf": token(client), "chosen": [yes, no]})
    granted, refused = last(mine.gate, "7", "offers"), last(mine.gate, "7", "research")
    assert [(each.act, each.instrument, each.notice, each.language) for each in (granted, refused)] == [
        ("grant", "checkbox", before[yes].notice, "en"),
        ("withdraw", "checkbox", before[no].notice, "en"),
    ]
    assert granted.at >= before[no].at
    assert "before signing in" in granted.evidence
    assert (mine.gate.may("offers", customer="7").permitted, mine.gate.may("research", customer="7").permitted) == (
        True,
        False,
    )
    proved = verify_receipt(receipt.content, [read_vkey(mine.gate.ledger.vkeys()[0])])
    assert (proved.choice["act"], done.status_code, again.headers["location"]) == ("grant", 303, "/me")
    assert ("you said yes to" in told, "you took your yes to" in told, offers(told)) == (True, True, [])
    assert len(mine.gate.choices("7")) == 4


def test_one_can_be_taken_and_the_rest_left(mine: Served) -> None:
    """One press takes one; leaving hides the others, for this account on this device, until more is said there."""
    yes, no = chose(mine.gate, HERE, "grant"), chose(mine.gate, HERE, "refuse", "research")
    with device(mine, "7") as client:
        client.post("/me/choices/earlier", data={"csrf": token(client), "chosen": no})
        assert offers(client.get("/me").text) == [yes]
        size = len(mine.gate.choices("7"))
        client.post("/me/choices/earlier/leave", data={"csrf": token(client)})
        assert (offers(client.get("/me").text), len(mine.gate.choices("7"))) == ([], size)
        left = client.cookies["bailee-left"]
        new = chose(mine.gate, HERE, "grant", "research")
        assert offers(client.get("/me").text) == [new]
    with device(mine, "8") as other:
        other.cookies.set("bailee-left", left, domain="127.0.0.1")
        assert yes in offers(other.get("/me").text)


def test_nobody_takes_over_what_another_device_said(mine: Served) -> None:
    """By its number alone, without the visitor's secret, a choice is neither shown nor taken."""
    theirs = chose(mine.gate, ELSEWHERE, "grant")
    own = chose(mine.gate, HERE, "refuse", "research")
    of_customer = last(mine.gate, "1", "offers").sequence
    before = mine.gate.choices("7")
    with device(mine, "7") as client, device(mine, "7", None) as bare:
        shown = [offers(each.get("/me").text) for each in (client, bare)]
        csrf = token(client)
        answers = [
            client.post("/me/choices/earlier", data={"csrf": csrf, "chosen": chosen})
            for chosen in (theirs, of_customer, [own, theirs], 10**30)
        ]
        answers.append(bare.post("/me/choices/earlier", data={"csrf": token(bare), "chosen": theirs}))
        header = {"Bailee-Visitor": who.written(ELSEWHERE)}
        answers.append(bare.post("/me/choices/earlier", data={"csrf": token(bare), "chosen": theirs}, headers=header))
    assert shown == [[own], []]
    assert [each.status_code for each in answers] == [303, 303, 412, 303, 303, 303]
    assert mine.gate.choices("7") == before


def test_what_the_account_was_told_later_stands(mine: Served) -> None:
    """A choice of the account's after the visitor's is not questioned; one that says the same neither."""
    chose(mine.gate, HERE, "refuse")
    with device(mine, "1") as client:
        assert len(offers(client.get("/me").text)) == 1
        mine.gate.choose("1", "grant", "offers", notice=shop.notice(mine.gate, "offers"))
        assert offers(client.get("/me").text) == []
        chose(mine.gate, HERE, "grant", "research")
        assert offers(client.get("/me").text) == []


def test_a_yes_to_less_than_todays_terms_is_not_offered(home: Path) -> None:
    """Where the terms were widened since, a yes would not count, so it is asked anew; a no is offered all the same."""
    with bailee.open(home) as gate:
        chose(gate, HERE, "grant")
        chose(gate, HERE, "refuse", "research")
    policy = home / "policy.yaml"
    policy.write_text(
        policy.read_text().replace("keep: 13 months", "keep: 14 months").replace("version: 1", "version: 2")
    )
    with served_with(home, None) as served, device(served, "8") as client:
        page = client.get("/me").text
    assert [each.purpose for each in _of(served, page)] == ["research"]


def _of(served: Served, page: str) -> list[Any]:
    with bailee.open(served.gate.home) as gate:
        return [each for each in gate.choices(who.visitor_key(HERE)) if each.sequence in offers(page)]


def test_a_signal_of_the_visitors_is_the_browsers_to_send(mine: Served) -> None:
    """It is not offered; the browser that still sends it has it honoured for the account, whatever the visitor said."""
    mine.gate.meet(who.visitor_key(HERE), born=None, place=None)
    mine.gate.signal(who.visitor_key(HERE), seen=0)
    yes = chose(mine.gate, HERE, "grant", "research")
    with device(mine, "9") as client:
        assert offers(client.get("/me").text) == [yes]
        page = client.get("/me", headers={"Sec-GPC": "1"}).text
    assert offers(page) == []
    assert [each.instrument for each in mine.gate.choices("9")] == ["gpc"]


def test_a_yes_against_an_older_signal_says_so(mine: Served) -> None:
    """Whoever takes a yes over that their account's signal stands against was told, and it counts."""
    mine.gate.signal("9", seen=0)
    yes = chose(mine.gate, HERE, "grant", "research")
    with device(mine, "9") as client:
        page = client.get("/me").text
        part = page[page.index('id="earlier"') : page.index("</section>", page.index('id="earlier"'))]
        client.post("/me/choices/earlier", data={"csrf": token(client), "chosen": yes})
    taken = last(mine.gate, "9", "research")
    assert ("counts in spite of the signal" in part, taken.conflict_shown) == (True, True)


def test_one_recipient_is_taken_over_for_that_one(mine: Served) -> None:
    """A no to one recipient stays a no to that one."""
    no = chose(mine.gate, HERE, "refuse", "research", recipient="insurer")
    with device(mine, "8") as client:
        page = client.get("/me").text
        client.post("/me/choices/earlier", data={"csrf": token(client), "chosen": no})
        after = client.get("/me").text
    taken = last(mine.gate, "8", "research")
    assert ("Only about Harbour Mutual." in page, offers(after)) == (True, [])
    assert (taken.recipient, mine.gate.may("research", customer="8", recipient="supplier").permitted) == (
        "insurer",
        True,
    )


def test_the_shops_token_brings_the_banners_visitor(home: Path) -> None:
    """The form that leads in may carry the banner's secret; what is no secret is not kept."""
    with serving_of(bailee.open(home), origins=(SHOP,)) as served:
        yes = chose(served.gate, HERE, "grant")
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site", "Origin": SHOP}
        with served.client(headers=headers) as client:
            form = {"token": served.token("7"), "visitor": who.written(HERE)}
            entered = client.post("/me/enter", data=form)
        with served.client(headers=headers) as client:
            wrong = client.post("/me/enter", data={"token": served.token("7", jti="b"), "visitor": "no secret"})
        with served.client(cookies=dict(entered.cookies), headers={"Accept": "text/html"}) as client:
            page = client.get("/me").text
    assert offers(page) == [yes]
    assert ("bailee-visitor" in wrong.cookies, wrong.status_code) == (False, 303)


def test_it_is_said_in_spanish(mine: Served) -> None:
    """The page says all of it in the reader's language."""
    chose(mine.gate, HERE, "grant")
    with device(mine, "7") as client:
        page = client.get("/me", headers={"Accept-Language": "es"}).text
    assert all(each in page for each in ("Antes de entrar", "Pasar esto a mi cuenta", "Dejar mi cuenta como está"))
