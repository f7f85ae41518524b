"""`bailee check` holds the data map against the database that the workspace names."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from bailee.cli.app import app

MAP = """dataset:
  - fides_key: shop
    collections:
      - name: customer
        fides_meta: {bailee: {subject: customer_id, at: none}}
        fields:
          - {name: customer_id, data_categories: [user.unique_id]}
      - name: orders
        fides_meta: {bailee: {subject: customer_id, at: placed}}
        fields:
          - {name: customer_id, data_categories: [user.unique_id]}
          - {name: placed, data_categories: [user.behavior.purchase_history]}
          - {name: totl, data_categories: [user.behavior.purchase_history]}
"""
POLICY = """bailee: 1
company: Marigold
version: 1
purposes:
  sales:
    title: Sales
    use: essential.service.operations
    basis: contract
    effects: [serve]
    why: To deliver.
    customer_gains: An order.
    company_gains: Money.
    reads: {user.unique_id: clear, user.behavior.purchase_history: clear}
    keep: 2 years
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "datamap.yaml").write_text(MAP)
    return tmp_path


def _warehouse(home: Path, statements: str) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute(statements)


def _told(home: Path) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["check", "--home", str(home)])
    return result.exit_code, result.output.splitlines()


def test_what_the_database_lacks_is_told_with_the_nearest_name(home: Path) -> None:
    """A table and a column of the map that the database spells otherwise are errors, each on its line."""
    _warehouse(
        home, "CREATE TABLE customers (customer_id INT); CREATE TABLE orders (customer_id INT, placed DATE, total INT)"
    )
    assert _told(home) == (
        1,
        [
            "datamap.yaml:4:1: error: the database has no table `customer`; did you mean `customers`?",
            "datamap.yaml:13:1: error: the table `orders` has no column `totl`; did you mean `total`?",
            "2 errors, 0 warnings",
        ],
    )


def test_a_key_that_no_question_could_use_is_told(home: Path) -> None:
    """A subject of a type that cannot be a key is an error before anybody asks."""
    _warehouse(
        home, "CREATE TABLE customer (customer_id DOUBLE); CREATE TABLE orders (customer_id INT, placed DATE, totl INT)"
    )
    status, lines = _told(home)
    assert (status, len(lines)) == (1, 2)
    assert "`customer.customer_id` is DOUBLE" in lines[0]


def test_a_map_that_fits_has_no_mistakes(home: Path) -> None:
    """The same names in the database, in any capitals, are no mistake."""
    _warehouse(
        home, "CREATE TABLE CUSTOMER (Customer_ID INT); CREATE TABLE Orders (customer_id INT, PLACED DATE, totl INT)"
    )
    assert _told(home) == (0, ["no mistakes found"])


def test_a_file_that_is_no_database_is_told(home: Path) -> None:
    """The database's own trouble is an error of `bailee.toml`, in words."""
    (home / "warehouse.duckdb").write_text("not a database")
    status, lines = _told(home)
    assert status == 1
    assert lines[0].startswith("bailee.toml:1:1: error: ")
