"""Threads that write at once share a commit, and each has its own outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, event

from bailee.errors import FactRejected, WorkspaceError
from bailee.people import documents, progress
from bailee.people.database import Database


class Jam:
    """Holds the first transaction until so many others wait, so that they share the next one."""

    def __init__(self, database: Database, waiting: int) -> None:
        self.database, self.waiting = database, waiting
        self.transactions = 0
        event.listen(database._engine, "commit", self._count)

    def _count(self, _connection: Connection) -> None:
        self.transactions += 1

    def first(self, connection: Connection) -> None:
        while len(self.database._combined._waiting) < self.waiting:
            threading.Event().wait(0.001)


def together(database: Database, works: list[Callable[[Connection], object]]) -> tuple[list[object], int]:
    """What each work gave or raised where all but a first one were waiting at once, and how many commits it took."""
    jam = Jam(database, len(works))
    found: list[object] = [None] * len(works)

    def run(number: int) -> None:
        try:
            found[number] = database.commit(works[number])
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    first = threading.Thread(target=database.commit, args=(jam.first,))
    first.start()
    while not database._combined._led:
        threading.Event().wait(0.001)
    for thread in threads:
        thread.start()
    for thread in (first, *threads):
        thread.join()
    return found, jam.transactions - 1


def taken(connection: Connection) -> int:
    return progress.advance(connection)


def test_those_who_wait_share_one_commit(database: Database) -> None:
    """Forty works that wait are kept by one commit, and each gets its own result."""
    found, commits = together(database, [taken] * 40)
    assert (list(range(1, 41)), 1) == (sorted(map(int, map(str, found))), commits)
    with database.read() as connection:
        assert 40 == progress.read(connection).sequence


def test_a_work_that_fails_fails_alone(database: Database) -> None:
    """What one of them raises is raised to its caller only, nothing of it is kept, and the others are."""

    def fails(connection: Connection) -> None:
        documents.set_setting(connection, "of the failed", "kept")
        progress.advance(connection, 1000)
        raise FactRejected("no")

    def breaks(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO progress (id, sequence) VALUES (1, 1)")

    found, commits = together(database, [taken, fails, taken, breaks, taken])
    assert commits == 1
    assert {1, 2, 3} == {each for each in found if isinstance(each, int)}
    assert ["FactRejected", "IntegrityError"] == [type(e).__name__ for e in found if isinstance(e, Exception)]
    with database.read() as connection:
        assert documents.setting(connection, "of the failed") is None
        assert 3 == progress.read(connection).sequence


def test_a_work_that_ends_the_transaction_takes_nobody_with_it(database: Database) -> None:
    """Where one takes the whole transaction back, the others' works run again, and are kept once."""

    def ends(connection: Connection) -> None:
        connection.rollback()
        raise WorkspaceError("mine")

    found, _ = together(database, [taken, ends, taken, taken])
    assert {1, 2, 3} == {each for each in found if isinstance(each, int)}
    assert ["mine"] == [str(each) for each in found if isinstance(each, Exception)]


def test_a_commit_that_fails_fails_for_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the transaction cannot be kept, nobody is told that it was."""

    def refuse(_connection: Connection) -> None:
        raise WorkspaceError("there is no room")

    def jams(connection: Connection) -> int:
        monkeypatch.setattr(database.store, "before_commit", refuse)
        return progress.advance(connection)

    found, _ = together(database, [jams, taken, taken])
    assert ["there is no room"] * 3 == [str(each) for each in found]
    monkeypatch.undo()
    assert 1 == database.commit(taken)


def test_an_interruption_takes_nobody_with_it(database: Database) -> None:
    """Ctrl-C in the thread that commits for others ends its own work only; the others' is done by the next."""

    def interrupted(connection: Connection) -> None:
        progress.advance(connection)
        raise KeyboardInterrupt

    raised: list[BaseException] = []

    def first(connection: Connection) -> None:
        jam.first(connection)

    def leads() -> None:
        try:
            database.commit(interrupted)
        except KeyboardInterrupt as error:
            raised.append(error)

    jam, found = Jam(database, 4), list[int]()
    others = [threading.Thread(target=lambda: found.append(database.commit(taken))) for _ in range(3)]
    holder = threading.Thread(target=database.commit, args=(first,))
    holder.start()
    while not database._combined._led:
        threading.Event().wait(0.001)
    leader = threading.Thread(target=leads)
    leader.start()
    while not database._combined._waiting:
        threading.Event().wait(0.001)
    for thread in others:
        thread.start()
    for thread in (holder, leader, *others):
        thread.join()
    assert ([1, 2, 3], 1) == (sorted(found), len(raised))
