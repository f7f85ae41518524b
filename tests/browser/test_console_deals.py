"""The console's *Deals* in a real browser: what was agreed, released and is still to be deleted, and nobody's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bailee.deals import agreeing, recalling, releasing
from bailee.deals.releasing import Asked
from tests.browser.conftest import LARGE, SMALL, violations
from tests.browser.test_console import sign_in
from tests.deals.shop import COUNSEL, FIGURES, NOW, SALES, agreed, deal_text, make, opened
from tests.gate.shop import Clock
from tests.web.served import SECRET, VARIABLE, Served, serving_of, with_keys

TO = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def served(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A shop with two deals: one released, after which one customer withdrew, and one just begun."""
    home = tmp_path / "deals"
    make(home)
    with_keys(home)
    monkeypatch.setenv(VARIABLE, SECRET)
    (tmp_path / "out").mkdir()
    with opened(home, clock) as found:
        releasing.release(found, agreed(found, deal_text()), Asked(TO, tmp_path / "out"), actor=COUNSEL)
        found.choose("7", "withdraw", "research")
        recalling.look(found)
        agreeing.propose(found, deal_text(**FIGURES), actor=SALES)
    with opened(home, clock) as found, serving_of(found) as running:
        yield running


def test_what_was_released_and_is_to_be_deleted(served: Served, page: Page, clock: Clock) -> None:
    """From the overview to the list and one deal: its steps, its release, one deletion that waits and is late then."""
    sign_in(served, page)
    page.get_by_role("link", name="Recipients have 1 deletion to confirm.").click()
    row = page.get_by_role("row", name="basket-study")
    expect(row).to_contain_text("agreed")
    expect(row).to_contain_text("1 waiting")
    expect(page.get_by_role("row")).to_have_count(3)
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Baskets for a study")
    expect(page.locator("main")).to_contain_text("Nothing keeps it from the next step.")
    steps = page.locator("section", has=page.locator("#steps"))
    for who in ("Sam Seller", "Cora Counsel", "Pia Privacy"):
        expect(steps).to_contain_text(who)
    clock.forward(days=200)
    address = page.url
    sign_in(served, page)
    expect(page.get_by_role("link", name="A recipient is late with 1 deletion.")).to_be_visible()
    page.goto(address)
    expect(page.locator("main")).to_contain_text("1 late")
    page.goto(f"{served.url}/deals/0123456789")
    expect(page.locator("main")).to_contain_text("no deal on record begins with this")


@pytest.mark.parametrize("locale", ["en-US", "es-ES"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_pages_are_accessible_and_fit(
    served: Served, context: Callable[..., BrowserContext], size: dict[str, int], scheme: str, locale: str
) -> None:
    """Axe finds nothing, and no page scrolls sideways, at 320 and 1280 pixels, light and dark, in both languages."""
    page = context(viewport=size, color_scheme=scheme, locale=locale).new_page()
    page.goto(served.staff_link("counsel"))
    page.locator("main button").click()
    every = [found.digest.removeprefix("sha256:")[:12] for found in agreeing.listed(served.gate)]
    for path in ("/deals", *(f"/deals/{word}" for word in every)):
        page.goto(f"{served.url}{path}")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_before_the_first_deal(tmp_path: Path, clock: Clock, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, the page says how one is begun."""
    make(tmp_path / "new")
    with_keys(tmp_path / "new")
    monkeypatch.setenv(VARIABLE, SECRET)
    with opened(tmp_path / "new", clock) as found, serving_of(found) as running:
        sign_in(running, page)
        page.goto(f"{running.url}/deals")
        expect(page.locator("main")).to_contain_text("No deal is on record yet.")
        expect(page.locator("main")).to_contain_text("bailee deal new FILE")
        assert violations(page) == []
