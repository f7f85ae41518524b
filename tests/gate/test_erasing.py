"""Erasing people at the gate: forgotten at once, provable by them alone, and told what could not be reached."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

import bailee
from bailee.errors import EngineUnavailable, FactRejected, NotVerified, WorkspaceError
from bailee.gate.erasing import Erased
from bailee.gate.gate import Gate
from bailee.gate.naming import Names
from bailee.ledger.verify_note import read_vkeys
from bailee.ledger.verify_proof import verify_proof
from bailee.people import contacts, customers, progress, relations, standing_tree, store, tombstones
from bailee.people.customers import NewCustomer
from tests.gate.shop import MAP, MARKETING, NOW, ORDERS, POLICY, Clock, grant, last

LAWFUL = b"""
  tax:
    title: Tax records
    use: essential.legal_obligation
    basis: legal_obligation
    law: Ledger Act, section 1
    effects: [serve]
    why: The law asks for it.
    customer_gains: Nothing.
    company_gains: Nothing.
    reads: {user.unique_id: clear, user.behavior.purchase_history: clear}
    keep: 10 years
recipients:
"""


def spent(gate: Gate) -> list[int]:
    return gate.ask(ORDERS, purpose="offers").arrow()["customer_id"].to_pylist()


def erased(gate: Gate, *keys: object, **more: bool) -> tuple[Erased, ...]:
    return gate.erase(*keys, **more).erased


# What is forgotten ---------------------------------------------------------------------------------------------------


def test_every_question_and_checker_forgets_at_once(gate: Gate) -> None:
    """A checker that was asked before, an allow table that was filled before, and a list of standing."""
    check = gate.checker("offers")
    assert (True, [1, 2, 3, 4, 5, 6]) == (check("3").permitted, spent(gate))
    gate.erase(3)
    assert "unknown_customer" == check("3").reasons[0].code
    assert [1, 2, 4, 5, 6] == spent(gate)
    assert "unknown_customer" == gate.may("offers", customer=3).reasons[0].code
    assert "3" not in [row.customer for row in gate.standing("offers")]
    assert check("4").permitted
    with pytest.raises(FactRejected):
        gate.choose(3, "withdraw", "offers")


def test_another_process_forgets_too(home: Path, gate: Gate) -> None:
    """A gate of the same workspace that was open before the erasure gives no verdict on them after it."""
    with bailee.open(home, clock=Clock()) as other:
        check = other.checker("offers")
        assert check("3").permitted
        assert 6 == len(spent(other))
        gate.erase(3)
        assert not check("3").permitted
        assert [1, 2, 4, 5, 6] == spent(other)


def test_the_standing_tree_follows_in_the_same_transaction(gate: Gate) -> None:
    """Their position turns random with them, what it was before is forgotten, and the next use shows the new root."""
    spent(gate)
    before = last(gate)[0]["standing_root"]
    gate.choose(3, "withdraw", "offers")
    grant(gate, 3)
    spent(gate)
    gate.erase(3)
    with gate.database.read() as connection:
        now = progress.read(connection)
        assert now.sequence == now.derived
        assert now.root is not None
        assert [] == connection.exec_driver_sql("SELECT * FROM standing_past WHERE customer = 3").all()
        placed = [standing_tree.placed_at(connection, 3, now.sequence) for _ in range(2)]
        assert placed[0] == placed[1]
        assert now.root == placed[0].root
    spent(gate)
    assert now.root.hex() == last(gate)[0]["standing_root"]
    assert now.root.hex() != before
    gate.verify()


def test_who_comes_back_is_new(gate: Gate) -> None:
    """With the same key they get a new number, stand for nothing, and may agree again."""
    gate.erase(3)
    with gate.database.write() as connection:
        assert 13 == customers.add(connection, NewCustomer("3"), NOW)
    assert "never_asked" == gate.may("offers", customer=3).reasons[0].code
    assert () == gate.choices(3)
    grant(gate, 3)
    assert gate.may("offers", customer=3).permitted
    assert [1, 2, 3, 4, 5, 6] == spent(gate)
    assert 1 == len(erased(gate, 3))


# What is recorded ----------------------------------------------------------------------------------------------------


def test_the_entry_says_that_and_the_certificate_who(home: Path, gate: Gate) -> None:
    """The leaf names nobody, nor can anybody here open it; whoever holds the certificate proves it offline."""
    one, two = erased(gate, 3, 4)
    assert {"kind", "at", "change", "commitment"} == set(gate.leaf(one.position or 0))
    assert None is gate.record(one.position or 0)
    grant(gate, 5)
    proved = verify_proof(gate.certificate(two), read_vkeys((home / "keys" / "verifiers").read_bytes()))
    record = proved.record or {}
    assert ("4", "erased", []) == (record["customer"], record["change"], record["kept"])
    assert {"choices": 2, "customer_keys": 1, "ledger_records": 2} == record["removed"]
    assert "Marigold Grocers erased all" in record["statement"]
    assert gate.promise.digest == record["policy"]
    assert b'"3"' not in gate.certificate(two)


def test_nothing_certifies_a_dry_run(gate: Gate) -> None:
    """Only what was done has an entry; a dry run changes nothing, and counts what would go."""
    head = gate.head()
    planned = gate.erase(3, dry_run=True)
    assert (head, True) == (gate.head(), planned.dry_run)
    assert dict(planned.erased[0].rows) == dict(erased(gate, 3)[0].rows)
    with pytest.raises(NotVerified, match="was not erased"):
        gate.certificate(planned.erased[0])


def test_the_companys_records_that_name_them_go(gate: Gate) -> None:
    """A question that says their key goes with them, whatever it was answered; one about others stays."""
    uses = [
        "SELECT ssn FROM customers WHERE id = 3",
        "SELECT * FROM customers WHERE email = '3' LIMIT 5",
        "SELECT * FROM customers LIMIT 3",
        "SELECT * FROM orders WHERE placed > '2026-11-03' AND total > 1.3",
    ]
    positions = []
    for sql in uses:
        with suppress(bailee.Refused):
            gate.ask(sql, purpose="offers", actor=MARKETING)
        positions.append(gate.head().size - 1)
    assert None not in [gate.record(position) for position in positions]
    gate.erase(3)
    assert [True, True, False, False] == [gate.record(position) is None for position in positions]
    gate.verify()


def test_records_that_name_an_address_of_theirs_go_too(gate: Gate) -> None:
    """A question by an e-mail address or a telephone number says whom it is about as well as one by their key."""
    with gate.database.write() as connection:
        for number, channel, address in (
            (3, "email", "three@mail.example"),
            (3, "phone", "+4930123456"),
            (4, "email", "four@mail.example"),
        ):
            contacts.put(connection, number, channel, address)
    first = gate.head().size
    for text in ("three@mail.example", "+4930123456", "four@mail.example", "THREE@MAIL.EXAMPLE"):
        gate.ask(f"SELECT count(*) FROM orders WHERE coupon = '{text}'", purpose="offers")
    gate.erase(3)
    assert [False, False, True, False] == [gate.record(first + at) is not None for at in range(4)]


@pytest.mark.parametrize(
    ("key", "text", "named"),
    [
        ("7", "WHERE id IN (6, 7)", True),
        ("7", "WHERE id=7", True),
        ("7", "id = 17 OR id = 71 OR name = 'x7'", False),
        ("7", "at > '2026-11-7' OR at > '07:7' OR x = 7.5 OR x = 0.7", False),
        ("7", "SELECT 1 LIMIT 7 offset 7", False),
        ("ada", "WHERE id = 'ADA'", True),
        ("ada", "choices of ada.csv", True),
        ("ada", "mail = 'ada@mail.example'", True),
        ("ada", "FROM adabas", False),
        ("o'neil", "WHERE name = 'o''neil'", True),
        ("-fay", "WHERE id = '-fay'", True),
        ("a.b*c", "WHERE id = 'a.b*c'", True),
        ("a.b*c", "WHERE id = 'axbbc'", False),
    ],
)
def test_a_word_of_a_text_names_somebody(key: str, text: str, named: bool) -> None:
    """A key as a word of its own names them; a part of a word, a date, a decimal or a limit does not."""
    assert named is Names([key, "somebody else"])({"question": text})


def test_who_asked_is_not_whom_it_is_about(gate: Gate) -> None:
    """A customer's erasure does not take the record of a member of staff who has the same name."""
    assert not Names(["ana"])({"actor": {"name": "ana", "roles": ["ana"]}, "by": "ana", "question": "SELECT 1"})
    assert Names(["ana"])({"customers": ["bob", "ana"]})


