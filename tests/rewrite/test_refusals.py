"""Refusals that a person can act on: the place, the nearest name, the policy line, the shape that works."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from bailee.errors import Refused
from bailee.rewrite import REWRITE
from bailee.rewrite.dialects import DUCKDB, fold
from bailee.rewrite.tokens import LONGEST
from tests.rewrite import shop as made


@pytest.fixture(scope="module")
def shop() -> made.Shop:
    """One shop for all."""
    return made.open_shop()


@pytest.mark.parametrize(
    ("question", "code", "words"),
    [
        ("", "not_one_query", "expected one query"),
        ("SELECT 1;\nSELECT 2", "not_one_query", "1:10"),
        ("DROP TABLE orders", "not_a_query", "`DROP` at 1:1"),
        ("SELECT\n  1 +\n  \u200b2", "odd_character", "U+200B at 3:3"),
        ("SELECT 'open", "odd_character", "`'open` at 1:8"),
        # Comments that are read in several ways, and would hide words from one reader only.
        ("SELECT 1 /* a /* b */ c */", "odd_character", "`/* a /* b ` at 1:10"),
        ("SELECT 1 /* open", "odd_character", "at 1:10"),
        ("SELECT 1 -- a\rFROM orders", "odd_character", "at 1:10"),
        ("SELECT 1 -- a\0", "odd_character", "at 1:10"),
        ("SELECT 1 /* \0 */", "odd_character", "at 1:10"),
        # The company's own types carry the words of their lists.
        ("SELECT NULL::company.main.mood", "not_verified", "the type `company.main.mood`"),
        ("SELECT TRY_CAST('glad' AS company.mood[])", "not_verified", "the type `company.mood`"),
        ("SELECT NULL::STRUCT(a company.main.mood)", "not_verified", "the type `company.main.mood`"),
        ("SELECT FROM WHERE", "not_understood", "cannot be read at 1:"),
        ("SELECT 1 FROM orders WHERE uper(coupon) = 'A'", "function_not_allowed", "`uper` at 1:28"),
        ("SELECT uper(coupon) FROM orders", "function_not_allowed", "did you mean `upper`?"),
        ("SELECT *\nFROM oders", "table_unknown", "`oders` at 2:6 that `offers` may see: did you mean `orders`?"),
        ("SELECT * FROM elsewhere.orders", "table_unknown", "`elsewhere.orders`"),
        ("SELECT o.note FROM orders o", "column_withheld", "the column `note` of `orders` at 1:8 is withheld"),
        ("SELECT total FROM orders ORDER BY NOTE", "column_withheld", "does not read `user.government_id`"),
        ("SELECT * FROM diary", "table_withheld", "`diary` at 1:15"),
        ("SELECT * FROM orders TABLESAMPLE 5%", "shape_not_allowed", "reservoir(10%)"),
        ("SELECT * FROM range(3) r, glob('*')", "shape_not_allowed", "in FROM"),
        ("SELECT bailee_rel_1.total FROM orders", "shape_not_allowed", "Bailee's own"),
        ("PIVOT orders ON coupon USING sum(total)", "shape_not_allowed", "ON x IN (1, 2)"),
        ("SELECT " + "1," * LONGEST + "1", "too_long", f"expected at most {LONGEST}"),
        ("SELECT " + "(" * 200 + "1" + ")" * 200, "too_long", "nests 200 brackets"),
        ("SELECT [1]" + "[1]" * 6_000, "too_long", "6001 square brackets"),
        ("SELECT 1 FROM orders " + "JOIN orders USING (total) " * 3_000, "not_verified", "not one SELECT"),
        ("SELECT " + "-" * 300 + "1", "not_verified", "not one SELECT"),
        ("SELECT " + "+".join("1" * 9_000), "not_verified", "not one SELECT"),
        ("SELECT " + "+".join("1" * 15_000), "too_long", ""),
    ],
)
def test_a_refusal_says_what_where_and_what_to_do(shop: made.Shop, question: str, code: str, words: str) -> None:
    """D10.1, D10.3: Each refusal has its code, and its sentence names what was found, where, and what was expected."""
    with pytest.raises(Refused) as refusal:
        shop.govern(question, made.ruling())
    reason = refusal.value.reasons[0]
    assert code == reason.code
    assert words in reason.sentence
    assert not reason.sentence.endswith(".")


def test_a_refused_ruling_refuses_the_question(shop: made.Shop) -> None:
    """Reasons of the policy come before any look at the question."""
    with pytest.raises(Refused) as refusal:
        shop.govern("SELECT 1", made.ruling("gone"))
    assert "unknown_purpose" == refusal.value.reasons[0].code


def test_the_allowed_functions_exist_and_none_is_dangerous() -> None:
    """Each name of the list is DuckDB's own, and none reads files, settings, catalogues, statistics or SQL."""
    rows = duckdb.connect().execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
    assert DUCKDB.functions <= {name for (name,) in rows}
    forbidden = """
    stats bitstring_agg query query_table json_execute_serialized_sql json_serialize_sql getenv getvariable glob
    current_setting nextval currval setval setseed sleep_ms pg_sleep error read_csv read_parquet read_text read_blob
    histogram_values pragma_storage_info duckdb_tables enum_range typeof list_aggregate current_query write_log
    """
    assert not set(forbidden.split()) & {fold(name) for name in DUCKDB.functions}
    assert not [
        name for name in DUCKDB.functions if name.startswith(("__", "pg_", "pragma_", "duckdb_", "read_", "icu_"))
    ]
    assert DUCKDB.table_functions <= DUCKDB.functions


def test_no_module_of_the_rewrite_imports_a_driver() -> None:
    """The rewrite runs nothing: the engine's parser comes in as an argument."""
    import bailee.rewrite

    for path in Path(bailee.rewrite.__file__).parent.rglob("*.py"):
        assert "import duckdb" not in path.read_text(encoding="utf-8")


def test_every_reason_has_a_sentence_that_ends_well() -> None:
    """Sentences are lower case without a final stop."""
    for sentence, _ in REWRITE.values():
        assert sentence[0].islower() or sentence[0] in "`{"
        assert not sentence.endswith(".")
