"""Figures on their way out as later releases are held against them: what each customer adds, as a sketch of it.

The question is asked once more, customer by customer, and of the answer nothing leaves this page but sums in which
nobody's part can be told (`bailee.deid.sketches`). They are made with each customer's own key, so an erasure, which
destroys the key, leaves nobody who could say again what that customer added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bailee.deid import holding_back, sketches
from bailee.deid.differences import State
from bailee.deid.frequencies import Bools, groups
from bailee.errors import FactRejected, MemoryExceeded, RowsExceeded, TimeExceeded
from bailee.people import keyring

if TYPE_CHECKING:
    import pyarrow as pa

    from bailee.deid.sketches import Bytes, Sketch, Words
    from bailee.gate.answer import Answer
    from bailee.gate.grouped import Groups
    from bailee.people.database import Database
    from bailee.rewrite.governed import Apart

Ints = npt.NDArray[np.int64]
Group = tuple[str | None, ...]
#: Asks for one part of so many of the customers.
Ask = Callable[[tuple[int, int]], "Answer"]
#: An answer that is too large, or takes too long, is asked for in so many times as many parts; in no more than so many.
TIMES, MOST_PARTS = 8, 4096
#: Decimal places of what is added, as `bailee.rewrite.aggregate.apart` asks for it.
_PLACES = 9


class Marks:
    """The bucket and the factor of each customer on record, by their key as the company's tables have it."""

    def __init__(self, database: Database, numbers: dict[str, int]) -> None:
        self.many = sketches.buckets(len(numbers))
        wanted = sorted(numbers.values())
        with database.read() as connection:
            keys = keyring.of(connection).there(connection, wanted)
        if missing := [number for number in wanted if number not in keys]:
            with database.write() as connection:
                keys |= keyring.of(connection).obtain(connection, missing)
        there = [number for number in wanted if number in keys]
        size = wanted[-1] + 1 if wanted else 1
        self._bucket, self._factor = np.full(size, -1, np.int64), np.zeros(size, np.uint64)
        self._bucket[there], self._factor[there] = sketches.factors([keys[number] for number in there], self.many)
        self._numbers = numbers

    def of(self, subjects: pa.ChunkedArray) -> tuple[Ints, Words]:
        """The bucket and factor of each row's customer; FactRejected where one is not on record."""
        codes, keys = _coded(subjects)
        numbers = [0 if key is None else self._numbers.get(key, 0) for key in keys]
        return self.of_numbers(np.array(numbers, np.int64)[codes])

    def of_numbers(self, who: Ints) -> tuple[Ints, Words]:
        """The same, by Bailee's own number."""
        if who.size and (who.min() < 1 or who.max() >= len(self._bucket) or self._bucket[who].min() < 0):
            raise FactRejected("somebody came or went while the figures were made, so nothing was released; try again")
        return self._bucket[who], self._factor[who]


@dataclass(frozen=True, eq=False)
class Added:
    """What each customer adds to each figure of each of `groups`, as places and sums; `about` says what they are of."""

    about: Apart
    groups: Sequence[Group]
    figures: Mapping[str, tuple[Ints, Words]] = field(repr=False)
    many: int

    def held(
        self, asked: str, every: Groups | None, before: Iterable[tuple[Sketch, int]], secret: bytes
    ) -> tuple[Bools, Sketch] | None:
        """Which groups of `every` must stay hidden beside earlier releases, and the sketch of what is shown then.

        `before` are earlier releases' sketches, each with the least group of the two; `asked` is what a reader knows
        the question by; `secret` is what groups are named with. Where nothing says which group is which, all are shown.
        None where there are not the same groups in both, because somebody came in between.
        """
        if every is None:
            return np.zeros(0, np.bool_), self._sketch(asked, np.full(len(self.groups), State.SHOWN, np.uint8), secret)
        row = self._rows(every)
        here = row >= 0
        if len(np.unique(row[here])) < len(every.hidden) or every.strangers:
            return None
        shown = here & ~every.hidden[row]

        def by_row(flags: Bools) -> Bools:
            found = np.zeros(len(every.hidden), np.bool_)
            found[row[here]] = flags[here]
            return found

        def complement(hidden: Bools, also: Bools, last: Bools) -> Bools:
            found = every.complemented(every.hidden | by_row(hidden), also=by_row(also), last=by_row(last))
            return np.asarray(here & found[row])

        # Of a group that is not in the answer nothing is shown, whatever its size.
        size = np.where(here, np.sum([each[row] for each in every.figures], axis=0), 0.0)
        first = self._sketch(asked, np.where(shown, State.SHOWN, State.HIDDEN), secret)
        states = holding_back.states(shown, size, complement, *holding_back.paired(first, before))
        return by_row(states != State.SHOWN) | every.hidden, self._sketch(asked, states, secret)

    def _sketch(self, asked: str, states: Bytes, secret: bytes) -> Sketch:
        named = [group[: len(self.about.keys)] for group in self.groups]
        return sketches.sketch(
            asked, self.about.source, self.about.keys, self.figures, named, states, self.many, secret
        )

    def _rows(self, every: Groups) -> Ints:
        """Which of `every` each group is, by what the question shows of it; -1 where it is none."""
        table = every.keys
        if len(table.column_names) != len(self.about.shown):
            raise FactRejected("the keys of the figures cannot be told: select every key that the question groups by")
        texts = [_coded(column) for column in table.columns]
        named = zip(*([names[code] for code in codes] for codes, names in texts), strict=True)
        at = {name: row for row, name in enumerate(named)}
        return np.array(
            [at.get(tuple(group[place] for place in self.about.shown), -1) for group in self.groups], np.int64
        )


