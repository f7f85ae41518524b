"""What a hostile client tries on the server: too much, too slowly, in another's name, from another's page."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
import structlog

import bailee
from bailee.web import layers, who
from tests.gate import shop
from tests.web.served import Served, serving_of

REFUSE = {"choices": [{"purpose": "offers", "act": "refuse"}]}
SQL = "'; DROP TABLE customers; --"


def cookie_of(served: Served, customer: str) -> dict[str, str]:
    """The header of a browser in which a customer is signed in."""
    name, value = served.signed_in(customer)
    return {"Cookie": f"{name}={value}"}


def csrf_of(cookie: dict[str, str]) -> dict[str, str]:
    """The header that our pages send for that session."""
    secret = who.read(cookie["Cookie"].partition("=")[2])
    assert secret is not None
    return {"X-CSRF-Token": who.csrf(secret)}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "SELF"},
    ],
    ids=str,
)
def test_another_sites_page_changes_nothing(served: Served, headers: dict[str, str]) -> None:
    """A browser sends a customer's cookie whoever made the page; what did not come from ours is refused."""
    cookie = cookie_of(served, "1")
    said = {name: value.replace("SELF", served.url) for name, value in headers.items()}
    with served.client() as client:
        answer = client.post("/v1/choices", json=REFUSE, headers={**cookie, **csrf_of(cookie), **said})
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/problems/forged")
    assert served.gate.may("offers", customer="1").permitted


def test_our_page_needs_the_token_of_its_session(served: Served) -> None:
    """From our own page too: without the session's token nothing is changed, with another's neither, with it all is."""
    cookie, ours = cookie_of(served, "1"), {"Sec-Fetch-Site": "same-origin"}
    tokens = [{}, csrf_of(cookie_of(served, "2")), csrf_of(cookie)]
    with served.client() as client:
        answers = [client.post("/v1/choices", json=REFUSE, headers={**cookie, **ours, **token}) for token in tokens]
    assert [each.status_code for each in answers] == [403, 403, 201]


def test_a_cookie_of_an_erased_customer_signs_nobody_in(served: Served) -> None:
    """An erasure ends the customer's sessions."""
    cookie = cookie_of(served, "3")
    with served.client() as client:
        before = client.get("/v1/choices", headers=cookie)
        served.gate.erase("3")
        after = client.get("/v1/choices", headers=cookie)
    assert (before.status_code, after.status_code) == (200, 401)


@pytest.mark.parametrize(
    "text", [SQL, "<script>alert(1)</script>", "\x00", "\ud7ff", "{{7*7}}", "../../etc/passwd", "%s%n"]
)
def test_hostile_text_in_every_field_is_refused_or_kept_as_text(served: Served, text: str) -> None:
    """Whatever stands in a field, the answer is no 5xx and no SQL is run: everybody is still there."""
    choice = {
        "purpose": text,
        "act": "refuse",
        "notice": text[:80],
        "language": text[:35],
        "recipient": text,
        "channel": text,
        "evidence": text,
    }
    fields = [{"choices": [{"purpose": "offers", "act": "refuse", name: value}]} for name, value in choice.items()]
    with served.client(headers=served.bearer("1")) as client:
        answers = [client.post("/v1/choices", json=body) for body in fields]
        answers += [
            client.get("/v1/choices", params={"customer": text}),
            client.get("/v1/notices", params={"purpose": text}),
        ]
        answers += [
            client.get("/v1/may", params={"purpose": text, "customer": text}, headers=served.bearer("t", "shop"))
        ]
    assert [each.status_code for each in answers if each.status_code >= 500] == []
    assert len(served.gate.standing("offers")) == shop.CUSTOMERS


