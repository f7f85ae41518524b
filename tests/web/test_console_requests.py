"""The console's desk of requests: who sees what of them, what is recorded, and what a form may do."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import bailee
from bailee.rights import requests
from tests.gate.shop import Clock
from tests.web.console import OURS, Staff, signed_in
from tests.web.served import Served, serving_of

PURPOSE = """
  answers:
    title: Answer what you ask
    use: essential.legal_obligation
    basis: legal_obligation
    law: GDPR article 12(3)
    effects: [serve]
    why: Whoever answers must see what was asked.
    customer_gains: An answer.
    company_gains: Trust.
    reads: {user.privacy_preferences: clear}
    keep: 2 years
    roles: [service]
recipients:
"""
#: A second purpose that would do as well.
OTHER = PURPOSE.replace("answers:", "complaints:").replace("Answer what you ask", "Settle complaints")
XSS = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"


@pytest.fixture
def home(home: Path) -> Path:
    """The shop, whose service answers people."""
    policy = home / "policy.yaml"
    text = policy.read_text().replace("\nrecipients:\n", PURPOSE, 1)
    policy.write_text(text.replace("\nroles:\n", "\nroles:\n  service: {title: Service}\n", 1))
    return home


@pytest.fixture
def clock() -> Clock:
    """Noon of a day in November."""
    return Clock()


@pytest.fixture
def served(home: Path, clock: Clock) -> Iterator[Served]:
    """The shop, served, with two requests: the first more urgent."""
    with serving_of(bailee.open(home, clock=clock)) as running:
        requests.open(running.gate, 1, "correct", text="CANARY my name is Ada")
        clock.forward(days=3)
        requests.open(running.gate, 2, "erase")
        yield running


@pytest.fixture
def service(served: Served) -> Iterator[Staff]:
    """A member of staff who answers people."""
    with signed_in(served, "service", name="Zelda Quill") as found:
        yield found


def shows(answer: httpx.Response, *texts: str) -> bool:
    """Whether a page has these words."""
    page = html.unescape(re.sub(r"\s+", " ", re.sub(r"</?code>", "`", answer.text)))
    return all(text in page for text in texts)


def test_the_list_is_by_urgency_and_names_nobody(served: Served, clock: Clock) -> None:
    """The most urgent first, what is late said in words, and no key or word of a customer's; nothing is recorded."""
    clock.forward(days=28)
    before = served.gate.head().size
    with signed_in(served, "service") as service:
        page, figures = service.get("/requests"), service.get("/")
    assert served.gate.head().size == before
    assert re.findall(r"Request (\d)", page.text) == ["1", "2"]
    assert shows(page, "overdue by 1 day", "2 days left", "Correct something", "Erase their data")
    assert "CANARY" not in page.text
    assert shows(figures, "1 request is overdue.", "1 request is to be answered within a week.")
    assert 'href="/requests"' in figures.text


def test_a_look_is_recorded_about_the_customer(served: Served, service: Staff) -> None:
    """What was asked is shown for the purpose, and the ledger says who looked at which request."""
    before = served.gate.head().size
    page = service.get("/requests/1")
    assert shows(page, "CANARY my name is Ada", f"entry {before}", "December 22, 2026", "Correct something")
    leaf, record = served.gate.leaf(before), served.gate.record(before)
    assert (leaf["kind"], leaf["purpose"], leaf["decision"], leaf["about"]) == ("use", "answers", "answered", "some")
    assert record is not None
    assert ("request", 1, "1", "Zelda Quill") == (
        record["question"],
        record["request"],
        record["customer"],
        record["actor"]["name"],
    )
    assert served.gate.replay(before).agrees
    with served.gate.proofs(1) as prover:
        assert prover.concerns(before, None)


