"""Standing columns on PostgreSQL: what they hold, when a question uses them, and what the company's own writes do."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import bailee
from bailee.errors import EngineError, EngineUnavailable, Stale
from bailee.gate.gate import Gate
from tests.postgres import Cluster
from tests.standing_shop import KEEPER, Shop, say

SQL = "SELECT order_id, customer_id, total FROM orders"


@pytest.fixture
def shop(tmp_path: Path, postgres: Cluster) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop", postgres)
    made.make()
    yield made
    postgres.drop(made.url)


@pytest.fixture
def gate(shop: Shop) -> Iterator[Gate]:
    with bailee.open(shop.home) as opened:
        yield opened


def asked(gate: Gate, purpose: str = "offers") -> tuple[Counter[object], str]:
    answer = gate.ask(SQL, purpose=purpose)
    return Counter(map(tuple, (row.values() for row in answer.arrow().to_pylist()))), answer.ways[0].by


def test_the_column_shows_what_the_join_shows(gate: Gate, shop: Shop) -> None:
    """Before maintenance, after it, after a withdrawal and after maintenance of that, rows are those who stand."""
    joined, by = asked(gate)
    assert by == "mask"
    assert {1, 2, 3, 6} == {row[1] for row in joined}
    done = gate.maintain()
    assert done.whole
    assert set(done.rows) == {"customers.bailee_standing", "orders.bailee_standing"}
    assert (joined, "column") == asked(gate)
    say(gate, 3, False)
    without, by = asked(gate)
    assert by == "mask"
    assert {1, 2, 6} == {row[1] for row in without}
    done = gate.maintain()
    assert (False, 1, {"customers.bailee_standing": 1, "orders.bailee_standing": 3}) == (
        done.whole,
        done.customers,
        done.rows,
    )
    assert (without, "column") == asked(gate)
    assert not gate.maintain().rows


def test_nothing_is_missing_or_too_wide(gate: Gate) -> None:
    """The statements give what is needed, and the rights on the column are not called too many."""
    assert () == gate.examine().findings


def test_a_lost_trigger_is_found_and_the_question_joins(gate: Gate, shop: Shop) -> None:
    """What could let a row in with old bits makes the column useless at once, for questions and for maintenance."""
    gate.maintain()
    joined, _ = asked(gate)
    shop.run("ALTER TABLE orders DISABLE TRIGGER zz_bailee_standing_inserted")
    assert (joined, "mask") == asked(gate)
    assert any("standing column" in finding.found for finding in gate.examine().findings)
    with pytest.raises(EngineUnavailable, match="engines grants"):
        gate.maintain()
    shop.run("INSERT INTO orders SELECT 80, 4, 666, 'x', now(), '', -1", *gate.grants())
    assert (joined, "mask") == asked(gate)
    assert gate.maintain().whole
    assert (joined, "column") == asked(gate)


@pytest.mark.parametrize(
    ("statement", "undo"),
    [
        ("CREATE TABLE part () INHERITS (orders)", "DROP TABLE part"),
        (
            "CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
            "CREATE TRIGGER zzz BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION later()",
            "DROP FUNCTION later() CASCADE",
        ),
        ("DROP TRIGGER zz_bailee_standing_updated ON orders", None),
        ("ALTER TABLE orders ENABLE TRIGGER zz_bailee_standing_updated", None),
    ],
)
def test_what_could_leave_old_bits_is_seen(gate: Gate, shop: Shop, statement: str, undo: str | None) -> None:
    """Parts of a table without triggers, triggers after ours, or ours not for every session: questions join."""
    gate.maintain()
    assert "column" == asked(gate)[1]
    shop.run(statement)
    assert "mask" == asked(gate)[1]
    assert any("standing column" in finding.found for finding in gate.examine().findings)
    if undo is not None:
        with pytest.raises(EngineUnavailable, match="engines grants"):
            gate.maintain()
        shop.run(undo)
    else:
        shop.run(*gate.grants())
    assert "mask" == asked(gate)[1]
    assert gate.maintain().whole
    assert "column" == asked(gate)[1]


def test_new_rows_have_their_customers_bits(gate: Gate, shop: Shop) -> None:
    """Inserted, copied, given to another, or with a bit of its own choice: the trigger sets what the customer said."""
    gate.maintain()
    shop.run(
        "INSERT INTO orders SELECT 50, 2, 1, 'x', now(), '', 7",
        "INSERT INTO orders SELECT 51, 4, 666, 'x', now(), '', 7",
        "INSERT INTO orders SELECT 52, NULL, 666, 'x', now(), '', 7",
        "INSERT INTO orders SELECT 53, 999, 666, 'x', now(), '', -1",
        "UPDATE orders SET customer_id = 4 WHERE order_id = 12",
        "UPDATE orders SET customer_id = 1, total = 3 WHERE order_id = 14",
        "UPDATE orders SET bailee_standing = -1 WHERE order_id = 20",
        "SET session_replication_role = replica; INSERT INTO orders SELECT 54, 4, 666, 'x', now(), '', -1",
    )
    with shop.connected() as con, con.cursor().copy("COPY orders (order_id, customer_id, placed) FROM STDIN") as copy:
        copy.write("55\t4\t2999-01-01\n56\t6\t2999-01-01\n")
    found, by = asked(gate)
    assert by == "column"
    numbers = {row[0] for row in found}
    assert {50, 14, 56} <= numbers
    assert not {51, 52, 53, 54, 55, 12, 20} & numbers
    # The same by joins, over a column that nobody may use.
    shop.run("UPDATE bailee_keeping.columns SET mark = 'other'")
    assert (found, "mask") == asked(gate)


def test_an_insert_that_began_before_a_withdrawal_is_found(gate: Gate, shop: Shop) -> None:
    """Its bits are read before, it commits after: maintenance waits for it, and its row is as its customer said."""
    gate.maintain()
    say(gate, 2, False)
    with psycopg.connect(shop.url) as con:
        con.execute("INSERT INTO orders SELECT 60, 2, 666, 'x', now(), ''")
        worker = threading.Thread(target=gate.maintain)
        worker.start()
        time.sleep(0.8)
        assert worker.is_alive()
        con.commit()
        worker.join(20)
    found, by = asked(gate)
    assert by == "column"
    assert 2 not in {row[1] for row in found}


def test_an_insert_of_somebody_new_is_found(gate: Gate, shop: Shop) -> None:
    """Somebody unknown, whose row is not committed when they are put on record and say yes, is shown."""
    gate.maintain()
    with psycopg.connect(shop.url) as con:
        con.execute("INSERT INTO orders SELECT 61, 8, 8, 'x', now(), ''")
        from bailee.people import customers

        with gate.database.write() as connection:
            customers.add_many(connection, [customers.NewCustomer("8")], gate.clock())
        say(gate, 8, True)
        worker = threading.Thread(target=gate.maintain)
        worker.start()
        time.sleep(0.5)
        con.commit()
        worker.join(20)
    found, by = asked(gate)
    assert by == "column"
    assert 61 in {row[0] for row in found}


def test_writers_of_strangers_do_not_wait_for_each_other(gate: Gate, shop: Shop) -> None:
    """Two who insert rows of the same unknown people in another order both go on; there is no deadlock."""
    gate.maintain()
    with psycopg.connect(shop.url) as one, psycopg.connect(shop.url) as other:
        for con, first in ((one, 71), (other, 72)):
            con.execute("SET lock_timeout = '2s'")
            con.execute(f"INSERT INTO orders SELECT {first}, {first}, 666, 'x', now(), ''")
        for con, second in ((one, 72), (other, 71)):
            con.execute(f"INSERT INTO orders SELECT {second}, {second}, 666, 'x', now(), ''")
    assert not {71, 72} & {row[1] for row in asked(gate)[0]}


def test_an_old_snapshot_writes_no_old_bits(gate: Gate, shop: Shop) -> None:
    """A transaction whose snapshot is older than a change of its customer's standing is refused by the server."""
    from bailee.people import customers

    gate.maintain()
    with gate.database.write() as connection:
        customers.add_many(connection, [customers.NewCustomer("9")], gate.clock())
    with psycopg.connect(shop.url) as con, psycopg.connect(shop.url) as other:
        for each in (con, other):
            each.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            each.execute("SELECT count(*) FROM bailee_keeping.standing")
        say(gate, 9, True)
        say(gate, 2, False)
        gate.maintain()
        for each, who in ((con, 9), (other, 2)):
            with pytest.raises(psycopg.errors.SerializationFailure):
                each.execute(f"INSERT INTO orders SELECT 62, {who}, 666, 'x', now(), ''")
            each.rollback()


