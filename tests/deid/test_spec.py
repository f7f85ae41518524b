"""Each numbered sentence of `spec/deid.md` is named by a test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_sentence_is_held_by_a_test() -> None:
    """V1 and on, none left out."""
    page = (ROOT / "spec" / "deid.md").read_text(encoding="utf-8")
    numbers = {int(number) for number in re.findall(r"^\*\*V(\d+)\.\*\*", page, re.MULTILINE)}
    files = [*(ROOT / "tests" / "deid").glob("test_*.py"), *(ROOT / "tests" / "laws").glob("test_*.py")]
    named = {
        int(number)
        for file in files
        for line in re.findall(r'"""((?:V\d+[,:] )+)', file.read_text(encoding="utf-8"))
        for number in re.findall(r"V(\d+)", line)
    }
    assert numbers == set(range(1, 12))
    assert numbers == named