def added(ask: Ask, marks: Marks) -> Added:
    """What each customer adds; FactRejected where it cannot be had, or somebody is not on record."""
    order: dict[Group, int] = {}
    found: dict[str, tuple[Ints, Words]] = {}
    about: Apart | None = None
    for answer in _parts(ask):
        about, table = answer.governed.apart, answer.arrow()
        if about is None:
            break
        first = len(table.column_names) - len(about.figures)
        lies = _grouped([table.column(at) for at in range(first - 1)], table.num_rows, order)
        bucket, factor = marks.of(table.column(first - 1))
        for at, figure in enumerate(about.figures, first):
            some = sketches.summed(lies * marks.many + bucket, sketches.times(factor, _words(table.column(at))))
            found[figure] = _together(found[figure], some) if figure in found else some
    if about is None:
        raise FactRejected("the figures cannot be asked for customer by customer, so nothing was released")
    return Added(about, list(order), found, marks.many)


def classes(marks: Marks, asked: str, rows: pa.Table, numbers: Ints, source: str, secret: bytes) -> Sketch:
    """The sketch of who is in which class of de-identified `rows`, of which there are the identifiers alone.

    `numbers` say of whom each row is, 0 of nobody.
    """
    about = numbers > 0
    order: dict[Group, int] = {}
    lies = _grouped(rows.columns, rows.num_rows, order)
    bucket, factor = marks.of_numbers(numbers[about])
    # Of each customer one row in a class counts, however many there are.
    _, first = np.unique(lies[about] * (int(numbers.max(initial=0)) + 1) + numbers[about], return_index=True)
    sums = sketches.summed((lies[about] * marks.many + bucket)[first], factor[first])
    shown = np.full(len(order), State.SHOWN, np.uint8)
    return sketches.sketch(
        asked, source, rows.column_names, {"customers": sums}, list(order), shown, marks.many, secret
    )


def _parts(ask: Ask) -> Iterator[Answer]:
    """The answers of all parts, of as few as there may be."""
    of = 1
    while True:
        try:
            first = ask((0, of))
        except (RowsExceeded, MemoryExceeded, TimeExceeded):
            of *= TIMES
            if of > MOST_PARTS:
                raise
            continue
        break
    yield first
    yield from (ask((at, of)) for at in range(1, of))


def _together(one: tuple[Ints, Words], two: tuple[Ints, Words]) -> tuple[Ints, Words]:
    return sketches.summed(np.concatenate([one[0], two[0]]), np.concatenate([one[1], two[1]]))


def _grouped(columns: Sequence[pa.ChunkedArray], rows: int, order: dict[Group, int]) -> Ints:
    """Of each row the number of its group, where `order` has them, to which those are added that it has not."""
    if not columns:
        return np.full(rows, order.setdefault((), 0), np.int64)
    coded = [_coded(column) for column in columns]
    number, many = groups([codes for codes, _ in coded], [len(texts) for _, texts in coded])
    first = np.full(many, -1, np.int64)
    first[number[::-1]] = np.arange(rows - 1, -1, -1)
    names = [tuple(texts[codes[at]] for codes, texts in coded) for at in first]
    return np.array([order.setdefault(name, len(order)) for name in names], np.int64)[number]


def _coded(column: pa.ChunkedArray) -> tuple[Ints, list[str | None]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    # Different values first: to make text of each of millions of rows would cost most of the time.
    coded = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
    codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, coded.dictionary.cast(pa.string()).to_pylist()


def _words(column: pa.ChunkedArray) -> Words:
    """What is added, in units of its last place, modulo the prime of sketches."""
    import pyarrow as pa

    exact = column.cast(pa.decimal128(38, _PLACES)).combine_chunks().fill_null(0)
    words = np.frombuffer(exact.buffers()[1], "<u8").reshape(-1, 2)[exact.offset : exact.offset + len(exact)]
    low, high = words[:, 0] % np.uint64(sketches.PRIME), words[:, 1].view(np.int64) % np.int64(sketches.PRIME)
    # 2^64 is 8 modulo 2^61 - 1.
    eight = sketches.times(high.astype(np.uint64), np.full(len(high), 8, np.uint64))
    return (low + eight) % np.uint64(sketches.PRIME)
