"""`/v1/banner`: who is asked what and when again, what is taken of their answers, and what nobody can do with it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest

from bailee.web import who
from tests.gate import shop
from tests.gate.shop import Clock
from tests.web.served import Served, serving_of

SECRET = "B" * 43
VISITOR = {"Bailee-Visitor": SECRET}
KEY = who.visitor_key(who.read(SECRET) or b"")


@contextmanager
def at(home: Path, clock: Clock) -> Iterator[Served]:
    """The shop, served, by a clock that is set by hand."""
    with shop.opened(home, clock) as gate, serving_of(gate) as running:
        yield running


def form(client: httpx.Client, **asked: Any) -> dict[str, Any]:
    """What the banner shows."""
    answer = client.get("/v1/banner", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def said(client: httpx.Client, answers: dict[str, bool], **more: Any) -> httpx.Response:
    """Answer some purposes, under the notices that the banner shows."""
    shown = {each["purpose"]: each["notice"] for each in form(client)["purposes"]}
    listed = [{"purpose": purpose, "allow": allow, **notice(shown.get(purpose))} for purpose, allow in answers.items()]
    return client.post("/v1/banner", json={"answers": listed, **more})


def notice(shown: dict[str, str] | None) -> dict[str, str]:
    """What an answer says of the notice that was shown."""
    return {} if shown is None else {"notice": shown["digest"], "language": shown["language"]}


def asked(client: httpx.Client) -> list[str]:
    """The purposes that must be asked."""
    return [each["purpose"] for each in form(client)["purposes"] if each["ask"]]


# Who is asked --------------------------------------------------------------------------------------------------------


def test_somebody_unknown_is_asked_what_is_for_anybody(served: Served) -> None:
    """Nobody in particular is asked each purpose that may happen and is for them, with its notice, and no other."""
    with served.client() as client:
        found = form(client, language="es")
    assert [each["purpose"] for each in found["purposes"]] == ["offers", "research"]
    assert {each["notice"]["text"] for each in found["purposes"]} == {"About offers.", "About research."}
    assert (found["language"], found["words"]["refuse_all"], found["known"]) == ("es", "Rechazar todo", False)


def test_a_page_names_its_purposes(served: Served) -> None:
    """A page that is about one purpose asks only that; a name that is none is no question."""
    with served.client() as client:
        assert [each["purpose"] for each in form(client, purposes="research, nothing")["purposes"]] == ["research"]


def test_a_customer_is_asked_only_what_they_did_not_answer(served: Served) -> None:
    """Who allowed one purpose before is asked the other alone, and may change both."""
    with served.client(headers=served.bearer("7")) as client:
        found = form(client)
    assert {each["purpose"]: (each["on"], each["ask"]) for each in found["purposes"]} == {
        "offers": (False, False),
        "research": (True, False),
    }
    assert found["ask"] is False


def test_reading_records_nothing(served: Served) -> None:
    """A visitor who only looks is on no record, and the same form is not sent twice."""
    with served.client(headers=VISITOR) as client:
        first = client.get("/v1/banner")
        again = client.get("/v1/banner", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, served.gate.facts(KEY)) == (304, None)
    assert "set-cookie" not in first.headers


# When again ----------------------------------------------------------------------------------------------------------


def test_a_no_is_left_alone_for_half_a_year(home: Path) -> None:
    """Who refused is asked again after six months and not before, a sale or sharing after twelve."""
    clock = Clock()
    with at(home, clock) as served, served.client(headers=VISITOR) as client:
        assert said(client, {"offers": False, "research": False}, control="refuse_all").status_code == 201
        clock.forward(days=182)
        assert asked(client) == []
        clock.forward(days=2)
        assert asked(client) == ["offers"]
        clock.forward(days=183)
        assert asked(client) == ["offers", "research"]


def test_who_took_a_yes_back_is_left_alone_for_a_year(home: Path) -> None:
    """A withdrawal is not asked about again before a year has gone."""
    clock = Clock()
    with at(home, clock) as served, served.client(headers=VISITOR) as client:
        said(client, {"offers": True})
        clock.forward(days=1)
        said(client, {"offers": False})
        assert [each.act for each in served.gate.choices(KEY)] == ["grant", "withdraw"]
        clock.forward(days=360)
        assert "offers" not in asked(client)
        clock.forward(days=7)
        assert "offers" in asked(client)


@pytest.mark.parametrize("before", [True, False], ids=["allowed", "refused"])
def test_after_a_publication_exactly_what_changed_is_asked_and_told(home: Path, before: bool) -> None:
    """A wider purpose is asked again, with what is new in its notice; the other, unchanged, is not."""
    clock = Clock()
    with at(home, clock) as served, served.client(headers=VISITOR) as client:
        said(client, {"offers": before, "research": before})
    clock.forward(days=10)
    policy = (home / "policy.yaml").read_text()
    (home / "policy.yaml").write_text(
        policy.replace("keep: 13 months", "keep: 3 years").replace("version: 1", "version: 2")
    )
    with at(home, clock) as served, served.client(headers=VISITOR) as client:
        assert asked(client) == []  # nothing can be shown yet, so nothing can be agreed to
        served.gate.add_notice("offers", "About offers. We keep your purchases for 3 years.")
        found = form(client)
        assert [each["purpose"] for each in found["purposes"] if each["ask"]] == ["offers"]
        (changed,) = (each["changed"] for each in found["purposes"] if each["purpose"] == "offers")
        assert any("3 years" in each for each in changed)
        said(client, {"offers": True})
        assert (asked(client), served.gate.own_standing(KEY)["offers"].code) == ([], "stands")


# What is taken -------------------------------------------------------------------------------------------------------


def test_a_refusal_is_recorded_as_carefully_as_a_grant(served: Served) -> None:
    """Both have the notice, its language, the instrument and the button as evidence, and an entry of the ledger."""
    before = served.gate.head().size
    with served.client(headers=VISITOR) as client:
        answer = said(client, {"offers": False, "research": True}, control="chosen")
    assert (answer.status_code, answer.json()["recorded"]) == (201, 2)
    refused, granted = served.gate.choices(KEY)
    assert (refused.act, granted.act) == ("refuse", "grant")
    for each in (refused, granted):
        shown = (each.notice, each.language, each.instrument, each.evidence)
        assert shown == (shop.notice(served.gate, each.purpose), "en", "banner", "banner: chosen")
    kinds = [served.gate.leaf(position)["kind"] for position in range(before, served.gate.head().size)]
    assert kinds == ["customer", "choice", "choice"]


def test_what_changes_nothing_is_not_recorded(served: Served) -> None:
    """The same answer again is no new choice."""
    with served.client(headers=VISITOR) as client:
        said(client, {"offers": True, "research": False})
        assert said(client, {"offers": True, "research": False}).json()["recorded"] == 0
    assert len(served.gate.choices(KEY)) == 2


def test_a_yes_to_what_is_not_open_is_not_taken(served: Served) -> None:
    """Neither what a standard refuses, nor what is not for visitors, nor a purpose that is none can be allowed."""
    with served.client(headers=VISITOR) as client:
        answer = said(client, {"premium": True, "campaigns": True, "nothing": True, "offers": True})
    assert (answer.json()["recorded"], [each.purpose for each in served.gate.choices(KEY)]) == (1, ["offers"])


def test_a_yes_without_a_notice_is_refused(served: Served) -> None:
    """A grant that cites no notice, another purpose's, or one that nobody registered, records nothing at all."""
    other = shop.notice(served.gate, "research")
    with served.client(headers=VISITOR) as client:
        for shown in ({}, {"notice": other}, {"notice": "sha256:none"}):
            answer = client.post("/v1/banner", json={"answers": [{"purpose": "offers", "allow": True, **shown}]})
            assert answer.status_code == 422
    assert served.gate.choices(KEY) == ()


