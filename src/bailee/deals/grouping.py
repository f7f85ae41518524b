"""Answers about groups: which cells of an answer may be shown, so that none says something about one customer.

A cell is shown if at least `min_group` different customers make it and none of them all but makes it (the p % rule),
and if no hidden cell can be worked out from those shown and the totals along each column of `by`, which a recipient may
know from another answer. What is hidden is not there: no row says that it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.bars import PERCENT
from bailee.deals.contributions import Contributions
from bailee.deals.evidence import CUSTOMER
from bailee.deid.cells import complemented, dominant, small
from bailee.deid.frequencies import Bools, Column, Floats, Ints, groups
from bailee.engines.duckdb.scratch import Scratch


@dataclass(frozen=True, eq=False)
class Shown:
    """What an answer over groups shows: the contributions in it; how many cells there are, and how many are hidden."""

    rows: pa.Table
    cells: int
    hidden: int


def answered(made: Contributions, customers: Ints, min_group: int, scratch: Scratch) -> pa.Table:
    """The answer over some customers (numbers of `CUSTOMER`), with only the cells that may be shown."""
    return made.answer(scratch, shown(made, customers, min_group).rows)


def shown(made: Contributions, customers: Ints, min_group: int) -> Shown:
    """The contributions of some customers to the cells that may be shown."""
    table = of(made, customers)
    if not table.num_rows:
        return Shown(table, 0, 0)
    whose = table[CUSTOMER].to_numpy(zero_copy_only=False)
    if pc.is_null(table[CUSTOMER]).to_numpy(zero_copy_only=False).any():  # about nobody: nothing to protect
        return Shown(table, table.num_rows, 0)
    keys = [Column.encode(name, table[name]) for name in made.by]
    cell, many = groups([key.codes for key in keys], [len(key) for key in keys]) if keys else (whose * 0, 1)
    hidden = np.zeros(many, np.bool_)
    for place in range(made.parts):
        hidden |= _unsafe(table[f"part{place}"], cell, many, whose, min_group)
    hidden = _worked_out(made, table, keys, cell, hidden)
    return Shown(table.filter(pa.array(~hidden[cell])), many, int(hidden.sum()))


def of(made: Contributions, customers: Ints) -> pa.Table:
    """The contributions of some customers, and of nobody."""
    whose = made.table[CUSTOMER]
    kept = pc.or_(pc.is_in(whose, value_set=pa.array(customers, pa.int64())), pc.is_null(whose))
    return made.table.filter(kept)


def _amounts(part: pa.ChunkedArray) -> Floats:
    found: Floats = np.nan_to_num(part.cast(pa.float64()).to_numpy(zero_copy_only=False))
    return found


def _unsafe(part: pa.ChunkedArray, cell: Ints, many: int, whose: Ints, min_group: int) -> Bools:
    """Cells where too few customers contribute to a part, or one dominates; the size of a contribution is what counts.

    Nobody's cells are as small as any.
    """
    amount = np.abs(_amounts(part))
    there = amount > 0
    order = np.lexsort((-amount[there], cell[there]))
    own, size = cell[there][order], amount[there][order]
    count = np.bincount(own, minlength=many)
    total = np.bincount(own, weights=size, minlength=many)
    first = np.searchsorted(own, np.arange(many))
    padded = np.concatenate([size, [0.0, 0.0]])
    largest = np.where(count > 0, padded[np.minimum(first, len(size))], 0.0)
    second = np.where(count > 1, padded[np.minimum(first + 1, len(size))], 0.0)
    total = np.maximum(total, largest + second)
    return np.asarray(small(count, min_group) | dominant(total, largest, second, PERCENT))


def _worked_out(made: Contributions, table: pa.Table, keys: list[Column], cell: Ints, hidden: Bools) -> Bools:
    """As many more cells hidden as it takes that adding and subtracting gives none of the hidden ones away."""
    if not keys or not hidden.any() or hidden.all():
        return hidden
    one = np.zeros(len(hidden), np.int64)
    one[cell] = np.arange(len(cell))
    places = [key.codes[one] for key in keys]
    for place in range(made.parts):
        sums: Floats = np.bincount(cell, np.abs(_amounts(table[f"part{place}"])), len(hidden)).astype(np.float64)
        hidden = complemented(places, [len(key) for key in keys], sums, hidden)
    return hidden
