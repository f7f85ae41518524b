"""Law 9. Nothing is released unrecorded.

The ledger is made to fail by real means, at each of its steps; then no way through the gate gives an answer, a verdict
or a receipt, and afterwards everything is whole.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import bailee
from bailee.errors import RecordError, WorkspaceError
from bailee.gate.gate import Gate
from tests.gate.shop import ORDERS, Clock, make, opened

STEPS = {
    "leaf": "BEFORE INSERT ON ledger_leaves",
    "leaf, after": "AFTER INSERT ON ledger_leaves",
    "record": "BEFORE INSERT ON ledger_records",
    "head": "BEFORE UPDATE ON ledger_head",
    "head, after": "AFTER UPDATE ON ledger_head",
}

USES: dict[str, Callable[[Gate], object]] = {
    "ask": lambda gate: gate.ask(ORDERS, purpose="offers"),
    "refused": lambda gate: gate.ask(ORDERS, purpose="premium"),
    "rewritten": lambda gate: gate.ask("SELECT ssn FROM customers", purpose="offers"),
    "failed": lambda gate: gate.ask("SELECT CAST(coupon AS DATE) FROM orders", purpose="offers"),
    "may": lambda gate: gate.may("offers", customer=1),
    "may not": lambda gate: gate.may("premium", customer=1),
    "checker": lambda gate: gate.checker("offers")(1),
    "no checker": lambda gate: gate.checker("premium"),
    "standing": lambda gate: gate.standing("offers"),
    "discover": lambda gate: gate.discover(),
    "choose": lambda gate: gate.choose(1, "withdraw", "offers"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("law9") / "shop"
    make(made)
    return made


@contextmanager
def failing(path: Path, when: str) -> Iterator[None]:
    """Another program's hand on the database: every such statement is refused while the block lasts."""
    with sqlite3.connect(path) as raw:
        raw.execute(f"CREATE TRIGGER broken {when} BEGIN SELECT RAISE(ABORT, 'CANARY'); END")
    raw.close()
    try:
        yield
    finally:
        with sqlite3.connect(path) as raw:
            raw.execute("DROP TRIGGER broken")
        raw.close()


def facts(gate: Gate) -> tuple[object, ...]:
    """All that a use could have changed."""
    tables = ("choices", "ledger_leaves", "ledger_records", "ledger_subjects")
    with gate.database.read() as connection:
        counts = [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]
    return (*counts, gate.head())


@pytest.mark.parametrize("step", STEPS)
def test_a_ledger_that_fails_at_a_step_releases_nothing(home: Path, step: str) -> None:
    """Whichever insert or update of the ledger fails, every use raises RecordError, and nothing is half there."""
    with opened(home, Clock()) as gate:
        while step == "node" and gate.head().size % 2 == 0:  # so that the next leaf completes a node
            gate.may("offers", customer=1)
        gate.start()
        for name, use in USES.items():
            before = facts(gate)
            with failing(home / "state.db", STEPS[step]), pytest.raises(RecordError, match="nothing was") as failed:
                use(gate)
            assert "CANARY" not in str(failed.value)
            assert before == facts(gate), name
        assert gate.head() == gate.verify()
        assert gate.may("offers", customer=1)


def test_a_minute_that_cannot_be_recorded_gives_no_verdict(home: Path) -> None:
    """A checker whose next minute cannot be opened, or whose last cannot be closed, raises until it can."""
    clock = Clock()
    with opened(home, clock, lambda: clock.now.timestamp()) as gate:
        check = gate.checker("offers")
        assert check(1)
        with failing(home / "state.db", STEPS["leaf"]):
            assert check(1)  # within the minute that is on record
            clock.forward(minutes=1)
            for _ in range(2):
                with pytest.raises(RecordError):
                    check(1)
        assert check(1)
        closing = "BEFORE INSERT ON ledger_leaves WHEN instr(CAST(NEW.leaf AS TEXT), 'points_closed')"
        with failing(home / "state.db", closing):
            clock.forward(minutes=1)
            with pytest.raises(RecordError):
                check(1)
        assert check(1)
        assert gate.head() == gate.verify()


def test_a_full_disk_releases_nothing(home: Path, tmp_path: Path) -> None:
    """When the database may not grow by another page, nothing is released; with room again, all goes on."""
    full = tmp_path / "shop"
    shutil.copytree(home, full)
    with opened(full, Clock()) as gate:
        for use in ("ask", "may", "standing"):  # whatever has to be derived or kept is there already
            USES[use](gate)
        with gate.database.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        long = "x" * 50_000  # longer than what is free in any page
        uses = {
            "ask": lambda: gate.ask(f"{ORDERS} -- {long}", purpose="offers"),
            "may": lambda: gate.may("offers", customer=long),
            "checker": lambda: gate.checker("offers", actor=bailee.Actor(long))(1),
            "standing": lambda: gate.standing("offers", actor=bailee.Actor(long)),
            "choose": lambda: gate.choose(1, "withdraw", "offers", evidence=long[:10_000]),
        }
        connections = [gate.database.connect() for _ in range(3)]
        before = facts(gate)
        with connections[0] as a, connections[1] as b, connections[2] as c:
            for connection in (a, b, c):
                connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
                connection.rollback()
        for name, use in uses.items():
            with pytest.raises((RecordError, WorkspaceError), match=r"no room left|SQLITE_FULL") as failed:
                use()
            assert name == "choose" or isinstance(failed.value, RecordError)
        assert before == facts(gate)
    with opened(full, Clock()) as gate:
        assert gate.ask(ORDERS, purpose="offers").rows
        assert gate.head() == gate.verify()


def test_another_process_that_never_lets_go(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody else holds the database for writing, nothing can be recorded, so nothing is released."""
    monkeypatch.setattr("bailee.people.store.WRITE_SECONDS", 0.1)
    with opened(home, Clock()) as gate:
        USES["ask"](gate)
        before = facts(gate)
        other = sqlite3.connect(home / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for name, use in USES.items():
            with pytest.raises((RecordError, WorkspaceError), match="another process is writing") as failed:
                use(gate)
            assert name == "choose" or isinstance(failed.value, RecordError)
        other.execute("ROLLBACK")
        other.close()
        assert before == facts(gate)
        assert USES["ask"](gate)
