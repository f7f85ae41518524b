"""GDPRbench on PostgreSQL: Bailee with full enforcement and its ledger beside the same records indexed, without either.

Written anew from the paper (Shastri and others, VLDB 2020): its records, its four workloads, one client. All stores do
the same operations in one run, by turns of fifty; what they read is compared operation by operation, and what they hold
at the end record by record. Seconds are those of the operations, and of what is recorded when a minute ends. Whatever
any store acknowledged is on the disk (`fsync` and `synchronous_commit` on; Bailee's ledger too), but for the hash chain
of the naive one, which is synced each hundred operations.

- `indexed`: a column for each field on each record, seven indexes over them, nothing enforced, nothing recorded.
- `Bailee`: metadata by reference (`gdpr_reference.py`), through the gate of a workspace kept in the same database.
- `indexed, naive`: as the first, but reads mind the record's own objection, and a hash chain tells each operation.
- `reference, no gate`: as the second with the door left open; what lies between the two is the price of the gate.

| GDPRbench | with Bailee |
|---|---|
| PUR | a purpose of the policy; a record names its lot: one row for all that a customer gave under the same terms |
| USR | the lot's column that names the customer; 10,000 are on record, each agreed to the purpose of their records |
| OBJ of a customer | a choice: `object` to the purpose that it stands for, `grant` of the one objected to before |
| DEC of a customer | a choice for `decisions`: `grant` or `withdraw` |
| TTL, ACL, SHR, SRC, CAT of a customer | no counterpart: one row, in one transaction with a leaf about them |
| USR of a customer | their lots get another customer, in one transaction with a leaf about both |
| a field of a purpose | once for all its records, in one transaction with a leaf about everybody |
| a field of one record | no counterpart: on the record's own row; its OBJ is minded beside the customer's choices |
| read by a processor | fetched, and released where the customer's checker for the record's purpose permits it |
| read or change by a customer | decided before, for `access` (a legal obligation), only where the record is theirs |
| insert, delete by the controller | decided before, for `keeping`, only where the record is that customer's |
| TTL, the sweep | one DELETE by the terms, in one transaction with a leaf about everybody; timed alone |
| get-system-logs | the newest thousand leaves of the ledger, or lines of the hash chain; the first has neither |
| verify-deletion | that the record is gone, and a proof that the entry of the sweep is in the ledger |

A checker records by the minute, as everywhere in Bailee: a leaf before the first verdict of a minute, one after its
last with the root over the customers that it was asked about. So a read, or a change of a single record, has no leaf of
its own. GDPRbench gives objections no meaning; here `obj3` is one to `purpose4`, so at the beginning nothing is
refused, and the enforcing stores are not faster for doing less. `BAILEE_BENCH_GDPR` scales the records down.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import psycopg

from bench.figure import Figure
from bench.gdpr_door import Open, Turns, governed
from bench.gdpr_records import Op, Record, Shape, operations, record
from bench.gdpr_reference import Reference
from bench.gdpr_rows import Answer, Enforcing, Rows, Space
from tests.postgres import Cluster

RECORDS = int(os.environ.get("BAILEE_BENCH_GDPR", "100_000"))
OPERATIONS, BLOCK = 10_000, 50
#: Where one store took longer than this, all stop after as many operations.
LONGEST = 60.0
#: How often a workload is run, each time on stores that are made anew.
ROUNDS = {"customer": 3, "processor": 3, "controller": 1, "regulator": 1}
PLAIN, BAILEE, NAIVE, UNGATED = "indexed", "Bailee", "indexed, naive", "reference, no gate"
MOST = {"customer": 1.25, "processor": 1.25}
LEAST = {"controller": 5.0}
STORES = (PLAIN, BAILEE, NAIVE, UNGATED)
PERSONAL = "x the personal data"


class Store(Protocol):
    """What does the operations; `settle` finishes what is still to be written."""

    connection: psycopg.Connection[Any]

    def load(self, records: Iterable[Record]) -> None: ...
    def sweep(self) -> int: ...
    def do(self, op: Op) -> Answer: ...
    def settle(self) -> None: ...
    def state(self) -> dict[str, tuple[Any, ...]]: ...
    def space(self) -> Space: ...
    def ledger(self) -> tuple[int, int]: ...
    def close(self) -> None: ...


class Ledger(NamedTuple):
    """What a ledger holds, or has more of: entries, and bytes on disk."""

    entries: int
    size: int


class Run(NamedTuple):
    """One run of a workload: operations done, and by store seconds, those of the processor and of the sweep."""

    done: int
    seconds: Mapping[str, float]
    processor: Mapping[str, float]
    sweep: Mapping[str, float]
    refused: Mapping[str, int]
    space: Mapping[str, Space]
    ledger: Ledger


def rows() -> Iterable[Figure]:
    """Seconds and ratios of each workload, and the space that is taken."""
    with started() as cluster:
        for workload, rounds in ROUNDS.items():
            runs = [run(cluster, workload, Shape(RECORDS, OPERATIONS)) for _ in range(rounds)]
            yield from _figures(workload, runs)
        yield from _space(runs[0])


@contextmanager
def started() -> Iterator[Cluster]:
    """A PostgreSQL that keeps all stores in memory, as it would one."""
    cluster = Cluster()
    try:
        cluster.run("ALTER SYSTEM SET shared_buffers = '1GB'")
        cluster.restart()
        yield cluster
    finally:
        cluster.remove()


def run(cluster: Cluster, workload: str, shape: Shape, longest: float = LONGEST, names: Sequence[str] = STORES) -> Run:
    """Load some stores and run one workload over them; AssertionError where they do not agree."""
    with tempfile.TemporaryDirectory() as folder:
        stores, turns, urls = _made(Path(folder), cluster, shape, names)
        try:
            return _run(stores, turns, operations(workload, shape), longest)
        finally:
            for store in stores.values():
                store.close()
            for url in urls:
                cluster.drop(url)


def _made(
    folder: Path, cluster: Cluster, shape: Shape, names: Sequence[str]
) -> tuple[dict[str, Store], Turns, list[str]]:
    urls, turns = {name: cluster.new() for name in names}, Turns()

    def ungated(url: str) -> Store:
        store = Reference(url, Open(lambda: store.connection))
        return store

    make: dict[str, Callable[[str], Store]] = {
        PLAIN: Rows,
        BAILEE: lambda url: Reference(url, governed(folder / "shop", url, turns, shape.users)),
        NAIVE: lambda url: Enforcing(url, folder / "log"),
        UNGATED: ungated,
    }
    stores = {name: make[name](url) for name, url in urls.items()}
    for store in stores.values():
        store.load(record(n, shape.users) for n in range(shape.records))
    return stores, turns, list(urls.values())


def _run(stores: Mapping[str, Store], turns: Turns, ops: Iterator[Op], longest: float) -> Run:
    used = dict.fromkeys(stores, 0.0)

    def timed(name: str, job: Callable[[], object]) -> float:
        if name == BAILEE:
            turns.go()
        began, before = time.perf_counter(), time.process_time()
        job()
        took = time.perf_counter() - began
        used[name] += time.process_time() - before
        turns.stop()
        return took

    space = {name: store.space() for name, store in stores.items()}
    sweep = {name: timed(name, store.sweep) for name, store in stores.items()}
    for store in stores.values():
        store.connection.execute("VACUUM ANALYZE gdpr.records")
    before = stores[BAILEE].ledger()
    used.update({name: -_backends(store) for name, store in stores.items()})
    taken, refused, done = dict.fromkeys(stores, 0.0), dict.fromkeys(stores, 0), 0
    names = list(stores)
    while max(taken.values()) < longest and (block := list(islice(ops, BLOCK))):
        answers: dict[str, list[Answer]] = {}
        for name in names:
            answers[name] = found = []
            do = stores[name].do
            taken[name] += timed(name, lambda do=do, found=found: found.extend(do(op) for op in block))  # type: ignore[misc]
            refused[name] += sum(answer.refused for answer in found)
        for number, op in enumerate(block):
            agree(op, {name: answers[name][number] for name in stores})
        names.append(names.pop(0))
        done += len(block)
    for name, store in stores.items():
        taken[name] += timed(name, store.settle)
        used[name] += _backends(store)
    states = {name: store.state() for name, store in stores.items()}
    if any(state != states[PLAIN] for state in states.values()):
        raise AssertionError("the stores do not hold the same records at the end")
    ledger = Ledger(*(now - then for now, then in zip(stores[BAILEE].ledger(), before, strict=True)))
    return Run(done, taken, used, sweep, refused, space, ledger)


def _backends(store: Store) -> float:
    """Processor seconds so far of the server's processes that work for a store."""
    found = store.connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()").fetchall()
    ticks = 0
    for (pid,) in found:
        with suppress(OSError):  # it ended meanwhile
            user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            ticks += int(user) + int(system)
    return ticks / os.sysconf("SC_CLK_TCK")


