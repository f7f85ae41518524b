"""The form without scripts: the same questions and rules, for a visitor, a signed-in customer, or the shop's token."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bailee.web import who
from tests.browser.banner.meeting import PLACE, choices_on_record, said_by
from tests.browser.banner.shop_pages import Shop
from tests.browser.conftest import LARGE, SMALL, violations
from tests.gate import shop as small
from tests.web.served import Served

Contexts = Callable[..., BrowserContext]
BOTH = pytest.mark.parametrize("viewport", [SMALL, LARGE], ids=["small", "large"])


def came(context: Contexts, url: str, **options: Any) -> Page:
    """Somebody without scripts comes to an address."""
    page = context(java_script_enabled=False, **options).new_page()
    page.goto(url)
    return page


def visitor(page: Page) -> str:
    """The key of the visitor who holds this browser's cookie."""
    (secret,) = (each["value"] for each in page.context.cookies() if each["name"] == "bailee-visitor")
    return who.visitor_key(who.read(secret) or b"")


def acts(served: Served, key: str) -> dict[str, str]:
    """The last act about each purpose."""
    return {each.purpose: each.act for each in said_by(served, key)}


@BOTH
def test_a_visitor_without_scripts_refuses_changes_and_withdraws(
    asked: Served, context: Contexts, pages: Shop, viewport: Any
) -> None:
    """From the shop's link: nothing stored or ticked; refuse, allow one, withdraw all, and back to the shop."""
    page = came(context, f"{asked.url}/choose?return={pages.url}/basket", viewport=viewport)
    assert page.context.cookies() == []
    assert page.locator("input:checked").count() == 0
    page.get_by_role("button", name="Refuse all").click()
    expect(page.get_by_role("status")).to_have_text("Your choices are saved.")
    key = visitor(page)
    assert acts(asked, key) == {"offers": "refuse", "research": "refuse"}
    page.get_by_label("Offers: Allow this").check()
    page.get_by_role("button", name="Save my choices").click()
    assert acts(asked, key) == {"offers": "grant", "research": "refuse"}
    expect(page.get_by_label("Offers: Allow this")).to_be_checked()
    assert asked.gate.may("offers", customer=key, actor=small.MARKETING).permitted
    page.get_by_role("button", name="Withdraw all").click()
    assert acts(asked, key) == {"offers": "withdraw", "research": "refuse"}
    page.get_by_role("link", name="Back to localhost").click()
    assert page.url == f"{pages.url}/basket"


def test_what_was_recorded_is_what_the_form_showed(asked: Served, context: Contexts) -> None:
    """Rule 12. The notices of the form are the registered words, byte for byte, and the recorded ones are these."""
    page = came(context, f"{asked.url}/choose")
    shown = {each.get_attribute("data-digest"): each.text_content() for each in page.locator(".notice").all()}
    page.get_by_role("button", name="Accept all").click()
    said = said_by(asked, visitor(page))
    assert {each.notice for each in said} == set(shown)
    assert shown == {digest: asked.gate.notice_text(digest or "") for digest in shown}
    assert {each.evidence for each in said} == {"form: accept_all"}


def test_refuse_and_accept_are_equal_on_the_form(asked: Served, context: Contexts) -> None:
    """Rules 1 to 4. Both are buttons of one look and size, side by side."""
    page = context(viewport=SMALL).new_page()
    page.goto(f"{asked.url}/choose")
    looks = []
    for name in ("Refuse all", "Accept all"):
        button = page.get_by_role("button", name=name)
        look = """(at) => { const s = getComputedStyle(at);
            return [s.color, s.backgroundColor, s.font, s.width, s.height, s.border]; }"""
        looks.append(button.evaluate(look))
    assert looks[0] == looks[1]


def test_a_customer_who_is_signed_in_changes_their_own(asked: Served, context: Contexts) -> None:
    """A session's choices are the customer's, under the form's token; without it nothing is recorded."""
    name, value = asked.signed_in("1")
    browser = context(java_script_enabled=False)
    browser.add_cookies([{"name": name, "value": value, "url": asked.url}])
    page = browser.new_page()
    page.goto(f"{asked.url}/choose")
    expect(page.get_by_label("Offers: Allow this")).to_be_checked()
    page.get_by_role("button", name="Withdraw all").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert acts(asked, "1") == {"offers": "withdraw", "research": "withdraw"}
    with asked.client(cookies={name: value}, headers={"Sec-Fetch-Site": "same-origin"}) as client:
        bare = client.post("/choose", data={"act": "accept_all", "shown": f"offers|{small.notice(asked.gate)}|en|"})
    assert (bare.status_code, acts(asked, "1")["offers"]) == (403, "withdraw")


