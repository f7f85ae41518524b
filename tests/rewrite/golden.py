"""Golden pairs as they lie in files: a purpose, a question, and what it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from bailee.decide.ruling import Ruling
from bailee.rewrite import Governed
from tests.rewrite import shop as made

GOLDEN = Path(__file__).parent.parent / "golden"
PARTS = re.compile(
    r"-- purpose: (?P<purpose>\S+)\n(?P<question>.*?)\n-- becomes\n(?P<becomes>.*?)\n(?=\n|\Z)", re.DOTALL
)


def cases(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    """The file, purpose, question and governed SQL of every pair."""
    for path in sorted(folder.glob("*.sql")):
        for found in PARTS.finditer(path.read_text(encoding="utf-8")):
            yield path.stem, found["purpose"], found["question"], found["becomes"]


def text(governed: Governed) -> str:
    """Governed SQL as a golden file has it: clean sets, relations, the question; by standing columns if any."""
    places = [each.place for each in governed.columned.values()]
    lines = [f"{clean.name}: {clean.sql}" for clean in governed.clean]
    lines += [f"{view.name}: {view.sql}" for view in governed.bind(made.CUTOFF, b"", None, places)]
    return "\n".join([*lines, governed.sql])


def ruling(purpose: str) -> Ruling:
    """The ruling of a purpose; the one with a recipient is asked for it."""
    return made.ruling(purpose, "insurer" if purpose == "research" else None)


def write(folder: Path, govern: Callable[[str, Ruling], Governed]) -> None:
    """Take the questions as they stand and write what they become."""
    for path in sorted(folder.glob("*.sql")):
        whole = path.read_text(encoding="utf-8")
        for found in PARTS.finditer(whole):
            becomes = text(govern(found["question"], ruling(found["purpose"])))
            whole = whole.replace(found[0], found[0].replace(found["becomes"], becomes))
        path.write_text(whole, encoding="utf-8")
