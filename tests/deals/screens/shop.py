"""A small real shop to which an insurer makes an offer: sixty customers, their orders, and one product that reveals.

Customers `1` to `30` agreed to research, `31` to `35` refused it. `51` to `55` are children, of `56` to `60` no age is
known. Whoever agreed spends ten times as much as whoever did not. Product 5 is a pregnancy test, and no list has 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

import bailee
from bailee.deals.document import parse_deal
from bailee.deals.model import Deal
from bailee.gate.gate import Gate
from bailee.people import customers, notices
from bailee.policy.model import Policy
from bailee.policy.terms import terms_of
from bailee.vocabulary import Actor
from tests.gate.shop import Clock

NOW = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
CUSTOMERS = 60
COUNSEL = Actor("Cora Counsel", frozenset({"counsel"}))
ORDERS = "SELECT o.customer_id, o.product_id, o.total FROM orders o"

POLICY = b"""
bailee: 1
company: Marigold Grocers
version: 1
purposes:
  research:
    title: Research
    use: third_party_sharing
    basis: consent
    recipients: [insurer]
    effects: [learn]
    why: Food and health belong together.
    customer_gains: Better food.
    company_gains: Money.
    reads:
      user.unique_id: pseudonym
      user.behavior.purchase_history: aggregate
      user.demographic.age_range: aggregate
    who: {min_age: 18}
    release: {min_group: 10}
    keep: 12 months
    consent_lasts: 1 year
    roles: [analyst]
  premiums:
    title: Premiums
    use: third_party_sharing
    basis: consent
    recipients: [insurer]
    effects: [price, learn]
    why: Somebody asked for it.
    customer_gains: Nothing.
    company_gains: Money.
    reads: {user.unique_id: clear, user.behavior.purchase_history: clear}
    keep: 12 months
  weigh:
    title: Weigh offers
    use: essential.legal_obligation
    basis: legal_obligation
    law: GDPR article 35
    effects: [learn]
    why: The law asks for it.
    customer_gains: No harm.
    company_gains: We know.
    reads:
      user.unique_id: clear
      user.behavior.purchase_history: clear
      user.demographic.age_range: clear
      user.health_and_medical: clear
    keep: 10 years
    roles: [counsel]
recipients:
  insurer: {title: Harbour Mutual, industry: insurance, place: US-MA}
standards:
  no_premiums:
    forbid: {industry: insurance, effects: [price]}
    because: Nobody agreed to groceries deciding their premium.
    principle: outcomes
roles:
  counsel: {title: Counsel}
  analyst: {title: Analyst}
"""
MAP = b"""
dataset:
  - fides_key: shop
    name: Shop
    collections:
      - name: orders
        fides_meta: {bailee: {subject: customer_id, at: placed}}
        fields:
          - {name: customer_id, data_categories: [user.unique_id]}
          - name: product_id
            data_categories: [user.behavior.purchase_history]
            fides_meta: {references: [{dataset: shop, field: products.product_id, direction: to}]}
          - {name: total, data_categories: [user.behavior.purchase_history], fides_meta: {bailee: {measure: true}}}
          - {name: placed, data_categories: [user.behavior.purchase_history]}
          - {name: note, data_categories: [user.content]}
      - name: households
        fides_meta: {bailee: {subject: customer_id, at: none}}
        fields:
          - {name: customer_id, data_categories: [user.unique_id]}
          - {name: age, data_categories: [user.demographic.age_range]}
      - name: products
        fides_meta:
          bailee:
            personal: false
            reveals: [{when: "kind = 'TEST'", category: user.health_and_medical}]
        fields:
          - {name: product_id, data_categories: [system.operations]}
          - {name: kind, data_categories: [system.operations]}
"""
DEAL = """
bailee: 1
deal: harbour
title: Orders for Harbour Mutual
purpose: premiums
recipient: insurer
effects: [price]
intention: Set premiums by groceries.
customer_gains: None.
screened_under: weigh
form: identified
wanted:
  orders: {table: orders, columns: [customer_id, product_id, total]}
asked:
  spent: {title: What they spend, question: "SELECT product_id, sum(total) AS spent FROM orders GROUP BY product_id"}
term: {from: 2027-01-01, until: 2027-12-31, releases: 1 per 1 month}
"""


def policy() -> Policy:
    """The shop's policy."""
    from bailee.policy.document import parse_policy

    return parse_policy(POLICY)


def deal(**changes: Any) -> Deal:
    """The insurer's offer, with some parts changed."""
    return replace(parse_deal(DEAL, policy()), **changes)


def make(home: Path) -> None:
    """Make the shop's workspace in a new folder."""
    home.mkdir(parents=True)
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute(
            "CREATE TABLE orders (customer_id INTEGER, product_id INTEGER, total INTEGER, placed DATE, note TEXT)"
        )
        con.execute("CREATE TABLE products AS SELECT i AS product_id, 'K' || i AS kind FROM range(1, 5) r(i)")
        con.execute("INSERT INTO products VALUES (5, 'TEST')")
        con.execute("CREATE TABLE households AS SELECT i AS customer_id, 'band' AS age FROM range(1, 61) r(i)")
        day = NOW.date() - timedelta(days=30)
        rows = [
            (n, product, (100 if n <= 30 else 10) + product, day, "CANARY")
            for n in range(1, CUSTOMERS + 1)
            for product in (1, 2, 2, 1 + n % 5)
        ]
        con.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", [*rows, (3, 9, 7, day, ""), (4, None, 8, day, "")])
    with bailee.create(home, POLICY, MAP, clock=Clock(NOW - timedelta(days=30))) as gate:
        with gate.database.write() as connection:
            customers.add_many(connection, [_customer(n) for n in range(1, CUSTOMERS + 1)], gate.clock())
            shown = notices.register(
                connection, terms_of(gate.promise.policy, gate.promise.policy.purposes["research"]), "research", "en",
                "About research.", gate.clock(),
            )  # fmt: skip
        for n in range(1, 31):
            gate.choose(n, "grant", "research", instrument="checkbox", notice=shown)
        for n in range(31, 36):
            gate.choose(n, "refuse", "research", instrument="checkbox", notice=shown)


def _customer(number: int) -> customers.NewCustomer:
    born = None if number > 55 else date(2016, 5, 17) if number > 50 else date(1960 + number // 2, 3, 4)
    return customers.NewCustomer(str(number), born, "US-OH" if number <= 40 else "DE")


@contextmanager
def opened(home: Path, clock: Clock) -> Iterator[Gate]:
    """The shop's gate."""
    with bailee.open(home, clock=clock) as gate:
        yield gate
