"""A real browser (Debian's Chromium) and the grocer, served; where there is no Chromium, each test says so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import bailee
from bailee import examples
from tests.web.served import SECRET, VARIABLE, Served, serving_of, with_keys

CHROMIUM = os.environ.get("BAILEE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SMALL, LARGE = {"width": 320, "height": 568}, {"width": 1280, "height": 800}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none."""
    if CHROMIUM is None:
        mark = pytest.mark.skip(reason="no Chromium: install Debian's package `chromium`, or set BAILEE_CHROMIUM")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def grocer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The grocer's workspace, to be copied."""
    home = tmp_path_factory.mktemp("grocer") / "shop"
    examples.install("grocer", home, clock=lambda: datetime.now(UTC))
    with_keys(home)
    return home


@pytest.fixture
def home(grocer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy of the grocer, whose warehouse, which nobody writes to, is shared."""
    monkeypatch.setenv(VARIABLE, SECRET)
    made = shutil.copytree(grocer, tmp_path / "shop", ignore=shutil.ignore_patterns("warehouse.duckdb"))
    os.link(grocer / "warehouse.duckdb", made / "warehouse.duckdb")
    return made


@pytest.fixture
def served(home: Path) -> Iterator[Served]:
    """The grocer, served."""
    with serving_of(bailee.open(home)) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts (browsers of different people), closed at the end; pages that log an error fail the test."""
    opened: list[BrowserContext] = []
    wrong: list[str] = []

    def make(**options: Any) -> BrowserContext:
        made = browser.new_context(**{"viewport": LARGE, "locale": "en-US", **options})
        made.on("weberror", lambda error: wrong.append(str(error.error)))
        opened.append(made)
        return made

    yield make
    for each in opened:
        each.close()
    assert wrong == []


@pytest.fixture
def page(context: Callable[..., BrowserContext]) -> Page:
    """A page of one person's browser."""
    return context().new_page()


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its best practices: rule, and the first place."""
    script = (files("axe_playwright_python") / "axe.min.js").read_text()
    page.evaluate(script)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found["violations"]]
