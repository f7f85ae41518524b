"""Who comes in to the console, and how: links that are good once, sessions, and nobody else."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog

from bailee.web import who
from tests.gate import shop
from tests.web.console import OURS, signed_in
from tests.web.served import Served

READ = ["/", "/ask", "/policy", "/policy/compare", "/choices", "/ledger", "/ledger/entry/0", "/ledger/verify"]
READ += ["/requests", "/requests/1", "/policy/coming"]
WRITE = ["/ask", "/ask/choose", "/ask/cancel", "/ask/state", "/choices", "/ledger/verify", "/sign-out"]
WRITE += ["/requests/1/extend", "/requests/1/close"]
HTML = {"Accept": "text/html"}


@pytest.mark.parametrize("path", READ)
def test_without_a_session_every_page_leads_to_the_sign_in(served: Served, path: str) -> None:
    """Nobody sees anything of a page before they are known; htmx is told to go there too."""
    with served.client(headers=HTML) as client:
        answer = client.get(path)
        asked = client.get(path, headers={"HX-Request": "true"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
    assert (asked.status_code, asked.headers["hx-redirect"].startswith("/sign-in"), asked.text) == (401, True, "")


@pytest.mark.parametrize("path", WRITE)
def test_without_a_session_nothing_can_be_done(served: Served, path: str) -> None:
    """A form that nobody signed in for does nothing."""
    before = served.gate.head().size
    with served.client(headers=HTML) as client:
        answer = client.post(path, data={"sql": "SELECT 1", "purpose": "offers", "customer": "1"}, headers=OURS)
    assert (answer.status_code, served.gate.head().size) == (401, before)


@pytest.mark.parametrize("path", READ)
def test_a_customer_and_the_shop_are_not_staff(served: Served, path: str) -> None:
    """A customer's cookie opens no page of the console, and neither does a token of the shop's."""
    name, value = served.signed_in("1")
    with served.client(headers=HTML) as client:
        by_cookie = client.get(path, headers={"Cookie": f"{name}={value}"})
        stolen = client.get(path, headers={"Cookie": f"bailee-staff={value}"})
        by_token = [client.get(path, headers=served.bearer("1", scope)) for scope in ("customer", "shop")]
    assert [by_cookie.status_code, stolen.status_code] == [303, 303]
    assert [each.status_code for each in by_token] == [403, 403]


@pytest.mark.parametrize("path", WRITE)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": "0" * 64},
        {"Sec-Fetch-Site": "same-origin"},
        {},
    ],
)
def test_a_forged_form_does_nothing(served: Served, path: str, headers: dict[str, str]) -> None:
    """A form from elsewhere, or without this session's own token, is refused before it does anything."""
    with signed_in(served, "marketing") as staff:
        before = served.gate.head().size
        data = {"sql": shop.ORDERS, "purpose": "offers", "customer": "1"}
        answer = staff.client.post(path, data=data, headers=headers)
        assert (answer.status_code, served.gate.head().size) == (403, before)
        assert staff.get("/").status_code == 200


def test_a_link_signs_in_once_and_a_look_spends_nothing(served: Served) -> None:
    """Whatever opens a link first, such as a mail scanner, gets a button; the form that follows works once."""
    link = served.staff_link("marketing")
    with served.client(headers=HTML) as scanner:
        assert [scanner.get(link).status_code for _ in range(2)] == [200, 200]
    with served.client(headers=HTML) as mine, served.client(headers=HTML) as another:
        shown = mine.get(link)
        assert shown.headers["referrer-policy"] == "strict-origin"
        assert mine.post(link, headers=OURS).status_code == 303
        late = another.post(link, headers=OURS)
        again = another.get(link)
        assert (late.status_code, again.status_code, "set-cookie" in late.headers) == (401, 401, False)
        assert mine.get("/").status_code == 200
        assert another.get("/").status_code == 303


def test_a_link_of_another_site_or_customer_signs_nobody_in(served: Served) -> None:
    """Somebody else's page cannot make a browser spend a link, and a customer's link opens no console."""
    link = served.staff_link("marketing")
    customers = served.sessions.link("1")
    assert customers is not None
    with served.client(headers=HTML) as client:
        forged = client.post(link, headers={"Sec-Fetch-Site": "cross-site"})
        wrong = client.post(f"/sign-in/{who.written(customers)}", headers=OURS)
        assert (forged.status_code, wrong.status_code, client.get("/").status_code) == (403, 403, 303)
        assert client.post(link, headers=OURS).status_code == 303


@pytest.mark.parametrize("secret", ["x", "A" * 43, "A" * 44, "..%2F..", "%00", "' OR 1=1 --"])
def test_a_made_up_link_is_no_link(served: Served, secret: str) -> None:
    """What nobody was given is told like what was spent."""
    with served.client(headers=HTML) as client:
        answers = [client.get(f"/sign-in/{secret}"), client.post(f"/sign-in/{secret}", headers=OURS)]
    assert {each.status_code for each in answers} <= {401, 404}


