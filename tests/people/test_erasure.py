"""Erasing a person from what is on record: all of it goes, nobody else's does, and what a hold needs stays for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bailee.errors import FactRejected, WorkspaceError
from bailee.ledger.verify import verify_inclusion
from bailee.people import choices, customers, erasure, imported_rows, keyring, notices, relations, tombstones
from bailee.people.customers import NewCustomer
from bailee.people.database import Database
from bailee.people.erasure import Erasure
from bailee.people.given_imports import import_given
from bailee.people.imports import import_choices
from bailee.people.instants import micros
from bailee.people.kinds import Kind
from bailee.people.tombstones import Tombstone
from tests.people.erasing import ADA, BOB, CANARIES, CLEO, HELD, Picture, picture, settle
from tests.people.records import NOW, policy

LATER = NOW + timedelta(days=1)
#: What Ada said for Cleo in the file.
REFUSED = Kind("research", "refuse", "signed")
#: By which column rows are a customer's.
OWNED = {
    "choices": "customer",
    "notices_given": "customer",
    "contracts": "customer",
    "restrictions": "customer",
    "grounds": "customer",
    "holds": "customer",
    "contacts": "customer",
    "guardians": "child",
    "customer_keys": "customer",
    "standing_past": "customer",
}


def erase(connection: Connection, key: str = ADA, at: datetime = LATER) -> Erasure:
    found = erasure.found(connection, key)
    assert found is not None
    erasure.take(connection, [found], at)
    erasure.note(connection, found, at, 77)
    return found


def owned(connection: Connection, table: str, number: int) -> list[tuple[object, ...]]:
    statement = f"SELECT * FROM {table} WHERE {OWNED[table]} = ?"
    return [tuple(row) for row in connection.exec_driver_sql(statement, (number,))]


def without(before: Picture, table: str, gone: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [row for row in before[table] if row not in gone]


def test_everything_of_the_person_goes_and_nothing_of_the_others(database: Database, tmp_path: Path) -> None:
    """Every table that holds rows of a person holds none; every other row of every table is as it was."""
    settle(database, tmp_path)
    with database.write() as connection:
        before = picture(connection)
        gone = {table: owned(connection, table, 1) for table in OWNED}
        assert [] == [table for table, rows in gone.items() if not rows and table != "standing_past"]
        counted = {table: len(rows) for table, rows in gone.items() if rows}
        assert counted == dict(erase(connection).rows)
        after = picture(connection)
    for table in before:
        if table in OWNED:
            assert without(before, table, gone[table]) == after[table], table
        elif table == "customers":
            assert before[table][1:] == after[table][1:]
            assert {None} == set(after[table][0][1:4]) | set(after[table][0][5:7])
        elif table not in ("progress", "erasures", "import_rows", "import_skipped"):
            assert before[table] == after[table], table
    assert [(1, after["erasures"][0][1], after["erasures"][0][1], 77)] == after["erasures"]


def test_no_word_of_the_person_is_left(database: Database, tmp_path: Path) -> None:
    """Opened with every key that is left, no value of any row holds a word of theirs."""
    settle(database, tmp_path)
    with database.write() as connection:
        sealed = [bytes(row[0]) for row in connection.exec_driver_sql("SELECT why FROM holds WHERE customer = 1")]
        erase(connection)
        assert None is keyring.of(connection).open(connection, [1], sealed[0], b"holds.why")
        assert not [value for rows in picture(connection).values() for row in rows for value in row if said(value)]


def said(value: object) -> bool:
    text = value if isinstance(value, bytes) else str(value).encode()
    return any(word.encode() in text for word in CANARIES)


def shown(connection: Connection) -> dict[int, imported_rows.Shown | imported_rows.Unshown]:
    """What each position of the imported file proves, or why it does not, to whoever's it is."""
    found: dict[int, imported_rows.Shown | imported_rows.Unshown] = {}
    for number in (1, 2, 3):
        theirs = imported_rows.Rows(connection, number)
        found |= {place.position: theirs.show(place) for places in theirs.files.values() for place in places}
    return found


