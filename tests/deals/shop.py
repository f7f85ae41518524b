"""A small real shop that has deals: forty customers, ten orders each, recipients of rows, of figures and of addresses.

Customers `1` to `30` agreed to research and to figures, `31` to `34` refused, the others were never asked; all but the
last five let the courier have their address.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

import bailee
from bailee.deals import finding
from bailee.deals.document import parse_deal
from bailee.deals.finding import Finding, Outcome, Screen
from bailee.gate.gate import Gate
from bailee.people import customers, notices
from bailee.policy.terms import terms_of
from bailee.vocabulary import Actor, Principle
from tests.gate.shop import Clock

NOW = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
CUSTOMERS = 40
SALES = Actor("Sam Seller", frozenset({"sales"}))
COUNSEL = Actor("Cora Counsel", frozenset({"counsel"}))
PRIVACY = Actor("Pia Privacy", frozenset({"privacy"}))

POLICY = b"""
bailee: 1
company: Marigold Grocers
version: 1
purposes:
  research:
    title: Research
    use: third_party_sharing
    basis: consent
    recipients: [insurer, supplier]
    effects: [learn]
    why: Food and health belong together.
    customer_gains: Better food.
    company_gains: Money.
    reads: {user.unique_id: pseudonym, user.behavior.purchase_history: clear}
    keep: 12 months
  figures:
    title: Figures
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
  delivery:
    title: Delivery
    use: third_party_sharing
    basis: consent
    recipients: [courier]
    effects: [serve]
    why: A parcel needs an address.
    customer_gains: Parcels.
    company_gains: Sales.
    reads: {user.unique_id: clear, user.contact: clear}
    keep: 12 months
  weigh_offers:
    title: Weigh offers
    use: essential.legal_obligation
    basis: legal_obligation
    law: GDPR 35
    effects: [learn]
    why: Whoever discloses must weigh it before.
    customer_gains: Nothing is given away unweighed.
    company_gains: We keep the law.
    reads: {user.unique_id: clear, user.behavior.purchase_history: clear, user.contact: clear}
    roles: [counsel, privacy]
    keep: 12 months
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
  courier: {title: Quick Couriers, role: processor, industry: logistics, place: US-MA}
roles:
  counsel: {title: Counsel}
  privacy: {title: Privacy officer}
  sales: {title: Sales}
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
          - {name: store, data_categories: [user.behavior.purchase_history]}
          - {name: placed, data_categories: [user.behavior.purchase_history]}
      - name: products
        fides_meta: {bailee: {personal: false}}
        fields:
          - {name: title, data_categories: [system.operations]}
"""

PARTS: dict[str, object] = {
    "bailee": 1,
    "deal": "basket-study",
    "title": "Baskets for a study",
    "purpose": "research",
    "recipient": "insurer",
    "effects": ["learn"],
    "intention": "Learn which baskets go together.",
    "customer_gains": "Better food.",
    "screened_under": "weigh_offers",
    "form": "pseudonymous",
    "wanted": {"orders": {"table": "orders", "columns": ["customer_id", "total", "store"], "customer": "customer_id"}},
    "asked": {
        "stores": {"title": "Spent by store", "question": "SELECT store, sum(total) AS spent FROM orders GROUP BY 1"}
    },
    "term": {"from": "2026-11-01", "until": "2027-10-31"},
    "deletion": {"after": "90 days", "proof": "a certificate"},
    "due_diligence": {"encryption_at_rest": {"answer": "yes", "evidence": "soc2.pdf", "expires": "2027-06-30"}},
    "approvers": ["counsel", "privacy"],
}
FIGURES = {
    "deal": "store-figures",
    "purpose": "figures",
    "form": "aggregate",
    "treated": {"min_group": 5},
}
ADDRESSES = {
    "deal": "addresses",
    "purpose": "delivery",
    "recipient": "courier",
    "effects": ["serve"],
    "form": "identified",
    "wanted": {"people": {"table": "customers", "columns": ["id", "email"], "customer": "id"}},
    "asked": {"many": {"title": "How many", "question": "SELECT count(*) AS n FROM people"}},
}


def deal_text(**changed: object) -> str:
    """A deal's file, some of its keys changed or, where None, left out. JSON is YAML."""
    return json.dumps({key: value for key, value in {**PARTS, **changed}.items() if value is not None})


