"""Where customers are reached: sealed under their keys, and found without being shown."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Connection

from bailee.errors import FactRejected, ImportRejected
from bailee.people import contacts, customers, erasure, keyring
from bailee.people.customer_imports import import_customers
from bailee.people.customers import NewCustomer
from bailee.people.database import Database, open_database
from bailee.people.reports import ImportReport
from tests.people.records import NOW


def take(database: Database, path: Path, text: str, **more: object) -> ImportReport:
    path.write_text(text, encoding="utf-8")
    return import_customers(database, path, NOW, by="ann", **more)  # type: ignore[arg-type]


def of(database: Database, number: int) -> dict[str, str]:
    with database.read() as connection:
        return contacts.of(connection, number)


def find(database: Database, channel: str, address: str) -> list[int]:
    with database.read() as connection:
        return contacts.find(connection, channel, address)


@pytest.fixture
def two(database: Database) -> Database:
    with database.write() as connection:
        customers.add_many(connection, [NewCustomer("c1"), NewCustomer("c2")], NOW)
    return database


def test_an_address_is_kept_and_found_however_it_is_written(two: Database) -> None:
    """Letters may be large or small, digits may stand apart; another channel or address is another one."""
    with two.write() as connection:
        contacts.put(connection, 1, "email", "Ann.Synthetic@Example.com")
        contacts.put(connection, 1, "phone", "+49 (30) 123-4567")
        contacts.put(connection, 2, "phone", "0049 30 1234567")
    assert {"email": "Ann.Synthetic@Example.com", "phone": "+49 (30) 123-4567"} == of(two, 1)
    assert [1] == find(two, "email", " ann.synthetic@example.COM")
    assert [1, 2] == find(two, "phone", "49301234567")
    assert [] == find(two, "email", "bob@example.com")
    assert [] == find(two, "phone", "49301234568")
    assert [] == find(two, "email", "no address")
    with two.write() as connection:
        contacts.put(connection, 1, "email", "ann@example.com")
    assert ([], [1]) == (find(two, "email", "Ann.Synthetic@Example.com"), find(two, "email", "ann@example.com"))


def test_an_address_is_removed(two: Database) -> None:
    """One of them, or all."""
    with two.write() as connection:
        for number in (1, 2):
            contacts.put(connection, number, "email", "both@example.com")
            contacts.put(connection, number, "phone", "030 1234567")
        assert 1 == contacts.remove(connection, 1, "email")
        assert 2 == contacts.remove(connection, 2)
        assert 0 == contacts.remove(connection, 2)
    assert ({"phone": "030 1234567"}, {}) == (of(two, 1), of(two, 2))
    assert ([], [1]) == (find(two, "email", "both@example.com"), find(two, "phone", "030 1234567"))


def test_the_blind_is_what_the_format_says(two: Database) -> None:
    """HMAC-SHA256 under a key from the company's own, worked out here in another way."""
    with two.write() as connection:
        contacts.put(connection, 1, "email", "Ann@Example.com")
        (company,) = keyring.of(connection).keys(connection, [0])
        found = connection.exec_driver_sql("SELECT blind FROM contacts").scalar_one()
    assert company is not None
    key = hmac.new(company, b"bailee contacts v1", "sha256").digest()
    assert hmac.new(key, b"email\x00ann@example.com", "sha256").digest() == found


def test_whoever_was_erased_has_no_address(two: Database) -> None:
    """Nothing is kept of them again, and what was sealed under a key that is gone is nobody's."""
    with two.write() as connection:
        contacts.put(connection, 1, "email", "ann@example.com")
        keyring.of(connection).destroy(connection, 1)
        assert {} == contacts.of(connection, 1)
        connection.exec_driver_sql("INSERT INTO erasures (customer, asked_at, done_at) VALUES (1, 1, 2)")
        with pytest.raises(FactRejected, match="the customer was erased, so nothing about them can be kept"):
            contacts.put(connection, 1, "email", "ann@example.com")


WRONG = {
    "email": ["CANARY", "CANARY@", "@CANARY", "a b@CANARY.com", "a@b@CANARY", "CANARY\x00@b.com", f"{'C' * 250}@b.com"],
    "phone": ["CANARY", "9876", "030 CANARY 12345", "((", "1" * 18, "++49 30 123456"],
}


@pytest.mark.parametrize(("channel", "address"), [(channel, each) for channel in WRONG for each in WRONG[channel]])
def test_what_is_no_address_is_refused_and_not_repeated(tmp_path: Path, channel: str, address: str) -> None:
    """Typed or in a file, the message says what was expected and where, never what was found."""
    database = open_database(tmp_path / "state.db", create=True)
    with database.write() as connection:
        customers.add(connection, NewCustomer("c1"), NOW)
        with pytest.raises(FactRejected, match=r"this is no .*: expected one such as ") as told:
            contacts.put(connection, 1, channel, address)
    assert not any(part and part in str(told.value) for part in (address, "CANARY", "CCC"))
    pq.write_table(pa.table({"key": ["c2"], channel: [address]}), tmp_path / "customers.parquet")
    with pytest.raises(ImportRejected) as refused:
        import_customers(database, tmp_path / "customers.parquet", NOW, by="ann")
    assert f"customers.parquet:1:2: {told.value}" == str(refused.value)
    with database.read() as connection:
        assert 1 == connection.exec_driver_sql("SELECT count(*) FROM customers").scalar_one()


