"""`bailee ledger explain`: what an entry says, and what was ruled derived again, or in words why it cannot be."""

from __future__ import annotations

import json

import bailee
from bailee.gate.gate import Gate
from tests.cli.conftest import Shop

MARKETING = bailee.Actor("ana", frozenset({"marketing"}))


def last(gate: Gate) -> int:
    return gate.head().size - 1


def test_a_minute_of_a_checker_is_derived_again(shop: Shop) -> None:
    """The entry that closed a minute leads to the one that opened it; its set is held against its root."""
    with bailee.open(shop.home) as gate:
        check = gate.checker("personal_offers", actor=MARKETING)
        check("ada")
        check.close()
        closed = last(gate)
    done = shop.run("ledger", "explain", str(closed))
    assert 0 == done.exit_code
    assert "derived again from what was in force then (ruling, standing, opening, set): the same" in done.stdout


def test_what_went_with_its_customer_is_told_so(shop: Shop) -> None:
    """Of a verdict on somebody who was erased no ruling can be derived: that is said, and is no failure."""
    with bailee.open(shop.home) as gate:
        gate.may("personal_offers", customer="ada", actor=MARKETING)
        verdict = last(gate)
        gate.erase("ada")
    done = shop.run("ledger", "explain", str(verdict))
    assert (0, True) == (done.exit_code, "what was ruled cannot be derived again" in done.stdout)
    document = json.loads(shop.run("ledger", "explain", str(verdict), "--json").stdout)
    assert (None, None) == (document["agrees"], document["derived_again"])
    assert "cannot be derived again" in document["not_derived"]
