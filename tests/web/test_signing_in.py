"""Signing in by a letter's link: real SMTP, nothing shown about who is on record, and a link that is spent once."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import structlog

from bailee.gate.server_settings import Mail
from bailee.people.sessions import Sessions
from bailee.web import who
from bailee.web.letters import server_of
from tests.web.letterbox import SENDER, Letterbox, letterbox
from tests.web.mine import EMAIL, browser, served_with, token
from tests.web.served import Served


@pytest.fixture
def box() -> Iterator[Letterbox]:
    """A real mail server."""
    with letterbox() as made:
        yield made


@pytest.fixture
def mailing(home: Path, box: Letterbox) -> Iterator[Served]:
    """The shop, served, with that mail server."""
    with served_with(home, box) as served:
        yield served


def asked(served: Served, email: str, **form: str) -> httpx.Response:
    """The answer to an address."""
    with browser(served) as client:
        return client.post("/me/sign-in", data={"email": email, **form})


def path_of(link: str) -> str:
    """Path and query of a link."""
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def test_a_letter_brings_a_link_that_signs_in_once(mailing: Served, box: Letterbox) -> None:
    """The letter goes to the address on record, in two forms; its link leads to the page that was wanted."""
    answer = asked(mailing, EMAIL.upper(), back="/me/uses?every=1")
    link = box.link()
    to, letter = box.came[0]
    assert (answer.status_code, to, letter["From"]) == (303, [EMAIL], SENDER)
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    html = letter.get_body(("html",))
    assert html is not None
    assert link.partition("?")[0] in html.get_content()
    with browser(mailing) as client:
        shown = client.get(path_of(link))
        entered = client.post(path_of(link), data={"back": "/me/uses?every=1"})
        again = client.post(path_of(link))
        page = client.get("/me/uses")
    assert (shown.status_code, entered.status_code, again.status_code, page.status_code) == (200, 303, 410, 200)
    assert entered.headers["location"] == "/me/uses?every=1"


def test_the_letter_is_in_the_language_of_the_page(mailing: Served, box: Letterbox) -> None:
    """Whoever asked in Spanish is written to in Spanish."""
    with browser(mailing) as client:
        client.post("/me/sign-in", data={"email": EMAIL}, headers={"Accept-Language": "es"})
    assert box.letters(1)[0][1]["Subject"] == "Su enlace a Marigold Grocers"


def test_a_mail_scanner_spends_nothing(mailing: Served, box: Letterbox) -> None:
    """A program that follows each link, and looks at the heads too, leaves the link good."""
    asked(mailing, EMAIL)
    path = path_of(box.link())
    with httpx.Client(base_url=mailing.url, headers={"User-Agent": "scanner"}) as scanner:
        seen = [scanner.get(path).status_code for _ in range(3)]
        scanner.head(path)
        posted = scanner.post(path)
    with browser(mailing) as client:
        entered = client.post(path)
    assert (seen, posted.status_code, entered.status_code) == ([200] * 3, 403, 303)


def test_an_unknown_address_is_answered_alike(mailing: Served, box: Letterbox) -> None:
    """Nothing in the answers, heads included, tells an address on record from one that is not; no letter goes out."""
    answers = [asked(mailing, email) for email in (EMAIL, "nobody@example.com")]
    heads = [
        {name: value for name, value in each.headers.items() if name not in ("date", "x-request-id")}
        for each in answers
    ]
    assert (answers[0].status_code, answers[0].text, heads[0]) == (answers[1].status_code, answers[1].text, heads[1])
    box.letters(1)
    time.sleep(1.0)
    assert len(box.came) == 1


def test_an_unknown_address_takes_as_long(mailing: Served, box: Letterbox) -> None:
    """Medians of the time to answer differ by far less than the tenth of a second that a letter takes."""
    box.delay = 0.1
    taken: dict[str, list[float]] = {EMAIL: [], "nobody@example.com": []}
    with browser(mailing) as client:
        for turn in range(20):
            with mailing.gate.database.write() as connection:
                connection.exec_driver_sql("DELETE FROM links")  # so that each time a letter is due
            for email in sorted(taken, reverse=bool(turn % 2)):
                began = time.perf_counter()
                client.post("/me/sign-in", data={"email": email})
                client.get("/healthz")  # on the same connection: what follows the answer must not hold it up either
                taken[email].append(time.perf_counter() - began)
            box.letters(turn + 1)
    known, unknown = (statistics.median(each) for each in taken.values())
    assert abs(known - unknown) < 0.02


def test_a_customer_gets_few_letters(mailing: Served, box: Letterbox) -> None:
    """At most five links in a quarter of an hour; the answers do not change."""
    answers = {asked(mailing, EMAIL).headers["location"] for _ in range(8)}
    box.letters(5)
    time.sleep(1.0)
    assert (len(answers), len(box.came)) == (1, 5)


def test_a_link_is_spent_once_by_many_at_once(mailing: Served, box: Letterbox) -> None:
    """Of eight browsers that press at the same moment one is signed in."""
    asked(mailing, EMAIL)
    path = path_of(box.link())

    def press(_: int) -> int:
        with browser(mailing) as client:
            return client.post(path).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(press, range(8)))
    assert answers == [303, *[410] * 7]


def test_signing_in_gives_a_fresh_secret(mailing: Served, box: Letterbox) -> None:
    """A cookie that somebody planted is not what is signed in, and a session that was there before ends."""
    asked(mailing, EMAIL)
    path, planted = path_of(box.link()), who.written(bytes(range(32)))
    with browser(mailing, "2") as client:
        before = client.cookies["bailee-customer"]
        client.post(path)
        after = client.cookies["bailee-customer"]
    with browser(mailing) as client:
        client.cookies.set("bailee-customer", planted, domain="127.0.0.1")
        denied = client.get("/me")
        client.cookies.set("bailee-customer", before, domain="127.0.0.1")
        ended = client.get("/me")
    assert (before != after, denied.status_code, ended.status_code) == (True, 303, 303)


def test_no_secret_is_in_a_log_a_referer_or_a_location(mailing: Served, box: Letterbox) -> None:
    """What is logged, and where the browser is led, never holds a link's or session's secret; no page is told of it."""
    with structlog.testing.capture_logs() as logs:
        asked(mailing, EMAIL)
        link = box.link()
        secret = urlsplit(link).path.rpartition("/")[2]
        with browser(mailing) as client:
            shown = client.get(path_of(link))
            entered = client.post(path_of(link))
            held = client.cookies["bailee-customer"]
            metrics = client.get("/metrics").text
    said = repr(logs) + metrics
    assert logs
    assert all(word not in said for word in (secret, held, EMAIL))
    assert "/me/in/{secret}" in said
    assert {shown.headers["referrer-policy"], entered.headers["referrer-policy"]} == {"no-referrer"}
    assert secret not in entered.headers["location"]


def test_a_session_ends(mailing: Served) -> None:
    """By signing out, by doing so everywhere in another browser, by idleness and by an erasure."""
    gate = mailing.gate
    with browser(mailing, "1") as first, browser(mailing, "1") as second, browser(mailing, "1") as third:
        left = first.post("/me/sign-out", data={"csrf": token(first)})
        kept = second.get("/me").status_code
        second.post("/me/sign-out-everywhere", data={"csrf": token(second)})
        states = [each.get("/me").status_code for each in (first, second, third)]
    assert (left.status_code, kept, states) == (303, 200, [303, 303, 303])
    assert left.headers["clear-site-data"] == '"cache"'
    early = Sessions(gate.database, lambda: gate.clock() - timedelta(hours=2), lambda n: bytes([7]) * n)
    idle, _ = early.begin("1")
    with browser(mailing, "2") as client, browser(mailing) as sleepy:
        sleepy.cookies.set("bailee-customer", who.written(idle))
        asleep = sleepy.get("/me/uses?every=1")
        there = client.get("/me").status_code
        gate.erase("2")
        gone = client.get("/me").status_code
    assert (there, gone, asleep.status_code) == (200, 303, 303)
    assert asleep.headers["location"] == "/me/sign-in?back=%2Fme%2Fuses%3Fevery%3D1"


def test_an_address_without_letters_says_so(home: Path) -> None:
    """Where no mail is set up the page says it, and no form pretends otherwise."""
    with served_with(home, None) as served, browser(served) as client:
        page = client.get("/me/sign-in")
        sent = client.post("/me/sign-in", data={"email": EMAIL})
    assert "has not set up letters" in page.text
    assert ("<form" in page.text, sent.status_code) == (False, 503)


@pytest.mark.parametrize("refused", ["550 no such mailbox", "451 come back later"])
def test_a_refused_letter_is_logged_without_its_address(home: Path, box: Letterbox, refused: str) -> None:
    """The mail server's answer is logged as a number, and the customer's page does not change."""
    box.refuses = f"{refused} {EMAIL}"
    with structlog.testing.capture_logs() as logs, served_with(home, box) as served:
        answer = asked(served, EMAIL)
        deadline = time.monotonic() + 5
        while not any(each["event"] == "letter_refused" for each in logs) and time.monotonic() < deadline:
            time.sleep(0.02)
    codes = [each["code"] for each in logs if each["event"] == "letter_refused"]
    assert (answer.status_code, codes[0], EMAIL in repr(logs)) == (303, int(refused[:3]), False)


@pytest.mark.parametrize("wrong", ["", "no address", "a@b@c", "a@b.c\r\nBcc: all@example.com", "x" * 252 + "@a.b"])
def test_what_is_no_address_is_told(mailing: Served, box: Letterbox, wrong: str) -> None:
    """A slip of the pen is told on the page, which shows nothing back that was typed."""
    answer = asked(mailing, wrong)
    assert (answer.status_code, box.came) == (422, [])
    assert not wrong or wrong not in answer.text


def test_a_form_of_another_site_sends_no_letter(mailing: Served, box: Letterbox) -> None:
    """Another site's page cannot have letters sent."""
    with mailing.client(headers={"Accept": "text/html", "Sec-Fetch-Site": "cross-site"}) as client:
        answer = client.post("/me/sign-in", data={"email": EMAIL})
    assert (answer.status_code, box.came) == (403, [])


