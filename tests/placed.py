"""The same few tables in every engine: a DuckDB file, a PostgreSQL database, Parquet folders for Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa
import pyarrow.parquet as pq

Rows = Sequence[Sequence[object]]

#: Columns with their types, in words that DuckDB and PostgreSQL share.
TYPES: Mapping[str, Mapping[str, str]] = {
    "customers": {
        "id": "INTEGER",
        "name": "VARCHAR",
        "email": "VARCHAR",
        "ssn": "VARCHAR",
        "age": "INTEGER",
        "joined": "DATE",
    },
    "orders": {
        "order_id": "INTEGER",
        "customer_id": "INTEGER",
        "total": "INTEGER",
        "coupon": "VARCHAR",
        "placed": "TIMESTAMP",
        "note": "VARCHAR",
    },
    "lines": {"line_id": "INTEGER", "order_id": "INTEGER", "product_id": "INTEGER", "quantity": "INTEGER"},
    "gifts": {"giver": "INTEGER", "taker": "INTEGER", "worth": "BIGINT", "given": "DATE"},
    "products": {"product_id": "INTEGER", "title": "VARCHAR", "kind": "VARCHAR", "price": "DECIMAL(8,2)"},
}
_ARROW = {
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "DECIMAL(8,2)": pa.decimal128(8, 2),
}
_OCT = (datetime(2026, 10, day, 9 + day) for day in range(1, 9))
_D1, _D2, _D3, _D4, _D5, _D6, _D7, _D8 = _OCT
_OLD = datetime(2019, 10, 6, 15)

#: Customers 1, 2, 3, 5 and 6 stand; 4 said no; 7 is nobody whom Bailee knows. What nobody may see says CANARY or 666.
ROWS: Mapping[str, Rows] = {
    "customers": [
        (1, "Ann", "ann@x.example", "CANARYSSN1", 34, date(2026, 5, 5)),
        (2, "Ben", "ben@x.example", "CANARYSSN2", 57, date(2026, 6, 5)),
        (3, "Cät", "cat@x.example", "CANARYSSN3", 41, date(2026, 7, 5)),
        (4, "CANARYDAN", "CANARY4@x.example", "CANARYSSN4", 66, date(2026, 7, 5)),
        (5, "CANARYOLD", "CANARY5@x.example", "CANARYSSN5", 66, date(2019, 7, 5)),
        (6, "Fay", "ann@x.example", "CANARYSSN6", None, date(2026, 7, 31)),
        (7, "CANARYGUS", "CANARY7@x.example", "CANARYSSN7", 66, date(2026, 7, 5)),
        (None, "CANARYGUEST", "CANARY0@x.example", "CANARYSSN0", 66, date(2026, 7, 5)),
    ],
    "orders": [
        (10, 1, 5, "A", _D1, "CANARYNOTE"),
        (11, 1, 7, None, _D2, "CANARYNOTE"),
        (12, 2, 11, "B", _D3, "CANARYNOTE"),
        (13, 3, 13, "A", _D4, "CANARYNOTE"),
        (14, 4, 666, "CANARYCOUPON", _D5, "CANARYNOTE"),
        (15, None, 666, "CANARYCOUPON", _D6, "CANARYNOTE"),
        (16, 1, 666, "CANARYCOUPON", _OLD, "CANARYNOTE"),
        (17, 2, 666, "CANARYCOUPON", None, "CANARYNOTE"),
        (18, 3, 17, "T", _D7, "CANARYNOTE"),
        (18, 3, 17, "T", _D7, "CANARYNOTE"),
        (19, 6, 7, "A", _D8, "CANARYNOTE"),
        (20, 7, 666, "CANARYCOUPON", _D8, "CANARYNOTE"),
    ],
    "lines": [
        (100, 10, 1, 1),
        (101, 10, 2, 2),
        (102, 11, 1, 3),
        (103, 12, 2, 4),
        (104, 13, 1, 5),
        (105, 14, 1, 666),
        (106, 10, 3, 666),
        (107, 10, 99, 666),
        (108, 10, None, 666),
        (109, 18, 1, 666),
        (110, 10, 4, 666),
        (111, None, 1, 666),
        (112, 10, 5, 666),
        (113, 19, 1, 2),
    ],
    "gifts": [
        (1, 2, 3, date(2026, 9, 1)),
        (1, 4, 666, date(2026, 9, 1)),
        (None, 2, 5, date(2026, 9, 2)),
        (3, None, 7, date(2026, 9, 3)),
        (None, None, 666, date(2026, 9, 3)),
        (3, 3, 9_000_000_000, date(2026, 9, 4)),
        (7, 1, 666, date(2026, 9, 4)),
    ],
    "products": [
        (1, "Bread", "FOOD", Decimal("2.50")),
        (2, "Milk", "FOOD", Decimal("1.25")),
        (3, "Test", "FAMILY", Decimal("9.00")),
        (4, "Jam", None, Decimal("3.00")),
        (5, "Pair", "FOOD", Decimal("1.00")),
        (5, "Pair", "FAMILY", Decimal("1.00")),
    ],
}


def arrow(table: str, rows: Rows) -> pa.Table:
    """Rows of a table as Arrow."""
    columns = list(zip(*rows, strict=True)) or [()] * len(TYPES[table])
    arrays = [pa.array(each, _ARROW[kind]) for each, kind in zip(columns, TYPES[table].values(), strict=True)]
    return pa.table(dict(zip(TYPES[table], arrays, strict=True)))


def in_duckdb(path: Path, rows: Mapping[str, Rows]) -> None:
    """A DuckDB file with the tables."""
    import duckdb

    with duckdb.connect(str(path)) as con:
        for name in TYPES:
            given = arrow(name, rows[name])  # noqa: F841  # DuckDB reads it by its name
            con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")


def in_postgres(url: str, rows: Mapping[str, Rows]) -> None:
    """The tables in the schema `public` of a PostgreSQL database."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as con, con.cursor() as cursor:
        for name, columns in TYPES.items():
            listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            cursor.execute(f"DROP TABLE IF EXISTS {name} CASCADE; CREATE TABLE {name} ({listed})".encode())
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {name} VALUES ({marks})".encode(), rows[name])


def in_parquet(folder: Path, rows: Mapping[str, Rows]) -> dict[str, str]:
    """A Parquet folder for each table, by the tables' names."""
    found = {}
    for name in TYPES:
        (folder / name).mkdir(parents=True, exist_ok=True)
        pq.write_table(arrow(name, rows[name]), folder / name / "part.parquet")
        found[name] = str(folder / name)
    return found


def as_user(url: str, user: str) -> str:
    """A URL of PostgreSQL with another user."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}"))
