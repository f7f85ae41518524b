"""Along what a column is cut and published: ranges of ordered values, sets of any values, or the nodes of a hierarchy.

Each scale knows its column as codes, one a row of the frequency table, and works on runs: rows that lie side by side
and belong to one class. All arithmetic is over every run at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import pyarrow as pa

from bailee.deid.frequencies import Bools, Column, Floats, Ints, starts
from bailee.deid.hierarchy import ANYTHING, Hierarchy, positions, texts
from bailee.errors import DeidError

#: As many different values fit into one word of bits.
_BITS = 63


@dataclass(frozen=True, eq=False)
class Runs:
    """Some classes' rows side by side: each row's class from 0, where each begins, customers of rows and of classes."""

    number: Ints
    begins: Ints
    weights: Ints
    sizes: Ints


@dataclass(frozen=True, eq=False)
class Cut:
    """Each class in two along one scale: what that saves in this column, -inf where it cannot be, and who is right."""

    gain: Floats
    right: Callable[[Ints, Ints], Bools]


class Form(Protocol):
    """One column's way of being published."""

    @property
    def name(self) -> str:
        """The column."""

    @property
    def codes(self) -> Ints:
        """The place of each row of the frequency table along this scale."""

    def loss(self, codes: Ints, begins: Ints) -> Floats:
        """NCP of what is published for each run of rows, from 0 (one value) to 1."""

    def labels(self, codes: Ints, begins: Ints) -> pa.Array:
        """What is published for each run of rows, as text; NULL where that is the only value."""

    def within(self, codes: Ints, begins: Ints, figures: Floats) -> Floats:
        """For each run the sum of a figure of each value, over the values that its label stands for."""


class Scale(Form, Protocol):
    """One column's way of being cut and published."""

    def cut(self, codes: Ints, runs: Runs, least: int) -> Cut | None:
        """The cut of each class with the least loss in this column that leaves both sides `least` customers."""


