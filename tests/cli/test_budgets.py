"""`bailee budget`, and what `bailee ask` says beside figures with noise."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import Result

from tests.cli.commands import bailee
from tests.gate import budgeted

SUM = "SELECT sum(total) AS spent, avg(total), count(*) FROM orders"
RESEARCH = ("--purpose", "research", "--to", "insurer")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "shop"
    budgeted.make(made, at=datetime.now(UTC))
    return made


def run(home: Path, *words: object) -> Result:
    """Run a command in the workspace."""
    return bailee(*words, BAILEE_HOME=str(home))


def test_what_noise_cost_and_how_wide_it_is(home: Path) -> None:
    """Standard error says what a reader of noisy figures must know, and never how many customers there are."""
    asked = run(home, "ask", SUM, *RESEARCH, "--spend", "0.25", "--explain")
    assert 0 == asked.exit_code, asked.output
    assert (
        "at most 2 rows of each customer count, and groups of fewer than about 3 customers are left out" in asked.stderr
    )
    assert re.search(r"^  sum\(total\): \d+$", asked.stderr, re.MULTILINE)
    assert re.search(r"^  avg\(total\): its sum \d+, its count \d+$", asked.stderr, re.MULTILINE)
    assert "spent 0.25 of 1 per 90 days: 0.75 left for insurer" in asked.stderr
    assert "customers included" not in asked.stderr


def test_budgets_before_and_after(home: Path) -> None:
    """`bailee budget` says of each purpose and recipient what is spent and left, and from when there is more."""
    before = run(home, "budget", "--json")
    expected = {"spent": "0", "left": "1", "each": "0.2", "rows_of_a_customer": 2, "again": None}
    assert [("research", "insurer"), ("research", "supplier"), ("insight", None)] == [
        (each["purpose"], each["recipient"]) for each in json.loads(before.stdout)
    ]
    assert all(expected.items() <= each.items() for each in json.loads(before.stdout))
    asked = run(home, "ask", SUM, *RESEARCH, "--json")
    noise = json.loads(asked.stdout)["noise"]
    assert ("1 per 90 days", "0.2", [{"recipient": "insurer", "left": "0.8"}]) == (
        noise["budget"],
        noise["spent"],
        noise["left"],
    )
    assert {"sum(total)": "spent", "avg(total)": "avg(total)", "count(*)": "count(*)"} == {
        each["aggregate"]: each["column"] for each in noise["aggregates"]
    }
    (after,) = json.loads(run(home, "budget", *RESEARCH, "--json").stdout)
    assert ("0.2", "0.8") == (after["spent"], after["left"])
    assert after["again"] is not None
    table = run(home, "budget").stdout
    assert "insurer" in table
    assert "(the company)" in table


def test_a_spent_budget_refuses(home: Path) -> None:
    """With too little left the exit status is 3, and the message says what may be done."""
    assert 0 == run(home, "ask", SUM, *RESEARCH, "--spend", "0.9").exit_code
    refused = run(home, "ask", SUM, *RESEARCH)
    assert 3 == refused.exit_code
    assert "of which 0.1 is left, and this would spend 0.2; spend at most 0.1 now; from" in refused.stderr


@pytest.mark.parametrize("amount", ["0", "much", "1001", "0.0000001"])
def test_what_cannot_be_spent(home: Path, amount: str) -> None:
    """An amount that is none is a mistake of the command, and nothing is asked."""
    asked = run(home, "ask", SUM, *RESEARCH, "--spend", amount)
    assert (2, True) == (asked.exit_code, "expected a number above 0" in asked.stderr.replace("\n", " "))


def test_a_budget_that_there_is_not(home: Path) -> None:
    """A purpose without a budget is told, with what would give it one."""
    asked = run(home, "budget", "--purpose", "offers")
    assert (1, True) == (asked.exit_code, "there is no privacy budget of `offers`" in asked.stderr)
