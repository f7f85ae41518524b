"""Who would get past the gate, and what they get.

The attack list; each attack is a test whose first line is the attack. Out of scope: how long an answer takes, and what
two permitted answers say together. What SQL alone can try is in tests/rewrite.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import bailee
from bailee.errors import EngineError, RecordError
from bailee.gate.gate import Gate
from bailee.people import customers
from tests.gate.shop import MARKETING, NOW, Clock, codes, grant, last, opened

#: Each would tell whether a hidden row, value or column is there, if its error or answer depended on one.
ORACLES = (
    "SELECT CAST(coupon AS INTEGER) FROM orders",
    "SELECT 1 / (CASE WHEN coupon = 'CANARYCOUPON' THEN 0 ELSE 1 END) AS q FROM orders",
    "SELECT (SELECT coupon FROM orders WHERE customer_id = 9) AS c",
    "SELECT error(coupon) FROM orders",
    "SELECT count(*) AS n FROM orders WHERE CAST(coupon AS INTEGER) > 0",
    "SELECT total // (customer_id - 9) AS q FROM orders ORDER BY 1",
    "SELECT strptime(email, '%Y') FROM customers",
    "SELECT o.total FROM orders o JOIN customers c ON CAST(c.email AS INTEGER) = o.customer_id",
)


def outcome(gate: Gate, sql: str) -> object:
    """All that an analyst learns from one question."""
    try:
        answer = gate.ask(sql, purpose="offers")
        return answer.arrow().to_pylist(), answer.left_out.columns
    except bailee.Refused as error:
        return codes(error), str(error)
    except EngineError as error:
        return type(error), str(error), error.kind, error.position


@pytest.mark.parametrize("sql", ORACLES)
def test_a_curious_analyst_reads_errors(gate: Gate, home: Path, tmp_path: Path, sql: str) -> None:
    """A curious analyst: the outcome is the same whether the hidden rows are there or not, and never holds a value."""
    import duckdb

    with_them = outcome(gate, sql)
    assert "CANARY" not in str(with_them)
    with duckdb.connect(str(tmp_path / "less.duckdb")) as con:
        con.execute(f"ATTACH '{home / 'warehouse.duckdb'}' AS shop (READ_ONLY)")
        con.execute("CREATE TABLE products AS FROM shop.products")
        con.execute("CREATE TABLE customers AS FROM shop.customers WHERE id <= 6")
        con.execute("CREATE TABLE orders AS FROM shop.orders WHERE customer_id <= 6 AND total < 100000")
        con.execute("DETACH shop")
    (tmp_path / "less.duckdb").replace(home / "warehouse.duckdb")
    assert with_them == outcome(gate, sql)


def test_a_curious_analyst_names_what_is_not_theirs(gate: Gate) -> None:
    """A curious analyst: tables that are not in the map, allow tables and the state are all one unknown table."""
    for table in (
        "memory.main.allow_1",
        "allow_1",
        "company.main.secret",
        "sqlite_master",
        "'state.db'",
        "bailee_rel_1",
    ):
        with pytest.raises(bailee.Refused):
            gate.ask(f"SELECT * FROM {table}", purpose="offers")
        assert "refused" == last(gate)[0]["decision"]


def test_a_curious_analyst_tries_purposes(gate: Gate) -> None:
    """A curious analyst: an odd purpose, recipient or role is refused and kept in the record, never in the leaf."""
    injected = "'; DROP TABLE choices; --"
    for purpose in ("", "offers ", "OFFERS", "ｏffers", "offers\0", "../offers", injected, "a" * 5000, "\x1b[2J", "💀"):
        with pytest.raises(bailee.Refused) as refused:
            gate.ask("SELECT 1", purpose=purpose, recipient=purpose or None, actor=bailee.Actor(purpose))
        assert ["unknown_purpose"] == codes(refused.value)
        leaf, record = last(gate)
        assert (None, None, purpose) == (leaf["purpose"], leaf["recipient"], record["use"]["purpose"])  # type: ignore[index]
        assert gate.replay(gate.head().size - 1).agrees
    for words in ({"purpose": "\ud800"}, {"purpose": "offers", "actor": bailee.Actor("\ud800")}):
        with pytest.raises(RecordError, match="half a surrogate pair"):
            gate.ask("SELECT 1", **words)  # type: ignore[arg-type]
    assert gate.status().choices


def test_a_curious_analyst_claims_a_role(gate: Gate) -> None:
    """A curious analyst: a role that is claimed is enough, and stays on record as self-declared."""
    assert gate.ask("SELECT count(*) AS n FROM orders", purpose="campaigns", actor=MARKETING).rows
    assert last(gate)[1]["actor"]["self_declared"] is True  # type: ignore[index]


def test_a_curious_analyst_writes_people_into_a_question(gate: Gate) -> None:
    """A curious analyst: what a question says of a person is in the private record alone, for every outcome."""
    comment = "-- Ottilie Quillfeather, born 1955-02-03, is pregnant"
    for sql in ("SELECT 1", "SELECT ssn FROM customers", "SELECT CAST(coupon || 'x' AS DATE) FROM orders"):
        outcome(gate, f"{sql} {comment}")
        leaf, record = last(gate)
        assert comment in str(record["question"])
        assert not {"ottilie", "1955", "pregnant"} & set(str(leaf).lower().replace(",", " ").split())


def test_a_curious_analyst_guesses_commitments(gate: Gate) -> None:
    """A curious analyst: the same question twice has two leaves that nobody can tell to be the same."""
    for _ in range(2):
        gate.may("offers", customer=1)
    first, second = (gate.leaf(gate.head().size - n) for n in (1, 2))
    assert first["commitment"] != second["commitment"]
    assert {**first, "commitment": 0} == {**second, "commitment": 0}


def test_a_hostile_customer_has_a_key(home: Path, clock: Clock) -> None:
    """A hostile customer: a key is text and nothing else, on record, in choices, in verdicts and in the engine."""
    injected = "'; DROP TABLE customers; --"
    keys = (injected, "k" * 512, "a\0b", "Ａlice", "Alice", "ALICE", "01", " 1", "1 ", "1.0", "💀", "\u202e1")
    with opened(home, clock) as gate:
        with gate.database.write() as connection:
            customers.add_many(connection, [customers.NewCustomer(key) for key in keys], NOW)
        grant(gate, 1)
        for key in keys[::2]:
            grant(gate, key)
        check, rows = gate.checker("offers"), {row.customer: row.stands for row in gate.standing("offers")}
        for key in keys:
            expected = key in keys[::2]
            assert [expected] * 3 == [bool(check(key)), bool(gate.may("offers", customer=key)), rows[key]]
            assert expected == (len(gate.choices(key)) == 1)
            assert key == last(gate)[1].get("customer", key)
        ids = gate.ask("SELECT id FROM customers ORDER BY 1", purpose="offers").arrow().column("id").to_pylist()
        assert [1, 2, 3, 4, 5, 6] == ids  # none of them is the text of a number, and none took another's place
        assert gate.head() == gate.verify()


def test_a_careless_partner_is_not_named(gate: Gate) -> None:
    """A careless partner: with the recipient left out, only who agreed to all of them counts, and all limits apply."""
    gate.choose(1, "withdraw", "research", recipient="insurer")
    sql = "SELECT count(DISTINCT customer_id) AS n FROM orders"
    found = {
        to: gate.ask(sql, purpose="research", recipient=to).arrow().to_pylist()[0]["n"]
        for to in ("insurer", "supplier", None)
    }
    assert {"insurer": 7, "supplier": 8, None: 7} == found
    with pytest.raises(bailee.Refused, match="may only be answered about groups"):
        gate.ask("SELECT total FROM orders", purpose="research")
    assert last(gate)[0]["recipient"] is None


def test_a_careless_partner_compares_pseudonyms(home: Path, clock: Clock) -> None:
    """A careless partner: pseudonyms of two purposes never meet, and those of one stay the same."""
    with opened(home, clock) as gate:
        with gate.database.write() as connection:
            for number in range(1, 13):
                customers.change(connection, number, NOW, last_activity=NOW)
        for number in range(1, 7):
            grant(gate, number, "campaigns")
        sql = "SELECT DISTINCT customer_id AS id FROM orders ORDER BY 1"

        def ids(purpose: str) -> list[object]:
            return gate.ask(sql, purpose=purpose, actor=MARKETING).arrow().column("id").to_pylist()

        assert ids("campaigns") == ids("campaigns")
        assert not set(ids("campaigns")) & set(map(str, ids("offers")))
        assert {32} == {len(str(pseudonym)) for pseudonym in ids("campaigns")}
        kept = ids("campaigns")
    with opened(home, clock) as gate:
        assert kept == gate.ask(sql, purpose="campaigns", actor=MARKETING).arrow().column("id").to_pylist()


def test_a_crash_of_the_engine_between_questions(gate: Gate) -> None:
    """A crash: an engine that died is started again, with all its allow tables, and says the same."""
    sql = "SELECT * FROM customers ORDER BY id"
    before = outcome(gate, sql)
    for _ in range(3):
        assert None in gate._running
        worker = gate._running[None].engine._worker  # type: ignore[attr-defined]
        worker._process.kill()
        worker._process.wait()
        gate.choose(9, "refuse", "offers")
        assert before == outcome(gate, sql)


def test_somebody_changes_the_ledger(gate: Gate) -> None:
    """A thief of proofs: an entry that was changed past the gate is found, by position, by `verify` and by `record`."""
    gate.may("offers", customer=1)
    position = gate.head().size - 1
    affers = "CAST(replace(CAST(leaf AS TEXT), 'offers', 'affers') AS BLOB)"
    for change in (
        "ledger_records SET sealed = CAST(substr(sealed, 2) || x'00' AS BLOB)",
        f"ledger_leaves SET leaf = {affers}",
    ):
        with gate.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE {change} WHERE position = ?", (position,))
        for check in (gate.verify, lambda: gate.replay(position)):
            with pytest.raises(bailee.BaileeError, match=f"`{position}`"):
                check()


def test_every_attack_is_in_the_ledger(gate: Gate) -> None:
    """Whoever tries leaves as many leaves as tries."""
    before = gate.head().size
    for sql in ORACLES:
        outcome(gate, sql)
    assert len(ORACLES) == gate.head().size - before
    assert all(gate.leaf(p)["kind"] == "use" for p in itertools.islice(itertools.count(before), len(ORACLES)))