def test_the_shop_posts_a_token_and_it_stands_in_no_address(asked: Served, context: Contexts, pages: Shop) -> None:
    """A customer whom the shop vouches for chooses without a session; their token is in no address and no cookie."""
    page = context(java_script_enabled=False).new_page()
    token = asked.token("9")
    with asked.client() as client:
        head = {"Origin": pages.url, "Sec-Fetch-Site": "cross-site"}
        shown = client.post("/choose", data={"token": token}, headers=head)
    assert shown.status_code == 200
    form = (
        f"<form method=post action='{asked.url}/choose'><input name=token value='{token}'>"
        "<button>Privacy choices</button></form>"
    )
    page.route(f"{pages.url}/mine", lambda route: route.fulfill(content_type="text/html", body=form))
    page.goto(f"{pages.url}/mine")
    page.get_by_role("button", name="Privacy choices").click()
    page.get_by_role("button", name="Accept all").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert acts(asked, "9") == {"offers": "grant", "research": "grant"}
    assert (token in page.url, page.context.cookies()) == (False, [])


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "{shop}.evil.example/",
        "{shop}@evil.example/",
        "{shop}\\\\@evil.example/",
        "/\\\\evil.example",
        "{shop}:x@evil.example/",
        "data:text/html,x",
    ],
)
def test_the_way_back_leads_only_to_the_shop(asked: Served, context: Contexts, pages: Shop, back: str) -> None:
    """An address on any other origin is no link of the page, nor any other kind of address."""
    page = context(java_script_enabled=False).new_page()
    page.goto(f"{asked.url}/choose")
    with asked.client() as client:
        text = client.get("/choose", params={"return": back.replace("{shop}", pages.url)}).text
    assert "evil.example" not in re.sub(r"[?&amp;]return=[^\"]*", "", text)
    assert "Back to" not in text


def test_the_age_is_asked_and_kept_once(grocer_asked: Served, context: Contexts) -> None:
    """Rule 14. Without scripts too: no yes without a year; a child is offered nothing, and a second year is none."""
    page = came(context, f"{grocer_asked.url}/choose?place={PLACE}")
    before = choices_on_record(grocer_asked)
    page.get_by_role("button", name="Accept all").click()
    expect(page.get_by_role("alert")).to_contain_text("year of your birth")
    assert (page.context.cookies(), choices_on_record(grocer_asked)) == ([], before)
    page.get_by_label("In which year were you born?").fill("2016")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("For your parent or guardian")).to_be_visible()
    assert page.locator("input[type=checkbox]").count() == 0
    facts = grocer_asked.gate.facts(visitor(page))
    assert facts is not None
    born = facts.born
    secret = next(each["value"] for each in page.context.cookies() if each["name"] == "bailee-visitor")
    form = {"act": "year", "year": "1980", "place": PLACE, "csrf": who.csrf(who.read(secret) or b"")}
    own = {"headers": {"Sec-Fetch-Site": "same-origin"}, "cookies": {"bailee-visitor": secret}}
    with grocer_asked.client(**own) as client:
        assert client.post("/choose", data=form).status_code == 303
    facts = grocer_asked.gate.facts(visitor(page))
    assert facts is not None
    assert facts.born == born


def test_a_verified_guardian_says_yes_for_a_child_and_nobody_else_does(grocer_asked: Served, context: Contexts) -> None:
    """Rule 14. The parent whom the shop verified allows what the child cannot, and takes it back."""
    gate = grocer_asked.gate
    gate.meet("Robin", born=date(gate.clock().year - 8, 1, 1), place=PLACE)
    for key in ("parent", "stranger"):
        gate.meet(key)
    gate.guardian("Robin", "parent")
    with grocer_asked.client() as client:
        seen = [
            client.get("/choose", params={"for": child}, headers=grocer_asked.bearer(whose))
            for whose, child in (("stranger", "Robin"), ("stranger", "nobody"), ("Robin", "Robin"))
        ]
    assert [each.status_code for each in seen] == [403] * 3
    assert len({each.json()["detail"] for each in seen}) == 1
    name, value = grocer_asked.signed_in("parent")
    browser = context(java_script_enabled=False)
    browser.add_cookies([{"name": name, "value": value, "url": grocer_asked.url}])
    page = browser.new_page()
    page.goto(f"{grocer_asked.url}/choose")
    page.get_by_role("link", name="Choose for Robin").click()
    assert page.locator("h2").all_inner_texts() == ["Suggestions while you shop"]
    page.get_by_role("button", name="Accept all").click()
    (said,) = said_by(grocer_asked, "Robin")
    assert (said.purpose, said.act, said.guardian) == ("product_recommendations", "grant", "parent")
    assert gate.own_standing("Robin")["product_recommendations"].code == "stands"
    page.get_by_role("button", name="Withdraw all").click()
    assert gate.own_standing("Robin")["product_recommendations"].code == "withdrawn"
    expect(page.get_by_label("Suggestions while you shop: Allow this")).not_to_be_checked()


@BOTH
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_form(grocer_asked: Served, context: Contexts, viewport: Any, scheme: str) -> None:
    """No state of the form has a fault that axe finds, and nothing scrolls sideways."""
    page = context(viewport=viewport, color_scheme=scheme).new_page()
    page.goto(f"{grocer_asked.url}/choose?place={PLACE}&year=missing")
    found = violations(page)
    page.get_by_label("In which year were you born?").fill("1980")
    page.get_by_role("button", name="Accept all").click()
    found += violations(page)
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert (found, wide[0] <= wide[1]) == ([], True)