def test_a_signal_cannot_be_overruled_unseen(served: Served) -> None:
    """With GPC, by header or body, a yes to what shares counts only when it says that the conflict was shown."""
    research = {"purpose": "research", "allow": True, "notice": shop.notice(served.gate, "research")}
    for secret, headers, body in (("C", {"Sec-GPC": "1"}, {}), ("D", {}, {"gpc": True})):
        with served.client(headers={"Bailee-Visitor": secret * 43, **headers}) as client:
            blind = client.post("/v1/banner", json={"answers": [research], **body})
            seen = client.post("/v1/banner", json={"answers": [{**research, "conflict_shown": True}], **body})
        assert (blind.status_code, seen.status_code) == (422, 201)
        assert seen.json()["purposes"][1]["on"] is True


@pytest.mark.parametrize("value", ["0", "true", "1, 1", "1x", ""])
def test_only_one_is_a_signal(served: Served, value: str) -> None:
    """Anything but exactly `1` is no signal (W3C GPC, 3.2)."""
    with served.client(headers={**VISITOR, "Sec-GPC": value}) as client:
        assert form(client)["gpc"] is False


def test_nobody_has_the_signal_of_every_request_recorded(served: Served) -> None:
    """However often and at once it is sent, one signal is on record; a new one only when it is said to be new."""
    headers = {"Bailee-Visitor": SECRET, "Sec-GPC": "1"}

    def send(new: bool) -> int:
        with served.client(headers=headers) as client:
            return client.post("/v1/banner", json={"gpc": True, "gpc_new": new}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, [True] * 8)) == {201}
    first = len(served.gate.choices(KEY))
    send(False)
    assert first == len(served.gate.choices(KEY))
    assert {each.instrument for each in served.gate.choices(KEY)} == {"gpc"}


