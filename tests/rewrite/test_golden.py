"""Golden pairs: a question, and the governed SQL that it becomes; each is run and compared with the plain answer.

`tests/golden/<name>.sql` holds questions under purposes. `BAILEE_GOLDEN=write` writes what they become again.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from bailee.policy.meaning_of_rows import Asked
from bailee.rewrite.rules import RULES
from bailee.vocabulary import Contract, Customer
from tests.rewrite import golden
from tests.rewrite import shop as made
from tests.rewrite.plain import filtered

PEOPLE = {key: Customer(str(key), contracts=(Contract(made.NOW - timedelta(days=9)),)) for key in (1, 2, 3, 5)}
#: Pairs by whether the map has standing columns.
FOLDERS = {False: golden.GOLDEN, True: golden.GOLDEN / "column"}


@pytest.fixture(scope="module")
def shops() -> dict[bool, made.Shop]:
    """One shop for all pairs, and one with standing columns for those in `column/`."""
    kept = {
        name: replace(table, standing="bailee") if table.subjects else table for name, table in made.MAP.tables.items()
    }
    columned = made.open_shop(datamap=replace(made.MAP, tables=kept))
    columned.columned = True
    return {False: made.open_shop(), True: columned}


@pytest.mark.parametrize(
    ("columned", "name", "purpose", "question", "becomes"),
    [(columned, *case) for columned, folder in FOLDERS.items() for case in golden.cases(folder)],
)
def test_a_question_becomes_the_governed_sql(
    shops: dict[bool, made.Shop], columned: bool, name: str, purpose: str, question: str, becomes: str
) -> None:
    """The governed SQL is the golden one, and its answer is the plain one over a filtered copy."""
    shop = shops[columned]
    ruling = golden.ruling(purpose)
    governed = shop.govern(question, ruling)
    assert becomes == golden.text(governed)
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
    assert {rule.__name__ for rule in RULES} <= {path.stem for path in golden.GOLDEN.glob("*.sql")}


@pytest.mark.skipif(os.environ.get("BAILEE_GOLDEN") != "write", reason="writes the golden files again")
def test_write_the_golden_files(shops: dict[bool, made.Shop]) -> None:
    """Takes the questions as they stand and writes what they become."""
    for columned, folder in FOLDERS.items():
        golden.write(folder, shops[columned].govern)
