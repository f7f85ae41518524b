"""What an erasure leaves in a PostgreSQL server's files: nothing, or words that say what stays and who can help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import bailee
from bailee.gate import workspace
from bailee.gate.gate import Gate
from tests.gate.shop import Clock, make
from tests.postgres import Cluster

CANARY = b"CANARYKEY99"


@pytest.fixture
def store(postgres: Cluster) -> Iterator[str]:
    url = postgres.new()
    yield url
    postgres.drop(url)


@pytest.fixture
def shop(store: str, tmp_path: Path) -> Iterator[Gate]:
    home = tmp_path / "shop"
    make(home, store=store)
    with bailee.open(home, clock=Clock()) as gate:
        yield gate


def enrol(gate: Gate, folder: Path) -> None:
    """Somebody whose key stands in the clear in tables, their indexes and what the server knows to plan by."""
    path = folder / "CANARYFILE.csv"
    path.write_text("key,born,place,email\nCANARYKEY99,1985-04-03,US-OH,canary.mail@example.com\n")
    gate.import_customers(path)
    gate.choose("CANARYKEY99", "refuse", "offers", evidence="CANARYPLACE")


def holding(postgres: Cluster, folder: str) -> list[str]:
    """The files of the server that hold a canary."""
    files = (postgres.folder / "data" / folder).rglob("*")
    return [path.name for path in files if path.is_file() and CANARY in path.read_bytes()]


def test_an_erasure_overwrites_the_servers_log(shop: Gate, store: str, postgres: Cluster, tmp_path: Path) -> None:
    """No table, index, statistic or segment of the write-ahead log holds the key of who was erased."""
    enrol(shop, tmp_path)
    postgres.run("ANALYZE bailee.customers", urlsplit(store).path[1:])
    postgres.run("CHECKPOINT")
    assert holding(postgres, "pg_wal")
    assert holding(postgres, "base")
    report = shop.erase("CANARYKEY99")
    assert report.cleaned is not None
    assert (True, None) == (report.cleaned.log, report.cleaned.undone)
    postgres.run("CHECKPOINT")  # what was written anew before is unlinked now
    assert ([], []) == (holding(postgres, "pg_wal"), holding(postgres, "base"))
    shop.verify()


def test_a_role_that_may_not_is_told_what_an_administrator_runs(
    shop: Gate, store: str, postgres: Cluster, tmp_path: Path
) -> None:
    """Without the right to a checkpoint the report says that the log stays and what to run; that then does it."""
    name = urlsplit(store).path[1:]
    postgres.run(
        "CREATE ROLE clerk LOGIN; GRANT CREATE ON DATABASE " + name + " TO clerk; ALTER SCHEMA bailee OWNER TO clerk",
        name,
    )
    owned = postgres.run("SELECT tablename FROM pg_tables WHERE schemaname = 'bailee'", name)
    for (table,) in owned:
        postgres.run(f"ALTER TABLE bailee.{table} OWNER TO clerk", name)
    home = tmp_path / "shop"
    shop.close()
    (home / "bailee.toml").write_bytes(workspace.shared(postgres.url(name, "clerk")))
    try:
        with bailee.open(home, clock=Clock()) as gate:
            enrol(gate, tmp_path)
            report = gate.erase("CANARYKEY99")
        assert report.cleaned is not None
        assert not report.cleaned.log
        told = report.cleaned.undone or ""
        assert "GRANT pg_checkpoint, pg_monitor TO clerk" in told
        assert holding(postgres, "pg_wal")
        for statement in told.split("`")[1].split("; "):
            postgres.run(statement)
        assert [] == holding(postgres, "pg_wal")
        postgres.run(told.split("`")[3], name)
        with bailee.open(home, clock=Clock()) as gate:
            assert gate.clean().log
    finally:
        postgres.run("REASSIGN OWNED BY clerk TO postgres; DROP OWNED BY clerk", name)
        postgres.run("DROP OWNED BY clerk")
        postgres.run("DROP ROLE clerk")
