"""Requests and copies where the store is a PostgreSQL that several servers share, and a store from before them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import bailee
from bailee.collect.receipts.issuing import receipt
from bailee.collect.receipts.verify import verify_receipt
from bailee.rights import requests
from bailee.rights.copying import copy
from tests.gate.shop import Clock, grant, make
from tests.postgres import Cluster
from tests.rights.shop import extend


def test_all_of_it_in_a_shared_store(tmp_path: Path, postgres: Cluster) -> None:
    """A receipt, a request with its answer, a copy and an erasure work as they do in a file."""
    make(tmp_path / "shop", postgres.new())
    extend(tmp_path / "shop")
    with bailee.open(tmp_path / "shop", clock=Clock()) as gate:
        grant(gate, 9)
        kept = receipt(gate, 9).file
        asked = requests.open(gate, 9, "erase", text="all")
        requests.extend(gate, asked.number, "much", by="ann")
        file = io.BytesIO()
        copy(gate, 9, file)
        assert zipfile.ZipFile(file).testzip() is None
        gate.erase(9)
        done = requests.close(gate, asked.number, "fulfilled", by="ann")
        assert ("fulfilled", None, None) == (done.state, done.said, done.customer)
        assert "grant" == verify_receipt(kept).choice["act"]


def test_a_store_from_before_is_brought_up(tmp_path: Path, postgres: Cluster) -> None:
    """A shared store of revision 0002 gets the tables when it is opened, and takes requests."""
    url = postgres.new()
    make(tmp_path / "shop", url)
    database = url.split("/")[3].split("?")[0]
    for table in (
        "deletions",
        "releases",
        "deal_steps",
        "deals",
        "request_changes",
        "requests",
        "webhook_cursors",
        "webhook_deliveries",
        "spendings",
        "sessions",
        "links",
        "repeats",
    ):
        postgres.run(f"DROP TABLE bailee.{table}", database)
    postgres.run("UPDATE bailee.alembic_version SET version_num = '0002'", database)
    with bailee.open(tmp_path / "shop", clock=Clock()) as gate:
        assert 1 == requests.open(gate, 1, "access").number
