"""What PostgreSQL reports is told in words that say what to do, and never with a password or a row's values."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bailee.errors import WorkspaceError
from bailee.people import choices, customers, progress
from bailee.people.customers import NewCustomer
from bailee.people.database import Database, open_database
from tests.people.records import NOW, policy
from tests.people.test_choices import REFUSAL, enrol
from tests.postgres import Cluster
from tests.stores import again


@pytest.fixture
def url(postgres: Cluster, template: str) -> Iterator[str]:
    made = postgres.new(template)
    yield made
    postgres.drop(made)


def told(where: str) -> str:
    with pytest.raises(WorkspaceError) as found:
        open_database(where)
    return str(found.value)


def name_of(url: str) -> str:
    return url.split("/")[3].split("?")[0]


def test_nobody_is_there(postgres: Cluster) -> None:
    """A server that does not run, at an address or behind a socket, and a machine that is not there."""
    for where in (
        "postgresql://ann:secret@127.0.0.1:1/shop",
        "postgresql://ann:secret@/shop?host=/no/such/folder",
        "postgresql://ann:secret@no-such-machine.invalid/shop",
    ):
        assert "cannot be reached; see that PostgreSQL runs there" in told(where)
        assert "secret" not in told(where)


def test_no_such_database_or_user(postgres: Cluster) -> None:
    """A database or a user that the server does not have."""
    assert "there is no such database as `postgresql://postgres@/gone" in told(postgres.url("gone"))
    assert "does not let this user in; check the user, the password" in told(postgres.url("postgres", "nobody"))


def test_a_wrong_password(postgres: Cluster, url: str) -> None:
    """A password that is not theirs is not repeated."""
    rules = postgres.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    postgres.run("CREATE ROLE locked LOGIN PASSWORD 'right'")
    try:
        rules.write_text("local all locked scram-sha-256\n" + before)
        postgres.run("SELECT pg_reload_conf()")
        where = url.replace("postgres@", "locked:wrongsecret@")
        for _ in range(50):  # until the server has read it
            found = told(where)
            if "check the user, the password" in found:
                break
            threading.Event().wait(0.1)
        assert "does not let this user in; check the user, the password" in found
        assert "wrongsecret" not in found
    finally:
        rules.write_text(before)
        postgres.run("SELECT pg_reload_conf()")
        postgres.run("DROP ROLE locked")


def test_no_tables_yet(postgres: Cluster) -> None:
    """A database without Bailee's tables is named as empty, and somebody else's schema is left alone."""
    url = postgres.new()
    assert f"`{url}` is empty; make a workspace with `bailee init`" == told(url)
    postgres.run("CREATE SCHEMA bailee", name_of(url))
    postgres.run("CREATE TABLE bailee.theirs (x INTEGER)", name_of(url))
    assert "is a database, but not one of Bailee's" in told(url)
    postgres.drop(url)


def test_no_connection_is_left(postgres: Cluster, url: str) -> None:
    """A server whose connections are all in use."""
    name = name_of(url)
    postgres.run(f"ALTER DATABASE {name} CONNECTION LIMIT 1")
    postgres.run("CREATE ROLE plain LOGIN")
    held = psycopg.connect(postgres.url(name, "plain"))
    try:
        assert "has no connection left" in told(postgres.url(name, "plain"))
    finally:
        held.close()
        postgres.run("DROP ROLE plain")


def test_a_server_that_only_reads(url: str, postgres: Cluster) -> None:
    """Nothing is recorded where the server takes nothing, and it is said before anything is released."""
    postgres.run(f"ALTER DATABASE {name_of(url)} SET default_transaction_read_only = on")
    database = again(url)
    with database.read() as connection:
        assert 0 == progress.read(connection).sequence
    reader = open_database(url, read_only=True)
    with pytest.raises(WorkspaceError, match="was opened to be read only"), reader.write():
        pass
    with pytest.raises(WorkspaceError, match="is read-only, so nothing can be recorded"), database.read() as connection:
        progress.advance(connection)


def test_another_writer_never_lets_go(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits for another process and then says so, in the words that SQLite has for it."""
    monkeypatch.setattr("bailee.people.store.WRITE_SECONDS", 0.2)
    other, waiting = again(url), again(url)
    with other.write() as connection:
        progress.advance(connection)
        with pytest.raises(WorkspaceError, match="and did not finish within 60 s; try again"), waiting.write():
            pass
        with waiting.read() as reader:
            assert 0 == progress.read(reader).sequence
    with waiting.write() as connection:
        assert 2 == progress.advance(connection)


