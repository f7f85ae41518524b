"""The life of a question: whatever becomes of it is on record before anybody is told."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import duckdb
import pytest

import bailee
from bailee.errors import EngineError, EngineUnavailable, RecordError, TimeExceeded
from bailee.gate import sets
from bailee.gate.gate import Gate
from tests.gate.shop import CUSTOMERS, MARKETING, NOW, ORDERS, Clock, codes, grant, last, opened


def test_an_answer_is_recorded_with_what_it_saw(gate: Gate) -> None:
    """The receipt is the position of a leaf that says `answered`; its private record tells who asked what of whom."""
    before = gate.head().size
    answer = gate.ask(ORDERS, purpose="offers", effect="personalise", actor=MARKETING)
    assert [{"customer_id": n, "spent": n * 10} for n in range(1, 7)] == answer.arrow().to_pylist()
    assert (before, before + 1) == (answer.receipt, gate.head().size)
    leaf, record = last(gate)
    assert ("use", "answered", "offers", "personalise", None) == tuple(
        leaf[name] for name in ("kind", "decision", "purpose", "effect", "recipient")
    )
    assert (gate.promise.digest, gate.promise.map_digest, answer.sequence) == (
        leaf["policy"],
        leaf["map"],
        leaf["standing_sequence"],
    )
    assert (ORDERS, ["orders"], 6, None) == tuple(record[n] for n in ("question", "tables", "rows", "customers"))
    assert {"name": "Zelda Quill", "roles": ["marketing"], "trained": [], "self_declared": True} == record["actor"]
    assert gate.prove(answer.receipt).position == answer.receipt


def test_a_question_about_one_customer_is_recorded_against_them(gate: Gate) -> None:
    """Where a question compares the subject with constants, the record names exactly those customers."""
    gate.ask("SELECT total FROM orders WHERE customer_id IN (3, 9)", purpose="offers")
    assert ["3", "9"] == last(gate)[1]["customers"]


def test_a_question_about_nobody_is_recorded_with_no_customers(gate: Gate) -> None:
    """A question on no personal table is answered, and leaves nobody out."""
    answer = gate.ask("SELECT title FROM products ORDER BY 1", purpose="offers")
    assert [{"title": "Bread"}, {"title": "Milk"}] == answer.arrow().to_pylist()
    assert ((), 0, 0) == (answer.left_out.customers, answer.left_out.included, answer.left_out.known)
    assert last(gate)[1]["personal"] is False


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        ({"purpose": "premium"}, ["standard"]),
        ({"purpose": "no_such"}, ["unknown_purpose"]),
        ({"purpose": "campaigns"}, ["role_missing"]),
        ({"purpose": "offers", "effect": "adverse"}, ["unknown_effect"]),
        ({"purpose": "offers", "effect": "charm"}, ["unknown_effect"]),
        ({"purpose": "offers", "recipient": "insurer"}, ["unknown_recipient"]),
    ],
)
def test_a_refusal_by_ruling_is_recorded(gate: Gate, ask: dict[str, str], expected: list[str]) -> None:
    """The policy's own refusal is on record, without starting an engine, and can be derived again."""
    with pytest.raises(bailee.Refused) as refused:
        gate.ask(ORDERS, **ask)  # type: ignore[arg-type]
    assert expected == codes(refused.value)
    leaf, record = last(gate)
    assert ("refused", gate.head().size - 1) == (leaf["decision"], refused.value.receipt)
    assert (ORDERS, expected) == (record["question"], record["refused"])
    assert gate.replay(refused.value.receipt).agrees
    assert {} == gate._running


def test_a_refusal_by_rewrite_is_recorded(gate: Gate) -> None:
    """A withheld column and a function off the list refuse the question, with the place, and are on record."""
    for sql, code in (
        ("SELECT ssn FROM customers", "column_withheld"),
        ("SELECT getenv('HOME')", "function_not_allowed"),
    ):
        with pytest.raises(bailee.Refused, match="1:8") as refused:
            gate.ask(sql, purpose="offers")
        assert [code] == codes(refused.value)
        leaf, record = last(gate)
        assert ("refused", gate.head().size - 1) == (leaf["decision"], refused.value.receipt)
        assert (sql, [code]) == (record["question"], record["refused"])


