"""A store's state at one instant in a fresh SQLite file: whole, whatever the store, whatever others write meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from bailee.errors import WorkspaceError
from bailee.ledger import log
from bailee.people import customers, progress, snapshot
from bailee.people.customers import NewCustomer
from bailee.people.database import Database, open_database
from bailee.people.keyring import Keyring
from tests.people.erasing import picture, settle
from tests.people.records import NOW
from tests.postgres import Cluster
from tests.stores import make


def taken(database: Database, path: Path, told: list[tuple[int, int]] | None = None) -> Database:
    """The snapshot of a store, opened."""
    tell = None if told is None else lambda done, total: told.append((done, total))
    snapshot.take(database, path, tables=log.metadata.sorted_tables, extra=[log.create], progress=tell)
    assert path.read_bytes().startswith(b"SQLite format 3\0")
    assert 0o600 == path.stat().st_mode & 0o777
    return open_database(path, keyring=database.keyring)


@pytest.fixture
def settled(database: Database, tmp_path: Path) -> Database:
    """A store with something in every table, the ledger's too."""
    with database.write() as connection:
        log.create(connection)
    settle(database, tmp_path)
    assert database.keyring is not None
    with database.write() as connection:
        for number in (1, 2, 3):
            log.append(
                connection, "choice", {}, {"n": number}, NOW, bytes(32), safe=database.keyring, subjects=(number,)
            )
    return database


def test_a_snapshot_has_every_row(settled: Database, tmp_path: Path) -> None:
    """Of every table, values equal, ledger and sealed text included, and it is sound."""
    told: list[tuple[int, int]] = []
    copied = taken(settled, tmp_path / "copy.db", told)
    with settled.read() as one, copied.read() as two:
        assert picture(one) == picture(two)
        assert log.head(one) == log.verify_log(two, safe=settled.keyring)
    assert [] == copied.check()
    assert told[-1][0] == told[-1][1] > 0
    copied.close()
    assert ["copy.db"] == [path.name for path in tmp_path.glob("copy.db*")]


def test_a_snapshot_is_of_one_instant(settled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody writes without a pause it comes to an end, and what it holds was true together."""
    monkeypatch.setattr(snapshot, "_PAGES", 1)
    stop, began = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with settled.write() as connection:
                customers.add_many(connection, [NewCustomer(f"new-{number}-{n}") for n in range(2)], NOW)
            began.set()

    writer = threading.Thread(target=write)
    writer.start()
    began.wait(10)
    try:
        copied = taken(settled, tmp_path / "copy.db")
    finally:
        stop.set()
        writer.join()
    with copied.read() as connection:
        counted = connection.exec_driver_sql("SELECT count(*) FROM customers").scalar_one()
        assert progress.read(connection).customers == counted
        assert 1 == counted % 2
    copied.close()


def test_a_snapshot_moves_a_store_to_postgresql(
    settled: Database, tmp_path: Path, postgres: Cluster, template: str
) -> None:
    """The rows of a file go into a PostgreSQL store just made, in one transaction, and are the same there."""
    copied = taken(settled, tmp_path / "copy.db")
    url = postgres.new(template)
    into = open_database(url, keyring=settled.keyring)
    with copied.read() as source, into.write() as target:
        snapshot.copy(source, target, log.metadata.sorted_tables)
    with copied.read() as one, into.read() as two:
        assert picture(one) == picture(two)
        assert log.head(one) == log.verify_log(two, safe=settled.keyring)
    with into.write() as connection:
        assert 4 == customers.add(connection, NewCustomer("later"), NOW)
    into.close()
    copied.close()
    postgres.drop(url)


def test_a_snapshot_takes_no_name_that_is_taken(tmp_path: Path) -> None:
    """A file that is there is never written over."""
    database = make(tmp_path / "state.db")
    (tmp_path / "copy.db").write_bytes(b"somebody's")
    with pytest.raises((FileExistsError, WorkspaceError)):
        taken(database, tmp_path / "copy.db")
    assert b"somebody's" == (tmp_path / "copy.db").read_bytes()
    database.close()


def test_a_snapshot_opens_with_its_keys_alone(settled: Database, tmp_path: Path) -> None:
    """Customers' keys are in it as they are: sealed by the key-encryption key, which is not."""
    taken(settled, tmp_path / "copy.db").close()
    stranger = Keyring([bytes(range(32))])
    other = open_database(tmp_path / "copy.db", keyring=stranger)
    with other.read() as connection, pytest.raises(WorkspaceError, match="sealed by the encryption key"):
        stranger.keys(connection, [1])
    other.close()
    with sqlite3.connect(tmp_path / "copy.db") as raw:
        assert (3,) == raw.execute("SELECT count(*) FROM customers").fetchone()
