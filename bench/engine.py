"""The engine's worker: how long it takes to start, to answer when warm, and to follow one withdrawal among 500,000.

Started: from nothing to the first reply, which every process pays once, while the rest of Bailee is loaded. A warm
question asks a table of one row, so it is all snapshot, views, pipe and Arrow. A change takes one key out of an allow
table and makes its mask anew, in a transaction; built whole is what a restart costs.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from bailee.engines import View
from bailee.engines.duckdb.engine import DuckDB
from bench.figure import Figure

KEYS, ROUNDS, QUESTIONS = 500_000, 7, 50
NAME, TYPE = "allow_bench", "INTEGER"


def rows() -> Iterable[Figure]:
    """Start, a warm question, an allow table built whole, and changed by one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.duckdb"
        with duckdb.connect(str(path)) as con:
            con.execute("CREATE TABLE one AS SELECT 1::INTEGER AS subject")
        taken = {"start": [_started(path) for _ in range(ROUNDS)]}
        with DuckDB(path) as engine:
            taken |= _warm(engine)
    bars = {"a warm question": 10.0, "one change among 500,000": 50.0}
    names = {"start": "start to first reply", "whole": "500,000 keys built whole"}
    found = []
    for name, seconds in taken.items():
        best, bar = min(seconds) * 1e3, bars.get(name)
        spread = f"{best:.3g} to {max(seconds) * 1e3:.3g} ms"
        met = None if bar is None else best <= bar
        found.append(Figure(names.get(name, name), best, "ms", bar and f"at most {bar:g}", met, spread))
    return found


def _warm(engine: DuckDB) -> dict[str, list[float]]:
    keys = [str(number) for number in range(KEYS)]
    whole = [_seconds(lambda: engine.allow(NAME, TYPE, keys, sequence=1)) for _ in range(3)]
    held = engine.allow(NAME, TYPE, keys, sequence=1)
    assert held.span is not None
    views = [View("v", f"SELECT t.subject FROM company.one t JOIN memory.main.{NAME} a ON a.subject = t.subject")]
    masked = [View("v", f"SELECT subject FROM company.one WHERE get_bit(getvariable('{NAME}')::BIT, subject) = 1")]
    masks = {NAME: held.span}
    asked = [
        _seconds(lambda: engine.ask(masked, "SELECT * FROM v", allow={NAME: 1}, masks=masks)) for _ in range(QUESTIONS)
    ]
    joined = [_seconds(lambda: engine.ask(views, "SELECT * FROM v", allow={NAME: 1})) for _ in range(QUESTIONS)]
    changed = []
    for at in range(1, ROUNDS + 1):
        gone = [str(at)]
        changed.append(
            _seconds(lambda at=at, gone=gone: engine.allow(NAME, TYPE, [], remove=gone, sequence=at + 1, base=at))  # type: ignore[misc]
        )
    return {
        "a warm question": asked,
        "the same with a join for the mask": joined,
        "whole": whole,
        "one change among 500,000": changed,
    }


def _started(path: Path) -> float:
    def start() -> None:
        with DuckDB(path) as engine:
            engine.catalog()

    return _seconds(start)


def _seconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began