def test_nobody_is_led_away(mailing: Served) -> None:
    """`back` leads to pages of ours alone."""
    for back in ("https://evil.example", "//evil.example", "/me/../evil", "/me?a=b\r\nX: y", "javascript:alert(1)"):
        found = asked(mailing, EMAIL, back=back).headers["location"]
        assert found == "/me/sign-in?sent=1&back=%2Fme"


def test_a_mail_server_is_read_without_showing_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """User, password, port and TLS come from the URL, which a variable holds."""
    monkeypatch.setenv("SMTP_URL", "smtps://ana:p%40ss@mail.example")
    found = server_of(Mail("env:SMTP_URL", SENDER))
    assert (found.host, found.port, found.tls, found.user, found.password) == ("mail.example", 465, True, "ana", "p@ss")
    assert "p@ss" not in repr(found)


def test_a_letter_does_not_cross_a_network_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail server on another machine that offers no TLS is sent nothing."""
    import smtplib

    from bailee.errors import WorkspaceError
    from bailee.web import letters

    with letterbox() as box:
        real: Any = smtplib.SMTP

        def elsewhere(host: str, port: int, *rest: Any, **options: Any) -> Any:
            assert re.fullmatch("mail.example", host)
            return real("127.0.0.1", port, *rest, **options)

        monkeypatch.setattr(smtplib, "SMTP", elsewhere)
        letter = letters.written(
            SENDER, EMAIL, "sign_in", "en", "s", {"company": "c", "link": "l", "minutes": 1, "account": None}
        )
        with pytest.raises(WorkspaceError, match="offers no TLS"):
            letters.deliver(server_of(Mail(f"smtp://mail.example:{box.port}", SENDER)), letter)
        assert box.came == []
