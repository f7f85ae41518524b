"""The grocer's warehouse holds what the package holds, with its calendar moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bailee.examples.grocer import Layer, load
from bailee.policy.model import DataMap

from .conftest import NOW


@pytest.mark.parametrize("name", list(load.ROWS))
def test_every_real_table_has_the_package_s_rows(
    warehouse: duckdb.DuckDBPyConnection, parquet: Path, name: str
) -> None:
    """Each real table has as many rows as its Parquet file, and as many as we say."""
    (there,) = warehouse.execute(f"SELECT count(*) FROM {name}").fetchone()
    (given,) = duckdb.execute(f"SELECT count(*) FROM '{parquet}/{name}.parquet'").fetchone()
    assert there == given == load.ROWS[name]


def test_only_the_calendar_differs_from_the_package(warehouse: duckdb.DuckDBPyConnection, parquet: Path) -> None:
    """Moved back by the same days, the transactions are the package's, line by line and in total."""
    days = load.weeks_forward(NOW) * 7
    columns = "household_id, store_id, basket_id, product_id, quantity, sales_value, retail_disc, week"
    there = warehouse.execute(
        f"SELECT sum(hash({columns}, transaction_timestamp - INTERVAL {days} DAY)::HUGEINT) FROM transactions"
    ).fetchone()
    given = duckdb.execute(
        f"SELECT sum(hash({columns}, transaction_timestamp)::HUGEINT) FROM '{parquet}/transactions.parquet'"
    ).fetchone()
    assert there == given


def test_every_date_moves_by_the_same_weeks(warehouse: duckdb.DuckDBPyConnection, parquet: Path) -> None:
    """Purchases, campaigns and redemptions keep their distances."""
    moved = timedelta(weeks=load.weeks_forward(NOW))
    for table, column in (
        ("transactions", "transaction_timestamp"),
        ("campaign_descriptions", "start_date"),
        ("campaign_descriptions", "end_date"),
        ("coupon_redemptions", "redemption_date"),
    ):
        ends = f"SELECT min({column}), max({column}) FROM"
        given = duckdb.execute(f"{ends} '{parquet}/{table}.parquet'").fetchone()
        there = warehouse.execute(f"{ends} {table}").fetchone()
        assert tuple(each + moved for each in given) == there, table


def test_the_last_sale_is_the_one_that_we_count_from(parquet: Path) -> None:
    """The constant that spares reading the file is the file's."""
    (last,) = duckdb.execute(f"SELECT max(transaction_timestamp) FROM '{parquet}/transactions.parquet'").fetchone()
    assert last.replace(tzinfo=UTC) == load.LAST_SALE


@pytest.mark.parametrize("day", range(14))
def test_the_last_week_ends_just_before_today(day: int) -> None:
    """On every day of two weeks the last sale is before midnight, and less than eight days before it."""
    for hour in (0, 4, 23):
        now = datetime(2026, 11, 9, hour, 59, tzinfo=UTC) + timedelta(days=day)
        midnight = now.replace(hour=0, minute=0)
        behind = midnight - (load.LAST_SALE + timedelta(weeks=load.weeks_forward(now)))
        assert timedelta() < behind <= timedelta(weeks=1), now


def test_keys_are_integers(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Joins on text keys are ten times slower, so keys stay 64-bit integers, in the synthetic tables too."""
    kinds = warehouse.execute(
        "SELECT DISTINCT data_type FROM duckdb_columns() WHERE column_name IN ('household_id', 'product_id')"
    ).fetchall()
    assert kinds == [("BIGINT",)]


def test_the_map_and_the_warehouse_have_the_same_columns(
    warehouse: duckdb.DuckDBPyConnection, datamap: DataMap
) -> None:
    """Every table and column of the map is there, and every one that is there is in the map."""
    there = warehouse.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
    mapped = [(table.name, column) for table in datamap.tables.values() for column in table.columns]
    assert sorted(mapped) == sorted(there)


def test_a_coarse_column_has_a_type_that_suits(warehouse: duckdb.DuckDBPyConnection, datamap: DataMap) -> None:
    """What the map says of coarsening can be done to the column's type."""
    for table in datamap.tables.values():
        for column in table.columns.values():
            if column.coarsen is not None:
                (kind,) = warehouse.execute(
                    "SELECT data_type FROM duckdb_columns() WHERE table_name = ? AND column_name = ?",
                    [table.name, column.name],
                ).fetchone()
                assert column.coarsen.suits(kind), (table.name, column.name, kind)


def test_a_load_that_fails_leaves_nothing(parquet: Path, layer: Layer, tmp_path: Path) -> None:
    """A crash on the way leaves no warehouse and no draft."""

    def fail(table: str, rows: int) -> None:
        if table == "products":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load.load(tmp_path / "warehouse.duckdb", parquet, layer.tables, NOW, fail)
    assert list(tmp_path.iterdir()) == []
