"""Each numbered sentence of `spec/deid.md` is named by a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("letter", "last"), [("V", 16), ("N", 11)])
def test_every_sentence_is_held_by_a_test(letter: str, last: int) -> None:
    """V1 and on, and N1 and on, none left out."""
    page = (ROOT / "spec" / "deid.md").read_text(encoding="utf-8")
    numbers = {int(number) for number in re.findall(rf"^\*\*{letter}(\d+)\.\*\*", page, re.MULTILINE)}
    files = [file for room in ("deid", "laws", "gate", "rewrite") for file in (ROOT / "tests" / room).glob("test_*.py")]
    named = {
        int(number)
        for file in files
        for line in re.findall(r'"""((?:[VND][\d.]+[,:] )+)', file.read_text(encoding="utf-8"))
        for number in re.findall(rf"\b{letter}(\d+)", line)
    }
    assert numbers == set(range(1, last + 1))
    assert numbers == named
