"""Standing columns at the gate: used only where they hold exactly what a question honours, else it joins."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

import bailee
from bailee.errors import EngineError, EngineUnavailable
from bailee.gate.gate import Gate
from bailee.gate.standing_columns import Maintained
from tests.gate.shop import MARKETING, NOW, ORDERS, POLICY, Clock, grant, last, opened

ALL = [1, 2, 3, 4, 5, 6]
TOTALS = "SELECT total FROM orders"


@pytest.fixture
def home(home: Path) -> Path:
    """The shop, whose map lets Bailee keep a column on two of its tables."""
    text = (home / "datamap.yaml").read_text(encoding="utf-8")
    for kept in ("{subject: id, at: none", "{subject: customer_id, at: placed"):
        text = text.replace(kept, f"{kept}, standing: bailee")
    (home / "datamap.yaml").write_text(text, encoding="utf-8")
    return home


def way(gate: Gate, purpose: str = "offers", sql: str = ORDERS) -> tuple[str, list[int]]:
    """By which way a question was answered, and whose orders it shows."""
    answer = gate.ask(sql, purpose=purpose, actor=MARKETING)
    return answer.ways[0].by, answer.arrow().column(0).to_pylist()


def written(gate: Gate, home: Path, sql: str) -> None:
    """The company writes its file, while no question holds it."""
    with gate._sets().engine.released(), duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute(sql)


def test_a_column_is_used_once_it_is_filled(gate: Gate) -> None:
    """Before, a question is answered by a mask; after, by the column, with the same rows; and it says so."""
    assert ("mask", ALL) == way(gate)
    done = gate.maintain()
    rows = {"customers.bailee": 12, "orders.bailee": 24}
    assert Maintained(rows, whole=True, customers=12, version=done.version, fresh=True) == done
    answer = gate.ask(ORDERS, purpose="offers")
    assert ALL == answer.arrow().column(0).to_pylist()
    assert ["column"] == [each.by for each in answer.ways]
    assert f"its standing column is up to date with change {done.version}" == answer.ways[0].why
    assert '(t."bailee" & ' in answer.relations[0].sql
    assert "allow_" not in answer.relations[0].sql


def test_nothing_is_done_twice(gate: Gate) -> None:
    """Maintenance that has nothing to do touches neither the file nor the engine."""
    gate.maintain()
    way(gate)
    generation, file = gate._sets().engine.generation, gate.settings.engine.database.stat()
    assert {} == gate.maintain().rows
    assert (generation, file) == (gate._sets().engine.generation, gate.settings.engine.database.stat())


def test_a_withdrawal_makes_the_next_question_join(gate: Gate) -> None:
    """Until the column was brought up to date, by the rows of that customer alone."""
    gate.maintain()
    gate.choose(2, "withdraw", "offers")
    assert ("mask", [1, 3, 4, 5, 6]) == way(gate)
    done = gate.maintain()
    assert ({"customers.bailee": 1, "orders.bailee": 2}, False, 1) == (done.rows, done.whole, done.customers)
    assert ("column", [1, 3, 4, 5, 6]) == way(gate)


def test_another_gate_uses_what_one_has_filled(gate: Gate, home: Path, clock: Clock) -> None:
    """What is on record is the workspace's: a process that came later uses it, and goes on from it."""
    gate.maintain()
    gate.choose(2, "withdraw", "offers")
    gate.close()
    with opened(home, clock) as other:
        assert ("mask", [1, 3, 4, 5, 6]) == way(other)
        assert not other.maintain().whole
        assert ("column", [1, 3, 4, 5, 6]) == way(other)


def test_a_consent_that_runs_out_makes_the_next_question_join(home: Path, clock: Clock) -> None:
    """Standing that changes by itself, although nobody acts, is a change too."""
    kept = b"    keep: 13 months\n"
    (home / "policy.yaml").write_bytes(POLICY.replace(kept, kept + b"    consent_lasts: 31 days\n"))
    with opened(home, clock) as gate:
        gate.maintain()
        assert ("column", ALL) == way(gate)
        clock.forward(days=2)
        assert ("join", []) == way(gate)


def test_an_erased_customer_has_no_bits(gate: Gate, home: Path) -> None:
    """Their key is not known any more, so everybody's bits are held against the record."""
    gate.maintain()
    gate.erase(3)
    assert ("mask", [1, 2, 4, 5, 6]) == way(gate)
    assert gate.maintain().whole
    with gate._sets().engine.released(), duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        assert [(0,), (0,)] == con.execute("SELECT bailee FROM orders WHERE customer_id = 3").fetchall()
    assert ("column", [1, 2, 4, 5, 6]) == way(gate)


def test_a_person_who_is_erased_from_the_file_is_gone_there(gate: Gate) -> None:
    """The file is written anew, column and mark with it, and is kept again afterwards."""
    gate.maintain()
    gate.erase(3, data=True)
    assert ("mask", [1, 2, 4, 5, 6]) == way(gate)
    assert gate.maintain().whole
    assert ("column", [1, 2, 4, 5, 6]) == way(gate)


