"""Whoever writes in the tables past the ledger is found, and the entry is named."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from bailee.errors import NotVerified, RecordError
from bailee.ledger import log, tree
from bailee.ledger.values import Head, Safe
from tests.ledger.conftest import in_a_file

SWAP = """UPDATE ledger_leaves SET ({columns}) = (SELECT {columns} FROM ledger_leaves AS other
    WHERE other.position = CASE ledger_leaves.position WHEN 5 THEN 30 ELSE 5 END) WHERE position IN (5, 30)"""
LAST_TO_5 = """UPDATE ledger_leaves SET ({columns}) = (SELECT {columns} FROM ledger_leaves AS other
    WHERE other.position = 40) WHERE position = 5"""
CLOSE_UP = "UPDATE ledger_leaves SET position = position - 1 WHERE position > 5"

TAMPERINGS = {
    "flipped to text": ["UPDATE ledger_leaves SET leaf = replace(leaf, 'answered', 'refused') WHERE position = 5"],
    "flipped": [
        "UPDATE ledger_leaves SET leaf = CAST(replace(leaf, 'answered', 'refused') AS BLOB) WHERE position = 5"
    ],
    "hash flipped": ["UPDATE ledger_leaves SET hashes = zeroblob(64) WHERE position = 5"],
    "dropped": ["DELETE FROM ledger_leaves WHERE position = 5"],
    "swapped": [SWAP.format(columns="leaf")],
    "duplicated over": [LAST_TO_5.format(columns="leaf")],
}
GROUP_TAMPERINGS = {
    "dropped and closed up": ["DELETE FROM ledger_leaves WHERE position = 5", CLOSE_UP],
    "swapped whole": [SWAP.format(columns="leaf, hashes")],
    "duplicated over whole": [LAST_TO_5.format(columns="leaf, hashes")],
    "node flipped": [
        "UPDATE ledger_leaves SET hashes = CAST(substr(hashes, 1, 32) || zeroblob(32) AS BLOB) WHERE position = 5"
    ],
    "node dropped": ["UPDATE ledger_leaves SET hashes = substr(hashes, 1, 32) WHERE position = 5"],
}
OTHER_TAMPERINGS = {
    "truncated": (["DELETE FROM ledger_leaves WHERE position >= 37"], "entry `37` is missing: the head counts 41"),
    "duplicated": (
        ["INSERT INTO ledger_leaves SELECT 41, leaf, hashes FROM ledger_leaves WHERE position = 5"],
        "entry `41` is one too many: the head counts 41",
    ),
    "put before": (
        ["INSERT INTO ledger_leaves SELECT -1, leaf, hashes FROM ledger_leaves WHERE position = 5"],
        "entry `-1` is one too many",
    ),
    "node added": (
        ["UPDATE ledger_leaves SET hashes = CAST(hashes || zeroblob(32) AS BLOB) WHERE position = 4"],
        "entry `4` stores 64 bytes of hashes, expected 32",
    ),
    "head flipped": (["UPDATE ledger_head SET edge = zeroblob(length(edge))"], "the ledger's head is not what"),
    "head gone": (["DELETE FROM ledger_head"], "the ledger has no head"),
    "table gone": (["DROP TABLE ledger_subjects"], r"cannot be read \(SQLITE_ERROR\)"),
    "record flipped": (
        ["UPDATE ledger_records SET sealed = CAST(sealed || x'00' AS BLOB) WHERE position = 5"],
        "private record of entry `5` is not the one its leaf committed to",
    ),
    "record flipped to text": (["UPDATE ledger_records SET sealed = 'text' WHERE position = 5"], "record of entry `5`"),
    "record of another": (
        [
            "UPDATE ledger_records SET sealed = "
            "(SELECT sealed FROM ledger_records WHERE position = 4) WHERE position = 5"
        ],
        "private record of entry `5`",
    ),
    "record for a leaf without": (
        ["UPDATE ledger_records SET position = 41 WHERE position = 5"],
        "a private record for an entry `41`",
    ),
    "subject added": (["INSERT INTO ledger_subjects VALUES (3, 5)"], "private record of entry `5`"),
    "subject dropped": (["DELETE FROM ledger_subjects WHERE customer = 7"], "private record of entry `9`"),
    "subject of no entry": (["INSERT INTO ledger_subjects VALUES (3, 50)"], "customers are named for an entry `50`"),
    "record invented": (
        ["INSERT INTO ledger_records VALUES (50, x'7b7d')"],
        "a private record for an entry `50` that the ledger does not have",
    ),
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A ledger in a file: the tampering is written in SQLite's own words."""
    yield from in_a_file(tmp_path)