# What nobody can do --------------------------------------------------------------------------------------------------


def test_the_same_answer_sent_at_once_is_recorded_once(served: Served) -> None:
    """A post that comes several times under one key is recorded once; under another key it changes nothing."""
    with served.client(headers=VISITOR) as client:
        body = {"answers": [{"purpose": "offers", "allow": True, "notice": shop.notice(served.gate)}]}

        def send(_: int) -> int:
            return client.post("/v1/banner", json=body, headers={"Idempotency-Key": "k-1"}).status_code

        with ThreadPoolExecutor(6) as pool:
            codes = set(pool.map(send, range(6)))
        assert codes <= {201, 409}
        assert send(0) == 201
    assert [each.act for each in served.gate.choices(KEY)] == ["grant"]


def test_another_visitors_secret_is_another_visitor(served: Served) -> None:
    """Whoever holds no secret, or a made-up one, sees and changes nothing of anybody else."""
    with served.client() as client:
        said_by = client.post("/v1/banner", headers=VISITOR, json={"answers": [{"purpose": "offers", "allow": False}]})
        other = client.get("/v1/banner", headers={"Bailee-Visitor": "E" * 43}).json()
        none = client.post("/v1/banner", json={"answers": [{"purpose": "offers", "allow": False}]})
        key = client.get("/v1/banner", headers={"Bailee-Visitor": KEY})
        staff = client.get("/v1/banner", headers=served.bearer("till", "shop"))
    assert said_by.status_code == 201
    assert (other["known"], none.status_code, key.status_code, staff.status_code) == (False, 401, 401, 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_another_origin_may_not_read(served: Served, origin: str) -> None:
    """An origin that is not on the list is told so by no header, for a read as for what comes before a post."""
    with served.client() as client:
        read = client.get("/v1/banner", headers={"Origin": origin})
        asks = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "bailee-visitor",
        }
        before = client.options("/v1/banner", headers=asks)
    assert [each.headers.get("access-control-allow-origin") for each in (read, before)] == [None, None]


def test_a_cookie_counts_only_from_our_own_pages(served: Served) -> None:
    """A visitor's or customer's cookie that another site's page makes the browser send records nothing."""
    body = {"answers": [{"purpose": "offers", "allow": False}]}
    name, value = served.signed_in("1")
    for cookie in ({"bailee-visitor": SECRET}, {name: value}):
        with served.client(cookies=cookie, headers={"Sec-Fetch-Site": "cross-site"}) as client:
            assert client.post("/v1/banner", json=body).status_code == 403
            assert client.post("/choose", data={"act": "refuse_all"}).status_code == 403
    assert served.gate.facts(KEY) is None