def test_rows_of_the_companys_are_seen_by_a_join(gate: Gate, home: Path) -> None:
    """New rows have no bits yet, and rows that changed hands have another's: neither is shown or hidden by them."""
    gate.maintain()
    written(gate, home, f"INSERT INTO orders (customer_id, total, placed) VALUES (1, 5, '{NOW:%Y-%m-%d}')")
    written(gate, home, "UPDATE orders SET customer_id = 7 WHERE customer_id = 2")
    before = gate.ask(ORDERS, purpose="offers")
    assert ("mask", 15) == (before.ways[0].by, before.arrow().column("spent").to_pylist()[0])
    assert [1, 3, 4, 5, 6] == before.arrow().column(0).to_pylist()
    assert "the database was written since its standing column was brought up to date" == before.ways[0].why
    assert {"customers.bailee": 0, "orders.bailee": 3} == gate.maintain().rows
    after = gate.ask(ORDERS, purpose="offers")
    assert ("column", before.arrow()) == (after.ways[0].by, after.arrow())


def test_an_old_copy_of_the_file_has_old_bits(gate: Gate, home: Path) -> None:
    """Put back with its times, it is not taken for what was left last."""
    gate.maintain()
    shutil.copy2(home / "warehouse.duckdb", home / "old")
    gate.choose(2, "withdraw", "offers")
    gate.maintain()
    with gate._sets().engine.released():
        shutil.copy2(home / "old", home / "warehouse.duckdb")
    assert ("mask", [1, 3, 4, 5, 6]) == way(gate)
    assert gate.maintain().whole
    assert ("column", [1, 3, 4, 5, 6]) == way(gate)


def test_another_policy_fills_every_column_anew(gate: Gate, home: Path, clock: Clock) -> None:
    """A bit is a slot of the policy in force, and another policy has others: here one more before all."""
    gate.maintain()
    gate.close()
    purpose = POLICY[POLICY.index(b"  offers:") : POLICY.index(b"  research:")].replace(b"offers:", b"aaa:")
    (home / "policy.yaml").write_bytes(POLICY.replace(b"purposes:\n", b"purposes:\n" + purpose))
    with opened(home, clock) as other:
        assert ("mask", ALL) == way(other)
        assert other.maintain().whole
        assert ("column", ALL) == way(other)
        assert ("column", []) == way(other, "aaa")


def test_two_workspaces_do_not_share_a_column(gate: Gate, home: Path, tmp_path: Path, clock: Clock) -> None:
    """One is told that the column is another's; with one of its own, neither takes the other's bits for its own."""
    gate.maintain()
    other_home = tmp_path / "other"
    shutil.copytree(home, other_home, ignore=shutil.ignore_patterns("state.db*", "warehouse*"))
    (other_home / "bailee.toml").write_text(f'[engine]\ndatabase = "{home / "warehouse.duckdb"}"\n')
    with bailee.create(other_home, POLICY, (home / "datamap.yaml").read_bytes(), clock=clock) as other:
        assert ("join", []) == way(other)
        with gate._sets().engine.released(), pytest.raises(EngineError, match="is kept by another workspace"):
            other.maintain()
    text = (other_home / "datamap.yaml").read_text().replace("standing: bailee", "standing: bailee_too")
    (other_home / "datamap.yaml").write_text(text)
    with opened(other_home, clock) as other:
        with gate._sets().engine.released():
            other.maintain()
        assert ("column", []) == way(other)
        with other._sets().engine.released():
            assert ("mask", ALL) == way(gate)
            gate.maintain()
            assert ("column", ALL) == way(gate)
        with gate._sets().engine.released():
            assert ("column", []) == way(other)  # no row differed, so nothing was written
        with other._sets().engine.released():
            gate.choose(2, "withdraw", "offers")
            gate.maintain()
            assert ("column", [1, 3, 4, 5, 6]) == way(gate)
        with gate._sets().engine.released():
            assert ("join", []) == way(other)


def test_a_copy_of_a_workspace_has_its_own_standing(gate: Gate, home: Path, tmp_path: Path, clock: Clock) -> None:
    """Two workspaces with one past and one file: what one writes, the other does not take for its own."""
    (home / "bailee.toml").write_text(f'[engine]\ndatabase = "{home / "warehouse.duckdb"}"\n')
    gate.maintain()
    gate.close()
    copied = tmp_path / "copied"
    shutil.copytree(home, copied, ignore=shutil.ignore_patterns("warehouse*"))
    with opened(home, clock) as one, opened(copied, clock) as two:
        one.choose(2, "withdraw", "offers")
        two.choose(4, "withdraw", "offers")
        one.maintain()
        assert ("column", [1, 3, 4, 5, 6]) == way(one)
        assert ("mask", [1, 2, 3, 5, 6]) == way(two)


