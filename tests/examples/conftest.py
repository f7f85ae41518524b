"""The grocer, loaded once for all tests of this folder, as it stood on one day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from bailee import examples
from bailee.examples import grocer
from bailee.examples.grocer import load
from bailee.policy.datamap import load_map
from bailee.policy.document import load_policy
from bailee.policy.model import DataMap, Policy

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def parquet() -> Path:
    """The folder of the package's files."""
    folder = load.parquet_folder()
    assert folder is not None, grocer.missing()
    return folder


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The grocer's policy."""
    return load_policy(grocer.FOLDER / "policy.yaml")


@pytest.fixture(scope="session")
def datamap(policy: Policy) -> DataMap:
    """The grocer's data map."""
    return load_map(grocer.FOLDER / "datamap.yaml", policy)


@pytest.fixture(scope="session")
def layer(parquet: Path) -> grocer.Layer:
    """All that is synthetic."""
    return grocer.synthetic(parquet, NOW)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installed workspace."""
    home = tmp_path_factory.mktemp("grocer") / "shop"
    examples.install("grocer", home, clock=lambda: NOW)
    return home


@pytest.fixture(scope="session")
def warehouse(workspace: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The workspace's warehouse, to read."""
    with duckdb.connect(str(workspace / "warehouse.duckdb"), read_only=True) as con:
        yield con