def test_a_session_cannot_be_fixed_beforehand(served: Served) -> None:
    """A cookie that a browser had before it signed in is worth nothing afterwards; each sign-in has its own secret."""
    planted = "B" * 43
    with served.client(headers=HTML) as victim, served.client(headers=HTML) as attacker:
        victim.cookies.set("bailee-staff", planted, domain="127.0.0.1")
        victim.post(served.staff_link("marketing"), headers=OURS)
        given = {each.value for each in victim.cookies.jar if each.name == "bailee-staff"}
        attacker.cookies.set("bailee-staff", planted, domain="127.0.0.1")
        assert given != {planted}
        assert attacker.get("/").status_code == 303


def test_a_second_sign_in_ends_the_first_session(served: Served) -> None:
    """Whoever signs in anew in a browser leaves no session behind that an earlier cookie would open."""
    with served.client(headers=HTML) as client:
        client.post(served.staff_link("marketing"), headers=OURS)
        first = client.cookies["bailee-staff"]
        client.post(served.staff_link("marketing"), headers=OURS)
        assert client.cookies["bailee-staff"] != first
    with served.client(headers={**HTML, "Cookie": f"bailee-staff={first}"}) as old:
        assert old.get("/").status_code == 303


def test_signing_out_ends_the_session_everywhere(served: Served) -> None:
    """A cookie that somebody copied is worth nothing after its owner signed out."""
    with signed_in(served, "marketing") as staff:
        copied = staff.client.cookies["bailee-staff"]
        answer = staff.post("/sign-out")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?out=1")
        assert staff.get("/").status_code == 303
        with served.client(headers={**HTML, "Cookie": f"bailee-staff={copied}"}) as thief:
            assert thief.get("/").status_code == 303


def test_the_cookie_is_out_of_reach(served: Served) -> None:
    """Scripts cannot read the session's cookie, and other sites' forms do not send it."""
    with served.client(headers=HTML) as client:
        said = client.post(served.staff_link("marketing"), headers=OURS).headers["set-cookie"]
    assert re.search("HttpOnly", said)
    assert re.search("SameSite=lax", said, re.IGNORECASE)


@pytest.mark.parametrize(
    "then", ["https://evil.example", "//evil.example", "/\\evil.example", "/ask/../../x", "javascript:alert(1)", "/%2f"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(served: Served, then: str) -> None:
    """Only pages of ours are gone to: no link and no form of the page leads to another address."""
    with served.client(headers=HTML) as client:
        page = client.get("/sign-in", params={"then": then}).text
    assert {each[0] for each in re.findall(r'(?:href|action)="([^"]*)"', page)} == {"/", "#"}
    assert "//evil" not in page


def test_a_session_that_is_not_used_ends(home: Path) -> None:
    """After two hours without a request, a session is over, and the next page leads to the sign-in."""
    from tests.web.served import serving_of

    clock = shop.Clock()
    with shop.opened(home, clock) as gate, serving_of(gate) as served, signed_in(served, "marketing") as staff:
        clock.forward(hours=1.9)
        assert staff.get("/policy").status_code == 200
        clock.forward(hours=1.9)
        assert staff.get("/policy").status_code == 200
        clock.forward(hours=2.1)
        assert staff.get("/policy").status_code == 303


def test_a_link_that_was_not_used_runs_out(home: Path) -> None:
    """A link is no longer good after its time."""
    from tests.web.served import serving_of

    clock = shop.Clock()
    with shop.opened(home, clock) as gate, serving_of(gate) as served, served.client(headers=HTML) as client:
        link = served.staff_link("marketing")
        clock.now += timedelta(hours=1, seconds=1)
        assert client.post(link, headers=OURS).status_code == 401


def test_secrets_are_in_no_log(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a link's secret nor a session's, nor a customer's key that somebody looked up, is logged."""
    written = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.PrintLoggerFactory(written)
    )
    link = served.staff_link("marketing")
    with served.client(headers=HTML) as client:
        client.get(link)
        client.post(link, headers=OURS)
        cookie = client.cookies["bailee-staff"]
        client.get("/choices", params={"customer": "CANARYKEY"})
    structlog.reset_defaults()
    said = written.getvalue() + "".join(capsys.readouterr())
    assert '"route": "/sign-in/{secret}"' in said
    assert link.rpartition("/")[2] not in said
    assert cookie not in said
    assert "CANARYKEY" not in said


def test_an_analyst_s_token_opens_the_console_too(served: Served) -> None:
    """A program with the shop's token for an analyst reads the pages with the roles of the token."""
    with served.client(headers={**HTML, **served.bearer("ana", "analyst", roles=["marketing"])}) as client:
        answer: httpx.Response = client.get("/policy")
    assert answer.status_code == 200
