"""Everything of a gate at once, from many threads: nothing is made twice, lost, mixed up or left open."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import bailee
from bailee.errors import BaileeError
from bailee.gate import gate as gates
from tests.gate.shop import MARKETING, ORDERS, Clock, opened


def together(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """Run the work in so many threads that begin at once; what they raised."""
    barrier, raised = threading.Barrier(count), list[BaseException]()

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_the_first_questions_of_many_threads_share_one_engine(home: Path) -> None:
    """Eight first questions at once start one worker, and each gets its own answer."""
    with bailee.open(home, clock=Clock()) as gate:
        found: dict[int, object] = {}

        def ask(number: int) -> None:
            sql = f"SELECT {number} AS me, count(*) AS n FROM orders"
            found[number] = gate.ask(sql, purpose="offers").arrow().to_pylist()

        assert [] == together(8, ask)
        assert {n: [{"me": n, "n": 6}] for n in range(8)} == found
        assert None in gate._running
        assert 1 == gate._running[None].engine.generation


def test_everything_at_once(home: Path) -> None:
    """Asking for purposes that share tables, choosing, checking, listing, and cancelling; then every leaf is whole."""
    with bailee.open(home, clock=Clock()) as gate:
        start, counts, lock = gate.head().size, {"use": 0, "choice": 0}, threading.Lock()
        checks = [gate.checker("offers") for _ in range(2)]
        asks = (
            {"purpose": "offers", "question": ORDERS},
            {"purpose": "campaigns", "question": "SELECT count(*) FROM orders", "actor": MARKETING},
            {"purpose": "research", "question": "SELECT sum(total) FROM orders", "recipient": "insurer"},
            {"purpose": "offers", "question": "SELECT ssn FROM customers"},
            {"purpose": "offers", "question": "SELECT CAST(email AS DATE) FROM customers"},
        )

        def some(number: int) -> None:
            chance = random.Random(number)
            for _ in range(15):
                kind = "use"
                try:
                    match chance.randint(0, 5):
                        case 0 | 1:
                            gate.ask(**chance.choice(asks))  # type: ignore[arg-type]
                        case 2:
                            gate.may("offers", customer=chance.randint(0, 13))
                        case 3:
                            kind = "choice"
                            gate.choose(chance.randint(1, 12), "withdraw", "research", recipient="supplier")
                        case 4:
                            gate.standing("offers")
                        case _:
                            kind = ""
                            assert checks[number % 2](1)
                            gate.cancel()
                except BaileeError:
                    pass
                if kind:
                    with lock:
                        counts[kind] += 1

        assert [] == together(6, some)
        kinds = [gate.leaf(position)["kind"] for position in range(start, gate.head().size)]
        assert counts == {kind: kinds.count(kind) for kind in counts}
        assert 6 == gate.ask(ORDERS, purpose="offers").rows
        assert gate.head() == gate.verify()


def test_a_minute_loses_nobody(home: Path) -> None:
    """Threads share a checker while minutes turn and choices come: every minute that was opened is closed, once."""
    clock = Clock()
    with opened(home, clock, lambda: clock.now.timestamp()) as gate:
        check, start = gate.checker("offers"), gate.head().size

        def ask(number: int) -> None:
            for turn in range(60):
                check(number + 1)
                if number == 0:
                    clock.forward(seconds=7)
                if number == 1 and turn % 9 == 0:
                    gate.choose(12, "refuse", "offers")

        assert [] == together(4, ask)
        check.close()
        leaves = {position: gate.leaf(position) for position in range(start, gate.head().size)}
        opened_at = {position for position, leaf in leaves.items() if leaf["kind"] == "points_opened"}
        closed = [leaf for leaf in leaves.values() if leaf["kind"] == "points_closed"]
        ended = {leaf["opened"] for leaf in closed} | {leaves[at]["continues"] for at in opened_at} - {None}
        assert (len(closed), opened_at) == (len({leaf["minute"] for leaf in closed}), ended)


def test_closing_while_others_ask(home: Path) -> None:
    """A gate that is closed in the middle ends every thread with an answer or a sentence, and leaves a whole ledger."""
    with bailee.open(home, clock=Clock()) as gate:

        def use(number: int) -> None:
            if number == 0:
                gate.ask(ORDERS, purpose="offers")
                gate.close()
                return
            try:
                while True:
                    gate.ask(ORDERS, purpose="offers")
                    gate.may("offers", customer=number)
            except BaileeError:
                return

        assert [] == together(5, use)
    with bailee.open(home, clock=gates.now) as gate:
        assert gate.head() == gate.verify()