# What cannot be ------------------------------------------------------------------------------------------------------


def test_an_unknown_customer_stops_all(gate: Gate) -> None:
    """Nobody is erased where one is unknown, and every unknown one is named; twice is once too often."""
    head = gate.head()
    with pytest.raises(FactRejected, match="no customer `99`, `zoë` is on record, or not any more; nobody was erased"):
        gate.erase(3, 99, "zoë")
    assert head == gate.head()
    gate.erase(3, 3)
    with pytest.raises(FactRejected, match="no customer `3` is on record"):
        gate.erase(3)
    assert () == erased(gate)


def test_several_go_in_one_transaction(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one cannot be erased to the end, none is."""
    from bailee.people import erasure

    def broken(connection: object, each: erasure.Erasure, at: object, entry: object) -> None:
        if each.key == "4":
            raise FactRejected("not this one")

    head = gate.head()
    monkeypatch.setattr("bailee.people.erasure.note", broken)
    with pytest.raises(FactRejected, match="not this one"):
        gate.erase(3, 4)
    assert head == gate.head()
    assert gate.may("offers", customer=3).permitted


def test_a_reader_who_keeps_an_old_state_is_told_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its snapshot keeps bytes in the log: that is said; once it has gone, cleaning gets rid of them."""
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.2)
    with bailee.open(home, clock=Clock()) as gate:
        with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert (12,) == reader.execute("SELECT count(*) FROM customers WHERE key IS NOT NULL").fetchone()
            report = gate.erase(3)
            assert report.cleaned is not None
            assert not report.cleaned.log
            assert (12,) == reader.execute("SELECT count(*) FROM customers WHERE key IS NOT NULL").fetchone()
        assert gate.clean().log
        assert 0 == (home / "state.db-wal").stat().st_size


