"""The customer's page in a real browser: signing in by mail, choosing, seeing uses, and checking a proof oneself."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

import bailee
from bailee.people import contacts, customers
from tests.browser.conftest import LARGE, SMALL, violations
from tests.web.letterbox import Letterbox, letterbox
from tests.web.served import Served, serving_of

#: A household of the grocer's that agreed to offers, and a question for them.
PURPOSE = "personal_offers"
QUESTION = "SELECT household_id, sum(sales_value) AS spent FROM transactions GROUP BY 1"
MARKETING = bailee.Actor("Zelda Quill", frozenset({"marketing"}))
PAGES = ("/me", "/me/uses", "/me/data", "/me/requests", "/me/check")


@pytest.fixture
def box() -> Iterator[Letterbox]:
    """A real mail server."""
    with letterbox() as made:
        yield made


@pytest.fixture
def mailing(home: Path, box: Letterbox) -> Iterator[Served]:
    """The grocer, served, with that mail server."""
    with serving_of(bailee.open(home), mail=box.mail) as served:
        yield served


@pytest.fixture
def household(mailing: Served) -> tuple[str, str]:
    """Somebody in the offers: key and synthetic address."""
    return somebody(mailing)


def somebody(served: Served) -> tuple[str, str]:
    """The key and synthetic e-mail address of a household that is in the offers."""
    gate = served.gate
    key = next(row.customer for row in gate.standing(PURPOSE, actor=MARKETING) if row.stands)
    with gate.database.read() as connection:
        return key, contacts.of(connection, customers.number_of(connection, key))[contacts.EMAIL]


def enter(page: Page, served: Served, key: str) -> Page:
    """Let a page's browser be signed in, as after a link."""
    name, value = served.signed_in(key)
    page.context.add_cookies([{"name": name, "value": value, "url": served.url}])
    return page


def test_the_whole_way(mailing: Served, box: Letterbox, household: tuple[str, str], page: Page, tmp_path: Path) -> None:
    """By mail to one's choices; withdrawing; seeing the use before; its proof checked here; everything; out."""
    key, email = household
    mailing.gate.ask(QUESTION, purpose=PURPOSE, actor=MARKETING)
    page.goto(f"{mailing.url}/me/uses")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("status")).to_contain_text("a letter with a link is on its way")
    page.goto(box.link())
    page.get_by_role("button", name="Sign me in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Uses of my data")
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Download the proof").first.click()
    proof = tmp_path / downloaded.value.suggested_filename
    downloaded.value.save_as(proof)
    page.get_by_role("link", name="My choices").click()
    card = page.locator(f"#purpose-{PURPOSE}")
    card.get_by_role("button", name="Take my yes back").click()
    expect(page.get_by_role("status")).to_contain_text("The next question leaves you out")
    expect(page.locator(f"#purpose-{PURPOSE} .tag")).to_have_text("you took it back")
    spent = mailing.gate.ask(QUESTION, purpose=PURPOSE, actor=MARKETING).arrow()
    assert int(key) not in spent.column("household_id").to_pylist()
    page.get_by_role("link", name="Check a proof").click()
    page.get_by_label("The proof or receipt").set_input_files(proof)
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#outcome")).to_contain_text("This proof holds")
    expect(page.locator("#outcome")).to_contain_text("The customer's data could be used by it.")
    page.get_by_role("link", name="What you hold").click()
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Download everything").click()
    downloaded.value.save_as(tmp_path / "mine.zip")
    assert zipfile.ZipFile(tmp_path / "mine.zip").testzip() is None
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("You are signed out")


def test_back_after_signing_out_shows_nothing(mailing: Served, household: tuple[str, str], page: Page) -> None:
    """Whoever presses "back" on a shared machine is led to sign in, and sees nothing of the customer's."""
    enter(page, mailing, household[0]).goto(f"{mailing.url}/me/data")
    expect(page.get_by_text(household[1])).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to your data")
    assert household[1] not in page.content()


def test_two_tabs(mailing: Served, household: tuple[str, str], page: Page) -> None:
    """What one tab changed the other may change again; after signing out in one, an act in the other is not done."""
    enter(page, mailing, household[0]).goto(f"{mailing.url}/me")
    other = page.context.new_page()
    other.goto(f"{mailing.url}/me")
    page.locator(f"#purpose-{PURPOSE}").get_by_role("button", name="Take my yes back").click()
    other.locator(f"#purpose-{PURPOSE}").get_by_role("button", name="Take my yes back").click()
    expect(other.locator(f"#purpose-{PURPOSE} .tag")).to_have_text("you took it back")
    other.locator(f"#purpose-{PURPOSE}").get_by_role("button", name="Yes, I agree").click()
    expect(other.locator(f"#purpose-{PURPOSE} .tag")).to_have_text("you agreed")
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    other.locator(f"#purpose-{PURPOSE}").get_by_role("button", name="Take my yes back").click()
    expect(other.get_by_role("alert")).to_contain_text("nothing was changed")
    assert mailing.gate.may(PURPOSE, customer=household[0], actor=MARKETING).permitted


