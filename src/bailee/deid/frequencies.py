"""The frequency table: each combination of values once, with how many customers have it. All that de-identifying needs.

An engine counts (`bailee.engines.duckdb.frequencies`); here the counts become columns of codes. Ten million customers
are often some hundred thousand combinations, so what follows works on those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bailee.errors import DeidError

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Column:
    """One column as codes: row i holds `values[codes[i]]`. Values are in ascending order, NULL, a value too, last."""

    name: str
    values: pa.Array
    codes: Ints

    @classmethod
    def encode(cls, name: str, column: pa.ChunkedArray | pa.Array) -> Column:
        """The column's distinct values in order, and each row's code among them."""
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if pa.types.is_dictionary(whole.type):
            whole = whole.cast(whole.type.value_type)
        if pa.types.is_null(whole.type):
            whole = whole.cast(pa.string())
        coded = pc.dictionary_encode(whole, null_encoding="encode")
        try:
            order = pc.array_sort_indices(coded.dictionary, null_placement="at_end").to_numpy()
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid, TypeError) as error:
            raise DeidError(
                f"column `{name}` has the type {whole.type}, whose values have no order; expected numbers, text, "
                "dates or truth values; cast it, or leave it out"
            ) from error
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return cls(name, coded.dictionary.take(pa.array(order)), place[coded.indices.to_numpy()])

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def null(self) -> int | None:
        """The code of NULL, or None where there is none."""
        return len(self.values) - 1 if self.values.null_count else None

    def taken(self, rows: Ints) -> Column:
        """The same column of these rows only; its values stay what they are."""
        return Column(self.name, self.values, self.codes[rows])


@dataclass(frozen=True, eq=False)
class Frequencies:
    """Combinations of identifiers and sensitive values with how many customers have each; some in several rows."""

    identifiers: tuple[Column, ...]
    sensitive: tuple[Column, ...]
    weights: Ints

    @classmethod
    def from_arrow(
        cls, table: pa.Table, identifiers: Sequence[str], sensitive: Sequence[str] = (), count: str | None = "rows"
    ) -> Frequencies:
        """Read a table that has a column for each name and one of counts; `count=None` counts each row once.

        Raises `DeidError` where a column is missing, named twice, or a count is not a whole number above zero.
        """
        named = [*identifiers, *sensitive]
        wanted = named if count is None else [*named, count]
        missing = [name for name in wanted if table.column_names.count(name) != 1]
        if missing or len(set(wanted)) != len(wanted) or not identifiers:
            raise DeidError(
                f"found the columns {_listed(table.column_names)}; expected at least one identifier, and each of "
                f"{_listed(wanted)} exactly once"
            )
        weights = np.ones(table.num_rows, np.int64) if count is None else _counts(table[count], count)
        made = [Column.encode(name, table[name]) for name in named]
        return cls(tuple(made[: len(identifiers)]), tuple(made[len(identifiers) :]), weights)

    @cached_property
    def total(self) -> int:
        """How many customers there are."""
        return int(self.weights.sum())

    def __len__(self) -> int:
        return len(self.weights)

    def column(self, name: str) -> Column:
        """The identifier or sensitive column of this name."""
        found = [column for column in (*self.identifiers, *self.sensitive) if column.name == name]
        if not found:
            there = _listed([column.name for column in (*self.identifiers, *self.sensitive)])
            raise DeidError(f"there is no column `{name}`; there are {there}")
        return found[0]


def groups(columns: Sequence[Ints], sizes: Sequence[int]) -> tuple[Ints, int]:
    """Number the distinct combinations of some columns of codes from 0 in ascending order: each row's, and how many.

    `sizes` bounds each column's codes. Columns are folded into one key, which is made dense whenever it would not fit.
    """
    rows = len(columns[0])
    key: Ints = np.zeros(rows, np.int64)
    bound = 1
    for codes, size in zip(columns, sizes, strict=True):
        if bound * max(size, 1) > 2**62:
            key, bound = _dense(key, bound)
        key = key * size + codes
        bound *= max(size, 1)
    return _dense(key, bound)


def _dense(key: Ints, bound: int) -> tuple[Ints, int]:
    """Keys below `bound`, renumbered without gaps in their own order: by a table of flags or, if too long, sorted."""
    if bound > 32 * len(key) + 65536:
        distinct, number = np.unique(key, return_inverse=True)
        return number, len(distinct)
    seen = np.zeros(bound, np.bool_)
    seen[key] = True
    found = np.flatnonzero(seen)
    place = np.empty(bound, np.int32)
    place[found] = np.arange(len(found), dtype=np.int32)
    return place[key], len(found)


def starts(sorted_groups: Ints) -> Ints:
    """Where each run of equal numbers begins."""
    if not len(sorted_groups):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], sorted_groups[1:] != sorted_groups[:-1])))


def _counts(column: pa.ChunkedArray, name: str) -> Ints:
    whole = pa.types.is_integer(column.type) or pa.types.is_decimal(column.type)
    if not whole or column.null_count:
        raise DeidError(
            f"`{name}` has the type {column.type} or a NULL; expected whole numbers, how many have each row"
        )
    counts: Ints = column.combine_chunks().cast(pa.int64()).to_numpy()
    if len(counts) and counts.min() < 1:
        raise DeidError(f"`{name}` holds {counts.min()}; expected counts of 1 and more")
    return counts


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