NASTY = [
    "<script>alert(1)</script>",
    "'; DROP TABLE choices; --",
    "\u0000",
    "../../etc/passwd",
    "en\r\nSet-Cookie: a=b",
    "\u2028" * 30,
    "%s%n",
    "{{7*7}}",
]


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_field_is_more_than_a_text(served: Served, nasty: str) -> None:
    """What is sent in any field is a value: never a server error, and never anything in the answer but a text."""
    with served.client(headers=VISITOR) as client:
        answers = [
            client.get("/v1/banner", params={"language": nasty, "purposes": nasty, "place": nasty[:12]}),
            client.get("/choose", params={"language": nasty, "purposes": nasty, "place": nasty[:12], "return": nasty,
                                          "left": nasty, "year": nasty[:20]}),
            *(
                client.post("/v1/banner", json={"answers": [{"purpose": "offers", "allow": False, **field}], **more})
                for field, more in (
                    ({"purpose": nasty}, {}), ({"notice": nasty}, {}), ({"language": nasty}, {}),
                    ({}, {"place": nasty[:12]}), ({}, {"language": nasty}), ({}, {"purposes": nasty}),
                )
            ),
        ]  # fmt: skip
    assert max(each.status_code for each in answers) < 500
    assert "<script>alert" not in "".join(each.text for each in answers if "html" in each.headers["content-type"])
    assert all("set-cookie" not in each.headers for each in answers)


# The scripts ---------------------------------------------------------------------------------------------------------


def test_the_banner_is_small(served: Served) -> None:
    """The script has at most 10 kB gzipped, as it is sent, and each adapter at most 2."""
    with served.client(headers={"Accept-Encoding": "gzip"}) as client:
        sent = {
            name: client.get(f"/{name}.js")
            for name in ("banner", "adapter-google", "adapter-shopify", "adapter-cookieconsent")
        }
    sizes = {
        name: int(each.headers.get("content-length", len(gzip.compress(each.content)))) for name, each in sent.items()
    }
    assert {each.headers["content-type"] for each in sent.values()} == {"text/javascript; charset=utf-8"}
    assert sizes.pop("banner") <= 10_000
    assert max(sizes.values()) <= 2_500
    assert sent["banner"].content == (files("bailee.web") / "static" / "banner.js").read_bytes()


def test_the_banner_is_for_every_page_and_not_sent_twice(served: Served) -> None:
    """It may be loaded from anywhere, is kept for minutes, and not sent again while it has not changed."""
    with served.client() as client:
        first = client.get("/banner.js", headers={"Origin": "https://anywhere.example"})
        again = client.get("/banner.js", headers={"If-None-Match": first.headers["etag"]})
        missing = client.get("/adapter-passwd.js")
    assert (again.status_code, again.content, missing.status_code) == (304, b"", 404)
    assert first.headers["access-control-allow-origin"] == "*"
    assert first.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age=300" in first.headers["cache-control"]


def test_the_script_asks_nobody_else_and_makes_no_html(served: Served) -> None:
    """No address but its own server's, no HTML made of text, and no code made of text."""
    code = (files("bailee.web") / "static" / "banner.js").read_text()
    code = code[code.index("*/") :]
    for word in (
        "http://",
        "https://",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert word not in code


def test_both_languages_say_all(served: Served) -> None:
    """Every sentence of the banner is there in every language, and no two languages say the same."""
    with served.client() as client:
        english, spanish = (form(client, language=each)["words"] for each in ("en", "es"))
    assert english.keys() == spanish.keys()
    assert [name for name in english if english[name] == spanish[name]] == []


def test_one_day(served: Served) -> None:
    """A refusal is kept as long as a grant: both cookies of the form last alike."""
    kept = []
    for act in ("refuse_all", "accept_all"):
        with served.client(headers={"Sec-Fetch-Site": "same-origin"}) as client:
            shown = f"offers|{shop.notice(served.gate)}|en|"
            answer = client.post("/choose", data={"act": act, "shown": [shown]})
            kept.append([each for each in answer.headers["set-cookie"].split("; ") if "Max-Age" in each])
    assert kept[0] == kept[1] == [f"Max-Age={int(timedelta(days=395).total_seconds())}"]