def test_rows_of_an_imported_file_are_proved_to_whoever_is_left(database: Database, tmp_path: Path) -> None:
    """A person's rows, and those that they said for a child, are shown to nobody any more; others' still lead to the
    root, until nobody is left."""
    root = bytes.fromhex(settle(database, tmp_path))
    everything, of_ada = set(range(9)), {1, 3, 5, 6}
    with database.write() as connection:
        before = bytes(connection.exec_driver_sql("SELECT randoms FROM import_rows").scalar_one())
        tiles = connection.exec_driver_sql("SELECT * FROM import_tiles").all()
        for key, gone in ((None, set()), (ADA, of_ada), (CLEO, of_ada | {2, 7}), (BOB, everything)):
            if key is not None:
                erase(connection, key)
            found = shown(connection)
            unshown = {7} if key == ADA else set()
            assert everything - gone == set(found)
            assert unshown == {
                position
                for position, each in found.items()
                if each == imported_rows.Unshown(imported_rows.ERASED, REFUSED)
            }
            for position in everything - gone - unshown:
                each = found[position]
                assert isinstance(each, imported_rows.Shown)
                verify_inclusion(each.random + each.record, position, 9, each.path, root)
            randoms = bytes(connection.exec_driver_sql("SELECT randoms FROM import_rows").scalar_one())
            for position in range(9):
                random = bytes(32) if position in gone | unshown else before[32 * position :][:32]
                assert random == randoms[32 * position :][:32]
        assert tiles == connection.exec_driver_sql("SELECT * FROM import_tiles").all()
        assert [] == connection.exec_driver_sql("SELECT * FROM import_skipped").all()


def test_a_guardian_goes_and_the_child_keeps_what_was_said_for_it(database: Database, tmp_path: Path) -> None:
    """A child's choices are byte for byte as they were, also those that the guardian said."""
    settle(database, tmp_path)
    with database.write() as connection:
        before = owned(connection, "choices", 3), owned(connection, "guardians", 3)
        assert 1 in [row[11] for row in before[0]]
        erase(connection)
        assert before == (owned(connection, "choices", 3), owned(connection, "guardians", 3))
        history = choices.history(connection, 3)
        assert [None] * len(history) == [each.guardian for each in history]
        assert "for the child" in [each.evidence for each in history]


def test_a_hold_keeps_its_part_until_it_ends(database: Database, tmp_path: Path) -> None:
    """What the hold does not need goes at once; key, reason and facts for it go when it ends."""
    settle(database, tmp_path)
    with database.write() as connection:
        relations.hold(connection, 1, "tax", HELD, NOW)
        found = erase(connection)
        assert (False, [("tax", HELD)]) == (found.whole, [(hold.purpose, hold.why) for hold in found.holds])
        left = {table for table in OWNED if owned(connection, table, 1)}
        assert {"holds", "customer_keys"} == left
        assert 1 == len(owned(connection, "holds", 1))
        row = connection.exec_driver_sql("SELECT key, born, place FROM customers WHERE number = 1").one()
        assert None not in tuple(row)
        assert ([1], []) == (erasure.waiting(connection), erasure.due(connection))
        relations.end_hold(connection, 1, "tax", LATER)
        assert [ADA] == erasure.due(connection)
        again = erase(connection, at=LATER + timedelta(days=1))
        assert (True, {"holds": 1, "customer_keys": 1}) == (again.whole, dict(again.rows))
        assert ([], []) == (erasure.waiting(connection), erasure.due(connection))
        assert set() == {table for table in OWNED if owned(connection, table, 1)}
        asked, done = connection.exec_driver_sql("SELECT asked_at, done_at FROM erasures").one()
        assert (micros(LATER), micros(LATER + timedelta(days=1))) == (asked, done)
    with database.write() as connection:
        assert None is erasure.found(connection, ADA)


def test_who_comes_back_is_somebody_new(database: Database, tmp_path: Path) -> None:
    """The same key gets a new number, and nothing that was said before counts for it."""
    settle(database, tmp_path)
    with database.write() as connection:
        erase(connection)
        assert None is erasure.found(connection, ADA)
        assert 4 == customers.add(connection, NewCustomer(ADA), LATER)
        assert [] == choices.history(connection, 4)
        assert {ADA: 4, BOB: 2, CLEO: 3} == customers.numbers(connection)
        keyring.of(connection).ensure(connection, [1, 4])
        assert [True, False] == [key is None for key in keyring.of(connection).keys(connection, [1, 4])]


def test_what_was_said_stays_said_by_everybody_else(database: Database, tmp_path: Path) -> None:
    """Only who is erased can have choices deleted; the triggers are there before and after."""
    settle(database, tmp_path)
    for _ in range(2):
        with pytest.raises((DBAPIError, WorkspaceError), match="append-only"), database.write() as connection:
            connection.exec_driver_sql("DELETE FROM choices WHERE customer = 2")
        with database.write() as connection:
            if erasure.found(connection, ADA):
                erase(connection)


def test_an_imported_files_name_is_forgotten_with_the_person_it_names(database: Database, tmp_path: Path) -> None:
    """A file that was called after a person loses its name, and only such a one."""
    settle(database, tmp_path)
    with database.write() as connection:
        erasure.forget_names(connection, lambda name: "ada" in name)
        assert ["choices.csv"] == connection.exec_driver_sql("SELECT name FROM imports").scalars().all()
        erasure.forget_names(connection, lambda name: "choices" in name)
        assert [""] == connection.exec_driver_sql("SELECT name FROM imports").scalars().all()


