"""How fast the ledger records, proves and verifies, beside what the disk can do in the same run."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event

from bailee.ledger import log, verify
from bench.figure import Figure

ROUNDS = 5
GROUPS = {1: 500, 100: 10_000, 1000: 20_000}
PROOFS = 2_000
AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


def rows() -> list[Figure]:
    """Measure everything in interleaved rounds and return the best of each."""
    found: dict[str, float] = {}

    def best(name: str, rate: float) -> None:
        found[name] = max(rate, found.get(name, 0.0))

    with tempfile.TemporaryDirectory() as folder:
        engine = _open(Path(folder) / "state.db")
        for turn in range(ROUNDS):
            best("fdatasync", _fdatasync(Path(folder) / f"plain{turn}"))
            for group, count in GROUPS.items():
                best(f"append, {group} a commit", _append(engine, count, group, private=False))
                best(f"append with private record, {group} a commit", _append(engine, count, group, private=True))
            with engine.connect() as connection:
                best("inclusion proofs", _proofs(connection, log.prove_inclusion))
                best("consistency proofs", _proofs(connection, log.prove_consistency))
                leaves = [entry.leaf for entry in log.entries(connection)]
                best("verify leaves in memory", _verify(connection, leaves))
                best("verify the whole ledger from disk", _rate(len(leaves), lambda at=connection: log.verify_log(at)))
        engine.dispose()
    bars = {
        "append, 1 a commit": 0.8 * found["fdatasync"],
        "append, 1000 a commit": 100_000,
        "inclusion proofs": 10_000,
        "consistency proofs": 10_000,
        "verify leaves in memory": 500_000,
    }
    return [_figure(name, rate, bars.get(name)) for name, rate in found.items()]


def _figure(name: str, rate: float, bar: float | None) -> Figure:
    if bar is None:
        return Figure(f"ledger: {name}", rate, "a second")
    return Figure(f"ledger: {name}", rate, "a second", f"at least {bar:,.0f}", rate >= bar)


def _open(file: Path) -> Engine:
    engine = create_engine(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def durable(connection, _record) -> None:  # type: ignore[no-untyped-def]
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def one_writer(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        log.create(connection)
    return engine


def _draft(number: int, *, private: bool) -> log.Draft:
    public = {
        "purpose": "personal_offers",
        "effect": "personalise",
        "recipient": None,
        "decision": "answered",
        "policy": "sha256:" + "a" * 64,
        "map": "sha256:" + "b" * 64,
        "rewriter": "sha256:" + "c" * 64,
        "standing_sequence": number,
        "as_of": AT,
    }
    record = {"actor": "ana", "question": "SELECT store, sum(quantity) FROM lines GROUP BY store", "rows": number}
    return log.Draft("use", public, record if private else None, AT, os.urandom(32))


def _append(engine: Engine, count: int, group: int, *, private: bool) -> float:
    drafts = [_draft(number, private=private) for number in range(count)]

    def work() -> None:
        for start in range(0, count, group):
            with engine.begin() as connection:
                log.append_many(connection, drafts[start : start + group])

    return _rate(count, work)


def _proofs(connection: Connection, prove: Callable[[Connection, int], object]) -> float:
    size = log.head(connection).size
    places = [number * 7919 % size for number in range(PROOFS)]
    return _rate(PROOFS, lambda: [prove(connection, place) for place in places])


def _verify(connection: Connection, leaves: list[bytes]) -> float:
    head = log.head(connection)
    return _rate(head.size, lambda: verify.verify_leaves(leaves, head.size, head.root))


def _fdatasync(file: Path) -> float:
    """Appends of an entry's length, each made durable: the limit for one entry a commit."""
    with file.open("wb", buffering=0) as plain:

        def work() -> None:
            for _ in range(500):
                plain.write(b"x" * 560)
                os.fdatasync(plain.fileno())

        return _rate(500, work)


def _rate(count: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)
