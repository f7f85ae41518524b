"""Each numbered sentence of `spec/discovery.md` is named by a test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_sentence_is_held_by_a_test() -> None:
    """M1 and on, none left out."""
    page = (ROOT / "spec" / "discovery.md").read_text(encoding="utf-8")
    numbers = {int(number) for number in re.findall(r"^\*\*M(\d+)\.\*\*", page, re.MULTILINE)}
    files = [*(ROOT / "tests" / "gate").glob("test_discovery*.py"), ROOT / "tests" / "cli" / "test_map_suggest.py"]
    named = {int(n) for file in files for n in re.findall(r'"""M(\d+):', file.read_text(encoding="utf-8"))}
    assert set(range(1, 10)) == numbers
    assert numbers == named


def test_the_page_counts_the_shapes() -> None:
    """What the page says of shapes is what the engine counts."""
    from bailee.deid.discovery.shapes import SHAPES, WITHIN

    page = (ROOT / "spec" / "discovery.md").read_text(encoding="utf-8")
    assert f"{len(SHAPES) + len(WITHIN)} shapes over the whole column" in page
