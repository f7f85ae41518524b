"""Questions with noise at the gate: what is answered, what it costs, what is told, and the ways around it.

With a budget of hundreds there is next to no noise, so that figures can be compared.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

import bailee
from bailee.deid import noise
from bailee.errors import DeidError, EngineError, Refused
from bailee.gate.answer import Answer
from bailee.gate.gate import Gate
from tests.gate import budgeted
from tests.gate.shop import Clock, codes, last

LOUD = "min_group: 3, epsilon: 1000 per 90 days, each: 300, at_most: 2 rows"
GROUPS = "SELECT coupon, count(*) AS n, sum(total) FROM orders GROUP BY coupon ORDER BY n DESC"


@pytest.fixture(scope="module")
def quiet_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("quiet") / "shop"
    budgeted.make(home, release=LOUD)
    return home


@pytest.fixture(scope="module")
def noisy_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("noisy") / "shop"
    budgeted.make(home)
    return home


@pytest.fixture
def quiet(quiet_made: Path, tmp_path: Path) -> Iterator[Gate]:
    """A gate whose noise is next to nothing."""
    home = tmp_path / "quiet"
    shutil.copytree(quiet_made, home)
    with bailee.open(home, clock=Clock()) as gate:
        yield gate


@pytest.fixture
def gate(noisy_made: Path, tmp_path: Path) -> Iterator[Gate]:
    home = tmp_path / "noisy"
    shutil.copytree(noisy_made, home)
    with bailee.open(home, clock=Clock()) as opened:
        yield opened


def ask(gate: Gate, question: str, **more: Any) -> Answer:
    """The insurer's answer."""
    return gate.ask(question, purpose="research", recipient=more.pop("recipient", "insurer"), **more)


def rows(gate: Gate, question: str, spend: int = 999) -> list[tuple[Any, ...]]:
    """The rows of the insurer's answer."""
    return [tuple(row.values()) for row in ask(gate, question, spend=Decimal(spend)).arrow().to_pylist()]


def near(expected: list[Any], found: list[Any]) -> bool:
    """Whether rows are the same, but for noise on large numbers; it is beyond 15 once in 10^20 times."""
    assert len(expected) == len(found)
    pairs = [(a, b) for one, other in zip(expected, found, strict=True) for a, b in zip(one, other, strict=True)]
    return all(abs(a - b) <= 15 if isinstance(a, int) and a > 100 else a == b for a, b in pairs)


def outlier(gate: Gate, *, many: int = 20_000) -> None:
    """Customer 1 buys for a thousand million, very often, at the only coupon that nobody else has."""
    with gate._sets().engine.released(), duckdb.connect(str(gate.home / "warehouse.duckdb")) as con:
        con.execute(f"INSERT INTO orders SELECT 1, 1000000000, 'ONLYONE', TIMESTAMP '2026-11-20' FROM range({many})")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (GROUPS, [("77", 6, 200)]),
        ("SELECT count(*), sum(total) FROM orders", [(8, 300)]),
        ("SELECT count(DISTINCT customer_id), count(total), sum(total) FROM orders WHERE coupon = '77'", [(6, 6, 200)]),
        ("SELECT 2 * sum(total) - count(*) AS x FROM orders", [(592,)]),
        ("SELECT CASE WHEN count(*) > 7 THEN 'many' ELSE 'few' END FROM orders HAVING sum(total) > 270", [("many",)]),
        ("SELECT count(*) FROM orders HAVING sum(total) > 330", []),
        ("SELECT count(*) FILTER (WHERE total >= 20) AS a, count(*) AS b FROM orders ORDER BY a LIMIT 1", [(7, 8)]),
        ("SELECT count(*) FROM orders WHERE CAST(coupon AS INTEGER) > 0", [(6,)]),
        ("SELECT coupon, sum(total) FROM orders GROUP BY coupon HAVING count(*) > 100", []),
    ],
)
def test_figures_within_their_bounds(quiet: Gate, question: str, expected: list[Any]) -> None:
    """N2, N3, N7: without noise to speak of, figures are those of bounded rows; what stands outside runs on them.

    Totals are cut at 50, two rows of a customer count, and the coupon of two customers alone is no group of three.
    """
    assert near(expected, rows(quiet, question))


