"""A new database for each test, in each kind of store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bailee.people.database import Database
from tests.postgres import Cluster
from tests.stores import again, make


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        made = make(tmp_path / "state.db")
        yield made
        made.close()
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.new(request.getfixturevalue("template"))
    made = again(url)
    yield made
    made.close()
    cluster.drop(url)
