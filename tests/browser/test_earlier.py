"""What was chosen on this device before signing in, by forms alone: from `/choose` to the account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import LARGE, SMALL, violations
from tests.browser.test_mine import MARKETING as MEMBER
from tests.browser.test_mine import PURPOSE, enter, somebody
from tests.web.served import Served


def refused(page: Page, served: Served) -> str:
    """A visitor who refuses all on the form, and then signs in as somebody who agreed; the customer's key."""
    page.goto(f"{served.url}/choose?place=US-OH")
    page.get_by_label("In which year were you born?").fill("1980")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Refuse all").click()
    expect(page.get_by_text("Your choices are saved.")).to_be_visible()
    key = somebody(served)[0]
    enter(page, served, key).goto(f"{served.url}/me")
    return key


def test_a_no_is_taken_over_without_a_script(served: Served, context: Callable[..., BrowserContext]) -> None:
    """Signing in changes nothing; one press takes the refusals over, with their receipts."""
    page = context(java_script_enabled=False).new_page()
    key = refused(page, served)
    offered = page.get_by_role("region", name="Before you signed in")
    expect(offered.get_by_text("You said no on").first).to_be_visible()
    assert served.gate.may(PURPOSE, customer=key, actor=MEMBER).permitted
    offered.get_by_role("button", name="Take").last.click()
    told = page.get_by_role("status")
    expect(told).to_contain_text("The next question leaves you out")
    expect(told.get_by_role("link", name="Receipt").first).to_be_visible()
    expect(page.get_by_role("region", name="Before you signed in")).to_have_count(0)
    assert not served.gate.may(PURPOSE, customer=key, actor=MEMBER).permitted


def test_it_can_be_left(served: Served, page: Page) -> None:
    """Leaving keeps the account as it is, and is remembered on this device."""
    key = refused(page, served)
    page.get_by_role("button", name="Leave my account as it is").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My choices")
    expect(page.get_by_role("region", name="Before you signed in")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("region", name="Before you signed in")).to_have_count(0)
    assert served.gate.may(PURPOSE, customer=key, actor=MEMBER).permitted


@pytest.mark.parametrize(
    "options", [{"viewport": SMALL, "color_scheme": "dark"}, {"viewport": LARGE, "locale": "es-ES"}]
)
def test_everybody_can_read_it(
    served: Served, context: Callable[..., BrowserContext], options: dict[str, object]
) -> None:
    """The offer has no fault that axe finds, and fits a small screen."""
    page = context(viewport=LARGE).new_page()
    refused(page, served)
    other = context(**options).new_page()
    other.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    other.goto(f"{served.url}/me")
    expect(other.locator("#earlier")).to_be_visible()
    assert violations(other) == []
    assert other.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