def test_a_file_that_another_process_holds_is_told_and_joined(gate: Gate, home: Path, clock: Clock) -> None:
    """Nothing is lost: the column is kept once the other lets go."""
    with opened(home, clock) as other:
        way(other)
        with pytest.raises(EngineUnavailable, match="is open in another process"):
            gate.maintain()
        assert ("mask", ALL) == way(gate)
    assert gate.maintain().fresh


def test_a_crash_before_it_is_on_record_leaves_a_join(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bits are in the file, and nobody says so: the next maintenance finds that they are right already."""
    from bailee.gate import standing_columns

    gate.maintain()
    gate.choose(2, "withdraw", "offers")

    def fail(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(standing_columns.documents, "set_setting", fail)
        with pytest.raises(KeyboardInterrupt):
            gate.maintain()
    assert ("mask", [1, 3, 4, 5, 6]) == way(gate)
    done = gate.maintain()
    assert (True, {"customers.bailee": 0, "orders.bailee": 0}) == (done.whole, done.rows)
    assert ("column", [1, 3, 4, 5, 6]) == way(gate)


def test_a_clock_set_back_makes_nothing_fresh(gate: Gate, clock: Clock) -> None:
    """Changes are counted, and a withdrawal at an earlier time is one more."""
    gate.maintain()
    clock.now = NOW - timedelta(days=2)
    gate.choose(2, "withdraw", "offers")
    assert ("mask", [1, 3, 4, 5, 6]) == way(gate)


def test_pseudonyms_come_from_the_allow_table(gate: Gate) -> None:
    """A question that needs them joins, and one that does not uses the column."""
    for customer in ALL:
        grant(gate, customer, "campaigns")
    gate.maintain()
    assert "join" == way(gate, "campaigns", "SELECT customer_id FROM orders")[0]
    assert "column" == way(gate, "campaigns", TOTALS)[0]


def test_groups_are_made_of_the_column_too(gate: Gate) -> None:
    """A question about groups is answered alike."""
    sql = "SELECT count(*) AS n, sum(total) AS spent FROM orders"
    before = gate.ask(sql, purpose="research").arrow()
    gate.maintain()
    after = gate.ask(sql, purpose="research")
    assert (["column"], before) == ([each.by for each in after.ways], after.arrow())
    assert after.aggregate


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT bailee FROM orders",
        "SELECT o.bailee FROM orders o",
        "SELECT orders.BAILEE FROM orders",
        'SELECT main.orders."bailee" FROM orders',
        "SELECT total FROM orders WHERE bailee & 1 = 1",
        "SELECT total FROM orders ORDER BY bailee",
        "SELECT count(*) FROM orders GROUP BY bailee",
        "SELECT (o).bailee FROM orders o",
        "SELECT o['bailee'] FROM orders o",
        "SELECT struct_extract(o, 'bailee') FROM orders o",
        "SELECT * EXCLUDE (bailee) FROM orders",
        "SELECT * REPLACE (1 AS bailee) FROM orders",
        "SELECT COLUMNS('bail.*') FROM orders",
        "SELECT COLUMNS(c -> c = 'bailee') FROM orders",
        "SELECT o.customer_id FROM orders o JOIN customers c USING (bailee)",
        "SELECT x FROM (SELECT bailee AS x FROM orders)",
        "WITH w(bailee) AS (SELECT total FROM orders) SELECT o.bailee FROM orders o, w",
        "SELECT a FROM (UNPIVOT orders ON bailee INTO NAME n VALUE a)",
        "PIVOT orders ON bailee USING count(*)",
        "SELECT stats(bailee) FROM orders",
        "SELECT * FROM duckdb_columns()",
        "SELECT * FROM pragma_storage_info('orders')",
    ],
)
def test_a_question_cannot_name_the_column(gate: Gate, sql: str) -> None:
    """A curious analyst: the bits of other purposes are somebody's data, by whatever name and in whatever clause."""
    gate.maintain()
    with pytest.raises((bailee.Refused, EngineError)):
        gate.ask(sql, purpose="offers", actor=MARKETING)
    assert last(gate)[0]["decision"] in ("refused", "failed")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders",
        "FROM orders",
        "SELECT o FROM orders o",
        "SELECT COLUMNS(*) FROM orders",
        "SELECT * FROM orders NATURAL JOIN (SELECT 1 AS bailee)",
        "SELECT row_to_json(o) FROM orders o",
        "SELECT to_json(o) FROM orders o",
        "SELECT * FROM orders o POSITIONAL JOIN customers c",
        "SELECT #5 FROM orders",
        "SELECT o.* FROM orders o",
        "SELECT unnest(o) FROM orders o",
    ],
)
def test_no_star_or_whole_row_shows_the_column(gate: Gate, sql: str) -> None:
    """A curious analyst: what stands for every column stands for those that the map has."""
    gate.maintain()
    try:
        shown = gate.ask(sql, purpose="offers", actor=MARKETING).arrow()
    except (bailee.Refused, EngineError):
        return
    assert "bailee" not in str(shown.schema).replace("SELECT 1", "") or "NATURAL" in sql
    if "NATURAL" in sql:
        assert {1} == set(shown.column("bailee").to_pylist())  # theirs
