"""De-identification beside known Python libraries: same rows, same hierarchies, same promise, in one run.

Each peer runs in an environment of its own (`make peers`), in a process that is timed inside, without its imports and
without reading and writing files. Ours is timed from the raw table in memory to the published one in memory, with
counting, searching and publishing, and the slowest of its rounds stands beside theirs. `BAILEE_ADULT` names a folder
with Adult and its hierarchies; without it made customers stand in. Larger tables are drawn as in `bench/deid.py`, of
`BAILEE_PEERS_ROWS` customers for anjana and a tenth of that for lighthouse, about what each does in a minute.

Every published file, theirs and ours, is read back and scored by `bench/scoring.py` from what it says: GCP of nodes is
what is published, GCP of sets what could be said of the same classes by listing values. pycanon and SQL count k.
anjana may suppress as many as our lattice may, 5 %. Lighthouse has two processes and its own targets of quality, by
which it suppresses up to 1 %; its seconds are those of cutting, without its measures of quality; numbers are ranges for
both.

Noisy figures are the question of `bench/noise.py` at the same epsilon. OpenDP's Polars reads a Parquet file; ours goes
the gate's way, over two questions to an engine, and shares epsilon among three figures where OpenDP has two, since it
counts each group's customers too.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv

from bailee.deid import Frequencies, Hierarchy, Promise, Recoding, full_domain, mondrian
from bailee.deid.hierarchy import positions
from bailee.deid.publication import PREFIX, counting_sensitive, publishing
from bailee.engines import Limits
from bailee.engines.duckdb.counting import frequencies, select
from bailee.engines.duckdb.engine import DuckDB
from bailee.gate.noising import widths
from bench import deid, noise, scoring
from bench.figure import Figure, spread
from tests.deid import noisy, peers, shop

LARGE = int(environ.get("BAILEE_PEERS_ROWS", "1000000"))
SUPPRESSED, ROUNDS, THREADS, PATIENCE = 0.05, 3, 2, 170
TREES, SETS = "Mondrian along hierarchies", "Mondrian without hierarchies"
Way = Callable[[Frequencies, Mapping[str, Hierarchy]], Recoding]


@dataclass(frozen=True)
class Work:
    """A table with numbered rows, what identifies, and the files that peers are given."""

    what: str
    raw: pa.Table
    names: tuple[str, ...]
    sensitive: str | None
    files: Mapping[str, str] | None
    folder: Path

    @classmethod
    def of(
        cls,
        folder: Path,
        what: str,
        raw: pa.Table,
        names: tuple[str, ...],
        sensitive: str | None,
        files: Mapping[str, str] | None,
    ) -> Work:
        """Write the table and its hierarchies for those who read CSV."""
        folder = Path(tempfile.mkdtemp(dir=folder))
        kept = [*names, *([sensitive] if sensitive else [])]
        numbered = raw.select(kept).append_column(scoring.ROW, pa.array(np.arange(raw.num_rows)))
        made = cls(what, numbered, names, sensitive, files, folder)
        pyarrow.csv.write_csv(numbered, folder / "raw.csv")
        for name, hierarchy in made.hierarchies(shop.counted(raw, names)).items():
            peers.write(hierarchy, folder / f"{name}.csv")
        return made

    def hierarchies(self, counted: Frequencies) -> dict[str, Hierarchy]:
        """Those of the data set, in the order of the identifiers."""
        found = shop.adult_hierarchies(counted, dict(self.files)) if self.files else shop.hierarchies(counted)
        return {name: found[name] for name in self.names}

    def request(self, published: str, numbers: bool = False) -> dict[str, Any]:
        """What a peer is told; `numbers` has numbers without a hierarchy."""
        ranges = [n for n in self.names if numbers and positions(self.raw[n].unique().sort()) is not None]
        told = {"sensitive": self.sensitive} if self.sensitive else {}
        return {
            **told,
            "numbers": ranges,
            "raw": str(self.folder / "raw.csv"),
            "identifiers": list(self.names),
            "hierarchies": {name: str(self.folder / f"{name}.csv") for name in self.names if name not in ranges},
            "published": str(self.folder / published),
        }


@dataclass(frozen=True)
class Made:
    """What somebody published: whose it is, the seconds it took, the file, and what was set."""

    who: str
    seconds: float
    path: Path
    told: str


@dataclass(frozen=True)
class Kept:
    """A published file of which something was promised, and its smallest class by SQL."""

    what: str
    promise: Promise
    work: Work
    made: Made
    k: int


@dataclass
class Held:
    """Figures so far, and the published files that pycanon has still to count."""

    figures: list[Figure] = field(default_factory=list)
    files: list[Kept] = field(default_factory=list)

    def skip(self, what: str, why: str) -> None:
        """Say that a part was not measured, and why."""
        self.figures.append(Figure(f"peers: {what}", math.nan, "", spread=why))


def rows() -> list[Figure]:
    """Measure beside each peer that is there."""
    with tempfile.TemporaryDirectory() as folder:
        return _all(Path(folder))


def _all(folder: Path) -> list[Figure]:
    held = Held()
    raw, names, sensitive, files = deid.people()
    small = Work.of(folder, "Adult" if files else "made customers", raw, names, sensitive, files)
    _part(held, "full domain beside anjana", ("anjana",), lambda: _full_domain(held, small))
    _part(held, "Mondrian beside lighthouse", ("lighthouse",), lambda: _mondrian(held, small))
    _part(held, "classes counted by pycanon", ("pycanon",), lambda: _counted(held))
    _part(held, "noise beside OpenDP's Polars", ("opendp",), lambda: _noise(held))
    return held.figures


def _part(held: Held, what: str, needed: tuple[str, ...], job: Callable[[], None]) -> None:
    why = peers.lacking(*needed)
    if why is None:
        try:
            job()
        except subprocess.TimeoutExpired as late:
            why = f"not ready after {late.timeout:g} s"
        except peers.Failed as failed:
            why = f"it failed: {str(failed).splitlines()[-1]}"
    if why is not None:
        held.skip(what, why)


def _larger(work: Work, many: int) -> Work:
    drawn = deid.drawn(np.random.default_rng(6), work.raw, work.names, many)
    return Work.of(work.folder, f"{many:,} customers", drawn, work.names, None, work.files)


# Full domain ------------------------------------------------------------------------------------------------------


def _full_domain(held: Held, small: Work) -> None:
    t = 0.3 if small.files else 0.5
    for promise in (Promise(5), Promise(10), Promise(50), Promise(5, distinct=2), Promise(5, t=t)):
        _beside_anjana(held, small, promise)
    _beside_anjana(held, _larger(small, LARGE), Promise(10))


def _beside_anjana(held: Held, work: Work, promise: Promise) -> None:
    def way(counted: Frequencies, made: Mapping[str, Hierarchy]) -> Recoding:
        return full_domain(counted, made, promise, limit=SUPPRESSED).recoding

    asked = {"k": promise.k, "l": promise.distinct, "t": promise.t, "suppressed": SUPPRESSED}
    request = {**work.request(f"anjana {_short(promise)}.csv"), **asked}
    answer = peers.ask("anjana", request, PATIENCE)
    told = f"at most {SUPPRESSED:.0%} suppressed; imports {answer['imports']:.1f} s"
    theirs = Made(f"anjana {answer['version']}", answer["seconds"], Path(request["published"]), told)
    _compare(held, work, promise, "full domain", _ours(work, promise, "lattice", way), theirs, scoring.full_domain)


# Mondrian ---------------------------------------------------------------------------------------------------------


def _mondrian(held: Held, small: Work) -> None:
    _beside_lighthouse(held, small, Promise(10), SETS)
    for k in (10, 50):
        _beside_lighthouse(held, small, Promise(k), TREES)
    _beside_lighthouse(held, _larger(small, LARGE // 10), Promise(10), TREES)


def _beside_lighthouse(held: Held, work: Work, promise: Promise, kind: str) -> None:
    def way(counted: Frequencies, made: Mapping[str, Hierarchy]) -> Recoding:
        along = scoring.along if kind == TREES else scoring.freely
        return mondrian(counted, [along(c, made[c.name]) for c in counted.identifiers], promise, threads=THREADS)

    named = work.request(f"lighthouse {kind} {_short(promise)}.csv", numbers=True)
    request = {**named, "k": promise.k, "processes": THREADS, **({} if kind == TREES else {"hierarchies": {}})}
    answer = peers.ask("lighthouse", request, PATIENCE)
    told = f"{THREADS} processes; with its own measures {answer['whole']:.1f} s; imports {answer['imports']:.1f} s"
    theirs = Made(f"lighthouse {answer['version']}", answer["seconds"], Path(request["published"]), told)
    _compare(held, work, promise, kind, _ours(work, promise, kind, way), theirs, scoring.multidimensional)


# Both -------------------------------------------------------------------------------------------------------------


def _ours(work: Work, promise: Promise, kind: str, way: Way) -> Made:
    """Count, search and publish, some times over."""
    carried = [work.sensitive] if work.sensitive else []
    counted_by = (*work.names, *carried) if promise.of_sensitive else work.names
    seconds = []
    with duckdb.connect() as con:
        con.execute(f"SET threads = {THREADS}")
        con.register("people", work.raw)
        for _ in range(ROUNDS):
            began = time.perf_counter()
            counts = frequencies(con, "people", counted_by)
            counted = Frequencies.from_arrow(counts, work.names, counted_by[len(work.names) :])
            recoding = way(counted, work.hierarchies(counted))
            con.register("mapping", recoding.mapping(PREFIX))
            table = select(con, publishing("people", "mapping", work.names, (scoring.ROW, *carried)))
            seconds.append(time.perf_counter() - began)
    path = work.folder / f"{kind} {_short(promise)}.csv"
    pyarrow.csv.write_csv(table, path)
    return Made("ours", max(seconds), path, f"{THREADS} threads; {spread(seconds)}")


def _short(promise: Promise) -> str:
    more = f", l = {promise.distinct}" if promise.distinct else f", t = {promise.t:g}" if promise.t else ""
    return f"k = {promise.k}{more}"


def _compare(
    held: Held, work: Work, promise: Promise, kind: str, ours: Made, theirs: Made, judge: Callable[..., scoring.Score]
) -> None:
    """Seconds and losses of both, and their files for pycanon."""
    what = f"peers: {work.what}, {kind}, {_short(promise)}"
    hierarchies = work.hierarchies(Frequencies.from_arrow(work.raw.select(list(work.names)), work.names, count=None))
    scores = {}
    for made in (theirs, ours):
        published = scoring.read(made.path)
        if not published.num_rows:
            held.skip(f"{what.removeprefix('peers: ')}, {made.who}", "it published nothing")
            return
        scores[made.who] = judge(work.raw, published, hierarchies)
        held.files.append(Kept(f"{what}, {made.who}", promise, work, made, scores[made.who].k))
    mine, yours = scores["ours"], scores[theirs.who]
    held.figures += [
        Figure(f"{what}, ours", ours.seconds, "s", f"under {theirs.who}", ours.seconds < theirs.seconds, ours.told),
        Figure(f"{what}, {theirs.who}", theirs.seconds, "s", spread=theirs.told),
        Figure(f"{what}, {theirs.who} over ours", theirs.seconds / ours.seconds, "times"),
    ]
    for way in ("nodes", "sets") if kind in (TREES, SETS) else ("nodes",):
        loss, other = getattr(mine, way), getattr(yours, way)
        bar = f"at most {theirs.who}" if (way == "sets") == (kind == SETS) else None
        met = bar and loss <= other + 1e-9
        held.figures += [
            Figure(f"{what}, GCP of {way}, ours", loss, "", bar, met, f"{mine.suppressed:.2%} suppressed"),
            Figure(f"{what}, GCP of {way}, {theirs.who}", other, "", spread=f"{yours.suppressed:.2%} suppressed"),
        ]


def _counted(held: Held) -> None:
    """What pycanon counts of every file, beside what SQL does, and of promises about a sensitive column, l and t."""
    tables = [
        {
            "published": str(kept.made.path),
            "identifiers": list(kept.work.names),
            "sensitive": [kept.work.sensitive] if kept.promise.of_sensitive else [],
        }
        for kept in held.files
    ]
    answer = peers.ask("pycanon", {"tables": tables}, PATIENCE)
    for kept, found in zip(held.files, answer["tables"], strict=True):
        held.figures += _by_pycanon(kept, found, f"by pycanon {answer['version']}")


def _by_pycanon(kept: Kept, found: Mapping[str, Any], who: str) -> list[Figure]:
    k, least = found["k"], kept.promise.k
    told = f"SQL counts {kept.k}"
    figures = [Figure(f"{kept.what}: k {who}", k, "", f"at least {least}, and as SQL", k == kept.k >= least, told)]
    for sensitive, each in found["sensitive"].items():
        if kept.promise.distinct:
            least = kept.promise.distinct
            figures.append(Figure(f"{kept.what}: l {who}", each["l"], "", f"at least {least}", each["l"] >= least))
        if kept.promise.t:
            told = f"from all who are published; from everybody, by SQL, {_closeness(kept, sensitive):.3f}"
            figures.append(Figure(f"{kept.what}: t {who}", each["t"], "", spread=told))
    return figures


def _closeness(kept: Kept, sensitive: str) -> float:
    sql = counting_sensitive("published", kept.work.names, sensitive, "whole")
    with duckdb.connect() as con:
        found = select(con, sql, {"published": scoring.read(kept.made.path), "whole": kept.work.raw})
    return float(found["t_equal"][0].as_py())


# Noise ------------------------------------------------------------------------------------------------------------


def _noise(held: Held) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, parquet = Path(folder) / "visits.duckdb", Path(folder) / "visits.parquet"
        noise.load(path)
        with duckdb.connect(str(path), read_only=True) as con:
            cents = "SELECT customer_id, region, round(amount * 100)::BIGINT AS cents FROM visits"
            con.execute(f"COPY ({cents}) TO '{parquet}' (FORMAT parquet)")
        seconds, scale = _through_the_gate(path)
        request = {
            "parquet": str(parquet),
            "rows": 3,
            "most": noise.ROWS,
            "epsilon": float(noise.EPSILON),
            "keys": [f"g{at}" for at in range(noise.GROUPS)],
            "cents": [0, 20_000],
            "rounds": 2,
        }
        answers = {bounded: peers.ask("opendp", {**request, "bounded": bounded}, PATIENCE) for bounded in (True, False)}
    slowest = max(seconds)
    what = f"peers: noise, {noise.GROUPS} groups of {noise.ROWS:,} rows, count and sum"
    bounded = answers[True]
    name = f"OpenDP-Polars {bounded['version']}"
    told = f"3 rows of each customer, chosen in SQL; {spread(seconds)}"
    held.figures += [
        Figure(f"{what}, ours", slowest, "s", f"under {name}, bounded", slowest < min(bounded["seconds"]), told),
        *(
            Figure(f"{what}, {name}, {how}", min(answer["seconds"]), "s", spread=_told(answer))
            for how, answer in (("bounded to 3 rows", bounded), ("assuming 3 rows", answers[False]))
        ),
        Figure("peers: noise, scale of a count, ours", scale, "", spread="epsilon among customers, count and sum"),
        Figure(
            f"peers: noise, scale of a count, {name}", bounded["scales"][0], "", spread="epsilon among count and sum"
        ),
    ]


def _told(answer: Mapping[str, Any]) -> str:
    return f"{answer['counted']:,} rows counted; {spread(answer['seconds'])}; imports {answer['imports']:.1f} s"


def _through_the_gate(path: Path) -> tuple[list[float], float]:
    """Seconds of each round, and the scale of a count's noise."""
    seconds = []
    with DuckDB(path, limits=Limits(seconds=600, threads=noise.THREADS)) as engine:
        door, asked = noise.Door.of(engine), noise.governed(engine, noisy.ruling(3))
        assert asked.noise is not None
        assert door.with_noise(asked).rows == noise.GROUPS
        for _ in range(ROUNDS):
            began = time.perf_counter()
            door.with_noise(asked)
            seconds.append(time.perf_counter() - began)
    return seconds, widths(asked.noise, noise.EPSILON)[1].scale
