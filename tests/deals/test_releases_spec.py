"""Each numbered sentence of `spec/releases.md` is named by a test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_sentence_is_held_by_a_test() -> None:
    """None is left out, and no test names one that is not there."""
    page = (ROOT / "spec" / "releases.md").read_text(encoding="utf-8")
    numbers = {int(number) for number in re.findall(r"^\*\*R(\d+)\.\*\*", page, re.MULTILINE)}
    files = [path for room in ("deals", "cli", "laws", "web") for path in (ROOT / "tests" / room).glob("test_*.py")]
    named = {
        int(number)
        for file in files
        for line in re.findall(r'"""((?:R\d+[,:] )+)', file.read_text(encoding="utf-8"))
        for number in re.findall(r"R(\d+)", line)
    }
    assert numbers == named
