"""Law 4. A withdrawal that was acknowledged first is honoured.

For standing: threads record grants and withdrawals while others derive and read. Whoever begins to read after a
choice was acknowledged sees it, whichever thread derived.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bailee import decide
from bailee.people import choices, customers
from bailee.people.choices import Said
from bailee.people.database import Database
from bailee.people.kinds import Kind
from bailee.people.standing import Board
from bailee.policy import canonical
from bailee.policy.model import Policy
from tests.people.records import policy, register
from tests.stores import again, make

CUSTOMERS, ROUNDS, READERS = 4, 40, 3


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        made = make(tmp_path / "state.db")
    else:
        made = again(request.getfixturevalue("postgres").new(request.getfixturevalue("template")))
    yield made
    made.close()


def say(database: Database, of: Policy, notice: str, key: str, act: str) -> None:
    now = datetime.now(UTC)
    shown = notice if act == "grant" else None
    with database.write() as connection:
        choices.record(connection, of, Said(key, Kind("offers", act, "checkbox", shown), now), now)


def test_whoever_begins_after_an_acknowledgement_sees_it(database: Database) -> None:
    """Each customer's last acknowledged act is in every snapshot that was asked for afterwards."""
    ours = policy()
    compiled = decide.compile(ours, canonical.policy_digest(ours))
    slot, board = compiled.slot("offers"), Board(database)
    with database.write() as connection:
        customers.add_many(connection, [customers.NewCustomer(f"c{n}") for n in range(CUSTOMERS)], datetime.now(UTC))
        notice = register(connection, ours, "offers")
    acknowledged, begun = [0] * CUSTOMERS, [0] * CUSTOMERS  # how many acts; an odd one is a grant
    wrong: list[str] = []
    done = threading.Event()

    def write(customer: int) -> None:
        for count in range(1, ROUNDS + 1):
            begun[customer] = count
            say(database, ours, notice, f"c{customer}", "grant" if count % 2 else "withdraw")
            acknowledged[customer] = count

    def read() -> None:
        while not done.is_set():
            before = list(acknowledged)
            codes = board.fresh(compiled, datetime.now(UTC)).codes(slot)
            after = list(begun)
            for customer in range(CUSTOMERS):
                if before[customer] == after[customer] and before[customer]:  # nothing was said in between
                    expected = "stands" if before[customer] % 2 else "withdrawn"
                    found = decide.REASONS[codes[customer + 1]]
                    if found != expected:
                        wrong.append(f"c{customer}: {found} after act {before[customer]}")

    writers = [threading.Thread(target=write, args=(customer,)) for customer in range(CUSTOMERS)]
    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert [] == wrong
    last = board.fresh(compiled, datetime.now(UTC))
    assert ["withdrawn"] * CUSTOMERS == [decide.REASONS[code] for code in last.codes(slot)[1:]]


def test_the_writer_itself_sees_it_at_once(database: Database) -> None:
    """The next line after recording a withdrawal finds it, every time, while others derive."""
    ours = policy()
    compiled = decide.compile(ours, canonical.policy_digest(ours))
    slot, board = compiled.slot("offers"), Board(database)
    with database.write() as connection:
        customers.add_many(connection, [customers.NewCustomer(f"c{n}") for n in range(CUSTOMERS)], datetime.now(UTC))
        notice = register(connection, ours, "offers")
    found: list[str] = []

    def work(customer: int) -> None:
        for _ in range(ROUNDS // 2):
            for act in ("grant", "withdraw"):
                say(database, ours, notice, f"c{customer}", act)
                code = board.fresh(compiled, datetime.now(UTC)).codes(slot)[customer + 1]
                found.append(f"{act} {decide.REASONS[code]}")

    threads = [threading.Thread(target=work, args=(customer,)) for customer in range(CUSTOMERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {"grant stands", "withdraw withdrawn"} == set(found)
    assert CUSTOMERS * ROUNDS == len(found)
