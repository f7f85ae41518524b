"""What is printed for engines that Bailee does not run: golden pairs, refusals, and the same tree run on DuckDB."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace

import pytest

from bailee.decide.ruling import Ruling
from bailee.errors import Refused
from bailee.rewrite.dialects import named
from bailee.rewrite.printing import ENGINES, joined, printed
from tests.rewrite import golden
from tests.rewrite import shop as made

FOLDER = golden.GOLDEN / "printed"


@pytest.fixture(scope="module")
def shop() -> made.Shop:
    """One shop for all."""
    return made.open_shop()


def _text(shop: made.Shop, question: str, ruling: Ruling, engine: str) -> str:
    """What is printed, without the head."""
    whole = printed(shop.govern(question, ruling), engine, made.CUTOFF)
    return re.sub(r"\A(--.*\n)+", "", whole)


@pytest.mark.parametrize(("engine", "purpose", "question", "becomes"), list(golden.cases(FOLDER)))
def test_a_question_is_printed(shop: made.Shop, engine: str, purpose: str, question: str, becomes: str) -> None:
    """The golden text is what is printed, and every name in it is in quotes."""
    assert becomes == _text(shop, question, golden.ruling(purpose), engine)
    bare = re.sub(r"\"[^\"]*\"|`[^`]*`|'[^']*'", "", becomes)
    assert not re.search("orders|customers|bailee|total|coupon", bare)


def test_every_printed_engine_has_a_golden_file() -> None:
    """One engine, one file."""
    assert set(ENGINES) == {path.stem for path in FOLDER.glob("*.sql")}


@pytest.mark.skipif(os.environ.get("BAILEE_GOLDEN") != "write", reason="writes the golden files again")
def test_write_the_golden_files(shop: made.Shop) -> None:
    """Takes the questions as they stand and writes what is printed."""
    for path in FOLDER.glob("*.sql"):
        whole = path.read_text(encoding="utf-8")
        for found in golden.PARTS.finditer(whole):
            becomes = _text(shop, found["question"], golden.ruling(found["purpose"]), path.stem)
            whole = whole.replace(found[0], found[0].replace(found["becomes"], becomes))
        path.write_text(whole, encoding="utf-8")


@pytest.mark.parametrize("engine", list(ENGINES))
def test_it_says_that_it_was_not_run(shop: made.Shop, engine: str) -> None:
    """Whoever finds the text is told that nothing was compared, that there is no fence, and what must be brought."""
    whole = printed(shop.govern("SELECT total FROM orders", made.ruling()), engine, made.CUTOFF)
    assert whole.startswith(f"-- Printed for {ENGINES[engine]}, and not run")
    assert "no fence" in whole
    assert "bailee_allow" in whole


@pytest.mark.parametrize(
    ("question", "engine", "words"),
    [
        ("SELECT email FROM customers", "trino", "a column as a pseudonym"),
        ("SELECT age FROM customers", "trino", "`isfinite` cannot be printed for Trino"),
        ("SELECT quantity FROM lines", "snowflake", "`TRY`"),
        ("SELECT quantity FROM lines", "bigquery", "`TRY`"),
        ("SELECT quantity FROM lines", "databricks", "`TRY`"),
        ("SELECT count(*) FILTER (WHERE total > 5) FROM orders", "snowflake", "`FILTER`"),
        ("SELECT median(total) FROM orders", "trino", "`median` cannot be printed for Trino"),
        ("SELECT any_value(total) FROM orders", "snowflake", "cannot be printed for Snowflake"),
        ("SELECT total // 2 FROM orders", "bigquery", "`intdiv`"),
        ("SELECT * EXCLUDE (total) FROM orders", "trino", "`*` with exceptions"),
        ("SELECT 1 FROM orders ASOF JOIN customers ON id = customer_id AND placed >= joined", "trino", "kind of join"),
        ("SELECT * FROM orders, range(3)", "trino", "cannot be printed for Trino"),
        ("WITH RECURSIVE n AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM n) SELECT * FROM n", "trino", "RECURSIVE"),
        ("SELECT coupon[1] FROM orders", "trino", "cannot be printed for Trino"),
        ("SELECT total::HUGEINT FROM orders", "databricks", "the type"),
    ],
)
def test_what_cannot_be_printed_is_refused_by_name(shop: made.Shop, question: str, engine: str, words: str) -> None:
    """Nothing is printed of which it is not known that it means the same there."""
    with pytest.raises(Refused, match=re.escape(words)):
        printed(shop.govern(question, made.ruling()), engine, made.CUTOFF)


def test_only_known_engines_and_duckdbs_form(shop: made.Shop) -> None:
    """Another engine or dialect is an error of the caller, and so is a missing cut-off."""
    governed = shop.govern("SELECT total FROM orders", made.ruling())
    with pytest.raises(ValueError, match="`oracle` is not printed"):
        printed(governed, "oracle", made.CUTOFF)
    with pytest.raises(ValueError, match="for DuckDB"):
        printed(replace(governed, dialect=named("spark")), "trino", made.CUTOFF)
    with pytest.raises(ValueError, match="cut-off"):
        printed(governed, "trino", None)


def test_the_tree_answers_as_the_governed_question_does(shop: made.Shop) -> None:
    """The one query of CTEs, written for DuckDB again and run there, has the governed answer."""
    shop.con.execute("CREATE SCHEMA IF NOT EXISTS company.bailee_allow")
    for engine, purpose, question, _ in golden.cases(FOLDER):
        if engine != "trino":
            continue
        governed = shop.govern(question, golden.ruling(purpose))
        expected = Counter(map(repr, shop.run(governed)[1]))
        for allow in governed.allow:
            source = f"SELECT * FROM memory.main.{allow.name}"
            shop.con.execute(f"CREATE OR REPLACE TABLE company.bailee_allow.{allow.name} AS {source}")
        cursor = shop.con.cursor()
        cursor.execute("USE company")
        answer = cursor.execute(joined(governed, made.CUTOFF).sql(dialect="duckdb", identify=True)).fetchall()
        assert expected == Counter(map(repr, answer)), question