def make(
    home: Path, at: datetime = NOW, store: str | None = None, policy: bytes = POLICY, datamap: bytes = MAP
) -> None:
    """Make the shop's workspace in a new folder, as it is at an instant."""
    with duckdb.connect(str(_warehouse(home))) as con:
        con.execute("CREATE TABLE customers (id INTEGER, email VARCHAR, ssn VARCHAR)")
        con.execute("CREATE TABLE orders (customer_id INTEGER, total DECIMAL(9, 2), store VARCHAR, placed TIMESTAMP)")
        con.execute("CREATE TABLE products AS SELECT 'Bread' AS title UNION ALL SELECT 'Milk'")
        for n in range(1, CUSTOMERS + 1):
            con.execute("INSERT INTO customers VALUES (?, ?, ?)", [n, f"person{n}@mail.example", f"CANARYSSN{n}"])
            for k in range(10):
                cents = (n * 7919 + k * 104_729) % 90_000 + 100
                placed = at.replace(tzinfo=None) - timedelta(days=k)
                con.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", [n, cents / 100, f"S{(n + k) % 4}", placed])
    with bailee.create(home, policy, datamap, clock=Clock(at - timedelta(days=30)), store=store) as gate:
        with gate.database.write() as connection:
            now = gate.clock()
            customers.add_many(connection, [customers.NewCustomer(str(n)) for n in range(1, CUSTOMERS + 1)], now)
            for key, purpose in gate.promise.policy.purposes.items():
                notices.register(connection, terms_of(gate.promise.policy, purpose), key, "en", f"About {key}.", now)
        for purpose, last in (("research", 30), ("figures", 30), ("delivery", 35)):
            for number in range(1, last + 1):
                grant(gate, number, purpose)
        for number in range(31, 35):
            gate.choose(number, "refuse", "research")


def _warehouse(home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    return home / "warehouse.duckdb"


def grant(gate: Gate, customer: int, purpose: str) -> None:
    """Record a grant under the purpose's notice."""
    with gate.database.read() as connection:
        notice = next(digest for digest, known in notices.known(connection).items() if known[1] == purpose)
    gate.choose(customer, "grant", purpose, instrument="checkbox", notice=notice)


def screen_of(gate: Gate, text: str, worst: Outcome = Outcome.PASSED, at: finding.Test = finding.Test.NOTICE) -> Screen:
    """A screen of a deal's file as the ten tests would make it, all passed but one."""
    deal = parse_deal(text, gate.promise.policy)
    findings = tuple(
        Finding(test, worst if test is at else Outcome.PASSED, "Found.", "So it is.", Principle.PRIVACY)
        for test in finding.Test
    )
    return Screen(deal, gate.promise.digest, gate.promise.map_digest, gate.clock(), 1, findings)


def agreed(gate: Gate, text: str) -> str:
    """Bring a deal to its agreement as it should be done; its digest."""
    from bailee.deals import agreeing

    agreeing.propose(gate, text, actor=SALES)
    now = agreeing.screened(gate, text, screen_of(gate, text), actor=PRIVACY)
    for actor in (COUNSEL, PRIVACY):
        agreeing.approve(gate, now.digest, actor=actor)
    agreeing.agree(gate, now.digest, actor=COUNSEL)
    return now.digest


@contextmanager
def opened(home: Path, clock: Clock | None = None) -> Iterator[Gate]:
    """The shop's gate, at a day within the deals' term."""
    with bailee.open(home, clock=clock or Clock(NOW)) as gate:
        yield gate
