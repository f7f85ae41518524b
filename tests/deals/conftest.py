"""A shop with deals that is made once, and a copy of it for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailee.gate.gate import Gate
from tests.deals.shop import NOW, make, opened
from tests.gate.shop import Clock


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made") / "shop"
    make(home)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "shop"
    shutil.copytree(made, copied)
    return copied


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def gate(home: Path, clock: Clock) -> Iterator[Gate]:
    with opened(home, clock) as found:
        yield found
