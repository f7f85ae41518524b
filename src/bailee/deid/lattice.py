"""Full-domain recoding: each column at one level of its hierarchy, chosen so that nothing else loses less. Optimal.

A *node* is a level for each column. Loss is GCP: the mean over all cells of the NCP of what is published there, where a
suppressed customer's cells count 1. Classes that fail the promise are suppressed, at most `limit` of all customers.

Why pruning never misses the best. Let a node g be looked at, and let g' be no coarser than g in any column. The
classes of g' are parts of those of g, and the NCP of a cell at g' is at most that at g. For each class C of g,
`criteria.lost` is a number of its customers who are suppressed at g' too. Where that is all of C, their cells cost 1
each at g'; where it is m of them, at least m times (columns - NCP of C at g) more than if nobody were suppressed. So

    loss of g' x cells  >=  sum over customers not wholly lost of their NCP at g'  +  columns x customers wholly lost
                            +  sum over the other classes of m x (columns - NCP at g)

whose first part is a sum over columns of figures that depend on one column's level each: one evaluation bounds every
node beneath it, in one addition of vectors. If g loses more customers than the limit allows, so does g'. Before
anything is looked at, each node is bounded by its loss without suppression (the same with nobody lost). The search
always turns to the node with the least bound, climbs from it to the coarsest node that still rules it out, and ends
when no bound is below the best loss found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from bailee.deid.criteria import Classes, Criterion, Promise, hold, lost
from bailee.deid.frequencies import Bools, Floats, Frequencies, Ints, groups
from bailee.deid.hierarchy import Hierarchy
from bailee.deid.recoding import Level, Recoding
from bailee.deid.rollup import Table
from bailee.errors import DeidError

#: More combinations of levels than this are not searched.
MOST_NODES = 5_000_000
#: Tables of coarser classes that are kept to evaluate further nodes from.
MOST_TABLES = 48

Node = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class FullDomain:
    """The best node: each column's level, what becomes of every row, and GCP.

    `looked_at` of `nodes` were evaluated; the rest were proved no better.
    """

    levels: Node
    recoding: Recoding
    loss: float
    looked_at: int
    nodes: int


def full_domain(
    frequencies: Frequencies, hierarchies: Mapping[str, Hierarchy], promise: Promise, *, limit: float = 0.05
) -> FullDomain:
    """The node of least GCP that keeps the promise and suppresses at most `limit` of the customers.

    Raises `DeidError` where a column has no hierarchy, or no node keeps the promise.
    """
    ordered = in_order(frequencies, hierarchies)
    search = _Search(frequencies, ordered, promise.criteria(frequencies), limit)
    node = search.run()
    if node is None:
        raise DeidError(
            f"no choice of levels keeps the promise for {frequencies.total} customers with at most {limit:.1%} of them "
            "suppressed; ask for less, or allow more to be suppressed"
        )
    number, held = search.classes(node)
    dense = np.where(held, np.cumsum(held) - 1, -1)[number]
    forms = [
        Level.of(column, hierarchy, level)
        for column, hierarchy, level in zip(frequencies.identifiers, ordered, node, strict=True)
    ]
    recoding = Recoding(frequencies, tuple(forms), dense, int(held.sum()))
    cells = max(frequencies.total * len(ordered), 1)
    return FullDomain(node, recoding, search.least / cells, search.looked_at, search.bounds.size)


def in_order(frequencies: Frequencies, hierarchies: Mapping[str, Hierarchy]) -> tuple[Hierarchy, ...]:
    """Each identifier's hierarchy, in the order of the identifiers."""
    for column in frequencies.identifiers:
        if column.name not in hierarchies:
            raise DeidError(f"the column `{column.name}` has no hierarchy; give it one, or `Hierarchy.flat`")
        if len(hierarchies[column.name].up[0]) != len(column):
            raise DeidError(f"the hierarchy of `{column.name}` was made for other values; make it from this column")
    return tuple(hierarchies[column.name] for column in frequencies.identifiers)


