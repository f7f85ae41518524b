"""The standing column on DuckDB: what a question costs by it, by a mask and raw, and what it costs to keep it.

As `sql`, over the same order lines of 500,000 customers and of 2,000,000, more than DuckDB's array-indexed join takes.
`engine` is the worker's own time for a governed question; the rows of each way are compared with a filter by hand. What
keeping costs is measured on a copy of the file of 500,000 customers: filled first, then the standing of one and of a
thousand customers changes. `the question after it` starts the engine again, which had let go of the file.
`BAILEE_BENCH_ROWS` scales the order lines down.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from math import prod
from pathlib import Path

import bailee
from bailee.gate.gate import Gate
from bailee.people import relations
from bench import sql
from bench.figure import Figure
from bench.plain import Plain

COLUMN = "bailee_standing"
SIZES = {500_000: 1.2, 2_000_000: 1.2}
WAYS, ROUNDS = ("column", "mask"), 7
#: How many times raw Q1 may take, past DuckDB's array-indexed join.
PAST = 1.8


def rows() -> Iterable[Figure]:
    """Ratios of governed to raw by each way, then seconds and bytes of keeping the column."""
    for count in SIZES:
        sql.build(_home(count), count, COLUMN)
        with bailee.open(_home(count)) as gate:
            gate.maintain()
            with Plain(_home(count) / "warehouse.duckdb", sql.THREADS, sql.MEMORY) as plain:
                yield from _questions(gate, plain, count)
    yield from _keeping()


def _home(count: int) -> Path:
    return sql.HOME.with_name(f"column-{sql.ROWS}-{count}")


def _questions(gate: Gate, plain: Plain, count: int) -> Iterable[Figure]:
    sql._prepare(plain)
    raw: sql.Taken = {name: [] for name in sql.QUESTIONS}
    taken: dict[str, sql.Taken] = {way: {name: [] for name in sql.QUESTIONS} for way in WAYS}
    for way in WAYS:
        _go(gate, way)
        sql._agree(gate, plain)
    for _ in range(ROUNDS):
        for name in sql.QUESTIONS:
            raw[name].append(plain.seconds(sql._raw(name)))
            for way in WAYS:
                _go(gate, way)
                answer = gate.ask(sql._governed(name), purpose="insight")
                assert {each.by for each in answer.ways} == {way}
                taken[way][name].append(answer.seconds)
    people = f"{count:,} customers"
    for name in sql.QUESTIONS:
        best = min(raw[name])
        yield Figure(f"{people}: {name} raw", best * 1e3, "ms", spread=sql._spread(raw[name], 1e3))
        for way in WAYS:
            ratio, spread = min(taken[way][name]) / best, sql._spread(taken[way][name], 1 / best)
            most = PAST if name == "Q1" and count > 1 << 20 else 2.5
            judged = name in sql.JUDGED and (way == "column" or most == PAST)
            bar, met = (f"at most {most}", ratio <= most) if judged else (None, None)
            yield Figure(f"{people}: {name} by {way}, engine", ratio, "x raw", bar, met, spread)
    for way in WAYS:
        mean = prod(min(taken[way][name]) / min(raw[name]) for name in sql.JUDGED) ** (1 / len(sql.JUDGED))
        most = SIZES[count]
        bar, met = (f"at most {most}", mean <= most) if way == "column" else (None, None)
        yield Figure(f"{people}: geometric mean Q1-Q4 by {way}, engine", mean, "x raw", bar, met)


def _go(gate: Gate, way: str) -> None:
    """Have the next questions answered by one way."""
    gate._sets().columns = gate._columns(None) if way == "column" else None


def _keeping() -> Iterable[Figure]:
    """What keeping the column costs, on a copy without it."""
    home = sql.HOME.with_name("column-kept")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(sql.HOME if (sql.HOME / "done").exists() else _home(500_000), home)
    file = home / "warehouse.duckdb"
    _without(home)
    size = file.stat().st_size
    yield Figure("keeping: the file before", size / 2**20, "MiB")
    with bailee.open(home) as gate:
        gate.ask(sql._governed("Q1"), purpose="insight")
        others = [n for n in range(1, 500_001) if n * 7919 % 100 >= 67]
        yield Figure("keeping: filled first, all customers", _seconds(gate), "s")
        yield Figure("keeping: the file then", file.stat().st_size / 2**20, "MiB")
        for many, rounds in ((1, 5), (1_000, 3)):
            seconds, after = [], []
            for _ in range(rounds):
                some, others = others[:many], others[many:]
                with gate.database.write() as connection:
                    relations.contracts(connection, [(n, sql.LAST, None) for n in some])
                seconds.append(_seconds(gate))
                began = time.perf_counter()
                gate.ask(sql._governed("Q5"), purpose="insight")
                after.append(time.perf_counter() - began)
            people = "one customer" if many == 1 else f"{many:,} customers"
            spread = sql._spread(seconds, 1e3)
            yield Figure(f"keeping: {people}", min(seconds) * 1e3, "ms", spread=f"{spread} ms")
            spread = sql._spread(after, 1e3)
            yield Figure(
                f"keeping: the question after it (Q5), {people}", min(after) * 1e3, "ms", spread=f"{spread} ms"
            )
        yield Figure("keeping: nothing to do", _seconds(gate) * 1e3, "ms")
        yield Figure("keeping: the file at last", file.stat().st_size / 2**20, "MiB")
    shutil.rmtree(home)


def _seconds(gate: Gate) -> float:
    began = time.perf_counter()
    assert gate.maintain().fresh
    return time.perf_counter() - began


def _without(home: Path) -> None:
    """Give a workspace's map the column, and its file none."""
    import json

    import duckdb

    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        for table in sql.CATEGORIES:
            con.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {COLUMN}")
    (home / "datamap.yaml").write_text(json.dumps(sql._map(COLUMN)), encoding="utf-8")