def test_whole_numbers_stay_whole(quiet: Gate) -> None:
    """N7: counts and sums of whole numbers are whole."""
    table = ask(quiet, "SELECT count(*), sum(total), avg(total) FROM orders").arrow()
    assert ["int64", "int64", "double"] == [str(kind) for kind in table.schema.types]


def test_an_outlier_changes_nothing_beyond_the_bound(quiet: Gate) -> None:
    """N2, N3, N4: twenty thousand purchases of a thousand million move a count by two rows and a sum by two bounds."""
    question = "SELECT count(*), sum(total) FROM orders HAVING count(*) > -1000"
    before = rows(quiet, question, 450)
    outlier(quiet)
    after = rows(quiet, question, 450)
    assert abs(after[0][0] - before[0][0]) <= 2
    assert abs(after[0][1] - before[0][1]) <= 100 + 30


def test_one_customers_own_group_is_not_there(gate: Gate) -> None:
    """N4: a key that only one customer has is no group, however small the noise, nor are those of nobody."""
    outlier(gate)
    for _ in range(5):
        shown = ask(gate, GROUPS).arrow().column("coupon").to_pylist()
        assert set(shown) <= {"77", "CANARYCOUPON"}


def test_small_groups_go_by_the_noisy_number(quiet: Gate) -> None:
    """N8: a group is shown where its noisy number of customers is `min_group` or more: of six, and not of two."""
    assert [("77", 6)] == rows(quiet, "SELECT coupon, count(*) FROM orders GROUP BY coupon")


def test_no_number_of_customers_is_told(gate: Gate) -> None:
    """N9: beside noisy figures nothing says exactly how many customers there are, nor what the asker may reopen."""
    answer = ask(gate, "SELECT sum(total) FROM orders")
    assert ((), 0, 0) == (answer.left_out.customers, answer.left_out.included, answer.left_out.known)
    assert "included" not in last(gate)[1]
    assert gate.replay(answer.receipt).agrees


def test_what_it_costs_is_told(gate: Gate) -> None:
    """D12.4, D12.5, N6: the answer and its entry say what was spent and left, and how wide noise is."""
    answer = ask(gate, "SELECT sum(total) AS spent, avg(total) FROM orders")
    noised = answer.noise
    assert noised is not None
    assert (Decimal("0.2"), {"insurer": Decimal("0.8")}) == (noised.reserved.amount, noised.reserved.left)
    told = {each.text: each for each in noised.aggregates}
    # Three figures share 0.2; two rows of at most 50 add up to 100.
    assert 1500 == pytest.approx(told["sum(total)"].scale)
    assert ("spent", None) == (told["sum(total)"].column, told["avg(total)"].half_width)
    assert [("sum", 1500.0), ("count", 30.0)] == [
        (name, pytest.approx(scale)) for name, scale, _ in told["avg(total)"].parts
    ]
    leaf, record = last(gate)
    assert ("use", "answered", 200_000, 800_000) == tuple(leaf[key] for key in ("kind", "decision", "spent", "left"))
    assert ["privacy_spent"] == [gate.leaf(at)["kind"] for at in record["spent_in"]]


def test_asking_for_everybody_spends_of_everybody(gate: Gate) -> None:
    """D12.3: a use that names no recipient spends of each one's budget, and is refused where one has too little."""
    ask(gate, "SELECT sum(total) FROM orders", recipient="supplier", spend=Decimal("0.9"))
    ask(gate, "SELECT sum(total) FROM orders", recipient=None, spend=Decimal("0.1"))
    assert {"insurer": Decimal("0.1"), "supplier": Decimal(1)} == {
        each.recipient: each.spent for each in gate.budgets("research")
    }
    with pytest.raises(Refused, match="for `supplier`, of which 0 is left"):
        ask(gate, "SELECT sum(total) FROM orders", recipient=None, spend=Decimal("0.1"))
    assert Decimal("0.1") == next(each.spent for each in gate.budgets("research", "insurer"))


