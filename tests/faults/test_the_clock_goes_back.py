"""A clock that is set back: what was said holds, sequences rise, and minutes are closed as they were opened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.sound import must_be_sound, reopened
from tests.gate.shop import NOW, ORDERS, Clock, grant, make, opened


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make(tmp_path / "shop")
    return tmp_path / "shop"


def test_a_withdrawal_under_a_later_clock_holds(home: Path) -> None:
    """D4.17: what a customer withdrew stays withdrawn when the clock goes back, in this process and the next."""
    clock = Clock(NOW + timedelta(hours=2))
    with opened(home, clock) as gate:
        compiled = gate.promise.compiled
        later = gate.choose(1, "withdraw", "offers")
        assert not gate.may("offers", customer=1)
        clock.now = NOW
        assert not gate.may("offers", customer=1)
        assert 1 not in gate.ask(ORDERS, purpose="offers").arrow()["customer_id"].to_pylist()
        again = grant(gate, 1)  # said before the withdrawal, as this clock has it
        assert again.sequence > later.sequence
        assert again.position > later.position
        assert not gate.may("offers", customer=1)
    with opened(home, clock) as gate:
        assert not gate.may("offers", customer=1)
        assert "1" not in {row.customer for row in gate.standing("offers") if row.stands}
        with reopened(home) as database:
            must_be_sound(database, compiled, clock())
        clock.now = NOW + timedelta(hours=3)
        grant(gate, 1)
        assert gate.may("offers", customer=1)


def test_sequences_and_entries_follow_the_order_of_what_happened(home: Path) -> None:
    """Whatever the clock says, sequences and positions rise, standing follows each act, and the ledger verifies."""
    clock, receipts = Clock(), []
    with opened(home, clock) as gate:
        for hours in (5, -30, 0, -2, 48, -48, 1):
            clock.now = NOW + timedelta(hours=hours)
            receipts.append(gate.choose(3, "refuse", "research"))
            assert not gate.may("research", recipient="supplier", customer=3)
        assert gate.head() == gate.verify()
        with reopened(home) as database:
            must_be_sound(database, gate.promise.compiled, clock())
    assert receipts == sorted(receipts, key=lambda each: each.sequence)
    assert len({each.position for each in receipts}) == len(receipts)
    assert [each.position for each in receipts] == sorted(each.position for each in receipts)


def test_a_consent_that_ran_out_under_a_later_clock(home: Path) -> None:
    """Standing that was derived under a later clock is no wider than the meaning when the clock goes back."""
    clock = Clock(NOW + timedelta(days=800))
    with opened(home, clock) as gate:
        assert gate.may("offers", customer=1)
        gate.choose(2, "withdraw", "offers")
        clock.now = NOW
        for customer in range(1, 13):
            gate.may("offers", customer=customer)
        with reopened(home) as database:
            must_be_sound(database, gate.promise.compiled, clock())


def test_minutes_of_a_checker_are_closed_as_they_were_opened(home: Path) -> None:
    """A checker runs by its own clock, so each minute ends; its leaves show the minute that it was opened for."""
    clock, seconds = Clock(NOW + timedelta(hours=1)), Clock(NOW)
    with opened(home, clock, lambda: (seconds.now - NOW).total_seconds()) as gate:
        check = gate.checker("offers")
        since = gate.head().size
        assert check("1")
        clock.now = NOW
        gate.choose(1, "withdraw", "offers")
        assert check("2")
        seconds.forward(seconds=61)
        clock.forward(seconds=61)
        assert check("2")
        assert not check("8")
        check.close()
        leaves = [gate.leaf(position) for position in range(since, gate.head().size)]
        assert gate.head() == gate.verify()
    minutes = [leaf for leaf in leaves if leaf["kind"].startswith("points")]
    opens = {since + at: leaf for at, leaf in enumerate(leaves) if leaf["kind"] == "points_opened"}
    closes = [leaf for leaf in minutes if leaf["kind"] == "points_closed"]
    assert len(opens) == len(closes) >= 2
    for closed in closes:
        assert closed["minute"] == opens[closed["opened"]]["minute"]
        assert closed["standing_sequence"] == opens[closed["opened"]]["standing_sequence"]
    assert {"2026-11-22T13:00:00.000000Z", "2026-11-22T12:01:00.000000Z"} <= {leaf["minute"] for leaf in minutes}
