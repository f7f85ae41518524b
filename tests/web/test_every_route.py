"""Every route that there is, tried by everybody who may not: a route that is added is tried too, or fails for want of
a line here that says who may."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

import bailee
from bailee.rights import requests
from bailee.web import who
from tests.gate import shop
from tests.rights.shop import extend
from tests.web.served import Served, serving_of

EVERYBODY = frozenset({"nobody", "visitor", "customer", "shop", "staff"})
CHOOSERS, CUSTOMERS, STAFF = frozenset({"visitor", "customer", "shop"}), frozenset({"customer"}), frozenset({"staff"})
ASKERS, SHOP, PERSONS = frozenset({"shop", "staff"}), frozenset({"shop"}), frozenset({"nobody", "visitor", "customer"})
#: Who may use what; the longest beginning of a path counts.
MAY = {
    "/openapi.json": EVERYBODY,
    "/static/": EVERYBODY,
    "/healthz": EVERYBODY,
    "/readyz": EVERYBODY,
    "/metrics": EVERYBODY,  # from this machine
    "/banner.js": EVERYBODY,
    "/adapter-": EVERYBODY,
    "/.well-known/": EVERYBODY,
    "/v1/notices": EVERYBODY,
    "/ledger/checkpoint": EVERYBODY,
    "/ledger/keys": EVERYBODY,
    "/ledger/proof/": EVERYBODY,
    "/ledger/tile/": EVERYBODY,
    "/ledger": STAFF,
    "/v1/may": ASKERS,
    "/v1/ask": STAFF,
    "/v1/choices": CHOOSERS,
    "/v1/choices/bulk": SHOP,
    "/v1/banner": PERSONS,
    "/choose": PERSONS,
    "/me": CUSTOMERS,
    "/me/sign-in": EVERYBODY,
    "/me/in/": EVERYBODY,
    "/me/enter": EVERYBODY,
    "/me/check": EVERYBODY,
    "/sign-in": EVERYBODY,
    "/sign-out": STAFF,
    "/sign-out/with": EVERYBODY,
    "/ask": STAFF,
    "/policy": STAFF,
    "/choices": STAFF,
    "/requests": STAFF,
    "/deals": STAFF,
    "/problems/": EVERYBODY,
}
#: Ways in: nobody is signed in yet, so there is no session whose token they could ask for.
WAYS_IN = ("/me/sign-in", "/me/in/{secret}", "/me/enter", "/sign-in/{secret}")
BODIES: dict[str, Any] = {
    "/v1/choices": {"choices": [{"purpose": "offers", "act": "refuse"}]},
    "/v1/choices/bulk": {"choices": [{"purpose": "offers", "act": "refuse", "customer": "1"}]},
    "/v1/banner": {"answers": [{"purpose": "offers", "allow": False}], "control": "refuse_all"},
    "/v1/may": {"purpose": "offers", "customers": ["1"]},
    "/v1/ask": {"purpose": "offers", "sql": "SELECT count(*) FROM customers"},
    "/me/choices": {"purpose": "offers", "act": "refuse"},
    "/me/choices/earlier": {"chosen": "1"},
    "/me/enter": {"token": "the shop's"},
    "/me/requests": {"kind": "object"},
    "/choose": {"act": "refuse_all", "shown": "offers"},
    "/ask": {"purpose": "offers", "sql": "SELECT count(*) FROM customers"},
    "/choices": {"purpose": "offers", "customer": "1"},
    "/requests/{number}/extend": {"purpose": "offers", "why": "x"},
    "/requests/{number}/close": {"purpose": "offers", "outcome": "done", "why": "x"},
}
CANARY = "canary-of-customer-one"
OURS = {"Sec-Fetch-Site": "same-origin"}


def routes(served: Served) -> list[tuple[str, str]]:
    """Every method and path of the server."""

    def walk(found: Any) -> Iterator[tuple[str, str]]:
        for each in found:
            inner = getattr(each, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes)
            else:
                yield from ((method, each.path) for method in sorted(each.methods - {"HEAD"}))

    from bailee.web.app import create

    found = sorted(set(walk(create(served.gate, served.server).routes)))
    assert len(found) > 50
    return found


def allowed(path: str) -> frozenset[str]:
    """Who may use a path."""
    if path == "/":
        return STAFF
    fitting = [begin for begin in MAY if path.startswith(begin)]
    assert fitting, f"say in MAY who may use `{path}`"
    return MAY[max(fitting, key=len)]


def address(path: str, **given: object) -> str:
    """A path with something in each of its places."""
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: str(given.get(found[1], "1")), path)


def send(client: httpx.Client, method: str, path: str, to: str, headers: dict[str, str]) -> httpx.Response:
    """A request as the route expects it."""
    client.cookies.clear()
    if method == "GET":
        params = {"purpose": "offers", "customer": "1", "position": "1"} if path == "/v1/may" else None
        return client.get(to, headers=headers, params=params)
    body = BODIES.get(path, {})
    if path.startswith("/v1/"):
        return client.request(method, to, headers=headers, json=body)
    return client.request(method, to, headers=headers, data=body)


def cookie(served: Served, what: str) -> tuple[dict[str, str], dict[str, str]]:
    """The cookie of a fresh session of customer `2`, of a member of staff or of a visitor; and its forms' token."""
    if what == "customer":
        secret = served.sessions.begin("2")[0]
    elif what == "staff":
        secret = served.sessions.begin_staff("Zelda Quill", frozenset({"marketing"}))[0]
    else:
        secret = b"v" * 32
    return {"Cookie": f"bailee-{what}={who.written(secret)}"}, {"X-CSRF-Token": who.csrf(secret)}