@dataclass(frozen=True, eq=False)
class Ranges:
    """Ordered values, published from the least to the greatest of a class: `[18, 40]`; with NULL among them, `*`."""

    name: str
    codes: Ints
    column: Column
    places: Floats

    @classmethod
    def of(cls, column: Column) -> Ranges:
        """Raises `DeidError` where the values have no distances: text, truth values, infinities."""
        places = positions(column.values)
        if places is None:
            raise DeidError(
                f"column `{column.name}` has no ranges: its type is {column.values.type}, or it holds a number that is "
                "not finite; publish it as sets or along a hierarchy"
            )
        return cls(column.name, column.codes, column, places)

    def loss(self, codes: Ints, begins: Ints) -> Floats:
        """The range's share of the whole range."""
        width = self.places[np.maximum.reduceat(codes, begins)] - self.places[np.minimum.reduceat(codes, begins)]
        return np.minimum(width, 1.0)

    def cut(self, codes: Ints, runs: Runs, least: int) -> Cut | None:
        """Between two neighbouring values; where they are many more than the rows, between two of some even bins."""
        low, high = np.minimum.reduceat(codes, runs.begins), np.maximum.reduceat(codes, runs.begins)
        most = max(16, len(codes) // len(low))
        # A bin holds 1, 2, 4, ... neighbouring codes, as few as leave no class more than `most` bins.
        wide = np.ceil(np.log2(np.maximum((high - low + 1) / most, 1))).astype(np.int32)
        own = (codes - low[runs.number]) >> wide[runs.number]
        entry = _tally(own, runs, int(((high - low) >> wide).max()) + 1)
        number, below = entry.number, entry.below()
        first = low[number] + (entry.code << wide[number])
        last = np.minimum(first + (1 << wide[number]) - 1, high[number])
        left = self.places[last] - self.places[low][number]
        right = self.places[high][number] - self.places[np.concatenate([first[1:], first[:1]])]
        whole = runs.sizes[number]
        fits = (below >= least) & (whole - below >= least)
        cost = below * np.minimum(left, 1) + (whole - below) * np.minimum(right, 1)
        least_cost, where = _cheapest(np.where(fits, cost, np.inf), entry.begins)
        if np.isinf(least_cost).all():
            return None
        chosen = last[where]
        before = runs.sizes * np.minimum(self.places[high] - self.places[low], 1)
        return Cut(before - least_cost, lambda codes, number: codes > chosen[number])

    def labels(self, codes: Ints, begins: Ints) -> pa.Array:
        """`18`, `[18, 40]`, or `*` for NULL among numbers."""
        names = texts(self.column.values)
        low, high = np.minimum.reduceat(codes, begins), np.maximum.reduceat(codes, begins)
        return _text(low, high, lambda a, b: _range(names, a, b, self.column.null))

    def within(self, codes: Ints, begins: Ints, figures: Floats) -> Floats:
        """All from the least to the greatest; everything where NULL is among numbers."""
        low, high = np.minimum.reduceat(codes, begins), np.maximum.reduceat(codes, begins)
        before = np.concatenate([[0.0], np.cumsum(figures)])
        found = before[high + 1] - before[low]
        if self.column.null is None:
            return np.asarray(found)
        return np.asarray(np.where((high == self.column.null) & (low < high), before[-1], found), np.float64)


@dataclass(frozen=True, eq=False)
class Sets:
    """Values without order, published as the set of those in a class: `{red, green}`. Any subset may be cut off."""

    name: str
    codes: Ints
    column: Column

    @classmethod
    def of(cls, column: Column) -> Sets:
        """Any column has sets."""
        return cls(column.name, column.codes, column)

    def loss(self, codes: Ints, begins: Ints) -> Floats:
        """The set's share of the column's values, 0 for a single one."""
        return self._share(_distinct(codes, begins, len(self.column)))

    def _share(self, many: Ints) -> Floats:
        return np.where(many <= 1, 0.0, many / len(self.column))

    def cut(self, codes: Ints, runs: Runs, least: int) -> Cut | None:
        """Between the commonest values of a class and its others: for each number of values, no subset loses less."""
        entry = _tally(codes, runs, len(self.column)).by_weight()
        below = entry.below()
        rank = np.arange(1, len(entry.code) + 1) - entry.begins[entry.number]
        many = np.diff(np.concatenate([entry.begins, [len(entry.code)]]))[entry.number]
        whole = runs.sizes[entry.number]
        fits = (below >= least) & (whole - below >= least)
        cost = below * self._share(rank) + (whole - below) * self._share(many - rank)
        least_cost, where = _cheapest(np.where(fits, cost, np.inf), entry.begins)
        if np.isinf(least_cost).all():
            return None
        size = len(self.column)
        right = np.arange(len(entry.code)) > where[entry.number]
        keys = entry.number[right].astype(np.int64) * size + entry.code[right]
        member = _membership(keys, len(runs.sizes) * size, len(codes))
        before_cut = runs.sizes * self._share(many[entry.begins])
        return Cut(before_cut - least_cost, lambda codes, number: member(number.astype(np.int64) * size + codes))

    def labels(self, codes: Ints, begins: Ints) -> pa.Array:
        """`red`, or `{green, red}` in the order of the values."""
        names = texts(self.column.values)
        owner, value = self._members(codes, begins)
        bounds = [*starts(owner), len(owner)]
        made: dict[tuple[int, ...], str | None] = {}
        found = []
        for begin, end in pairwise(bounds):
            members = tuple(value[begin:end].tolist())
            if members not in made:
                made[members] = _set([names[place] for place in members])
            found.append(made[members])
        return pa.array(found, pa.string())

    def within(self, codes: Ints, begins: Ints, figures: Floats) -> Floats:
        """The members of the set."""
        owner, value = self._members(codes, begins)
        return np.asarray(np.bincount(owner, weights=figures[value], minlength=len(begins)), np.float64)

    def _members(self, codes: Ints, begins: Ints) -> tuple[Ints, Ints]:
        """Each run's different values, in order."""
        keys = np.unique(run_of(begins, len(codes)) * len(self.column) + codes)
        return np.divmod(keys, len(self.column))


@dataclass(frozen=True, eq=False)
class Tree:
    """Values published as the lowest node of their hierarchy that holds a class, and cut child by child."""

    name: str
    codes: Ints
    hierarchy: Hierarchy
    #: For each level and place: the node, which child of its parent it is, and its NCP.
    node: Ints
    child: Ints
    losses: Floats

    @classmethod
    def of(cls, column: Column, hierarchy: Hierarchy) -> Tree:
        """The hierarchy must have been made from this column."""
        if len(hierarchy.up[0]) != len(column):
            raise DeidError(f"the hierarchy of `{column.name}` was made for other values; make it from this column")
        order = np.argsort(hierarchy.leaves)
        node = np.stack([level[order] for level in hierarchy.up])
        losses = np.stack([hierarchy.losses(level)[nodes] for level, nodes in enumerate(node)])
        return cls(column.name, hierarchy.leaves[column.codes], hierarchy, node, _children(node), losses)

    def loss(self, codes: Ints, begins: Ints) -> Floats:
        """The node's NCP."""
        low = np.minimum.reduceat(codes, begins)
        return self.losses[self._level(low, np.maximum.reduceat(codes, begins)), low]

    def _level(self, low: Ints, high: Ints) -> Ints:
        """The level of the lowest node over two places, and so over all between: a node's values lie side by side."""
        level = np.full(len(low), self.hierarchy.height)
        for at in range(self.hierarchy.height - 1, -1, -1):
            level[self.node[at][low] == self.node[at][high]] = at
        return level

    def cut(self, codes: Ints, runs: Runs, least: int) -> Cut | None:
        """The commonest child of a class's node apart from the rest."""
        low = np.minimum.reduceat(codes, runs.begins)
        level = self._level(low, np.maximum.reduceat(codes, runs.begins))
        if not level.any():
            return None
        beneath = np.maximum(level - 1, 0)
        fan_out = int(self.child.max(initial=0)) + 1
        entry = _tally(self.child[beneath[runs.number], codes], runs, fan_out)
        most = np.maximum.reduceat(entry.weight, entry.begins)
        can = (level > 0) & (most >= least) & (runs.sizes - most >= least)
        if not can.any():
            return None
        where = np.flatnonzero(entry.weight == most[entry.number])
        chosen = entry.code[where[starts(entry.number[where])]]
        gain = np.where(can, most * self.losses[level, low], -np.inf)
        return Cut(gain, lambda codes, number: self.child[beneath[number], codes] != chosen[number])

    def labels(self, codes: Ints, begins: Ints) -> pa.Array:
        """The node's label."""
        low = np.minimum.reduceat(codes, begins)
        level = self._level(low, np.maximum.reduceat(codes, begins))
        found = np.empty(len(low), object)
        for at, names in enumerate(self.hierarchy.labels):
            here = level == at
            found[here] = np.array(names, object)[self.node[at][low[here]]]
        return pa.array(found.tolist(), pa.string())

    def within(self, codes: Ints, begins: Ints, figures: Floats) -> Floats:
        """Everything under the node."""
        low = np.minimum.reduceat(codes, begins)
        level = self._level(low, np.maximum.reduceat(codes, begins))
        found = np.zeros(len(low))
        for at, up in enumerate(self.hierarchy.up):
            here = level == at
            found[here] = np.bincount(up, weights=figures)[self.node[at][low[here]]]
        return found


@dataclass(frozen=True, eq=False)
class _Entries:
    """How many customers of each class have each value, without the values that do not occur; sorted by class."""

    number: Ints
    code: Ints
    weight: Ints
    begins: Ints

    def below(self) -> Ints:
        """The customers of a class up to and with each entry."""
        total = np.cumsum(self.weight)
        before = total[self.begins] - self.weight[self.begins]
        return np.asarray(total - before[self.number])

    def by_weight(self) -> _Entries:
        """Within each class the commonest first; the same order on every machine."""
        order = np.lexsort((-self.weight, self.number))
        return _Entries(self.number, self.code[order], self.weight[order], self.begins)


def run_of(begins: Ints, rows: int) -> Ints:
    """The run of each of so many rows."""
    return np.repeat(np.arange(len(begins)), np.diff(np.concatenate([begins, [rows]])))


def _tally(codes: Ints, runs: Runs, size: int) -> _Entries:
    """Count by class and value: in a table where that is not much longer than the rows, else by sorting."""
    key = runs.number.astype(np.int64) * size + codes
    bound = len(runs.sizes) * size
    if bound <= 4 * len(key) + 4096:
        table = np.bincount(key, weights=runs.weights, minlength=bound)
        found = np.flatnonzero(table)
        weight = table[found].astype(np.int64)
    else:
        order = np.argsort(key)
        begin = starts(key[order])
        found = key[order][begin]
        weight = np.add.reduceat(runs.weights[order], begin)
    number, code = np.divmod(found, size)
    return _Entries(number, code, weight, starts(number))


def _cheapest(cost: Floats, begins: Ints) -> tuple[Floats, Ints]:
    """Of each class the least cost of its entries, which may be infinite, and the first entry that has it."""
    least = np.minimum.reduceat(cost, begins)
    number = run_of(begins, len(cost))
    where = np.flatnonzero(cost == least[number])
    return least, where[starts(number[where])]


def _membership(keys: Ints, bound: int, rows: int) -> Callable[[Ints], Bools]:
    """Whether keys below `bound` are among some: by a table of flags where it is not much longer than the rows."""
    if bound <= 64 * rows + 65536:
        flags = np.zeros(bound, np.bool_)
        flags[keys] = True
        return lambda asked: flags[asked]
    ordered = np.sort(keys)
    return lambda asked: ordered[np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)] == asked