@pytest.mark.parametrize("kind", ["choices", "given"])
def test_a_file_that_is_being_read_brings_nobody_back(database: Database, tmp_path: Path, kind: str) -> None:
    """Who is erased while a file about them is read stays erased: nothing of the file is taken."""
    settle(database, tmp_path)
    erasing: list[str] = [ADA]

    def progress(*_: int) -> None:
        while erasing:
            with database.write() as connection:
                erase(connection, erasing.pop())

    path = tmp_path / "late.csv"
    with database.read() as connection:
        digest = next(iter(notices.known(connection)))
    if kind == "choices":
        path.write_text(
            f"customer,purpose,act,at,instrument,evidence\n{ADA},offers,withdraw,2026-11-02T00:00:00Z,api,x\n"
        )
    else:
        path.write_text(f"customer,at\n{ADA},2026-11-02T00:00:00Z\n")
    more = {"by": "ann", "progress": progress}
    taken = {
        "choices": lambda: import_choices(database, policy(), path, NOW, **more),
        "given": lambda: import_given(database, digest, path, NOW, **more),
    }
    with pytest.raises(FactRejected, match="was erased while it was read; import it again to see which"):
        taken[kind]()
    with database.read() as connection:
        assert set() == {table for table in OWNED if owned(connection, table, 1)}


# Tombstones ----------------------------------------------------------------------------------------------------------


def stone(number: int = 1, *, whole: bool = True) -> Tombstone:
    return Tombstone(number, NOW, LATER, whole)


def test_tombstones_are_kept_once_each(tmp_path: Path) -> None:
    """What was written is read; what is there is not written again; a part that became the whole is."""
    path = tmp_path / "keys" / "erased"
    assert [] == tombstones.read(path)
    assert 2 == tombstones.add(path, [stone(1), stone(2, whole=False)])
    assert 1 == tombstones.add(path, [stone(1), stone(2)])
    assert [stone(1), stone(2, whole=False), stone(2)] == tombstones.read(path)
    assert 0o600 == path.stat().st_mode & 0o777


def test_a_line_that_a_crash_cut_off_is_written_anew(tmp_path: Path) -> None:
    """At whatever byte it was cut, the other lines are read, and the next write leaves none of it."""
    path = tmp_path / "erased"
    tombstones.add(path, [stone(1), stone(2)])
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        tombstones.add(path, [stone(1), stone(2)])
        assert [stone(1), stone(2)] == tombstones.read(path)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    """A damaged line is named: silently passed over, a backup would bring somebody back."""
    path = tmp_path / "erased"
    tombstones.add(path, [stone(1), stone(2)])
    path.write_bytes(path.read_bytes().replace(b"customer", b"custom", 1))
    with pytest.raises(WorkspaceError, match=r"line 1 of .* says of nobody"):
        tombstones.read(path)
    with pytest.raises(WorkspaceError, match="is a folder"):
        tombstones.read(tmp_path)


def test_a_state_from_before_still_has_those_who_were_erased(database: Database, tmp_path: Path) -> None:
    """They are found by number and time, so somebody new under a number that was given again is not."""
    settle(database, tmp_path)
    with database.read() as connection:
        stones = [stone(1), stone(3, whole=False), replace_time(stone(2)), stone(9)]
        assert {ADA: True, CLEO: False} == tombstones.still_there(connection, stones)
        assert {ADA: True} == tombstones.still_there(connection, [stone(1, whole=False), stone(1)])
    with database.write() as connection:
        erase(connection)
        assert [Tombstone(1, NOW, LATER, whole=True)] == tombstones.of(connection)
        assert {} == tombstones.still_there(connection, tombstones.of(connection))


def replace_time(tombstone: Tombstone) -> Tombstone:
    return tombstone._replace(created_at=NOW - timedelta(days=1))


def test_a_restore_may_erase_whole_whatever_holds_there_are(database: Database, tmp_path: Path) -> None:
    """Who was erased whole since had no hold any more, whatever the backup says."""
    settle(database, tmp_path)
    with database.write() as connection:
        relations.hold(connection, 1, "tax", HELD, NOW)
        found = erasure.found(connection, ADA)
        assert found is not None
        erasure.take(connection, [replace(found, whole=True)], LATER)
        assert set() == {table for table in OWNED if owned(connection, table, 1)}


def test_who_never_said_anything_is_erased_too(database: Database, tmp_path: Path) -> None:
    """A customer of whom there is nothing but a key is on record no more."""
    settle(database, tmp_path)
    with database.write() as connection:
        customers.add(connection, NewCustomer("dan"), NOW)
        assert {} == dict(erase(connection, "dan").rows)
        assert None is erasure.found(connection, "dan")