def callers(served: Served) -> list[tuple[str, dict[str, str]]]:
    """Everybody, in each way in which they can come."""
    found: list[tuple[str, dict[str, str]]] = [("nobody", OURS)]
    for what in ("visitor", "customer", "staff"):
        held, token = cookie(served, what)
        found.append((what, {**held, **token, **OURS}))
    found.append(("visitor", {"Bailee-Visitor": who.written(b"w" * 32)}))
    scopes = (("customer", "customer", "2"), ("shop", "shop", "till"), ("staff", "analyst", "ana"))
    return [*found, *((kind, served.bearer(name, scope)) for kind, scope, name in scopes)]


@pytest.fixture
def one(home: Path) -> Iterator[Served]:
    """The shop, where customer `1` said and asked something that only they may see."""
    extend(home)
    with serving_of(bailee.open(home)) as served:
        body = {"choices": [{"purpose": "offers", "act": "refuse", "evidence": CANARY}]}
        with served.client(headers=served.bearer("1")) as client:
            assert client.post("/v1/choices", json=body).status_code == 201
        requests.open(served.gate, "1", "correct", text=CANARY)
        yield served


def test_nobody_uses_a_route_that_is_for_others(one: Served) -> None:
    """Each route refuses whoever it is not for, in each way in which they come, and says nothing of anybody."""
    let = []
    with one.client() as client:
        for method, path in routes(one):
            for kind, headers in callers(one):
                # A cookie of staff says nothing on a page that anybody may see, and none of customers does.
                if kind in allowed(path) or ("nobody" in allowed(path) and "Cookie" in headers):
                    continue
                answer = send(client, method, path, address(path), headers)
                leads = answer.status_code == 303 and "/sign-in" in answer.headers["location"]
                if not (leads or answer.status_code in (401, 403)) or CANARY in answer.text:
                    let.append((method, path, kind, sorted(headers), answer.status_code))
    assert let == []


def test_another_customer_reaches_nothing_of_mine(one: Served) -> None:
    """By the numbers of somebody else's choices, requests and uses another customer gets, and changes, nothing."""
    gate = one.gate
    mine, asked = gate.choices("1")[-1], requests.of_customer(gate, "1")[0]
    numbers = {"sequence": mine.sequence, "number": asked.number, "entry": mine.sequence}
    before = (gate.choices("1"), requests.of_customer(gate, "1"))
    got = []
    with one.client() as client:
        for method, path in routes(one):
            for kind, headers in callers(one):
                if kind not in ("customer", "visitor", "nobody"):
                    continue
                query = "&".join(("customer=1", "said=1", f"opened={asked.number}", "for=1", "key=1"))
                to = f"{address(path, **numbers)}?{query}"
                answer = send(client, method, path, to, headers)
                if CANARY in answer.text or ("{sequence}" in path and answer.status_code == 200):
                    got.append((method, path, kind, answer.status_code))
    assert got == []
    assert (gate.choices("1"), requests.of_customer(gate, "1")) == before