def test_the_companys_work_goes_first(gate: Gate, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the company holds a customer's rows for long, maintenance gives up and changes nothing; questions join."""
    from bailee.engines.postgres import standing

    gate.maintain()
    say(gate, 1, False)
    monkeypatch.setattr(standing, "_TRIES", 2)
    with psycopg.connect(shop.url) as con:
        con.execute("UPDATE orders SET total = total WHERE customer_id = 1")
        with pytest.raises(EngineError, match="locked"):
            gate.maintain()
        assert "mask" == asked(gate)[1]
    gate.maintain()
    assert "column" == asked(gate)[1]


def test_a_server_that_is_behind_changes_nothing(gate: Gate) -> None:
    """Bits of an older standing never take the place of newer ones, neither some nor all."""
    from bailee.engines.postgres.engine import Postgres
    from bailee.engines.postgres.standing import Stamp

    gate.maintain()
    engine, before = gate._sets().engine, asked(gate)
    assert isinstance(engine, Postgres)
    kept = engine.kept()
    place, held = next((place, held) for place, held in kept.items() if place.table == "orders")
    assert held.mark is not None
    older = Stamp(held.policy, held.version - 1, gate.clock(), None, "older")
    with pytest.raises(Stale):
        engine.keep({place: "INTEGER"}, [(["4"], [-1])], older, held.mark)
    with pytest.raises(Stale):
        engine.fill({place: "INTEGER"}, [(["4"], [-1])], older)
    assert (kept, before) == (engine.kept(), asked(gate))
    assert before[1] == "column"


def test_a_table_made_anew_has_no_column(gate: Gate, shop: Shop) -> None:
    """A table of the same name is another one, whatever its column holds."""
    gate.maintain()
    shop.run(
        "ALTER TABLE orders RENAME TO older",
        "CREATE TABLE orders AS SELECT * FROM older",
        "UPDATE orders SET bailee_standing = -1",
        f"GRANT SELECT ON orders TO {KEEPER}",
    )
    found, by = asked(gate)
    assert by == "mask"
    assert 4 not in {row[1] for row in found}


def test_a_column_that_is_the_companys_own_is_left_alone(shop: Shop, gate: Gate) -> None:
    """The statements of the set-up refuse to take a column that was there before."""
    shop.run("DROP SCHEMA bailee_keeping CASCADE", "ALTER TABLE orders DROP COLUMN bailee_standing")
    shop.run("INSERT INTO orders SELECT 70, 1, 1", "ALTER TABLE orders ADD COLUMN bailee_standing bigint")
    with pytest.raises(psycopg.Error, match="not kept by Bailee"):
        shop.run(*gate.grants())


def test_the_keeper_cannot_change_what_runs_for_others(shop: Shop) -> None:
    """The trigger's function is nobody's to replace, so that it never runs with the rights of whoever writes."""
    found = shop.read("SELECT proname FROM pg_proc WHERE pronamespace = 'bailee_keeping'::regnamespace")
    assert len(found) == 3
    for statement in (
        *(f"ALTER FUNCTION bailee_keeping.{name} SECURITY INVOKER" for (name,) in found),
        *(f"DROP FUNCTION bailee_keeping.{name} CASCADE" for (name,) in found),
        "CREATE FUNCTION bailee_keeping.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE bailee_keeping.standing",
        "ALTER TABLE orders DISABLE TRIGGER ALL",
        "UPDATE orders SET total = 0",
        "DELETE FROM orders",
        "SET ROLE bailee_clerk",
    ):
        with pytest.raises(psycopg.Error):
            shop.read(statement, KEEPER)
