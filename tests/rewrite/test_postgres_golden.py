"""Golden pairs on PostgreSQL: governed SQL, run on a real server and compared with the plain answer there.

`tests/golden/postgres/<name>.sql` holds them as `tests/golden` does; `BAILEE_GOLDEN=write` writes them again.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from bailee.policy.meaning_of_rows import Asked
from tests.postgres import Cluster
from tests.rewrite import golden
from tests.rewrite import shop as made
from tests.rewrite.plain import tables_sql
from tests.rewrite.postgres_shop import PostgresShop, open_shop
from tests.rewrite.test_golden import PEOPLE

FOLDER = golden.GOLDEN / "postgres"


@pytest.fixture(scope="module")
def shop(postgres: Cluster) -> PostgresShop:
    """One shop for all pairs."""
    return open_shop(postgres)


@pytest.mark.parametrize(("name", "purpose", "question", "becomes"), list(golden.cases(FOLDER)))
def test_a_question_becomes_the_governed_sql(
    shop: PostgresShop, name: str, purpose: str, question: str, becomes: str
) -> None:
    """The governed SQL is the golden one, and its answer is the plain one over tables without what is hidden."""
    ruling = golden.ruling(purpose)
    governed = shop.govern(question, ruling)
    assert becomes == golden.text(governed)
    answer = Counter(map(repr, shop.run(governed)))
    if governed.aggregate:
        return  # its plain answer shows small groups too: test_postgres_groups.py
    asked = Asked(made.POLICY, made.MAP, ruling.use, made.NOW, PEOPLE, {}, governed.aggregate)
    types = {t.name: {c.name: c.type for c in t.columns} for t in shop.catalog if t.schema == "public"}
    rows = {table: _rows(shop, table, list(types[table])) for table in made.MAP.tables}
    assert shop.plain(question, list(tables_sql(asked, ruling, rows, types, governed.tables))) == answer


def _rows(shop: PostgresShop, table: str, columns: list[str]) -> list[dict[str, object]]:
    listed = ", ".join(f'"{column}"' for column in columns)
    found = shop.con.execute(f"SELECT {listed} FROM public.{table}").fetchall()
    return [dict(zip(columns, row, strict=True)) for row in found]


def test_both_dialects_have_the_same_files() -> None:
    """One rule, one file of pairs, in each dialect that is run."""
    assert {path.name for path in golden.GOLDEN.glob("*.sql")} == {path.name for path in FOLDER.glob("*.sql")}


@pytest.mark.skipif(os.environ.get("BAILEE_GOLDEN") != "write", reason="writes the golden files again")
def test_write_the_golden_files(shop: PostgresShop) -> None:
    """Takes the questions as they stand and writes what they become."""
    golden.write(FOLDER, shop.govern)
