"""Made shops whose truth is known, and the grocer as a screen sees it: evidence without a gate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from bailee.deals.document import parse_deal
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.model import Deal
from bailee.policy.document import parse_policy
from bailee.policy.model import DataMap, Policy

KEY = bytes(range(32))
TODAY = date(2026, 11, 18)

POLICY = parse_policy("""
bailee: 1
company: Made Shop
version: 2026-11-01
purposes:
  research:
    title: Research
    use: third_party_sharing
    basis: consent
    recipients: [institute]
    effects: [learn]
    why: To learn.
    customer_gains: Knowledge.
    company_gains: A fee.
    reads: {user.unique_id: pseudonym, user.behavior.purchase_history: aggregate, user.demographic.age_range: aggregate}
    who: {min_age: 18}
    release: {min_group: 10}
    keep: 1 year
  rates:
    title: Rates
    use: third_party_sharing
    basis: consent
    recipients: [institute]
    effects: [learn, price, adverse]
    why: To set rates.
    customer_gains: None.
    company_gains: A fee.
    reads: {user.unique_id: pseudonym, user.behavior.purchase_history: clear, user.demographic: clear}
    keep: 1 year
  weigh:
    title: Weigh offers
    use: essential.legal_obligation
    basis: legal_obligation
    law: GDPR article 35
    effects: [learn]
    why: To see what an offer would do.
    customer_gains: Harmful offers are refused.
    company_gains: We know what we do.
    reads: {user: clear}
    keep: 1 year
recipients:
  institute: {title: The Institute, industry: insurance, place: US-MA}
""")

DEAL = """
bailee: 1
deal: made
title: A made deal
purpose: rates
recipient: institute
effects: [learn]
intention: To see.
customer_gains: None.
screened_under: weigh
form: identified
wanted:
  lines: {table: lines, columns: [card, at, aisle, spent], customer: card}
  people: {table: people, columns: [card, age, town], customer: card}
asked:
  aisles:
    title: What each age spends where
    question: >-
      SELECT p.age, l.aisle, sum(l.spent) AS spent FROM lines l JOIN people p ON p.card = l.card GROUP BY p.age, l.aisle
    by: [age, aisle]
    weight: 3
  months:
    title: What is spent each month
    question: SELECT date_trunc('month', "at") AS month, sum(spent) AS spent FROM lines GROUP BY 1
    by: [month]
term: {from: 2027-01-01, until: 2027-12-31}
"""
CATEGORIES = {
    "lines": {
        "card": ("user.unique_id",),
        "at": ("user.behavior.purchase_history",),
        "aisle": ("user.behavior.purchase_history",),
        "spent": ("user.behavior.purchase_history",),
    },
    "people": {
        "card": ("user.unique_id",),
        "age": ("user.demographic.age_range",),
        "town": ("user.contact.address.city",),
    },
}


def deal(*changes: tuple[str, str], policy: Policy = POLICY, text: str = DEAL) -> Deal:
    """The made deal with some of its text replaced, or with lines added where the first part is empty."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1) if old else f"{text}{new}\n"
    return parse_deal(text, policy)


def shop(seed: int = 1, many: int = 400, visits: int = 12) -> tuple[dict[str, pa.Table], pa.Table]:
    """Rows that would be sent, and the people: everybody adult stands, one in ten is a child who does not."""
    source = np.random.default_rng(seed)
    age = source.choice(["18-34", "35-54", "55+"], many, p=[0.3, 0.4, 0.3])
    town = np.array(["Ashby", "Brook", "Cole", "Dunn"])[source.choice(4, many, p=[0.6, 0.25, 0.1, 0.05])]
    who = np.repeat(np.arange(many), visits)
    aisle = np.array(["bread", "fruit", "meat", "wine"])[source.choice(4, len(who), p=[0.4, 0.3, 0.2, 0.1])]
    day = source.integers(0, 364, len(who)).astype("timedelta64[D]")
    sent = {
        "lines": pa.table(
            {
                "card": 5000 + who,
                "at": np.datetime64("2025-11-18T09:00:00", "us") + day,
                "aisle": aisle,
                "spent": np.round(source.gamma(2, 4, len(who)), 2),
                CUSTOMER: who,
            }
        ),
        "people": pa.table({"card": 5000 + np.arange(many), "age": age, "town": town, CUSTOMER: np.arange(many)}),
    }
    return sent, people(many, stands=np.arange(many) % 10 > 0)


def people(many: int, stands: Any = True, **columns: Any) -> pa.Table:
    """One row a customer, of 16 if they do not stand, as evidence has them."""
    stands = np.broadcast_to(stands, many)
    plain = {
        CUSTOMER: pa.array(np.arange(many), pa.int64()),
        "age": pa.array(np.where(stands, 40, 16), pa.int32()),
        "place": pa.array(["US-MA" if each % 2 else "US-OH" for each in range(many)]),
        "stands": pa.array(stands),
        "reason": pa.array(np.where(stands, "stands", "under_age")),
        "told": pa.array(stands),
        "chose": pa.array(np.where(stands, "grant", None)),
    }
    return pa.table(plain | columns)


def evidence(
    deal: Deal,
    sent: Mapping[str, pa.Table],
    people: pa.Table,
    columns: Mapping[str, Mapping[str, tuple[str, ...]]] = CATEGORIES,
    reveals: Mapping[str, tuple[Any, str]] | None = None,
    **others: Any,
) -> Evidence:
    """Evidence of rows; `reveals` has by key of `wanted` which rows reveal, and one category."""
    marked, said = {}, {}
    for key, table in sent.items():
        rows, category = (reveals or {}).get(key, (np.zeros(table.num_rows, bool), ""))
        marked[key] = pa.chunked_array([pa.array(np.asarray(rows, bool))])
        said[key] = pa.chunked_array([pa.array([[category] if row else [] for row in rows], pa.list_(pa.string()))])
    fields = {"policy": POLICY, "datamap": DataMap({}), "today": TODAY, "seed": 7, **others}
    return Evidence(deal=deal, sent=sent, people=people, columns=columns, reveals=marked, revealed=said, **fields)
