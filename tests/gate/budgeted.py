"""The shop of `tests.gate.shop` with privacy budgets: one for two recipients, one for the company itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import bailee
from bailee.decide import Ruling
from bailee.gate.budgets import Reserved, reserve
from bailee.gate.gate import Gate
from bailee.vocabulary import Actor, Use
from tests.gate import shop

RELEASE = "min_group: 3, epsilon: 1.0 per 90 days, each: 0.2, at_most: 2 rows"
INSIGHT = b"""
  insight:
    title: Insight
    use: essential.service.operations
    basis: consent
    effects: [learn]
    why: We like to know.
    customer_gains: A better shop.
    company_gains: Knowledge.
    reads: {user.unique_id: pseudonym, user.behavior.purchase_history: aggregate}
    release: {%s}
    was: [older_insight]
    keep: 12 months
recipients:"""
MEASURE = b"fides_meta: {bailee: {measure: true}}"
BOUNDED = b"fides_meta: {bailee: {measure: true, between: [0, 50]}}"
COUPON = b"- {name: coupon, data_categories: [user.behavior.purchase_history]}"
NAMED = COUPON.removesuffix(b"}") + b', fides_meta: {bailee: {values: ["77", CANARYCOUPON]}}}'
MAP = shop.MAP.replace(MEASURE, BOUNDED).replace(COUPON, NAMED)


def policy(release: str = RELEASE) -> bytes:
    """The shop's policy with a budget."""
    text = shop.POLICY.replace(b"release: {min_group: 3}", b"release: {%s}" % release.encode())
    return text.replace(b"\nrecipients:", INSIGHT % release.encode(), 1)


def make(home: Path, store: str | None = None, release: str = RELEASE, at: datetime = shop.NOW) -> None:
    """Make the workspace in a new folder; customers 1 to 8 agreed to research and insight a month before."""
    shop.load(home / "warehouse.duckdb")
    clock = shop.Clock(at - timedelta(days=30))
    with bailee.create(home, policy(release), MAP, clock=clock, store=store) as gate:
        shop.enrol(gate)
        for number in range(1, 9):
            shop.grant(gate, number, "research")
            shop.grant(gate, number, "insight")


def spend(gate: Gate, amount: str, recipient: str | None = "insurer", purpose: str = "research") -> Reserved:
    """Reserve as a question does, without one."""
    ruling = gate.rule(purpose, recipient=recipient)
    return reserve(gate._recorder, ruling, gate.clock(), Decimal(amount))


def of(gate: Gate, purpose: str, recipient: str | None) -> Ruling:
    """The ruling on a use."""
    return gate.promise.compiled.rule(Use(purpose, Actor("ann"), None, recipient))
