"""Tables of classes, from which the classes of coarser nodes are made without going back to all combinations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bailee.deid.criteria import Classes
from bailee.deid.frequencies import Floats, Frequencies, Ints, groups
from bailee.deid.hierarchy import Hierarchy


@dataclass(frozen=True, eq=False)
class Table:
    """The classes at some levels: one value that each class holds in each column, sizes, sums of NCP, sensitive counts.

    `sums` has a row for each level of each hierarchy, one after another, and a column for each class: the NCP of the
    class's customers at that level, added up. A sensitive column is three vectors: class, value, customers.
    """

    levels: tuple[int, ...]
    codes: tuple[Ints, ...]
    weights: Ints
    sums: Floats
    cells: tuple[tuple[Ints, Ints, Ints], ...]
    kinds: tuple[int, ...]

    @classmethod
    def of(
        cls, frequencies: Frequencies, hierarchies: Sequence[Hierarchy], losses: Sequence[Sequence[Floats]]
    ) -> Table:
        """The finest classes: equal values in every column."""
        columns = frequencies.identifiers
        number, many = groups([column.codes for column in columns], [len(column) for column in columns])
        one = _one(number, many)
        weights = np.bincount(number, weights=frequencies.weights, minlength=many).astype(np.int64)
        codes = tuple(column.codes[one] for column in columns)
        levels = [
            losses[axis][level][hierarchy.up[level]][codes[axis]] * weights
            for axis, hierarchy in enumerate(hierarchies)
            for level in range(hierarchy.height + 1)
        ]
        cells = tuple((number, column.codes, frequencies.weights) for column in frequencies.sensitive)
        kinds = tuple(len(column) for column in frequencies.sensitive)
        return cls((0,) * len(columns), codes, weights, np.stack(levels), cells, kinds)

    def __len__(self) -> int:
        return len(self.weights)

    def finer(self, node: Sequence[int]) -> bool:
        """Whether the classes of a node are unions of these."""
        return all(own <= level for own, level in zip(self.levels, node, strict=True))

    def at(
        self, node: Sequence[int], hierarchies: Sequence[Hierarchy], losses: Sequence[Sequence[Floats]]
    ) -> tuple[Ints, Classes, Floats]:
        """The class of each of these at a node, the classes there, and the NCP of one of their customers."""
        codes = [h.up[level][own] for h, level, own in zip(hierarchies, node, self.codes, strict=True)]
        sizes = [len(h.labels[level]) for h, level in zip(hierarchies, node, strict=True)]
        number, many = groups(codes, sizes)
        counts = tuple(
            np.bincount(number[row] * kind + value, weights=weight, minlength=many * kind)
            .astype(np.int64)
            .reshape(many, kind)
            for (row, value, weight), kind in zip(self.cells, self.kinds, strict=True)
        )
        weights = np.bincount(number, weights=self.weights, minlength=many).astype(np.int64)
        one = _one(number, many)
        cost = np.zeros(many)
        for axis, level in enumerate(node):
            cost += losses[axis][level][codes[axis][one]]
        return number, Classes(weights, counts), cost

    def joined(self, node: tuple[int, ...], number: Ints, many: int, classes: Classes) -> Table:
        """The table of a node's classes."""
        one = _one(number, many)
        sums = np.zeros((len(self.sums), many))
        for place, own in enumerate(self.sums):
            if own.any():  # single values lose nothing
                sums[place] = np.bincount(number, weights=own, minlength=many)
        cells = []
        for counts in classes.counts:
            member, value = np.nonzero(counts)
            cells.append((member, value, counts[member, value]))
        codes = tuple(own[one] for own in self.codes)
        return Table(node, codes, classes.sizes, sums, tuple(cells), self.kinds)


def _one(number: Ints, many: int) -> Ints:
    """A member of each class."""
    one = np.zeros(many, np.int64)
    one[number] = np.arange(len(number))
    return one