def run(connection: Connection, statements: list[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("how", TAMPERINGS)
def test_a_changed_entry_is_named(filled: Engine, how: str) -> None:
    """L13: an entry that was flipped, dropped, swapped or written over is found and named."""
    with filled.begin() as connection:
        run(connection, TAMPERINGS[how])
        with pytest.raises(NotVerified, match=r"^entry `5` is (missing|not what was recorded)"):
            log.verify_log(connection)


@pytest.mark.parametrize("how", GROUP_TAMPERINGS)
def test_an_entry_changed_with_its_hash_is_named_among_two(filled: Engine, how: str) -> None:
    """L13: where entries were moved with their hashes, the stored nodes tell which pair it is in."""
    with filled.begin() as connection:
        run(connection, GROUP_TAMPERINGS[how])
        with pytest.raises(NotVerified, match="one of the entries `4` to `5` is not what was recorded"):
            log.verify_log(connection)


@pytest.mark.parametrize("how", OTHER_TAMPERINGS)
def test_other_tampering_is_found(filled: Engine, safe: Safe, how: str) -> None:
    """L13: entries cut off or added, and nodes, heads and records that are not the ledger's, are found."""
    statements, message = OTHER_TAMPERINGS[how]
    with filled.begin() as connection:
        assert 41 == log.verify_log(connection, safe=safe).size
        run(connection, statements)
        with pytest.raises(NotVerified, match=message):
            log.verify_log(connection, safe=safe)


@given(st.integers(0, 40), st.integers(0, 300), st.integers(1, 255))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_byte_is_found(filled: Engine, position: int, byte: int, flip: int) -> None:
    """L13: no byte of any leaf can change."""
    with filled.connect() as connection:
        leaf = bytearray(log.leaf(connection, position))
        leaf[byte % len(leaf)] ^= flip
        connection.exec_driver_sql("UPDATE ledger_leaves SET leaf = ? WHERE position = ?", (bytes(leaf), position))
        with pytest.raises(NotVerified, match=f"^entry `{position}` is not what was recorded"):
            log.verify_log(connection)
        connection.rollback()


def test_a_log_rewritten_whole_is_found_by_a_head_kept_elsewhere(filled: Engine, safe: Safe) -> None:
    """L18: a consistent forgery passes alone, and fails against a head that somebody kept."""
    with filled.begin() as connection:
        kept = log.head(connection)
        middle = Head(20, tree.root_of([entry.leaf for entry in log.entries(connection, 0, 20)]))
        assert kept == log.verify_log(connection, known=kept) == log.verify_log(connection, known=middle)
        drafts = [entry.fields for entry in log.entries(connection)]
        for table in ("leaves", "records", "subjects"):
            connection.exec_driver_sql(f"DELETE FROM ledger_{table}")
        connection.exec_driver_sql("UPDATE ledger_head SET size = 0, edge = x''")
        for number, fields in enumerate(drafts[:30]):
            public = {name: fields[name] for name in fields if name not in ("kind", "at", "commitment")}
            changed = {**public, "standing_sequence": 999} if number == 7 else public
            log.append(connection, "use", changed, None, datetime.fromisoformat(str(fields["at"])), b"", safe=safe)
        assert 30 == log.verify_log(connection).size
        with pytest.raises(NotVerified, match="entry `30` is missing: the known head counts 41"):
            log.verify_log(connection, known=kept)
        with pytest.raises(NotVerified, match="one of the entries before `20` is not what the known head counted"):
            log.verify_log(connection, known=middle)
        with pytest.raises(NotVerified, match="entries before `0`"):
            log.verify_log(connection, known=Head(0, bytes(32)))


def test_an_erased_record_is_no_fault(filled: Engine, safe: Safe) -> None:
    """L10: a record may go for ever; its leaf still verifies and says nothing."""
    with filled.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_records WHERE position = 5")
        assert 41 == log.verify_log(connection).size
        assert log.record(connection, 5, safe=safe) is None


def test_a_record_opens_only_its_own_leaf(filled: Engine, safe: Safe) -> None:
    """L5: opening checks the commitment, HMAC-SHA256 of the record under its random, each time."""
    with filled.begin() as connection:
        found = log.opening(connection, 5, safe=safe)
        assert found is not None
        shown = next(log.entries(connection, 5)).fields["commitment"]
        assert hmac.new(found.random, found.record, "sha256").hexdigest() == shown
        assert log.record(connection, 5, safe=safe) == json.loads(found.record)
        other = safe.seal(connection, (), found.random + b"{}", bytes.fromhex(str(shown)))
        connection.exec_driver_sql("UPDATE ledger_records SET sealed = ? WHERE position = 5", (other,))
        with pytest.raises(NotVerified, match="record of entry `5` is not the one"):
            log.record(connection, 5, safe=safe)
        with pytest.raises(NotVerified, match="record of entry `5` is not the one"):
            log.verify_log(connection, safe=safe)
        assert 41 == log.verify_log(connection).size


def test_a_lost_node_or_head_is_said_so(filled: Engine) -> None:
    """A proof that needs a node which is gone fails by name, and a damaged head is not written upon."""
    with filled.begin() as connection:
        connection.exec_driver_sql("UPDATE ledger_leaves SET hashes = substr(hashes, 1, 64) WHERE position = 7")
        with pytest.raises(NotVerified, match="lost its node over the entries from `4`"):
            log.prove_inclusion(connection, 0)
        connection.exec_driver_sql("UPDATE ledger_head SET edge = x'00'")
        with pytest.raises(RecordError, match="head is missing or damaged"):
            log.head(connection)


def test_progress_is_told(filled: Engine) -> None:
    """Whoever waits is told how many entries are checked, of how many."""
    told: list[tuple[int, int]] = []
    with filled.connect() as connection:
        log.verify_log(connection, lambda done, of: told.append((done, of)))
    assert (41, 41) == told[-1]
