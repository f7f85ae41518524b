"""Law 16. A privacy budget is never overspent.

Not within any span, whatever is asked at what time and in which order, by threads, by processes, on either kind of
store, over a crash or a restore, or through another name of the purpose. What is permitted is what the meaning permits.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bailee
from bailee.errors import Refused
from bailee.gate import budgets as gate_budgets
from bailee.gate.gate import Gate
from bailee.people import budgets
from bailee.policy import budget
from bailee.policy.budget import Spending
from bailee.policy.units import Rate
from tests.gate import budgeted
from tests.gate.shop import NOW, Clock
from tests.postgres import Cluster

ROOT = Path(__file__).parents[2]
RATE = Rate.parse("1.0 per 90 days")
WHOM: list[tuple[str, str | None]] = [
    ("research", "insurer"),
    ("research", "supplier"),
    ("research", None),
    ("insight", None),
]
#: Seconds on, mostly on, before and after the ends of spans; clocks also go back.
STEPS = st.sampled_from([0, 1, -1, 3600, 45 * 86400, 90 * 86400, 90 * 86400 - 1, -50 * 86400])
AMOUNTS = st.sampled_from(["0.2", "0.1", "0.000001", "0.999999", "1", "0.3", "0.333333", "1.000001", "2"])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("budgeted") / "shop"
    budgeted.make(home)
    return home


@pytest.fixture(scope="module")
def gate(workspace: Path) -> Iterator[Gate]:
    with bailee.open(workspace, clock=Clock()) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A workspace of its own in each kind of store."""
    made = tmp_path / "shop"
    if request.param == "sqlite":
        budgeted.make(made)
        yield made
        return
    postgres: Cluster = request.getfixturevalue("postgres")
    url = postgres.new()
    budgeted.make(made, store=url)
    yield made
    postgres.drop(url)


def overspent(spendings: list[Spending]) -> list[Spending]:
    """Spendings at which the span that ends there holds more than the budget, by brute force."""
    return [
        last
        for last in spendings
        if sum(
            each.amount
            for each in spendings
            if (each.recipient, last.at - timedelta(days=90) < each.at <= last.at) == (last.recipient, True)
        )
        > RATE.amount
    ]


@given(st.lists(st.tuples(st.sampled_from(WHOM), AMOUNTS, STEPS), max_size=14))
@settings(max_examples=60, deadline=None)
def test_what_is_permitted_is_what_the_meaning_permits(gate: Gate, asked: list[Any]) -> None:
    """D12.1, D12.2, D12.3: each spending is permitted or refused as the meaning says, and no span is ever overspent."""
    with gate.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM spendings")
    spendings: list[Spending] = []
    at = NOW
    for (purpose, recipient), amount, step in asked:
        at += timedelta(seconds=step)
        ruling, wanted = budgeted.of(gate, purpose, recipient), Decimal(amount)
        assert ruling.purpose is not None
        payers = budget.payers(ruling.purpose, recipient)
        left = {payer: budget.left(RATE, budget.concern(ruling.purpose, payer, spendings), at) for payer in payers}
        permitted = all(each >= wanted for each in left.values())
        try:
            reserved = gate_budgets.reserve(gate._recorder, ruling, at, wanted)
        except Refused as refused:
            found: list[str] | None = [reason.code for reason in refused.reasons]
        else:
            found = None
        assert (None if permitted else ["budget_spent"]) == found
        if found is not None:
            continue
        assert {payer: each - wanted for payer, each in left.items()} == reserved.left
        spendings += [Spending(purpose, payer, at, wanted) for payer in payers]
    for name in ("research", "insight"):
        assert [] == overspent([each for each in spendings if each.purpose == name])


def test_five_fifths_are_one_whole(gate: Gate) -> None:
    """D12.2: amounts are exact: five times 0.2 fit into 1.0, and a millionth more does not."""
    with gate.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM spendings")
    left = [budgeted.spend(gate, "0.2").left["insurer"] for _ in range(5)]
    assert [Decimal(each) for each in ("0.8", "0.6", "0.4", "0.2", "0")] == left
    with pytest.raises(Refused, match=r"of which 0 is left, and this would spend 0\.000001; from 2027-02-20 12:00 UTC"):
        budgeted.spend(gate, "0.000001")


