"""An engine over the small shop of `tests.engines.postgres.shop`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bailee.engines import Limits
from bailee.engines.postgres.engine import Postgres
from tests.engines.postgres.shop import ALLOWED, make_shop
from tests.postgres import Cluster


@pytest.fixture(scope="module")
def url(postgres: Cluster) -> str:
    """The keeper's URL of a new shop."""
    return make_shop(postgres)


@pytest.fixture(scope="module")
def engine(url: str) -> Iterator[Postgres]:
    """An engine over the shop with its 100 people allowed at sequence 1."""
    with Postgres(url, limits=Limits(seconds=10)) as opened:
        opened.allow("allow_p", "INTEGER", ALLOWED, sequence=1)
        yield opened
