"""Values in PostgreSQL: coarse ones, rules of the map and pseudonyms are what Python and DuckDB make of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import psycopg
import pytest

from bailee.policy.coarsen import Coarsen
from bailee.policy.predicates import Predicate
from bailee.rewrite.dialects import DUCKDB, Dialect, named
from bailee.rewrite.governed import _pads
from bailee.rewrite.relations import pseudonym
from tests.postgres import Cluster
from tests.rewrite.shop import SECRET

POSTGRES = named("postgres")

Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module")
def con(postgres: Cluster) -> Iterator[Connection]:
    """A connection to an empty database, in a zone that is not UTC, for nothing here may depend on it."""
    with psycopg.connect(postgres.new(), autocommit=True) as made:
        made.execute("SET TimeZone = 'Pacific/Apia'; SET DateStyle = 'SQL, DMY'")
        yield made


#: A name in our words, PostgreSQL's, and values: ends of the range, signs, and what no arithmetic likes.
NUMBERS: list[tuple[str, str, list[object]]] = [
    ("SMALLINT", "smallint", [0, 7, -7, 10, -10, 32767, -32768, None]),
    ("INTEGER", "integer", [0, 7, -7, -1, 2147483647, -2147483648, None]),
    ("BIGINT", "bigint", [0, 9223372036854775807, -9223372036854775808, 999999999999999999, None]),
    ("DECIMAL(12,4)", "numeric(12,4)", [Decimal("7.25"), Decimal("-7.25"), Decimal("-0.0001"), Decimal("20"), None]),
    ("DECIMAL(20,0)", "numeric(20,0)", [Decimal("9" * 20), Decimal("-" + "9" * 20)]),
    ("DOUBLE", "double precision", [0.0, -0.5, 29.999999999999996, 30.0, -1e-300, 2.0**53, 2.0**60, -(2.0**60), None]),
    ("FLOAT", "real", [0.5, -0.5, 29.5, 16777216.0, None]),
]
ODD = [
    ("DECIMAL(12,4)", "numeric(12,4)", ["NaN"]),
    ("DECIMAL", "numeric", ["NaN", "Infinity", "-Infinity"]),
    ("DOUBLE", "double precision", ["NaN", "Infinity", "-Infinity", "1e300", "-1e300"]),
    ("FLOAT", "real", ["NaN", "Infinity", "-Infinity", "1e38"]),
    ("DATE", "date", ["infinity", "-infinity", "4000-01-01 BC", "200000-01-01"]),
    ("TIMESTAMP", "timestamp", ["infinity", "-infinity", "4713-11-24 BC", "294276-12-31 23:59:59"]),
    ("TIMESTAMP WITH TIME ZONE", "timestamptz", ["infinity", "-infinity", "4713-11-25 BC", "294276-12-30"]),
]


def _coarse(con: Connection, text: str, ours: str, theirs: str, values: list[object]) -> list[object] | None:
    sql = POSTGRES.coarse(Coarsen.parse(text), "x", ours)
    if sql is None:
        return None
    return [
        con.execute(f"SELECT {sql} FROM (SELECT %s::{theirs} AS x) t", [value]).fetchall()[0][0] for value in values
    ]


@pytest.mark.parametrize("size", ["band 10", "band 7", "band 1000000", "band 0.5"])
@pytest.mark.parametrize(("ours", "theirs", "values"), NUMBERS, ids=[ours for ours, _, _ in NUMBERS])
def test_bands_are_pythons(con: Connection, size: str, ours: str, theirs: str, values: list[object]) -> None:
    """A band is the multiple beneath; NULL where the column's type cannot hold it; no fractions of floats."""
    found = _coarse(con, size, ours, theirs, values)
    if ours in ("DOUBLE", "FLOAT") and size == "band 0.5":
        assert found is None
        return
    lowest = {"SMALLINT": -(1 << 15), "INTEGER": -(1 << 31), "BIGINT": -(1 << 63)}.get(ours)
    expected = [Coarsen.parse(size).apply(value) for value in values]
    if lowest is not None and size != "band 0.5":
        expected = [None if isinstance(each, int) and each < lowest else each for each in expected]
    assert expected == found
    assert [type(each) for each in expected] == [type(each) for each in found or ()] or size == "band 0.5"


