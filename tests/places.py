"""Where governed questions of generated shops run, besides DuckDB in memory: a PostgreSQL database, and Spark.

A place is filled with a shop's tables, asks governed questions of them, and plain ones of other tables. PostgreSQL's
views are made by hand as its engine makes them (`tests/rewrite/postgres_shop.py`); Spark is asked by its engine.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from bailee.decide.ruling import Ruling
from bailee.engines.spark.engine import Spark
from bailee.engines.spark.faults import describe
from bailee.engines.spark.session import Session
from bailee.errors import EngineError
from bailee.policy.model import DataMap
from bailee.rewrite import Governed, rewrite
from bailee.rewrite.dialects import named
from tests.rewrite.plain import table_sql
from tests.rewrite.postgres_shop import PostgresShop
from tests.rewrite.shop import SECRET

Types = Mapping[str, Mapping[str, str]]
Rows = Mapping[str, Sequence[Mapping[str, object]]]
#: A table's name, its columns' types and its rows.
Left = tuple[str, Mapping[str, str], Sequence[Mapping[str, object]]]
#: Errors of values rather than of names, which an engine may or may not meet, as it orders its work.
VALUE = "a value"

_ARROW = {"INTEGER": pa.int32(), "VARCHAR": pa.string(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us")}


class Place(Protocol):
    """An engine that holds one shop at a time."""

    def fill(self, types: Types, rows: Rows, datamap: DataMap, allowed: Iterable[object]) -> None:
        """Hold these tables, and nothing else; `allowed` are the keys of who stands."""

    def govern(self, question: str, under: Ruling) -> Governed:
        """The governed question; raises `Refused`."""

    def run(self, governed: Governed, cutoff: datetime) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Headings and rows of a governed question."""

    def plain(self, question: str, tables: Sequence[Left]) -> Counter[str]:
        """The rows of a question over tables of their own."""

    def spelled(self, question: str) -> str:
        """A question of the grammar of `tests/laws/questions.py` in the engine's SQL."""

    def failed(self, error: Exception) -> str | None:
        """The kind of an error of the engine, `VALUE` for one of values; None for any other error."""


class InPostgres:
    """A database that is all the test's."""

    def __init__(self, con: psycopg.Connection[tuple[object, ...]]) -> None:
        self._con = con

    def fill(self, types: Types, rows: Rows, datamap: DataMap, allowed: Iterable[object]) -> None:
        self._con.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        for name, columns in types.items():
            self._con.execute(table_sql(f"public.{name}", columns, rows[name]).encode())
        self._shop = PostgresShop(self._con, datamap, list(allowed))

    def govern(self, question: str, under: Ruling) -> Governed:
        return self._shop.govern(question, under)

    def run(self, governed: Governed, cutoff: datetime) -> tuple[list[str], list[tuple[Any, ...]]]:
        return self._shop.run_named(governed, cutoff)

    def plain(self, question: str, tables: Sequence[Left]) -> Counter[str]:
        return self._shop.plain(question, [table_sql(*table) for table in tables])

    def spelled(self, question: str) -> str:
        question = re.sub(r"list_sort\(list\((.*?)\)\)", r"array_length(array_agg(\1), 1)", question)
        question = question.replace("SELECT o FROM", "SELECT o::text FROM")  # else with the types of its columns
        return re.sub(r"\b(company\.)?main\.", "public.", question)

    def failed(self, error: Exception) -> str | None:
        if isinstance(error, psycopg.DataError):
            return VALUE
        return type(error).__name__ if isinstance(error, psycopg.Error) else None


