"""Questions with noise about lines of orders, on a file and on PostgreSQL: only while a key is kept unique there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest

import bailee
from bailee.engines import Unique
from bailee.engines.duckdb.engine import DuckDB
from bailee.engines.postgres.engine import Postgres
from bailee.errors import Refused, Stale
from bailee.gate.gate import Gate
from tests.cli.test_engines import copied
from tests.gate import budgeted, shop
from tests.gate.shop import Clock
from tests.gate.test_noise import LOUD
from tests.placed import as_user
from tests.postgres import Cluster

MAP = (
    budgeted.MAP.replace(
        b"          - {name: customer_id, data_categories: [user.unique_id]}\n          - {name: total",
        b"          - {name: order_id, data_categories: [user.behavior.purchase_history]}\n"
        b"          - {name: customer_id, data_categories: [user.unique_id]}\n          - {name: total",
    )
    + b"""
      - name: lines
        fides_meta: {bailee: {subject: {via: orders.order_id}, at: via}}
        fields:
          - name: order_id
            data_categories: [user.behavior.purchase_history]
            fides_meta: {references: [{dataset: shop, field: orders.order_id, direction: to}]}
          - name: units
            data_categories: [user.behavior.purchase_history]
            fides_meta: {bailee: {measure: true, between: [0, 5]}}
"""
)
QUESTION = "SELECT sum(units) AS units, count(*) AS n FROM lines"
JOINED = "SELECT o.coupon, sum(l.units) AS units FROM lines l JOIN orders o ON l.order_id = o.order_id GROUP BY 1"
ADD, DROP = "ALTER TABLE orders ADD PRIMARY KEY (order_id)", "ALTER TABLE orders DROP CONSTRAINT orders_pkey"
#: Of each customer but two who do not stand, one line of 5 units and one of 9; and lines of nobody.
LINES = [(n, units) for n in range(1, 9) for units in (5, 9)] + [(None, 5), (999, 5)]


def _load(path: Path) -> None:
    path.parent.mkdir(parents=True)
    placed = shop.NOW.replace(tzinfo=None)
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE customers (id INTEGER, email VARCHAR, ssn VARCHAR)")
        con.execute(
            "CREATE TABLE orders (order_id INTEGER, customer_id INTEGER, total INTEGER, coupon VARCHAR, "
            "placed TIMESTAMP)"
        )
        con.execute("CREATE TABLE lines (order_id INTEGER, units INTEGER)")
        con.execute("CREATE TABLE products AS SELECT 'Bread' AS title")
        con.executemany("INSERT INTO orders VALUES (?, ?, 10, '77', ?)", [(n, n, placed) for n in range(1, 11)])
        con.executemany("INSERT INTO lines VALUES (?, ?)", LINES)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace whose orders have no key in the database yet; customers 1 to 8 agreed to research."""
    made = tmp_path / "shop"
    _load(made / "warehouse.duckdb")
    policy = budgeted.policy(LOUD.replace("1000 per 90 days", "1000 per hour"))
    with bailee.create(made, policy, MAP, clock=Clock(shop.NOW - timedelta(days=30))) as gate:
        shop.enrol(gate)
        for number in range(1, 9):
            shop.grant(gate, number, "research")
    return made


@pytest.fixture
def owner(home: Path, postgres: Cluster) -> Iterator[psycopg.Connection]:
    """The same tables in PostgreSQL, which `copy` names; the connection of whom they belong to."""
    url = postgres.new()
    copied(home, url)
    (home / "bailee.toml").write_text(f'[engines.copy]\nkind = "postgres"\nurl = "{as_user(url, "lined")}"\n')
    with bailee.open(home, clock=Clock()) as gate, psycopg.connect(url, autocommit=True) as connection:
        for statement in gate.grants("copy"):
            connection.execute(statement.encode())
        yield connection


def ask(gate: Gate, question: str = QUESTION, engine: str | None = None) -> list[tuple[object, ...]]:
    """The rows of the insurer's answer, with next to no noise."""
    answer = gate.ask(question, purpose="research", recipient="insurer", engine=engine, spend=Decimal(999))
    return [tuple(row.values()) for row in answer.arrow().to_pylist()]


def test_a_file_whose_key_is_declared(home: Path) -> None:
    """N11: refused without the key, with what to declare; once it is declared, the lines of the eight who stand."""
    clock = Clock()
    with bailee.open(home, clock=clock) as gate:
        with pytest.raises(Refused, match=r"ALTER TABLE orders ADD PRIMARY KEY \(order_id\)"):
            ask(gate)
        assert Decimal(0) == next(each.spent for each in gate.budgets("research", "insurer"))
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute(ADD)
    with bailee.open(home, clock=clock) as gate:
        # Nine units count as the five that the map allows at most.
        ((units, lines),) = ask(gate)
        assert (abs(units - 80) <= 2, 16) == (True, lines)  # type: ignore[operator]
        clock.forward(hours=2)
        ((coupon, joined),) = ask(gate, JOINED)
        assert ("77", True) == (coupon, abs(joined - 80) <= 2)  # type: ignore[operator]


