"""The look at a PostgreSQL database: it counts what DuckDB counts, and tells what its login may not read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pytest

from bailee.engines import Column, Limits
from bailee.engines.duckdb.engine import DuckDB
from bailee.engines.owned import Name
from bailee.engines.postgres import setup
from bailee.engines.postgres.engine import Postgres
from bailee.gate.connections import POSTGRES, Connection
from bailee.gate.discovery.discovering import discover
from bailee.gate.discovery.found import Discovered
from bailee.gate.discovery.scanning import Scanner
from bailee.policy.model import DataMap
from tests.deid.discovery import made
from tests.engines.postgres.shop import KEEPER, database, run_all
from tests.postgres import Cluster

NOW = datetime(2026, 11, 22, tzinfo=UTC)
_TYPES = {"string": "text", "int64": "bigint", "double": "float8", "bool": "boolean", "date32[day]": "date"}
HARD = [
    None,
    "",
    " ",
    "a@b.co",
    " A@B.CO ",
    "x" * 300,
    "\n",
    "é@ü.de",
    "+1 (202) 555-0100",
    "192.168.0.1",
    "::1",
    "1" * 16,
]


@pytest.fixture(scope="module")
def tables() -> list[made.Made]:
    """The made tables of one place, and values that are hard to read alike."""
    found = list(made.tables(made.SEEN[:1]))
    return [each for each in found if each.name in ("tbl_customers", "x0")]


@pytest.fixture(scope="module")
def url(postgres: Cluster, tables: list[made.Made]) -> str:
    """A database of them, of which Bailee's login may read all but one column."""
    plain = postgres.new()
    name = database(plain)
    run_all(postgres, name, *setup.statements({}, KEEPER, name))
    with psycopg.connect(plain, autocommit=True) as con:
        for each in tables:
            columns = ", ".join(
                f'"{field.name}" {_TYPES.get(str(field.type), "timestamptz")}' for field in each.rows.schema
            )
            con.execute(f'CREATE TABLE "{each.name}" ({columns}); GRANT SELECT ON "{each.name}" TO {KEEPER}'.encode())
            with con.cursor().copy(f'COPY "{each.name}" FROM STDIN'.encode()) as copy:
                for row in zip(*each.rows.to_pydict().values(), strict=True):
                    copy.write_row(row)
        con.execute("CREATE TABLE hard (v text, ip inet, j json, secret_email text)")
        con.cursor().executemany("INSERT INTO hard (v) VALUES (%s)", [(value,) for value in HARD])
        con.execute("INSERT INTO hard SELECT NULL, ('10.0.0.' || i)::inet, '{}', 'x' FROM generate_series(1, 40) i")
        con.execute(f"GRANT SELECT (v, ip, j) ON hard TO {KEEPER}".encode())
        con.execute("CREATE VIEW seen AS SELECT * FROM hard")
    return postgres.url(name, KEEPER)


@pytest.fixture(scope="module")
def found(url: str) -> Discovered:
    return discover(Connection(POSTGRES, url=url), Limits(), DataMap({}, {}), NOW, b"k" * 32)


def test_both_engines_count_alike(url: str, tables: list[made.Made], tmp_path: Path) -> None:
    """M7: RE2 and PostgreSQL's own patterns say the same of every column, so what is judged is the data."""
    file = tmp_path / "made.duckdb"
    with duckdb.connect(str(file)) as con:
        for each in tables:
            rows = each.rows  # noqa: F841
            con.execute(f'CREATE TABLE "{each.name}" AS SELECT * FROM rows')
        con.execute("CREATE TABLE hard (v VARCHAR)")
        con.executemany("INSERT INTO hard VALUES (?)", [(value,) for value in HARD])
        con.execute("INSERT INTO hard SELECT NULL FROM range(40)")
    names = [*((each.name, each.rows.schema.names) for each in tables), ("hard", ["v"])]
    with DuckDB(file) as first, Postgres(url) as second:
        for table, columns in names:
            one, other = (_counted(engine, table, columns) for engine in (first, second))
            assert one == other


def _counted(engine: DuckDB | Postgres, table: str, columns: list[str]) -> dict[str, object]:
    """What is counted of a table; different values, which DuckDB estimates, within a tenth."""
    real = next(each for each in engine.catalog() if each.name == table)
    asked = [Column(each.name, each.type) for each in real.columns if each.name in columns]
    measured = Scanner(engine, NOW.date(), 500).measure(Name(real.schema, real.name), asked, lambda _: None)
    return {
        key: (each.rows, each.filled, each.shapes, round(each.length, 6), round(each.words, 6), each.years, each.tells)
        for key, each in measured.items()
    }


def test_most_is_found(found: Discovered) -> None:
    """What is sure of a table of people on DuckDB is so on PostgreSQL."""
    people = next(each for each in found.tables if each.name == "tbl_customers")
    sure = {each.column: each.category for each in people.columns if each.confidence == "sure"}
    assert {
        "cust_email_addr": "user.contact.email",
        "SSN": made._ID,
        "pwd_hash": "user.authorization.password",
    }.items() <= (sure.items())
    assert "CUST_ID" == people.subject


def test_what_may_not_be_read(found: Discovered) -> None:
    """A column that Bailee's login has no right on is judged by its name, which is told; views are no tables."""
    assert "seen" not in {each.name for each in found.tables}
    hard = next(each for each in found.tables if each.name == "hard")
    told = {each.column: each for each in hard.columns}
    assert ("user.contact.email", "likely") == (told["secret_email"].category, told["secret_email"].confidence)
    assert ("user.device.ip_address", "sure") == (told["ip"].category, told["ip"].confidence)
    assert any("1 column that the engine's login may not read" in each for each in found.left_out)