def test_an_expired_session_leads_to_sign_in_and_back(
    mailing: Served, box: Letterbox, household: tuple[str, str], page: Page
) -> None:
    """Whose session ended signs in again and is where they were going."""
    enter(page, mailing, household[0]).goto(f"{mailing.url}/me")
    mailing.sessions.end_all(household[0])
    page.get_by_role("link", name="Requests").click()
    page.get_by_label("E-mail address").fill(household[1])
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.goto(box.link())
    page.get_by_role("button", name="Sign me in").click()
    expect(page).to_have_url(f"{mailing.url}/me/requests")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_each_page_is_for_everybody(
    mailing: Served,
    context: Callable[..., BrowserContext],
    household: tuple[str, str],
    scheme: str,
    size: dict[str, int],
    language: str,
) -> None:
    """axe finds nothing, and nothing is wider than the window, in light and dark, small and large."""
    mailing.gate.ask(QUESTION, purpose=PURPOSE, actor=MARKETING)
    page = context(color_scheme=scheme, viewport=size, locale=language).new_page()
    places = [*PAGES, "/me/sign-in", "/me/sign-in?sent=1", "/me/in/wrong", "/me/requests?kind=correct"]
    enter(page, mailing, household[0])
    for place in places:
        page.goto(f"{mailing.url}{place}")
        assert (place, violations(page)) == (place, [])
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (place, wide) == (place, 0)


def test_all_of_it_works_without_scripts(
    mailing: Served, box: Letterbox, context: Callable[..., BrowserContext], household: tuple[str, str]
) -> None:
    """Signing in, choosing, asking, filtering and signing out need no script; checking says what to run instead."""
    page = context(java_script_enabled=False).new_page()
    page.goto(f"{mailing.url}/me")
    page.get_by_label("E-mail address").fill(household[1])
    page.get_by_role("button", name="Send me a link").click()
    page.goto(box.link())
    page.get_by_role("button", name="Sign me in").click()
    page.locator(f"#purpose-{PURPOSE}").get_by_role("button", name="Take my yes back").click()
    expect(page.locator(f"#purpose-{PURPOSE} .tag")).to_have_text("you took it back")
    page.get_by_role("link", name="Uses of my data").click()
    page.get_by_label("Which").select_option("1")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Requests").click()
    page.get_by_role("button", name="Ask to erase").click()
    expect(page.get_by_role("status")).to_contain_text("is recorded")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_contain_text("is cancelled")
    page.get_by_role("link", name="Check a proof").click()
    expect(page.get_by_text("bailee ledger check").first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("You are signed out")


def test_a_native_signal_is_honoured(mailing: Served, browser: Browser, household: tuple[str, str]) -> None:
    """A browser that sends Global Privacy Control is told that it is honoured, with nothing to press."""
    context = browser.new_context(extra_http_headers={"Sec-GPC": "1"})
    page = enter(context.new_page(), mailing, household[0])
    page.goto(f"{mailing.url}/me")
    expect(page.get_by_role("status")).to_contain_text("signal is honoured")
    assert any(each.instrument == "gpc" for each in mailing.gate.choices(household[0]))
    context.close()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_yes_and_no_are_alike(mailing: Served, context: Callable[..., BrowserContext], size: dict[str, int]) -> None:
    """Where one is asked, yes and no are buttons of one look and size; so are the buttons that ask and that shop."""
    mailing.gate.meet("newcomer")
    page = enter(context(viewport=size).new_page(), mailing, "newcomer")
    page.goto(f"{mailing.url}/me")
    looks = page.evaluate(LOOKS, ".choice .acts button")
    assert len(looks) >= 2
    assert len({str(each) for each in looks}) == 1
    page.goto(f"{mailing.url}/me/requests")
    assert len({str(each) for each in page.evaluate(LOOKS, ".ask button")}) == 1
    assert page.locator("form [name]:visible").count() <= 5  # one text, and four buttons at most


LOOKS = """(which) => [...document.querySelectorAll(which)].map((each) => {
  const found = getComputedStyle(each), box = each.getBoundingClientRect();
  return [Math.round(box.height), found.fontSize, found.fontWeight, found.color, found.backgroundColor,
          found.borderColor, found.borderWidth];
})"""


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en-US", ("Purchases", "The tills and the online shop wrote them")),
        ("es-ES", ("Compras", "Las cajas y la tienda")),
    ],
    ids=["en", "es"],
)
def test_what_is_held_says_where_it_came_from(
    mailing: Served,
    context: Callable[..., BrowserContext],
    household: tuple[str, str],
    locale: str,
    told: tuple[str, str],
) -> None:
    """Each table is told as the data map says, with its source, in the reader's language; so it is in the copy."""
    page = enter(context(locale=locale).new_page(), mailing, household[0])
    page.goto(f"{mailing.url}/me/data")
    row = page.get_by_role("row").filter(has_text=told[0])
    expect(row).to_contain_text(told[1])
    with page.expect_download() as saved:
        page.locator("form[action='/me/copy'] button").click()
    with zipfile.ZipFile(saved.value.path()) as copy:
        assert told[1] in copy.read("index.html").decode()