class InSpark:
    """Folders of Parquet that an engine reads, and a session beside its own for plain questions.

    `opened` gives an engine over folders; it is called once for each set of tables and columns.
    """

    #: Sail has no class for a cast that fails.
    _VALUES = frozenset({"invalid input error", "conversion error", "out of range error", "engine error"})

    def __init__(self, opened: Callable[[Mapping[str, str]], Spark], folder: Path) -> None:
        self._opened, self._folder, self._count = opened, folder, 0
        self._engine: Spark | None = None
        self._types: Types = {}

    @property
    def engine(self) -> Spark:
        """The engine over the tables as they are."""
        if self._engine is None:
            raise ValueError("a place is filled before it is asked")
        return self._engine

    def fill(self, types: Types, rows: Rows, datamap: DataMap, allowed: Iterable[object]) -> None:
        self._count += 1
        folders = {name: str(self._folder / str(len(types[name])) / name) for name in types}
        for name, columns in types.items():
            into = Path(folders[name])
            into.mkdir(parents=True, exist_ok=True)
            for old in into.glob("*.parquet"):
                old.unlink()
            # A name of its own, because servers remember what a file held.
            pq.write_table(_arrow(columns, rows[name]), into / f"{self._count}.parquet")
        if self._engine is None or self._types != types:
            self.close()
            self._engine, self._types = self._opened(folders), types
            self._catalog = self._engine.catalog()
            self._beside: Session = self._engine._living().session.beside()
        else:
            self._engine._living().folders.reread()
        self._datamap, self._allowed = datamap, [str(key) for key in allowed]

    def govern(self, question: str, under: Ruling) -> Governed:
        engine = self.engine
        return rewrite(
            question, under, self._datamap, self._catalog, lambda sql: json.loads(engine.serialize(sql)), named("spark")
        )

    def run(self, governed: Governed, cutoff: datetime) -> tuple[list[str], list[tuple[Any, ...]]]:
        engine, spans = self.engine, {}
        for clean in governed.clean:
            engine.clean(clean.name, str(self._count), clean.sql)
        for allow in governed.allow:
            made = engine.allow(allow.name, allow.key_type, self._allowed, sequence=self._count, secret=SECRET)
            if made.span is not None:
                spans[allow.name] = made.span
        masks = {each.allow: spans[each.allow] for each in governed.masked.values() if each.allow in spans}
        views = governed.bind(cutoff, SECRET, spans)
        asked = {allow.name: self._count for allow in governed.allow}
        found = engine.ask(views, governed.sql, allow=asked, masks=masks).table
        return found.column_names, _rows(found)

    def plain(self, question: str, tables: Sequence[Left]) -> Counter[str]:
        try:
            for name, columns, rows in tables:
                for view in (name, f"plain_{name}"):
                    self._beside.give(view, _arrow(columns or {"none": "INTEGER"}, rows))
            # A CTE may have a table's name, so what is qualified has another.
            found = self._beside.sql(_cased(question, self._types).replace("default.", "plain_")).toArrow()
            return Counter(map(repr, _rows(found)))
        finally:
            for name, _, _ in tables:
                for view in (name, f"plain_{name}"):
                    self._beside.drop(view)

    def spelled(self, question: str) -> str:
        question = re.sub(r"list_sort\(list\((.*?)\)\)", r"size(collect_list(\1))", question)
        question = re.sub(r" (SEMI|ANTI) JOIN", r" LEFT \1 JOIN", question)
        question = question.replace("MATERIALIZED ", "").replace(" BY NAME", "").replace('"', "`")
        question = question.replace(".col1", ".col2").replace(".col0", ".col1")
        return re.sub(r"\b(company\.)?main\.", "default.", question)

    def failed(self, error: Exception) -> str | None:
        if isinstance(error, pa.ArrowInvalid):
            return VALUE  # Sail announced another type than it sent
        if not isinstance(error, EngineError) and not _of_spark(error):
            return None
        kind = error.kind if isinstance(error, EngineError) else describe(error).code
        return VALUE if kind in self._VALUES else "an error"

    def close(self) -> None:
        """End what was opened."""
        if self._engine is not None:
            self._beside.close()
            self._engine.close()
            self._engine = None


def _cased(question: str, names: Iterable[str]) -> str:
    """Sail tells names of relations apart by case, and what a question means by them is settled by the rewrite."""
    for name in (*names, "a", "b"):
        question = re.sub(rf"(?<!')\b{name}\b(?!')", name, question, flags=re.IGNORECASE)
    return question


def _of_spark(error: Exception) -> bool:
    return type(error).__module__.startswith(("pyspark.", "py4j.", "grpc"))


def _arrow(columns: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> pa.Table:
    return pa.table(
        {name: pa.array([_typed(row.get(name), kind) for row in rows], _ARROW[kind]) for name, kind in columns.items()}
    )


def _typed(value: object, kind: str) -> object:
    if kind == "DATE" and isinstance(value, datetime):
        return value.date()
    if kind == "DATE" and isinstance(value, str):
        return date.fromisoformat(value[:10])
    return value


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    # By position, because two columns may have one name.
    columns = [[_naive(value) for value in column.to_pylist()] for column in table.columns]
    return list(zip(*columns, strict=True)) or [()] * table.num_rows


def _naive(value: object) -> object:
    """The driver gives Spark times without a zone as times with one, unless Parquet says otherwise."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
