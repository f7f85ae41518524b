"""How fast the ledger records, proves and verifies, beside what the disk can do in the same run.

Entries are appended as a workspace appends them, private records sealed; leaves alone, without a record, are told
apart. Appends of many a commit are held against their bar in CPU time; those of one a commit against the disk's own
fdatasync, of an entry's bytes put at a file's end. SQLite alone is one row of those bytes a commit, by its own driver
with nothing around it: what no log in it can pass.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from bailee.ledger import log, verify
from bailee.people.database import Database, open_database
from bench.figure import Figure

ROUNDS = 5
GROUPS = {1: 500, 100: 10_000, 1000: 20_000}
WRITERS = 8
PROOFS, SIZE = 2_000, 1_000_000
AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)

#: A question so long, in seconds, may take so much longer for being recorded.
QUESTION, SHARE = 0.010, 0.05


def rows() -> list[Figure]:
    """Measure everything in interleaved rounds and return the best of each."""
    found: dict[str, float] = {}

    def best(name: str, rate: float) -> None:
        found[name] = max(rate, found.get(name, 0.0))

    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "state.db", create=True, extra=[log.create])
        for turn in range(ROUNDS):
            best("fdatasync", _fdatasync(Path(folder) / f"plain{turn}"))
            best("SQLite alone, 1 row a commit", _sqlite(Path(folder) / f"alone{turn}"))
            for group, count in GROUPS.items():
                wall, cpu = _append(database, count, group)
                best(f"append, {group} a commit", wall)
                if group > 1:
                    best(f"append, {group} a commit, of CPU time", cpu)
            best("append without record, 1000 a commit, of CPU time", _append(database, 20_000, 1000, record=False)[1])
            best(f"append, {WRITERS} threads, one entry each at a time", _together(database))
        _grow(database, SIZE)
        for _ in range(ROUNDS):
            with database.read() as connection:
                best("inclusion proofs at 1 M entries", _proofs(connection, log.prove_inclusion))
                best("consistency proofs at 1 M entries", _proofs(connection, log.prove_consistency))
        with database.read() as connection:
            size = log.head(connection).size
            best("verify the whole ledger from disk", _rate(size, lambda: log.verify_log(connection)))
            leaves = log.leaves_at(connection, 0, 200_000)
        for _ in range(ROUNDS):
            best("verify leaves in memory", _verify(leaves))
        database.close()
    bars = {
        "append, 1 a commit": 0.8 * found["fdatasync"],
        "append, 1000 a commit, of CPU time": 100_000,
        "inclusion proofs at 1 M entries": 10_000,
        "consistency proofs at 1 M entries": 10_000,
        "verify leaves in memory": 500_000,
    }
    share = 100 / found["append, 1 a commit"] / QUESTION
    recording = Figure("ledger: recording, of a question of 10 ms", share, "%", "at most 5", share <= 100 * SHARE)
    return [*(_figure(name, rate, bars.get(name)) for name, rate in found.items()), recording]


def _figure(name: str, rate: float, bar: float | None) -> Figure:
    if bar is None:
        return Figure(f"ledger: {name}", rate, "a second")
    return Figure(f"ledger: {name}", rate, "a second", f"at least {bar:,.0f}", rate >= bar)


def _draft(number: int) -> log.Draft:
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
        "standing_root": "0d" * 32,
        "as_of": AT,
    }
    record = {"actor": "ana", "question": "SELECT store, sum(quantity) FROM lines GROUP BY store", "rows": number}
    return log.Draft("use", public, record, AT, os.urandom(log.RANDOM_BYTES))


def _commit(database: Database, drafts: list[log.Draft]) -> object:
    safe = database.keyring
    assert safe is not None
    return database.commit(lambda connection: log.append_many(connection, drafts, safe=safe))


def _append(database: Database, count: int, group: int, *, record: bool = True) -> tuple[float, float]:
    """Entries a second, and a second of CPU time."""
    drafts = [_draft(number) for number in range(count)]
    if not record:
        drafts = [draft._replace(private=None) for draft in drafts]
    cpu = time.process_time()
    wall = _rate(count, lambda: [_commit(database, drafts[at : at + group]) for at in range(0, count, group)])
    return wall, count / (time.process_time() - cpu)


def _together(database: Database) -> float:
    drafts = [_draft(number) for number in range(WRITERS * 100)]

    def one(writer: int) -> None:
        for at in range(100):
            _commit(database, [drafts[writer * 100 + at]])

    with ThreadPoolExecutor(WRITERS) as threads:
        return _rate(len(drafts), lambda: list(threads.map(one, range(WRITERS))))


def _grow(database: Database, size: int) -> None:
    """Let the log have so many entries: those that it has, again and again."""
    with database.read() as connection:
        now = log.head(connection).size
        leaves = log.leaves_at(connection, 0, min(now, 10_000))
    while now < size:
        some = leaves[: size - now]
        with database.write() as connection:
            log.carry(connection, some)
        now += len(some)


def _proofs(connection: Connection, prove: Callable[[Connection, int], object]) -> float:
    size = log.head(connection).size
    places = [number * 7919 % size for number in range(PROOFS)]
    return _rate(PROOFS, lambda: [prove(connection, place) for place in places])


def _verify(leaves: list[bytes]) -> float:
    recount = verify.Recount()
    for _ in recount.add(leaves):
        pass
    return _rate(len(leaves), lambda: verify.verify_leaves(leaves, len(leaves), recount.root()))


def _fdatasync(file: Path) -> float:
    """Appends of an entry's length, each made durable: the limit for one entry a commit."""
    with file.open("wb", buffering=0) as plain:

        def work() -> None:
            for _ in range(500):
                plain.write(b"x" * 560)
                os.fdatasync(plain.fileno())

        return _rate(500, work)


def _sqlite(file: Path) -> float:
    """One row a commit, as durable as the ledger's: write-ahead log, synchronised at every commit."""
    with closing(sqlite3.connect(file, isolation_level=None)) as plain:
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("PRAGMA synchronous = FULL")
        plain.execute("CREATE TABLE entries (position INTEGER PRIMARY KEY, leaf BLOB NOT NULL)")
        return _rate(
            500, lambda: [plain.execute("INSERT INTO entries (leaf) VALUES (?)", (b"x" * 560,)) for _ in range(500)]
        )


def _rate(count: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)