def test_a_failure_in_the_engine_is_recorded_and_says_its_place(gate: Gate) -> None:
    """The error names the line and column of the asker's own text and no value, and is on record as failed."""
    sql = "SELECT o.customer_id,\n  CAST(o.coupon AS INTEGER) + CAST('x' || o.coupon AS INTEGER) FROM orders AS o"
    with pytest.raises(EngineError) as failed:
        gate.ask(sql, purpose="offers")
    assert str(failed.value).endswith("(conversion error) at 2:31")
    assert "77" not in str(failed.value)
    leaf, record = last(gate)
    assert ("failed", gate.head().size - 1) == (leaf["decision"], failed.value.receipt)
    assert (sql, "conversion error", ["orders"]) == (record["question"], record["failed"], record["tables"])


def test_a_failure_about_groups_says_no_place(gate: Gate) -> None:
    """A question about groups is written anew, so no place in it is one in the asker's text."""
    with pytest.raises(EngineError) as failed:
        gate.ask("SELECT CAST('x' || sum(total) AS INTEGER) FROM orders", purpose="research", recipient="insurer")
    assert (None, False) == (failed.value.position, " at " in str(failed.value).partition("(")[2])


def test_what_was_left_out_is_what_the_data_say(gate: Gate, home: Path) -> None:
    """Customers by reason add up to all, and the rows of the included ones are the answer's."""
    answer = gate.ask("SELECT * FROM customers", purpose="offers")
    out = answer.left_out
    assert {"refused": 1, "never_asked": 5} == {reason.code: count for reason, count in out.customers}
    assert (6, CUSTOMERS) == (out.included, out.known)
    assert [("customers", "ssn", "not_read")] == [(t, c, reason.code) for t, c, reason in out.columns if reason]
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        raw = con.execute("SELECT count(*) FROM customers WHERE id <= 6").fetchall()
    assert [(answer.rows,)] == raw
    words = gate.ask(ORDERS, purpose="offers").left_out.rows
    assert words[0] == "rows of `orders` older than 13 months (before 2025-10-22 12:00 UTC), or of unknown time"


def test_a_group_that_is_too_small_is_not_shown(gate: Gate) -> None:
    """A recipient sees groups only; the same question with an own answer shows that the small ones are gone."""
    sql = "SELECT coupon, count(*) AS n FROM orders GROUP BY coupon ORDER BY 1"
    answer = gate.ask(sql, purpose="research", recipient="supplier")
    assert answer.aggregate
    assert [{"coupon": "77", "n": 6}] == answer.arrow().to_pylist()  # two customers with the other coupon agreed


def test_kept_from_last_activity(gate: Gate) -> None:
    """A purpose that counts from the last activity asks no row's time, and has nobody whose activity is unknown."""
    answer = gate.ask("SELECT count(*) AS n FROM orders", purpose="campaigns", actor=MARKETING)
    assert ([{"n": 0}], {"inactive": CUSTOMERS}) == (
        answer.arrow().to_pylist(),
        {reason.code: count for reason, count in answer.left_out.customers},
    )


def test_a_withdrawal_is_honoured_by_the_next_answer(gate: Gate) -> None:
    """The allow table follows every choice, one by one, and pseudonyms of two purposes differ."""
    assert 6 == gate.ask("SELECT * FROM customers", purpose="offers").rows
    gate.choose(2, "withdraw", "offers")
    grant(gate, 9)
    ids = gate.ask("SELECT id FROM customers ORDER BY 1", purpose="offers").arrow().column("id").to_pylist()
    assert [1, 3, 4, 5, 6, 9] == ids


