"""What the company holds about one person: all of it, nobody else's, and every look recorded."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import bailee
from bailee.errors import FactRejected, Refused, WorkspaceError
from bailee.gate.gate import Gate
from bailee.gate.holding import Holding
from tests.gate.shop import Clock


def rows(holding: Holding) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {}
    for table in holding.tables():
        answer = holding.rows(table).arrow()
        found[table.name] = sorted((tuple(row.values()) for row in answer.to_pylist()), key=repr)
    return found


def test_a_person_is_shown_their_rows_of_every_table(gate: Gate, home: Path) -> None:
    """D6.10: the rows are those of a plain query over the company's own file, along references too, and no others."""
    found = rows(gate.holding(1))
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        plain = {
            "customers": "SELECT id, email FROM customers WHERE id = 1",
            "orders": "SELECT * FROM orders WHERE customer_id = 1",
            "lines": "SELECT l.* FROM lines l JOIN orders o USING (order_id) WHERE o.customer_id = 1",
            "gifts": "SELECT * FROM gifts WHERE coalesce(giver, 1) = 1 AND coalesce(taker, 1) = 1 "
            "AND coalesce(giver, taker) = 1",
        }
        expected = {name: sorted(con.execute(sql).fetchall(), key=repr) for name, sql in plain.items()}
    found["customers"] = [row[:2] for row in found["customers"]]
    assert expected == found
    assert 2 == len(found["gifts"])


def test_rows_that_name_somebody_else_are_only_counted(gate: Gate) -> None:
    """D6.10: a gift to or from another person, on record or not, is not shown, whoever stands; it is counted."""
    holding = gate.holding(1)
    counted = {table.name: holding.shared(table) for table in holding.tables()}
    assert {"customers": 0, "orders": 0, "lines": 0, "gifts": 3} == counted
    assert "CANARYBOTH" not in repr(rows(holding))
    assert "CANARYOTHER" not in repr(rows(holding))


@pytest.mark.parametrize("customer", range(1, 13))
def test_nobody_is_shown_anybody_else(gate: Gate, customer: int) -> None:
    """What one is shown names no other customer in any column."""
    shown = repr(rows(gate.holding(customer)))
    for other in set(range(1, 13)) - {customer}:
        assert f"person{other}@" not in shown
        assert f"CANARYLINE{other}'" not in shown


def test_each_look_is_recorded_about_the_person(gate: Gate) -> None:
    """A look is a use about them alone, and they can prove it; what was ruled derives again."""
    before = gate.head().size
    holding = gate.holding(1)
    tables = list(holding.tables())
    for table in tables:
        holding.rows(table)
    leaves = [gate.leaf(position) for position in range(before, gate.head().size)]
    assert [("use", "answer_requests", "answered", "some")] * len(tables) == [
        (leaf["kind"], leaf["purpose"], leaf["decision"], leaf["about"]) for leaf in leaves
    ]
    assert all(gate.replay(position).agrees for position in range(before, gate.head().size))
    with gate.proofs(1) as mine, gate.proofs(2) as others:
        assert set(range(before, gate.head().size)) <= {each.position for each in mine.concerns(None, None)}
        assert {before} & {each.position for each in others.concerns(None, None)} == set()


def test_the_purpose_serves_nothing_else(gate: Gate) -> None:
    """Nobody asks a question, a point or everybody's standing for it."""
    with pytest.raises(Refused, match="answers a person's own request, and shows nobody anything else"):
        gate.ask("SELECT * FROM customers WHERE id = 1", purpose="answer_requests")
    with pytest.raises(Refused):
        gate.standing("answer_requests")
    with pytest.raises(Refused):
        gate.checker("answer_requests")
    assert not gate.may("answer_requests", customer=1).permitted


def test_another_purpose_answers_no_request(gate: Gate) -> None:
    """A purpose that does not say so is refused at the first look, and that is recorded."""
    holding = gate.holding(1, purpose="offers")
    with pytest.raises(Refused, match="does not say `own_request: true`"):
        holding.rows(next(holding.tables()))


def test_a_policy_without_such_a_purpose(made: Path, tmp_path: Path, silent: Path) -> None:
    """Where the policy has none, it is told what to add."""
    with bailee.open(silent, clock=Clock()) as gate, pytest.raises(WorkspaceError, match="add one"):
        gate.holding(1)


def test_nobody_is_not_shown_anything(gate: Gate) -> None:
    """Somebody who is not on record has no request to answer."""
    with pytest.raises(FactRejected):
        gate.holding("999")


def test_an_erased_person_is_shown_nothing(gate: Gate) -> None:
    """After an erasure there is nobody to answer."""
    gate.erase(1)
    with pytest.raises(FactRejected):
        gate.holding(1)


def test_a_restriction_does_not_hide_ones_own_data(gate: Gate) -> None:
    """Who restricted the use of their data still sees it."""
    gate.restrict(1)
    assert 2 == len(rows(gate.holding(1))["orders"])


@pytest.mark.parametrize("key", ["1' OR '1'='1", "1", "01", "1 "])
def test_a_key_is_compared_exactly(gate: Gate, key: str) -> None:
    """A key that only looks like another's shows nothing of that other's, whatever is in it."""
    if key != "1":
        with pytest.raises(FactRejected):
            gate.holding(key)
        with gate.database.write() as connection:
            from bailee.people import customers

            customers.add_many(connection, [customers.NewCustomer(key)], gate.clock())
    shown = rows(gate.holding(key))
    assert (key == "1") == bool(shown["customers"])
