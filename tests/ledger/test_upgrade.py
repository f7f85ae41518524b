"""A ledger of version 1, as an older Bailee wrote it, is brought up to date whole or not at all."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Connection, Engine, create_engine, event

from bailee.errors import WorkspaceError
from bailee.ledger import log
from bailee.ledger.values import Draft
from tests.ledger.safe import Safe

SCHEMA = (
    "CREATE TABLE ledger_leaves (position INTEGER NOT NULL, leaf BLOB NOT NULL, hash BLOB NOT NULL, "
    "PRIMARY KEY (position))",
    "CREATE TABLE ledger_nodes (level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL, "
    "PRIMARY KEY (level, position)) WITHOUT ROWID",
    "CREATE TABLE ledger_records (position INTEGER NOT NULL, random BLOB NOT NULL, record BLOB NOT NULL, "
    "PRIMARY KEY (position))",
    "CREATE TABLE ledger_head (id INTEGER NOT NULL, version INTEGER NOT NULL, size INTEGER NOT NULL, "
    "edge BLOB NOT NULL, PRIMARY KEY (id))",
)
CUSTOMERS = {"ana": 3, "ben": 8}
PRIVATE: tuple[tuple[str, dict[str, object]], ...] = (
    ("use", {"question": "SELECT 1", "customers": None}),
    ("choice", {"customer": "ana", "act": "grant"}),
    ("use", {"question": "SELECT 2", "customers": ["ben", "ana", "nobody"]}),
    ("use", {"customer": "nobody", "verdict": "unknown_customer"}),
    ("notices_given", {"customers": ["ana", "ben"]}),
)
SIZE = 77


def numbers(keys: Sequence[str]) -> dict[str, int]:
    return {key: CUSTOMERS[key] for key in keys if key in CUSTOMERS}


def written(connection: Connection) -> list[bytes]:
    """Write 77 entries as version 1 did, with RFC 9162's hashes worked out here, and return their leaves."""
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
    leaves, level = [], []
    for position in range(SIZE):
        kind, private = PRIVATE[position % len(PRIVATE)]
        random, record = bytes([position]) * 32, json.dumps(private, sort_keys=True, separators=(",", ":")).encode()
        commitment = hmac.new(random, record, "sha256").hexdigest()
        leaf = json.dumps({"at": "2026-11-01T09:30:00.000000Z", "commitment": commitment, "kind": kind}).encode()
        level.append(hashlib.sha256(b"\0" + leaf).digest())
        connection.exec_driver_sql("INSERT INTO ledger_leaves VALUES (?, ?, ?)", (position, leaf, level[-1]))
        connection.exec_driver_sql("INSERT INTO ledger_records VALUES (?, ?, ?)", (position, random, record))
        leaves.append(leaf)
    peaks, height = [], 0
    while level:
        if height:
            for position, found in enumerate(level):
                connection.exec_driver_sql("INSERT INTO ledger_nodes VALUES (?, ?, ?)", (height, position, found))
        if len(level) % 2:
            peaks.insert(0, level[-1])
        level = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        height += 1
    connection.exec_driver_sql("INSERT INTO ledger_head VALUES (1, 1, ?, ?)", (SIZE, b"".join(peaks)))
    return leaves


@pytest.fixture
def old(tmp_path) -> Engine:  # type: ignore[no-untyped-def]
    """A file with a ledger of version 1."""
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")

    @event.listens_for(engine, "connect")
    def plain(connection, _record) -> None:  # type: ignore[no-untyped-def]
        connection.isolation_level = None

    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.begin() as connection:
        written(connection)
    return engine


def test_an_old_ledger_keeps_its_leaves_records_and_proofs(old: Engine, safe: Safe) -> None:
    """L17: every leaf, record and hash of version 1 is there after, records sealed, and appending goes on."""
    with old.begin() as connection:
        leaves = connection.exec_driver_sql("SELECT leaf FROM ledger_leaves ORDER BY position").scalars().all()
        log.create(connection, safe=safe, numbers=numbers)
        assert leaves == log.leaves_at(connection, 0, SIZE)
        assert (SIZE, log.tree.root_of(leaves)) == log.verify_log(connection, safe=safe)
        for position in range(SIZE):
            assert PRIVATE[position % len(PRIVATE)][1] == log.record(connection, position, safe=safe)
            log.prove_inclusion(connection, position)
        sealed = connection.exec_driver_sql("SELECT sealed FROM ledger_records").scalars().all()
        assert not any(b"ana" in each or b"SELECT" in each for each in sealed)
        tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
        assert {"ledger_leaves", "ledger_records", "ledger_subjects", "ledger_head"} == tables
    with old.begin() as connection:
        log.create(connection)
        assert SIZE == log.verify_log(connection, safe=safe).size


def test_an_old_record_is_sealed_under_whom_it_names(old: Engine, safe: Safe) -> None:
    """L19: choices and uses of version 1 that name customers go with their keys; all others are the company's."""
    with old.begin() as connection:
        log.create(connection, safe=safe, numbers=numbers)
        named = {number: log.of_customer(connection, number) for number in (3, 8)}
    expected = {number: [at for at in range(SIZE) if at % 5 in kinds] for number, kinds in ((3, (1, 2)), (8, (2,)))}
    assert expected == named


def test_an_upgraded_ledger_goes_on(old: Engine, safe: Safe, draft: Callable[[int], Draft]) -> None:
    """L9: entries that come after have the positions and hashes that they would have had."""
    with old.begin() as connection:
        log.create(connection, safe=safe, numbers=numbers)
        assert SIZE == log.append_many(connection, [draft(1), draft(2)], safe=safe)[0]
        leaves = log.leaves_at(connection, 0, SIZE + 2)
        assert (SIZE + 2, log.tree.root_of(leaves)) == log.verify_log(connection, safe=safe)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE ledger_leaves SET leaf = CAST(leaf || ' ' AS BLOB) WHERE position = 40",
        "UPDATE ledger_leaves SET hash = zeroblob(32) WHERE position = 40",
        "UPDATE ledger_nodes SET hash = zeroblob(32) WHERE level = 3 AND position = 2",
        "DELETE FROM ledger_nodes WHERE level = 6",
        "INSERT INTO ledger_nodes VALUES (7, 0, zeroblob(32))",
        "DELETE FROM ledger_leaves WHERE position = 76",
        "UPDATE ledger_head SET size = 76",
        "UPDATE ledger_head SET edge = zeroblob(128)",
        "UPDATE ledger_records SET record = CAST('{}' AS BLOB) WHERE position = 40",
        "INSERT INTO ledger_records VALUES (90, zeroblob(32), CAST('{}' AS BLOB))",
    ],
)
def test_a_damaged_old_ledger_is_left_as_it_is(old: Engine, safe: Safe, damage: str) -> None:
    """L17: where what is stored does not agree, nothing of the old ledger is changed, and it is said."""
    with old.begin() as connection:
        connection.exec_driver_sql(damage)
    before = dump(old)
    message = "does not hold what was recorded, so it was left as it is; restore a backup"
    with pytest.raises(WorkspaceError, match=message), old.begin() as connection:
        log.create(connection, safe=safe, numbers=numbers)
    assert before == dump(old)


def test_an_old_ledger_needs_keys(old: Engine) -> None:
    """L17: who opens an old ledger without keys is told what to do, and nothing is changed."""
    before = dump(old)
    with pytest.raises(WorkspaceError, match="open its workspace once"), old.begin() as connection:
        log.create(connection)
    assert before == dump(old)


def dump(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]
