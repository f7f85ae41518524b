"""Pages, people and networks that are against the banner, or only slow."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route, expect

import bailee
from tests.browser.banner.meeting import Banner, choices_on_record, tag
from tests.browser.banner.shop_pages import STYLE, Shop
from tests.browser.conftest import LARGE
from tests.gate import shop as small
from tests.web.served import Served, serving_of

Contexts = Callable[..., BrowserContext]
Meet = Callable[..., Banner]

HOSTILE = """
* { display: none !important; visibility: hidden !important; opacity: 0 !important; font-size: 1px !important }
html, body, main, h1 { display: block !important; visibility: visible !important; opacity: 1 !important }
[data-bailee-banner] { display: none !important; position: static !important; transform: scale(0) !important;
  pointer-events: none !important; z-index: -1 !important; height: 0 !important; clip-path: inset(50%) !important;
  content-visibility: hidden !important; filter: opacity(0) !important }
button { color: red !important; background: white !important } .accept_all { font-size: 40px !important }
"""


def test_a_page_that_hides_everything_cannot_hide_or_skew_it(asked: Served, pages: Shop, meet: Meet) -> None:
    """A style sheet of the page, however strong, neither hides the banner nor makes one button unlike the other."""
    pages.style = STYLE + HOSTILE
    banner = meet(asked, viewport=LARGE)
    expect(banner.act("refuse_all")).to_be_visible()
    looks = ("color", "background-color", "font-size", "height", "width")
    assert banner.style("refuse_all", *looks) == banner.style("accept_all", *looks)
    assert banner.style("refuse_all", "font-size") == {"font-size": "16px"}
    banner.press("refuse_all")
    assert set(banner.acts().values()) == {"refuse"}


def test_a_policy_of_the_page_that_allows_no_style_is_no_matter(asked: Served, meet: Meet) -> None:
    """Under a policy without inline styles, and with trusted types, the banner breaks no rule of it."""
    broken: list[str] = []
    banner = meet(asked)
    banner.page.on("console", lambda told: broken.append(told.text) if told.type in ("error", "warning") else None)
    banner.open("/basket").press("choose").press("refuse_all")
    assert broken == []


def test_titles_and_notices_are_text_whatever_they_hold(
    plain: Path, tmp_path: Path, pages: Shop, context: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks of HTML in a title, a reason and a notice are shown as they are written, by the banner and by the form."""
    import shutil

    from tests.web.served import SECRET, VARIABLE

    monkeypatch.setenv(VARIABLE, SECRET)
    evil = "<img src=x onerror=window.evil=1><script>window.evil=2</script>'`{{7*7}}"
    home = shutil.copytree(plain, tmp_path / "evil")
    policy = (home / "policy.yaml").read_text()
    quoted = "'" + evil.replace("'", "''") + "'"
    for words in ("Offers", "A coupon for what you never buy is waste."):
        policy = policy.replace(f": {words}\n", f": {quoted}\n")
    (home / "policy.yaml").write_text(policy)
    with serving_of(bailee.open(home), origins=(pages.url,)) as served:
        served.gate.add_notice("offers", f"# {evil}\n\n**{evil}**")
        pages.host, pages.tag = served.url, tag(served)
        banner = Banner(context().new_page(), served, pages).open()
        banner.panel.locator("summary").first.click()
        assert evil in banner.panel.inner_text()
        banner.press("choose")
        assert evil in banner.panel.inner_text()
        banner.page.goto(f"{served.url}/choose?language=en&purposes=offers")
        assert evil in banner.page.locator("main").inner_text()
        assert banner.page.evaluate("window.evil") is None
        assert banner.page.locator("main img, main script").count() == 0


def test_another_origin_is_told_nothing(asked: Served, context: Contexts) -> None:
    """A page of an origin that is not on the list cannot read what the banner is told, and sends no choice."""
    from tests.browser.banner import shop_pages

    before = choices_on_record(asked)
    with shop_pages.running() as other:
        other.host, other.tag = asked.url, tag(asked)
        page = context().new_page()
        warned: list[str] = []
        page.on("console", lambda told: warned.append(told.text))
        page.goto(other.url)
        page.wait_for_timeout(500)
        sent = page.evaluate(
            """(url) => fetch(url, {method: 'POST', headers: {'Content-Type': 'application/json',
                'Bailee-Visitor': 'A'.repeat(43)}, body: JSON.stringify({answers: [{purpose: 'offers', allow: true}]})})
                .then(() => 'answered', () => 'refused')""",
            f"{asked.url}/v1/banner",
        )
        assert (page.locator("[data-bailee-banner] .panel").count(), sent) == (0, "refused")
        assert any("nothing is allowed" in each for each in warned)
    assert choices_on_record(asked) == before


