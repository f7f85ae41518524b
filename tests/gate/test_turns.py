"""One question at a time, in the order of asking; each is cancelled alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

import bailee
from bailee.errors import Cancelled
from bailee.gate.turns import Turn
from tests.gate import shop

#: Runs until somebody stops it.
LONG = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3"


@pytest.fixture
def gate(tmp_path: Path) -> bailee.Gate:
    """The small shop's gate."""
    shop.make(tmp_path / "shop")
    return bailee.open(tmp_path / "shop")


def asked(gate: bailee.Gate, question: str, turn: Turn, done: list[object]) -> threading.Thread:
    """Ask on another thread; what came of it is put into `done`."""

    def ask() -> None:
        try:
            done.append(gate.ask(question, purpose="offers", actor=shop.MARKETING, turn=turn).rows)
        except Cancelled as error:
            done.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def until(condition: object, seconds: float = 20) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_cancelling_a_question_stops_no_other(gate: bailee.Gate) -> None:
    """A question that waits knows how many come first, and is answered when the one before it is cancelled."""
    first, second, third = Turn(), Turn(), Turn()
    done: dict[str, list[object]] = {"first": [], "second": [], "third": []}
    with gate:
        threads = [asked(gate, LONG, first, done["first"])]
        until(lambda: first.before == 0)
        threads.append(asked(gate, shop.ORDERS, second, done["second"]))
        until(lambda: second.before == 1)
        threads.append(asked(gate, shop.ORDERS, third, done["third"]))
        until(lambda: third.before == 2)
        third.cancel()
        threads[2].join(20)
        assert isinstance(done["third"][0], Cancelled)
        assert (first.before, second.before) == (0, 1)
        first.cancel()
        for thread in threads:
            thread.join(30)
    assert isinstance(done["first"][0], Cancelled)
    assert done["second"] == [6]


def test_a_cancelled_question_is_recorded(gate: bailee.Gate) -> None:
    """One that was cancelled before its turn is recorded as failed, and the next question is answered."""
    turn, done = Turn(), list[object]()
    turn.cancel()
    with gate:
        asked(gate, shop.ORDERS, turn, done).join(20)
        assert isinstance(done[0], Cancelled)
        leaf, record = shop.last(gate)
        assert (leaf["decision"], record["failed"]) == ("failed", "cancelled")
        assert gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING).rows == 6
