"""Governed questions on DuckDB against the same questions without Bailee, over order lines of 500,000 customers.

Two thirds of the customers stand, and retention cuts nothing, so what is measured is the price of consent. Raw is
DuckDB in a process of its own with the same file, threads and memory, from a fresh cursor to the whole Arrow answer.
`engine` is the worker's own time for a governed question: snapshot, mask, secure views, the question, Arrow. `ask` is
all of `gate.ask`: also standing, the rewrite that is kept, the pipe, and a ledger entry on the disk. Every governed
answer is compared with raw SQL that has the filter written by hand. One thread, since ratios are steadier on it.

Q1 sums all rows by store; Q2 the last 30 days of 1,500; Q3 the best 100 customers; Q4 joins the customers, by their
tier; Q5 is one customer. The lines `IN` and `EXISTS` are Q1-Q4 with the usual filter over the same customers.
`BAILEE_BENCH_ROWS` scales the order lines down.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import prod
from pathlib import Path

import bailee
from bailee.gate.gate import Gate
from bailee.people import customers, relations
from bench.figure import Figure
from bench.plain import Plain

ROWS = int(os.environ.get("BAILEE_BENCH_ROWS", "20_000_000"))
CUSTOMERS, DAYS, ROUNDS, THREADS, MEMORY = 500_000, 1_500, 7, 1, 2048 << 20
HOME = Path("/tmp/bailee-bench") / f"sql-{ROWS}"
LAST = datetime(2026, 11, 22, tzinfo=UTC)
MONTH_AGO = f"{LAST - timedelta(days=30):%Y-%m-%d}"
_SUMS = "store_id, count(*) AS lines, sum(quantity) AS items, sum(amount) AS revenue"
#: With a place for each table, which is called `l` or `c`.
QUESTIONS = {
    "Q1": f"SELECT {_SUMS} FROM {{lines}} l GROUP BY store_id",
    "Q2": f"SELECT {_SUMS} FROM {{lines}} l WHERE order_at >= TIMESTAMP '{MONTH_AGO}' GROUP BY store_id",
    "Q3": "SELECT customer_id, sum(amount) AS spent FROM {lines} l GROUP BY customer_id "
    "ORDER BY spent DESC, customer_id LIMIT 100",
    "Q4": "SELECT c.tier, sum(l.amount) AS revenue FROM {lines} l JOIN {customers} c ON l.customer_id = c.customer_id "
    "GROUP BY c.tier",
    "Q5": "SELECT count(*) AS lines, sum(amount) AS spent FROM {lines} l WHERE customer_id = 4711",
}
JUDGED = ("Q1", "Q2", "Q3", "Q4")
STANDS = "(customer_id::BIGINT * 7919) % 100 < 67"
NAIVE = {
    "IN": "customer_id IN (SELECT customer_id FROM memory.main.allowed)",
    "EXISTS": "EXISTS (SELECT 1 FROM memory.main.allowed a WHERE a.customer_id = t.customer_id)",
}
POLICY = """
bailee: 1
company: A shop of figures
version: 2026-11-01
purposes:
  insight:
    title: What sells where
    use: essential.service.operations
    basis: contract
    effects: [learn]
    why: To measure what it costs.
    customer_gains: Nothing.
    company_gains: A figure.
    reads: {user.unique_id: clear, user.behavior.purchase_history: clear, user.account: clear}
    keep: 40 years
