"""A shop that is made once, and a copy of it for each test, in which the company says who it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import bailee
from bailee.gate.gate import Gate
from tests.collect.shop import introduce
from tests.gate.shop import Clock, make


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made") / "shop"
    make(home)
    return home


@pytest.fixture
def silent(made: Path, tmp_path: Path) -> Path:
    """A shop whose policy does not say who the company is."""
    copied = tmp_path / "shop"
    shutil.copytree(made, copied)
    return copied


@pytest.fixture
def home(silent: Path) -> Path:
    introduce(silent)
    return silent


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(home: Path, clock: Clock) -> Iterator[Gate]:
    with bailee.open(home, clock=clock) as opened:
        yield opened
