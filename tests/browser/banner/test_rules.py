"""The banner in a real browser, on a shop's page of another origin with a strict policy of its own.

The numbers are those of the rules against dark patterns, which follow the EDPB's cookie banner task force (2023), the
CNIL's notices (2024), 11 CCR 7004 to 7026, GDPR articles 7, 8, 12 and 21, and WCAG 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from bailee.web import who
from tests.browser.banner.meeting import PLACE, Banner, choices_on_record, requested
from tests.browser.banner.shop_pages import Shop
from tests.browser.conftest import LARGE, SMALL, violations
from tests.gate import shop as small
from tests.web.served import Served

BOTH = pytest.mark.parametrize("viewport", [SMALL, LARGE], ids=["small", "large"])
SHAMING = re.compile(
    r"\b(sorry|miss(ing)? out|unfortunately|are you sure|lose|regret|best experience|recommended)\b", re.I
)
Contexts = Callable[..., BrowserContext]


Meet = Callable[..., Banner]


# 1 to 4: accept and refuse -------------------------------------------------------------------------------------------


@BOTH
def test_accept_and_refuse_are_both_there_at_once(asked: Served, meet: Meet, viewport: Any) -> None:
    """Rule 1. Both are buttons on the first layer, inside the window, and nothing lies over them."""
    banner = meet(asked, viewport=viewport)
    for name in ("refuse_all", "accept_all"):
        box = banner.act(name).bounding_box()
        assert box is not None
        assert (box["x"] >= 0, box["y"] >= 0) == (True, True)
        assert (box["x"] + box["width"] <= viewport["width"], box["y"] + box["height"] <= viewport["height"]) == (
            True,
            True,
        )
        hit = banner.host.evaluate(
            "(host, at) => host.shadowRoot.elementFromPoint(at[0], at[1]).closest('button').dataset.act",
            [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
        )
        assert (hit, banner.act(name).evaluate("(at) => at.tagName")) == (name, "BUTTON")


@BOTH
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accept_and_refuse_are_equal_in_every_measure(asked: Served, meet: Meet, viewport: Any, scheme: str) -> None:
    """Rule 2. Size, font, colours and border are the same, and the text has a contrast of at least 4.5 to 1."""
    banner = meet(asked, viewport=viewport, color_scheme=scheme)
    looks = [
        "font-size", "font-weight", "font-family", "color", "background-color", "border", "border-radius", "padding",
        "height", "width", "box-shadow", "opacity", "text-transform", "cursor",
    ]  # fmt: skip
    refuse, accept = (banner.style(name, *looks) for name in ("refuse_all", "accept_all"))
    assert refuse == accept
    assert contrast(refuse["color"], refuse["background-color"]) >= 4.5


def test_refusing_takes_as_many_clicks_as_accepting(asked: Served, meet: Meet) -> None:
    """Rule 3. One click refuses all, and one accepts all."""
    refused, accepted = meet(asked).press("refuse_all"), meet(asked).press("accept_all")
    assert (refused.clicks, refused.acts()) == (1, {"offers": "refuse", "research": "refuse"})
    assert (accepted.clicks, accepted.acts()) == (1, {"offers": "grant", "research": "grant"})


def test_each_layer_has_as_many_ways_to_refuse_as_to_accept(asked: Served, meet: Meet) -> None:
    """Rule 4. Refuse and accept come in pairs on every layer, under names that say so."""
    banner = meet(asked)
    for _ in range(2):
        assert (banner.act("accept_all").count(), banner.act("refuse_all").count()) == (1, 1)
        assert re.search(r"refuse|reject|decline", banner.act("refuse_all").inner_text(), re.I)
        assert not re.search(r"later|settings|necessary", banner.act("refuse_all").inner_text(), re.I)
        if banner.act("choose").count():
            banner.act("choose").click()


# 5 to 7: before a choice ---------------------------------------------------------------------------------------------


@BOTH
def test_nothing_is_ticked_before_somebody_ticks_it(asked: Served, meet: Meet, viewport: Any) -> None:
    """Rule 5. Every control of the second layer is off, and says so in words."""
    banner = meet(asked, viewport=viewport).press("choose")
    boxes = banner.panel.locator("input[type=checkbox]")
    assert boxes.evaluate_all("(all) => all.map((each) => [each.dataset.purpose, each.checked])") == [
        ["offers", False],
        ["research", False],
    ]
    assert banner.panel.locator(".state").all_inner_texts() == ["No, I do not allow it"] * 2


def test_nothing_but_a_choice_is_a_choice(asked: Served, meet: Meet) -> None:
    """Rule 6. Scrolling, waiting, Escape, a click beside it, navigation and a form sent record and store nothing."""
    before = choices_on_record(asked)
    banner = meet(asked)
    page = banner.page
    page.clock.install()
    banner.open()
    page.mouse.wheel(0, 900)
    page.clock.run_for(31_000)
    page.keyboard.press("Escape")
    page.mouse.click(5, 5)
    banner.act("choose").click()
    page.keyboard.press("Escape")
    expect(banner.panel).to_have_attribute("data-layer", "ask")
    banner.open("/basket").open("/checkout")
    page.locator("input[name=terms]").check()
    page.locator("#buy").click()
    expect(page.locator("h1")).to_have_text("Thank you")
    expect(banner.panel).to_be_visible()
    assert (choices_on_record(asked), banner.stored()) == (before, [])


@BOTH
def test_before_a_choice_nothing_is_stored_and_nobody_else_asked(
    asked: Served, context: Contexts, pages: Shop, viewport: Any
) -> None:
    """Rule 7. Before a choice there is no cookie and no storage, and no host but the shop's and Bailee's is asked."""
    browser = context(viewport=viewport)
    origins = requested(browser)
    banner = Banner(browser.new_page(), asked, pages).open()
    banner.act("choose").click()
    assert (banner.stored(), origins()) == ([], {pages.url, asked.url})
    banner.press("refuse_all")
    assert banner.stored() == ["bailee-visitor"]
    assert origins() == {pages.url, asked.url}


# 8 to 10: choosing and taking back -----------------------------------------------------------------------------------


def test_each_control_is_one_purpose(asked: Served, meet: Meet) -> None:
    """Rule 8. What is ticked is granted, and nothing else; ticked and saved, it says so in words."""
    banner = meet(asked).press("choose").tick("research")
    assert banner.panel.locator(".state").all_inner_texts() == ["No, I do not allow it", "Yes, I allow it"]
    banner.press("save")
    assert banner.acts() == {"offers": "refuse", "research": "grant"}


def test_the_checkout_is_the_same_whatever_was_chosen(asked: Served, meet: Meet) -> None:
    """Rule 8. The checkout is the same after a no and after a yes, and the terms of sale grant nothing."""
    seen = []
    for act in ("refuse_all", "accept_all"):
        banner = meet(asked).press(act).open("/checkout")
        seen.append(banner.page.locator("main").inner_text())
        before = len(banner.said())
        banner.page.locator("input[name=terms]").check()
        banner.page.locator("#buy").click()
        expect(banner.page.locator("#price")).to_have_text("Paid: 12.40")
        assert len(banner.said()) == before
    assert seen[0] == seen[1]


def test_the_order_is_the_same_on_every_layer(asked: Served, meet: Meet) -> None:
    """Rule 9. Purposes stand in one order, refuse before accept everywhere, and no sentence says no twice."""
    banner = meet(asked)
    first = banner.panel.locator(".title").all_inner_texts()
    acts = banner.panel.locator(".acts button").evaluate_all("(all) => all.slice(0, 2).map((each) => each.dataset.act)")
    banner.press("choose")
    assert banner.panel.locator("h3").all_inner_texts() == first
    assert (
        banner.panel.locator(".acts button").evaluate_all("(all) => all.slice(0, 2).map((each) => each.dataset.act)")
        == acts
        == ["refuse_all", "accept_all"]
    )
    for sentence in re.split(r"[.!?\n]", banner.panel.inner_text()):
        assert not re.search(r"\bnot\b.*\b(opt out|refuse|object|reject|without)\b", sentence, re.I), sentence


@BOTH
def test_taking_back_is_as_easy_as_giving(asked: Served, meet: Meet, viewport: Any) -> None:
    """Rule 10. Each page has the button; a yes by one click is taken back by one, and the next use is refused."""
    banner = meet(asked, viewport=viewport).press("accept_all")
    secret = banner.secret()
    assert secret is not None
    key = who.visitor_key(secret)
    assert asked.gate.may("offers", customer=key, actor=small.MARKETING).permitted
    for path in ("/basket", "/checkout", "/done"):
        expect(banner.open(path).act("privacy")).to_be_visible()
    banner.clicks = 0
    banner.press("withdraw_all")
    expect(banner.act("withdraw_all")).to_have_count(0)
    assert (banner.clicks, banner.acts()) == (1, {"offers": "withdraw", "research": "withdraw"})
    assert not asked.gate.may("offers", customer=key, actor=small.MARKETING).permitted


def test_one_purpose_is_taken_back_with_the_clicks_that_gave_it(asked: Served, meet: Meet) -> None:
    """Rule 10. A purpose that three clicks gave, three take back, and the other stays."""
    banner = meet(asked).press("choose").tick("offers").tick("research").press("save")
    given, banner.clicks = banner.clicks, 0
    banner.press("privacy").tick("offers").press("save")
    assert (banner.clicks <= given, banner.acts()) == (True, {"offers": "withdraw", "research": "grant"})


# 11, 12: asking again, and what was shown ----------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["refuse_all", "accept_all"])
def test_who_has_answered_is_not_asked_on_the_next_page(asked: Served, meet: Meet, act: str) -> None:
    """Rule 11. After a no, as after a yes, no page asks, and both are kept as long."""
    banner = meet(asked).press(act)
    for path in ("/basket", "/", "/checkout"):
        banner.open(path)
        expect(banner.pill).to_be_visible()
        expect(banner.panel).to_have_count(0)
    (kept,) = (
        each
        for each in banner.page.context.cookies(asked.url.replace("127.0.0.1", "localhost"))
        if each["name"] == "bailee-visitor"
    )
    assert kept["expires"] > banner.page.evaluate("Date.now() / 1000") + 390 * 86_400


@pytest.mark.parametrize("act", ["refuse_all", "accept_all"])
def test_what_was_recorded_is_what_was_on_the_screen(asked: Served, meet: Meet, act: str) -> None:
    """Rule 12. The recorded digest and language are those on the screen, and the text kept by digest reads the same."""
    banner = meet(asked)
    shown = banner.panel.locator(".notice").evaluate_all(
        "(all) => all.map((each) => [each.dataset.digest, each.lang, each.textContent])"
    )
    banner.press(act)
    assert [(each.notice, each.language) for each in banner.said()] == [(digest, lang) for digest, lang, _ in shown]
    assert {each.instrument for each in banner.said()} == {"banner"}
    assert {each.evidence for each in banner.said()} == {f"banner: {act}"}
    for digest, _, text in shown:
        assert plainly(asked.gate.notice_text(digest)) == plainly(text)


# 13: Global Privacy Control (native, in test_gpc.py) ----------------------------------------------------------
# 14: age -------------------------------------------------------------------------------------------------------------


@BOTH
def test_the_year_of_birth_is_asked_without_a_hint(grocer_asked: Served, meet: Meet, viewport: Any) -> None:
    """Rule 14. The field is empty and suggests no year, and only the age group is kept."""
    banner = meet(grocer_asked, viewport=viewport)
    field = banner.host.locator("#year")
    assert [field.get_attribute(name) for name in ("value", "placeholder", "min", "max")] == [None] * 4
    assert field.input_value() == ""
    banner.press("accept_all")
    expect(banner.host.locator("#wrong")).to_contain_text("year of your birth")
    assert banner.stored() == []
    field.fill("1980")
    banner.press("accept_all")
    secret = banner.secret()
    assert secret is not None
    facts = grocer_asked.gate.facts(who.visitor_key(secret))
    assert facts is not None
    assert facts.born is not None
    assert facts.born.year > 2000
    assert set(banner.acts().values()) == {"grant"}
    assert set(banner.acts()) == {"personal_offers", "product_recommendations", "insurer_research"}


def test_a_child_is_offered_nothing_that_is_not_for_them_and_cannot_try_again(grocer_asked: Served, meet: Meet) -> None:
    """Rule 14. A child sees no advertising purpose, is told what a parent can do, and no second year counts."""
    banner = meet(grocer_asked).press("choose")
    banner.host.locator("#year").fill("2016")
    banner.press("year_go")
    expect(banner.panel).to_contain_text("parent or guardian")
    expect(banner.panel.locator("input[type=checkbox]")).to_have_count(0)
    banner.open("/basket")
    assert banner.host.locator("#year").count() == 0
    headers = {"Bailee-Visitor": who.written(banner.secret() or b"")}
    with grocer_asked.client(headers=headers) as client:
        again = client.post("/v1/banner", json={"year": 1980, "place": PLACE}).json()
        forced = client.post(
            "/v1/banner", json={"place": PLACE, "answers": [{"purpose": "personal_offers", "allow": True}]}
        ).json()
    assert [each["purpose"] for each in again["purposes"] if not each["objects"]] == []
    assert (forced["recorded"], banner.acts()) == (0, {})


def test_refusing_needs_no_age(grocer_asked: Served, meet: Meet) -> None:
    """Rules 3 and 14. One click refuses all without a year, and nobody is asked again on the next page."""
    banner = meet(grocer_asked).press("refuse_all")
    assert (banner.clicks, set(banner.acts().values())) == (1, {"refuse"})
    banner.open("/basket")
    expect(banner.panel).to_have_count(0)


# 15, 16: for everybody, and without tricks ---------------------------------------------------------------------------


def test_the_keyboard_alone_is_enough(asked: Served, meet: Meet) -> None:
    """Rule 15. The focus is not taken; Tab reaches refuse, accept and the page behind in turn, visibly."""
    banner = meet(asked)
    page = banner.page
    assert page.evaluate("[document.activeElement.tagName, scrollY]") == ["BODY", 0]
    assert banner.panel.get_attribute("role") == "region"
    assert banner.panel.get_attribute("aria-modal") is None
    order = []
    for _ in range(14):
        page.keyboard.press("Tab")
        order.append(page.evaluate(FOCUS))
    assert order.index("accept_all") - order.index("refuse_all") == 1
    assert "search" in order
    page.evaluate("document.activeElement.blur()")
    banner.act("refuse_all").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert banner.style("refuse_all", "outline-style", "outline-width") == {
        "outline-style": "solid",
        "outline-width": "3px",
    }
    page.keyboard.press("Enter")
    expect(banner.pill).to_be_visible()
    assert set(banner.acts().values()) == {"refuse"}
    assert page.evaluate(FOCUS) == "privacy"


@BOTH
def test_what_is_pressed_is_large_enough(grocer_asked: Served, meet: Meet, viewport: Any) -> None:
    """Rule 15. Every target has at least 24 by 24 pixels, the buttons of the banner 44 in height."""
    banner = meet(grocer_asked, viewport=viewport)
    banner.host.locator("#year").fill("1980")
    banner.press("choose")
    banner.host.locator("#year").fill("1980")
    banner.press("year_go")
    sizes = banner.panel.locator("button, input, summary").evaluate_all(
        "(all) => all.map((each) => [each.offsetWidth, each.offsetHeight])"
    )
    assert min(min(each) for each in sizes) >= 24
    high = banner.panel.locator(".acts button").evaluate_all("(all) => all.map((each) => each.offsetHeight)")
    assert min(high) >= 44


@pytest.mark.parametrize("viewport", [{"width": 320, "height": 200}, SMALL], ids=["400 %", "small"])
def test_it_reflows_at_four_hundred_percent(grocer_asked: Served, meet: Meet, viewport: Any) -> None:
    """Rule 15. At 320 by 200, which is 1280 by 800 at 400 %, nothing scrolls sideways and every button is in reach."""
    banner = meet(grocer_asked, viewport=viewport)
    for layer in ("ask", "choose"):
        expect(banner.panel).to_have_attribute("data-layer", layer)
        wide = banner.panel.evaluate("(at) => [at.scrollWidth, at.clientWidth, document.documentElement.scrollWidth]")
        assert (wide[0] <= wide[1], wide[2] <= 320) == (True, True)
        for name in ("refuse_all", "accept_all"):
            banner.act(name).scroll_into_view_if_needed()
            expect(banner.act(name)).to_be_in_viewport(ratio=1)
        if layer == "ask":
            banner.press("choose")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@BOTH
def test_axe_finds_nothing(grocer_asked: Served, meet: Meet, viewport: Any, scheme: str) -> None:
    """Rule 15. No layer has a fault that axe finds, nor the small button, in light or dark."""
    banner = meet(grocer_asked, viewport=viewport, color_scheme=scheme)
    found = {"ask": violations(banner.page)}
    banner.press("choose")
    found["locked"] = violations(banner.page)
    banner.host.locator("#year").fill("1980")
    banner.press("year_go")
    banner.panel.locator("summary").first.click()
    found["choose"] = violations(banner.page)
    banner.tick("personal_offers").press("save")
    found["pill"] = violations(banner.page)
    banner.press("privacy")
    found["open"] = violations(banner.page)
    assert found == {name: [] for name in found}


def test_nothing_moves_and_nobody_is_shamed(grocer_asked: Served, meet: Meet) -> None:
    """Rule 16. No animation, delay, countdown or word that shames; refusing is as quick as accepting."""
    banner = meet(grocer_asked)
    moving = banner.host.evaluate(
        """(host) => [...host.shadowRoot.querySelectorAll("*")].filter((each) => {
            const style = getComputedStyle(each);
            return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
        }).length"""
    )
    words = banner.panel.inner_text()
    banner.press("choose")
    assert (moving, SHAMING.search(words + banner.panel.inner_text())) == (0, None)


def contrast(one: str, other: str) -> float:
    """The contrast of two opaque colours (WCAG 2.2, 1.4.3)."""
    light = sorted((luminance(one), luminance(other)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of `rgb(r, g, b)`."""
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    r, g, b = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def plainly(text: str) -> str:
    """The words of a notice, without its marks."""
    return "".join(re.sub(r"[#*]", "", text).split())


FOCUS = """(() => {
  const top = document.activeElement;
  const at = top.shadowRoot ? top.shadowRoot.activeElement : top;
  return at.dataset.act || at.id || at.tagName;
})()"""
