"""Governed questions on Spark against the same questions without Bailee, over 50 million order lines in Parquet.

Not part of `make bench`, because it starts a JVM and takes minutes: `python bench/run.py spark`. Local mode, both
sides in one session with two threads, from the question to the whole Arrow answer; two thirds of 500,000 customers
stand. Governed is the engine's own work: fenced view, question, Arrow. Each governed answer is compared with raw SQL
that has the filter written by hand. Shuffled bytes are what the stages of a question wrote for others, from Spark's own
status store: on many machines they cross the network, and a broadcast allow table adds none to them.

Q1 sums all lines by store; Q2 the last 30 days of 1,500; Q3 the best 100 customers; Q4 joins the customers, by their
tier. Then Q1 again over allow tables of more keys, sent to every task whole or shuffled by key with the lines.
`BAILEE_BENCH_ROWS` scales the order lines down, `BAILEE_BENCH_KEYS` lists the sizes of allow tables.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from math import prod
from pathlib import Path
from typing import Any

from bailee.engines import Limits, View
from bailee.engines.spark import held
from bailee.engines.spark.engine import Spark
from bench.figure import Figure, interleaved, spread

ROWS = int(os.environ.get("BAILEE_BENCH_ROWS", "50_000_000"))
KEYS = [int(size) for size in os.environ.get("BAILEE_BENCH_KEYS", "100_000 1_000_000 10_000_000").split()]
CUSTOMERS, PEOPLE, DAYS, ROUNDS = 500_000, 10_000_000, 1_500, 3
HOME = Path("/tmp/bailee-bench") / f"spark-{ROWS}"
ALLOW, REL = "allow_bench", "bailee_rel_1"
_SUMS = "store_id, count(*) AS n, sum(quantity) AS items, sum(amount) AS revenue"
#: With a place for the lines and one for the customers.
QUESTIONS = {
    "Q1": f"SELECT {_SUMS} FROM {{lines}} l GROUP BY store_id ORDER BY store_id",
    "Q2": f"SELECT {_SUMS} FROM {{lines}} l WHERE order_at >= TIMESTAMP_NTZ '2026-10-23' GROUP BY store_id "
    "ORDER BY store_id",
    "Q3": "SELECT customer_id, sum(amount) AS spent FROM {lines} l GROUP BY customer_id "
    "ORDER BY spent DESC, customer_id LIMIT 100",
    "Q4": "SELECT c.tier, sum(l.amount) AS revenue FROM {lines} l JOIN {customers} c ON l.customer_id = c.customer_id "
    "GROUP BY c.tier ORDER BY c.tier",
}
LIMITS = Limits(seconds=600, memory_bytes=6 << 30)


def rows() -> Iterable[Figure]:
    """Ratios of governed to raw, shuffled bytes of both, and allow tables of other sizes."""
    build()
    folders = {name: str(HOME / name) for name in ("lines", "customers")}
    with Spark("local[2]", folders=folders, limits=LIMITS) as engine:
        engine.catalog()
        allowed = [str(number) for number in range(1, CUSTOMERS + 1) if number * 7919 % 100 < 67]
        engine.allow(ALLOW, "INTEGER", allowed, sequence=1)
        yield from _questions(engine)
        yield from _sizes(engine)


def build() -> None:
    """Write the order lines and the customers once, as Parquet in several files."""
    import duckdb

    if (HOME / "done").exists():
        return
    shutil.rmtree(HOME, ignore_errors=True)
    for name in ("lines", "customers"):
        (HOME / name).mkdir(parents=True)
    pieces = 8
    with duckdb.connect() as con:
        for piece in range(pieces):
            low, high = ROWS * piece // pieces, ROWS * (piece + 1) // pieces
            step = DAYS * 86_400_000_000 / ROWS
            con.execute(
                f"COPY (SELECT i::INTEGER AS line_id, (hash(i * 7 + 1) % {CUSTOMERS} + 1)::INTEGER AS customer_id, "
                f"(hash(i * 17 + 9) % {PEOPLE} + 1)::INTEGER AS person_id, "
                f"TIMESTAMP '2022-10-14' + to_microseconds((i * {step})::BIGINT) AS order_at, "
                "(hash(i * 3 + 2) % 50)::SMALLINT AS store_id, (1 + hash(i * 11 + 5) % 5)::SMALLINT AS quantity, "
                f"((hash(i * 13 + 7) % 10000) / 100)::DECIMAL(8, 2) AS amount FROM range({low}, {high}) t(i)) "
                f"TO '{HOME}/lines/{piece}.parquet'"
            )
        con.execute(
            "COPY (SELECT i::INTEGER AS customer_id, CASE hash(i) % 3 WHEN 0 THEN 'bronze' WHEN 1 THEN 'silver' "
            f"ELSE 'gold' END AS tier FROM range(1, {CUSTOMERS + 1}) t(i)) TO '{HOME}/customers/0.parquet'"
        )
    (HOME / "done").touch()


def _questions(engine: Spark) -> Iterable[Figure]:
    session, ratios = engine._living().session, []
    meant = engine._living().meanings
    lines, customers, allow = meant["default", "lines"], meant["default", "customers"], meant[ALLOW,]
    views = [
        View(REL, f"SELECT l.* FROM `default`.`lines` l JOIN {ALLOW} a ON a.subject = l.customer_id"),
        View("bailee_rel_2", f"SELECT c.* FROM `default`.`customers` c JOIN {ALLOW} a ON a.subject = c.customer_id"),
    ]
    for name, question in QUESTIONS.items():
        plain = question.format(lines=lines, customers=customers)
        by_hand = question.format(
            lines=f"(SELECT * FROM {lines} WHERE customer_id IN (SELECT subject FROM {allow}))", customers=customers
        )
        ours = question.format(lines=REL, customers="bailee_rel_2")
        needed = views if "{customers}" in question else views[:1]
        jobs: dict[str, Callable[[], Any]] = {
            "raw": lambda plain=plain: session.sql(plain).toArrow(),  # type: ignore[misc]
            "governed": lambda ours=ours, needed=needed: engine.ask(needed, ours, allow={ALLOW: 1}).table,  # type: ignore[misc]
        }
        expected = session.sql(by_hand).toArrow().to_pylist()
        assert expected == jobs["governed"]().to_pylist(), name
        shuffled = {kind: _shuffled(engine, job) for kind, job in jobs.items()}
        taken = interleaved(jobs, ROUNDS)
        ratio = min(taken["governed"]) / min(taken["raw"])
        ratios.append(ratio)
        yield Figure(f"{name} raw", min(taken["raw"]) * 1e3, "ms", spread=spread(taken["raw"]))
        yield Figure(f"{name} governed", ratio, "x raw", spread=spread(taken["governed"]))
        yield Figure(f"{name} raw, shuffled", shuffled["raw"] / 2**10, "KiB")
        yield Figure(f"{name} governed, shuffled", shuffled["governed"] / 2**10, "KiB")
    mean = prod(ratios) ** (1 / len(ratios))
    yield Figure("geometric mean Q1-Q4", mean, "x raw", "at most 1.3", mean <= 1.3)


def _sizes(engine: Spark) -> Iterable[Figure]:
    """Q1 over allow tables of other sizes, among ten million people, sent whole or shuffled."""
    session = engine._living().session
    lines = engine._living().meanings["default", "lines"]
    view = View(REL, f"SELECT l.* FROM `default`.`lines` l JOIN {ALLOW} a ON a.subject = l.person_id")
    ours, raw = QUESTIONS["Q1"].format(lines=REL), QUESTIONS["Q1"].format(lines=lines)
    plain = min(interleaved({"raw": lambda: session.sql(raw).toArrow()}, 3)["raw"])
    for size in KEYS:
        keys = [str(number) for number in range(1, size + 1)]
        for how, most in (("broadcast", 1 << 40), ("shuffled by key", 0)):
            held.BROADCAST = most
            session.spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1" if most == 0 else "10485760")
            sent = interleaved({"send": lambda keys=keys: engine.allow(ALLOW, "INTEGER", keys, sequence=2)}, 1)["send"]  # type: ignore[misc]
            job = {"ask": lambda: engine.ask([view], ours, allow={ALLOW: 2})}
            shuffled = _shuffled(engine, job["ask"])
            taken = interleaved(job, 3)["ask"]
            yield Figure(f"Q1, {size:,} keys, {how}", min(taken) / plain, "x raw", spread=spread(taken))
            yield Figure(f"Q1, {size:,} keys, {how}, shuffled", shuffled / 2**20, "MiB")
            yield Figure(f"{size:,} keys sent whole, {how}", min(sent), "s")
            one = {"change": lambda: engine.allow(ALLOW, "INTEGER", [], remove=["1"], sequence=3, base=2)}
            yield Figure(f"one change among {size:,} keys", interleaved(one, 1)["change"][0] * 1e3, "ms")


def _shuffled(engine: Spark, job: Callable[[], Any]) -> int:
    """Bytes that the stages of a job wrote for other stages."""
    before = _written(engine)
    job()
    return _written(engine) - before


def _written(engine: Spark) -> int:
    context = engine._living().session.spark.sparkContext
    gateway = context._gateway
    store = context._jsc.sc().statusStore()
    none = gateway.new_array(gateway.jvm.double, 0)
    stages = store.stageList(gateway.jvm.java.util.ArrayList(), False, False, none, gateway.jvm.java.util.ArrayList())
    return sum(stages.apply(at).shuffleWriteBytes() for at in range(stages.length()))
