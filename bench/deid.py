"""How fast values become safer, and how much they lose.

`BAILEE_ADULT` names a folder with Adult and its hierarchies (30,162 customers, 8 identifiers); without it made
customers stand in, and the bars on loss, which are Adult's, are left out. Loss is GCP, 0 to 1, as `spec/deid.md` says.
Ten million customers are drawn from these with replacement, each identifier replaced by a random customer's one time
in ten; near-unique ones have a birthday, a postcode, a sex and a day of joining. Seconds at this size are those of
counting by DuckDB from its file, searching, and publishing and verifying in SQL, in a process of its own with its peak
memory.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from bailee.deid import Frequencies, Promise, Ranges, Recoding, Sets, Tree, full_domain, mondrian
from bailee.deid.hierarchy import positions
from bailee.deid.loss import gcp
from bailee.deid.publication import PREFIX, counting, publishing
from bailee.engines.duckdb.counting import frequencies, select
from bench.figure import Figure, spread
from tests.deid import shop

ROUNDS = 5
MANY = int(os.environ.get("BAILEE_DEID_ROWS", "10000000"))
LATTICE, SETS = {5: 0.30805, 10: 0.37045, 50: 0.4988}, {5: 0.0425, 10: 0.0705, 50: 0.171}


def rows() -> list[Figure]:
    """Measure the small table in this process, each large one in its own."""
    found = small()
    for job in ("lattice", "mondrian", "near-unique"):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            found += [Figure(*row) for row in alone.submit(large, job).result()]
    return found


def people() -> tuple[pa.Table, tuple[str, ...], str, dict[str, str] | None]:
    """Adult or made customers: rows, identifiers, the sensitive column, and the files of hierarchies."""
    if os.environ.get("BAILEE_ADULT"):
        raw, files = shop.adult()
        return raw, tuple(files), "salary-class", files
    return shop.customers(1, 30_000), shop.IDENTIFIERS, "aisle", None


def small() -> list[Figure]:
    """The lattice and Mondrian at three sizes of classes, and with l and t."""
    raw, names, sensitive, files = people()
    counted, with_sensitive = shop.counted(raw, names), shop.counted(raw, names, (sensitive,))
    what = "Adult" if files else "made customers"
    made = {c: shop.adult_hierarchies(c, files) if files else shop.hierarchies(c) for c in (counted, with_sensitive)}
    found = []
    for k in (5, 10, 50):
        best = full_domain(counted, made[counted], Promise(k))
        bar = LATTICE[k] if files else None
        found.append(_loss(f"{what}: lattice, k = {k}, 5 % suppressed, GCP", best.loss, bar))
        found.append(
            _time(f"{what}: lattice, k = {k}", lambda k=k: full_domain(counted, made[counted], Promise(k)), 0.5)
        )
    promise = Promise(5, distinct=2, t=0.3 if files else 0.5)
    job = lambda: full_domain(with_sensitive, made[with_sensitive], promise)  # noqa: E731
    found.append(_time(f"{what}: lattice, k = 5, l = 2, t = {promise.t:g}", job, 1.5))
    free, trees = _free(counted), [Tree.of(c, made[counted][c.name]) for c in counted.identifiers]
    for k in (5, 10, 50):
        for way, scales in (("sets", free), ("hierarchies", trees)):
            recoding = mondrian(counted, scales, Promise(k))
            as_sets = Recoding(counted, tuple(free), recoding.number, recoding.classes)
            bar = SETS[k] if files else None
            found.append(_loss(f"{what}: Mondrian along {way}, k = {k}, GCP of sets", gcp(as_sets), bar))
            if way == "hierarchies":
                bar = 0.1335 if files and k == 10 else None
                found.append(_loss(f"{what}: Mondrian along {way}, k = {k}, GCP of nodes", gcp(recoding), bar))
            found.append(
                _time(
                    f"{what}: Mondrian along {way}, k = {k}",
                    lambda k=k, s=scales: mondrian(counted, s, Promise(k)),
                    0.2,
                )
            )
    return found


def _free(counted: Frequencies) -> list[Ranges | Sets]:
    return [Sets.of(c) if positions(c.values) is None else Ranges.of(c) for c in counted.identifiers]


def _loss(name: str, value: float, bar: float | None) -> Figure:
    return Figure(f"deid: {name}", value, "", None if bar is None else f"at most {bar:g}", bar and value <= bar)


def _time(name: str, job: Callable[[], object], bar: float) -> Figure:
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - began)
    return Figure(f"deid: {name}", min(seconds), "s", f"under {bar:g}", min(seconds) < bar, spread(seconds))


def large(job: str) -> list[tuple[Any, ...]]:
    """Count, search, publish and verify one large table."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "people.duckdb")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            names, files = alone.submit(_fill, job, path).result()
        with duckdb.connect(path) as con:
            return _measured(job, con, names, files)


