"""Figures over groups on their way out: which of those that may be shown would give away one that may not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bailee.deid.cells import complemented
from bailee.deid.frequencies import Bools, Column, Floats
from bailee.errors import FactRejected

if TYPE_CHECKING:
    import pyarrow as pa


def closed(shown: pa.Table, whole: pa.Table, keys: Sequence[int]) -> pa.Table:
    """The rows of `shown` that may be, in the order of their groups, where `whole` has every group.

    `keys` are the places of the columns that say which group; see `Groups`.
    """
    if not keys:
        return shown
    every = Groups(shown, whole, keys)
    return every.left(every.complemented(every.hidden))


class Groups:
    """Every group of a question with its figures, of which `shown` has those that may be shown; `hidden` has not.

    `keys` are the places of the columns that say which group, one or more. FactRejected where these do not tell the
    groups apart, or a figure is no number.
    """

    def __init__(self, shown: pa.Table, whole: pa.Table, keys: Sequence[int]) -> None:
        import pyarrow as pa

        self._shown, self._whole, self._keys = shown, whole, keys
        kinds = [whole.schema.field(at).type for at in keys]
        both = [
            pa.chunked_array([*whole.column(at).chunks, *shown.column(at).chunks], kind)
            for at, kind in zip(keys, kinds, strict=True)
        ]
        columns = [Column.encode(whole.column_names[at], each) for at, each in zip(keys, both, strict=True)]
        _, place = np.unique(np.stack([each.codes for each in columns]), axis=1, return_inverse=True)
        self._mine, self._theirs = place.ravel()[: whole.num_rows], place.ravel()[whole.num_rows :]
        if len(np.unique(self._mine)) != len(self._mine):
            raise FactRejected("several figures are of the same group: select every key that the question groups by")
        self.hidden = ~np.isin(self._mine, self._theirs)
        #: Whether a row is shown of which `whole` has no group.
        self.strangers = not bool(np.isin(self._theirs, self._mine).all())
        self._places = [each.codes[: whole.num_rows] for each in columns]
        self._sizes = [len(each) for each in columns]

    @property
    def keys(self) -> pa.Table:
        """The columns that say which group, a row a group."""
        return self._whole.select(list(self._keys))

    @cached_property
    def figures(self) -> list[Floats]:
        """Each figure of every group, in size; nothing where there is none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = []
        for at, name in enumerate(self._whole.column_names):
            if at in self._keys:
                continue
            kind = self._whole.schema.field(at).type
            if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
                raise FactRejected(f"`{name}` is no figure, expected a number")
            column = pc.fill_null(self._whole.column(at).cast(pa.float64()), 0.0).to_numpy()
            found.append(np.abs(np.nan_to_num(column)))
        return found

    def complemented(self, hidden: Bools, *, also: Bools | None = None, last: Bools | None = None) -> Bools:
        """Which groups to hide, so that no hidden figure follows from others and totals; see `cells.complemented`."""
        found = hidden
        for each in self.figures if hidden.any() else ():
            found = complemented(self._places, self._sizes, each, found, also=also, last=last)
        return found

    def left(self, hidden: Bools) -> pa.Table:
        """The rows of those shown that are not hidden."""
        import pyarrow as pa

        # Places are in the order of the keys' values.
        order = np.argsort(self._theirs, kind="stable")
        return self._shown.take(pa.array(order[~np.isin(self._theirs[order], self._mine[hidden])]))


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
