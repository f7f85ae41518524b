"""Engines on the command line: listed, tested, given their rights, and asked."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import psycopg
import pytest

from tests.cli.conftest import Shop
from tests.placed import as_user
from tests.postgres import Cluster

COUNT = ("ask", "SELECT count(*) AS n FROM orders", "--purpose", "personal_offers", "--role", "marketing")
KINDS = {"VARCHAR": "text", "DOUBLE": "double precision"}


def copied(home: Path, url: str) -> None:
    """The tables of the shop's DuckDB file in a PostgreSQL database."""
    with (
        duckdb.connect(home / "warehouse.duckdb", read_only=True) as file,
        psycopg.connect(url, autocommit=True) as database,
    ):
        tables = file.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
        for (table,) in tables:
            columns = file.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
                [table],
            ).fetchall()
            listed = ", ".join(f'"{name}" {KINDS.get(kind, kind)}' for name, kind in columns)
            database.execute(f'CREATE TABLE "{table}" ({listed})'.encode())
            marks = ", ".join(["%s"] * len(columns))
            rows = file.execute(f'SELECT * FROM "{table}"').fetchall()
            database.cursor().executemany(f'INSERT INTO "{table}" VALUES ({marks})'.encode(), rows)


@pytest.fixture
def placed(shop: Shop, postgres: Cluster) -> tuple[Shop, str]:
    """The shop with a further engine: a PostgreSQL database of the same tables, in which nobody has rights yet."""
    url = postgres.new()
    copied(shop.home, url)
    (shop.home / "bailee.toml").write_text(f'[engines.copy]\nkind = "postgres"\nurl = "{as_user(url, "kay")}"\n')
    for customer in ("ada", "bea", "cem"):
        shop.grant(customer)
    return shop, url


def test_engines_are_listed_without_connecting(shop: Shop) -> None:
    """Names, kinds and places; of a secret, only where it comes from."""
    (shop.home / "bailee.toml").write_text(
        '[engines.copy]\nkind = "postgres"\nurl = "env:COPY_URL"\n'
        '[engines.lake]\nkind = "spark"\nurl = "sc://lake.example:15002"\n'
    )
    lines = shop.run("engines").stdout.splitlines()
    assert [["main", "duckdb"], ["copy", "postgres"], ["lake", "spark"]] == [line.split()[:2] for line in lines[:3]]
    assert ["env:COPY_URL", "sc://lake.example:15002"] == [line.split()[2] for line in lines[1:3]]
    names = [each["name"] for each in json.loads(shop.run("engines", "--json").stdout)]
    assert [None, "copy", "lake"] == names


def test_an_engine_is_given_its_rights_and_asked(placed: tuple[Shop, str]) -> None:
    """Before: it cannot be used, and the SQL that mends it is named; after: sound, and it answers as the main one."""
    shop, url = placed
    before = shop.run("engines", "test", "copy")
    assert 1 == before.exit_code
    assert "cannot be used" in before.stdout
    assert "bailee engines grants copy" in before.stdout
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(shop.run("engines", "grants", "copy").stdout.encode())
    after = shop.run("engines", "test", "--all")
    assert (0, 2) == (after.exit_code, after.stdout.count("connected, and its fence holds")), after.stdout
    answers = [shop.run(*COUNT, *words).stdout for words in ((), ("--engine", "copy"))]
    assert answers[0] == answers[1] == "n\n30\n"


def test_what_is_too_wide_is_said(placed: tuple[Shop, str]) -> None:
    """A login that may read more than the map names, or write, is told of with the remedy, and status 1."""
    shop, url = placed
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(shop.run("engines", "grants", "copy").stdout.encode())
        database.execute('CREATE TABLE salaries (who text); GRANT SELECT, INSERT ON salaries TO "kay"')
    told = shop.run("engines", "test", "copy")
    assert 1 == told.exit_code
    assert "too wide: the keeper can read what the data map does not name: `public.salaries.who`" in told.stdout
    assert "too wide: the keeper may write or owns `public.salaries`" in told.stdout
    found = json.loads(shop.run("engines", "test", "copy", "--json").stdout)[0]
    assert (False, {"wide"}) == (found["sound"], {each["kind"] for each in found["findings"]})


def test_engines_that_are_not_there(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is not in `bailee.toml`, a variable that is not set, a server that is away: told in words."""
    (shop.home / "bailee.toml").write_text(
        '[engines.copy]\nkind = "postgres"\nurl = "env:COPY_URL"\n'
        '[engines.away]\nkind = "postgres"\nurl = "postgresql://kay@127.0.0.1:1/shop"\n'
    )
    unknown = shop.run(*COUNT, "--engine", "cpoy")
    assert 1 == unknown.exit_code
    assert "there is no engine `cpoy` in `bailee.toml`, which names `copy` or `away`; did you mean `copy`?" in (
        unknown.stderr
    )
    unset = shop.run(*COUNT, "--engine", "copy")
    assert (1, True) == (unset.exit_code, "the environment variable `COPY_URL` is not set" in unset.stderr)
    away = shop.run(*COUNT, "--engine", "away")
    assert (1, True) == (away.exit_code, "nobody listens there" in away.stderr)
    assert "Traceback" not in unknown.stderr + unset.stderr + away.stderr


def test_a_question_is_printed_for_other_warehouses(shop: Shop) -> None:
    """Governed as here, marked as not run, nothing recorded; what cannot be said there is refused by name."""
    asked = ("SELECT count(*) AS n FROM orders", "--purpose", "personal_offers", "--role", "marketing")
    size = json.loads(shop.run("ledger", "head", "--json").stdout)["size"]
    for engine in ("trino", "snowflake", "bigquery", "databricks"):
        done = shop.run("engines", "print", engine, *asked)
        assert 0 == done.exit_code, done.stderr
        assert done.stdout.startswith("-- Printed for ")
        assert "and not run" in done.stdout
        assert "bailee_allow" in done.stdout
    unknown = shop.run("engines", "print", "oracle", *asked)
    assert (1, True) == (unknown.exit_code, "nothing is printed for `oracle`, expected trino" in unknown.stderr)
    refused = shop.run("engines", "print", "trino", asked[0], "--purpose", "no_such_purpose")
    assert 3 == refused.exit_code
    assert size == json.loads(shop.run("ledger", "head", "--json").stdout)["size"]