def agree(op: Op, answers: Mapping[str, Answer]) -> None:
    """AssertionError unless every store read the same, but for what those that enforce refused."""
    if op.kind == "logs":
        return
    rows = {name: set(answer.rows) for name, answer in answers.items()}
    if rows[PLAIN] != rows.get(UNGATED, rows[PLAIN]) or rows[BAILEE] != rows.get(NAIVE, rows[BAILEE]):
        raise AssertionError(f"{op} was answered in several ways")
    if not rows[BAILEE] <= rows[PLAIN] or len(rows[PLAIN]) - len(rows[BAILEE]) != answers[BAILEE].refused:
        raise AssertionError(f"{op} was answered with what is not there, or with too little")


def _figures(workload: str, runs: Sequence[Run]) -> Iterator[Figure]:
    """Of the run that took each store least."""
    done = runs[0].done
    told = workload if done == OPERATIONS else f"{workload}, {done:,} operations of {OPERATIONS:,}"
    best = {name: min(run.seconds[name] / run.done for run in runs) * done for name in runs[0].seconds}
    for name, seconds in best.items():
        each = [run.seconds[name] for run in runs]
        yield Figure(f"{told}: {name}", seconds, "s", spread=f"{min(each):.3g} to {max(each):.3g} s")
    ratio = best[BAILEE] / best[PLAIN]
    if workload in LEAST:
        least, faster = LEAST[workload], 1 / ratio
        yield Figure(f"{workload}: Bailee against indexed", faster, "x faster", f"at least {least:g}", faster >= least)
        yield Figure(f"{workload}: Bailee against naive", best[NAIVE] / best[BAILEE], "x faster")
    else:
        most = MOST.get(workload)
        met = None if most is None else ratio <= most
        yield Figure(f"{workload}: Bailee against indexed", ratio, "x", most and f"at most {most:g}", met)
        yield Figure(f"{workload}: Bailee against naive", best[BAILEE] / best[NAIVE], "x")
    yield Figure(f"{workload}: Bailee against indexed, processor time only", *_processor(workload, runs))
    gate = best[BAILEE] - best[UNGATED]
    yield Figure(f"{workload}: of that decided and recorded by the gate", gate / best[BAILEE] * 100, "%")
    yield Figure(f"{workload}: entries in Bailee's ledger", runs[0].ledger.entries, "entries")
    yield Figure(f"{workload}: rows refused by Bailee", runs[0].refused[BAILEE], "rows")


def _processor(workload: str, runs: Sequence[Run]) -> tuple[float, str]:
    """The ratio of processor seconds, client and server, which hardly depends on what else the machine does."""
    ours, theirs = (min(run.processor[name] for run in runs) for name in (BAILEE, PLAIN))
    return (theirs / ours, "x less") if workload in LEAST else (ours / theirs, "x")


def _space(run: Run) -> Iterator[Figure]:
    for name, space in run.space.items():
        yield Figure(f"metadata and indexes: {name}", (space.whole - space.personal) / space.personal, PERSONAL)
    bailee = run.space[BAILEE]
    yield Figure("customers, choices, standing and ledger: Bailee", bailee.beside / bailee.personal, PERSONAL)
    for name, seconds in run.sweep.items():
        yield Figure(f"a sweep of a tenth of the records: {name}", seconds, "s")


if __name__ == "__main__":
    for figure in rows():
        print(figure)