def _distinct(codes: Ints, begins: Ints, size: int) -> Ints:
    """How many different codes each run of rows has."""
    if size <= _BITS:
        bits = np.int64(1) << np.arange(size, dtype=np.int64)
        return np.bitwise_count(np.bitwise_or.reduceat(bits[codes], begins)).astype(np.int64)
    number = run_of(begins, len(codes))
    keys = np.sort(number * size + codes)
    first = np.concatenate([[True], keys[1:] != keys[:-1]])
    return np.add.reduceat(first.astype(np.int64), begins)


def _children(node: Ints) -> Ints:
    """For each level and place, which child its node is of the node above: values of one node lie side by side."""
    child = np.zeros_like(node)
    for level in range(len(node) - 1):
        begins = np.concatenate([[True], node[level][1:] != node[level][:-1]])
        parents = np.concatenate([[True], node[level + 1][1:] != node[level + 1][:-1]])
        number = np.cumsum(begins)
        child[level] = number - number[np.maximum.accumulate(np.where(parents, np.arange(len(parents)), 0))]
    return child


def _range(names: list[str | None], low: int, high: int, null: int | None) -> str | None:
    if low == high:
        return names[low]
    return ANYTHING if high == null else f"[{names[low]}, {names[high]}]"


def _set(names: list[str | None]) -> str | None:
    return names[0] if len(names) == 1 else "{" + ", ".join("NULL" if name is None else name for name in names) + "}"


def _text(low: Ints, high: Ints, write: Callable[[int, int], str | None]) -> pa.Array:
    """A label for each pair of places, written once for each different pair."""
    pairs, number = np.unique(np.stack([low, high], axis=1), axis=0, return_inverse=True)
    return pa.array([write(int(a), int(b)) for a, b in pairs], pa.string()).take(pa.array(number.ravel()))
