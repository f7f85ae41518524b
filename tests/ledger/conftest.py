"""A real store of each kind as the workspace keeps it, and entries to append to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event

from bailee.ledger import log
from bailee.ledger.values import Draft
from bailee.people.postgresql import PostgreSQL
from bailee.people.store import PURPOSE, WRITE
from tests.ledger.safe import Safe
from tests.postgres import Cluster

START = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def safe() -> Safe:
    """What seals the records of a test."""
    return Safe()


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A new ledger, opened as `people` opens it, whose transactions all write."""
    yield from in_a_file(tmp_path) if request.param == "sqlite" else _served(request)


def _served(request: pytest.FixtureRequest) -> Iterator[Engine]:
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.new(request.getfixturevalue("template"))
    engine = PostgreSQL(url).engine(create=False, read_only=False)
    yield engine.execution_options(**{PURPOSE: WRITE})
    engine.dispose()
    cluster.drop(url)


def in_a_file(tmp_path: Path) -> Iterator[Engine]:
    """A new ledger in a SQLite file."""
    engine = create_engine(f"sqlite:///{tmp_path / 'state.db'}")

    @event.listens_for(engine, "connect")
    def durable(connection, _record) -> None:  # type: ignore[no-untyped-def]
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA busy_timeout = 20000")

    @event.listens_for(engine, "begin")
    def one_writer(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        log.create(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def draft() -> Callable[[int], Draft]:
    """Makes the n-th of a series of entries, all different."""

    def make(number: int) -> Draft:
        public = {
            "purpose": "personal_offers",
            "effect": "personalise",
            "recipient": None,
            "decision": "answered",
            "policy": "sha256:" + "a" * 64,
            "map": "sha256:" + "b" * 64,
            "rewriter": "sha256:" + "c" * 64,
            "about": "all",
            "standing_sequence": number,
            "as_of": START,
        }
        private = {"actor": "ana", "question": f"SELECT {number}", "rows": number}
        return Draft("use", public, private, START + timedelta(seconds=number), sha256(b"%d" % number).digest())

    return make


@pytest.fixture
def filled(engine: Engine, draft: Callable[[int], Draft], safe: Safe) -> Engine:
    """A ledger of 41 entries: no power of two, with nodes at levels 1 to 5; every tenth is about customer 7."""
    drafts = [draft(number)._replace(subjects=(7, number) if number % 10 == 9 else ()) for number in range(41)]
    with engine.begin() as connection:
        log.append_many(connection, drafts, safe=safe)
    return engine
