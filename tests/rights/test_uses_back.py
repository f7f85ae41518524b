"""A page of uses reads the ledger back from its end, and says what going through all of it in order says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bailee
from bailee.gate.concerns import of_kind
from bailee.gate.gate import Gate
from bailee.ledger.leaves import read
from bailee.policy.canonical import policy_digest
from bailee.rights import uses
from bailee.rights.uses import Used
from tests.gate.shop import MARKETING, ORDERS, Clock, grant

CUSTOMERS = ("1", "3", "7", "12")


def busy(gate: Gate, clock: Clock) -> None:
    """Questions about all, some and nobody, looks at one, refusals, and minutes of every kind, among choices."""
    gate.ask(ORDERS, purpose="offers")
    with pytest.raises(bailee.Refused):
        gate.ask(ORDERS, purpose="campaigns")
    check = gate.checker("offers")
    check(1)
    gate.choose(3, "withdraw", "offers")  # the minute goes on with another entry
    check(3)
    gate.ask("SELECT total FROM orders WHERE customer_id IN (1, 3)", purpose="offers")
    clock.forward(minutes=2)
    check(2)  # closes the first minute, opens a second
    grant(gate, 3)
    check(1)
    gate.choose(12, "refuse", "research")
    gate.may("offers", customer="7")
    check.close()
    gate.ask("SELECT count(*) FROM products", purpose="offers")
    open_ = gate.checker("offers", effect="personalise")
    open_(1)
    gate.choose(1, "withdraw", "offers")
    open_(1)  # and this minute stays open
    gate.ask(ORDERS, purpose="campaigns", actor=MARKETING)
    disclose(gate)
    clock.forward(minutes=1)


def disclose(gate: Gate) -> None:
    """Give away everybody who stands but customer 7, and nobody after that."""
    outlet = gate.disclosing("research", recipient="insurer")
    standing = outlet.standing()
    members = outlet.stands(standing).copy()
    members[[0, 7]] = False
    digest = f"sha256:{'0' * 64}"
    for each in (members, np.zeros_like(members)):
        outlet.commit(each, standing, digest, digest, {}, lambda _, __, entry: entry)


def whole(gate: Gate, customer: str, *, every: bool) -> list[Used]:
    """All uses, the newest first, found by going through the ledger in order."""
    with gate.proofs(customer) as prover:
        found = [uses._used(prover, each) for each in reversed(prover.concerns(None, None))]
    return [each for each in found if each.kind in uses.KINDS and (every or each.about_them)]


def paged(gate: Gate, customer: str, *, every: bool, limit: int) -> list[Used]:
    """All uses, page after page, each begun with no more than the page before says."""
    found: list[Used] = []
    before: int | None = None
    later: tuple[int, ...] = ()
    while True:
        page = uses.timeline(gate, customer, every=every, before=before, later=later, limit=limit)
        assert len(page.uses) <= limit
        found += page.uses
        if page.next is None:
            return found
        before, later = page.next, page.later


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
@pytest.mark.parametrize("every", [True, False])
def test_pages_are_the_whole(gate: Gate, clock: Clock, limit: int, *, every: bool) -> None:
    """Whatever a page holds, all pages together are every use once, the newest first."""
    busy(gate, clock)
    for customer in CUSTOMERS:
        expected = whole(gate, customer, every=every)
        assert paged(gate, customer, every=every, limit=limit) == expected
    assert {each.kind for each in whole(gate, "1", every=True)} == set(uses.KINDS)


@pytest.mark.parametrize(("most", "judged"), [(1, 100), (2, 100), (5, 100), (100, 1), (100, 2)])
def test_a_page_costs_what_a_page_costs(
    gate: Gate, clock: Clock, most: int, judged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few entries one page may look at, it goes on from there, and nothing is missed or told twice."""
    busy(gate, clock)
    monkeypatch.setattr(uses, "READ", most)
    monkeypatch.setattr(uses, "JUDGED", judged)
    for customer in CUSTOMERS:
        assert paged(gate, customer, every=False, limit=2) == whole(gate, customer, every=False)


def test_what_is_not_there_is_no_way_on(gate: Gate, clock: Clock) -> None:
    """Numbers of no entry, or of one that names none before, change nothing."""
    busy(gate, clock)
    size = gate.head().size
    page = uses.timeline(gate, "1", before=size - 3, later=[-1, 0, size - 1, size, 10**30], every=True)
    assert page.uses == uses.timeline(gate, "1", before=size - 3, every=True).uses
    assert uses.timeline(gate, "1", before=0).uses == ()
    assert uses.timeline(gate, "1", before=10**30).next is None


def test_the_policy_of_each_entry_is_found_from_there(gate: Gate, clock: Clock, home: Path) -> None:
    """What was in force at an entry is what the last announcement before it says, whichever entry is asked about."""
    busy(gate, clock)
    second = home / "second.yaml"
    text = (home / "policy.yaml").read_text().replace("version: 1\n", "version: 2\n", 1)
    second.write_text(text.replace("keep: 13 months", "keep: 12 months", 1))
    gate.publish_policy(home / "policy.yaml")
    gate.publish_policy(second)
    gate.choose(5, "withdraw", "research")
    with gate.database.read() as connection:
        announced = [(at, str(read(raw)["policy"])) for at, raw in of_kind(connection, "policy")]
    assert len({digest for _, digest in announced}) > 1
    with gate.proofs("1") as prover:
        for position in range(gate.head().size):
            found = prover.policy_at(position)
            expected = [digest for at, digest in announced if at <= position]
            assert (None if found is None else policy_digest(found)) == (expected[-1] if expected else None), position