def test_addresses_are_imported(database: Database, tmp_path: Path) -> None:
    """New customers and those on record get theirs; an empty field leaves what was there."""
    first = take(database, tmp_path / "a.csv", "key,email,phone\na,a@example.com,030 111111\nb,,\nc,c@example.com,\n")
    assert (3, 3) == (first.rows, first.added)
    assert {"email": "a@example.com", "phone": "030 111111"} == of(database, 1)
    assert ({}, {"email": "c@example.com"}) == (of(database, 2), of(database, 3))
    take(database, tmp_path / "b.csv", "phone,key,email\n,a,new@example.com\n040 222222,b,\n,d, d@example.com \n")
    assert {"email": "new@example.com", "phone": "030 111111"} == of(database, 1)
    assert {"phone": "040 222222"} == of(database, 2)
    assert [4] == find(database, "email", "d@example.com")
    assert [] == find(database, "email", "a@example.com")


def test_many_addresses_are_imported(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many, each comes to its own customer."""
    monkeypatch.setattr("bailee.people.customer_imports._SLICE", 100)
    lines = "".join(f"k{n},n{n}@example.com,{100000 + n}\n" for n in range(25_000))
    take(database, tmp_path / "many.csv", f"key,email,phone\n{lines}")
    for n in (0, 99, 100, 9_999, 10_000, 24_999):
        assert {"email": f"n{n}@example.com", "phone": str(100000 + n)} == of(database, n + 1)
        assert [n + 1] == find(database, "phone", str(100000 + n))


def test_a_dry_run_keeps_no_address(database: Database, tmp_path: Path) -> None:
    """Nothing is kept, not even a key."""
    take(database, tmp_path / "a.csv", "key,email\na,a@example.com\n", dry_run=True)
    with database.read() as connection:
        for table in ("contacts", "customers", "customer_keys"):
            assert 0 == connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()


def test_no_address_is_in_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither while a file is read nor afterwards is an address anywhere in the database's files or those beside it."""
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    database = open_database(tmp_path / "state.db", create=True)
    seen = b""

    def look(*_: object) -> None:
        nonlocal seen
        seen += b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file() and path.suffix != ".csv")

    lines = "".join(f"k{n},CANARY{n}@example.com,+1 555 {100000 + n}\n" for n in range(3000))
    take(database, tmp_path / "a.csv", f"key,email,phone\n{lines}", progress=look, record=look)
    look()
    assert [8] == find(database, "email", "canary7@example.com")
    assert b"k2999" in seen
    for trace in (b"CANARY", b"canary", b"555 100007", b"1555100007"):
        assert trace not in seen


def test_what_is_put_aside_is_sealed(database: Database, tmp_path: Path) -> None:
    """While a file is read, its addresses are aside as bytes that nobody else opens."""
    aside: list[bytes] = []

    def look(connection: Connection, *_: object) -> None:
        aside.extend(map(bytes, connection.exec_driver_sql("SELECT sealed FROM arriving_contacts").scalars()))

    take(database, tmp_path / "a.csv", "key,email\na,CANARY@example.com\n", record=look)
    assert [46] == [len(each) for each in aside]
    assert b"CANARY" not in aside[0]


def test_addresses_do_not_change_standing(two: Database) -> None:
    """To be reached elsewhere is no fact that anybody's standing depends on."""
    with two.write() as connection:
        before = connection.exec_driver_sql("SELECT sequence FROM progress").scalar_one()
        contacts.put(connection, 1, "email", "ann@example.com")
        assert before == connection.exec_driver_sql("SELECT sequence FROM progress").scalar_one()


def test_whoever_was_added_or_erased_meanwhile_refuses_a_file(database: Database, tmp_path: Path) -> None:
    """Nothing of it is taken, so that no address is under a key that is nobody's; after that it is taken as a whole."""
    take(database, tmp_path / "a.csv", "key,email\nold,old@example.com\n")
    text = "key,email\nold,later@example.com\nnew,new@example.com\n"

    def add(connection: Connection) -> None:
        customers.add(connection, NewCustomer("new"), NOW)

    def erase(connection: Connection) -> None:
        found = erasure.found(connection, "old")
        assert found is not None
        erasure.take(connection, [found], NOW)
        erasure.note(connection, found, NOW, 0)

    for act in (add, erase):
        late: list[Callable[[Connection], None]] = [act]

        def progress(*_: int, late: list[Callable[[Connection], None]] = late) -> None:
            while late:
                with database.write() as connection:
                    late.pop()(connection)

        with pytest.raises(FactRejected, match="was erased or added while it was read; import it again"):
            take(database, tmp_path / "b.csv", text, progress=progress)
        assert [] == find(database, "email", "later@example.com") + find(database, "email", "new@example.com")
    assert 1 == take(database, tmp_path / "b.csv", text).added
    assert ([3], [2]) == (find(database, "email", "later@example.com"), find(database, "email", "new@example.com"))
    assert ({}, {"email": "later@example.com"}) == (of(database, 1), of(database, 3))


def test_addresses_of_a_file_open_under_keys_that_were_kept(database: Database, tmp_path: Path) -> None:
    """Each new customer's key is their own, and who has no address gets none yet."""
    take(
        database,
        tmp_path / "a.csv",
        "key,email,phone\na,a@example.com,030 111111\nb,,\nc,c@example.com,\nd,,040 1111\n",
    )
    with database.read() as connection:
        held = keyring.of(connection).there(connection, [1, 2, 3, 4])
        assert [1, 3, 4] == sorted(held)
        assert 3 == len(set(held.values()))
        assert ["a@example.com", "c@example.com"] == [contacts.of(connection, number)["email"] for number in (1, 3)]
        assert {"phone": "040 1111"} == contacts.of(connection, 4)
