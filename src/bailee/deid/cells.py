"""Figures over groups: which may not be shown, because they say something about one customer.

What it promises: no figure of fewer than `least` customers, none that one customer all but makes, and none of these to
be had by adding and subtracting what is shown, totals included. What it does not: two releases may be subtracted from
each other, and a reader who knows customers of a group can take them away; `dominant` counts on one who knows one.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bailee.deid.frequencies import Bools, Floats, Ints, groups
from bailee.errors import DeidError

#: p % rule: nobody may work a contributor's part out to within this percentage; 10 is a usual choice. Hundepool et al.,
#: Statistical disclosure control, 2012, section 4.2.2.
PERCENT = 10
#: A figure that adding and subtracting fixes closer than this share of itself is known.
_EXACT = 1e-6
#: What moves by less than this share of the largest figure does not move.
_STILL = 1e-12
#: Larger tables are not held against what can be worked out from all their lines together.
MOST_CELLS = 4096


def small(customers: Ints, least: int) -> Bools:
    """Which figures are of fewer than `least` different customers; one of none is such a figure too."""
    if least < 2:
        raise DeidError(f"the least group is {least}; expected 2 or more: a group of one is the customer")
    return np.asarray(customers < least)


def dominant(total: Floats, largest: Floats, second: Floats, percent: float) -> Bools:
    """The p % rule: which sums let the second largest contributor know the largest's contribution to within p %.

    Their sum is unsafe where what remains without the two is less than p % of the largest. Contributions are not
    negative; where all of them are 0, nobody makes the sum, and it is safe by this rule. Hundepool et al., Statistical
    disclosure control, 2012, section 4.2.2.
    """
    if not 0 < percent <= 100:
        raise DeidError(f"the p % rule has p = {percent:g}; expected above 0 and at most 100")
    if (largest < second).any() or (second < 0).any() or (total - largest - second < -1e-9 * np.abs(total)).any():
        raise DeidError(
            "contributions are negative, not in order, or more than their sum; the p % rule needs all three in order"
        )
    with np.errstate(invalid="ignore"):  # what is no number is not known to be safe
        return np.asarray(~(total - largest - second >= percent / 100 * largest))


def unsafe(part: Ints, amounts: Sequence[Floats], least: int, percent: float) -> Bools:
    """Which parts of groups are of fewer than `least` customers, or of an amount that one of them all but makes.

    `part` numbers from 0 the part of each row, one row a part and customer; `amounts` are what they add, in size. A
    release is held to the same in SQL (`rewrite.aggregate.inner`).
    """
    customers = np.bincount(part)
    found = small(customers, least)
    for amount in amounts:
        order = np.lexsort((-amount, part))
        first = np.cumsum(customers) - customers
        size = np.append(amount[order], 0.0)
        largest, second = size[first], np.where(customers > 1, size[np.minimum(first + 1, len(amount))], 0.0)
        rest = np.bincount(part[order], np.where(np.arange(len(part)) < first[part[order]] + 2, 0.0, size[:-1]))
        found |= dominant(largest + second + rest, largest, second, percent)
    return found


@dataclass(frozen=True, eq=False)
class Tabulation:
    """A table of figures with its totals: `values` over one or more keys, the last of each axis the total of the rest.

    So an array of shape (4, 3) has 3 x 2 figures, 3 + 2 totals and the total of all.
    """

    values: Floats

    def __post_init__(self) -> None:
        if not self.values.ndim or min(self.values.shape) < 2:
            raise DeidError(
                f"the table has the shape {self.values.shape}; expected at least one figure and a total an axis"
            )
        for axis in range(self.values.ndim):
            parts = np.take(self.values, range(self.values.shape[axis] - 1), axis).sum(axis=axis)
            if not np.allclose(parts, np.take(self.values, -1, axis)):
                raise DeidError(f"the figures along axis {axis} do not add up to its totals, the last of that axis")

    def lines(self) -> list[Ints]:
        """The figures of each sum that a reader knows: every line along every axis, its total last."""
        places = np.arange(self.values.size).reshape(self.values.shape)
        found: list[Ints] = []
        for axis in range(self.values.ndim):
            found += list(np.moveaxis(places, axis, -1).reshape(-1, self.values.shape[axis]))
        return found


def known(table: Tabulation, hidden: Bools) -> Bools:
    """Which hidden figures a reader can work out exactly from what is shown.

    The sums are linear equations in the hidden figures; one is known if it is the same in every solution, which is
    where no vector of the null space moves it. That is exact for any number of axes, unlike rules about single lines.
    """
    places = np.flatnonzero(hidden.ravel())
    if not len(places):
        return np.zeros(hidden.shape, np.bool_)
    column = np.full(hidden.size, -1)
    column[places] = np.arange(len(places))
    rows = []
    for line in table.lines():
        own = column[line]
        if (own >= 0).any():
            row = np.zeros(len(places))
            signs = np.ones(len(line))
            signs[-1] = -1
            row[own[own >= 0]] = signs[own >= 0]
            rows.append(row)
    _, size, right = np.linalg.svd(np.array(rows), full_matrices=True)
    rank = int((size > 1e-9 * max(size.max(initial=0), 1)).sum())
    found = np.zeros(hidden.size, np.bool_)
    found[places] = (np.abs(right[rank:]) < 1e-9).all(axis=0) if rank < len(places) else True
    return found.reshape(hidden.shape)


def bounds(table: Tabulation, hidden: Bools) -> tuple[Floats, Floats]:
    """Between what a reader who knows that no figure is negative can place each hidden one.

    Each line bounds its members, until nothing moves. Buzzigoli, Giusti, An algorithm to calculate the lower and upper
    bounds of the elements of an array given its marginals, 1999 (the shuttle algorithm); here all lines of an axis at
    once.
    """
    low, high = np.where(hidden, 0.0, table.values), np.where(hidden, np.inf, table.values)
    still = _STILL * np.abs(table.values).max(initial=1.0)
    for _ in range(4 * table.values.size):
        before = low.copy(), high.copy()
        for axis in range(table.values.ndim):
            _bound_lines(np.moveaxis(low, axis, -1), np.moveaxis(high, axis, -1), np.moveaxis(hidden, axis, -1))
        with np.errstate(invalid="ignore"):  # what is not bounded yet has not moved
            moved = [np.nan_to_num(np.abs(one - other)) for one, other in zip(before, (low, high), strict=True)]
        if max(each.max(initial=0.0) for each in moved) <= still:
            break
    return low, high


def _bound_lines(low: Floats, high: Floats, hidden: Bools) -> None:
    """Bound the members of lines along the last axis, the last of each the total of the others, in place."""
    high[..., -1] = np.minimum(high[..., -1], high[..., :-1].sum(axis=-1))
    low[..., -1] = np.maximum(low[..., -1], low[..., :-1].sum(axis=-1))
    least, most, parts = low[..., :-1], high[..., :-1], hidden[..., :-1]
    unbounded = np.isinf(most)
    others = low[..., :-1].sum(axis=-1, keepdims=True) - least
    np.copyto(most, np.minimum(most, high[..., -1:] - others), where=parts)
    finite = np.where(unbounded, 0.0, most)
    others = finite.sum(axis=-1, keepdims=True) - finite
    free = unbounded.sum(axis=-1, keepdims=True) == unbounded
    np.copyto(least, np.maximum(least, low[..., -1:] - others), where=parts & free)


def suppressed(
    table: Tabulation, unsafe: Bools, width: float = 0.0, *, also: Bools | None = None, last: Bools | None = None
) -> Bools:
    """Which figures to hide: the unsafe ones, and as many others as it takes that none of them can be worked out.

    An unsafe figure stays uncertain by more than `width` even to a reader who knows that none is negative. Those of
    `also` are hidden as well, and may be worked out. Others are chosen cheapest first, one at a time, until that holds;
    those of `last` after others, and totals after these. Hides everything if nothing less will do.
    Choosing the fewest is hard (Kelly, Golden, Assad, Cell suppression, 1992), and is not tried.
    """
    if unsafe.shape != table.values.shape:
        raise DeidError(f"the table has the shape {table.values.shape} and the marks {unsafe.shape}; expected the same")
    nothing = np.zeros(unsafe.shape, np.bool_)
    hidden = unsafe | (nothing if also is None else also)
    while True:
        low, high = bounds(table, hidden)
        narrow = unsafe & (known(table, hidden) | (high - low <= width + _EXACT * np.abs(table.values)))
        if not narrow.any() or hidden.all():
            return hidden
        hidden |= _next(table, hidden, narrow, nothing if last is None else last)


def _next(table: Tabulation, hidden: Bools, narrow: Bools, last: Bools) -> Bools:
    """The cheapest figure in a line with one to be protected; figures before totals, then small before large."""
    near = np.zeros(hidden.size, np.bool_)
    for line in table.lines():
        if narrow.ravel()[line].any():
            near[line] = True
    open_places = np.flatnonzero(near & ~hidden.ravel())
    if not len(open_places):
        open_places = np.flatnonzero(~hidden.ravel())
    where = np.array(np.unravel_index(open_places, hidden.shape))
    totals = (where == np.array(hidden.shape)[:, None] - 1).sum(axis=0)
    empty = table.values.ravel()[open_places] == 0
    order = np.lexsort(
        (open_places, np.abs(table.values.ravel()[open_places]), last.ravel()[open_places], totals, empty)
    )
    chosen = np.zeros(hidden.size, np.bool_)
    chosen[open_places[order[0]]] = True
    return chosen.reshape(hidden.shape)


def rounded(values: Sequence[int], names: Sequence[str], base: int, key: bytes) -> list[int]:
    """Each count at random to the multiple of `base` below or above, so that it is right on average.

    The chance is drawn from `key` and the figure's name, so asking again gives the same and no average wears it off.
    Fellegi, Controlled random rounding, Survey Methodology 1, 1975; here uncontrolled, so sums need not add up.
    """
    if base < 2 or len(key) < 16 or len(values) != len(names) or len(set(names)) != len(names):
        raise DeidError("rounding needs a base of 2 or more, a key of at least 16 bytes, and one name for each figure")
    found = []
    for value, name in zip(values, names, strict=True):
        digest = hmac.digest(key, f"{base}:{value}:{name}".encode(), hashlib.sha256)
        chance = int.from_bytes(digest[:8], "big") / 2**64
        below, rest = divmod(value, base)
        found.append((below + (chance < rest / base)) * base)
    return found


def complemented(
    places: Sequence[Ints],
    sizes: Sequence[int],
    figures: Floats,
    hidden: Bools,
    *,
    also: Bools | None = None,
    last: Bools | None = None,
) -> Bools:
    """Which cells to hide of those that there are, so that no hidden one follows from the shown and any totals.

    `places` has by key the place of each cell on it, `sizes` how many places there are. Cells that are not there count
    as figures of nothing. Those of `also` are hidden as well, and may follow; those of `last` are hidden only where no
    other will do. Tables beyond `MOST_CELLS` are closed line by line alone, which misses what several lines give away
    together.
    """
    nothing = np.zeros(len(hidden), np.bool_)
    free, after = (nothing if each is None else each for each in (also, last))
    found = _by_lines(places, figures, hidden, free, after)
    if math.prod(size + 1 for size in sizes) > MOST_CELLS or not found.any():
        return found
    grid = np.zeros(tuple(sizes))
    where = tuple(places)
    grid[where] = figures
    for axis in range(grid.ndim):
        grid = np.concatenate([grid, grid.sum(axis=axis, keepdims=True)], axis=axis)
    unsafe, alike, least = (np.zeros(grid.shape, np.bool_) for _ in range(3))
    unsafe[tuple(slice(0, size) for size in sizes)] = True
    unsafe[where], alike[where], least[where] = found, free, after
    return found | suppressed(Tabulation(grid), unsafe, also=alike, last=least)[where]


def _by_lines(places: Sequence[Ints], figures: Floats, hidden: Bools, also: Bools, last: Bools) -> Bools:
    """No line along a key holds exactly one hidden cell, whose value its total would tell; the smallest joins it.

    Lines cross, so it is repeated until nothing moves. Quick, and never enough to skip `suppressed` where that can be.
    """
    found = hidden.copy()
    while True:
        before = found.copy()
        for axis in range(len(places)):
            others = [codes for place, codes in enumerate(places) if place != axis]
            line = groups(others, [int(codes.max()) + 1 for codes in others])[0] if others else np.zeros_like(places[0])
            alone = (np.bincount(line, weights=found) == 1) & (np.bincount(line, weights=found | also) == 1)
            for each in np.flatnonzero(alone):
                near = np.flatnonzero((line == each) & ~found & ~also)
                found[near[np.lexsort((figures[near], last[near]))[:1]]] = True
        if (before == found).all():
            return found
