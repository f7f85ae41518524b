"""The small shop on a real PostgreSQL: allow tables and fenced views made by hand, as its engine makes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pgparse
import psycopg

from bailee import engines
from bailee.decide.ruling import Ruling
from bailee.errors import EngineError
from bailee.policy.model import DataMap
from bailee.rewrite import Governed, rewrite
from bailee.rewrite.dialects import named
from bailee.rewrite.governed import _pads
from bailee.rewrite.relations import pseudonym
from tests.postgres import Cluster
from tests.rewrite import shop as made

SCHEMA = (Path(__file__).parent / "postgres_shop.sql").read_text(encoding="utf-8")
POSTGRES = named("postgres")

#: PostgreSQL's names of types, in the words that all engines share.
_TYPES = {
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "text": "VARCHAR",
    "varchar": "VARCHAR",
    "bool": "BOOLEAN",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "uuid": "UUID",
}
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, t.typname, t.typtype, a.atttypmod, t.oid
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind = 'r' AND a.attnum > 0 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'bailee_allow')
ORDER BY 1, 2, a.attnum
"""


#: By the standard's own views: constraints that have one column.
_KEYS = """
SELECT min(k.column_name::text) FROM information_schema.table_constraints c
JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name, table_schema, table_name)
WHERE c.constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND table_schema = %s AND table_name = %s
GROUP BY constraint_schema, constraint_name HAVING count(*) = 1
"""


def serialize(sql: str) -> dict[str, Any]:
    """PostgreSQL's own parse, by libpg_query."""
    try:
        return {"stmts": json.loads(json.dumps(pgparse.parse(sql)))}
    except pgparse.PGQueryError:
        raise EngineError("not SQL", kind="parser error") from None


@dataclass
class PostgresShop:
    """A database of the cluster, as the engine lays it out."""

    con: psycopg.Connection[tuple[Any, ...]]
    datamap: DataMap = made.MAP
    allowed: Sequence[object] = (1, 2, 3, 5)
    secret: bytes = made.SECRET

    def __post_init__(self) -> None:
        self.catalog = tuple(self._catalog())

    def _catalog(self) -> Iterator[engines.Table]:
        rows = self.con.execute(_COLUMNS).fetchall()
        for (schema, table), columns in groupby(rows, key=lambda row: (row[0], row[1])):
            found = tuple(engines.Column(row[2], self._type(*row[3:])) for row in columns)
            keys = self.con.execute(_KEYS, [schema, table]).fetchall()
            yield engines.Table(schema, table, found, frozenset(key for (key,) in keys))

    def _type(self, name: str, kind: str, modifier: int, oid: int) -> str:
        if kind == "e":
            labels = self.con.execute("SELECT enumlabel FROM pg_enum WHERE enumtypid = %s", [oid]).fetchall()
            return "ENUM(" + ", ".join(f"'{label}'" for (label,) in labels) + ")"
        if name == "numeric":
            return "DECIMAL" if modifier < 0 else f"DECIMAL({(modifier - 4) >> 16},{(modifier - 4) & 0xFFFF})"
        return _TYPES.get(name, name.upper())

    def govern(self, question: str, under: Ruling) -> Governed:
        """The governed question."""
        return rewrite(question, under, self.datamap, self.catalog, serialize, POSTGRES)

    def run(self, governed: Governed, cutoff: datetime = made.CUTOFF) -> list[tuple[Any, ...]]:
        """The rows of a governed question; nothing is left behind."""
        return self.run_named(governed, cutoff)[1]

    def run_named(self, governed: Governed, cutoff: datetime) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The same with headings."""
        try:
            self.con.execute("BEGIN")
            self.con.execute("CREATE SCHEMA bailee_allow")
            for allow in governed.allow:
                self.con.execute(self._allow(allow.name, allow.key_type))
            for clean in governed.clean:
                self.con.execute(f"CREATE TABLE bailee_allow.{clean.name} AS {clean.sql}")
                self.con.execute(f"CREATE UNIQUE INDEX ON bailee_allow.{clean.name} (key)")
            for view in governed.bind(cutoff, self.secret):
                self.con.execute(f"CREATE TEMP VIEW {view.name} WITH (security_barrier) AS {view.sql}")
            self.con.execute("SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL TimeZone = 'UTC'")
            cursor = self.con.execute(governed.sql, binary=True)
            return [column.name for column in cursor.description or ()], cursor.fetchall()
        finally:
            self.con.execute("ROLLBACK")

    def _allow(self, name: str, key_type: str) -> str:
        sql = pseudonym(POSTGRES, "subject")
        for token, value in _pads(self.secret).items():
            sql = sql.replace(token, value)
        keys = ", ".join(f"({key!r}::{key_type})" for key in self.allowed) or f"(NULL::{key_type})"
        some = f"(VALUES {keys}) AS k(subject) WHERE subject IS NOT NULL"
        return f"CREATE TABLE bailee_allow.{name} AS SELECT subject, {sql} AS pseudonym FROM {some}"

    def plain(self, question: str, tables: Sequence[str]) -> Counter[str]:
        """The answer of a plain question over tables that SQL makes, in a schema of its own."""
        try:
            self.con.execute("BEGIN; CREATE SCHEMA plain; SET LOCAL search_path = plain; SET LOCAL TimeZone = 'UTC'")
            for sql in tables:
                self.con.execute(sql)
            return Counter(map(repr, self.con.execute(question.replace("public.", "plain."), binary=True).fetchall()))
        finally:
            self.con.execute("ROLLBACK")


def open_shop(cluster: Cluster, schema: str = SCHEMA, datamap: DataMap = made.MAP) -> PostgresShop:
    """A shop over a new database of the cluster."""
    con = psycopg.connect(cluster.new(), autocommit=True)
    con.execute(schema)
    return PostgresShop(con, datamap)