"""
CATEGORIES = {
    "order_lines": dict.fromkeys(
        ("line_id", "order_at", "store_id", "product_id", "quantity", "amount"), "user.behavior.purchase_history"
    ),
    "customers": {"tier": "user.account", "home_store": "user.account"},
}


def rows() -> Iterable[Figure]:
    """Ratios of governed to raw, and of peak memory."""
    build()
    with bailee.open(HOME) as gate, Plain(HOME / "warehouse.duckdb", THREADS, MEMORY) as plain:
        _prepare(plain)
        _agree(gate, plain)
        raw, engine, ask, naive = _measure(gate, plain)
    found = []
    for name in QUESTIONS:
        best = min(raw[name])
        found.append(Figure(f"{name} raw", best * 1e3, "ms", spread=_spread(raw[name], 1e3)))
        ratio, bar = min(engine[name]) / best, "at most 2.5" if name in JUDGED else None
        met = ratio <= 2.5 if name in JUDGED else None
        found.append(Figure(f"{name} governed, engine", ratio, "x raw", bar, met, _spread(engine[name], 1 / best)))
        whole = min(ask[name]) / best
        found.append(Figure(f"{name} governed, ask", whole, "x raw", spread=_spread(ask[name], 1 / best)))
    mean = {kind: _mean(taken, raw) for kind, taken in {"engine": engine, "ask": ask, **naive}.items()}
    found.append(Figure("geometric mean Q1-Q4, engine", mean["engine"], "x raw", "at most 1.4", mean["engine"] <= 1.4))
    found.append(Figure("geometric mean Q1-Q4, ask", mean["ask"], "x raw"))
    found += [Figure(f"geometric mean Q1-Q4, {kind} by hand, no fence", mean[kind], "x raw") for kind in naive]
    return [*found, _memory()]


def build(home: Path = HOME, count: int = CUSTOMERS, standing: str | None = None) -> None:
    """Make a workspace once: the order lines, the customers on record, and which of them stand.

    `standing` names the column that Bailee may keep on both tables.
    """
    if (home / "done").exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    _warehouse(home / "warehouse.duckdb", count)
    settings = f'[limits]\nthreads = {THREADS}\nmemory = "{MEMORY >> 20} MiB"\nseconds = 300\n'
    datamap = json.dumps(_map(standing)).encode()
    with bailee.create(home, POLICY.encode(), datamap) as gate, gate.database.write() as connection:
        since = LAST - timedelta(days=DAYS)
        new = [customers.NewCustomer(str(number)) for number in range(1, count + 1)]
        numbers = customers.add_many(connection, new, LAST)
        relations.contracts(connection, [(n, since, None) for n in numbers if n * 7919 % 100 < 67])
    (home / "bailee.toml").write_text(settings, encoding="utf-8")
    (home / "done").touch()


def _warehouse(path: Path, count: int) -> None:
    import duckdb

    first, step = f"{LAST - timedelta(days=DAYS):%Y-%m-%d}", DAYS * 86_400 / ROWS
    with duckdb.connect(str(path)) as con:
        con.execute(
            f"CREATE TABLE order_lines AS SELECT i::INTEGER AS line_id, (hash(i * 7 + 1) % {count} + 1)::INTEGER "
            f"AS customer_id, TIMESTAMP '{first}' + to_microseconds((i * {step} * 1e6)::BIGINT) AS order_at, "
            "(hash(i * 3 + 2) % 50)::SMALLINT AS store_id, (hash(i * 5 + 3) % 20000)::INTEGER AS product_id, "
            "(1 + hash(i * 11 + 5) % 5)::TINYINT AS quantity, "
            f"((hash(i * 13 + 7) % 10000) / 100)::DECIMAL(8, 2) AS amount FROM range({ROWS}) t(i)"
        )
        con.execute(
            "CREATE TABLE customers AS SELECT i::INTEGER AS customer_id, CASE hash(i) % 3 WHEN 0 THEN 'bronze' WHEN 1 "
            "THEN 'silver' ELSE 'gold' END AS tier, (hash(i * 3) % 50)::SMALLINT AS home_store "
            f"FROM range(1, {count + 1}) t(i)"
        )


def _map(standing: str | None) -> dict[str, object]:
    collections = []
    for table, columns in CATEGORIES.items():
        fields = [{"name": name, "data_categories": [category]} for name, category in columns.items()]
        fields.append({"name": "customer_id", "data_categories": ["user.unique_id"]})
        at = "order_at" if table == "order_lines" else "none"
        ours = {"subject": "customer_id", "at": at} | ({} if standing is None else {"standing": standing})
        collections.append({"name": table, "fields": fields, "fides_meta": {"bailee": ours}})
    return {"dataset": [{"fides_key": "figures", "name": "Figures", "collections": collections}]}


def _prepare(plain: Plain) -> None:
    """The customers who stand, for the filters by hand."""
    plain.rows(f"CREATE TABLE memory.main.allowed AS SELECT customer_id FROM company.customers WHERE {STANDS}")


def _agree(gate: Gate, plain: Plain) -> None:
    """Every governed answer is the raw answer with the filter by hand; also warms both."""
    for name in QUESTIONS:
        answer = gate.ask(_governed(name), purpose="insight").arrow()
        mine = sorted(repr(tuple(row.values())) for row in answer.to_pylist())
        expected = plain.rows(_filtered(name, NAIVE["IN"]))
        if mine != expected:
            raise AssertionError(f"{name} is answered in another way than by hand: {mine[:2]} and {expected[:2]}")


def _governed(name: str) -> str:
    return QUESTIONS[name].format(lines="order_lines", customers="customers")


def _raw(name: str) -> str:
    return QUESTIONS[name].format(lines="company.order_lines", customers="company.customers")


def _filtered(name: str, condition: str) -> str:
    hand = f"(SELECT * FROM company.{{}} t WHERE {condition})"
    return QUESTIONS[name].format(lines=hand.format("order_lines"), customers=hand.format("customers"))


Taken = dict[str, list[float]]


def _measure(gate: Gate, plain: Plain) -> tuple[Taken, Taken, Taken, dict[str, Taken]]:
    """Seconds of each question in each round: raw, the engine's own for governed ones, whole asks, and by hand."""
    raw, engine, ask = ({name: [] for name in QUESTIONS} for _ in range(3))
    naive: dict[str, Taken] = {kind: {name: [] for name in JUDGED} for kind in NAIVE}
    for _ in range(ROUNDS):
        for name in QUESTIONS:
            raw[name].append(plain.seconds(_raw(name)))
            began = time.perf_counter()
            answer = gate.ask(_governed(name), purpose="insight")
            ask[name].append(time.perf_counter() - began)
            engine[name].append(answer.seconds)
            if name in JUDGED:
                for kind, condition in NAIVE.items():
                    naive[kind][name].append(plain.seconds(_filtered(name, condition)))
    return raw, engine, ask, naive