def test_without_writing_anew_pages_are_overwritten_all_the_same(home: Path, gate: Gate) -> None:
    """What takes long can wait: deleted bytes are overwritten where they are, and the report says what was not done."""
    gate.choose(3, "withdraw", "offers", evidence="paper")
    with gate.database.read() as connection:
        sealed = connection.exec_driver_sql("SELECT evidence FROM choices WHERE evidence IS NOT NULL").scalar_one()
        key = connection.exec_driver_sql("SELECT wrapped FROM customer_keys WHERE customer = 3").scalar_one()
    report = gate.erase(3, anew=False)
    assert report.cleaned is not None
    assert (True, False) == (report.cleaned.log, report.cleaned.anew)
    data = (home / "state.db").read_bytes() + (home / "state.db-wal").read_bytes()
    assert [] == [secret for secret in (sealed, key) if secret in data]


def test_what_fails_afterwards_loses_no_certificate(home: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was erased is: the report says what did not follow, and cleaning makes up for it."""

    def full(*_: object, **__: object) -> None:
        raise WorkspaceError("there is no room left on the disk")

    with monkeypatch.context() as broken:
        broken.setattr("bailee.gate.erasing.clean", full)
        broken.setattr("bailee.gate.rows.ownership", full)
        report = gate.erase(3)
    assert (False, False) == (report.cleaned and report.cleaned.log, report.cleaned and report.cleaned.anew)
    assert report.cleaned is not None
    assert "they were erased, and what follows failed: there is no room left" in (report.cleaned.undone or "")
    assert "there is no room left" in ((report.remaining and report.remaining.why) or "")
    verify_proof(gate.certificate(report.erased[0]), read_vkeys((home / "keys" / "verifiers").read_bytes()))
    assert gate.clean().log


def test_a_set_aside_state_is_out_of_reach(home: Path, gate: Gate) -> None:
    """A folder that a restore left is named, because nobody is erased from it."""
    (home / "before-restore-20260101T000000Z").mkdir()
    report = gate.erase(3)
    assert report.cleaned is not None
    assert any("before-restore-2026" in told for told in report.cleaned.beyond)


# Holds ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(home: Path, clock: Clock) -> Iterator[Gate]:
    """A gate with a purpose that the law asks for, and a hold on customer 3 for it."""
    (home / "policy.yaml").write_bytes(POLICY.replace(b"recipients:\n", LAWFUL.lstrip(b"\n"), 1))
    with bailee.open(home, clock=clock) as gate:
        with gate.database.write() as connection:
            relations.hold(connection, 3, "tax", "audit of 2026", NOW)
        yield gate


def test_a_hold_keeps_them_for_itself_alone(held: Gate, clock: Clock) -> None:
    """They stand for the purpose of the hold and for nothing else, until it ends; then the rest goes."""
    assert 6 == len(spent(held))
    (done,) = erased(held, 3)
    assert (False, ["tax"]) == (done.whole, [hold.purpose for hold in done.holds])
    assert "held" == held.leaf(done.position or 0)["change"]
    assert held.may("tax", customer=3).permitted
    assert "erased" == held.may("offers", customer=3).reasons[0].code
    assert [1, 2, 4, 5, 6] == spent(held)
    assert ([], (1, 0)) == (held.erasures_due(), (held.status().waiting, held.status().due))
    assert () == held.choices(3)
    clock.forward(days=1)
    with held.database.write() as connection:
        relations.end_hold(connection, 3, "tax", clock())
    assert (["3"], (1, 1)) == (held.erasures_due(), (held.status().waiting, held.status().due))
    (rest,) = erased(held, *held.erasures_due())
    assert rest.whole
    assert "erased" == held.leaf(rest.position or 0)["change"]
    assert "unknown_customer" == held.may("tax", customer=3).reasons[0].code
    assert (0, 0) == (held.status().waiting, held.status().due)
    assert [False, True] == [each.whole for each in tombstones.read(held.home / "keys" / "erased")]


def test_the_certificate_says_what_is_kept_and_why(held: Gate) -> None:
    """Purpose, time and reason of each hold, and a statement that does not claim more than was done."""
    (done,) = erased(held, 3)
    record = json.loads(done.record)
    assert [{"purpose": "tax", "since": "2026-11-22T12:00:10.000000Z", "why": "audit of 2026"}] == record["kept"]
    assert ("held", True) == (record["change"], "but for what the holds need" in record["statement"])
    verify_proof(held.certificate(done), read_vkeys((held.home / "keys" / "verifiers").read_bytes()))


def test_what_a_hold_needs_stays_in_the_companys_tables(held: Gate) -> None:
    """Their rows are not erased while it lasts."""
    report = held.erase(3, 4, data=True)
    assert {"customers": 1, "orders": 2} == {name: each.gone for name, each in (report.rows or held).tables.items()}  # type: ignore[union-attr]
    assert (
        2 == held.ask("SELECT count(*) AS n FROM orders WHERE customer_id = 3", purpose="tax").arrow()["n"][0].as_py()
    )


# The company's own tables --------------------------------------------------------------------------------------------

SHAPES = b"""
      - name: lines
        fides_meta: {bailee: {via: tickets.no, at: via}}
        fields:
          - {name: no, data_categories: [user.behavior.purchase_history]}
          - {name: what, data_categories: [user.behavior.purchase_history]}
      - name: tickets
        fides_meta: {bailee: {subject: buyer, at: none}}
        fields:
          - {name: no, data_categories: [user.behavior.purchase_history]}
          - {name: buyer, data_categories: [user.unique_id]}
      - name: gifts
        fides_meta: {bailee: {subject: [giver, taker], at: none}}
        fields:
          - {name: giver, data_categories: [user.unique_id]}
          - {name: taker, data_categories: [user.unique_id]}
          - {name: card, data_categories: [user.behavior.purchase_history]}
"""


@pytest.fixture
def shapes(home: Path, clock: Clock) -> Iterator[Gate]:
    """The shop with a table of each shape of ownership."""
    (home / "datamap.yaml").write_bytes(MAP.rstrip() + SHAPES)
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute("CREATE TABLE tickets AS SELECT i AS no, i % 12 + 1 AS buyer FROM range(48) t(i)")
        con.execute(
            "CREATE TABLE lines AS SELECT i // 2 AS no, CASE WHEN i // 2 % 12 = 2 THEN 'CANARYline' || i ELSE "
            "'bread' END AS what FROM range(96) t(i)"
        )
        con.execute("CREATE TABLE gifts (giver INTEGER, taker INTEGER, card VARCHAR)")
        con.execute(
            "INSERT INTO gifts VALUES (3, 3, 'CANARYself'), (3, 4, 'both'), (4, 5, 'others'), "
            "(NULL, NULL, 'nobodys'), (NULL, 3, 'CANARYtaken')"
        )
    with bailee.open(home, clock=clock) as gate:
        yield gate


def rows(home: Path, table: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(f"SELECT * FROM {table}").fetchall()


def test_every_shape_of_ownership_by_the_data_map(home: Path, shapes: Gate) -> None:
    """Own rows, rows along a reference, shared ones, nobody's, and tables about nobody."""
    tables = ("customers", "orders", "tickets", "lines", "gifts", "products")
    before = {table: rows(home, table) for table in tables}
    assert 6 == len(spent(shapes))
    report = shapes.erase(3, data=True)
    assert report.rows is not None
    assert {"customers": 1, "orders": 2, "tickets": 4, "lines": 8, "gifts": 3} == {
        name: sum(found) for name, found in report.rows.tables.items()
    }
    assert ({}, None) == (report.remaining and dict(report.remaining.tables), report.remaining and report.remaining.why)
    after = {table: rows(home, table) for table in tables}
    for table, at in (("customers", 0), ("orders", 0), ("tickets", 1)):
        assert [row for row in before[table] if row[at] != 3] == after[table]
    assert [row for row in before["lines"] if "CANARY" not in str(row)] == after["lines"]
    assert [(None, 4, "both"), (4, 5, "others"), (None, None, "nobodys")] == after["gifts"]
    assert before["products"] == after["products"]
    assert b"CANARYself" not in (home / "warehouse.duckdb").read_bytes()
    assert [1, 2, 4, 5, 6] == spent(shapes)
    gone = json.loads(report.erased[0].record)["removed_from_tables"]
    assert {"customers": 1, "orders": 2, "tickets": 4, "lines": 8, "gifts": 3} == {
        each["table"]: each["rows"] for each in gone
    }


def test_what_is_left_is_counted_with_the_sql_that_removes_it(home: Path, shapes: Gate) -> None:
    """Where Bailee did not write, the report says which rows are there; running its SQL leaves none."""
    report = shapes.erase(3)
    assert report.rows is None
    assert report.remaining is not None
    assert {"customers", "orders", "tickets", "lines", "gifts"} == set(report.remaining.tables)
    assert report.remaining == shapes.remaining(3)
    shapes.close()
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        for statement in report.remaining.sql:
            con.execute(statement)
    with bailee.open(home, clock=Clock()) as gate:
        assert ({}, None) == (dict(gate.remaining(3).tables), gate.remaining(3).why)


def test_rows_of_the_erased_can_go_later(shapes: Gate) -> None:
    """Who is on record no more has rows erased by key; who is on record is refused."""
    with pytest.raises(FactRejected, match="`3` is on record"):
        shapes.erase_rows(3)
    shapes.erase(3)
    assert 5 == len(shapes.erase_rows(3).tables)
    assert {} == dict(shapes.remaining(3).tables)


def test_a_database_in_use_erases_nobody(home: Path, shapes: Gate) -> None:
    """Where another process has the file open, neither rows nor records go, and the process is named."""
    path = str(home / "warehouse.duckdb")
    code = f"import duckdb, sys; con = duckdb.connect({path!r}, read_only=True); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert "open\n" == holder.stdout.readline()
        head = shapes.head()
        with pytest.raises(EngineUnavailable, match=f"process {holder.pid}"):
            shapes.erase(3, data=True)
        assert head == shapes.head()
        holder.communicate("\n")
    assert 6 == len(spent(shapes))
    assert shapes.erase(3, data=True).rows


def test_a_database_that_is_not_there_is_told(home: Path, gate: Gate) -> None:
    """People are erased all the same, and what is in the tables is not known."""
    (home / "warehouse.duckdb").unlink()
    report = gate.erase(3)
    assert report.remaining is not None
    assert report.remaining.why is not None
    assert "there is no database" in report.remaining.why
    with pytest.raises(EngineUnavailable, match="there is no database"):
        gate.erase(4, data=True)
    assert gate.may("offers", customer=4).permitted


def test_tombstones_are_written_where_a_crash_came_between(home: Path, gate: Gate) -> None:
    """Whoever opens the workspace next notes those whom the database says to be erased."""
    gate.erase(3)
    path = home / "keys" / "erased"
    before = path.read_bytes()
    path.unlink()
    with bailee.open(home, clock=Clock(NOW + timedelta(days=1))):
        assert before == path.read_bytes()