def test_without_the_role_nothing_is_seen_or_done(served: Served) -> None:
    """Whoever the policy does not admit sees the list, and neither opens nor answers one; a try by purpose is kept."""
    with signed_in(served, "marketing", name="Bo") as other:
        page = other.get("/requests")
        assert shows(page, "Request 1", "You can see how many wait")
        assert 'href="/requests/1"' not in page.text
        assert shows(other.get("/requests/1"), "You can see how many wait")
        before = served.gate.head().size
        forced = other.get("/requests/1?purpose=answers")
        assert (forced.status_code, served.gate.head().size) == (403, before + 1)
        assert served.gate.leaf(before)["decision"] == "refused"
        tried = [
            other.post("/requests/1/close", purpose="answers", outcome="fulfilled"),
            other.post("/requests/1/extend", purpose="answers", why="later"),
            other.post("/requests/1/close", purpose="offers", outcome="fulfilled"),
            other.post("/requests/1/close", outcome="fulfilled"),
        ]
    assert [403] * 4 == [each.status_code for each in tried]
    assert "CANARY" not in page.text + forced.text + "".join(each.text for each in tried)
    assert requests.show(served.gate, 1).state == "open"


def test_a_request_is_put_off_and_closed_under_a_name(served: Served, service: Staff) -> None:
    """Each step has its reason, who took it and its entry; the customer's own page shows both."""
    put_off = service.post("/requests/1/extend", purpose="answers", why=" three systems ")
    assert (put_off.status_code, put_off.headers["location"]) == (303, "/requests?extended=1")
    assert shows(service.get("/requests?extended=1"), "The answer to request 1 is put off")
    page = service.get("/requests/1")
    assert shows(page, "put off", "three systems", "Zelda Quill", "February 22, 2027")
    assert "/extend" not in page.text
    closed = service.post("/requests/1/close", purpose="answers", outcome="refused", why="it is right already")
    assert closed.headers["location"] == "/requests?closed=1"
    found = requests.show(served.gate, 1)
    assert [("extended", "Zelda Quill", "three systems"), ("refused", "Zelda Quill", "it is right already")] == [
        (each.state, each.by, each.why) for each in found.changes
    ]
    assert ["extended", "refused"] == [served.gate.leaf(each.entry)["change"] for each in found.changes]
    assert "Request 1" not in service.get("/requests").text.replace("Request 1 is closed", "")
    assert shows(service.get("/requests?every=true"), "Request 1", "refused")
    name, value = served.signed_in("1")
    with served.client(headers={"Accept": "text/html"}, cookies={name: value}) as customer:
        assert shows(customer.get("/me/requests"), "it is right already", "three systems")


@pytest.mark.parametrize(
    ("path", "fields", "status", "told"),
    [
        ("extend", {"why": "  "}, 422, "An answer is put off for a reason"),
        ("close", {}, 422, "Say what came of it"),
        ("close", {"outcome": "forgotten"}, 422, "Say what came of it"),
        ("close", {"outcome": "refused"}, 422, "A refusal needs its reason"),
        ("close", {"outcome": "fulfilled", "why": "x" * 5_000}, 422, ""),
    ],
)
def test_what_is_lacking_is_said(
    served: Served, service: Staff, path: str, fields: dict[str, str], status: int, told: str
) -> None:
    """Nothing is changed, and the page says what it lacks."""
    answer = service.post(f"/requests/1/{path}", purpose="answers", **fields)
    assert answer.status_code == status
    assert shows(answer, told)
    assert requests.show(served.gate, 1).changes == ()


def test_what_another_did_meanwhile_is_said(served: Served, clock: Clock) -> None:
    """A form of a page that was left open changes nothing once the request is closed, or too late to be put off."""
    clock.forward(days=40)
    with signed_in(served, "service") as service:
        late = service.post("/requests/1/extend", purpose="answers", why="later")
        requests.close(served.gate, 1, "fulfilled", by="another")
        again = service.post("/requests/1/close", purpose="answers", outcome="refused", why="no")
    assert [409, 409] == [late.status_code, again.status_code]
    assert shows(late, "Nothing was changed", "it is too late to put it off")
    assert shows(again, "request 1 is closed: it was fulfilled")
    assert requests.show(served.gate, 1).state == "fulfilled"


