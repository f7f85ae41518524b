"""Law 4. A withdrawal that was acknowledged before a question began is honoured by its answer.

At the gate: threads withdraw and grant through one gate and through another process, while others ask, check and
list. Whatever begins after an act was acknowledged, and ends before the next one begins, says what was said.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import bailee
from bailee.gate.gate import Gate
from tests.gate.shop import ORDERS, Clock, make, notice

PEOPLE, ROUNDS = (1, 2, 3), 12
#: How many comparisons are enough, and after how many rounds a busy machine that does not come to them gives up.
ENOUGH, MOST = 20, 20 * ROUNDS

#: Another process: reads `customer act` lines, records each, and answers with a line once it is acknowledged.
OTHER = """
import sys, bailee
from tests.gate.shop import Clock
with bailee.open(sys.argv[1], clock=Clock()) as gate:
    for line in sys.stdin:
        customer, act = line.split()
        gate.choose(customer, act, "offers", instrument="checkbox", notice=sys.argv[2] if act == "grant" else None)
        print("done", flush=True)
"""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("law4") / "shop"
    shared = request.param == "postgres"
    make(made, store=request.getfixturevalue("postgres").new() if shared else None)
    return made


class Acts:
    """What each customer has begun to say and what was acknowledged; all agreed at first, and an odd count withdrew."""

    def __init__(self) -> None:
        self.begun = dict.fromkeys(PEOPLE, 0)
        self.acknowledged = dict.fromkeys(PEOPLE, 0)
        self.wrong: list[str] = []
        self.compared = 0

    def compare(self, how: str, use: Callable[[], dict[int, bool]]) -> None:
        """Use the gate, and hold what it says against what was said, where nobody spoke in the meantime."""
        before = dict(self.acknowledged)
        found = use()
        for person, stands in found.items():
            if before[person] == self.begun[person]:
                self.compared += 1
                if stands != (before[person] % 2 == 0):
                    self.wrong.append(f"{how}: {person} stands={stands} after act {before[person]}")


def readers(gate: Gate) -> dict[str, Callable[[], dict[int, bool]]]:
    """Every way through the gate, as who of the people it says may be used."""
    check = gate.checker("offers")

    def ask() -> dict[int, bool]:
        ids = gate.ask(ORDERS, purpose="offers").arrow().column("customer_id").to_pylist()
        return {person: person in ids for person in PEOPLE}

    def standing() -> dict[int, bool]:
        rows = {row.customer: row.stands for row in gate.standing("offers")}
        return {person: rows[str(person)] for person in PEOPLE}

    def may() -> dict[int, bool]:
        person = random.choice(PEOPLE)
        return {person: bool(gate.may("offers", customer=person))}

    def checked() -> dict[int, bool]:
        person = random.choice(PEOPLE)
        return {person: bool(check(person))}

    return {"ask": ask, "standing": standing, "may": may, "checker": checked}


def race(gate: Gate, choose: Callable[[int, str], object]) -> Acts:
    """Every person says one thing after another, while every way through the gate is used all the time."""
    acts, done, uses = Acts(), threading.Event(), readers(gate)
    together = threading.Barrier(len(PEOPLE) + len(uses))
    broken: list[BaseException] = []

    def write(person: int) -> None:
        together.wait()
        for count in range(1, MOST + 1):
            if count > ROUNDS and acts.compared > ENOUGH:
                break
            acts.begun[person] = count
            choose(person, "withdraw" if count % 2 else "grant")
            acts.acknowledged[person] = count
            done.wait(random.uniform(0, 0.12))

    def read(how: str) -> None:
        together.wait()
        while not done.is_set():
            acts.compare(how, uses[how])

    def guarded(work: Callable[..., None], *given: object) -> None:
        try:
            work(*given)
        except BaseException as error:  # told by the test, which would otherwise wait for ever
            broken.append(error)
            together.abort()

    writers = [threading.Thread(target=guarded, args=(write, person)) for person in PEOPLE]
    others = [threading.Thread(target=guarded, args=(read, how)) for how in uses]
    for thread in (*writers, *others):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in others:
        thread.join()
    assert [] == broken
    return acts


def test_in_one_process(home: Path) -> None:
    """Threads that choose, ask, list and check at once through one gate."""
    with bailee.open(home, clock=Clock()) as gate:
        shown = notice(gate)

        def choose(person: int, act: str) -> None:
            gate.choose(person, act, "offers", instrument="checkbox", notice=shown if act == "grant" else None)

        acts = race(gate, choose)
        assert ([], True) == (acts.wrong, acts.compared > ENOUGH)
        assert gate.head() == gate.verify()


def test_across_two_processes(home: Path) -> None:
    """Another process takes the choices; this one answers, without being told."""
    with bailee.open(home, clock=Clock()) as gate:
        run = [sys.executable, "-c", OTHER, str(home), notice(gate)]
        other = subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert other.stdin is not None
        assert other.stdout is not None
        turn = threading.Lock()

        def choose(person: int, act: str) -> None:
            assert other.stdin is not None
            assert other.stdout is not None
            with turn:
                print(person, act, file=other.stdin, flush=True)
                assert "done\n" == other.stdout.readline()

        acts = race(gate, choose)
        other.stdin.close()
        assert 0 == other.wait()
        other.stdout.close()
        assert ([], True) == (acts.wrong, acts.compared > ENOUGH)
        assert gate.head() == gate.verify()
