"""Questions that wait and run: seen and cancelled by whoever asked, in this process and in another."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bailee.errors import Cancelled
from bailee.gate.turns import Turn
from bailee.people.repeats import Repeats
from bailee.web.console.running import MOST, Running, TooMany
from tests.gate import shop

LONG = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3"
NUMBER = "n" * 20


def test_a_question_is_cancelled_through_another_process(home: Path) -> None:
    """Where several workers serve, the one that gets the word tells the one that asks, by the database."""
    clock = shop.Clock()
    with shop.opened(home, clock) as gate:
        here = Running(Repeats(gate.database, clock), shared=True)
        there = Running(Repeats(gate.database, clock), shared=True)
        job = here.begin("ana", NUMBER, lambda turn: gate.ask(LONG, purpose="offers", actor=shop.MARKETING, turn=turn))
        assert there.find("ana", NUMBER) is None
        assert there.cancel("bo", NUMBER)  # which is told of nobody
        time.sleep(0.5)
        assert not job.answer.done()
        assert there.cancel("ana", NUMBER)
        assert there.cancel("ana", NUMBER)
        for _ in here.watch(job, 0.1):
            assert job.seconds < 20
        with pytest.raises(Cancelled):
            job.answer.result()
        assert here.find("ana", NUMBER) is None


def test_one_form_sent_many_times_takes_no_more(home: Path) -> None:
    """Questions of one number count each, and cancelling the number cancels them all."""
    clock = shop.Clock()
    with shop.opened(home, clock) as gate:
        running = Running(Repeats(gate.database, clock), shared=False)

        def wait(turn: Turn) -> None:
            while not turn.cancelled:
                time.sleep(0.01)

        jobs = [running.begin("ana", NUMBER, wait) for _ in range(MOST)]  # type: ignore[arg-type]
        with pytest.raises(TooMany):
            running.begin("ana", NUMBER, wait)  # type: ignore[arg-type]
        assert running.find("ana", NUMBER) is jobs[-1]
        assert running.cancel("ana", NUMBER)
        for job in jobs:
            job.answer.result(timeout=10)


def test_only_so_many_wait_here(home: Path) -> None:
    """More questions than there are threads for are turned away; those that wait are not touched."""
    clock = shop.Clock()
    with shop.opened(home, clock) as gate:
        running = Running(Repeats(gate.database, clock), shared=False)
        released: list[Turn] = []

        def wait(turn: Turn) -> None:
            while not turn.cancelled:
                time.sleep(0.01)
            released.append(turn)

        jobs = [running.begin("ana", f"{place:020}", wait) for place in range(MOST)]  # type: ignore[arg-type]
        with pytest.raises(TooMany):
            running.begin("bo", NUMBER, wait)  # type: ignore[arg-type]
        assert not running.cancel("bo", f"{0:020}")
        for job in jobs:
            assert running.cancel("ana", job.number)
            job.answer.result(timeout=10)
        assert len(released) == MOST
