"""Global Privacy Control as Chromium itself sends it: honoured without asking, told, recorded once, and it wins.

The browser is started with its own switches for the signal; where this Chromium has none, an extra header and a script
that sets the property stand in, and the test's name says `stand-in`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, expect

from bailee.people.choices import Said
from bailee.people.kinds import Kind
from bailee.web import who
from tests.browser.banner import shop_pages
from tests.browser.banner.meeting import Banner, said_by, tag
from tests.browser.banner.shop_pages import Shop
from tests.browser.conftest import CHROMIUM
from tests.gate import shop as small
from tests.web.served import Served

SWITCHES = ["--enable-features=GlobalPrivacyControlTest", "--enable-blink-features=GlobalPrivacyControl"]
PROPERTY = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"


@dataclass
class Signalling:
    """A browser that can send the signal by itself, if `native`."""

    browser: Browser
    native: bool

    def context(self, *, on: bool = True, **options: Any) -> BrowserContext:
        """Somebody's browser, with the signal on or off."""
        headers = {} if self.native or not on else {"extra_http_headers": {"Sec-GPC": "1"}}
        made = self.browser.new_context(locale="en-US", **headers, **options)
        if self.native:
            self.browser.new_browser_cdp_session().send("Browser.setGlobalPrivacyControl", {"gpc": on})
        elif on:
            made.add_init_script(PROPERTY)
        return made


@pytest.fixture
def signalling(browser: Browser) -> Iterator[Signalling]:
    """A browser of its own, since the signal is one of the whole browser."""
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", *SWITCHES]
    made = browser.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    try:
        made.new_browser_cdp_session().send("Browser.setGlobalPrivacyControl", {"gpc": True})
        native = True
    except Error:  # an older Chromium knows no such command
        native = False
    yield Signalling(made, native)
    made.close()


def arrived(signalling: Signalling, served: Served, pages: Shop, **options: Any) -> Banner:
    """Somebody whose browser sends the signal comes to the shop."""
    return Banner(signalling.context(**options).new_page(), served, pages).open()


def test_this_chromium_sends_the_signal_itself(signalling: Signalling) -> None:
    """The signal of these tests is the browser's own; where it is a stand-in, this says so."""
    if not signalling.native:
        pytest.skip("this Chromium has no GPC: an extra header and a script stand in for it")
    page = signalling.context().new_page()
    with shop_pages.running() as shop:
        page.goto(shop.url)
        assert page.evaluate("navigator.globalPrivacyControl") is True
        assert shop.heads[0].get_all("Sec-GPC") == ["1"]


def test_the_signal_is_honoured_without_asking_and_shown(signalling: Signalling, asked: Served, pages: Shop) -> None:
    """Rule 13. What sells or shares is not asked for, the page says so, and the rest is asked."""
    banner = arrived(signalling, asked, pages)
    expect(banner.panel).to_contain_text("Opt-out request honoured")
    assert banner.panel.locator(".title").all_inner_texts() == ["Offers"]
    assert [(each.purpose, each.act, each.instrument) for each in banner.said()] == [("*", "refuse", "gpc")]
    banner.press("accept_all")
    expect(banner.pill).to_contain_text("Opt-out request honoured")
    assert banner.acts() == {"*": "refuse", "offers": "grant"}


def test_the_signal_is_recorded_once(signalling: Signalling, asked: Served, pages: Shop) -> None:
    """One entry for each visitor and change of the signal, however many pages and windows there are."""
    context = signalling.context()
    first, second = Banner(context.new_page(), asked, pages), Banner(context.new_page(), asked, pages)
    first.page.goto(pages.url, wait_until="commit")
    second.page.goto(pages.url, wait_until="commit")
    for each in (first, second):
        expect(each.panel).to_be_visible()
    for path in ("/basket", "/checkout", "/"):
        first.open(path)
    assert [each.instrument for each in first.said()] == ["gpc"]
    with asked.gate.database.read() as connection:
        signals = "SELECT count(*) FROM choices WHERE instrument = 'gpc'"
        assert connection.exec_driver_sql(signals).scalar_one() == 1


def test_a_signal_that_goes_and_comes_is_another(signalling: Signalling, asked: Served, pages: Shop) -> None:
    """Turned off, nobody counts it as a yes; turned on again, it is recorded again, and wins again."""
    if not signalling.native:
        pytest.skip("the stand-in cannot be turned off in a running browser")
    banner = arrived(signalling, asked, pages)
    turn = signalling.browser.new_browser_cdp_session()
    turn.send("Browser.setGlobalPrivacyControl", {"gpc": False})
    banner.open("/basket")
    assert len(banner.said()) == 1
    turn.send("Browser.setGlobalPrivacyControl", {"gpc": True})
    banner.open("/")
    assert [each.instrument for each in banner.said()] == ["gpc", "gpc"]


def test_a_conflict_is_told_and_the_signal_wins_until_they_confirm(
    signalling: Signalling, asked: Served, pages: Shop
) -> None:
    """Rule 13. What was allowed before stops at once and is told; a yes after that, and only then, counts."""
    pages.tag = tag(asked, token=asked.token("8"))
    notice = small.notice(asked.gate, "research")
    asked.gate.choose_all([Said("8", Kind("offers", "refuse", "banner"), asked.gate.clock())])
    assert asked.gate.own_standing("8")["research"].code == "stands"
    banner = arrived(signalling, asked, pages)
    assert asked.gate.own_standing("8")["research"].code == "gpc"
    expect(banner.panel).to_contain_text("You had allowed this, and your browser now says no")
    expect(banner.act("accept_all")).to_have_count(0)
    banner.press("choose")
    expect(banner.panel).to_contain_text("stops this. If you allow it here, it counts all the same")
    banner.tick("research").press("save")
    last = said_by(asked, "8")[-1]
    assert (last.purpose, last.act, last.conflict_shown, last.notice) == ("research", "grant", True, notice)
    assert asked.gate.own_standing("8")["research"].code == "stands"
    banner.open("/basket")
    assert asked.gate.own_standing("8")["research"].code == "stands"
    assert [each["name"] for each in banner.page.context.cookies()] == ["bailee-gpc"]


def test_the_signal_counts_without_scripts(signalling: Signalling, asked: Served) -> None:
    """Rule 13. The form without scripts honours the header, shows it, and offers nothing that it refuses as asked."""
    context = signalling.context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{asked.url}/choose")
    expect(page.get_by_text("Opt-out request honoured")).to_be_visible()
    page.get_by_role("button", name="Accept all").click()
    expect(page.get_by_role("status")).to_contain_text("saved")
    (secret,) = (each["value"] for each in context.cookies() if each["name"] == "bailee-visitor")
    said = said_by(asked, who.visitor_key(who.read(secret) or b""))
    assert {(each.purpose, each.act, each.instrument) for each in said} == {
        ("*", "refuse", "gpc"),
        ("offers", "grant", "banner"),
    }
