"""Mondrian: classes cut in two again and again, each along the column where the parts lose least. Multidimensional.

LeFevre, DeWitt, Ramakrishnan, Mondrian multidimensional k-anonymity, ICDE 2006, which cuts the widest column at its
median. Here each column proposes the cut that loses least in that column (`scales`), and of the proposals the one is
taken after which all columns together lose least. A cut is made only if both parts keep the promise, so every class
keeps it at every moment; which cuts are tried decides only how much is lost.

All classes are cut at once, level by level, so no Python runs for a class of its own. Rows of one class lie side by
side; a batch that is small enough to stay in the processor's cache is cut to the end before the next. Where classes
have very many rows, cuts are chosen on every n-th row and then held against all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from bailee.deid.criteria import Classes, Criterion, Promise, hold
from bailee.deid.frequencies import Bools, Column, Floats, Frequencies, Ints, starts
from bailee.deid.recoding import Recoding
from bailee.deid.scales import Cut, Runs, Scale, run_of
from bailee.errors import DeidError

#: Rows of the frequency table that are cut together.
BATCH = 1 << 17
#: The cut of a class of many more rows is chosen on about so many of them, evenly drawn.
SAMPLE = 4096
#: A column's cut is tried if in its own column it saves at least this share of what the best saves in its own.
PROMISING = 0.7


def mondrian(
    frequencies: Frequencies, scales: Sequence[Scale], promise: Promise, *, batch_rows: int = BATCH, threads: int = 2
) -> Recoding:
    """Cut the table into classes that keep the promise, until no cut leaves both parts keeping it.

    `scales` has one for each identifier, in that order. Raises `DeidError` where not even all customers together keep
    the promise.
    """
    if [scale.name for scale in scales] != [column.name for column in frequencies.identifiers]:
        raise DeidError("each identifier needs one scale, in the same order")
    criteria = promise.criteria(frequencies)
    whole = Classes.of(np.zeros(len(frequencies), np.int64), 1, frequencies.weights, frequencies.sensitive)
    if not len(frequencies) or not hold(criteria, whole)[0]:
        raise DeidError(
            f"not even all {frequencies.total} customers together keep the promise, so nothing can be published; "
            "ask for less, or wait until there are more"
        )
    step = partial(_step, scales=scales, criteria=criteria, batch_rows=batch_rows)
    whole_batch = _Batch.all(frequencies, scales)
    if len(frequencies) <= batch_rows:
        found = _to_the_end(whole_batch, step)
    else:
        with ThreadPoolExecutor(threads) as pool:  # numpy lets go of the interpreter while it works
            found = _in_waves(whole_batch, step, batch_rows, pool)
    number, many = np.empty(len(frequencies), np.int64), 0
    for rows, begins in found:
        number[rows] = many + run_of(begins, len(rows))
        many += len(begins)
    return Recoding(frequencies, tuple(scales), number, many)


#: Classes that are cut no further: their rows of the frequency table side by side, and where each begins.
_Found = list[tuple[Ints, Ints]]


_Step = Callable[["_Batch"], tuple[_Found, list["_Batch"]]]


def _step(
    batch: _Batch, scales: Sequence[Scale], criteria: Sequence[Criterion], batch_rows: int
) -> tuple[_Found, list[_Batch]]:
    """Cut each class of a batch once: those that are cut no further, and the parts of the others."""
    choice = batch.choose(scales, criteria)
    return batch.uncut(choice), list(batch.cut(choice, batch_rows))


def _to_the_end(batch: _Batch, step: _Step) -> _Found:
    """Cut a batch until no class can be cut."""
    found: _Found = []
    waiting = [batch]
    while waiting:
        done, parts = step(waiting.pop())
        found += done
        waiting += parts
    return found


def _in_waves(batch: _Batch, step: _Step, batch_rows: int, pool: ThreadPoolExecutor) -> _Found:
    """Cut large batches side by side until every batch is small, then those to the end; in one order on any machine."""
    found: _Found = []
    small: list[_Batch] = []
    large = [batch]
    while large:
        parts: list[_Batch] = []
        for done, made in pool.map(step, large):
            found += done
            parts += made
        small += [part for part in parts if len(part.rows) <= batch_rows]
        large = [part for part in parts if len(part.rows) > batch_rows]
    for each in pool.map(partial(_to_the_end, step=step), small):
        found += each
    return found


@dataclass(frozen=True, eq=False)
class _Choice:
    """For each class whether it is cut, and for each row whether it falls on the right."""

    can: Bools
    right: Bools


@dataclass(frozen=True, eq=False)
class _Batch:
    """Some classes, not finished: which rows of the frequency table, and these rows' codes on each scale."""

    rows: Ints
    codes: tuple[Ints, ...]
    sensitive: tuple[Column, ...]
    runs: Runs

    @classmethod
    def all(cls, frequencies: Frequencies, scales: Sequence[Scale]) -> _Batch:
        rows = np.arange(len(frequencies), dtype=np.int32)
        codes = tuple(scale.codes.astype(np.int32) for scale in scales)
        return cls(rows, codes, frequencies.sensitive, _runs(np.zeros(len(rows), np.int32), frequencies.weights))

    def taken(self, rows: Ints, runs: Runs) -> _Batch:
        return _Batch(
            self.rows[rows],
            tuple(codes[rows] for codes in self.codes),
            tuple(column.taken(rows) for column in self.sensitive),
            runs,
        )

    def choose(self, scales: Sequence[Scale], criteria: Sequence[Criterion]) -> _Choice:
        """The best cut of each class that leaves both parts keeping the promise."""
        lengths = np.diff(np.concatenate([self.runs.begins, [len(self.rows)]]))
        stride = int(lengths.min()) // SAMPLE
        if stride > 1:
            some = np.arange(0, len(self.rows), stride)
            thin = self.taken(some, _runs(self.runs.number[some], self.runs.weights[some]))
            choice = self._applied(*thin._best(scales, criteria), len(scales))
            order, begins = halves(self.runs, choice.right)
            if choice.can.all() and hold(criteria, self._classes(order, begins)).all():
                return choice
        return self._applied(*self._best(scales, criteria), len(scales))

    def _best(self, scales: Sequence[Scale], criteria: Sequence[Criterion]) -> tuple[Ints, list[Cut | None]]:
        """For each class the scale that it is best cut along, -1 for none, and each scale's cut."""
        cuts = [
            scale.cut(codes, self.runs, _smallest(criteria)) for scale, codes in zip(scales, self.codes, strict=True)
        ]
        least, chosen = np.full(len(self.runs.sizes), np.inf), np.full(len(self.runs.sizes), -1)
        waiting = np.array([np.full(len(least), -np.inf) if cut is None else cut.gain for cut in cuts])
        worth = PROMISING * waiting.max(axis=0)
        if not self.sensitive:
            # Each proposal leaves k on both sides, so a class with one that is promising needs no comparison.
            promising = np.isfinite(waiting) & (waiting >= worth)
            alone = promising.sum(axis=0) == 1
            chosen[alone] = promising.argmax(axis=0)[alone]
            waiting[:, alone] = -np.inf
        while True:
            for axis, cut in enumerate(cuts):
                tried = np.isfinite(waiting[axis]) & (waiting[axis] >= worth)
                if cut is not None and tried.any():
                    cost = self._cost(scales, criteria, cut, self.codes[axis], tried)
                    better = cost < least
                    least[better], chosen[better] = cost[better], axis
                    waiting[axis, tried] = -np.inf
            # A class whose promising cuts break the promise may have others that keep it.
            worth = np.where(chosen < 0, -np.inf, np.inf)
            if not (np.isfinite(waiting) & (waiting >= worth)).any():
                return chosen, cuts

    def _cost(
        self, scales: Sequence[Scale], criteria: Sequence[Criterion], cut: Cut, along: Ints, tried: Bools
    ) -> Floats:
        """What each tried class loses in all columns once it is cut so; infinite where that breaks the promise."""
        if tried.all():
            order, begins = halves(self.runs, cut.right(along, self.runs.number))
        else:
            some = np.flatnonzero(tried[self.runs.number])
            number = self.runs.number[some]
            order, begins = halves(_runs(number, self.runs.weights[some]), cut.right(along[some], number))
            order = some[order]
        owner = self.runs.number[order[begins]]
        sizes = np.add.reduceat(self.runs.weights[order], begins)
        ncp = sum((scale.loss(codes[order], begins) for scale, codes in zip(scales, self.codes, strict=True)), 0.0)
        cost = np.asarray(np.bincount(owner, weights=sizes * ncp, minlength=len(tried)), np.float64)
        cost[owner[~hold(criteria, self._classes(order, begins))]] = np.inf
        return np.where(tried, cost, np.inf)

    def _classes(self, order: Ints, begins: Ints) -> Classes:
        """The classes that the runs of some rows make."""
        weights = self.runs.weights[order]
        if not self.sensitive:
            return Classes(np.add.reduceat(weights, begins))
        number = run_of(begins, len(order))
        return Classes.of(number, len(begins), weights, [column.taken(order) for column in self.sensitive])

    def _applied(self, chosen: Ints, cuts: Sequence[Cut | None], scales: int) -> _Choice:
        """Which rows fall on the right of the cut that their class was given."""
        right = np.zeros(len(self.rows), np.bool_)
        along = chosen[self.runs.number]
        for axis in range(scales):
            cut, rows = cuts[axis], np.flatnonzero(along == axis)
            if cut is not None and len(rows):
                right[rows] = cut.right(self.codes[axis][rows], self.runs.number[rows])
        return _Choice(chosen >= 0, right)

    def uncut(self, choice: _Choice) -> _Found:
        """The classes that are not cut any more."""
        done = np.flatnonzero(~choice.can[self.runs.number])
        return [(self.rows[done], starts(self.runs.number[done]))] if len(done) else []

    def cut(self, choice: _Choice, batch_rows: int) -> Iterator[_Batch]:
        """The parts of the classes that are cut, in batches that fit into the cache where they can."""
        going = np.flatnonzero(choice.can[self.runs.number])
        if not len(going):
            return
        runs = _runs(self.runs.number[going], self.runs.weights[going])
        order, begins = halves(runs, choice.right[going])
        order = going[order]
        lengths = np.diff(np.concatenate([begins, [len(order)]]))
        group = (np.cumsum(lengths) - 1) // batch_rows
        for first, last in _spans(group):
            begin, end = begins[first], begins[last - 1] + lengths[last - 1]
            rows = order[begin:end]
            number = np.repeat(np.arange(last - first, dtype=np.int32), lengths[first:last])
            yield self.taken(rows, _runs(number, self.runs.weights[rows]))


