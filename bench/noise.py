"""How long figures with noise take: count and sum of 100 groups over ten million rows of a million customers.

From the governed question to the noisy answer, by the engine's own worker: bounded rows, exact figures, noise by
OpenDP, and the asker's own SELECT over what noise was added to. Beside it, the same question of the purpose without a
budget, which needs groups of `min_group` customers, and DuckDB's own answer without Bailee. All three take turns.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from bailee.decide.ruling import Ruling
from bailee.deid import noise
from bailee.engines import Limits
from bailee.engines.duckdb.engine import DuckDB
from bailee.gate.budgets import Reserved
from bailee.gate.noising import Adding
from bailee.policy.model import Column, DataMap, Release, Table
from bailee.policy.units import Rate
from bailee.rewrite import Governed, rewrite
from bench.figure import Figure, interleaved, spread
from bench.plain import Plain
from tests.deid import noisy
from tests.rewrite import shop as made

ROWS = int(os.environ.get("BAILEE_NOISE_ROWS", "10000000"))
CUSTOMERS, GROUPS, ROUNDS, THREADS = 1_000_000, 100, 5, 2
BAR = 4.0
EPSILON = Decimal("0.25")
QUESTION = "SELECT region, count(*) AS n, sum(amount) AS total FROM visits GROUP BY region ORDER BY region"
MAP = DataMap(
    {
        "visits": Table(
            "visits",
            {
                "customer_id": Column("customer_id", ("user.unique_id",)),
                "region": Column("region", (made.HISTORY,), values=tuple(f"g{at}" for at in range(GROUPS))),
                "amount": Column("amount", (made.HISTORY,), measure=True, between=noisy.between("0", "200", "0.01")),
            },
            subjects=("customer_id",),
        )
    }
)


def rows() -> list[Figure]:
    """Measure the three ways side by side, and the noise of many figures alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visits.duckdb"
        load(path)
        limits = Limits(seconds=600, threads=THREADS)
        with DuckDB(path, limits=limits) as engine, Plain(path, THREADS, limits.memory_bytes) as plain:
            found = _whole(engine, plain)
    figures = np.zeros(100_000, np.int64)
    alone = interleaved({"noise": lambda: noise.add(figures, 120.0)}, ROUNDS)["noise"]
    return [*found, Figure("noise alone, 100,000 figures", min(alone) * 1e3, "ms", spread=spread(alone))]


@dataclass(frozen=True)
class Door:
    """The engine with everybody in its mask, and how it is asked with noise: exact figures, then over noisy ones."""

    engine: DuckDB
    allow: str
    masks: Mapping[str, tuple[int, int]]

    @classmethod
    def of(cls, engine: DuckDB) -> Door:
        """Let in each customer."""
        (allow,) = governed(engine, noisy.ruling(3)).allow
        span = engine.allow(allow.name, allow.key_type, [str(at) for at in range(CUSTOMERS)], sequence=1).span
        assert span is not None
        return cls(engine, allow.name, {allow.name: span})

    def ask(self, asked: Governed, sql: str) -> Any:
        """The answer over the asker's own view of the tables."""
        views = asked.bind(made.CUTOFF, None, self.masks)
        return self.engine.ask(views, sql, allow={self.allow: 1}, masks=self.masks)

    def with_noise(self, asked: Governed) -> Any:
        """The answer over noisy figures, at an epsilon of `EPSILON`."""
        assert asked.noise is not None
        reserved = Reserved(EPSILON, {}, Rate.parse("1 per 90 days"))
        view = Adding(asked.noise, reserved, "duckdb")(self.ask(asked, asked.noise.sql).table)
        return self.engine.ask((view,), asked.sql, allow={})


def _whole(engine: DuckDB, plain: Plain) -> list[Figure]:
    budgeted, grouped = governed(engine, noisy.ruling(3)), governed(engine, _without(noisy.ruling(3)))
    door = Door.of(engine)
    assert GROUPS == door.with_noise(budgeted).rows == door.ask(grouped, grouped.sql).rows
    jobs = {
        "with noise": lambda: door.with_noise(budgeted),
        "groups of customers": lambda: door.ask(grouped, grouped.sql),
        "DuckDB alone": lambda: plain.seconds(QUESTION.replace("FROM ", "FROM company.main.")),
    }
    taken = interleaved(jobs, ROUNDS)
    best = {name: min(seconds) for name, seconds in taken.items()}
    what = f"{GROUPS} groups of {ROWS:,} rows, count and sum"
    return [
        Figure(
            f"{what}, with noise: 3 rows of each of {CUSTOMERS:,} customers",
            best["with noise"],
            "s",
            f"under {BAR:g} s",
            best["with noise"] < BAR,
            spread(taken["with noise"]),
        ),
        Figure(
            f"{what}, without a budget", best["groups of customers"], "s", spread=spread(taken["groups of customers"])
        ),
        Figure(f"{what}, DuckDB alone", best["DuckDB alone"], "s", spread=spread(taken["DuckDB alone"])),
    ]


def _without(ruling: Ruling) -> Ruling:
    """The same ruling of a purpose without a budget."""
    assert ruling.purpose is not None
    return replace(ruling, purpose=replace(ruling.purpose, release=Release(20)))


def governed(engine: DuckDB, ruling: Ruling) -> Governed:
    """The question as a ruling lets it be asked."""
    return rewrite(QUESTION, ruling, MAP, engine.catalog(), lambda sql: json.loads(engine.serialize(sql)))


def load(path: Path) -> None:
    """Write the visits of so many customers into a database."""
    with duckdb.connect(str(path)) as con:
        con.execute("SET enable_progress_bar = false")
        con.execute(
            f"CREATE TABLE visits AS SELECT (hash(i) % {CUSTOMERS})::INTEGER AS customer_id, "
            f"'g' || (hash(i * 7) % {GROUPS}) AS region, (hash(i * 13) % 20000) / 100.0 AS amount "
            f"FROM range({ROWS}) AS t(i)"
        )
