"""A worker over the small shop of `tests.engines.shop`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bailee.engines import Limits
from bailee.engines.duckdb.engine import DuckDB
from tests.engines.shop import ALLOWED, make_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("shop") / "o'shop.duckdb")


@pytest.fixture(scope="module")
def engine(shop: Path) -> Iterator[DuckDB]:
    """A worker over the shop with its 100 people allowed at sequence 1; no test of a module may end it."""
    with DuckDB(shop, limits=Limits(seconds=10)) as opened:
        opened.allow("allow_p", "INTEGER", ALLOWED, sequence=1)
        yield opened
