"""Masks: an allow table of whole numbers as one string of bits, which a view tests without a join.

A join has to build its hash table for every question; a mask is ready. Above a million customers DuckDB also loses its
array-indexed join, which the mask does not need. It is made from the allow table in the same transaction.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: Keys further apart than this have no mask: a string of bits too long for the processor's cache is no gain.
WIDEST = 1 << 23

_WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER)|BIGINT", re.ASCII)
_NAME = re.compile(r"allow_[0-9a-z_]{1,100}")


def make(con: duckdb.DuckDBPyConnection, name: str, key_type: str) -> tuple[int, int] | None:
    """Make the mask of an allow table anew, or none where it can have none; the keys of its first and last bit."""
    table, mask = f'memory.main."{name}"', _mask(name)
    con.execute(f"DROP TABLE IF EXISTS {mask}")
    if not _WHOLE.fullmatch(key_type):
        return None
    low, high = con.execute(f"SELECT min(subject), max(subject) FROM {table}").fetchall()[0]
    if low is None or high - low >= WIDEST:
        return None
    low = 0 if 0 <= low and high < WIDEST else low
    con.execute(
        f"CREATE TABLE {mask} AS SELECT {low} AS low, bitstring_agg(subject, {low}, {high}) AS bits FROM {table}"
    )
    return int(low), int(high)


def give(cursor: duckdb.DuckDBPyConnection, name: str, low: int) -> None:
    """Put the mask of an allow table into the cursor's variable of the same name, in the snapshot of its transaction.

    A mask that begins at another key than `low` would say something else: then the variable is NULL and holds nobody.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(name)
    cursor.execute(f"SET VARIABLE {name} = (SELECT bits FROM {_mask(name)} WHERE low = {int(low)})")


def _mask(name: str) -> str:
    return f'memory.main."mask_{name.removeprefix("allow_")}"'
