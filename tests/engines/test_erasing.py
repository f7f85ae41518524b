"""Erasing people from a DuckDB file: who goes, who stays as they were, and what is left of the bytes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from bailee.engines.duckdb import erasing
from bailee.engines.duckdb.engine import DuckDB
from bailee.engines.owned import Found, Link, Name, Owned, Ownership, statements
from bailee.errors import EngineError, EngineUnavailable

CUSTOMERS, ORDERS, LINES = Name("main", "customers"), Name("main", "orders"), Name("main", "lines")
GIFTS, CHATS, MOODS = Name("main", "gifts"), Name("main", "chats"), Name("till", "moods")
SHAPES = Ownership(
    [
        Owned(LINES, via=Link("order_id", ORDERS, "id")),
        Owned(ORDERS, ("customer",)),
        Owned(CUSTOMERS, ("id",)),
        Owned(GIFTS, ("giver", "taker")),
        Owned(CHATS, ("one", "other")),
        Owned(MOODS, via=Link("line", LINES, "no")),
    ]
)
MADE = """
    CREATE SCHEMA till;
    CREATE SEQUENCE counted START 7;
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, shout VARCHAR AS (upper(name)));
    CREATE TABLE orders (id INTEGER PRIMARY KEY DEFAULT nextval('counted'), customer INTEGER REFERENCES customers (id));
    CREATE TABLE lines (no INTEGER, order_id INTEGER, what VARCHAR CHECK (length(what) > 2));
    CREATE TABLE till.moods (line INTEGER, mood STRUCT(a VARCHAR, b INTEGER[]));
    CREATE TABLE gifts (giver INTEGER, taker INTEGER, card VARCHAR);
    CREATE TABLE chats (one INTEGER NOT NULL, other INTEGER NOT NULL, said VARCHAR);
    CREATE TABLE products (title VARCHAR);
    CREATE INDEX by_customer ON orders (customer);
    CREATE VIEW spent AS SELECT customer, count(*) FROM orders GROUP BY 1;
    CREATE MACRO twice(x) AS x * 2;
    COMMENT ON TABLE orders IS 'what they bought';
    INSERT INTO customers SELECT i, 'name' || i || repeat('x', 40) FROM range(1, 200) t(i);
    UPDATE customers SET name = 'CANARYname' WHERE id = 7;
    INSERT INTO orders SELECT i, CASE WHEN i % 50 = 0 THEN NULL ELSE i % 10 + 1 END FROM range(100) t(i);
    INSERT INTO lines SELECT i, i // 2, CASE WHEN i // 2 % 10 = 6 THEN 'CANARYline' || i ELSE 'bread' END
        FROM range(200) t(i);
    INSERT INTO lines VALUES (900, 9999, 'of no order'), (901, NULL, 'of none');
    INSERT INTO till.moods SELECT i, {'a': CASE WHEN i // 2 % 10 = 6 THEN 'CANARYmood' ELSE 'fine' END, 'b': [i]}
        FROM range(200) t(i);
    INSERT INTO gifts VALUES (7, NULL, 'CANARYalone'), (7, 7, 'CANARYself'), (7, 8, 'shared one'), (8, 7, 'shared two'),
        (8, 9, 'of others'), (NULL, NULL, 'of nobody'), (NULL, 7, 'CANARYtaken');
    INSERT INTO chats VALUES (7, 7, 'CANARYmonologue'), (7, 8, 'with eight'), (8, 9, 'of others');
    INSERT INTO products SELECT 'product ' || i FROM range(50) t(i);
"""
TABLES = ("customers", "orders", "lines", "till.moods", "gifts", "chats", "products")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "o'shop.duckdb"
    with duckdb.connect(str(made)) as con:
        con.execute(MADE)
    return made


def rows(path: Path, table: str, where: str = "true") -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(f"SELECT * FROM {table} WHERE {where}").fetchall()


def shape(path: Path) -> list[object]:
    """All that DuckDB knows of the file beside its rows."""
    with duckdb.connect(str(path), read_only=True) as con:
        return [
            con.execute("SELECT schema_name, table_name, sql, comment FROM duckdb_tables() ORDER BY ALL").fetchall(),
            con.execute("SELECT sql FROM duckdb_indexes() ORDER BY ALL").fetchall(),
            con.execute("SELECT sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL").fetchall(),
            con.execute(
                "SELECT schema_name, table_name, constraint_text FROM duckdb_constraints() ORDER BY ALL"
            ).fetchall(),
            con.execute("SELECT twice(4)").fetchall(),
        ]


def listed(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def test_each_shape_of_ownership(path: Path) -> None:
    """Own rows go, also along two references; of a row that somebody else owns too only the person's column goes."""
    before = {table: rows(path, table) for table in TABLES}
    found = erasing.erase(path, SHAPES, ["7"])
    assert {
        CUSTOMERS: Found(1),
        ORDERS: Found(10),
        LINES: Found(20),
        MOODS: Found(20),
        GIFTS: Found(3, 2),
        CHATS: Found(1, 0, 1),
    } == found
    assert before["products"] == rows(path, "products")
    for table, mine in (("customers", "id = 7"), ("orders", "customer = 7")):
        assert [] == rows(path, table, mine)
    assert before["customers"][:6] + before["customers"][7:] == rows(path, "customers")
    assert [row for row in before["orders"] if row[1] != 7] == rows(path, "orders")
    assert [row for row in before["lines"] if "CANARY" not in str(row)] == rows(path, "lines")
    assert [row for row in before["till.moods"] if "CANARY" not in str(row)] == rows(path, "till.moods")
    shared = [(None, 8, "shared one"), (8, None, "shared two"), (8, 9, "of others"), (None, None, "of nobody")]
    assert shared == rows(path, "gifts")
    assert [(7, 8, "with eight"), (8, 9, "of others")] == rows(path, "chats")


def test_no_byte_is_left(path: Path) -> None:
    """What a plain DELETE would leave in the file's free blocks is gone, and no draft stays behind."""
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE plain AS SELECT 'CANARYplain' || i AS t, 7 AS c FROM range(50000) t(i)")
        con.execute("CHECKPOINT")
        con.execute("DELETE FROM plain")
    assert b"CANARYplain" in path.read_bytes()  # this is why
    erasing.erase(path, SHAPES, ["7"])
    assert b"CANARY" not in path.read_bytes()
    assert ["o'shop.duckdb"] == listed(path)


def test_the_database_is_otherwise_as_it_was(path: Path) -> None:
    """Keys, checks, defaults, generated columns, indexes, views, macros, comments, sequences and the file's mode."""
    path.chmod(0o640)
    before = shape(path)
    erasing.erase(path, SHAPES, ["7"])
    assert before == shape(path)
    assert 0o640 == path.stat().st_mode & 0o777
    with duckdb.connect(str(path)) as con:
        con.execute("INSERT INTO orders (id, customer) VALUES (1000, 3)")
        with pytest.raises(duckdb.ConstraintException):
            con.execute("INSERT INTO orders (id, customer) VALUES (1001, 7)")


def test_several_people_at_once(path: Path) -> None:
    """A row that two people own goes when both go."""
    found = erasing.erase(path, SHAPES, ["7", "8", "no such customer"])
    assert (Found(5, 1), Found(2, 0, 1)) == (found[GIFTS], found[CHATS])
    assert [(None, 9, "of others"), (None, None, "of nobody")] == rows(path, "gifts")


def test_counting_changes_nothing(path: Path) -> None:
    """A count finds what an erasure would, and afterwards what it could not take."""
    before = path.read_bytes()
    counted = erasing.count(path, SHAPES, ["7"])
    assert before == path.read_bytes()
    assert counted == erasing.erase(path, SHAPES, ["7"])
    assert {CHATS: Found(0, 0, 1)} == erasing.count(path, SHAPES, ["7"])
    assert {} == erasing.count(path, SHAPES, ["nobody's"])


def test_nobodys_rows_leave_the_file_alone(path: Path) -> None:
    """Where nothing is found nothing is written."""
    before = path.stat()
    assert {} == erasing.erase(path, SHAPES, ["4711"])
    assert (before.st_ino, before.st_size) == (path.stat().st_ino, path.stat().st_size)


def test_an_ambiguous_parent_keeps_its_children(tmp_path: Path) -> None:
    """A row that reaches two parents goes only where both go, because one of them may be somebody else's."""
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE orders (id INTEGER, customer INTEGER)")
        con.execute("CREATE TABLE lines (order_id INTEGER, what VARCHAR)")
        con.execute("INSERT INTO orders VALUES (1, 7), (1, 8), (2, 7), (2, 7)")
        con.execute("INSERT INTO lines VALUES (1, 'whose?'), (2, 'sevens')")
    lines = Owned(LINES, via=Link("order_id", ORDERS, "id"))
    erasing.erase(path, Ownership([lines, Owned(ORDERS, ("customer",))]), ["7"])
    assert [(1, "whose?")] == rows(path, "lines")
    assert [(1, 8)] == rows(path, "orders")


def test_keys_are_the_text_of_values(tmp_path: Path) -> None:
    """As in allow tables: `7` is no `07`, a text with quotes is itself, and `1.50` is a decimal's text."""
    path = tmp_path / "shop.duckdb"
    keys = ["o'neil", "7", "1.50", "0d6f1e0c-6f1b-4c1f-9c55-000000000001"]
    with duckdb.connect(str(path)) as con:
        for name, kind, values in (
            ("words", "VARCHAR", "('o''neil'), ('oneil'), ('07'), ('O''NEIL')"),
            ("whole", "BIGINT", "(7), (70)"),
            ("money", "DECIMAL(4, 2)", "(1.5), (1.51)"),
            ("ids", "UUID", "('0d6f1e0c-6f1b-4c1f-9c55-000000000001'), ('0d6f1e0c-6f1b-4c1f-9c55-000000000002')"),
        ):
            con.execute(f"CREATE TABLE {name} (k {kind})")
            con.execute(f"INSERT INTO {name} VALUES {values}")
    ownership = Ownership([Owned(Name("main", name), ("k",)) for name in ("words", "whole", "money", "ids")])
    assert {Found(1)} == set(erasing.erase(path, ownership, keys).values())
    assert [("oneil",), ("07",), ("O'NEIL",)] == rows(path, "words")


def test_the_sql_that_is_shown_removes_the_same(path: Path, tmp_path: Path) -> None:
    """Whoever runs it by hand, where Bailee may not write, ends with the rows of an erasure."""
    other = tmp_path / "other.duckdb"
    other.write_bytes(path.read_bytes())
    with duckdb.connect(str(path)) as con:
        for name, statement in statements(SHAPES, ["7", "o'neil"]):
            if name != CHATS or not statement.startswith("UPDATE"):  # its columns cannot be empty
                con.execute(statement.replace("'o''neil'", "'-1'"))
    erasing.erase(other, SHAPES, ["7"])
    assert {table: rows(path, table) for table in TABLES} == {table: rows(other, table) for table in TABLES}


def test_a_file_in_use_is_left_alone(path: Path) -> None:
    """The process that holds it is named; once it lets go, the erasure goes on, and a worker sees the new file."""
    with DuckDB(path) as engine:
        engine.catalog()
        with pytest.raises(EngineUnavailable, match=r"is open for writing in another process|\(process \d+\)"):
            erasing.erase(path, SHAPES, ["7"])
    assert 1 == len(rows(path, "customers", "id = 7"))
    assert erasing.erase(path, SHAPES, ["7"])


def test_rows_that_others_refer_to_are_told(path: Path) -> None:
    """A table outside the map that refers to the rows keeps them all; the message quotes no value."""
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE loyalty (customer INTEGER REFERENCES customers (id), points INTEGER)")
        con.execute("INSERT INTO loyalty VALUES (7, 1)")
    before = path.read_bytes()
    with pytest.raises(EngineError, match="refer to rows that would go, so nothing was erased there") as error:
        erasing.erase(path, SHAPES, ["7"])
    assert "7" not in str(error.value).replace(str(path), "")
    assert before == path.read_bytes()
    assert ["o'shop.duckdb"] == listed(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "there is no database"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b"x" * 9000), "is not a DuckDB database"),
    ],
)
def test_what_cannot_be_opened_is_told(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    """A missing file, a folder, and another kind of file."""
    make(tmp_path / "shop.duckdb")
    with pytest.raises(EngineUnavailable, match=said):
        erasing.erase(tmp_path / "shop.duckdb", SHAPES, ["7"])


def test_a_table_that_is_gone_is_told_without_its_names(path: Path) -> None:
    """The engine's own words never leave."""
    with pytest.raises(EngineError, match="could not be searched") as error:
        erasing.count(path, Ownership([Owned(Name("main", "nowhere"), ("id",))]), ["7"])
    assert "nowhere" not in str(error.value)


def test_a_killed_erasure_leaves_the_old_file(path: Path) -> None:
    """Whenever it ends, the file is whole; the draft that a crash left is written over by the next."""
    code = (
        "import os, sys; from pathlib import Path; from bailee.engines.duckdb import erasing\n"
        "from tests.engines.test_erasing import SHAPES\n"
        f"erasing.erase(Path({str(path)!r}), SHAPES, ['7'], lambda done, total: os._exit(9) if done > 300 else None)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert 9 == done.returncode
    assert ".o'shop.duckdb.erasing" in listed(path)
    assert 1 == len(rows(path, "customers", "id = 7"))
    assert erasing.erase(path, SHAPES, ["7"])
    assert ["o'shop.duckdb"] == listed(path)
