"""The shop signs its customer in by a token: once, for customers alone, and from the shop's own pages alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import bailee
from tests.web.served import Served, serving_of

SHOP = "https://shop.example"


@pytest.fixture
def linked(home: Path) -> Iterator[Served]:
    """The shop's workspace, which believes its page."""
    with serving_of(bailee.open(home), origins=(SHOP,)) as served:
        yield served


def entered(served: Served, token: str, origin: str | None = SHOP, **form: str) -> httpx.Response:
    """What a form of the shop's page gets."""
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site", **({"Origin": origin} if origin else {})}
    with served.client(headers=headers) as client:
        return client.post("/me/enter", data={"token": token, **form})


def test_a_token_signs_in(linked: Served) -> None:
    """A customer comes from the shop's account page straight to their own; the token is nowhere in what comes back."""
    token = linked.token("1")
    answer = entered(linked, token, back="/me/data")
    with linked.client(cookies=dict(answer.cookies)) as client:
        page = client.get("/me/data")
    assert (answer.status_code, answer.headers["location"], page.status_code) == (303, "/me/data", 200)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert token not in str(answer.headers)


@pytest.mark.parametrize("claims", [{}, {"jti": "once"}])
def test_a_token_signs_in_once(linked: Served, claims: dict[str, str]) -> None:
    """The same token, or another of the same `jti`, is refused afterwards."""
    token = linked.token("1", **claims)
    first, second = entered(linked, token), entered(linked, token)
    other = entered(linked, linked.token("1", exp=int(time.time()) + 500, **claims))
    assert (first.status_code, second.status_code) == (303, 401)
    assert other.status_code == (401 if claims else 303)
    assert "set-cookie" not in second.headers


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "https://shop.example.evil.example"])
def test_only_a_page_of_the_shop_may_send_it(linked: Served, origin: str | None) -> None:
    """Another site cannot sign a visitor in as somebody else."""
    answer = entered(linked, linked.token("1"), origin)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_what_is_no_customers_token(linked: Served) -> None:
    """Tokens of programs and analysts, of nobody on record, too long-lived, or signed by nobody we know: refused."""
    now = int(time.time())
    tokens = [
        linked.token("till", "shop"),
        linked.token("nobody"),
        linked.token("1", exp=now + 80_000),
        linked.token("1", aud="https://elsewhere.example"),
        linked.token("1")[:-6] + "AAAAAA",
        "not a token",
    ]
    assert [entered(linked, each).status_code for each in tokens] == [403, 401, 401, 401, 401, 401]