def test_an_allow_table_is_sent_some_at_a_time(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six members in parts of four are the same six, and nobody is left of a purpose that nobody is in."""
    monkeypatch.setattr(sets, "SOME", 4)
    ids = gate.ask("SELECT id FROM customers ORDER BY 1", purpose="offers").arrow().column("id").to_pylist()
    assert [1, 2, 3, 4, 5, 6] == ids
    for customer in ids:
        gate.choose(customer, "withdraw", "offers")
    assert 0 == gate.ask("SELECT id FROM customers", purpose="offers").rows


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (None, "there is no database"),
        (b"", "cannot be opened|not a DuckDB database"),
        (b"PK\x03\x04 this is a spreadsheet" * 400, "is not a DuckDB database"),
    ],
)
def test_a_database_that_cannot_be_asked_is_said_and_recorded(
    home: Path, clock: Clock, write: bytes | None, words: str
) -> None:
    """A missing, empty or foreign file is told and recorded as a failed question; mended, the next is answered."""
    warehouse = home / "warehouse.duckdb"
    warehouse.rename(home / "aside")
    if write is not None:
        warehouse.write_bytes(write)
    with bailee.open(home, clock=clock) as gate:
        for _ in range(2):
            with pytest.raises(EngineUnavailable, match=words):
                gate.ask(ORDERS, purpose="offers")
            leaf, record = last(gate)
            assert ("failed", "EngineUnavailable", ORDERS) == (leaf["decision"], record["failed"], record["question"])
        (home / "aside").replace(warehouse)
        assert 6 == gate.ask(ORDERS, purpose="offers").rows


def test_a_database_that_somebody_writes_is_said_and_recorded(gate: Gate, home: Path) -> None:
    """While another process holds the file for writing, the error says so and who it is."""
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        with duckdb.connect(str(home / "warehouse.duckdb")):
            os.write(done, b".")
            time.sleep(60)
        os._exit(0)
    try:
        os.read(ready, 1)
        with pytest.raises(EngineUnavailable, match=rf"open for writing in another process \(process {pid}\)"):
            gate.ask(ORDERS, purpose="offers")
        assert "failed" == last(gate)[0]["decision"]
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def test_a_replaced_database_is_read_anew(gate: Gate, home: Path, tmp_path: Path) -> None:
    """A question goes over the catalogue of the file that answers it, though its rewrite was kept."""
    assert 6 == gate.ask("SELECT * FROM customers", purpose="offers").rows
    with duckdb.connect(str(tmp_path / "new.duckdb")) as con:
        con.execute("CREATE TABLE customers (id VARCHAR, email VARCHAR, extra VARCHAR)")
        con.execute("INSERT INTO customers VALUES ('1', 'a', 'CANARY'), ('01', 'CANARY', 'CANARY')")
        con.execute("CREATE TABLE secret AS SELECT 1")
        con.execute("CREATE VIEW products AS SELECT 'CANARY' AS title")
    (tmp_path / "new.duckdb").replace(home / "warehouse.duckdb")
    answer = gate.ask("SELECT * FROM customers", purpose="offers")
    assert [{"id": "1", "email": "a"}] == answer.arrow().to_pylist()
    with pytest.raises(bailee.Refused):
        gate.ask("SELECT title FROM products ORDER BY 1", purpose="offers")


def test_a_replaced_table_about_nobody_is_read_anew(gate: Gate, home: Path, tmp_path: Path) -> None:
    """Without an allow table to miss, it is the engine's generation that shows the file to be another."""
    sql = "SELECT title FROM products ORDER BY 1"
    assert 2 == gate.ask(sql, purpose="offers").rows
    with duckdb.connect(str(tmp_path / "new.duckdb")) as con:
        con.execute("CREATE TABLE people AS SELECT 'CANARY' AS title")
        con.execute("CREATE VIEW products AS SELECT * FROM people")
    (tmp_path / "new.duckdb").replace(home / "warehouse.duckdb")
    with pytest.raises(bailee.Refused):
        gate.ask(sql, purpose="offers")
    assert "refused" == last(gate)[0]["decision"]


def test_a_question_without_end_is_stopped_and_recorded(home: Path, clock: Clock) -> None:
    """The limit of `bailee.toml` stops a question; the next one is answered."""
    (home / "bailee.toml").write_text("[limits]\nseconds = 0.5\n")
    with bailee.open(home, clock=clock) as gate:
        with pytest.raises(TimeExceeded, match=r"stopped after 0\.5 seconds"):
            gate.ask("SELECT count(*) FROM range(100000000000) a, range(100000000000) b", purpose="offers")
        assert ("failed", "time") == (last(gate)[0]["decision"], last(gate)[1]["failed"])
        assert 6 == gate.ask(ORDERS, purpose="offers").rows


def test_a_cancelled_question_is_recorded(gate: Gate) -> None:
    """`cancel` stops the question that runs, from another thread; with none there is nothing to stop."""
    assert not gate.cancel()
    gate.ask(ORDERS, purpose="offers")
    stop = threading.Event()

    def cancel() -> None:
        while not stop.wait(0.3):
            gate.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        with pytest.raises(EngineError, match="cancelled by the reader"):
            gate.ask("SELECT count(*) FROM range(100000000000) a, range(100000000000) b", purpose="offers")
    finally:
        stop.set()
        thread.join()
    assert ("failed", "cancelled") == (last(gate)[0]["decision"], last(gate)[1]["failed"])
    assert 6 == gate.ask(ORDERS, purpose="offers").rows


def test_a_huge_question_is_refused_and_not_kept_whole(gate: Gate) -> None:
    """A megabyte of SQL is refused by its length, and the ledger's record does not grow with it."""
    with pytest.raises(bailee.Refused) as refused:
        gate.ask("SELECT " + "1," * 500_000 + "1", purpose="offers")
    assert ["too_long"] == codes(refused.value)
    assert 100_000 == len(str(last(gate)[1]["question"]))


def test_half_a_surrogate_is_refused_in_words(gate: Gate) -> None:
    """Text that no file can hold is never answered: there is no record of it, and no traceback."""
    for sql in ("SELECT '\ud800'", "SELECT 1 AS \ud800"):
        with pytest.raises(RecordError, match="half a surrogate pair"):
            gate.ask(sql, purpose="offers")


def test_a_closed_gate_says_so(home: Path, clock: Clock) -> None:
    """After `close`, which may be called twice, nothing is answered or recorded any more."""
    gate = bailee.open(home, clock=clock)
    check = gate.checker("offers")
    assert check(1)
    gate.close()
    gate.close()
    for use in (
        lambda: gate.ask(ORDERS, purpose="offers"),
        lambda: gate.may("offers", customer=1),
        lambda: check(1),
        lambda: gate.choose(1, "withdraw", "offers"),
        lambda: gate.standing("offers"),
    ):
        with pytest.raises(bailee.BaileeError, match="this gate was closed; open the workspace again"):
            use()


def test_as_of_is_the_clock_s(home: Path, clock: Clock) -> None:
    """An order leaves the answer when it is older than the purpose keeps, by the clock that the gate was given."""
    with opened(home, clock) as gate:
        assert (NOW, 6) == (gate.ask(ORDERS, purpose="offers").as_of, gate.ask(ORDERS, purpose="offers").rows)
        clock.forward(days=400)
        assert 0 == gate.ask(ORDERS, purpose="offers").rows


def test_keys_that_only_groups_counted_are_derived_again(gate: Gate) -> None:
    """A question that counts customers shows their keys in groups alone, and its ruling derives to the same."""
    question = "SELECT count(DISTINCT customer_id) AS n FROM orders"
    answer = gate.ask(question, purpose="research", recipient="insurer")
    assert ["customer_id", "aggregate"] in [each[1:] for each in last(gate)[1]["columns"]]  # type: ignore[attr-defined]
    assert gate.replay(answer.receipt).agrees