def test_a_file_whose_key_is_gone(home: Path) -> None:
    """N11: where the file loses its key while the gate is open, the next question is refused."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute(ADD)
    clock = Clock()
    with bailee.open(home, clock=clock) as gate:
        assert ask(gate)
        clock.forward(hours=2)
        with gate._sets().engine.released(), duckdb.connect(str(home / "warehouse.duckdb")) as con:
            con.execute("CREATE TABLE other AS SELECT * FROM orders UNION ALL SELECT * FROM orders")
            con.execute("DROP TABLE orders")
            con.execute("ALTER TABLE other RENAME TO orders")
        with pytest.raises(Refused, match="unless the database itself keeps `order_id` unique"):
            ask(gate)


def test_postgres_keeps_to_the_key_that_it_has(home: Path, owner: psycopg.Connection) -> None:
    """N11: as on a file; and where the key goes while the gate is open, the next question is refused, not counted."""
    owner.execute(ADD.encode())
    clock = Clock()
    with bailee.open(home, clock=clock) as gate:
        ((units, lines),) = ask(gate, engine="copy")
        assert (abs(units - 80) <= 2, 16) == (True, lines)  # type: ignore[operator]
        owner.execute(DROP.encode())
        owner.execute(b"INSERT INTO orders SELECT order_id, 10, 10, '77', placed FROM orders")
        clock.forward(hours=2)
        with pytest.raises(Refused, match="unless the database itself keeps `order_id` unique"):
            ask(gate, engine="copy")


@pytest.mark.parametrize(
    ("statement", "is_unique"),
    [
        ("ALTER TABLE orders ADD UNIQUE (order_id)", True),
        ("ALTER TABLE orders ADD UNIQUE (order_id) DEFERRABLE INITIALLY DEFERRED", True),
        ("ALTER TABLE orders ADD UNIQUE (order_id, customer_id)", False),
        ("CREATE UNIQUE INDEX own ON orders (order_id) WHERE customer_id < 5", False),
        ("CREATE UNIQUE INDEX own ON orders ((order_id / 2 * 0 + order_id))", False),
        (ADD + "; CREATE TABLE further () INHERITS (orders); INSERT INTO further SELECT * FROM orders", False),
        (
            "DROP TABLE orders; CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER, total INTEGER, "
            "coupon TEXT, placed TIMESTAMP) PARTITION BY RANGE (order_id); "
            "CREATE TABLE few PARTITION OF orders FOR VALUES FROM (0) TO (99)",
            True,
        ),
    ],
)
def test_what_postgres_keeps_unique(owner: psycopg.Connection, home: Path, statement: str, is_unique: bool) -> None:
    """N11: a constraint of the one column; not one of two, nor an index of some rows, nor what children may repeat."""
    owner.execute(statement.encode())
    with Postgres(_url(home)) as engine:
        owner.execute(b"GRANT SELECT ON orders TO lined")
        (table,) = [each for each in engine.catalog() if each.name == "orders"]
        assert ({"order_id"} if is_unique else set()) == set(table.unique)


def _url(home: Path) -> str:
    import tomllib

    return str(tomllib.loads((home / "bailee.toml").read_text())["engines"]["copy"]["url"])


def test_a_question_is_not_run_without_its_key(owner: psycopg.Connection, home: Path) -> None:
    """N11: looked at in the question's own snapshot; then the catalogue is to be read again."""
    wanted = Unique("public", "orders", "order_id")
    with Postgres(_url(home)) as engine:
        generation = engine.generation
        with pytest.raises(Stale, match="does not keep a column unique any more"):
            engine.ask([], "SELECT 1", allow={}, unique=[wanted])
        assert generation < engine.generation
        owner.execute(ADD.encode())
        assert 1 == engine.ask([], "SELECT 1", allow={}, unique=[wanted]).rows


def test_what_a_file_keeps_unique(tmp_path: Path) -> None:
    """N11: keys and unique constraints of one column, each table's own; no index."""
    with duckdb.connect(str(tmp_path / "file.duckdb")) as con:
        con.execute(
            "CREATE TABLE a (k INTEGER PRIMARY KEY, u VARCHAR UNIQUE, i INTEGER, x INTEGER, y INTEGER, UNIQUE (x, y))"
        )
        con.execute("CREATE UNIQUE INDEX own ON a (i)")
        con.execute("CREATE TABLE b (k INTEGER, u VARCHAR)")
    with DuckDB(tmp_path / "file.duckdb") as engine:
        assert {"a": {"k", "u"}, "b": set()} == {table.name: set(table.unique) for table in engine.catalog()}