@pytest.mark.parametrize("text", ["band 10", "prefix 3", "year", "quarter", "month", "week", "day", "hour"])
@pytest.mark.parametrize(("ours", "theirs", "values"), ODD, ids=[ours for ours, _, _ in ODD])
def test_no_value_makes_coarsening_fail(
    con: Connection, text: str, ours: str, theirs: str, values: list[object]
) -> None:
    """What has no coarse value is NULL, and never an error."""
    found = _coarse(con, text, ours, theirs, values)
    assert found is None or [None] * len(values) == found


TIMES: list[tuple[str, str, list[Any]]] = [
    ("DATE", "date", [date(2026, 5, 31), date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29), None]),
    (
        "TIMESTAMP",
        "timestamp",
        [datetime(2026, 1, 1, 0, 0, 1), datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59), None],
    ),
    (
        "TIMESTAMP WITH TIME ZONE",
        "timestamptz",
        [
            datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=13))),
            datetime(2026, 6, 30, 23, 30, tzinfo=UTC),
            None,
        ],
    ),
]


@pytest.mark.parametrize("span", ["year", "quarter", "month", "week", "day", "hour"])
@pytest.mark.parametrize(("ours", "theirs", "values"), TIMES, ids=[ours for ours, _, _ in TIMES])
def test_spans_are_pythons(con: Connection, span: str, ours: str, theirs: str, values: list[Any]) -> None:
    """A span begins in UTC, whatever the session's zone is."""
    expected = [Coarsen.parse(span).apply(value) for value in values]
    found = _coarse(con, span, ours, theirs, values)
    if span == "hour":
        expected = [
            each if isinstance(each, datetime) or each is None else datetime(*each.timetuple()[:3]) for each in expected
        ]
    assert expected == found


def test_prefixes_are_pythons(con: Connection) -> None:
    """A prefix counts characters, not bytes."""
    values: list[object] = ["äöü€𝄞", "ab", "", None]
    expected = [Coarsen.parse("prefix 3").apply(value) for value in values]
    assert expected == _coarse(con, "prefix 3", "VARCHAR", "text", values)
    assert ["-12"] == _coarse(con, "prefix 3", "INTEGER", "integer", [-1234])


