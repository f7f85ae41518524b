"""A real SQLite file as the workspace keeps it, and entries to append to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event

from bailee.ledger import log
from bailee.ledger.values import Draft
from tests.ledger.safe import Safe

START = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def safe() -> Safe:
    """What seals the records of a test."""
    return Safe()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A new ledger in a file, opened as `people` opens it."""
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