def test_another_name_is_no_other_budget(gate: Gate) -> None:
    """D12.1: what was spent before a purpose was renamed is spent."""
    with gate.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM spendings")
        budgets.spend(connection, 10**9, Spending("older_insight", None, NOW, Decimal("0.9")))
    with pytest.raises(Refused, match=r"of which 0\.1 is left"):
        budgeted.spend(gate, "0.2", None, "insight")
    assert Decimal(0) == budgeted.spend(gate, "0.1", None, "insight").left[None]


def test_threads_share_one_budget(home: Path) -> None:
    """D12.2, D12.5: of sixteen threads that spend a fifth at once, five may, and the ledger says so of five."""
    with bailee.open(home, clock=Clock()) as gate:
        gate.rule("research")
        spent: list[int] = []

        def work() -> None:
            try:
                spent.extend(budgeted.spend(gate, "0.2").entries)
            except Refused:
                return

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 5 == len(set(spent))
        assert [{"privacy_spent"}, {200_000}] == [{gate.leaf(at)[key] for at in spent} for key in ("kind", "spent")]
        assert {0, 200_000, 400_000, 600_000, 800_000} == {gate.leaf(at)["left"] for at in spent}


CHILD = """
import sys
import bailee
from bailee.errors import Refused
from tests.gate import budgeted
from tests.gate.shop import Clock
with bailee.open(sys.argv[1], clock=Clock()) as gate:
    sys.stdin.readline()
    for _ in range(4):
        try:
            budgeted.spend(gate, "0.2")
            print("spent", flush=True)
        except Refused:
            print("refused", flush=True)
"""


def test_processes_share_one_budget(home: Path) -> None:
    """D12.2: of three processes that spend a fifth four times each, five times may be, on either store."""
    command = [sys.executable, "-c", CHILD, str(home)]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for child in running:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    said = "".join(child.communicate()[0] for child in running).split()
    assert (5, 7) == (said.count("spent"), said.count("refused"))


CRASH = """
import os, sys
import bailee
from bailee.gate import noising
from tests.gate.shop import Clock
noising.Adding.__call__ = lambda *_: os._exit(9)
with bailee.open(sys.argv[1], clock=Clock()) as gate:
    gate.ask("SELECT sum(total) FROM orders", purpose="research", recipient="insurer")
"""


def test_a_crash_before_the_answer_has_spent(home: Path) -> None:
    """D12.5: a process that dies between reserving and answering has spent, and the ledger says so."""
    child = subprocess.run([sys.executable, "-c", CRASH, str(home)], cwd=ROOT, check=False)
    assert 9 == child.returncode
    with bailee.open(home, clock=Clock()) as gate:
        (found,) = gate.budgets("research", "insurer")
        assert (Decimal("0.2"), Decimal("0.8")) == (found.spent, found.left)
        leaf = gate.leaf(gate.head().size - 1)
        assert ("privacy_spent", "research", "insurer", 200_000, 800_000) == tuple(
            leaf[key] for key in ("kind", "purpose", "recipient", "spent", "left")
        )
        assert gate.head() == gate.verify()


def test_a_restore_fills_no_budget(tmp_path: Path) -> None:
    """D12.8: what was spent after a backup is spent after it was restored, because the ledger goes on."""
    home, file = tmp_path / "shop", tmp_path / "backup"
    budgeted.make(home)
    with bailee.open(home, clock=Clock()) as gate:
        budgeted.spend(gate, "0.3")
        gate.backup(file)
        budgeted.spend(gate, "0.4")
        budgeted.spend(gate, "0.1", None, "insight")
    bailee.restore(file, home, force=True)
    with bailee.open(home, clock=Clock()) as gate:
        spent = {(each.purpose, each.recipient): each.spent for each in gate.budgets()}
    assert {
        ("research", "insurer"): Decimal("0.7"),
        ("research", "supplier"): Decimal(0),
        ("insight", None): Decimal("0.1"),
    } == spent


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_a_smaller_budget_counts_what_was_spent(when: datetime, months: int) -> None:
    """D12.2: under another rate the same spendings count, and nothing is left where they are more than it."""
    at = when.replace(tzinfo=NOW.tzinfo)
    rate = Rate.parse(f"0.5 per {months} months")
    spendings = [Spending("p", None, at, Decimal("0.4")), Spending("p", None, at, Decimal("0.6"))]
    assert Decimal(0) == budget.left(rate, spendings, at)
    assert Decimal("0.5") == budget.left(rate, spendings, rate.per.plus(at) + timedelta(days=4))