def test_forms_need_their_token_and_our_page(served: Served, service: Staff) -> None:
    """Neither a form without the session's token nor one of another site's page does anything."""
    data = {"purpose": "answers", "outcome": "fulfilled"}
    without = service.client.post("/requests/1/close", data=data, headers=OURS)
    foreign = service.client.post(
        "/requests/1/close", data={**data, "csrf": service.csrf}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    with served.client(headers={"Accept": "text/html"}) as nobody:
        away = nobody.get("/requests/1")
    assert [403, 403, 303] == [without.status_code, foreign.status_code, away.status_code]
    assert requests.show(served.gate, 1).state == "open"


@pytest.mark.parametrize("number", ["0", "-1", "999", str(2**63), str(10**40)])
def test_no_such_request(served: Served, service: Staff, number: str) -> None:
    """A number of nothing is not found, however large, on either page."""
    assert service.get(f"/requests/{number}").status_code == 404
    assert service.post(f"/requests/{number}/close", purpose="answers", outcome="fulfilled").status_code == 404
    name, value = served.signed_in("1")
    with served.client(headers={"Accept": "text/html", **OURS}, cookies={name: value}) as customer:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', customer.get("/me/requests").text)
        assert found is not None
        assert customer.post(f"/me/requests/{number}/cancel", data={"csrf": found[1]}).status_code == 404


def test_of_an_erased_customer_nothing_is_left_to_see(served: Served, service: Staff) -> None:
    """The request and its dates stay, without a name or a word, and no look is recorded of somebody who is gone."""
    served.gate.erase(1)
    before = served.gate.head().size
    page = service.get("/requests/1")
    assert (page.status_code, served.gate.head().size) == (200, before)
    assert shows(page, "They were erased", "Correct something")
    assert "CANARY" not in page.text


def test_markup_in_every_field_stays_text(served: Served, service: Staff) -> None:
    """What a customer says, and what staff write, is shown as it is."""
    requests.open(served.gate, 3, "correct", text=XSS)
    service.post("/requests/3/extend", purpose="answers", why=XSS)
    pages = [
        service.get("/requests/3"),
        service.get("/requests/3", params={"purpose": XSS}),
        service.post("/requests/3/close", purpose="answers", outcome=XSS, why=XSS),
        service.post("/requests/3/close", purpose=XSS, outcome="fulfilled"),
        service.get("/requests", params={"every": XSS}),
        service.get("/requests", params={"closed": XSS}),
    ]
    assert all(each.status_code < 500 for each in pages)
    assert all("<img" not in each.text and "<script>alert" not in each.text for each in pages)
    assert shows(pages[0], XSS)


def test_where_several_purposes_would_do_one_is_chosen_first(home: Path, clock: Clock) -> None:
    """The page asks for which, and records nothing before."""
    policy = home / "policy.yaml"
    policy.write_text(policy.read_text().replace("\nrecipients:\n", OTHER, 1))
    with serving_of(bailee.open(home, clock=clock)) as served, signed_in(served, "service") as staff:
        requests.open(served.gate, 1, "access")
        before = served.gate.head().size
        page = staff.get("/requests/1")
        assert shows(page, "Choose a purpose", "Settle complaints")
        assert served.gate.head().size == before
        staff.get("/requests/1?purpose=complaints")
        assert served.gate.leaf(before)["purpose"] == "complaints"


@pytest.mark.parametrize("path", ["/requests", "/requests/1", "/requests?every=true"])
def test_pages_speak_spanish(service: Staff, path: str) -> None:
    """The desk is there in Spanish too."""
    page = service.get(path, headers={"Accept-Language": "es"})
    assert (page.status_code, page.headers["content-language"]) == (200, "es")
    assert shows(page, "Solicitud 1", "Salir")