def test_a_forged_form_of_another_site_records_nothing(asked: Served, pages: Shop, meet: Meet) -> None:
    """A page of another site that sends the form in a visitor's name is refused, cookie or none."""
    banner = meet(asked)
    before = choices_on_record(asked)
    banner.page.evaluate(
        """(url) => { const form = document.createElement('form'); form.method = 'post'; form.action = url;
            for (const [name, value] of [['act', 'accept_all'], ['shown', 'offers||en|']]) {
                const field = document.createElement('input'); field.name = name; field.value = value;
                form.append(field); }
            document.body.append(form); form.submit(); }""",
        f"{asked.url}/choose",
    )
    banner.page.wait_for_url(f"{asked.url}/choose")
    expect(banner.page.locator("h1")).to_contain_text("did not come from one of our pages")
    assert choices_on_record(asked) == before


def test_two_windows_tell_each_other(asked: Served, context: Contexts, pages: Shop) -> None:
    """A choice in one window closes the question in the other, and both are one visitor."""
    browser = context()
    one, other = (Banner(browser.new_page(), asked, pages).open() for _ in range(2))
    one.press("refuse_all")
    expect(other.pill).to_be_visible()
    expect(other.panel).to_have_count(0)
    other.press("privacy").tick("offers").press("save")
    expect(one.act("withdraw_all")).to_be_visible()
    assert one.acts() == other.acts() == {"offers": "grant", "research": "refuse"}


def test_windows_that_answer_at_once_are_one_visitor(asked: Served, context: Contexts, pages: Shop) -> None:
    """Two windows that answer in the same moment leave one visitor, whose last word counts."""
    browser = context()
    one, other = (Banner(browser.new_page(), asked, pages).open() for _ in range(2))
    one.act("accept_all").evaluate("(at) => setTimeout(() => at.click(), 50)")
    other.act("refuse_all").evaluate("(at) => setTimeout(() => at.click(), 50)")
    for each in (one, other):
        expect(each.pill).to_be_visible()
    with asked.gate.database.read() as connection:
        visitors = "SELECT count(*) FROM customers WHERE key LIKE 'visitor:%'"
        assert connection.exec_driver_sql(visitors).scalar_one() == 1


def test_the_back_button_shows_what_was_chosen(asked: Served, meet: Meet) -> None:
    """Who goes back to a page on which they were asked is not asked again."""
    banner = meet(asked)
    banner.page.locator("main a").click()
    banner.settled().press("refuse_all")
    banner.page.go_back()
    expect(banner.page.locator("h1")).to_have_text("Bread and milk")
    expect(banner.pill).to_be_visible()
    expect(banner.panel).to_have_count(0)


def test_a_slow_network_holds_up_nothing_and_records_once(asked: Served, context: Contexts, pages: Shop) -> None:
    """The page is there before a slow banner; a press counts once, pressed twice or its answer lost."""
    browser = context()
    page = browser.new_page()
    lost = {"left": 1}

    def slow(route: Route) -> None:
        time.sleep(0.7)
        if route.request.method == "POST" and lost["left"]:
            lost["left"] = 0
            route.fetch()  # it arrives, and the answer does not
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(f"{asked.url}/**", slow)
    page.goto(pages.url, wait_until="commit")
    expect(page.locator("h1")).to_have_text("Bread and milk", timeout=600)
    banner = Banner(page, asked, pages)
    expect(banner.panel).to_be_visible()
    banner.act("refuse_all").dblclick()
    expect(banner.pill).to_be_visible(timeout=15_000)
    assert [each.act for each in banner.said()] == ["refuse", "refuse"]


def test_what_cannot_be_saved_is_said_and_changes_nothing(asked: Served, context: Contexts, pages: Shop) -> None:
    """Where the server cannot be reached, the banner says that nothing was saved, stays, and works when it is back."""
    page = context().new_page()
    banner = Banner(page, asked, pages).open()
    page.route(f"{asked.url}/v1/**", lambda route: route.abort())
    banner.press("accept_all")
    expect(banner.panel.locator("#wrong")).to_contain_text("could not be saved, so nothing has changed")
    assert (banner.stored(), banner.said()) == ([], [])
    page.unroute(f"{asked.url}/v1/**")
    banner.press("refuse_all")
    assert set(banner.acts().values()) == {"refuse"}


def test_the_other_purposes_of_the_small_shop(asked: Served, meet: Meet) -> None:
    """What a standard refuses, and what is not for a visitor, is offered on no layer."""
    banner = meet(asked)
    assert banner.panel.locator(".title").all_inner_texts() == ["Offers", "Research"]
    banner.press("choose")
    assert banner.panel.locator("h3").all_inner_texts() == ["Offers", "Research"]
    assert {"premium", "campaigns"} <= set(asked.gate.promise.policy.purposes)
    assert small.CUSTOMERS == 12
