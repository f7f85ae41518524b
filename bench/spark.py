"""Governed questions on Spark against the same questions without Bailee, over 50 million order lines in Parquet.

Not part of `make bench`, because it starts a JVM and takes minutes: `python bench/run.py spark`. Local mode, both
sides in one session with two threads, from the question to the whole Arrow answer; two thirds of 500,000 customers
stand, and retention cuts nothing, though the row's time has to be read for it. `engine` is the engine's own work for a
governed question: fenced views, question, Arrow; `ask` is all of `gate.ask`; `processor` is what Spark's tasks took of
the processors, which a busy machine hardly changes. Each governed answer is compared with raw SQL that has the filter
written by hand. Shuffled bytes are what the stages of a question wrote for others, from Spark's own status store: on
many machines they cross the network, and neither a mask nor a broadcast allow table adds to them.

Q1 sums all lines by store, and again where the map names no time, so that there is no retention; Q2 the last 30 days
of 1,500; Q3 the best 100 customers; Q4 joins the customers, by their tier. Then Q1 again for allow tables of more keys
among ten million people: by mask, by a join to which the allow table is sent whole, and by one for which the lines are
shuffled by key. `BAILEE_BENCH_ROWS` scales the order lines down, `BAILEE_BENCH_ROUNDS` the rounds,
`BAILEE_BENCH_KEYS` lists the sizes of allow tables, or is empty.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from math import prod
from pathlib import Path
from typing import Any, cast

import bailee
from bailee.engines import View
from bailee.engines.spark import held
from bailee.engines.spark.engine import Spark
from bailee.gate.gate import Gate
from bailee.people import customers, relations
from bailee.rewrite.dialects import named
from bailee.rewrite.mask import Masked
from bench.figure import Figure, interleaved, spread
from bench.sql import LAST, POLICY

ROWS = int(os.environ.get("BAILEE_BENCH_ROWS", "50_000_000"))
KEYS = [int(size) for size in os.environ.get("BAILEE_BENCH_KEYS", "1_000_000 4_000_000 10_000_000").split()]
CUSTOMERS, PEOPLE, DAYS = 500_000, 10_000_000, 1_500
ROUNDS = int(os.environ.get("BAILEE_BENCH_ROUNDS", "5"))
HOME = Path("/tmp/bailee-bench") / f"spark-ask-{ROWS}"
ALLOW, REL = "allow_bench", "bailee_rel_1"
_SUMS = "store_id, count(*) AS n, sum(quantity) AS items, sum(amount) AS revenue"
#: With a place for the lines and one for the customers.
QUESTIONS = {
    "Q1": f"SELECT {_SUMS} FROM {{lines}} l GROUP BY store_id ORDER BY store_id",
    "Q2": f"SELECT {_SUMS} FROM {{lines}} l WHERE order_at >= TIMESTAMP '2026-10-23' GROUP BY store_id "
    "ORDER BY store_id",
    "Q3": "SELECT customer_id, sum(amount) AS spent FROM {lines} l GROUP BY customer_id "
    "ORDER BY spent DESC, customer_id LIMIT 100",
    "Q4": "SELECT c.tier, sum(l.amount) AS revenue FROM {lines} l JOIN {customers} c ON l.customer_id = c.customer_id "
    "GROUP BY c.tier ORDER BY c.tier",
}
_BOUGHT = ("line_id", "person_id", "order_at", "store_id", "quantity", "amount")
QUESTIONS["Q1 without retention"] = QUESTIONS["Q1"].replace("{lines}", "{timeless}")
CATEGORIES = {
    "order_lines": dict.fromkeys(_BOUGHT, "user.behavior.purchase_history"),
    "timeless_lines": dict.fromkeys(_BOUGHT, "user.behavior.purchase_history"),
    "customers": {"tier": "user.account"},
}
FOLDERS = {"order_lines": "order_lines", "timeless_lines": "order_lines", "customers": "customers"}
JUDGED = ("Q1", "Q2", "Q3", "Q4")
#: Who stands, by the customer's number.
STANDS = "CAST(customer_id AS BIGINT) * 7919 % 100 < 67"


def rows() -> Iterable[Figure]:
    """Ratios of governed to raw, shuffled bytes of both, and allow tables of other sizes."""
    build()
    with bailee.open(HOME) as gate:
        yield from _questions(gate)
        if KEYS:
            yield from _sizes(_engine(gate))


def build() -> None:
    """Make a workspace once: Parquet in several files, the customers on record, and which of them stand."""
    if (HOME / "done").exists():
        return
    shutil.rmtree(HOME, ignore_errors=True)
    for name in ("order_lines", "customers"):
        (HOME / "lake" / name).mkdir(parents=True)
    _parquet(HOME / "lake")
    with bailee.create(HOME, POLICY.encode(), json.dumps(_map()).encode()) as gate, gate.database.write() as connection:
        new = [customers.NewCustomer(str(number)) for number in range(1, CUSTOMERS + 1)]
        numbers = customers.add_many(connection, new, LAST)
        relations.contracts(connection, [(n, LAST, None) for n in numbers if n * 7919 % 100 < 67])
    tables = ", ".join(f'{name} = "{HOME}/lake/{folder}"' for name, folder in FOLDERS.items())
    (HOME / "bailee.toml").write_text(
        f'[engine]\nkind = "spark"\nurl = "local[2]"\ntables = {{{tables}}}\n'
        '[limits]\nmemory = "6144 MiB"\nseconds = 600\n',
        encoding="utf-8",
    )
    (HOME / "done").touch()


def _parquet(lake: Path) -> None:
    import duckdb

    pieces = 8
    step = DAYS * 86_400_000_000 / ROWS
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for piece in range(pieces):
            low, high = ROWS * piece // pieces, ROWS * (piece + 1) // pieces
            con.execute(
                f"COPY (SELECT i::INTEGER AS line_id, (hash(i * 7 + 1) % {CUSTOMERS} + 1)::INTEGER AS customer_id, "
                f"(hash(i * 17 + 9) % {PEOPLE} + 1)::INTEGER AS person_id, "
                f"TIMESTAMPTZ '2022-10-14' + to_microseconds((i * {step})::BIGINT) AS order_at, "
                "(hash(i * 3 + 2) % 50)::SMALLINT AS store_id, (1 + hash(i * 11 + 5) % 5)::SMALLINT AS quantity, "
                f"((hash(i * 13 + 7) % 10000) / 100)::DECIMAL(8, 2) AS amount FROM range({low}, {high}) t(i)) "
                f"TO '{lake}/order_lines/{piece}.parquet'"
            )
        con.execute(
            "COPY (SELECT i::INTEGER AS customer_id, CASE hash(i) % 3 WHEN 0 THEN 'bronze' WHEN 1 THEN 'silver' "
            f"ELSE 'gold' END AS tier FROM range(1, {CUSTOMERS + 1}) t(i)) TO '{lake}/customers/0.parquet'"
        )


def _map() -> dict[str, object]:
    collections = []
    for table, columns in CATEGORIES.items():
        fields = [{"name": name, "data_categories": [category]} for name, category in columns.items()]
        fields.append({"name": "customer_id", "data_categories": ["user.unique_id"]})
        ours = {"subject": "customer_id", "at": "order_at" if table == "order_lines" else "none"}
        collections.append({"name": table, "fields": fields, "fides_meta": {"bailee": ours}})
    return {"dataset": [{"fides_key": "figures", "name": "Figures", "collections": collections}]}


def _engine(gate: Gate) -> Spark:
    return cast(Spark, gate._sets(None).engine)


def _questions(gate: Gate) -> Iterable[Figure]:
    whole, own, processor = {}, {}, {}
    for name, question in QUESTIONS.items():
        ours = question.format(lines="order_lines", timeless="timeless_lines", customers="customers")
        gate.ask(ours, purpose="insight")
        engine = _engine(gate)
        session, meant = engine._living().session, engine._living().meanings
        lines, people = meant["default", "order_lines"], meant["default", "customers"]
        plain = question.format(lines=lines, timeless=lines, customers=people)
        some = f"(SELECT * FROM {lines} WHERE {STANDS})"
        by_hand = question.format(lines=some, timeless=some, customers=f"(SELECT * FROM {people} WHERE {STANDS})")
        seconds: list[float] = []

        def governed(ours: str = ours, seconds: list[float] = seconds) -> Any:
            answer = gate.ask(ours, purpose="insight")
            seconds.append(answer.seconds)
            return answer.arrow()

        jobs: dict[str, Callable[[], Any]] = {
            "raw": lambda plain=plain, session=session: session.sql(plain).toArrow(),  # type: ignore[misc]
            "governed": governed,
        }
        assert session.sql(by_hand).toArrow().to_pylist() == governed().to_pylist(), name
        shuffled = {kind: _shuffled(engine, job) for kind, job in jobs.items()}
        seconds.clear()
        tasks: dict[str, list[float]] = {kind: [] for kind in jobs}
        counted = {kind: _counted(engine, job, tasks[kind]) for kind, job in jobs.items()}
        taken = interleaved(counted, ROUNDS)
        best = min(taken["raw"])
        whole[name] = min(taken["governed"]) / best
        own[name] = min(seconds) / best
        processor[name] = min(tasks["governed"]) / min(tasks["raw"])
        yield Figure(f"{name} raw", best * 1e3, "ms", spread=spread(taken["raw"]))
        yield Figure(f"{name} governed, engine", own[name], "x raw", spread=spread(seconds))
        yield Figure(f"{name} governed, ask", whole[name], "x raw", spread=spread(taken["governed"]))
        yield Figure(f"{name} governed, processor", processor[name], "x raw", spread=spread(tasks["governed"]))
        yield Figure(f"{name} raw, shuffled", shuffled["raw"] / 2**10, "KiB")
        yield Figure(f"{name} governed, shuffled", shuffled["governed"] / 2**10, "KiB")
    mean = _mean(own)
    yield Figure("geometric mean Q1-Q4, engine", mean, "x raw", "at most 1.3", mean <= 1.3)
    yield Figure("geometric mean Q1-Q4, ask", _mean(whole), "x raw")
    yield Figure("geometric mean Q1-Q4, processor", _mean(processor), "x raw")


def _mean(ratios: dict[str, float]) -> float:
    return prod(ratios[name] for name in JUDGED) ** (1 / len(JUDGED))


def _sizes(engine: Spark) -> Iterable[Figure]:
    """Q1 over allow tables of other sizes, among ten million people: by mask, sent whole, or shuffled."""
    session = engine._living().session
    lines = engine._living().meanings["default", "order_lines"]
    ours, raw = QUESTIONS["Q1"].format(lines=REL), QUESTIONS["Q1"].format(lines=lines)
    plain = min(interleaved({"raw": lambda: session.sql(raw).toArrow()}, 3)["raw"])
    mask = named("spark").mask
    assert mask is not None
    for size in KEYS:
        keys = [str(number) for number in range(1, size + 1)]
        for how, most in (("sent whole", 1 << 40), ("lines shuffled", 0)):
            held.BROADCAST = most
            session.spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1" if most == 0 else "10485760")
            sent = interleaved({"send": lambda keys=keys: engine.allow(ALLOW, "INTEGER", keys, sequence=2)}, 1)["send"]  # type: ignore[misc]
            join = f"SELECT l.* FROM `default`.`order_lines` l LEFT SEMI JOIN {ALLOW} a ON a.subject = l.person_id"
            yield from _asked(engine, f"Q1, {size:,} keys, {how}", View(REL, join), ours, plain)
        yield Figure(f"{size:,} keys sent to the engine", min(sent), "s")
        span = engine._living().held.span(ALLOW)
        assert span is not None
        by_mask = f"SELECT l.* FROM `default`.`order_lines` l WHERE {mask(ALLOW, 'l.person_id')}"
        view = View(REL, Masked(ALLOW, by_mask).bind(span))
        yield from _asked(engine, f"Q1, {size:,} keys, mask", view, ours, plain)
        one = {"change": lambda: engine.allow(ALLOW, "INTEGER", [], remove=["1"], sequence=3, base=2)}
        yield Figure(f"one change among {size:,} keys", interleaved(one, 1)["change"][0] * 1e3, "ms")


def _asked(engine: Spark, name: str, view: View, question: str, plain: float) -> Iterable[Figure]:
    def job() -> Any:
        return engine.ask([view], question, allow={ALLOW: 2})

    shuffled = _shuffled(engine, job)
    taken = interleaved({"ask": job}, 3)["ask"]
    yield Figure(name, min(taken) / plain, "x raw", spread=spread(taken))
    yield Figure(f"{name}, shuffled", shuffled / 2**20, "MiB")


def _shuffled(engine: Spark, job: Callable[[], Any]) -> int:
    """Bytes that the stages of a job wrote for other stages."""
    before = _stages(engine)[0]
    job()
    return _stages(engine)[0] - before


def _counted(engine: Spark, job: Callable[[], Any], tasks: list[float]) -> Callable[[], Any]:
    """The job, which notes the processors' seconds that its tasks took."""

    def run() -> Any:
        before = _stages(engine)[1]
        found = job()
        tasks.append(_stages(engine)[1] - before)
        return found

    return run


def _stages(engine: Spark) -> tuple[int, float]:
    """Bytes that all stages until now wrote for others, and the processors' seconds of their tasks."""
    context = engine._living().session.spark.sparkContext
    gateway = context._gateway
    store = context._jsc.sc().statusStore()
    none = gateway.new_array(gateway.jvm.double, 0)
    stages = store.stageList(gateway.jvm.java.util.ArrayList(), False, False, none, gateway.jvm.java.util.ArrayList())
    each = [stages.apply(at) for at in range(stages.length())]
    return sum(stage.shuffleWriteBytes() for stage in each), sum(stage.executorCpuTime() for stage in each) / 1e9
