"""A small shop behind a real DuckDB, locked and fenced as a question meets it: tables, policy, people, and canaries.

Everything hidden carries the word CANARY or the number 666, so that a leak is seen in an answer and in an error.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from bailee import decide, engines
from bailee.decide.ruling import Ruling
from bailee.engines.duckdb import masks
from bailee.policy.coarsen import Coarsen
from bailee.policy.model import (
    Column,
    DataMap,
    Keep,
    Policy,
    Purpose,
    Recipient,
    Reference,
    Release,
    Reveal,
    Table,
)
from bailee.policy.predicates import Predicate
from bailee.policy.units import Duration
from bailee.rewrite import Governed, rewrite
from bailee.rewrite.dialects import DUCKDB
from bailee.vocabulary import Actor, Basis, Effect, Treatment, Use

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CUTOFF = Duration.parse("1 year").minus(NOW)
SECRET = b"a key of pseudonyms"
HISTORY, EMAIL, AGE, HEALTH, GOV = (
    "user.behavior.purchase_history",
    "user.contact.email",
    "user.demographic.age_range",
    "user.health_and_medical",
    "user.government_id",
)

SCHEMA = (Path(__file__).parent / "shop.sql").read_text(encoding="utf-8")


#: What may be added up; `order_id` so that there is a second column beside `total`.
MEASURES = {"total", "order_id", "quantity", "age", "price"}


def _columns(**categories: str | tuple[str, Coarsen]) -> dict[str, Column]:
    made = {}
    for name, given in categories.items():
        category, coarsen = given if isinstance(given, tuple) else (given, None)
        made[name] = Column(name, (category,), coarsen, measure=name in MEASURES)
    return made


MAP = DataMap(
    {
        table.name: table
        for table in (
            Table(
                "customers",
                _columns(
                    id="user.unique_id",
                    name="user.name",
                    email=EMAIL,
                    ssn=GOV,
                    age=(AGE, Coarsen.parse("band 10")),
                    mood="user.name",
                    joined="user.account",
                ),
                subjects=("id",),
                at="joined",
            ),
            Table(
                "orders",
                _columns(
                    order_id=HISTORY,
                    customer_id="user.unique_id",
                    total=HISTORY,
                    coupon=HISTORY,
                    placed=HISTORY,
                    note=GOV,
                ),
                subjects=("customer_id",),
                at="placed",
            ),
            Table(
                "lines",
                _columns(line_id=HISTORY, order_id=HISTORY, product_id=HISTORY, quantity=HISTORY),
                via=Reference("order_id", "orders", "order_id"),
                at_via=True,
                references=(Reference("product_id", "products", "product_id"),),
            ),
            Table(
                "products",
                {name: Column(name, measure=name in MEASURES) for name in ("product_id", "title", "kind", "price")},
                personal=False,
                reveals=(Reveal(Predicate.parse("kind = 'FAMILY'"), HEALTH),),
            ),
            Table("diary", _columns(customer_id="user.unique_id", story=HEALTH), subjects=("customer_id",)),
        )
    }
)


def _purpose(key: str, reads: Mapping[str, Treatment], **more: Any) -> Purpose:
    return Purpose(
        key,
        key,
        "essential.service.operations",
        more.pop("basis", Basis.CONTRACT),
        frozenset({Effect.LEARN}),
        "because",
        "something",
        "something",
        reads,
        Keep(Duration.parse("1 year")),
        release=Release(2),
        **more,
    )


C, K, P, G = Treatment.CLEAR, Treatment.COARSE, Treatment.PSEUDONYM, Treatment.AGGREGATE
ACCOUNT = {"user.unique_id": C, "user.name": C, "user.account": C}
POLICY = Policy(
    "Marigold",
    "1",
    {
        purpose.key: purpose
        for purpose in (
            _purpose("offers", {**ACCOUNT, HISTORY: C, EMAIL: P, AGE: K}),
            _purpose("insight", {HISTORY: C, "user.account": C, "user.name": C}),
            _purpose("research", {HISTORY: G, AGE: G, "user.account": G}, recipients=("insurer",)),
            _purpose("nothing", {"user.device": C}),
        )
    },
    recipients={"insurer": Recipient("insurer", "Insurer")},
)


@cache
def ruling(purpose: str = "offers", recipient: str | None = None) -> Ruling:
    """What the policy says to a use of a purpose."""
    use = Use(purpose, Actor("ann"), recipient=recipient)
    # One slot for all, so that no allow table's name depends on how slots are numbered.
    return replace(decide.compile(POLICY, "sha256:" + "0" * 64).rule(use), slot=0)


def catalog(con: duckdb.DuckDBPyConnection) -> tuple[engines.Table, ...]:
    """The base tables of the attached company database."""
    rows = con.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() JOIN duckdb_tables() "
        "USING (database_name, schema_name, table_name) WHERE database_name = 'company' ORDER BY 1, 2, column_index"
    ).fetchall()
    tables: dict[tuple[str, str], list[engines.Column]] = {}
    for schema, table, column, kind in rows:
        tables.setdefault((schema, table), []).append(engines.Column(column, kind))
    keys = con.execute(
        "SELECT schema_name, table_name, constraint_column_names[1] FROM duckdb_constraints() WHERE len("
        "constraint_column_names) = 1 AND database_name = 'company' AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')"
    ).fetchall()
    return tuple(
        engines.Table(schema, table, tuple(columns), frozenset(key[2] for key in keys if key[:2] == (schema, table)))
        for (schema, table), columns in tables.items()
    )


@dataclass
class Shop:
    """A DuckDB as the engine lays it out: the company's database beside memory, allow tables, fenced views."""

    con: duckdb.DuckDBPyConnection
    datamap: DataMap
    allowed: Sequence[object]
    secret: bytes = SECRET
    #: Whether allow tables have masks, as they do in the engine where keys are whole numbers.
    masked: bool = False
    #: Whether standing columns are fresh.
    columned: bool = False

    def __post_init__(self) -> None:
        self.catalog = catalog(self.con)
        self.made: set[str] = set()

    def serialize(self, sql: str) -> dict[str, Any]:
        """DuckDB's own parse."""
        return json.loads(self.con.execute("SELECT json_serialize_sql($1::VARCHAR)", [sql]).fetchall()[0][0])

    def govern(self, question: str, under: Ruling) -> Governed:
        """The governed question."""
        return rewrite(question, under, self.datamap, self.catalog, self.serialize)

    def run(self, governed: Governed, cutoff: datetime = CUTOFF) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Headings and rows of a governed question."""
        places = {each.place for each in governed.columned.values()} if self.columned else set()
        for allow in governed.joined(places):
            self._once(allow.name, self._allow(allow.key_type))
        for clean in governed.clean:
            self._once(clean.name, clean.sql)
        cursor = self.con.cursor()
        try:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            for view in governed.bind(cutoff, self.secret, self._masks(cursor, governed, places), places):
                cursor.execute(f"CREATE TEMP SECURE VIEW {view.name} AS {view.sql}")
            cursor.execute(governed.sql)
            return [column[0] for column in cursor.description], cursor.fetchall()
        finally:
            cursor.execute("ROLLBACK")
            cursor.close()

    def _masks(
        self, cursor: duckdb.DuckDBPyConnection, governed: Governed, places: Collection[engines.Place]
    ) -> dict[str, tuple[int, int]]:
        """Masks in the cursor's variables, as the engine's worker puts them there; their spans."""
        if not self.masked:
            return {}
        spans = {allow.name: masks.make(self.con, allow.name, allow.key_type) for allow in governed.joined(places)}
        found = {name: span for name, span in spans.items() if span is not None}
        for name, (low, _) in found.items():
            masks.give(cursor, name, low)
        return found

    def _once(self, name: str, sql: str) -> None:
        if name not in self.made:
            self.con.execute(f"CREATE TABLE memory.main.{name} AS {sql}")
            self.made.add(name)

    def _allow(self, key_type: str) -> str:
        from bailee.rewrite.governed import _pads
        from bailee.rewrite.relations import pseudonym

        sql = pseudonym(DUCKDB, "subject")
        for token, value in _pads(self.secret).items():
            sql = sql.replace(token, value)
        keys = ", ".join(f"({key!r}::{key_type})" for key in self.allowed) or f"(NULL::{key_type})"
        return f"SELECT subject, {sql} AS pseudonym FROM (VALUES {keys}) AS k(subject) WHERE subject IS NOT NULL"


def open_shop(
    schema: str = SCHEMA, datamap: DataMap = MAP, allowed: Iterable[object] = (1, 2, 3, 5), slot: int | None = None
) -> Shop:
    """A shop over a fresh database in memory, its standing columns filled for the slot of `ruling`."""
    con = duckdb.connect(config={"python_enable_replacements": "false", "disabled_optimizers": "common_subplan"})
    con.execute("ATTACH ':memory:' AS company; USE company; " + schema + "; USE memory; SET TimeZone = 'UTC'")
    keys = list(allowed)
    fill(con, datamap, keys, 0 if slot is None else slot)
    return Shop(con, datamap, keys)


def fill(con: duckdb.DuckDBPyConnection, datamap: DataMap, allowed: Sequence[object], slot: int) -> None:
    """Make and fill the standing columns of a map: a slot's bit of those allowed, and anything in all the others."""
    for table in datamap.tables.values():
        if table.standing is not None:
            (subject,) = table.subjects
            keys = ", ".join(map(repr, allowed)) or "NULL"
            con.execute(f'ALTER TABLE company.main.{table.name} ADD COLUMN "{table.standing}" BIGINT')
            con.execute(
                f'UPDATE company.main.{table.name} SET "{table.standing}" = '
                f"((hash(rowid * 31) >> 1)::BIGINT & ~{1 << slot}::BIGINT) "
                f"| CASE WHEN {subject} IN ({keys}) THEN {1 << slot}::BIGINT ELSE 0 END"
            )


def lock(shop: Shop) -> None:
    """End every way out of the database, as the engine does."""
    shop.con.execute("SET enable_external_access = false; SET lock_configuration = true")
