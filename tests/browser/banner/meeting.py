"""The banner as a person meets it: what is on the screen, what they press, and what was recorded of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Locator, Page, expect

from bailee.people.choices import Recorded
from bailee.web import who
from tests.browser.banner.shop_pages import Shop
from tests.web.served import Served

PLACE = "US-OH"


def tag(served: Served, **data: str) -> str:
    """What a page of the shop's has in its head."""
    said = "".join(f' data-{name}="{value}"' for name, value in data.items())
    return f'<script src="{served.url}/banner.js" async{said}></script>'


@dataclass
class Banner:
    """One page of a shop with the banner; `clicks` counts what was pressed."""

    page: Page
    served: Served
    shop: Shop
    clicks: int = field(default=0)

    def open(self, path: str = "/") -> Banner:
        """Come to a page of the shop's, and wait until the banner or its small button is there."""
        self.page.goto(self.shop.url + path)
        expect(self.host.locator(".panel, .pill")).to_have_count(1)
        return self

    @property
    def host(self) -> Locator:
        """Its place in the page."""
        return self.page.locator("[data-bailee-banner]")

    @property
    def panel(self) -> Locator:
        """What asks, where it is open."""
        return self.host.locator(".panel")

    @property
    def pill(self) -> Locator:
        """The small button."""
        return self.host.locator(".pill")

    def act(self, name: str) -> Locator:
        """A button by what it does."""
        return self.host.locator(f'[data-act="{name}"]')

    def press(self, name: str) -> Banner:
        """Press a button, and wait until the server has answered what it sent."""
        self.clicks += 1
        self.act(name).click()
        return self.settled()

    def settled(self) -> Banner:
        """Wait until nothing is being sent."""
        expect(self.host.locator(".stage[aria-busy]")).to_have_count(0)
        return self

    def tick(self, purpose: str) -> Banner:
        """Turn the control of a purpose."""
        self.clicks += 1
        self.host.locator(f'[data-purpose="{purpose}"]').click()
        return self

    def said(self) -> list[Recorded]:
        """What this browser's visitor said, as it is on record."""
        secret = self.secret()
        return [] if secret is None else said_by(self.served, who.visitor_key(secret))

    def acts(self) -> dict[str, str]:
        """The last act about each purpose."""
        return {each.purpose: each.act for each in self.said()}

    def secret(self) -> bytes | None:
        """The visitor's secret, as the shop's page keeps it."""
        found = [each["value"] for each in self.page.context.cookies(self.shop.url) if each["name"] == "bailee-visitor"]
        return who.read(found[0]) if found else None

    def stored(self) -> list[str]:
        """The names of all that the page stored in the browser, by any way."""
        script = """async () => [...Object.keys(localStorage), ...Object.keys(sessionStorage),
            ...(await indexedDB.databases()).map((each) => each.name), ...(await caches.keys())]"""
        kept: list[str] = self.page.evaluate(script)
        return sorted([*kept, *(each["name"] for each in self.page.context.cookies())])  # type: ignore[typeddict-item]

    def style(self, name: str, *properties: str) -> dict[str, str]:
        """Computed properties of a button."""
        script = """(at, names) => {
            const style = getComputedStyle(at);
            return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)]));
        }"""
        found: dict[str, str] = self.act(name).evaluate(script, list(properties))
        return found


def said_by(served: Served, key: str) -> list[Recorded]:
    """All that somebody said, in order; nothing for who is not on record."""
    return [] if served.gate.facts(key) is None else list(served.gate.choices(key))


def choices_on_record(served: Served) -> int:
    """How many choices of anybody are on record."""
    with served.gate.database.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM choices").scalar_one())


def requested(context: BrowserContext) -> Callable[[], set[str]]:
    """Watches a browser; gives the origins that it has asked since."""
    seen: set[str] = set()
    context.on("request", lambda request: seen.add("/".join(request.url.split("/")[:3])))
    return lambda: seen
