"""Law 18's other half: after anything that went wrong, all that is kept is derived again and compared."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from pathlib import Path

from sqlalchemy import Connection

from bailee.decide import Compiled
from bailee.ledger import log, tree
from bailee.people import facts, keyring, notices, progress, schema, standing_tree
from bailee.people.database import Database
from bailee.people.derivation import derive, due
from bailee.policy import meaning
from bailee.policy.reasons import STANDING_CODES
from tests.gate.shop import database_of

#: What follows from the rest, or is made when first needed.
DERIVED = {"progress", "standing", "standing_past", "standing_tiles", "customer_keys"}
KEPT = [table for table in schema.metadata.tables if table not in DERIVED]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _TakenBack(Exception):
    """Ends a transaction whose writes were only for comparing."""


@contextmanager
def reopened(home: Path) -> Iterator[Database]:
    """The database as another process finds it."""
    database = database_of(home)
    try:
        yield database
    finally:
        database.close()


def kept(database: Database) -> Counter[str]:
    """How many rows each table of facts has, and how many entries the ledger of each kind and decision."""
    found: Counter[str] = Counter()
    with database.read() as connection:
        for table in (*KEPT, "ledger_records", "ledger_subjects"):
            found[table] = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        for entry in log.entries(connection):
            fields = entry.fields
            found[f"leaf {fields['kind']} {fields.get('decision', '')}".strip()] += 1
    return +found


def must_be_sound(database: Database, compiled: Compiled, at: datetime) -> None:
    """Check the store, the whole ledger, and that standing and its tree are what the facts lead to."""
    assert [] == database.check()
    with database.read() as connection:
        head = log.verify_log(connection, safe=keyring.of(connection))
        leaves = [entry.leaf for entry in log.entries(connection)]
        assert head == log.head(connection) == (len(leaves), tree.root_of(leaves))
        _must_match(connection)
    with taken_back(database) as connection:
        if due(connection, compiled, at):
            derive(connection, compiled, at)
        stored = _standing(connection)
        _must_be_the_trees(connection, compiled)
        connection.exec_driver_sql("UPDATE progress SET policy = NULL")
        derive(connection, compiled, at)
        assert stored == _standing(connection)
        _must_be_the_trees(connection, compiled)
        _must_be_meant(connection, compiled, at, stored)


@contextmanager
def taken_back(database: Database) -> Iterator[Connection]:
    """A write transaction that keeps nothing."""
    try:
        with database.write() as connection:
            yield connection
            raise _TakenBack
    except _TakenBack:
        pass


def _must_match(connection: Connection) -> None:
    """Every choice has its leaf and every leaf its choice, unless whom it was about was erased."""
    leaves = [entry.fields for entry in log.entries(connection)]
    shown = sorted(leaf["sequence"] for leaf in leaves if leaf["kind"] == "choice")  # type: ignore[type-var]
    told = connection.exec_driver_sql("SELECT sequence FROM choices WHERE import IS NULL ORDER BY sequence").scalars()
    said = list(told)
    erased = connection.exec_driver_sql("SELECT count(*) FROM customers WHERE erased_at IS NOT NULL").scalar_one()
    # What came after a backup that was restored has its leaves only.
    fewer = erased or any(leaf["kind"] == "restored" for leaf in leaves)
    assert set(said) <= set(shown) if fewer else said == shown
    for number, rows in connection.exec_driver_sql("SELECT number, rows FROM imports").all():
        own = f"SELECT count(*) FROM choices WHERE import = {number:d}"
        skipped = f"SELECT count(*) FROM import_skipped WHERE import = {number:d}"
        there = sum(connection.exec_driver_sql(count).scalar_one() for count in (own, skipped))
        assert there <= rows if erased else there in (0, rows)


def _standing(connection: Connection) -> dict[int, tuple[bytes, int | None]]:
    rows = connection.exec_driver_sql("SELECT customer, codes, until FROM standing ORDER BY customer")
    return {number: (bytes(codes), until) for number, codes, until in rows}


def _must_be_meant(
    connection: Connection, compiled: Compiled, at: datetime, stored: Mapping[int, tuple[bytes, int | None]]
) -> None:
    """Compare with the policy's meaning, which shares no code with the derivation."""
    terms = notices.terms(connection)
    for number, customer in facts.of_all(connection):
        slots = [(slot.purpose, slot.recipient) for slot in compiled.slots]
        then = meaning.judged_at(customer, at)
        meant = [meaning.standing(compiled.policy, *slot, customer, then, terms) for slot in slots]
        assert meant == [STANDING_CODES[code] for code in stored[number][0]]


def _must_be_the_trees(connection: Connection, compiled: Compiled) -> None:
    """Work out every customer's leaf and path to the root again, with no code of the writer's."""
    now = progress.read(connection)
    assert now.root is not None
    rows = connection.exec_driver_sql("SELECT customer, codes, until, sequence FROM standing").all()
    keys = keyring.of(connection).keys(connection, [row[0] for row in rows])
    for (number, codes, until, sequence), key in zip(rows, keys, strict=True):
        placed = standing_tree.placed_at(connection, number, now.derived)
        if key is not None:
            nonce = blake2b(sequence.to_bytes(8, "big"), digest_size=32, key=key).digest()
            assert placed.leaf == sha256(b"\0" + nonce + _value(compiled, bytes(codes), until)).digest()
        assert now.root == placed.root == _folded(placed.leaf, placed.path, number)


def _value(compiled: Compiled, codes: bytes, until: int | None) -> bytes:
    held = [slot for slot, code in zip(compiled.slots, codes, strict=True) if code == 0]
    names = sorted(slot.purpose if slot.recipient is None else f"{slot.purpose}/{slot.recipient}" for slot in held)
    time = None if until is None else (EPOCH + timedelta(microseconds=until)).isoformat(timespec="microseconds")
    shown = None if time is None else time.replace("+00:00", "Z")
    return json.dumps({"holds": names, "until": shown}, separators=(",", ":")).encode()


def _folded(leaf: bytes, path: list[bytes], position: int) -> bytes:
    found = leaf
    for beside in path:
        pair = beside + found if position & 1 else found + beside
        found, position = sha256(b"\1" + pair).digest(), position >> 1
    return found


def copied(home: Path, to: Path) -> None:
    """Copy the database of a workspace that is open, as one snapshot."""
    with sqlite3.connect(home / "state.db") as source, sqlite3.connect(to) as target:
        source.backup(target)
