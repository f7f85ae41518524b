"""What a class of like customers must satisfy before it may be published: k-anonymity, l-diversity, t-closeness.

Each criterion also says what no finer split can save (`lost`), which is what the lattice prunes by. The proofs:

* k, and l distinct values: a class that fails has no part that holds, since parts are smaller and hold fewer values. So
  all of it is lost. The same for recursive diversity where fewer than l values occur, since its right side is then 0.
* Entropy is concave: the parts' mean entropy, weighted by size, is at most the class's H. If a share q of a class were
  in parts with entropy of log l and more, q log l <= H, so at least a share of 1 - H / log l is lost.
* A distance between distributions is convex in its first argument: the parts' mean distance is at least the class's D.
  No part is further than the furthest single value, M. If a share q were within t, q t + (1 - q) M >= D, so at least a
  share of (D - t) / (M - t) is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Protocol

import numpy as np

from bailee.deid.frequencies import Bools, Column, Floats, Frequencies, Ints
from bailee.errors import DeidError

#: Floating arithmetic may be off by so much; the count in SQL allows the same.
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Classes:
    """How many customers are in each class, and of each sensitive column how many with each value: a row a class."""

    sizes: Ints
    counts: tuple[Ints, ...] = ()

    @classmethod
    def of(cls, number: Ints, many: int, weights: Ints, sensitive: Sequence[Column]) -> Classes:
        """Count classes from each row's class, from 0 to `many` - 1."""
        sizes = np.bincount(number, weights=weights, minlength=many).astype(np.int64)
        return cls(sizes, tuple(_tally(number, many, weights, column) for column in sensitive))


def _tally(number: Ints, many: int, weights: Ints, column: Column) -> Ints:
    place = number.astype(np.int64) * len(column) + column.codes
    flat = np.bincount(place, weights=weights, minlength=many * len(column))
    return flat.astype(np.int64).reshape(many, len(column))


class Criterion(Protocol):
    """One condition on classes."""

    def holds(self, classes: Classes) -> Bools:
        """Whether each class satisfies it."""

    def lost(self, classes: Classes) -> Floats:
        """How many customers of each class at least are in parts that fail, however the class is split further."""


@dataclass(frozen=True, slots=True)
class Size:
    """At least k customers in a class. Sweeney, k-anonymity: a model for protecting privacy, IJUFKS 10(5), 2002."""

    k: int

    def holds(self, classes: Classes) -> Bools:
        """Whether it has k customers."""
        return classes.sizes >= self.k

    def lost(self, classes: Classes) -> Floats:
        """All, where it is too small."""
        return np.where(self.holds(classes), 0.0, classes.sizes)


@dataclass(frozen=True, slots=True)
class Distinct:
    """At least l different values of a sensitive column in a class; NULL is one. Machanavajjhala et al., TKDD 2007."""

    place: int
    l: int  # noqa: E741  (its name in the literature)

    def holds(self, classes: Classes) -> Bools:
        """Whether it has l values."""
        enough: Bools = np.count_nonzero(classes.counts[self.place], axis=1) >= self.l
        return enough

    def lost(self, classes: Classes) -> Floats:
        """All, where there are fewer."""
        return np.where(self.holds(classes), 0.0, classes.sizes)


@dataclass(frozen=True, slots=True)
class Entropy:
    """Entropy of a sensitive column in a class of at least log l. Machanavajjhala et al., l-diversity, TKDD 2007."""

    place: int
    l: float  # noqa: E741  (its name in the literature)

    def holds(self, classes: Classes) -> Bools:
        """Whether the entropy suffices."""
        return _entropy(classes.counts[self.place]) >= log(self.l) - TOLERANCE

    def lost(self, classes: Classes) -> Floats:
        """The share that concavity gives."""
        if self.l <= 1:
            return np.zeros(len(classes.sizes))
        share = 1 - (_entropy(classes.counts[self.place]) + TOLERANCE) / log(self.l)
        return np.asarray(classes.sizes * np.clip(share, 0, 1), np.float64)


@dataclass(frozen=True, slots=True)
class Recursive:
    """The commonest value rarer than c times all from the l-th commonest on. Machanavajjhala et al., TKDD 2007."""

    place: int
    c: float
    l: int  # noqa: E741  (its name in the literature)

    def holds(self, classes: Classes) -> Bools:
        """Whether the commonest value is rare enough."""
        falling = -np.sort(-classes.counts[self.place], axis=1)
        if falling.shape[1] == 0:
            return np.zeros(len(falling), np.bool_)
        rare: Bools = falling[:, 0] < self.c * falling[:, self.l - 1 :].sum(axis=1) - TOLERANCE
        return rare

    def lost(self, classes: Classes) -> Floats:
        """All, where fewer than l values occur; of other classes nothing is known."""
        return Distinct(self.place, self.l).lost(classes)


