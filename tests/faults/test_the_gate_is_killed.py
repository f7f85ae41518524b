"""Law 18 at the gate: a process that is killed in the middle leaves the workspace whole, and the next run works.

Each round forks a process, waits until it has begun, kills it at a random moment, and opens the folder again.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

import bailee
from bailee.gate.gate import Gate
from bailee.people.choices import Recorded
from tests.gate.shop import MAP, ORDERS, POLICY, Clock, grant, make, notice

KILLS = 20

#: What a doomed process tells: a line each.
Say = Callable[[object], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("killed") / "shop"
    make(home)
    return home


def killed(work: Callable[[Say], None], after: float | None) -> list[str]:
    """All that a process said until it was killed, so many seconds after it had said `begun`; None lets it end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            work(lambda said: os.write(writing, f"{said}\n".encode()) and None)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert "begun\n" == said.readline()
        if after is not None:
            time.sleep(after)
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return said.read().split()


def moments(longest: float) -> Iterator[float]:
    """Moments to kill at, the same ones in each run."""
    chance = random.Random(18)
    return (chance.uniform(0, longest) for _ in range(KILLS))


def lasting(work: Callable[[Say], None]) -> float:
    """How many seconds the work takes when nobody kills it."""
    began = time.monotonic()
    killed(work, None)
    return time.monotonic() - began


def whole(gate: Gate) -> int:
    """The size of a ledger that verifies, in a database that is sound."""
    assert [] == gate.database.check()
    assert gate.head() == gate.verify()
    return gate.head().size


def test_killed_while_it_answers(made: Path, tmp_path: Path) -> None:
    """Every receipt that was given is the leaf of an answer, and the next question is answered."""
    home = tmp_path / "shop"
    shutil.copytree(made, home)

    def work(say: Say) -> None:
        with bailee.open(home, clock=Clock()) as gate:
            say("begun")
            while True:
                say(gate.ask(ORDERS, purpose="offers").receipt)

    given = 0
    for moment in moments(0.8):
        receipts = list(map(int, killed(work, moment)))
        given += len(receipts)
        with bailee.open(home, clock=Clock()) as gate:
            whole(gate)
            assert ["answered"] * len(receipts) == [gate.leaf(receipt)["decision"] for receipt in receipts]
            assert all(gate.replay(receipt).agrees for receipt in receipts[-2:])
    with bailee.open(home, clock=Clock()) as gate:
        assert 6 == gate.ask(ORDERS, purpose="offers").rows
    assert given


def test_killed_while_it_takes_choices(made: Path, tmp_path: Path) -> None:
    """Every acknowledged choice is there with its leaf, no leaf is without its choice, and standing follows."""
    home = tmp_path / "shop"
    shutil.copytree(made, home)

    def work(say: Say) -> None:
        with bailee.open(home, clock=Clock()) as gate:
            check = gate.checker("offers")
            say("begun")
            while True:
                for customer in range(1, 7):
                    say(gate.choose(customer, "withdraw", "offers").position)
                    check(customer)
                    say(grant(gate, customer).position)

    given = 0
    for moment in moments(0.3):
        receipts = list(map(int, killed(work, moment)))
        given += len(receipts)
        with bailee.open(home, clock=Clock()) as gate:
            leaves = [gate.leaf(position) for position in range(whole(gate))]
            assert {"choice"} >= {leaves[receipt]["kind"] for receipt in receipts}
            said = {customer: gate.choices(customer) for customer in range(1, 13)}
            sequences = [leaf["sequence"] for leaf in leaves if leaf["kind"] == "choice"]
            assert sequences == sorted(each.sequence for choices in said.values() for each in choices)
            last = {c: max(_offers(said[c]), key=lambda one: one.sequence).act for c in range(1, 7)}
            assert last == {c: "grant" if gate.may("offers", customer=c) else "withdraw" for c in last}
    assert given


def _offers(said: Iterable[Recorded]) -> list[Recorded]:
    return [each for each in said if each.purpose == "offers"]


def test_killed_while_it_imports(made: Path, tmp_path: Path) -> None:
    """A file is there whole, with its leaf, or not at all; importing it again makes it so."""
    with bailee.open(made, clock=Clock()) as gate:
        shown, before = notice(gate), gate.status().choices
    home, file, rows = tmp_path / "shop", tmp_path / "choices.csv", 5_000
    with file.open("w") as lines:
        lines.write("customer,purpose,act,at,instrument,notice\n")
        for n in range(rows):
            at = f"2026-11-{n % 20 + 1:02d}T{n // 20 % 24:02d}:{n // 480 % 60:02d}:{n // 28800:02d}Z"
            lines.write(f"{n % 12 + 1},offers,grant,{at},checkbox,{shown}\n")

    def work(say: Say) -> None:
        with bailee.open(home, clock=Clock()) as gate:
            say("begun")
            gate.import_choices(file)
            say("imported")

    shutil.copytree(made, home)
    longest = 1.2 * lasting(work)
    shutil.rmtree(home)
    outcomes = set()
    for moment in moments(longest):
        shutil.copytree(made, home)
        said = killed(work, moment)
        with bailee.open(home, clock=Clock()) as gate:
            kinds = [gate.leaf(position)["kind"] for position in range(whole(gate))]
            found = (kinds.count("choices_imported"), gate.status().choices)
            assert found in ((0, before), (1, before + rows))
            assert found[0] or not said
            outcomes.add(found[0])
            gate.import_choices(file)
            assert before + rows == gate.status().choices
        shutil.rmtree(home)
    assert {0, 1} == outcomes


def test_killed_while_it_makes_a_workspace(tmp_path: Path) -> None:
    """The folder holds a workspace that works, or one that the same call makes whole; nothing is left lying about."""
    made, home = 0, tmp_path / "first"

    def work(say: Say) -> None:
        say("begun")
        bailee.create(home, POLICY, MAP).close()

    longest = 1.2 * lasting(work)
    for number, moment in enumerate(moments(longest)):
        home = tmp_path / str(number)
        killed(work, moment)
        if (home / "state.db").exists():
            made += 1
            with pytest.raises(bailee.BaileeError, match="holds a workspace already"):
                bailee.create(home, POLICY, MAP)
        else:
            bailee.create(home, POLICY, MAP).close()
            assert [] == list(home.glob(".bailee-new-*"))
        with bailee.open(home) as gate:
            kinds = [gate.leaf(position)["kind"] for position in range(whole(gate))]
            assert ["policy", "signing_key"] == sorted(kinds)
    assert 0 < made < KILLS
