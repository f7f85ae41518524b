"""The staff console in a real browser: with and without scripts, small and large, light and dark, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

import bailee
from tests.browser.conftest import LARGE, SMALL, violations
from tests.web.served import Served

ROLES = ("marketing", "analyst", "service", "store")
SALES = "SELECT department, sum(sales_value) AS sales FROM transactions JOIN products USING (product_id) GROUP BY 1"
OFFERS = "SELECT count(DISTINCT household_id) AS households FROM transactions"
LONG = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3"
PAGES = ["/", "/ask?purpose=personal_offers", "/policy", "/policy/compare", "/choices", "/ledger", "/ledger/entry/5"]


@pytest.fixture
def home(home: Path) -> Path:
    """The grocer, who had another policy before."""
    with bailee.open(home):
        pass
    policy = (home / "policy.yaml").read_text()
    changed = policy.replace("reads:\n", "reads:\n      user.device: clear\n", 1)
    (home / "policy.yaml").write_text(changed.replace("version: 2026-11-01", "version: 2026-12-01", 1))
    with bailee.open(home):
        pass
    return home


@pytest.fixture
def signed(served: Served, page: Page) -> Page:
    """A page of somebody who came by a link."""
    sign_in(served, page)
    return page


def sign_in(served: Served, page: Page, name: str = "Zelda Quill") -> None:
    """Come by a link and press its button."""
    page.goto(served.staff_link(*ROLES, name=name))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{served.url}/")


def go(page: Page, name: str) -> None:
    """Go to a page by the navigation."""
    page.get_by_role("navigation", name="Console").get_by_role("link", name=name).click()


def ask(page: Page, purpose: str, sql: str) -> None:
    """Choose a purpose, write a question and ask it."""
    if not page.url.endswith("/ask"):
        go(page, "Ask")
    page.locator("#purpose").select_option(purpose)
    page.locator("#sql").fill(sql)
    page.get_by_role("button", name="Ask", exact=True).click()


def test_a_link_signs_in_and_out(served: Served, page: Page) -> None:
    """The first page says how to sign in; the printed link shows a button; then one is known, until one leaves."""
    page.goto(f"{served.url}/policy")
    expect(page).to_have_url(f"{served.url}/sign-in?then=/policy")
    assert violations(page) == []
    page.goto(served.staff_link(*ROLES))
    assert violations(page) == []
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator(".who")).to_contain_text("Zelda Quill")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("You are signed out here")
    page.go_back()
    page.reload()
    expect(page).to_have_url(re.compile(r"/sign-in"))


def test_a_question_is_answered_narrowed_and_refused(served: Served, signed: Page) -> None:
    """Choosing a purpose shows its columns at once; the answer comes without a new page, with what was left out."""
    go(signed, "Ask")
    signed.locator("#sql").fill("SELECT 1 -- kept")
    signed.locator("#purpose").select_option("service_improvement")
    expect(signed.locator("#seen")).to_contain_text("in groups only")
    expect(signed.locator("#sql")).to_have_value("SELECT 1 -- kept")
    ask(signed, "service_improvement", SALES)
    answer = signed.locator("section.answer")
    expect(answer.get_by_role("heading", name="Answer")).to_be_focused()
    expect(answer.locator("ol.bars li").first).to_be_visible()
    expect(answer).to_contain_text("What was left out, and why")
    expect(answer.locator("table.data tbody tr").first).to_be_visible()
    ask(signed, "personal_offers", OFFERS)
    expect(answer).to_contain_text("never agreed")
    ask(signed, "personal_offers", "SELECT email, income FROM demographics, synthetic_contacts")
    expect(signed.get_by_role("alert")).to_contain_text("withheld")
    signed.get_by_role("alert").get_by_role("link").first.click()
    expect(signed.locator("article.promise:has(:target)")).to_be_visible()


def test_a_question_is_cancelled(served: Served, signed: Page) -> None:
    """Whoever waits sees for how long, and can stop it; then the next question is answered."""
    go(signed, "Ask")
    ask(signed, "service_improvement", LONG)
    expect(signed.locator("#elapsed")).to_have_text("2 s", timeout=8000)
    expect(signed.locator("#place")).to_contain_text("Running for")
    signed.get_by_role("button", name="Cancel the question").click()
    expect(signed.get_by_role("alert")).to_contain_text("You cancelled the question", timeout=15_000)
    ask(signed, "service_improvement", SALES)
    expect(signed.locator("table.data tbody tr").first).to_be_visible(timeout=20_000)


def test_a_withdrawal_elsewhere_is_seen_by_the_next_question(served: Served, signed: Page) -> None:
    """A customer withdraws with the shop's token; the next answer has one household less."""
    counted = signed.locator("table.data td")
    ask(signed, "personal_offers", OFFERS)
    before = int(counted.inner_text().replace(",", ""))
    standing = served.gate.standing("personal_offers", actor=bailee.Actor("shop", frozenset({"marketing"})))
    customers = (each.customer for each in standing if each.stands)
    bought = {
        str(row)
        for row in served.gate.ask(
            "SELECT DISTINCT household_id FROM transactions",
            purpose="personal_offers",
            actor=bailee.Actor("shop", frozenset({"marketing"})),
        )
        .arrow()
        .column(0)
        .to_pylist()
    }
    customer = next(each for each in customers if each in bought)
    with served.client(headers=served.bearer(customer)) as client:
        said = client.post("/v1/choices", json={"choices": [{"purpose": "personal_offers", "act": "withdraw"}]})
        assert said.status_code == 201
    signed.get_by_role("button", name="Ask", exact=True).click()
    expect(counted).to_have_text(f"{before - 1:,}" if before - 1 >= 10_000 else str(before - 1))


