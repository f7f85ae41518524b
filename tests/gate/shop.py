"""A small real shop: twelve customers, a policy with every kind of answer, a DuckDB file, and a clock set by hand.

Customers `1` to `6` agreed to offers, `7` refused them, `8` to `12` were never asked; `1` to `8` agreed to research.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

import bailee
from bailee.gate.gate import Gate
from bailee.gate.settings import load_settings
from bailee.gate.workspace import ledger_tables
from bailee.people import customers, notices
from bailee.people.database import Database, open_database
from bailee.people.key_sources import Source
from bailee.policy.terms import terms_of

NOW = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
CUSTOMERS = 12
MARKETING = bailee.Actor("Zelda Quill", frozenset({"marketing"}))
ORDERS = "SELECT customer_id, sum(total) AS spent FROM orders GROUP BY 1 ORDER BY 1"

POLICY = b"""
bailee: 1
company: Marigold Grocers
version: 1
purposes:
  offers:
    title: Offers
    use: marketing.advertising.first_party.targeted
    basis: consent
    effects: [personalise, contact]
    why: A coupon for what you never buy is waste.
    customer_gains: Coupons.
    company_gains: Visits.
    reads: {user.unique_id: clear, user.contact.email: clear, user.behavior.purchase_history: clear}
    keep: 13 months
  research:
    title: Research
    use: third_party_sharing
    basis: consent
    recipients: [insurer, supplier]
    effects: [learn]
    why: Food and health belong together.
    customer_gains: Better food.
    company_gains: Money.
    reads: {user.unique_id: pseudonym, user.behavior.purchase_history: aggregate}
    release: {min_group: 3}
    keep: 12 months
  campaigns:
    title: Campaigns
    use: marketing.advertising.first_party.targeted
    basis: consent
    effects: [contact]
    why: We write to you.
    customer_gains: Letters.
    company_gains: Visits.
    reads: {user.unique_id: pseudonym, user.behavior.purchase_history: clear}
    roles: [marketing]
    keep: {for: 2 years, from: last_activity}
  premium:
    title: Premiums
    use: third_party_sharing
    basis: consent
    recipients: [insurer]
    effects: [price]
    why: Somebody asked for it.
    customer_gains: Nothing.
    company_gains: Money.
    reads: {user.behavior.purchase_history: clear}
    keep: 12 months
recipients:
  insurer: {title: Harbour Mutual, industry: insurance, place: US-MA}
  supplier: {title: Supplier, industry: food, place: US-MA}
roles:
  marketing: {title: Marketing}
standards:
  no_premiums:
    forbid: {industry: insurance, effects: [adverse, price]}
    because: Nobody agreed to groceries deciding their premium.
    principle: outcomes
"""

MAP = b"""
dataset:
  - fides_key: shop
    name: Shop
    collections:
      - name: customers
        fides_meta: {bailee: {subject: id, at: none}}
        fields:
          - {name: id, data_categories: [user.unique_id]}
          - {name: email, data_categories: [user.contact.email]}
          - {name: ssn, data_categories: [user.government_id]}
      - name: orders
        fides_meta: {bailee: {subject: customer_id, at: placed}}
        fields:
          - {name: customer_id, data_categories: [user.unique_id]}
          - {name: total, data_categories: [user.behavior.purchase_history], fides_meta: {bailee: {measure: true}}}
          - {name: coupon, data_categories: [user.behavior.purchase_history]}
          - {name: placed, data_categories: [user.behavior.purchase_history]}
      - name: products
        fides_meta: {bailee: {personal: false}}
        fields:
          - {name: title, data_categories: [system.operations]}
"""


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def make(home: Path, store: str | None = None) -> None:
    """Make the shop's workspace in a new folder, and what Bailee keeps in a file or in a shared store."""
    load(home / "warehouse.duckdb")
    with bailee.create(home, POLICY, MAP, clock=Clock(NOW - timedelta(days=30)), store=store) as gate:
        enrol(gate)
        for number in range(1, 7):
            grant(gate, number)
        gate.choose(7, "refuse", "offers")
        for number in range(1, 9):
            grant(gate, number, "research")


def load(path: Path) -> None:
    """Two orders for each customer, one of them past what offers keep, and one coupon that is no number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE customers (id INTEGER, email VARCHAR, ssn VARCHAR)")
        con.execute("CREATE TABLE orders (customer_id INTEGER, total INTEGER, coupon VARCHAR, placed TIMESTAMP)")
        con.execute("CREATE TABLE products AS SELECT 'Bread' AS title UNION ALL SELECT 'Milk'")
        for n in range(1, CUSTOMERS + 1):
            coupon = "CANARYCOUPON" if n > 6 else "77"
            con.execute("INSERT INTO customers VALUES (?, ?, ?)", [n, f"person{n}@mail.example", f"CANARYSSN{n}"])
            con.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", [n, n * 10, coupon, NOW.replace(tzinfo=None)])
            old = NOW.replace(tzinfo=None) - timedelta(days=900)
            con.execute("INSERT INTO orders VALUES (?, 100000, 'CANARYOLD', ?)", [n, old])


def enrol(gate: Gate) -> None:
    """Put the customers on record, and a notice of every purpose."""
    with gate.database.write() as connection:
        now = gate.clock()
        customers.add_many(connection, [customers.NewCustomer(str(n)) for n in range(1, CUSTOMERS + 1)], now)
        for key, purpose in gate.promise.policy.purposes.items():
            notices.register(connection, terms_of(gate.promise.policy, purpose), key, "en", f"About {key}.", now)


def notice(gate: Gate, purpose: str = "offers") -> str:
    """The digest of a purpose's notice."""
    with gate.database.read() as connection:
        return next(digest for digest, known in notices.known(connection).items() if known[1] == purpose)


def grant(gate: Gate, customer: object, purpose: str = "offers") -> bailee.gate.answer.Receipt:
    """Record a grant under the purpose's notice."""
    return gate.choose(customer, "grant", purpose, instrument="checkbox", notice=notice(gate, purpose))


def database_of(home: Path) -> Database:
    """The database of a workspace, opened as another process does."""
    settings = load_settings(home)
    keys = Source(home / "keys", settings.keys.encryption, settings.keys.encryption_previous)
    return open_database(settings.store or home / "state.db", extra=[ledger_tables], keys=keys)


@contextmanager
def opened(
    home: Path,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float] = time.monotonic,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Iterator[Gate]:
    """A gate with every outside thing given."""
    database = database_of(home)
    with Gate(home, database, load_settings(home), clock=clock, monotonic=monotonic, random=random) as gate:
        yield gate


def last(gate: Gate) -> tuple[dict[str, object], dict[str, object]]:
    """The newest leaf and its private record."""
    position = gate.head().size - 1
    return gate.leaf(position), gate.record(position) or {}


def codes(error: bailee.Refused) -> list[str]:
    """The codes of a refusal."""
    return [reason.code for reason in error.reasons]
