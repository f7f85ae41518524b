"""Law 18: a process killed at any moment of any work leaves all that it acknowledged, whole, and nothing half done.

A child asks, chooses, imports and erases at random and reports what it was acknowledged over a pipe; it is killed with
`kill -9`. Then the database is opened anew, all that is kept is derived again and compared, and the next child goes on.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bailee.gate.gate import Gate
from bailee.people import tombstones
from tests.faults.sound import kept, must_be_sound, reopened
from tests.gate.shop import CUSTOMERS, NOW, ORDERS, Clock, grant, make, opened

#: How often in the suite and in `make soak`, and after how many a new shop is made.
KILLS, SOAK, SHOP = 25, 500, 25
#: The longest that a child works, in seconds.
LONGEST = 0.7

Told = dict[str, Any]


class Work:
    """What a doomed child does: each step draws what, with whom, and gives what is told once it was acknowledged."""

    def __init__(self, gate: Gate, folder: Path, seed: int) -> None:
        self.gate, self.folder, self.chance = gate, folder, random.Random(seed)
        with gate.database.read() as connection:
            keys = connection.exec_driver_sql("SELECT key FROM customers WHERE key IS NOT NULL ORDER BY number")
            self.known = list(keys.scalars())
        self.check = gate.checker("offers")
        self.new = (f"new-{seed}-{number}" for number in count())

    def step(self) -> Told:
        doing = self.chance.choices(
            (self.choose, self.ask, self.may, self.look_up, self.customers, self.choices, self.give, self.erase),
            weights=(8, 3, 3, 3, 3, 4, 2, 3),
        )
        return doing[0]()

    def choose(self) -> Told:
        key, act = self.chance.choice(self.known), self.chance.choice(("grant", "withdraw", "refuse"))
        given = grant(self.gate, key) if act == "grant" else self.gate.choose(key, act, "offers", evidence="a letter")
        return {"did": "choose", "key": key, "sequence": given.sequence, "position": given.position}

    def ask(self) -> Told:
        return {"did": "use", "position": self.gate.ask(ORDERS, purpose="offers").receipt}

    def may(self) -> Told:
        self.gate.may("offers", customer=self.chance.choice(self.known))
        return {"did": "may"}

    def look_up(self) -> Told:
        self.check(self.chance.choice(self.known))
        return {"did": "look up"}

    def customers(self) -> Told:
        keys = [next(self.new) for _ in range(self.chance.randint(1, 40))]
        path = self.folder / f"{keys[0]}.csv"
        path.write_text("key,born,place\n" + "".join(f"{key},1980-01-02,US-VT\n" for key in keys))
        self.gate.import_customers(path)
        self.known += keys
        return {"did": "customers", "keys": keys}

    def choices(self) -> Told:
        path = self.folder / f"{next(self.new)}.csv"
        at = f"2026-11-{self.chance.randint(1, 20):02d}T0{self.chance.randint(0, 9)}:00:00Z"
        some = self.chance.sample(self.known, min(len(self.known), self.chance.randint(1, 30)))
        lines = "".join(f"{key},offers,refuse,{at},signed\n" for key in some)
        path.write_text(f"customer,purpose,act,at,instrument\n{lines}")
        self.gate.import_choices(path)
        return {"did": "choices", "name": path.name, "keys": some}

    def give(self) -> Told:
        some = self.chance.sample(self.known, min(len(self.known), 5))
        digest = self.gate.notices()[0].digest
        given = self.gate.give_notice(digest, [(key, self.gate.clock()) for key in some])
        return {"did": "give", "position": given.position}

    def erase(self) -> Told:
        if len(self.known) <= CUSTOMERS:
            return {"did": "nothing"}
        key = self.known.pop(self.chance.randrange(CUSTOMERS, len(self.known)))
        done = self.gate.erase(key, anew=self.chance.random() < 0.3)
        return {"did": "erase", "key": key, "position": done.erased[0].position}


def killed(work: Callable[[Callable[[Told], None]], None], after: float) -> list[Told]:
    """All that a child was acknowledged until it was killed, so many seconds after it had begun."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            work(lambda told: os.write(writing, f"{json.dumps(told)}\n".encode()) and None)
        except BaseException:
            os.write(writing, f"{json.dumps({'did': 'broke', 'why': traceback.format_exc()})}\n".encode())
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as said:
        begun = json.loads(said.readline())
        assert "begun" == begun["did"], begun["why"]
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        told = [json.loads(line) for line in said.read().splitlines()]
    assert [] == [each["why"] for each in told if each["did"] == "broke"]
    return told


