"""Types: what PostgreSQL holds reaches the reader as it was, and as DuckDB would give it."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from uuid import UUID

import duckdb
import psycopg
import pyarrow as pa
import pytest

from bailee.engines import Column, View
from bailee.engines.postgres.engine import Postgres
from bailee.errors import EngineError
from tests.engines.postgres.shop import database, run_all
from tests.postgres import Cluster


def answer(engine: Postgres, sql: str) -> pa.Table:
    return engine.ask([], sql, allow={}).table


#: As written for both engines.
SAME = [
    "true",
    "NULL::boolean",
    "(-32768)::smallint",
    "2147483647::integer",
    "(-9223372036854775807)::bigint",
    "1.5::real",
    "'nan'::double precision",
    "-1e300::double precision",
    "1.10::numeric(9,2)",
    "(-0.01)::numeric(9,2)",
    "12345678901234567890123456.789::numeric(38,3)",
    "NULL::numeric(9,2)",
    "'é\U0001f600'::varchar",
    "''::varchar",
    "DATE '0001-01-01'",
    "DATE '2026-11-30'",
    "TIMESTAMP '2026-03-01 12:00:00.123456'",
    "TIMESTAMP '0001-01-01 00:00:00'",
    "TIMESTAMPTZ '2026-03-01 12:00:00+02'",
    "TIME '23:59:59.999999'",
    "INTERVAL '1' YEAR",
    "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid",
    """'{"a": [1, null]}'::json""",
    "count(*)",
]


@pytest.mark.parametrize("expression", SAME)
def test_values_and_types_are_those_of_duckdb(engine: Postgres, expression: str) -> None:
    """A value comes with the type and the content that DuckDB gives it."""
    sql = f"SELECT {expression} AS v"
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        expected = con.sql(sql).to_arrow_table()
    actual = answer(engine, sql)
    assert repr(expected.column("v").to_pylist()) == repr(actual.column("v").to_pylist())
    if not pa.types.is_timestamp(actual.schema.field("v").type):  # whose zone DuckDB calls Etc/UTC
        assert expected.schema.field("v").type == actual.schema.field("v").type


@pytest.mark.parametrize(
    ("sql", "type_", "values"),
    [
        ("SELECT 10::numeric / 4", pa.decimal128(38, 16), [Decimal("2.5")]),
        ("SELECT * FROM (VALUES (1.5), (2.25), (NULL), (-3)) t(v)", pa.decimal128(38, 2),
         [Decimal("1.5"), Decimal("2.25"), None, Decimal(-3)]),
        ("SELECT 1::numeric WHERE false", pa.decimal128(38, 0), []),
        ("SELECT 123456789012345678901234567890123456789.5", pa.decimal256(76, 1),
         [Decimal("123456789012345678901234567890123456789.5")]),
        ("SELECT sum(v) FROM (VALUES (9223372036854775807), (1)) t(v)", pa.decimal128(38, 0), [Decimal(2**63)]),
        ("SELECT 1e-20::numeric", pa.decimal128(38, 20), [Decimal("1e-20")]),
        ("SELECT 10000::numeric(9,2)", pa.decimal128(9, 2), [Decimal("10000.00")]),
        ("SELECT ARRAY[1, NULL, 3]", pa.list_(pa.int32()), [[1, None, 3]]),
        ("SELECT ARRAY[1.5, 2.25]::numeric[]", pa.list_(pa.decimal128(38, 2)), [[Decimal("1.5"), Decimal("2.25")]]),
        ("SELECT ARRAY[]::text[] UNION ALL SELECT NULL UNION ALL SELECT ARRAY['a', '']", pa.list_(pa.string()),
         [[], None, ["a", ""]]),
        ("SELECT '{\"a\":1}'::jsonb", pa.string(), ['{"a": 1}']),
        ("SELECT '\\x00ff'::bytea", pa.binary(), [b"\x00\xff"]),
        ("SELECT inet '10.0.0.1/8'", pa.string(), ["10.0.0.1/8"]),
        ("SELECT ARRAY[inet '10.0.0.1']", pa.list_(pa.string()), [["10.0.0.1/32"]]),
        ("SELECT int4range(1, 5)", pa.string(), ["[1,5)"]),
        ("SELECT row(1, 'a')", pa.string(), ["(1,a)"]),
        ("SELECT '12:00+02'::timetz", pa.string(), ["12:00:00+02"]),
        ("SELECT 'a'", pa.string(), ["a"]),
        ("SELECT NULL", pa.string(), [None]),
        ("SELECT 'x'::char(3)", pa.string(), ["x  "]),
        ("SELECT INTERVAL '1 month -2 days 3.5 seconds'", pa.month_day_nano_interval(),
         [pa.MonthDayNano([1, -2, 3_500_000_000])]),
    ],
)  # fmt: skip
def test_values_of_postgresql_s_own(engine: Postgres, sql: str, type_: pa.DataType, values: list[object]) -> None:
    """What only PostgreSQL has comes as the type that is documented for it."""
    column = answer(engine, sql).column(0)
    assert (type_, values) == (column.type, column.to_pylist())


@pytest.mark.parametrize(
    "expression",
    [
        "'infinity'::date",
        "'-infinity'::date",
        "'infinity'::timestamp",
        "'-infinity'::timestamptz",
        "'NaN'::numeric",
        "'Infinity'::numeric",
        "'NaN'::numeric(5,2)",
        "'294276-12-31'::timestamp",
        "'24:00'::time",
        "ARRAY[ARRAY[1], ARRAY[2]]",
        "(repeat('9', 80))::numeric",
        "INTERVAL '3000000 hours'",
    ],
)
def test_what_arrow_cannot_hold_is_refused_and_never_changed(engine: Postgres, expression: str) -> None:
    """No infinite date turns into a date, and no number loses a digit: the answer says what to do."""
    with pytest.raises(EngineError, match=r"text|double"):
        answer(engine, f"SELECT {expression} AS v")
    assert [{"v": None}] == answer(engine, f"SELECT nullif({expression}, {expression}) AS v").to_pylist()


def test_a_scale_is_that_of_all_batches(engine: Postgres) -> None:
    """Decimals of many batches are of one type, whichever batch has the most digits; their values stay."""
    sql = "SELECT CASE WHEN i = 60000 THEN 0.12345 ELSE i END AS v FROM generate_series(1, 70000) i"
    column = answer(engine, sql).column("v")
    assert (pa.decimal128(38, 5), 70000) == (column.type, len(column))
    assert (Decimal(1), Decimal("0.12345"), Decimal(70000)) == (
        column[0].as_py(),
        column[59999].as_py(),
        column[-1].as_py(),
    )


def test_random_numerics_are_those_of_psycopg(postgres: Cluster, engine: Postgres, url: str) -> None:
    """Ten thousand numerics of all sizes arrive exactly as psycopg reads them."""
    draw = random.Random(7)
    values = [
        Decimal(draw.randrange(-(10 ** draw.randrange(1, 30)), 10 ** draw.randrange(1, 30))).scaleb(
            -draw.randrange(0, 9)
        )
        for _ in range(10_000)
    ]
    name = database(url)
    run_all(
        postgres, name, "CREATE TABLE numbers (i int, v numeric, w numeric(38,9))", "GRANT SELECT ON numbers TO keeper"
    )
    with psycopg.connect(postgres.url(name)) as connection:
        with connection.cursor() as cursor, cursor.copy("COPY numbers FROM STDIN") as copy:
            for i, value in enumerate(values):
                copy.write_row((i, value, value))
        connection.commit()
        expected = connection.execute("SELECT v, w FROM numbers ORDER BY i").fetchall()
    view = View("bailee_rel_1", "SELECT * FROM public.numbers")
    actual = engine.ask([view], "SELECT v, w FROM bailee_rel_1 ORDER BY i", allow={}).table
    assert expected == list(zip(actual.column("v").to_pylist(), actual.column("w").to_pylist(), strict=True))
    run_all(postgres, name, "DROP TABLE numbers")


def test_a_wide_table_of_everything_is_that_of_psycopg(engine: Postgres) -> None:
    """Fifty thousand rows of ten types, with NULLs, are as psycopg reads them, in order."""
    sql = (
        "SELECT i, nullif(i % 7, 3)::smallint AS s, nullif(i, i / 5 * 5) * 10000000000 AS b, (i % 3 = 0) AS t, "
        "nullif(repeat('é', i % 11), '') AS x, date '2000-01-01' + i AS d, "
        "timestamp '1999-12-31 23:59:59.5' + i * interval '1 minute' AS m, (i * 1.25)::numeric(12,2) AS n, "
        "i / 3.0::double precision AS f, md5(i::text)::uuid AS u FROM generate_series(1, 50000) i ORDER BY i DESC"
    )
    with psycopg.connect(engine._url, autocommit=True) as connection:
        expected = connection.execute(sql).fetchall()
    actual = answer(engine, sql)
    columns = [column.to_pylist() for column in actual.columns]
    columns[-1] = [UUID(value) for value in columns[-1]]
    assert expected == list(zip(*columns, strict=True))


def test_order_is_kept_where_a_cast_is_written_around(engine: Postgres) -> None:
    """An ordered question with a column that must come as text keeps its order over many batches."""
    sql = "SELECT int4range(i, i + 1) AS r, i FROM generate_series(1, 100000) i ORDER BY i DESC"
    assert list(range(100000, 0, -1)) == answer(engine, sql).column("i").to_pylist()


def test_columns_of_one_name_and_enumerations(postgres: Cluster, engine: Postgres, url: str) -> None:
    """Two columns of one name both come, and an enumeration as its word."""
    name = database(url)
    run_all(postgres, name, "CREATE TYPE mood AS ENUM ('fine', 'low')", "CREATE TABLE moods (m mood, n mood[])",
            "INSERT INTO moods VALUES ('low', '{fine,low}')", "GRANT SELECT ON moods TO keeper")  # fmt: skip
    view = View("bailee_rel_1", "SELECT m, n FROM public.moods")
    table = engine.ask([view], "SELECT m, m, n FROM bailee_rel_1", allow={}).table
    assert (["m", "m", "n"], ["low"], [["fine", "low"]]) == (
        table.column_names, table.column(1).to_pylist(), table.column(2).to_pylist())  # fmt: skip
    run_all(postgres, name, "DROP TABLE moods", "DROP TYPE mood")


def test_the_catalogue_names_types_in_words_that_all_engines_share(
    postgres: Cluster, engine: Postgres, url: str
) -> None:
    """Base tables that the keeper may read are listed; what makes two spellings equal is part of the type."""
    name = database(url)
    run_all(
        postgres,
        name,
        "CREATE SCHEMA odd; CREATE TYPE odd.mood AS ENUM ('fine', 'so''so'); "
        "CREATE DOMAIN odd.money2 AS numeric(12,2); CREATE DOMAIN odd.price AS odd.money2; "
        "CREATE TABLE odd.all_types (a smallint, b integer, c bigint, d numeric(9,2), e numeric, f real, "
        "g double precision, h boolean, i text, j varchar(9), k char(4), l date, m timestamp, n timestamptz, o time, "
        "p uuid, q bytea, r jsonb, s odd.mood, t odd.price, u integer[], v inet, w name, x numeric(50,2)); "
        "CREATE TABLE odd.parts (i int) PARTITION BY LIST (i); "
        "CREATE TABLE odd.part1 PARTITION OF odd.parts FOR VALUES IN (1); "
        "CREATE TABLE odd.unseen (i int); CREATE VIEW odd.seen AS SELECT 1; "
        "GRANT USAGE ON SCHEMA odd TO keeper; GRANT SELECT ON odd.all_types, odd.parts, odd.part1, odd.seen TO keeper",
    )
    tables = {(table.schema, table.name): table.columns for table in engine.catalog()}
    assert {("odd", "all_types"), ("odd", "parts"), ("public", "people")} == set(tables)
    assert ("id", "name", "spent") == tuple(column.name for column in tables["public", "people"])
    expected = (
        "SMALLINT INTEGER BIGINT DECIMAL(9,2) DECIMAL FLOAT DOUBLE BOOLEAN VARCHAR VARCHAR CHAR(4) DATE TIMESTAMP "
        "TIMESTAMPTZ TIME UUID BLOB JSON ENUM DECIMAL(12,2) INTEGER[] INET NAME DECIMAL"
    ).replace("TIMESTAMPTZ", "TIMESTAMP_WITH_TIME_ZONE").split()  # fmt: skip
    expected = [word.replace("_", " ") for word in expected]
    expected[expected.index("ENUM")] = "ENUM('fine', 'so''so')"
    letters = "abcdefghijklmnopqrstuvwx"
    assert tuple(map(Column, letters, expected)) == tables["odd", "all_types"]
    run_all(postgres, name, "DROP SCHEMA odd CASCADE")


def test_times_do_not_depend_on_the_server_s_zone(postgres: Cluster, engine: Postgres, url: str) -> None:
    """A server that lives elsewhere gives the same instants and the same days."""
    run_all(postgres, database(url), "ALTER ROLE keeper SET TimeZone = 'Asia/Tokyo'")
    with Postgres(url) as other:
        sql = "SELECT date_trunc('day', timestamptz '2026-03-01 23:30:00-05') AS v"
        assert [dt.datetime(2026, 3, 2, tzinfo=dt.UTC)] == [
            value.astimezone(dt.UTC) for value in answer(other, sql).column("v").to_pylist()
        ]
    run_all(postgres, database(url), "ALTER ROLE keeper RESET TimeZone")
