"""A small shop as folders of Parquet, with hidden customers whose every value is a canary."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bailee.engines import Limits, View
from bailee.engines.spark.engine import Spark
from bailee.errors import EngineError

ALLOWED = [str(number) for number in range(1, 101)]
#: A governed relation over the whole shop, and one over a shop without hidden customers.
SEEN = View(
    "bailee_rel_1",
    "SELECT p.id, p.name, p.spent, a.pseudonym FROM `default`.`people` p JOIN allow_p a ON a.subject = p.id",
)
PLAIN = View("bailee_rel_1", SEEN.sql.replace("`people`", "`plain`"))
HOSTILE = "(CANARY"


def make_shop(folder: Path) -> dict[str, str]:
    """People 1 to 100 may be seen; in `people` there are others, in `plain` nobody else."""
    seen = [(number, str(number), Decimal(number) * Decimal("1.5")) for number in range(1, 101)]
    hidden = [(number, f"{HOSTILE}{number}", Decimal("77777.77")) for number in range(500, 700)]
    made = {}
    for name, rows in {"people": seen + hidden, "plain": seen}.items():
        made[name] = str(folder / name)
        write(made[name], people(rows))
    return made


def people(rows: list[tuple[int, str, Decimal]]) -> pa.Table:
    types = {"id": pa.int32(), "name": pa.string(), "spent": pa.decimal128(10, 2)}
    return pa.table({name: pa.array([row[i] for row in rows], t) for i, (name, t) in enumerate(types.items())})


def write(folder: str, table: pa.Table) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    pq.write_table(table, str(Path(folder) / "part.parquet"))


@dataclass
class Server:
    """A server under test: `open` gives an engine over folders; the caller closes it."""

    name: str
    address: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def open(self, folders: Mapping[str, str], limits: Limits | None = None) -> Spark:
        """An engine, which is being opened."""
        engine = Spark(
            self.address, folders=folders, limits=limits or Limits(seconds=60, rows=100_000), settings=self.settings
        )
        engine.start()
        return engine


def sail() -> tuple[Server, Callable[[], None]]:
    """Sail's server, in this process, and how to stop it."""
    from pysail.spark import SparkConnectServer

    server: Any = SparkConnectServer()
    server.start(background=True)
    host, port = server.listening_address
    return Server("sail", f"sc://{host}:{port}"), server.stop


def jvm() -> Server:
    """A JVM of our own, which serves Spark Connect too; skips where there is no Java 17 or newer."""
    if shutil.which("java") is None:
        pytest.skip("no `java` was found: the tests on Spark's JVM are left out, and Sail alone is tested")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.shuffle.partitions": "1",
        # Over a hundred rows, to compile a question takes longer than to answer it; its plan is the same.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }
    return Server("classic", "local[2]", settings)


def outcome(engine: Spark, sql: str, view: View = SEEN, **more: Any) -> object:
    """All that a reader could learn from one question: its rows, or its error with class and place."""
    try:
        return engine.ask([view], sql, allow={"allow_p": 1}, **more).table.to_pylist()
    except EngineError as error:
        return type(error), str(error), error.kind, error.position
