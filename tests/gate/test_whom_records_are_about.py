"""Private records are sealed under the keys of exactly those customers whom Bailee knows that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bailee.errors import EngineError, RecordError
from bailee.gate.gate import Gate
from bailee.ledger import log
from bailee.people import customers, keyring
from tests.gate.shop import ORDERS, Clock, make, notice, opened

TWO = "SELECT total FROM orders WHERE customer_id IN (2, 3)"
FAILS = "SELECT CAST(coupon AS DATE) FROM orders WHERE customer_id IN (2, 3)"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    make(tmp_path / "shop")
    with opened(tmp_path / "shop", Clock()) as gate:
        yield gate


def about(gate: Gate, position: int) -> set[str]:
    """The keys of those whose keys are needed to open a record."""
    statement = "SELECT c.key FROM ledger_subjects s JOIN customers c ON c.number = s.customer WHERE s.position = ?"
    with gate.database.read() as connection:
        return set(connection.exec_driver_sql(statement, (position,)).scalars())


def last(gate: Gate) -> int:
    return gate.head().size - 1


def test_a_choice_is_about_its_customer(gate: Gate) -> None:
    """A choice goes with its customer's key."""
    assert {"4"} == about(gate, gate.choose(4, "withdraw", "offers").position)


def test_a_verdict_is_about_its_customer(gate: Gate) -> None:
    """A verdict, also where the policy itself refuses, goes with its customer's key; nobody's is the company's."""
    for purpose in ("offers", "premium"):
        gate.may(purpose, customer=5)
        assert {"5"} == about(gate, last(gate))
        gate.may(purpose, customer="nobody we know")
        assert set() == about(gate, last(gate))
        assert {"customer": "nobody we know"}.items() <= (gate.record(last(gate)) or {}).items()


def test_a_question_about_listed_customers_is_about_those_that_are_known(gate: Gate) -> None:
    """A question that compares customers with constants goes with all their keys together; any other is nobody's."""
    assert {"2", "3"} == about(gate, gate.ask(TWO, purpose="offers").receipt)
    some = "SELECT total FROM orders WHERE customer_id IN (2, 4242)"
    assert {"2"} == about(gate, gate.ask(some, purpose="offers").receipt)
    assert set() == about(gate, gate.ask(ORDERS, purpose="offers").receipt)
    assert set() == about(gate, gate.ask("SELECT title FROM products", purpose="offers").receipt)


def test_a_question_that_failed_is_about_those_it_listed(gate: Gate) -> None:
    """What the engine could not answer is sealed as what it answered, for its text names them as well."""
    with pytest.raises(EngineError) as failed:
        gate.ask(FAILS, purpose="offers")
    assert failed.value.receipt is not None
    assert "failed" == gate.leaf(failed.value.receipt)["decision"]
    assert {"2", "3"} == about(gate, failed.value.receipt)


def test_a_record_opens_for_nobody_once_one_of_them_is_erased(gate: Gate) -> None:
    """Of a question about two customers nothing is left when one of them is erased; the leaf stays."""
    receipt = gate.ask(TWO, purpose="offers").receipt
    other = gate.ask("SELECT total FROM orders WHERE customer_id = 3", purpose="offers").receipt
    assert gate.record(receipt) is not None
    gate.erase(2, anew=False)
    assert gate.record(receipt) is None
    assert gate.record(other) is not None
    assert "use" == gate.leaf(receipt)["kind"]
    assert gate.head() == gate.verify()


def test_nothing_is_released_about_who_was_erased_meanwhile(gate: Gate) -> None:
    """A question that began before its customer was erased is neither recorded under another key nor released."""
    with gate.database.read() as connection:
        number = customers.number_of(connection, "2")
    gate.erase(2, anew=False)
    recorder, size = gate._recorder, gate.head().size
    ruling = gate.rule("offers")
    with pytest.raises(RecordError, match="nothing was released: the customer was erased"):
        recorder.use(ruling, "answered", {"question": TWO}, gate.clock(), subjects=[number])
    assert size == gate.head().size


def test_notices_given_name_nobody_in_the_companys_own_record(gate: Gate) -> None:
    """Who was given a notice is kept by number, which says nothing of a person who was erased."""
    given = gate.give_notice(notice(gate), [("1", gate.clock()), ("2", gate.clock())])
    with gate.database.read() as connection:
        found = log.record(connection, given.position, safe=keyring.of(connection))
        assert found == {"numbers": [customers.number_of(connection, key) for key in ("1", "2")]}
