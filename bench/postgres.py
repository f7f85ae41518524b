"""Governed questions on PostgreSQL against the same questions without Bailee: 4,000,000 lines of 100,000 customers.

Two thirds of the customers stand, and retention cuts nothing. Every time is the server's own, `Execution Time` of
EXPLAIN (ANALYZE, TIMING OFF), so that all ways compare; `ask` is all of `gate.ask`, with its ledger entry on the disk.
Two parallel workers, no JIT, everything in memory. Raw is a superuser on the very table. `join`, `mask` and `column`
are the gate's own relations, planned as it has them, a mask being what it takes where there is no column; `door` is a
role of its own behind the row-level security that `bailee engines emit-rls` writes,
and `EXISTS`, `IN` and `function` are row-level security as it is written by hand over a table of those who stand.
Every way's answer but the function's is compared with a filter by hand. Q1 to Q5 are as in `sql`. A door looks up for
each question whether it is open, which is most of its Q5; the gate does so before the time that is counted here.

Then what it costs to keep the column: filled first, and for one and a thousand customers whose standing changes; and
what the triggers add to the company's own inserts. `BAILEE_BENCH_ROWS` scales the lines.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

import bailee
from bailee.engines.postgres.answer import PLANNING
from bailee.gate.gate import Gate
from bailee.people import customers, relations
from bench import sql
from bench.figure import Figure
from tests.postgres import Cluster

ROWS = int(os.environ.get("BAILEE_BENCH_ROWS", "4_000_000"))
CUSTOMERS, COLUMN, KEEPER, ROLE = 100_000, "bailee_standing", "keeper", "tool"
HOME = Path("/tmp/bailee-bench") / "postgres"
#: Rounds of each way; what takes a hundred times as long is taken once.
ROUNDS = {"raw": 9, "join": 9, "mask": 9, "column": 9, "door": 9, "EXISTS": 3, "IN": 3, "function": 1}
BARS = {"join": 2.0, "mask": 2.0, "column": 1.05}
POINT, OF_THE_COLUMN = 1.2, 1.1
JUDGED = sql.JUDGED
#: What is written by hand, and the roles for whom.
BY_HAND = {
    "EXISTS": "EXISTS (SELECT 1 FROM allowed a WHERE a.customer_id = {table}.customer_id)",
    "IN": "customer_id IN (SELECT a.customer_id FROM allowed a)",
    "function": "stands(customer_id)",
}
_SETTINGS = ("shared_buffers = '2GB'", "jit = off", "max_parallel_workers_per_gather = 2", "work_mem = '64MB'")
_AFTER = f"DATE '{sql.LAST - timedelta(days=sql.DAYS):%Y-%m-%d}'"
_TABLES = f"""
CREATE FUNCTION hashed(i bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT hashint8(i)::bigint + 2147483648';
CREATE TABLE order_lines AS SELECT i::int AS line_id, (hashed(i * 7 + 1) % {CUSTOMERS} + 1)::int AS customer_id,
    {_AFTER} + i * (interval '{sql.DAYS} days' / {ROWS}) AS order_at, (hashed(i * 3 + 2) % 50)::smallint AS store_id,
    (hashed(i * 5 + 3) % 20000)::int AS product_id, (1 + hashed(i * 11 + 5) % 5)::smallint AS quantity,
    ((hashed(i * 13 + 7) % 10000) / 100.0)::numeric(8, 2) AS amount FROM generate_series(0::bigint, {ROWS} - 1) i;
CREATE TABLE customers AS SELECT i::int AS customer_id, (ARRAY['bronze', 'silver', 'gold'])[i % 3 + 1] AS tier,
    (hashed(i * 3) % 50)::smallint AS home_store FROM generate_series(1, {CUSTOMERS}) i;
CREATE TABLE before AS TABLE order_lines;
ALTER TABLE customers ADD PRIMARY KEY (customer_id);
CREATE INDEX ON order_lines (customer_id); CREATE INDEX ON order_lines (order_at);
CREATE INDEX ON before (customer_id); CREATE INDEX ON before (order_at);
CREATE TABLE allowed AS SELECT customer_id FROM customers WHERE {sql.STANDS.replace("BIGINT", "bigint")};
ALTER TABLE allowed ADD PRIMARY KEY (customer_id);
CREATE FUNCTION stands(who int) RETURNS bool LANGUAGE sql STABLE SECURITY DEFINER AS
    'SELECT EXISTS (SELECT 1 FROM allowed a WHERE a.customer_id = who)'
"""

Taken = dict[str, dict[str, list[float]]]


def rows() -> Iterable[Figure]:
    """Ratios of each way to raw, and what keeping the column costs."""
    cluster = Cluster()
    try:
        with (cluster.folder / "data" / "postgresql.conf").open("a") as file:
            file.write("\n".join(_SETTINGS) + "\n")
        cluster.restart()
        yield from _measured(cluster, cluster.new())
    finally:
        cluster.remove()


def _measured(cluster: Cluster, url: str) -> Iterable[Figure]:
    name = url.split("/")[3].split("?")[0]
    gate = _shop(url, cluster.url(name, KEEPER))
    with gate:
        began = time.perf_counter()
        gate.maintain()
        filled = time.perf_counter() - began
        _by_hand(url)
        with psycopg.connect(url, autocommit=True) as con:
            for statement in ("VACUUM FULL order_lines", "VACUUM FULL customers", "VACUUM ANALYZE", "CHECKPOINT"):
                con.execute(statement.encode())
        yield from _ways(gate, cluster, name)
        yield Figure("keeping: filled first, all customers", filled, "s")
        yield from _keeping(gate)
        yield from _writing(url)


def _shop(url: str, keeper: str) -> Gate:
    """The tables, the workspace, and those who stand; with the rights that `bailee engines grants` prints."""
    with psycopg.connect(url, autocommit=True) as con:
        con.execute(_TABLES.encode())
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    (HOME / "bailee.toml").write_text(
        f'[engine]\nkind = "postgres"\nurl = "{keeper}"\n[limits]\nseconds = 600\nthreads = 3\nmemory = "2 GiB"\n'
    )
    datamap = json.dumps(sql._map(COLUMN)).encode()
    with bailee.create(HOME, sql.POLICY.encode(), datamap) as gate, gate.database.write() as connection:
        since = sql.LAST - timedelta(days=sql.DAYS)
        new = [customers.NewCustomer(str(number)) for number in range(1, CUSTOMERS + 1)]
        numbers = customers.add_many(connection, new, sql.LAST)
        relations.contracts(connection, [(n, since, None) for n in numbers if n * 7919 % 100 < 67])
    gate = bailee.open(HOME)
    _run(url, *gate.grants(), f"CREATE ROLE {ROLE} LOGIN", "REVOKE ALL ON FUNCTION stands FROM PUBLIC")
    return gate


def _by_hand(url: str) -> None:
    with bailee.open(HOME) as gate:
        gate.open_door(ROLE, purpose="insight", lag=86_400, owner=url)
    for way, condition in BY_HAND.items():
        role = f'"{way.lower()}_by_hand"'
        _run(url, f"CREATE ROLE {role} LOGIN", f"GRANT SELECT ON order_lines, customers, allowed TO {role}")
        _run(url, f"GRANT EXECUTE ON FUNCTION stands TO {role}")
        for table in ("order_lines", "customers"):
            _run(url, f"CREATE POLICY {way.lower()}_ ON {table} TO {role} USING ({condition.format(table=table)})")


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as con:
        for statement in statements:
            con.execute(statement.encode())


def _ways(gate: Gate, cluster: Cluster, name: str) -> Iterable[Figure]:
    users = {"raw": "postgres", "join": KEEPER, "mask": KEEPER, "column": KEEPER, "door": ROLE}
    users |= {way: f"{way.lower()}_by_hand" for way in BY_HAND}
    links = {way: psycopg.connect(cluster.url(name, user), autocommit=True) for way, user in users.items()}
    try:
        questions = {way: _written(gate, way, links[way]) for way in links}
        expected = {each: _answer(links["raw"], _filtered(each)) for each in sql.QUESTIONS}
        for way in links:
            for each in sql.QUESTIONS:
                if way not in ("raw", "function") and _answer(links[way], questions[way][each]) != expected[each]:
                    raise AssertionError(f"{each} by {way} is answered in another way than by hand")
        taken = _taken(links, questions)
        yield from _told(taken)
        yield from _asked(gate)
        before = min(_seconds(links["raw"], sql.QUESTIONS["Q1"].format(lines="before", customers="customers"))
                     for _ in range(ROUNDS["raw"]))  # fmt: skip
        yield Figure("Q1 raw, of the table without the column", before / min(taken["raw"]["Q1"]), "x raw")
    finally:
        for link in links.values():
            link.close()


def _written(gate: Gate, way: str, link: psycopg.Connection[Any]) -> dict[str, str]:
    """Each question as a way runs it; the gate's own relations are made on its connection."""
    plain = {each: text.format(lines="order_lines", customers="customers") for each, text in sql.QUESTIONS.items()}
    if way not in BARS:
        return plain
    _go(gate, way)
    link.execute(f"SET {PLANNING}".encode())
    written = {}
    spans: dict[str, tuple[int, int]] = {}
    for each, text in plain.items():
        answer = gate.ask(text, purpose="insight")
        assert {found.by for found in answer.ways} == {"column" if way == "column" else "mask"}
        places = {found.column for found in answer.ways if found.column is not None}
        if way == "mask":
            held = gate._sets()._held.items()
            spans = {allow: found.span for allow, found in held if found.span is not None}
        changed = answer.governed.sql
        for view in answer.governed.bind(answer.cutoff, spans=spans, columns=places):
            own = f"{each.lower()}_{view.name}"
            link.execute(f"CREATE TEMP VIEW {own} WITH (security_barrier) AS {view.sql}".encode())
            changed = changed.replace(view.name, own)
        written[each] = changed
    return written


def _go(gate: Gate, way: str) -> None:
    """Have the next questions answered by one way."""
    gate._sets().columns = gate._columns(None) if way == "column" else None


def _filtered(name: str) -> str:
    hand = f"(SELECT * FROM {{}} WHERE {sql.STANDS.replace('BIGINT', 'bigint')})"
    return sql.QUESTIONS[name].format(lines=hand.format("order_lines"), customers=hand.format("customers"))


def _answer(link: psycopg.Connection[Any], text: str) -> list[str]:
    """Rows in an order of their own."""
    return sorted(repr([str(v) if isinstance(v, Decimal) else v for v in row]) for row in link.execute(text.encode()))


def _seconds(link: psycopg.Connection[Any], text: str) -> float:
    row = link.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {text}".encode()).fetchone()
    assert row is not None
    return float(row[0][0]["Execution Time"]) / 1e3


def _taken(links: Mapping[str, psycopg.Connection[Any]], questions: Mapping[str, Mapping[str, str]]) -> Taken:
    """Seconds by way and question; ways take turns, so that a noisy minute touches them all."""
    taken: Taken = {way: {each: [] for each in sql.QUESTIONS} for way in links}
    for turn in range(max(ROUNDS.values())):
        for way, link in links.items():
            for each in sql.QUESTIONS:
                if turn < ROUNDS[way]:
                    # What is over in a moment is over before a noise is: the best of some.
                    times = {"Q2": 3, "Q5": 20}.get(each, 1) if way in ("raw", *BARS, "door") else 1
                    taken[way][each].append(min(_seconds(link, questions[way][each]) for _ in range(times)))
    return taken


def _told(taken: Taken) -> Iterable[Figure]:
    for each in sql.QUESTIONS:
        best = min(taken["raw"][each])
        yield Figure(f"{each} raw", best * 1e3, "ms", spread=sql._spread(taken["raw"][each], 1e3))
        for way in ROUNDS:
            if way == "raw":
                continue
            ratio, spread = min(taken[way][each]) / best, sql._spread(taken[way][each], 1 / best)
            bar, met = None, None
            if way in BARS and each in JUDGED:
                bar, met = f"at most {BARS[way]}", ratio <= BARS[way]
            elif way == "column":
                bar, met = f"at most {POINT}", ratio <= POINT
            elif way == "door" and each in JUDGED:
                of = min(taken[way][each]) / min(taken["column"][each])
                bar, met = f"at most {OF_THE_COLUMN} of the column's ({of:.2f})", of <= OF_THE_COLUMN
            kind = "" if way in (*BARS, "door") else "row-level security by hand, "
            yield Figure(f"{each} by {kind}{way}", ratio, "x raw", bar, met, spread)


def _asked(gate: Gate) -> Iterable[Figure]:
    """All of an ask, over the connection and with the ledger."""
    for way in ("mask", "column"):
        _go(gate, way)
        for each in ("Q1", "Q5"):
            text = sql.QUESTIONS[each].format(lines="order_lines", customers="customers")
            seconds = []
            for _ in range(ROUNDS[way]):
                began = time.perf_counter()
                gate.ask(text, purpose="insight")
                seconds.append(time.perf_counter() - began)
            yield Figure(f"{each} by {way}, ask", min(seconds) * 1e3, "ms", spread=sql._spread(seconds, 1e3))


def _keeping(gate: Gate) -> Iterable[Figure]:
    _go(gate, "column")
    others = [n for n in range(1, CUSTOMERS + 1) if n * 7919 % 100 >= 67]
    for many, rounds in ((1, 5), (1_000, 3)):
        seconds = []
        for _ in range(rounds):
            some, others = others[:many], others[many:]
            with gate.database.write() as connection:
                relations.contracts(connection, [(n, sql.LAST, None) for n in some])
            began = time.perf_counter()
            assert not gate.maintain().whole
            seconds.append(time.perf_counter() - began)
        people = "one customer" if many == 1 else f"{many:,} customers"
        yield Figure(f"keeping: {people}", min(seconds) * 1e3, "ms", spread=f"{sql._spread(seconds, 1e3)} ms")
    began = time.perf_counter()
    gate.maintain()
    yield Figure("keeping: nothing to do", (time.perf_counter() - began) * 1e3, "ms")


def _writing(url: str) -> Iterable[Figure]:
    """The company's own inserts, with the triggers and without."""
    with psycopg.connect(url, autocommit=True) as con:
        seconds: dict[str, list[float]] = {"before": [], "order_lines": []}
        for _ in range(5):
            for table, taken in seconds.items():
                columns = "line_id, customer_id, order_at, store_id, product_id, quantity, amount"
                began = time.perf_counter()
                con.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM before LIMIT 10000".encode())
                taken.append(time.perf_counter() - began)
    more = (min(seconds["order_lines"]) - min(seconds["before"])) / 10_000 * 1e6
    yield Figure("a row of the company's own is inserted, more than without", more, "us")
