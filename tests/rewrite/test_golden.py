"""Golden pairs: a question, and the governed SQL that it becomes; each is run and compared with the plain answer.

`tests/golden/<name>.sql` holds questions under purposes. `BAILEE_GOLDEN=write` writes what they become again.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bailee.policy.meaning_of_rows import Asked
from bailee.rewrite import Governed
from bailee.rewrite.rules import RULES
from bailee.vocabulary import Contract, Customer
from tests.rewrite import shop as made
from tests.rewrite.plain import filtered

GOLDEN = Path(__file__).parent.parent / "golden"
PEOPLE = {key: Customer(str(key), contracts=(Contract(made.NOW - timedelta(days=9)),)) for key in (1, 2, 3, 5)}
PARTS = re.compile(
    r"-- purpose: (?P<purpose>\S+)\n(?P<question>.*?)\n-- becomes\n(?P<becomes>.*?)\n(?=\n|\Z)", re.DOTALL
)


def _cases() -> Iterator[tuple[str, str, str, str]]:
    for path in sorted(GOLDEN.glob("*.sql")):
        for found in PARTS.finditer(path.read_text(encoding="utf-8")):
            yield path.stem, found["purpose"], found["question"], found["becomes"]


def _text(governed: Governed) -> str:
    """The governed SQL; with the test of a standing column wherever the map has one."""
    places = [each.place for each in governed.columned.values()]
    lines = [f"{clean.name}: {clean.sql}" for clean in governed.clean]
    lines += [f"{view.name}: {view.sql}" for view in governed.bind(made.CUTOFF, b"", None, places)]
    return "\n".join([*lines, governed.sql])


@pytest.fixture(scope="module")
def shops() -> dict[bool, made.Shop]:
    """One shop for all pairs, and one with standing columns for those of `column.sql`."""
    kept = {
        name: replace(table, standing="bailee") if table.subjects else table for name, table in made.MAP.tables.items()
    }
    columned = made.open_shop(datamap=replace(made.MAP, tables=kept))
    columned.columned = True
    return {False: made.open_shop(), True: columned}


@pytest.mark.parametrize(("name", "purpose", "question", "becomes"), list(_cases()))
def test_a_question_becomes_the_governed_sql(
    shops: dict[bool, made.Shop], name: str, purpose: str, question: str, becomes: str
) -> None:
    """The governed SQL is the golden one, and its answer is the plain one over a filtered copy."""
    shop = shops[name == "column"]
    ruling = made.ruling(purpose, "insurer" if purpose == "research" else None)
    governed = shop.govern(question, ruling)
    assert becomes == _text(governed)
    asked = Asked(made.POLICY, made.MAP, ruling.use, made.NOW, PEOPLE, {}, governed.aggregate)
    types = {
        t.name: {c.name: c.type for c in t.columns if c.name != "bailee"} for t in shop.catalog if t.schema == "main"
    }
    rows = {
        name: [dict(zip(types[name], row, strict=True)) for row in _rows(shop, name, list(types[name]))]
        for name in made.MAP.tables
    }
    if governed.aggregate:
        return  # its plain answer shows small groups too: tests/laws/test_no_small_group_is_shown.py
    plain = filtered(asked, ruling, rows, types, governed.tables).execute(question).fetchall()
    assert Counter(map(repr, plain)) == Counter(map(repr, shop.run(governed)[1]))


def _rows(shop: made.Shop, name: str, columns: list[str]) -> list[tuple[object, ...]]:
    listed = ", ".join(f'"{column}"' for column in columns)
    return shop.con.execute(f"SELECT {listed} FROM company.main.{name}").fetchall()


def test_every_rule_has_its_golden_file() -> None:
    """One rule, one file of pairs."""
    assert {rule.__name__ for rule in RULES} <= {path.stem for path in GOLDEN.glob("*.sql")}


@pytest.mark.skipif(os.environ.get("BAILEE_GOLDEN") != "write", reason="writes the golden files again")
def test_write_the_golden_files(shops: dict[bool, made.Shop]) -> None:
    """Takes the questions as they stand and writes what they become."""
    for path in sorted(GOLDEN.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        for found in PARTS.finditer(text):
            ruling = made.ruling(found["purpose"], "insurer" if found["purpose"] == "research" else None)
            shop = shops[path.stem == "column"]
            text = text.replace(
                found[0], found[0].replace(found["becomes"], _text(shop.govern(found["question"], ruling)))
            )
        path.write_text(text, encoding="utf-8")
