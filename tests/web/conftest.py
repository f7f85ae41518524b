"""The small shop of the gate's tests, served."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import bailee
from tests.gate import shop
from tests.web.served import SECRET, VARIABLE, Served, serving_of, with_keys


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's workspace, to be copied."""
    home = tmp_path_factory.mktemp("web") / "shop"
    shop.make(home)
    with_keys(home)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh workspace that believes the shop's tokens."""
    monkeypatch.setenv(VARIABLE, SECRET)
    return shutil.copytree(made, tmp_path / "shop")


@pytest.fixture
def served(home: Path) -> Iterator[Served]:
    """The shop, served."""
    with serving_of(bailee.open(home)) as running:
        yield running