def test_an_answer_is_saved(served: Served, signed: Page) -> None:
    """A file is fetched by the browser, and the page stays as it was."""
    ask(signed, "service_improvement", SALES)
    expect(signed.locator("section.answer")).to_be_visible()
    with signed.expect_download() as found:
        signed.get_by_role("button", name="CSV").click()
    assert found.value.suggested_filename.startswith("service_improvement-")
    expect(signed.locator("#sql")).to_have_value(SALES)


def test_policies_are_searched_and_compared(served: Served, signed: Page) -> None:
    """Words narrow the page while they are written; two versions differ by what was changed."""
    go(signed, "Policy")
    signed.get_by_role("searchbox").type("harbour")
    expect(signed.locator("#found")).to_contain_text("of ")
    expect(signed.locator("article.promise").first).to_be_visible()
    signed.goto(f"{served.url}/policy/compare")
    expect(signed.locator("section.change")).to_contain_text("user.device")
    expect(signed.locator("section.change")).to_contain_text("the company may do more")


def test_choices_are_found_for_a_purpose_and_the_look_is_recorded(served: Served, signed: Page) -> None:
    """Service sees what a customer said; an unknown one is refused; both are in the ledger."""
    go(signed, "Choices")
    assert violations(signed) == []
    signed.get_by_label("Customer").fill("nobody")
    signed.get_by_role("button", name="Look").click()
    expect(signed.get_by_role("alert")).to_contain_text("no such customer")
    standing = served.gate.standing("fulfil_orders", actor=bailee.Actor("shop", frozenset({"service"})))
    customer = next(each.customer for each in standing if each.stands and served.gate.choices(each.customer))
    signed.get_by_label("Customer").fill(customer)
    signed.get_by_role("button", name="Look").click()
    expect(signed.locator("ol.timeline li").first).to_be_visible()
    assert violations(signed) == []
    assert signed.url == f"{served.url}/choices"
    signed.get_by_role("link", name=re.compile("^entry")).click()
    expect(signed.locator("main")).to_contain_text("questionchoices")


def test_the_ledger_is_verified_in_sight(served: Served, signed: Page) -> None:
    """A check shows how far it is and ends in the head's root."""
    go(signed, "Ledger")
    signed.get_by_role("button", name="Verify the ledger").click()
    expect(signed.get_by_role("heading", name="The ledger holds")).to_be_visible(timeout=60_000)
    expect(signed.locator("main")).to_contain_text(served.gate.head().root.hex())
    assert violations(signed) == []


@pytest.fixture
def plain(served: Served, context: Callable[..., BrowserContext]) -> Page:
    """A browser that runs no scripts."""
    page = context(java_script_enabled=False).new_page()
    sign_in(served, page)
    return page