def halves(runs: Runs, right: Bools) -> tuple[Ints, Ints]:
    """The rows with each class's left part before its right, and where each part begins; classes keep their order."""
    where = np.arange(len(right), dtype=np.int32)
    left = ~right
    lefts = np.cumsum(left, dtype=np.int32)
    before = lefts[runs.begins] - left[runs.begins]
    ends = np.concatenate([runs.begins[1:], [len(right)]])
    many = lefts[ends - 1] - before
    # A row on the left comes after its class's earlier lefts; one on the right after all its lefts and earlier rights.
    after_lefts = lefts + (runs.begins - before - 1).astype(np.int32)[runs.number]
    after_rights = where - lefts + (before + many).astype(np.int32)[runs.number]
    order = np.empty(len(right), np.int32)
    order[np.where(right, after_rights, after_lefts)] = where
    middle = runs.begins + many
    begins = np.stack([runs.begins, middle], axis=1).ravel()
    real = np.stack([many > 0, middle < ends], axis=1).ravel()
    return order, begins[real]


def _runs(number: Ints, weights: Ints) -> Runs:
    """Runs of rows by a number that only grows, renumbered from 0."""
    begins = starts(number)
    dense = np.zeros(len(number), np.int32)
    dense[begins[1:]] = 1
    sizes = np.add.reduceat(weights, begins) if len(begins) else np.zeros(0, np.int64)
    return Runs(np.cumsum(dense, dtype=np.int32), begins, weights, sizes)


def _smallest(criteria: Sequence[Criterion]) -> int:
    return max((getattr(criterion, "k", 1) for criterion in criteria), default=1)


def _spans(group: Ints) -> Iterator[tuple[int, int]]:
    """First and last-but-one of each run of equal numbers."""
    begins = [*starts(group).tolist(), len(group)]
    yield from pairwise(begins)