def must_be_there(gate: Gate, told: list[Told]) -> None:
    """Everything acknowledged is found, though a later act may have erased whom it was about."""
    with gate.database.read() as connection:
        keys = set(connection.exec_driver_sql("SELECT key FROM customers WHERE key IS NOT NULL").scalars())
        sequences = set(connection.exec_driver_sql("SELECT sequence FROM choices").scalars())
        files = set(connection.exec_driver_sql("SELECT name FROM imports").scalars())
        numbers = set(connection.exec_driver_sql("SELECT customer FROM erasures WHERE done_at IS NOT NULL").scalars())
    erased = {each["key"] for each in told if each["did"] == "erase"}
    assert not erased & keys
    assert numbers == {each.customer for each in tombstones.read(gate.home / "keys" / tombstones.NAME)}
    shown = {"choose": "choice", "use": "use", "give": "notices_given", "erase": "customer"}
    for each in told:
        if "position" in each:
            leaf = gate.leaf(each["position"])
            assert shown[each["did"]] == leaf["kind"]
        if each["did"] == "choose":
            assert leaf["sequence"] == each["sequence"]
            assert (each["sequence"] in sequences) or each["key"] not in keys
        if each["did"] == "customers":
            missing = set(each["keys"]) - erased - keys
            assert len(missing) <= min(1, len(numbers))  # the last act may have erased one, and not come to say so
        if each["did"] == "choices":
            assert each["name"] in files or not set(each["keys"]) <= keys


def shops(folder: Path, made: Path, rounds: int) -> Iterator[tuple[Path, int]]:
    """The same shop for some rounds, then a new one: (home, round)."""
    for number in range(rounds):
        home = folder / f"shop{number // SHOP}"
        if number % SHOP == 0:
            shutil.rmtree(folder / f"shop{number // SHOP - 1}", ignore_errors=True)
            shutil.copytree(made, home)
        yield home, number


def survives(folder: Path, made: Path, rounds: int, first: int = 0) -> dict[str, int]:
    """Kill so many children at the same moments in each run; return how often each act was acknowledged."""
    moments, acts = random.Random(18 + first), {"kills": 0}
    clock = Clock(NOW)
    for home, number in shops(folder, made, rounds):

        def work(tell: Callable[[Told], None], home: Path = home, seed: int = first + number) -> None:
            with opened(home, clock) as gate:
                doing = Work(gate, folder, seed)
                if seed % 4 == 0:  # the engine starts in about the time that a child has
                    doing.ask()
                tell({"did": "begun"})
                while True:
                    clock.forward(seconds=7)
                    tell(doing.step())

        told = killed(work, moments.uniform(0, LONGEST))
        clock.forward(hours=1)
        with reopened(home) as database:
            before = kept(database)
            with opened(home, clock) as gate:
                must_be_there(gate, told)
                compiled = gate.promise.compiled
                assert len(told) == 0 or gate.head().size >= max(each.get("position", 0) for each in told)
            must_be_sound(database, compiled, clock())
            assert before == kept(database)
        acts["kills"] += 1
        for each in told:
            acts[each["did"]] = acts.get(each["did"], 0) + 1
    return acts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("killed") / "shop"
    make(home)
    return home


def test_a_killed_process_leaves_everything_whole(made: Path, tmp_path: Path) -> None:
    """Law 18: after each of 25 kills everything acknowledged is there, sound, and nothing is half there."""
    acts = survives(tmp_path, made, KILLS)
    assert {"choose", "customers", "choices"} <= set(acts), acts


@pytest.mark.soak
def test_killed_five_hundred_times(made: Path, tmp_path: Path) -> None:
    """Law 18, as above, at 500 other moments."""
    print(survives(tmp_path, made, SOAK, first=1000))
