"""Places for laws that hold on every engine; see `tests/places.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import psycopg
import pytest

from bailee.engines.spark.engine import Spark
from tests.engines.spark.shop import Server, jvm
from tests.places import InPostgres, InSpark, Place

#: Spark's JVM takes seconds for some questions.
PLACES = ["postgres", "sail", pytest.param("jvm", marks=pytest.mark.soak)]


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Each engine beside DuckDB."""
    if request.param == "postgres":
        with psycopg.connect(request.getfixturevalue("postgres").new(), autocommit=True) as con:
            yield InPostgres(con)
        return
    server = jvm() if request.param == "jvm" else Server("sail", request.getfixturevalue("sail"))

    def opened(folders: Mapping[str, str]) -> Spark:
        return server.open(folders)

    made = InSpark(opened, tmp_path_factory.mktemp("lake"))
    yield made
    made.close()
