"""How much hypothesis tries: `default` is modest, `soak` (`make soak`) goes on for long, and CI repeats itself.

And the one PostgreSQL that the tests of a process share.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Cluster

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

# Two cores are shared with everything else the machine does, so time says nothing about a test.
settings.register_profile("default", deadline=None, max_examples=100, suppress_health_check=SLOW)
# The same cases each time, so that a run that passed will pass again; a failure prints what repeats it.
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile(
    "soak", settings.get_profile("default"), max_examples=20_000, print_blob=True, derandomize=False
)

# `--hypothesis-profile` beats this choice.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A real PostgreSQL, started when a test first asks for it."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def template(postgres: Cluster) -> str:
    """The name of a PostgreSQL database that has Bailee's tables, to be copied."""
    from tests.stores import TEMPLATE, make

    postgres.run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
    make(postgres.url(TEMPLATE)).close()
    return TEMPLATE


@pytest.fixture(scope="session")
def sail() -> Iterator[str]:
    """The URL of Sail's Spark Connect server, which runs in this process; it reads what this user may read."""
    from tests.engines.spark.shop import sail as started

    server, stop = started()
    yield server.address
    stop()