def _measured(
    job: str, con: duckdb.DuckDBPyConnection, names: tuple[str, ...], files: dict[str, str] | None
) -> list[tuple[Any, ...]]:
    con.execute("SET memory_limit = '1GB'; SET threads = 2")
    laps = [time.perf_counter()]
    table = frequencies(con, "people", names)
    laps.append(time.perf_counter())
    counted = Frequencies.from_arrow(table, names)
    del table
    if job == "lattice":
        made = shop.adult_hierarchies(counted, files) if files else shop.hierarchies(counted)
        recoding = full_domain(counted, made, Promise(10)).recoding
    else:
        recoding = mondrian(counted, _free(counted), Promise(10))
    laps.append(time.perf_counter())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    con.register("mapping", recoding.mapping(PREFIX))
    con.execute(f"CREATE TABLE published AS {publishing('people', 'mapping', names)}")
    laps.append(time.perf_counter())
    smallest = select(con, counting("published", names)).to_pylist()[0]["k"]
    laps.append(time.perf_counter())
    count, search, publish, verify = np.diff(laps).tolist()
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bars = {"lattice": (5.0, 2048), "mondrian": (10.0, 2048), "near-unique": (30.0, 3072)}[job]
    what = f"deid: {counted.total:,} customers, k = 10, {job}"
    assert smallest >= 10
    return [
        (f"{what}: counting", count, "s"),
        (f"{what}: searching", search, "s"),
        (f"{what}: both", count + search, "s", f"under {bars[0]:g}", count + search < bars[0]),
        (f"{what}: peak memory until then", peak, "MiB", f"under {bars[1]:,}", peak < bars[1]),
        (f"{what}: publishing", publish, "s"),
        (f"{what}: verifying", verify, "s"),
        (f"{what}: peak memory of all", whole, "MiB"),
        (f"{what}: combinations", len(counted), ""),
        (f"{what}: GCP", gcp(recoding), ""),
        (f"{what}: smallest class, counted in SQL", smallest, "customers", "at least 10", smallest >= 10),
    ]


def _fill(job: str, path: str) -> tuple[tuple[str, ...], dict[str, str] | None]:
    """Write the large table."""
    raw, names, _, files = people()
    source = np.random.default_rng(6)
    with duckdb.connect(path) as con:
        for begin in range(0, MANY, 1_000_000):
            part = min(1_000_000, MANY - begin)
            rows = _near_unique(source, part) if job == "near-unique" else drawn(source, raw, names, part)
            con.register("rows", rows)
            con.execute(f"{'CREATE TABLE people AS' if not begin else 'INSERT INTO people'} SELECT * FROM rows")
    return (tuple(rows.column_names), None) if job == "near-unique" else (names, files)


def drawn(source: np.random.Generator, raw: pa.Table, names: tuple[str, ...], many: int) -> pa.Table:
    """So many customers from these with replacement, each identifier a random customer's one time in ten."""
    whole = source.integers(0, raw.num_rows, many)
    columns = {}
    for name in names:
        other = source.integers(0, raw.num_rows, many)
        columns[name] = raw[name].combine_chunks().take(pa.array(np.where(source.random(many) < 0.1, other, whole)))
    return pa.table(columns)


def _near_unique(source: np.random.Generator, many: int) -> pa.Table:
    return pa.table(
        {
            "birthday": pa.array(source.integers(-11_000, 14_000, many).astype(np.int32), pa.int32()).cast(pa.date32()),
            "postcode": source.integers(0, 10_000, many),
            "sex": pa.array(["f", "m"]).take(pa.array(source.integers(0, 2, many))),
            "joined": pa.array(source.integers(17_000, 20_500, many).astype(np.int32), pa.int32()).cast(pa.date32()),
        }
    )
