"""What a person sees who comes to a place that is not there."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import violations
from tests.web.served import Served


def test_a_page_that_is_not_there_says_so_in_plain_words(served: Served, page: Page) -> None:
    """A wrong address gives a page that a person can read, in their language, without a fault that axe finds."""
    answer = page.goto(f"{served.url}/no/such/page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    assert violations(page) == []
