"""The page of a screen, as counsel opens it from a file: no fault that axe finds, nothing wider than the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bailee.deals import screen as screening
from bailee.deals.page import page as written
from tests.browser.conftest import LARGE, SMALL, violations
from tests.deals.screens import shop
from tests.gate.shop import Clock

#: What the margins leave of A4, in CSS's pixels.
PAPER = {"width": 672, "height": 985}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an offer, in a file."""
    home = tmp_path_factory.mktemp("offered") / "shop"
    shop.make(home)
    with shop.opened(home, Clock(shop.NOW)) as gate:
        found = screening.screen(gate, shop.deal(), actor=shop.COUNSEL, seed=7)
        (home / "page.html").write_text(written(found, gate.promise.policy), encoding="utf-8")
    return home / "page.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_anybody_can_read_it(browser: Browser, file: Path, scheme: str, size: dict[str, int]) -> None:
    """In light and dark, small and large, and on paper; and it asks nobody for anything."""
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    assert [file.as_uri()] == asked
    assert [] == said
    assert [] == violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
    context.close()