@dataclass(frozen=True, eq=False)
class Closeness:
    """A class's distribution of a sensitive column within t of everybody's.

    Li, Li, Venkatasubramanian, t-closeness, ICDE 2007: with `ordered` their ordered distance over the values' order,
    else the equal distance. Everybody means the whole table that was given, suppressed customers included.
    """

    place: int
    t: float
    whole: Floats
    ordered: bool = False

    @classmethod
    def to(cls, frequencies: Frequencies, place: int, t: float, *, ordered: bool = False) -> Closeness:
        """Closeness to the distribution of all who are in the table."""
        column = frequencies.sensitive[place]
        counts = np.bincount(column.codes, weights=frequencies.weights, minlength=len(column))
        return cls(place, t, counts / max(counts.sum(), 1), ordered)

    def distances(self, counts: Ints) -> Floats:
        """How far each class's distribution is from everybody's, from 0 to 1."""
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        if not self.ordered:
            return np.asarray(np.abs(shares - self.whole).sum(axis=1) / 2)
        off = np.cumsum(shares - self.whole, axis=1)[:, :-1]
        return np.asarray(np.abs(off).sum(axis=1) / max(len(self.whole) - 1, 1))

    def holds(self, classes: Classes) -> Bools:
        """Whether it is near enough."""
        return self.distances(classes.counts[self.place]) <= self.t + TOLERANCE

    def lost(self, classes: Classes) -> Floats:
        """The share that convexity gives."""
        furthest = self.distances(np.eye(len(self.whole), dtype=np.int64)).max(initial=0)
        if furthest <= self.t:
            return np.zeros(len(classes.sizes))
        share = (self.distances(classes.counts[self.place]) - self.t - TOLERANCE) / (furthest - self.t)
        return np.asarray(classes.sizes * np.clip(share, 0, 1), np.float64)


@dataclass(frozen=True, slots=True)
class Promise:
    """What is asked of every class: at least k customers, and more of sensitive columns; `criteria` checks it."""

    k: int
    distinct: int | None = None
    entropy: float | None = None
    recursive: tuple[float, int] | None = None
    t: float | None = None
    ordered: bool = False

    def __post_init__(self) -> None:
        wrong = [
            f"`{name}` is {value:g}; expected {expected}"
            for name, value, low, high, expected in (
                ("k", self.k, 2, None, "2 or more: a class of one is the person"),
                ("distinct", self.distinct, 1, None, "1 or more"),
                ("entropy", self.entropy, 1, None, "1 or more"),
                ("recursive's c", self.recursive and self.recursive[0], 1e-6, None, "above 0"),
                ("recursive's l", self.recursive and self.recursive[1], 2, None, "2 or more"),
                ("t", self.t, 0, 1, "0 to 1"),
            )
            if value is not None and not (low <= value and (high is None or value <= high))
        ]
        if wrong:
            raise DeidError("; ".join(wrong))

    @property
    def of_sensitive(self) -> bool:
        """Whether it asks anything of sensitive columns."""
        return any(asked is not None for asked in (self.distinct, self.entropy, self.recursive, self.t))

    def criteria(self, frequencies: Frequencies) -> tuple[Criterion, ...]:
        """The conditions, one of each kind for each sensitive column."""
        if self.of_sensitive and not frequencies.sensitive:
            raise DeidError(
                "l-diversity and t-closeness are about a sensitive column; name at least one, or ask for k alone"
            )
        made: list[Criterion] = [Size(self.k)]
        for place in range(len(frequencies.sensitive)):
            if self.distinct is not None:
                made.append(Distinct(place, self.distinct))
            if self.entropy is not None:
                made.append(Entropy(place, self.entropy))
            if self.recursive is not None:
                made.append(Recursive(place, *self.recursive))
            if self.t is not None:
                made.append(Closeness.to(frequencies, place, self.t, ordered=self.ordered))
        return tuple(made)


def hold(criteria: Sequence[Criterion], classes: Classes) -> Bools:
    """Whether each class satisfies all."""
    held = np.ones(len(classes.sizes), np.bool_)
    for criterion in criteria:
        held &= criterion.holds(classes)
    return held


def lost(criteria: Sequence[Criterion], classes: Classes) -> Floats:
    """The most that any criterion gives up of each class: a lower bound, whatever finer split is chosen."""
    found = np.zeros(len(classes.sizes))
    for criterion in criteria:
        found = np.maximum(found, criterion.lost(classes))
    return found


def _entropy(counts: Ints) -> Floats:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.asarray(-(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1))