def test_what_is_refused_for_its_budget_is_not_run(gate: Gate) -> None:
    """D12.4: a question that would overspend is refused before it runs, and the refusal is recorded."""
    with pytest.raises(Refused) as refused:
        ask(gate, "SELECT sum(total) FROM orders", spend=Decimal("1.1"))
    leaf, record = last(gate)
    assert (["budget_spent"], refused.value.receipt) == (codes(refused.value), gate.head().size - 1)
    assert ("refused", None, ["budget_spent"]) == (leaf["decision"], leaf["spent"], record["refused"])
    assert "it is more than the whole budget" in str(refused.value) or "spend at most 1 now" in str(refused.value)


def test_a_question_that_fails_has_spent(quiet: Gate) -> None:
    """D12.5: a question that ends in an error has spent, and its entry says so; one that is refused has not."""
    with pytest.raises(EngineError):
        ask(quiet, "SELECT CAST('x' || count(*) AS INTEGER), sum(total) FROM orders HAVING count(*) > -1000")
    leaf, _ = last(quiet)
    assert ("failed", 300_000_000) == (leaf["decision"], leaf["spent"])
    with pytest.raises(Refused):
        ask(quiet, "SELECT max(total) FROM orders")
    assert Decimal(300) == next(each.spent for each in quiet.budgets("research", "insurer"))


def test_the_same_question_again_spends_again(gate: Gate) -> None:
    """D12.6: repeating a question draws anew and spends anew, so an average over repetitions ends with the budget."""
    for spent in range(1, 6):
        noised = ask(gate, "SELECT sum(total) FROM orders").noise
        assert noised is not None
        assert Decimal(5 - spent) / 5 == noised.reserved.left["insurer"]
    nothing = np.zeros(1000, np.int64)
    assert not np.array_equal(noise.add(nothing, 10.0), noise.add(nothing, 10.0))
    with pytest.raises(Refused, match="of which 0 is left"):
        ask(gate, "SELECT sum(total) FROM orders")


@pytest.mark.parametrize("amount", ["0", "-0.5", "0.0000001", "1001", "NaN"])
def test_what_cannot_be_spent(gate: Gate, amount: str) -> None:
    """D12.2: an amount that is none, or would fill a budget, is refused, and nothing is spent or recorded as spent."""
    with pytest.raises(DeidError, match="expected a number above 0"):
        ask(gate, "SELECT sum(total) FROM orders", spend=Decimal(amount))
    assert Decimal(0) == next(each.spent for each in gate.budgets("research", "insurer"))
    with pytest.raises(ValueError, match="above nothing"):
        budgeted.spend(gate, "-1")


def test_other_purposes_spend_nothing(gate: Gate) -> None:
    """D12.1: without a budget nothing is spent, and no entry says that something was."""
    answer = gate.ask("SELECT count(*) FROM orders", purpose="offers", spend=Decimal("0.5"))
    assert (None, None) == (answer.noise, gate.leaf(answer.receipt)["spent"])


def test_exact_figures_never_come_out_without_noise(quiet: Gate) -> None:
    """N7: neither printing it, nor running its governed question without noise, gives a question's exact figures."""
    with pytest.raises(Refused, match="which the gate alone adds"):
        quiet.printed("SELECT sum(total) FROM orders", purpose="research", recipient="insurer", for_engine="trino")
    ruling = quiet.rule("research", recipient="insurer")
    door = quiet._door(None)
    _, governed = door._rewrite(quiet._sets().engine, "SELECT sum(total) FROM orders", ruling)
    with pytest.raises(ValueError, match="answered with noise"):
        quiet._sets().run(governed, ruling, quiet._fresh, None, 1, None)  # type: ignore[arg-type]


def test_an_answer_pays_for_one_draw(quiet: Gate) -> None:
    """N5: noise that was paid for is drawn once."""
    from bailee.gate.budgets import Reserved
    from bailee.gate.noising import Adding
    from bailee.policy.units import Rate

    ruling = quiet.rule("research", recipient="insurer")
    _, governed = quiet._door(None)._rewrite(quiet._sets().engine, "SELECT sum(total) FROM orders", ruling)
    assert governed.noise is not None
    adding = Adding(governed.noise, Reserved(Decimal(1), {}, Rate.parse("1 per day")), "duckdb")
    import pyarrow as pa

    exact = pa.table({"bailee_f1": [3], "bailee_f2": [4]})
    adding(exact)
    with pytest.raises(ValueError, match="one draw"):
        adding(exact)
