"""The small shop with a purpose for people's own requests, rows along a reference, and rows that name two customers."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.collect.shop import introduce

PURPOSE = b"""
  answer_requests:
    title: Show you what we hold
    use: essential.legal_obligation
    basis: legal_obligation
    law: GDPR article 15
    own_request: true
    effects: [serve]
    why: It is your data.
    customer_gains: You see it.
    company_gains: Trust.
    reads: {user: clear}
    keep: 100 years
recipients:
"""
TABLES = b"""
      - name: lines
        fides_meta: {bailee: {via: orders.order_id, at: via}}
        fields:
          - {name: order_id, data_categories: [user.behavior.purchase_history]}
          - {name: title, data_categories: [user.behavior.purchase_history]}
      - name: gifts
        fides_meta: {bailee: {subject: [giver, taker], at: none}}
        fields:
          - {name: giver, data_categories: [user.unique_id]}
          - {name: taker, data_categories: [user.unique_id]}
          - {name: words, data_categories: [user.content]}
"""


def extend(home: Path) -> None:
    """Let the shop answer requests, and hold lines of orders and gifts; `999` is on no record."""
    introduce(home)
    policy, datamap = home / "policy.yaml", home / "datamap.yaml"
    policy.write_bytes(policy.read_bytes().replace(b"\nrecipients:\n", PURPOSE, 1))
    text = datamap.read_bytes().replace(
        b"          - {name: customer_id, data",
        b"          - {name: order_id, data_categories: [user.behavior.purchase_history]}\n"
        b"          - {name: customer_id, data",
    )
    datamap.write_bytes(text + TABLES)
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute("CREATE OR REPLACE TABLE orders AS SELECT row_number() OVER () AS order_id, * FROM orders")
        con.execute("CREATE TABLE lines AS SELECT order_id, 'CANARYLINE' || customer_id AS title FROM orders")
        con.execute("CREATE TABLE gifts (giver INTEGER, taker INTEGER, words VARCHAR)")
        con.executemany(
            "INSERT INTO gifts VALUES (?, ?, ?)",
            [
                (1, 2, "CANARYBOTH"),
                (2, 1, "CANARYBOTH"),
                (1, 999, "CANARYBOTH"),
                (1, None, "mine alone"),
                (1, 1, "to myself"),
                (2, None, "of two alone"),
                (None, 3, "CANARYOTHER"),
                (None, None, "CANARYNOBODY"),
            ],
        )
