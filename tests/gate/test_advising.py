"""What `bailee check` says of tables whose questions would be slow, with figures of the database itself."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from bailee.gate import advising
from bailee.gate.advising import advice
from bailee.gate.settings import load_settings
from bailee.policy.datamap import parse_map

MAP = """dataset:
  - fides_key: shop
    collections:
      - name: orders
        fides_meta: {bailee: {subject: customer_id, at: none%s}}
        fields:
          - {name: customer_id, data_categories: [user.unique_id]}
      - name: products
        fides_meta: {bailee: {personal: false}}
        fields:
          - {name: title}
"""
DECLARED = ", standing: kept"


def told(home: Path, column: str, more: str = "", declared: str = "") -> list[str]:
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute(f"CREATE OR REPLACE TABLE orders AS SELECT {column} AS customer_id FROM range(1000) t(i); {more}")
        con.execute("CREATE OR REPLACE TABLE products AS SELECT 'x' AS title")
    return [str(problem) for problem in advice(load_settings(home), parse_map(MAP % declared))]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(advising, "LARGE", 1000)
    return tmp_path


def test_a_large_table_with_far_keys_is_told(home: Path) -> None:
    """Its rows, how far its keys lie apart and what to change, at the table's line."""
    (found,) = told(home, "i * 1_000_000")
    assert found.startswith(
        "datamap.yaml:4:1: `orders` is slow to ask: 1,000 rows name customers by numbers that lie 999,000,001 apart; "
        "past 1,048,576 a join takes 5 times a raw query, and past 8,388,608 there is no mask of bits instead of it; "
        "let Bailee keep a column there (`standing: bailee_standing`"
    )
    assert found.endswith("or number customers from 1 on without gaps")


def test_customers_past_a_million_are_told_of_the_column(home: Path) -> None:
    """A mask of bits still serves, at twice the price of a column."""
    (found,) = told(home, "i * 2_000")
    assert found.startswith(
        "datamap.yaml:4:1: `orders` is slower to ask than it need be: 1,000 rows name customers by numbers that lie "
        "1,998,001 apart; past 1,048,576 a mask of bits takes 2.3 times a raw query over all rows, and a column 1.3; "
        "let Bailee keep a column there (`standing: bailee_standing` under `fides_meta.bailee`"
    )


def test_a_large_table_with_text_for_keys_is_told(home: Path) -> None:
    """By the type that they have."""
    (found,) = told(home, "'hh-' || i")
    assert "1,000 rows name customers by VARCHAR, which joins 5 to 10 times slower than whole numbers" in found


def test_near_keys_and_small_tables_are_not_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mask serves where keys lie near, and nobody waits for a small table."""
    assert [] == told(home, "i * 1_000")
    assert [] == told(home, "NULL::INTEGER")
    monkeypatch.setattr(advising, "LARGE", 1001)
    assert [] == told(home, "'hh-' || i")


def test_a_column_that_is_declared_is_all_that_is_asked(home: Path) -> None:
    """Whether it is there yet, and of the right type."""
    add = "ALTER TABLE orders ADD COLUMN kept {}"
    assert [] == told(home, "'hh-' || i", add.format("BIGINT"), DECLARED)
    assert "has no column `kept` yet: run `bailee engines maintain`" in told(home, "i", declared=DECLARED)[0]
    assert "`standing: kept` of `orders` is VARCHAR" in told(home, "i", add.format("VARCHAR"), DECLARED)[0]


def test_no_database_no_advice(home: Path) -> None:
    """What cannot be read is told elsewhere."""
    assert [] == list(advice(load_settings(home), parse_map(MAP % "")))
    (home / "warehouse.duckdb").write_text("no database")
    assert [] == list(advice(load_settings(home), parse_map(MAP % "")))
