"""A shop on an origin of its own whose pages load the banner, and people who come to it for the first time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

import bailee
from tests.browser.banner import shop_pages
from tests.browser.banner.meeting import PLACE, Banner, tag
from tests.browser.banner.shop_pages import Shop
from tests.gate import shop as small
from tests.web.served import SECRET, VARIABLE, Served, serving_of, with_keys


@pytest.fixture
def pages() -> Iterator[Shop]:
    """A shop's own server."""
    with shop_pages.running() as shop:
        yield shop


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose purposes ask no age, to be copied."""
    home = tmp_path_factory.mktemp("plain") / "shop"
    small.make(home)
    with_keys(home)
    return home


@pytest.fixture
def asked(plain: Path, tmp_path: Path, pages: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Two purposes on consent, offers and research, asked of anybody."""
    monkeypatch.setenv(VARIABLE, SECRET)
    with serving_of(bailee.open(shutil.copytree(plain, tmp_path / "plain")), origins=(pages.url,)) as running:
        pages.host, pages.tag = running.url, tag(running)
        yield running


@pytest.fixture
def grocer_asked(home: Path, pages: Shop) -> Iterator[Served]:
    """The grocer, whose purposes depend on age and place."""
    with serving_of(bailee.open(home), origins=(pages.url,)) as running:
        pages.host, pages.tag = running.url, tag(running, place=PLACE)
        yield running


@pytest.fixture
def meet(context: Callable[..., BrowserContext], pages: Shop) -> Callable[..., Banner]:
    """Somebody comes to the shop for the first time."""

    def come(served: Served, path: str = "/", **options: Any) -> Banner:
        return Banner(context(**options).new_page(), served, pages).open(path)

    return come
