"""A shop with deals that is made once and copied for each test, and the grocer's evidence, gathered once for all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailee import examples
from bailee.deals.evidence import Evidence
from bailee.gate.gate import Gate
from tests.deals import grocer
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


@pytest.fixture(scope="session")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installed grocer."""
    home = tmp_path_factory.mktemp("deals") / "shop"
    examples.install("grocer", home, clock=lambda: grocer.NOW)
    return home


@pytest.fixture(scope="session")
def harbour(shop_folder: Path) -> Evidence:
    """The evidence on the offer as it stands: identified, of everybody, for `premium_setting`."""
    return grocer.evidence(shop_folder)