def test_a_body_that_is_too_large_is_not_read(served: Served) -> None:
    """Neither by its head nor by what comes, more than the limit is taken."""
    too_much = b'{"choices": "' + b"x" * layers.LARGEST_BODY + b'"}'

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(too_much), 65_536):
            yield too_much[start : start + 65_536]

    head = {**served.bearer("1"), "Content-Type": "application/json"}
    with served.client(headers=head) as client:
        told = client.post("/v1/choices", content=too_much)
        chunked = client.post("/v1/choices", content=pieces())
    assert (told.status_code, chunked.status_code) == (413, 413)


def test_a_slow_client_is_ended_and_others_are_answered(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that never ends is given up after its time, while everybody else is answered."""
    monkeypatch.setattr(layers, "BODY_SECONDS", 0.5)
    slow = socket.create_connection((served.server.address, served.server.port))
    token = served.token("1")
    head = f"POST /v1/choices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n"
    slow.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n{")
    with served.client() as client:
        assert client.get("/healthz").status_code == 200
    slow.settimeout(10)
    assert b" 504 " in slow.recv(4096)[:40]
    slow.close()


def test_too_many_requests_are_told_when_to_come_again(home: object) -> None:
    """Over its rate an address is told to wait; probes are not counted."""
    with serving_of(bailee.open(str(home)), rate=3) as served, served.client() as client:
        answers = [client.get("/v1/notices") for _ in range(4)]
        probes = [client.get("/healthz").status_code for _ in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 20
    assert probes == [200] * 5


def test_logs_show_no_person(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """No key of a customer, token, cookie, query, body or address is in a line of the log."""
    written = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.PrintLoggerFactory(written)
    )
    cookie, token = cookie_of(served, "7"), served.token("canary-customer")
    hidden = ["canary", token, cookie["Cookie"].partition("=")[2], "127.0.0.1"]
    with served.client() as client:
        client.get("/v1/choices", headers=cookie)
        client.get("/v1/choices?customer=canary-query", headers={"Authorization": f"Bearer {token}"})
        client.post("/v1/choices", json={"choices": [{"canary": 1}]}, headers={"Authorization": f"Bearer {token}"})
        client.get("/me/in/canary-secret")
        client.get("/v1/may", params={"purpose": "offers", "customer": "canary"}, headers=served.bearer("t", "shop"))
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert {"served"} <= {line["event"] for line in lines}
    assert [secret for secret in hidden if secret in written.getvalue() + capsys.readouterr().err] == []


def test_every_answer_has_the_headers_that_keep_it_apart(served: Served) -> None:
    """Pages, problems and the API alike: no foreign script, no frame, no guess of the type, no referrer elsewhere."""
    with served.client() as client:
        answers = [
            client.get(path) for path in ("/healthz", "/nothing", "/v1/choices", "/v1/notices", "/ledger/checkpoint")
        ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer")
        assert "server" not in answer.headers


def test_another_origin_reads_only_where_the_settings_say_so(home: object) -> None:
    """A page of the allow-list may call the API without cookies; any other is not told anything by the browser."""
    with serving_of(bailee.open(str(home)), origins=("https://shop.example",)) as served, served.client() as client:
        ours = client.get("/v1/notices", headers={"Origin": "https://shop.example"})
        other = client.get("/v1/notices", headers={"Origin": "https://evil.example"})
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "bailee-visitor"}
        preflight = client.options("/v1/choices", headers={"Origin": "https://shop.example", **asked})
    assert ours.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-credentials" not in ours.headers
    assert "access-control-allow-origin" not in other.headers
    assert preflight.status_code == 200


def test_garbage_is_answered_by_a_problem_or_an_end(served: Served) -> None:
    """Bytes that are no HTTP end the connection, and the server goes on."""
    for junk in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET / HTTP/9.9\r\n\r\n", b"A" * 70_000, b"\r\n\r\n\r\n"):
        with socket.create_connection((served.server.address, served.server.port)) as raw:
            raw.sendall(junk)
            raw.settimeout(2)
            with suppress(TimeoutError, ConnectionError):
                raw.recv(1024)
    time.sleep(0.05)
    assert httpx.get(f"{served.url}/healthz").status_code == 200
