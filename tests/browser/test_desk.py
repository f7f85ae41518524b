"""The desk of requests, versions of the policy and Spanish, in a real browser over the grocer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

import bailee
from bailee.rights import requests
from tests.browser.conftest import LARGE, SMALL, violations
from tests.browser.test_console import sign_in
from tests.web.served import Served

PAGES = ["/", "/requests", "/requests?every=true", "/requests/1", "/requests/2", "/policy", "/policy/coming", "/ledger"]
CUSTOMER, OTHER = "7", "12"


@pytest.fixture
def home(home: Path) -> Path:
    """The grocer, of whom two customers asked something, one of them long ago, with another policy in its file."""
    with bailee.open(home) as gate:
        gate.publish_policy(home / "policy.yaml")
        requests.open(gate, OTHER, "erase")
    with bailee.open(home, clock=lambda: datetime.now(UTC) + timedelta(seconds=1)) as gate:
        requests.open(gate, CUSTOMER, "correct", text="My name has one n.")
    policy = (home / "policy.yaml").read_text()
    changed = policy.replace("keep: 13 months", "keep: 15 months", 1)
    (home / "policy.yaml").write_text(changed.replace("version: 2026-11-01", "version: 2026-12-01", 1))
    return home


def test_a_request_is_answered_without_scripts(served: Served, context: Callable[..., BrowserContext]) -> None:
    """From the overview to the list, to one request, put off and closed; the customer reads why on their own page."""
    page = context(java_script_enabled=False).new_page()
    sign_in(served, page)
    page.get_by_role("link", name="2 requests wait for an answer").click()
    page.get_by_role("link", name="Request 2").click()
    expect(page.locator("main")).to_contain_text("My name has one n.")
    expect(page.locator("main")).to_contain_text("That you looked is recorded")
    put_off = page.locator("form[action$=extend]")
    put_off.get_by_label("Why").fill("We search three systems.")
    put_off.get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("The answer to request 2 is put off")
    page.get_by_role("link", name="Request 2").click()
    expect(page.locator("form[action$=extend]")).to_have_count(0)
    close = page.locator("form[action$=close]")
    close.get_by_label("Done as they asked").check()
    close.get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("Request 2 is closed")
    expect(page.locator("tbody tr")).to_have_count(1)
    name, value = served.signed_in(CUSTOMER)
    mine = context()
    mine.add_cookies([{"name": name, "value": value, "url": served.url}])
    own = mine.new_page()
    own.goto(f"{served.url}/me/requests")
    expect(own.locator("tbody")).to_contain_text("We search three systems.")
    expect(own.locator("tbody")).to_contain_text("done")


def test_the_file_is_compared_with_what_is_in_force(served: Served, page: Page) -> None:
    """The page of the policy leads to what the file would change, for how many, and by which command."""
    sign_in(served, page)
    page.goto(f"{served.url}/policy")
    page.get_by_role("link", name="What the file would change").click()
    asked = len(served.gate.asked_again("personal_offers", file=served.gate.home / "policy.yaml"))
    expect(page.locator("section.change")).to_contain_text(f"{asked:,} customers must be asked again")
    expect(page.locator("main")).to_contain_text("bailee policy schedule policy.yaml --on")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_pages_are_accessible_and_fit(
    served: Served, context: Callable[..., BrowserContext], size: dict[str, int], scheme: str
) -> None:
    """Axe finds nothing, and no page scrolls sideways, in Spanish, at 320 and 1280 pixels, light and dark."""
    page = context(viewport=size, color_scheme=scheme, locale="es-ES").new_page()
    page.goto(served.staff_link("marketing", "service"))
    page.locator("main button").click()
    for path in PAGES:
        page.goto(f"{served.url}{path}")
        assert (path, violations(page)) == (path, [])
        assert (path, page.evaluate("document.documentElement.scrollWidth <= innerWidth")) == (path, True)


def test_nothing_is_cut_off_on_paper(served: Served, page: Page) -> None:
    """Printed, no table is wider than its page, and neither buttons nor forms of a search are there."""
    page.set_viewport_size({"width": 720, "height": 1000})
    sign_in(served, page)
    for path in PAGES:
        page.goto(f"{served.url}{path}")
        page.emulate_media(media="print")
        wide = page.evaluate("[...document.querySelectorAll('table')].filter(e => e.scrollWidth > innerWidth).length")
        shown = page.locator("button:visible, a.button:visible, [role=search]:visible").count()
        assert (path, wide, shown) == (path, 0, 0)


def test_the_console_calls_purposes_as_the_reader_does(served: Served, context: Callable[..., BrowserContext]) -> None:
    """In Spanish, purposes have their Spanish titles; what has no translation is marked as English."""
    page = context(locale="es-ES").new_page()
    page.goto(served.staff_link("marketing", "service"))
    page.locator("main button").click()
    for path in ("/", "/ask", "/policy", "/choices"):
        page.goto(f"{served.url}{path}")
        expected = "Responder a lo que preguntas sobre tus decisiones"
        assert (path, expected in page.locator("main").inner_text() or expected in page.content()) == (path, True)
        assert (path, "Offers chosen from what you buy" in page.content()) == (path, False)
    page.goto(f"{served.url}/policy")
    expect(page.locator("#standard-one_price_for_everybody p[lang=en]")).to_have_count(1)


def test_a_spanish_reader_is_shown_spanish_and_it_is_recorded(
    served: Served, context: Callable[..., BrowserContext]
) -> None:
    """On the customer's page and on the form of the banner, the notice is Spanish, and so is the one on record."""
    name, value = served.signed_in(CUSTOMER)
    mine = context(locale="es-ES")
    mine.add_cookies([{"name": name, "value": value, "url": served.url}])
    page = mine.new_page()
    page.goto(f"{served.url}/me")
    card = page.locator(".choice", has_text="Sugerencias mientras compras")
    card.locator("button").first.click()
    page.wait_for_load_state()
    said = served.gate.choices(CUSTOMER)[-1]
    assert said.purpose == "product_recommendations"
    assert said.notice is not None
    assert served.gate.notice_text(said.notice).startswith("Sugerencias mientras compras\n")
    visitor = context(locale="es-ES").new_page()
    visitor.goto(f"{served.url}/choose")
    expect(visitor.locator("details").first).to_contain_text("Un aviso de Marigold Grocers")
