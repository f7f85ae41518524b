"""PostgreSQL is lost at every moment of a commit: what was acknowledged is there, and what failed is not.

Where nobody can tell, that is said, and not guessed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bailee.errors import Uncertain, WorkspaceError
from bailee.people import documents, progress
from bailee.people.database import Database
from tests.faults.lossy import Lossy, When
from tests.postgres import Cluster
from tests.stores import again

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(postgres: Cluster, template: str) -> Iterator[str]:
    made = postgres.new(template)
    yield made
    postgres.drop(made)


@pytest.fixture
def lossy(url: str) -> Iterator[Lossy]:
    between = Lossy(url)
    yield between
    between.close()


def keep(database: Database, name: str) -> None:
    """Keep a setting by a work that also takes a sequence, so that a second run would show."""

    def work(connection: Connection) -> None:
        progress.advance(connection)
        documents.set_setting(connection, name, "kept")

    database.commit(work)


def kept(url: str) -> tuple[set[str], int]:
    """The settings that are kept, and the sequence."""
    database = again(url)
    with database.write() as connection:  # so whatever was on its way is done
        found = set(connection.exec_driver_sql("SELECT name FROM settings WHERE value = 'kept'").scalars())
        sequence = progress.read(connection).sequence
    database.close()
    return found, sequence


@pytest.mark.parametrize("when", ["before", "after", "unnoticed"])
def test_a_connection_lost_at_a_commit(lossy: Lossy, url: str, when: When) -> None:
    """Lost before the server heard of it, nothing was recorded and it is said; after it, it was and that is said."""
    database = again(lossy.url)
    keep(database, "first")
    lossy.lose = when
    if when != "after":
        with pytest.raises(WorkspaceError, match="was lost; nothing was recorded, try again"):
            keep(database, "second")
    else:
        keep(database, "second")
    keep(database, "third")
    database.close()
    assert lossy.lost == 1
    expected = {"first", "third"} | ({"second"} if when == "after" else set())
    assert (expected, len(expected)) == kept(url)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_cannot_be_asked(lossy: Lossy, url: str, when: When, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server cannot be asked either, nobody says that it was recorded or that it was not."""
    monkeypatch.setattr("bailee.people.postgresql.RESOLVE_SECONDS", 0.5)
    database = again(lossy.url)
    keep(database, "first")
    lossy.lose, lossy.closed = when, True
    with pytest.raises(Uncertain, match="whether it was recorded is not known yet"):
        keep(database, "second")
    with pytest.raises(WorkspaceError, match=r"cannot be reached|was lost"):
        keep(database, "third")
    database.close()
    assert kept(url)[0] == {"first"} | ({"second"} if when == "after" else set())


def test_many_share_a_commit_that_was_lost(lossy: Lossy, url: str) -> None:
    """Everybody whose work was in the commit is told what became of it."""
    database = again(lossy.url)
    told: dict[str, bool] = {}

    def run(number: int) -> None:
        try:
            keep(database, str(number))
            told[str(number)] = True
        except Uncertain:
            raise
        except WorkspaceError:
            told[str(number)] = False

    for turn in range(6):
        lossy.lose = "before" if turn % 2 else "after"
        threads = [threading.Thread(target=run, args=(turn * 100 + n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    database.close()
    found, sequence = kept(url)
    assert {name for name, done in told.items() if done} == found
    assert (16 * 6, len(found)) == (len(told), sequence)
    assert lossy.lost == 6


def test_a_server_that_loses_its_power(postgres: Cluster, url: str) -> None:
    """The server is stopped at once and started again, four times under load: no acknowledged write is lost.

    Those that failed are not there, and none is left uncertain, for the server comes back soon.
    """
    database = again(url)
    acknowledged, failed, lock = set[str](), set[str](), threading.Lock()
    stop = threading.Event()

    def write(thread: int) -> None:
        for number in range(1_000_000):
            if stop.is_set():
                return
            name = f"{thread} {number}"
            try:
                keep(database, name)
                done = acknowledged
            except Uncertain:
                raise
            except WorkspaceError:
                done = failed
                time.sleep(0.02)
            with lock:
                done.add(name)

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        time.sleep(0.3)
        postgres.restart("immediate")
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    database.close()
    found, sequence = kept(url)
    assert acknowledged == found
    assert not failed & found
    assert failed
    assert len(found) == sequence


CHILD = """
import sys, threading
sys.path[:0] = [sys.argv[2], sys.argv[2] + "/src"]
from tests.faults.test_the_server_is_lost import again, keep
database, lock = again(sys.argv[1]), threading.Lock()
def write(thread):
    for number in range(1_000_000):
        name = f"{sys.argv[3]} {thread} {number}"
        keep(database, name)
        with lock:
            print(name, flush=True)
for thread in range(4):
    threading.Thread(target=write, args=(thread,)).start()
"""


def test_a_process_that_is_killed(url: str) -> None:
    """Of two processes that write, one is killed, three times: all that either acknowledged is there, once."""
    said = set[str]()
    for turn in range(3):
        children = [
            subprocess.Popen(
                [sys.executable, "-c", CHILD, url, str(ROOT), f"{turn} {child}"], stdout=subprocess.PIPE, text=True
            )
            for child in range(2)
        ]
        assert all(child.stdout is not None and child.stdout.readline() for child in children)
        time.sleep(0.5)
        for child in children:
            child.kill()
            left = child.communicate()[0]
            said |= set(left[: left.rfind("\n") + 1].splitlines())
    found, sequence = kept(url)
    assert said <= found
    assert len(found) == sequence
    assert len(found - said) <= 6 * 5  # what was kept and could not be said any more, and the line read before
