"""Answers about groups: which groups of an answer may be shown, so that none says something about one customer.

The same as a release shows (R45): a group whose every part is of at least `min_group` customers, none of whom all but
makes it (the p % rule), unless a hidden one could be worked out from those shown and the totals along each column of
`by`, which a recipient may know from another answer. What is hidden is not there: no row says that it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.contributions import Contributions
from bailee.deals.evidence import CUSTOMER
from bailee.deid.cells import PERCENT, unsafe
from bailee.deid.frequencies import Bools, Column, Floats, Ints, groups
from bailee.engines.duckdb.scratch import Scratch
from bailee.errors import DeidError, FactRejected
from bailee.gate import grouped


@dataclass(frozen=True, eq=False)
class Shown:
    """What an answer over groups shows: its rows; how many groups there are, and how many are hidden.

    `smallest` is how many customers the smallest group shown is of; None where none is, or they are about nobody.
    """

    answer: pa.Table
    cells: int
    hidden: int
    smallest: int | None


def answered(made: Contributions, customers: Ints, min_group: int, scratch: Scratch) -> pa.Table:
    """The answer over some customers (numbers of `CUSTOMER`), with only the groups that may be shown."""
    return shown(made, customers, min_group, scratch).answer


def shown(made: Contributions, customers: Ints, min_group: int, scratch: Scratch) -> Shown:
    """The answer over some customers, as far as it may be shown, and how much that is."""
    whole = made.answer(scratch, of(made, customers))
    if made.shares is None:  # about nobody: nothing to protect
        return Shown(whole, whole.num_rows, 0, None)
    shares = made.shares.filter(pc.is_in(made.shares["bailee_s"], value_set=pa.array(customers, pa.int64())))
    if not shares.num_rows:
        return Shown(whole.slice(0, 0), 0, 0, None)
    mine, theirs = _numbered(made, whole, shares)
    hidden = _hidden(shares, theirs, min_group)
    keys = [whole.column_names.index(name) for name in made.by]
    try:
        answer = grouped.closed(whole.filter(pa.array(~hidden[mine])), whole, keys)
    except FactRejected as error:
        raise DeidError(f"`{made.asked.key}`: {error}") from None
    return Shown(answer, whole.num_rows, whole.num_rows - answer.num_rows, _smallest(made, answer, shares))


def of(made: Contributions, customers: Ints) -> pa.Table:
    """The contributions of some customers, and of nobody."""
    whose = made.table[CUSTOMER]
    kept = pc.or_(pc.is_in(whose, value_set=pa.array(customers, pa.int64())), pc.is_null(whose))
    return made.table.filter(kept)


def _numbered(made: Contributions, answer: pa.Table, shares: pa.Table) -> tuple[Ints, Ints]:
    """The number of each row's group, in an answer and among shares, from 0."""
    if not made.by:
        return np.zeros(answer.num_rows, np.int64), np.zeros(shares.num_rows, np.int64)
    keys = []
    for at, name in enumerate(made.by, 1):
        both = pa.chunked_array([*answer[name].chunks, *shares[f"bailee_k{at}"].chunks])
        keys.append(Column.encode(name, both))
    number, _ = groups([key.codes for key in keys], [len(key) for key in keys])
    return number[: answer.num_rows], number[answer.num_rows :]


def _hidden(shares: pa.Table, group: Ints, least: int) -> Bools:
    """By its number whether a group is hidden: for one of its parts, or because an aggregate has nobody."""
    flags = [_values(shares, name) for name in shares.column_names if name.startswith("bailee_p")]
    amounts = [_values(shares, name) for name in shares.column_names if name.startswith("bailee_d")]
    many = int(group.max()) + 1
    part, _ = groups([group, *(flag.astype(np.int64) for flag in flags)], [many, *(2 for _ in flags)])
    hidden = np.zeros(many, np.bool_)
    hidden[group[unsafe(part, amounts, least, PERCENT)[part]]] = True
    for flag in flags:
        hidden |= np.bincount(group, flag, many) == 0
    return hidden


def _values(shares: pa.Table, name: str) -> Floats:
    found: Floats = shares[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _smallest(made: Contributions, answer: pa.Table, shares: pa.Table) -> int | None:
    """How many customers the smallest group of an answer is of."""
    mine, theirs = _numbered(made, answer, shares)
    if not len(mine):
        return None
    one = np.unique(np.stack([theirs, _values(shares, "bailee_s").astype(np.int64)]), axis=1)
    return int(np.bincount(one[0], minlength=int(mine.max()) + 1)[mine].min())
