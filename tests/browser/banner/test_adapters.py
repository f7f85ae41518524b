"""What tells others of choices: Google's signals, Shopify's consents, and a library's own banner, in a real browser."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from bailee.web import who
from tests.browser.banner.meeting import Banner, said_by, tag
from tests.browser.banner.shop_pages import Shop
from tests.web.served import Served

Meet = Callable[..., Banner]
#: Its licence is MIT; it is fetched for the test, and is no part of Bailee.
LIBRARY = "vanilla-cookieconsent@3.1.0"
SIGNALS = ("ad_storage", "ad_user_data", "ad_personalization", "analytics_storage")


def google(page: Page) -> list[list[Any]]:
    """All that Google's tags were told of consent, in order."""
    script = "dataLayer.filter((each) => each[0] === 'consent').map((each) => [...each])"
    found: list[list[Any]] = page.evaluate(script)
    return found


def test_google_is_told_no_before_any_tag_and_the_choice_after(asked: Served, pages: Shop, meet: Meet) -> None:
    """Consent Mode v2: four signals denied by default, then what the purposes behind each were allowed or refused."""
    pages.tag = (
        f'<script src="{asked.url}/adapter-google.js" data-analytics-storage="offers"'
        f' data-ad-storage="offers research"></script>{tag(asked)}'
    )
    banner = meet(asked)
    first = google(banner.page)
    assert first[0][:2] == ["consent", "default"]
    assert first[0][2] == {**dict.fromkeys(SIGNALS, "denied"), "wait_for_update": 500}
    banner.press("choose").tick("offers").press("save")
    assert google(banner.page)[-1] == [
        "consent",
        "update",
        {**dict.fromkeys(SIGNALS, "denied"), "analytics_storage": "granted"},
    ]
    banner.open("/basket")
    assert google(banner.page)[-1][2]["analytics_storage"] == "granted"
    banner.press("withdraw_all")
    assert google(banner.page)[-1][2] == dict.fromkeys(SIGNALS, "denied")


def test_shopify_is_told_each_consent(asked: Served, pages: Shop, meet: Meet, context: Any) -> None:
    """Customer Privacy: the four consents, given where all purposes behind each are allowed, and taken back."""
    pages.tag = (
        f'{tag(asked)}<script src="{asked.url}/adapter-shopify.js" async data-analytics="offers"'
        ' data-marketing="offers" data-sale-of-data="research"></script>'
    )
    browser: BrowserContext = context()
    browser.add_init_script(
        """window.said = []; window.Shopify = {loadFeatures: (features, done) => {
            window.features = features;
            Shopify.customerPrivacy = {setTrackingConsent: (said, done) => { window.said.push(said); done(); }};
            done(); }};"""
    )
    banner = Banner(browser.new_page(), asked, pages).open()
    banner.press("choose").tick("offers").press("save")
    assert banner.page.evaluate("features") == [{"name": "consent-tracking-api", "version": "0.1"}]
    assert banner.page.evaluate("said.at(-1)") == {
        "analytics": True,
        "marketing": True,
        "preferences": False,
        "sale_of_data": False,
    }
    banner.press("withdraw_all")
    assert set(banner.page.evaluate("said.at(-1)").values()) == {False}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script of vanilla-cookieconsent, from its own package."""
    if shutil.which("npm") is None:
        pytest.skip("no npm to fetch vanilla-cookieconsent with")
    folder = tmp_path_factory.mktemp("npm")
    packed = subprocess.run(
        ["npm", "pack", "--silent", LIBRARY], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    if packed.returncode:
        pytest.skip(f"npm could not fetch {LIBRARY}")
    shutil.unpack_archive(folder / packed.stdout.strip().splitlines()[-1], folder)
    return folder / "package" / "dist" / "cookieconsent.umd.js"


CONFIG = """() => baileeCookieConsent({
    hideFromBots: false,
    categories: {necessary: {readOnly: true, enabled: true}, offers: {}, research: {}},
    language: {default: 'en', translations: {en: {
      consentModal: {title: 'Choose', description: 'Please', acceptAllBtn: 'Accept', acceptNecessaryBtn: 'Refuse', showPreferencesBtn: 'Choose'},
      preferencesModal: {title: 'Choices', acceptAllBtn: 'Accept', acceptNecessaryBtn: 'Refuse', savePreferencesBtn: 'Save', closeIconLabel: 'Close', sections: [
        {title: 'Offers', description: 'x', linkedCategory: 'offers'}, {title: 'Research', description: 'x', linkedCategory: 'research'}]}}}},
    onFirstConsent: () => { window.firsts = (window.firsts || 0) + 1; },
  }, {offers: 'offers', research: 'research'}).then((config) => CookieConsent.run(config))"""  # noqa: E501


def test_a_library_s_own_banner_records_with_us(asked: Served, pages: Shop, context: Any, library: Path) -> None:
    """vanilla-cookieconsent: the first choice, a change, nothing on later pages, and asked again for a new notice."""
    pages.tag = f'<script src="{asked.url}/adapter-cookieconsent.js"></script>'
    browser: BrowserContext = context(bypass_csp=True)  # its own script is put into the page by the test
    page = browser.new_page()

    def come(path: str = "/") -> None:
        page.goto(pages.url + path)
        page.add_script_tag(content=library.read_text())
        page.evaluate(CONFIG)

    def said() -> list[tuple[str, str]]:
        found = [each["value"] for each in browser.cookies() if each["name"] == "bailee-visitor"]
        key = who.visitor_key(who.read(found[0]) or b"")
        return [(each.purpose, each.act) for each in said_by(asked, key)]

    def recorded(act: Callable[[], object]) -> None:
        with page.expect_response(lambda answer: answer.request.method == "POST" and answer.status == 201):
            act()
        page.wait_for_function("document.cookie.includes('bailee-visitor')")

    def wider(route: Route) -> None:
        """The terms of another policy, as if it had been published."""
        answer = route.fetch()
        form = answer.json()
        form["purposes"][0]["notice"]["terms"] = "sha256:of another promise"
        route.fulfill(response=answer, json=form)

    come()
    assert browser.cookies() == []
    recorded(lambda: page.get_by_role("button", name="Refuse").first.click())
    assert said() == [("offers", "refuse"), ("research", "refuse")]
    come("/basket")
    page.wait_for_timeout(300)
    assert len(said()) == 2
    recorded(lambda: page.evaluate("CookieConsent.acceptCategory(['offers'])"))
    assert said()[2:] == [("offers", "grant")]
    asked.gate.add_notice("offers", "About offers, in other words.")
    come("/checkout")
    page.wait_for_timeout(300)
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)  # other words for the same terms
    page.route("**/v1/banner?*", wider)
    come("/")
    expect(page.get_by_role("button", name="Accept").first).to_be_visible()
    recorded(lambda: page.get_by_role("button", name="Accept").first.click())
    assert said()[3:] == [("research", "grant")]
    assert page.evaluate("window.firsts") == 1