def test_everything_works_without_scripts(served: Served, plain: Page) -> None:
    """Purpose, columns, question, answer, cancel, search, comparison and verification, by forms alone."""
    go(plain, "Ask")
    plain.locator("#purpose").select_option("service_improvement")
    plain.locator("#sql").fill(SALES)
    plain.get_by_role("button", name="Show what it may see").click()
    expect(plain.locator("#seen")).to_contain_text("in groups only")
    expect(plain.locator("#sql")).to_have_value(SALES)
    plain.get_by_role("button", name="Ask", exact=True).click()
    expect(plain.locator("table.data tbody tr").first).to_be_visible()
    plain.locator("#sql").fill(LONG)
    plain.get_by_role("button", name="Ask", exact=True).click(no_wait_after=True)
    plain.get_by_role("button", name="Cancel the question").click(timeout=15_000)
    expect(plain.get_by_role("status")).to_contain_text("is being cancelled")
    plain.goto(f"{served.url}/policy")
    plain.get_by_role("searchbox").fill("harbour")
    plain.get_by_role("button", name="Search").click()
    expect(plain.locator("article.promise").first).to_be_visible()
    plain.goto(f"{served.url}/policy/compare")
    plain.get_by_role("button", name="Compare").click()
    expect(plain.locator("section.change").first).to_be_visible()
    plain.goto(f"{served.url}/ledger")
    plain.get_by_role("button", name="Verify the ledger").click()
    expect(plain.get_by_role("heading", name="The ledger holds")).to_be_visible(timeout=60_000)
    expect(plain.locator("progress:visible")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_pages_are_accessible_and_fit(
    served: Served, context: Callable[..., BrowserContext], size: dict[str, int], scheme: str
) -> None:
    """Axe finds nothing on any page, and no page scrolls sideways, at 320 and 1280 pixels, light and dark."""
    page = context(viewport=size, color_scheme=scheme).new_page()
    sign_in(served, page)
    for path in PAGES:
        page.goto(f"{served.url}{path}")
        assert (path, violations(page)) == (path, [])
        assert (path, page.evaluate("document.documentElement.scrollWidth <= innerWidth")) == (path, True)
    page.goto(f"{served.url}/ask")
    ask(page, "service_improvement", SALES)
    expect(page.locator("table.data")).to_be_visible()
    page.locator("section.answer summary").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ask(page, "personal_offers", "SELECT income FROM demographics")
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []


def test_a_question_is_asked_by_keyboard_alone(served: Served, signed: Page) -> None:
    """From the top of the page to the answer without a mouse; Tab leaves the editor; focus is always seen."""
    signed.goto(f"{served.url}/ask")
    signed.keyboard.press("Tab")
    expect(signed.locator("a.skip")).to_be_focused()
    signed.keyboard.press("Enter")
    signed.keyboard.press("Tab")
    expect(signed.locator("#purpose")).to_be_focused()
    signed.locator("#purpose").press("R")  # Run the stores better
    expect(signed.locator("#seen")).to_contain_text("in groups only")
    expect(signed.locator("#purpose")).to_be_focused()
    for _ in range(3):
        signed.keyboard.press("Tab")
    expect(signed.locator("#sql")).to_be_focused()
    signed.keyboard.type("SELECT 1 AS one")
    signed.keyboard.press("Control+Enter")
    expect(signed.locator("table.data td")).to_have_text("1")
    signed.locator("#sql").focus()
    signed.keyboard.press("Tab")
    expect(signed.locator("#run")).to_be_focused()


def test_a_session_that_ended_leads_to_the_sign_in(served: Served, signed: Page) -> None:
    """A question of somebody whose session is over leads to the sign-in, and is not asked."""
    signed.goto(f"{served.url}/ask")
    signed.locator("#purpose").select_option("service_improvement")
    signed.locator("#sql").fill(SALES)
    before = served.gate.head().size
    signed.context.clear_cookies()
    signed.get_by_role("button", name="Ask", exact=True).click()
    expect(signed).to_have_url(re.compile("/sign-in"))
    assert served.gate.head().size == before


def test_the_console_speaks_spanish(served: Served, context: Callable[..., BrowserContext]) -> None:
    """Words and numbers are the reader's."""
    page = context(locale="es-ES").new_page()
    page.goto(served.staff_link(*ROLES))
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Resumen")
    page.goto(f"{served.url}/ask")
    page.locator("#purpose").select_option("service_improvement")
    page.locator("#sql").fill(SALES)
    page.get_by_role("button", name="Preguntar", exact=True).click()
    expect(page.locator("table.data td.number").first).to_contain_text(",")
    assert violations(page) == []


def test_no_page_asks_anybody_else(served: Served, browser: Browser) -> None:
    """The console's pages load from this server alone."""
    context = browser.new_context(viewport=LARGE)
    hosts: set[str] = set()
    context.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page = context.new_page()
    sign_in(served, page)
    for path in PAGES:
        page.goto(f"{served.url}{path}")
    context.close()
    assert hosts == {served.url.split("/")[2]}