@pytest.mark.parametrize("what", ["customer", "staff", "visitor"])
def test_a_forged_request_does_nothing_on_any_route(one: Served, what: str) -> None:
    """No route that changes something does it for a cookie alone, with another session's token or from another site."""
    done = []
    with one.client() as client:
        for method, path in routes(one):
            if method == "GET" or what not in allowed(path):
                continue
            held, right = cookie(one, what)
            _, others = cookie(one, "customer" if what == "staff" else "staff")
            tries = [{**OURS}, {**OURS, **others}, {**right}]
            tries += [{**right, "Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "none")]
            tries += [{**right, "Origin": origin} for origin in ("https://evil.example", "null", f"{one.url}.evil")]
            for headers in tries[2:] if path in WAYS_IN else tries:
                size = one.gate.head().size
                answer = send(client, method, path, address(path), {**held, **headers})
                if answer.status_code != 403 or one.gate.head().size != size:
                    done.append((method, path, headers, answer.status_code))
    assert done == []


@pytest.mark.parametrize("odd", [str(2**70), "%00", f"{'a' * 300}.css", "..%2f..%2fetc"])
def test_odd_places_in_a_path_break_nothing(one: Served, odd: str) -> None:
    """Whatever stands in a place of a path or in a number of a query, the answer is none of 5xx."""
    broken = []
    with one.client() as client:
        for method, path in routes(one):
            to = re.sub(r"\{(\w+)(:path)?\}", odd, path)
            names = (
                "before",
                "limit",
                "said",
                "opened",
                "again",
                "position",
                "table",
                "purpose",
                "old",
                "back",
                "then",
            )
            query = "&".join(f"{name}={odd}" for name in names)
            for kind, headers in callers(one):
                if kind in allowed(path):
                    answers = [send(client, method, path, each, headers) for each in (to, f"{to}?{query}")]
                    broken += [(method, path, kind, each.status_code) for each in answers if each.status_code >= 500]
    # Without a mail server there are no letters to ask for.
    assert [each for each in broken if each[1:] != ("/me/sign-in", each[2], 503)] == []


def test_no_route_logs_or_counts_what_it_was_sent(one: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """A word in every place, query, header, cookie and field is in no line of the log and in no figure."""
    written, word = io.StringIO(), "canary-that-was-sent"
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.PrintLoggerFactory(written)
    )
    names = ("User-Agent", "Referer", "X-Request-Id", "X-Forwarded-For", "Forwarded", "Idempotency-Key", "If-Match")
    marked = dict.fromkeys((*names, "Accept-Language", "X-Real-Ip", "Traceparent"), word)
    fields = ("purpose", "customer", "email", "text", "sql", "token", "act", "number", "notice", "language", "place")
    with one.client() as client:
        for method, path in routes(one):
            to = f"{re.sub(r'[{](.+?)[}]', word, path)}?{'&'.join(f'{name}={word}' for name in fields)}"
            for _, headers in callers(one):
                client.cookies.clear()
                form = None if method == "GET" else dict.fromkeys(fields, word)
                client.request(method, to, headers={**marked, **headers}, data=form)
        figures = client.get("/metrics").text
    assert "served" in written.getvalue()
    found = capsys.readouterr()
    assert word not in written.getvalue() + found.err + found.out + figures


def test_something_that_went_wrong_is_told_like_every_problem(one: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw is a problem with the headers of every answer, and shows nothing of itself."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(type(one.gate), "notices", broken)
    with one.client() as client:
        document = client.get("/v1/notices")
        page = client.get("/choose", headers={"Accept": "text/html"})
    for answer in (document, page):
        assert answer.status_code == 500
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert CANARY not in answer.text
    assert document.json()["type"].endswith("/problems/internal")
    assert "text/html" in page.headers["content-type"]


def test_a_path_that_browsers_take_for_another_site_is_linked_nowhere(one: Served) -> None:
    """The links to other languages on a page for `//evil.example` lead to this server."""
    import socket

    with socket.create_connection((one.server.address, one.server.port)) as raw:
        raw.sendall(b"GET //evil.example/x HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
        told = b"".join(iter(lambda: raw.recv(65_536), b"")).decode()
    assert "evil.example" in told, "the page does not link to itself any more"
    assert re.findall(r'href="(?://|\\|[a-z]+:)', told) == []


def test_the_shop_is_not_slowed(one: Served) -> None:
    """Nobody lost anything by all that: everybody is still there."""
    assert len(one.gate.standing("offers")) == shop.CUSTOMERS
