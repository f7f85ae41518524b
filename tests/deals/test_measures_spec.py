"""Each numbered sentence of `spec/deals-measures.md` is named by a test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_sentence_is_held_by_a_test() -> None:
    """The first and on, none left out."""
    page = (ROOT / "spec" / "deals-measures.md").read_text(encoding="utf-8")
    numbers = {int(number) for number in re.findall(r"^\*\*M(\d+)\.\*\*", page, re.MULTILINE)}
    files = [*(ROOT / "tests" / "deals").rglob("test_*.py"), *(ROOT / "tests" / "engines").glob("test_*.py")]
    named = {int(number) for file in files for number in re.findall(r'"""M(\d+): ', file.read_text(encoding="utf-8"))}
    assert set(range(1, 24)) == numbers == named
