"""`spec/decision.md` says what is tested, and nothing else is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from bailee.policy.reasons import RULING, STANDING
from bailee.rewrite.reasons import REWRITE
from tests.decide.test_cases import cases

ROOT = Path(__file__).parents[2]
SPEC = (ROOT / "spec" / "decision.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"\bD\d+\.\d+\b")


def sentences() -> list[str]:
    return re.findall(r"^- \*\*(D\d+\.\d+)\*\* [A-Z`]", SPEC, re.MULTILINE)


def docstrings() -> set[str]:
    """The numbers that the docstrings of tests name."""
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "tests").rglob("test_*.py")))
    tests = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {number for test in tests for number in NUMBER.findall(ast.get_docstring(test) or "")}


def test_every_sentence_is_held_by_a_test_and_every_number_is_a_sentence() -> None:
    """Each numbered sentence is named by a test or a case, and each number that one names is a sentence's."""
    cited = docstrings() | {number for case in cases() for number in case["cites"]}
    assert (set(), set()) == (set(sentences()) - cited, cited - set(sentences()))


def test_numbers_count_up() -> None:
    """Sentences stand in the order of their numbers, none twice."""
    found = [tuple(map(int, number[1:].split("."))) for number in sentences()]
    assert sorted(set(found)) == found


def test_every_code_is_listed_with_its_sentence() -> None:
    """D9.5: the tables are those of `policy/reasons.py`, and the byte of a code is its position."""
    standing = [
        f"| {byte} | `{code}` | {principle} | {text} |" for byte, (code, text, principle) in enumerate(STANDING)
    ]
    ruling = [f"| `{code}` | {about} | {text} |" for code, (text, about) in RULING.items()]
    assert [*standing, *ruling] == [line for line in SPEC.splitlines() if re.match(r"\| (\d+ \| )?`", line)]


def test_every_code_of_a_question_is_listed() -> None:
    """D9.5: the codes with which the rewriter refuses are those of `rewrite/reasons.py`, in its order."""
    listed = SPEC.partition("### Codes of questions")[2].partition("\n## ")[0]
    assert list(REWRITE) == re.findall(r"`([a-z_]+)`", listed.replace("`rewrite/reasons.py`", ""))