def _mean(taken: Taken, raw: Taken) -> float:
    return prod(min(taken[name]) / min(raw[name]) for name in JUDGED) ** (1 / len(JUDGED))


def _spread(seconds: list[float], scale: float) -> str:
    return f"{min(seconds) * scale:.3g} to {max(seconds) * scale:.3g}"


def _memory() -> Figure:
    """Peak resident memory of the worker over that of raw DuckDB, each in a run of its own."""
    peaks = {}
    for kind in ("governed", "plain"):
        command = [sys.executable, "-m", "bench.sql", kind]
        peaks[kind] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    ratio = peaks["governed"] / peaks["plain"]
    spread = f"{peaks['governed'] / 1024:.0f} and {peaks['plain'] / 1024:.0f} MiB"
    return Figure("peak memory of the worker, Q1-Q5", ratio, "x raw", "at most 1.2", ratio <= 1.2, spread)


def peak(kind: str) -> float:
    """KiB at the highest, of the child that runs every question twice."""
    if kind == "plain":
        with Plain(HOME / "warehouse.duckdb", THREADS, MEMORY) as plain:
            for name in [*QUESTIONS] * 2:
                plain.seconds(_raw(name))
            return _highest()
    with bailee.open(HOME) as gate:
        for name in [*QUESTIONS] * 2:
            gate.ask(_governed(name), purpose="insight")
        return _highest()


def _highest() -> float:
    """The high-water mark of the one child; `ru_maxrss` would count the parent's, from which it was forked."""
    tasks = Path("/proc/self/task")
    children = [pid for task in tasks.iterdir() for pid in (task / "children").read_text().split()]
    marks = [
        float(line.split()[1])
        for pid in children
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return max(marks)


if __name__ == "__main__":
    print(peak(sys.argv[1]))
