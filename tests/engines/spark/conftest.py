"""Sail always, and Spark's own JVM where there is Java: started once for each run, over the same small shop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bailee.engines.spark.engine import Spark
from tests.engines.spark.shop import ALLOWED, Server, jvm, make_shop, sail


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return make_shop(tmp_path_factory.mktemp("spark-shop"))


@pytest.fixture(scope="session")
def sail_server() -> Iterator[Server]:
    server, stop = sail()
    yield server
    stop()


@pytest.fixture(scope="session")
def jvm_engine(folders: dict[str, str]) -> Iterator[Spark]:
    """The engine that starts the JVM and ends it; one that is opened beside it shares it."""
    server = jvm()
    with server.open(folders) as engine:
        engine.catalog()
        yield engine


@pytest.fixture(scope="session", params=["sail", "classic", pytest.param("connect", marks=pytest.mark.soak)])
def server(request: pytest.FixtureRequest) -> Server:
    """Each kind of server."""
    if request.param == "sail":
        found: Server = request.getfixturevalue("sail_server")
        return found
    engine: Spark = request.getfixturevalue("jvm_engine")
    if request.param == "classic":
        return Server("classic", "local[2]", engine._settings)
    port = engine._settings["spark.connect.grpc.binding.port"]
    return Server("connect", f"sc://127.0.0.1:{port}")


@pytest.fixture(scope="session")
def engine(server: Server, folders: dict[str, str]) -> Iterator[Spark]:
    """An engine over the shop with its 100 people allowed at sequence 1; no test may change that."""
    with server.open(folders) as opened:
        opened.allow("allow_p", "INTEGER", ALLOWED, sequence=1, secret=bytes(32))
        yield opened


@pytest.fixture(scope="session")
def sail_engine(sail_server: Server, folders: dict[str, str]) -> Iterator[Spark]:
    """The same on Sail alone, for tests that ask much."""
    with sail_server.open(folders) as opened:
        opened.allow("allow_p", "INTEGER", ALLOWED, sequence=1, secret=bytes(32))
        yield opened


@pytest.fixture(scope="session")
def jvm_shop(jvm_engine: Spark) -> Spark:
    """The same on the JVM, in this process."""
    jvm_engine.allow("allow_p", "INTEGER", ALLOWED, sequence=1, secret=bytes(32))
    return jvm_engine
