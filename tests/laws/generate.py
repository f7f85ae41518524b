"""Writes LAWS.md, beside this file, from the first docstring line of each law's module: `Law 4. A withdrawal ...`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
SENTENCE = re.compile(r"Law (?P<number>\d+)\. (?P<sentence>[A-Z`].+\.)")
HEAD = """# Laws

What holds for every policy, every customer and every question. Each law is a file of property-based tests; this page is
made from their first lines by `make laws`, and a test compares the two.

"""


def law(source: str, file: str) -> tuple[int, str]:
    """The number and sentence that a module's docstring opens with; ValueError when it does not open with a law."""
    first = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
    found = SENTENCE.fullmatch(first)
    if found is None:
        raise ValueError(f"{file} opens with `{first}`; expected a docstring such as `Law 4. What holds.`")
    return int(found["number"]), found["sentence"]


def render(folder: Path = HERE) -> str:
    """The whole text of LAWS.md, the laws in the order of their numbers, then of their files."""
    files = sorted(folder.glob("test_*.py"))
    laws = sorted((*law(file.read_text(encoding="utf-8"), file.name), file.name) for file in files)
    return HEAD + "".join(f"{number}. {sentence} ([{file}]({file}))\n" for number, sentence, file in laws)


if __name__ == "__main__":
    (HERE / "LAWS.md").write_text(render(), encoding="utf-8")
