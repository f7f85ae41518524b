"""Every link that a page shows leads somewhere (rule 17), whoever reads it; and to refuse asks for no account."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urldefrag, urljoin

import pytest
from playwright.sync_api import BrowserContext, Error, Page

from tests.web.served import Served

#: Far more than there are, so that a page that makes links for ever ends the test.
MOST = 120


def linked(page: Page, start: str) -> dict[str, int]:
    """Every page of the server that can be reached by links, with what it answers."""
    found: dict[str, int] = {}
    ahead = [start]
    while ahead and len(found) < MOST:
        url = ahead.pop(0)
        if url in found:
            continue
        try:
            answer = page.goto(url)
        except Error as error:
            if "Download is starting" not in str(error):  # a file, which a browser keeps
                raise
            found[url] = page.request.get(url).status
            continue
        assert answer is not None
        found[url] = answer.status
        hrefs = page.eval_on_selector_all("a[href]", "(links) => links.map((each) => each.getAttribute('href'))")
        for href in hrefs:
            to = urldefrag(urljoin(url, href)).url
            # One page of a long list is as good as another.
            if to.startswith(start.split("/", 3)[0] + "//" + start.split("/")[2]) and "before=" not in to:
                ahead.append(to)
    return found


@pytest.mark.parametrize("start", ["/me/sign-in", "/choose", "/sign-in"])
def test_no_link_is_broken_for_who_is_not_signed_in(served: Served, page: Page, start: str) -> None:
    """From the pages that anybody may open, each link leads to a page, or to one that says to sign in."""
    answers = linked(page, served.url + start)
    assert len(answers) > 1
    assert {url: status for url, status in answers.items() if status not in (200, 401)} == {}


def test_no_link_is_broken_for_a_customer(served: Served, context: Callable[..., BrowserContext]) -> None:
    """From a customer's own pages each link leads to a page or a file."""
    name, value = served.signed_in("1228")
    browser = context()
    browser.add_cookies([{"name": name, "value": value, "url": served.url}])
    answers = linked(browser.new_page(), f"{served.url}/me")
    assert len(answers) > 5
    assert {url: status for url, status in answers.items() if status != 200} == {}


def test_no_link_is_broken_for_staff(served: Served, context: Callable[..., BrowserContext]) -> None:
    """From the console each link leads to a page or a file."""
    page = context().new_page()
    page.goto(served.staff_link("marketing", "analyst", "service", "store"))
    page.get_by_role("button").last.click()
    answers = linked(page, f"{served.url}/")
    assert len(answers) > 5
    assert {url: status for url, status in answers.items() if status != 200} == {}


def test_to_refuse_and_withdraw_asks_for_no_account(served: Served, page: Page) -> None:
    """Somebody unknown refuses everything on the form by one press, without a name, an address or a reason."""
    page.goto(f"{served.url}/choose")
    assert page.locator("input[type=email], input[type=password], textarea").count() == 0
    page.get_by_role("button", name="Refuse all").first.click()
    page.wait_for_load_state()
    visitors = "SELECT count(*) FROM choices c JOIN customers k ON k.number = c.customer WHERE k.key LIKE 'visitor:%' "
    with served.gate.database.read() as connection:
        acts = connection.exec_driver_sql(f"{visitors} AND c.act = 'refuse'").scalar_one()
        grants = connection.exec_driver_sql(f"{visitors} AND c.act = 'grant'").scalar_one()
    assert (acts > 0, grants) == (True, 0)