def test_a_connection_that_was_ended(url: str, postgres: Cluster) -> None:
    """Connections that an administrator ended are replaced, and what ran in one says that nothing was recorded."""
    database = again(url)

    def end() -> None:
        postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'")

    def ended() -> None:
        with database.write() as connection:
            end()
            progress.advance(connection)

    for _ in range(3):
        with pytest.raises(WorkspaceError, match=r"nothing was recorded, try again"):
            ended()
        end()
        with database.read() as connection:
            assert 0 == progress.read(connection).sequence


def test_a_connection_that_was_ended_while_nobody_used_it(url: str, postgres: Cluster) -> None:
    """A server that was restarted between two reads is no error, however soon the second one comes."""
    database = again(url)
    for _ in range(3):
        with database.read() as connection:
            assert 0 == progress.read(connection).sequence
        postgres.run(f"SELECT pg_terminate_backend(pid, 9999) FROM pg_stat_activity WHERE datname = '{name_of(url)}'")


def test_a_statement_that_failed_and_was_hidden(database: Database) -> None:
    """A caller that goes on after a failed statement does not believe that what it wrote was kept, where it was not."""

    def hides(connection: Connection) -> None:
        progress.advance(connection)
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql("INSERT INTO settings VALUES ('a', 'b'), ('a', 'c')")

    if database.shared:  # SQLite takes back the one statement only
        with pytest.raises(WorkspaceError, match="so nothing was recorded"), database.write() as connection:
            hides(connection)
        with database.read() as connection:
            assert 0 == progress.read(connection).sequence


def test_a_text_with_nul(database: Database) -> None:
    """PostgreSQL keeps no NUL in a text: that is said, and nothing is kept."""
    if database.shared:
        with pytest.raises(WorkspaceError, match="holds the character NUL"), database.write() as connection:
            customers.add(connection, NewCustomer("a\0b"), NOW)


@pytest.mark.parametrize("table", ["choices", "notices_given"])
def test_only_rows_of_the_erased_may_go(database: Database, table: str) -> None:
    """What was said stays, but for the rows of customers who were erased; nobody empties the table at once."""
    with database.write() as connection:
        enrol(connection)
        choices.record(connection, policy(), REFUSAL, NOW)
        sequence = progress.advance(connection)
        connection.exec_driver_sql(
            "INSERT INTO notices (number, digest, purpose, language, text, terms, terms_digest, created_at) "
            "VALUES (1, 'd', 'offers', 'en', 't', '{}', 't', 1)"
        )
        connection.exec_driver_sql("INSERT INTO notices_given VALUES (?, 1, 1, 1)", (sequence,))
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET at = 2"):
        with pytest.raises(IntegrityError, match=f"{table} is append-only"), database.write() as connection:
            connection.exec_driver_sql(statement)
    if database.shared:
        with pytest.raises(IntegrityError, match="append-only"), database.write() as connection:
            connection.exec_driver_sql(f"TRUNCATE {table}")
    with database.write() as connection:
        customers.mark_erased(connection, 1, NOW)
        assert 1 == connection.exec_driver_sql(f"DELETE FROM {table} WHERE customer = 1").rowcount
    with database.read() as connection:
        assert 0 == connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
