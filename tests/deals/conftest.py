"""The grocer's evidence on Harbour Mutual's offer, gathered once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from bailee import examples
from bailee.deals.evidence import Evidence
from tests.deals import grocer


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
