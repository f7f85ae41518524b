"""A shop with an offer, made once, a copy of it for each test, and the evidence on the offer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailee.deals.evidence import Evidence
from bailee.deals.gathering import gather
from bailee.gate.gate import Gate
from tests.deals.screens import shop
from tests.gate.shop import Clock


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("offered") / "shop"
    shop.make(home)
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "shop"
    shutil.copytree(built, copied)
    return copied


@pytest.fixture
def gate(home: Path) -> Iterator[Gate]:
    with shop.opened(home, Clock(shop.NOW)) as opened:
        yield opened


@pytest.fixture(scope="session")
def offered(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The evidence on the offer as it stands."""
    home = tmp_path_factory.mktemp("asked") / "shop"
    shutil.copytree(built, home)
    with shop.opened(home, Clock(shop.NOW)) as gate:
        return gather(gate, shop.deal(), actor=shop.COUNSEL, seed=7).evidence
