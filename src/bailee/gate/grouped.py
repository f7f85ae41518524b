"""Figures over groups on their way out: which of those that may be shown would give away one that may not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bailee.deid.cells import complemented
from bailee.deid.frequencies import Column
from bailee.errors import FactRejected

if TYPE_CHECKING:
    import pyarrow as pa


def closed(shown: pa.Table, whole: pa.Table, keys: Sequence[int]) -> pa.Table:
    """The rows of `shown` that may be, in the order of their groups, where `whole` has every group.

    `keys` are the places of the columns that say which group. FactRejected where these do not tell the groups apart, or
    a figure is no number.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not keys:
        return shown
    both = [pa.chunked_array([*whole.column(at).chunks, *shown.column(at).chunks]) for at in keys]
    columns = [Column.encode(whole.column_names[at], each) for at, each in zip(keys, both, strict=True)]
    _, place = np.unique(np.stack([each.codes for each in columns]), axis=1, return_inverse=True)
    mine, theirs = place.ravel()[: whole.num_rows], place.ravel()[whole.num_rows :]
    if len(np.unique(mine)) != len(mine):
        raise FactRejected("several figures are of the same group: select every key that the question groups by")
    hidden = ~np.isin(mine, theirs)
    places, sizes = [each.codes[: whole.num_rows] for each in columns], [len(each) for each in columns]
    for at, name in enumerate(whole.column_names):
        if at in keys or not hidden.any():
            continue
        kind = whole.schema.field(at).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            raise FactRejected(f"`{name}` is no figure, expected a number")
        figures = pc.fill_null(whole.column(at).cast(pa.float64()), 0.0).to_numpy()
        hidden = complemented(places, sizes, np.abs(np.nan_to_num(figures)), hidden)
    # Places are in the order of the keys' values.
    order = np.argsort(theirs, kind="stable")
    return shown.take(pa.array(order[~np.isin(theirs[order], mine[hidden])]))


def agree(shown: pa.Table, whole: pa.Table, keys: Sequence[int]) -> bool:
    """Whether figures that were asked for twice are the same, group by group; groups in one alone are left out.

    Sums of floating-point numbers may differ in their last digits.
    """
    there: dict[tuple[object, ...], list[tuple[object, ...]]] = {}
    for row in _rows(whole):  # several of one group are told apart by nobody
        there.setdefault(tuple(row[at] for at in keys), []).append(row)
    others = ((row, there.get(tuple(row[at] for at in keys), [row])) for row in _rows(shown))
    return all(any(all(map(_close, row, other)) for other in found) for row, found in others)


def _rows(table: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _close(one: object, two: object) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=1e-9) or (math.isnan(one) and math.isnan(two))
    return one == two