class _Search:
    def __init__(
        self, frequencies: Frequencies, hierarchies: tuple[Hierarchy, ...], criteria: Sequence[Criterion], limit: float
    ) -> None:
        if not 0 <= limit < 1:
            raise DeidError(f"the limit of suppression is {limit:g}; expected 0 or more, and less than 1")
        self.shape = [hierarchy.height + 1 for hierarchy in hierarchies]
        if prod(self.shape) > MOST_NODES:
            raise DeidError(
                f"the hierarchies make {prod(self.shape):,} combinations of levels, more than {MOST_NODES:,}; leave "
                "levels or columns out, or use `mondrian`"
            )
        self.frequencies, self.hierarchies, self.criteria = frequencies, hierarchies, criteria
        self.allowed = limit * frequencies.total
        self.top: Node = tuple(size - 1 for size in self.shape)
        self.losses = [[h.losses(level) for level in range(h.height + 1)] for h in hierarchies]
        self.tables = [Table.of(frequencies, hierarchies, self.losses)]
        self.plain = self._spread(self.tables[0].sums.sum(axis=1), self.top)
        self.bounds = self.plain.copy()
        self.least, self.best, self.looked_at = np.inf, None, 0

    best: Node | None
    least: float

    def run(self) -> Node | None:
        """The best node, or None where none keeps the promise."""
        self._look(self.top)
        while True:
            place = np.unravel_index(int(np.argmin(self.bounds)), self.shape)
            node = tuple(int(level) for level in place)
            if not self.bounds[node] < self.least:
                return self.best
            self._rule_out(node)

    def _rule_out(self, node: Node) -> None:
        """Find, by halving, the coarsest node above this one that rules it out; at the last it is looked at itself."""
        path = self._path(node)
        low, high = 0, len(path) - 1
        while low <= high:
            middle = (low + high + 1) // 2
            self._look(path[middle])
            if self.bounds[node] < self.least:
                high = middle - 1
            else:
                low = middle + 1

    def _path(self, node: Node) -> list[Node]:
        """Upwards to the top, each step where it costs least."""
        path = [node]
        while node != self.top:
            steps = [
                (*node[:axis], level + 1, *node[axis + 1 :])
                for axis, level in enumerate(node)
                if level < self.top[axis]
            ]
            node = min(steps, key=lambda step: (self.plain[step], step))
            path.append(node)
        return path

    def _look(self, node: Node) -> None:
        """Evaluate a node: it may be the best, and bounds every node beneath it."""
        self.looked_at += 1
        table = min((t for t in self.tables if t.finer(node)), key=len)
        number, classes, cost = table.at(node, self.hierarchies, self.losses)
        held = hold(self.criteria, classes)
        suppressed = int(classes.sizes[~held].sum())
        total = float(classes.sizes[held] @ cost[held]) + suppressed * len(node)
        if suppressed <= self.allowed and (total, node) < (self.least, self.best or node):
            self.least, self.best = total, node
        gone = lost(self.criteria, classes)
        beneath = tuple(slice(0, level + 1) for level in node)
        if gone.sum() > self.allowed:
            self.bounds[beneath] = np.inf
        elif gone.any():
            wholly = gone >= classes.sizes
            kept = self._spread(table.sums @ (~wholly[number]).astype(float), node)
            more = len(node) * classes.sizes[wholly].sum() + gone[~wholly] @ (len(node) - cost[~wholly])
            self.bounds[beneath] = np.maximum(self.bounds[beneath], kept + more)
        self.bounds[node] = np.inf
        if len(self.tables) < MOST_TABLES and 2 * len(cost) < len(table) > 500:
            self.tables.append(table.joined(node, number, len(cost), classes))

    def _spread(self, sums: Floats, node: Node) -> Floats:
        """Sums for each column and level, in a row, added up to one figure for each node up to this one."""
        spread, begin = np.zeros([level + 1 for level in node]), 0
        for axis, (level, size) in enumerate(zip(node, self.shape, strict=True)):
            figures = sums[begin : begin + level + 1]
            spread = spread + figures.reshape([-1 if other == axis else 1 for other in range(len(node))])
            begin += size
        return spread

    def classes(self, node: Node) -> tuple[Ints, Bools]:
        """The class of each row of the frequency table, and whether each class is published."""
        columns = self.frequencies.identifiers
        codes = [h.up[level][c.codes] for h, level, c in zip(self.hierarchies, node, columns, strict=True)]
        number, many = groups(codes, [len(h.labels[level]) for h, level in zip(self.hierarchies, node, strict=True)])
        found = Classes.of(number, many, self.frequencies.weights, self.frequencies.sensitive)
        return number, hold(self.criteria, found)
