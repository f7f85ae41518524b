"""Law 18 on a disk that is full, or may only be read: refused in words, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.disks import in_a_child
from tests.gate.shop import make


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make(tmp_path / "shop")
    return tmp_path / "shop"


def test_a_full_disk_loses_nothing(home: Path, tmp_path: Path) -> None:
    """What was acknowledged before the disk was full is there; then nothing is released; with room it goes on."""
    assert "until the disk was full" in in_a_child("full", home, tmp_path / "disk")


def test_a_read_only_disk_answers_nothing(home: Path, tmp_path: Path) -> None:
    """Where nothing can be recorded, a workspace does not open, and says what to do."""
    assert "read-only" in in_a_child("read_only", home, tmp_path / "disk")