ROW_TYPES = {
    "t": ("VARCHAR", "text"),
    "u": ("VARCHAR", "varchar"),
    "n": ("INTEGER", "integer"),
    "b": ("BIGINT", "bigint"),
    "d": ("DECIMAL(8,2)", "numeric(8,2)"),
    "f": ("DOUBLE", "double precision"),
    "day": ("DATE", "date"),
    "at": ("TIMESTAMP", "timestamp"),
    "zoned": ("TIMESTAMP WITH TIME ZONE", "timestamptz"),
    "yes": ("BOOLEAN", "boolean"),
}
ROWS: list[dict[str, Any]] = [
    {
        "t": "Kelvin \u212a\u0130 100%_\\",
        "u": "b",
        "n": 5,
        "b": 5,
        "d": Decimal("5.00"),
        "f": 5.0,
        "day": date(2026, 5, 5),
        "at": datetime(2026, 5, 5, 12),
        "zoned": datetime(2026, 5, 5, 12, tzinfo=UTC),
        "yes": True,
    },
    {
        "t": "straße É",
        "u": "B",
        "n": -2147483648,
        "b": 2**53 + 1,
        "d": Decimal("-0.01"),
        "f": math.nan,
        "day": date(1, 1, 1),
        "at": datetime(9999, 12, 31),
        "zoned": datetime(2026, 5, 4, 23, 30, tzinfo=timezone(timedelta(hours=-5))),
        "yes": False,
    },
    dict.fromkeys(ROW_TYPES),
    {**dict.fromkeys(ROW_TYPES), "t": "", "u": "Ä", "f": math.inf, "n": 0, "b": 0, "d": Decimal(0)},
]
CONDITIONS = [
    "t = 'straße É'",
    "t < 'straße'",
    "t > u",
    "t != 'x' AND u >= 'B'",
    "u IN ('b', 'B', n)",
    "t LIKE '%\\'",
    "t LIKE '%100!%__'",
    "t LIKE '%100%'",
    "t LIKE 'straße _'",
    "t ILIKE '%KELVIN K_%'",
    "t ILIKE '%kelvin ki%'",
    "t ILIKE 'STRAßE é'",
    "t NOT ILIKE 'x%'",
    "u ILIKE 'ä'",
    "n = 5",
    "n = '5'",
    "n = 'five'",
    "n = '5.0'",
    "n < 5.5",
    "n IN (1, 5, '-2147483648', 't')",
    "n NOT IN (1, 2)",
    "n BETWEEN -10 AND b",
    "b = 9007199254740993",
    "b = f",
    "b > f",
    "b = 'x' OR b = 0",
    "d = 5",
    "d = '5'",
    "d < -0.001",
    "d = n",
    "d >= f",
    "f = 5",
    "f > 1000000000000",
    "f = f",
    "f <= 5.0",
    "n = t",
    "t = 5",
    "day = '2026-05-05'",
    "day < '2026-05-05T12:00:00'",
    "day = 'soon'",
    "day = 5",
    "day <= at",
    "day = zoned",
    "at = '2026-05-05 12:00:00'",
    "at < zoned",
    "at = zoned",
    "zoned = '2026-05-05T14:00:00+02:00'",
    "zoned > '2026-05-05'",
    "zoned = 'noon'",
    "yes",
    "NOT yes",
    "yes = TRUE",
    "yes < TRUE",
    "yes = 'true'",
    "yes = 1",
    "n",
    "t IS NULL",
    "t IS NOT NULL AND NOT (n = 5 OR u = 'b')",
    "t = NULL",
    "n IN (NULL, 5)",
    "n LIKE '5'",
    "5 IN (n, b)",
    "(n = 5 OR f = 5) AND NOT (d = 4)",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_rules_are_pythons(con: Connection, text: str) -> None:
    """`policy.conditions.holds` says the same of every row as PostgreSQL, unknown with unknown."""
    rule = Predicate.parse(text)
    sql = POSTGRES.predicate(rule, lambda name: (f'"{name}"', ROW_TYPES[name][0]))
    columns = ", ".join(f'%s::{theirs} AS "{name}"' for name, (_, theirs) in ROW_TYPES.items())
    for row in ROWS:
        found = con.execute(
            f"SELECT {sql.replace('%', '%%')} FROM (SELECT {columns}) x", [row[name] for name in ROW_TYPES]
        ).fetchall()
        assert [(rule.evaluate(row),)] == found, row


KEYS: list[tuple[str, str, str, list[object]]] = [
    ("INTEGER", "integer", "INTEGER", [0, -1, 2147483647]),
    ("BIGINT", "bigint", "BIGINT", [-9223372036854775808]),
    ("DECIMAL(8,4)", "numeric(8,4)", "DECIMAL(8,4)", [Decimal("0.0500"), Decimal("-7"), Decimal("1234.5")]),
    ("VARCHAR", "text", "VARCHAR", ["", "äöü€𝄞", "it's \\ \n", " x "]),
    ("UUID", "uuid", "UUID", [UUID("0A0B0C0D-0000-4000-8000-00000000FFFF")]),
    ("BOOLEAN", "boolean", "BOOLEAN", [True, False]),
]


def _pseudonym(dialect: Dialect) -> str:
    sql = pseudonym(dialect, "x")
    for token, value in _pads(SECRET).items():
        sql = sql.replace(token, value)
    return sql


@pytest.mark.parametrize(("ours", "theirs", "ducks", "values"), KEYS, ids=[ours for ours, *_ in KEYS])
def test_pseudonyms_are_duckdbs(con: Connection, ours: str, theirs: str, ducks: str, values: list[object]) -> None:
    """D8.4: A key has one pseudonym on every engine."""
    assert POSTGRES.pseudonymous.fullmatch(ours)
    for value in values:
        mine = con.execute(f"SELECT {_pseudonym(POSTGRES)} FROM (SELECT %s::{theirs} AS x) t", [value]).fetchall()
        other = f"SELECT {_pseudonym(DUCKDB)} FROM (SELECT $1::{ducks} AS x) t"
        assert duckdb.execute(other, [value]).fetchall() == mine


@pytest.mark.parametrize("ours", ["DOUBLE", "DATE", "TIMESTAMP WITH TIME ZONE", "JSON", "DECIMAL", "CHAR(3)", "BLOB"])
def test_what_has_another_text_has_no_pseudonym(ours: str) -> None:
    """Floats, times and documents are written in other ways by other engines."""
    assert not POSTGRES.pseudonymous.fullmatch(ours)
