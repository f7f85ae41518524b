"""What becomes of every customer: a class that is published in some form, or nothing, because they are suppressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from bailee.deid.criteria import Classes
from bailee.deid.frequencies import Column, Floats, Frequencies, Ints, groups, starts
from bailee.deid.hierarchy import Hierarchy
from bailee.deid.scales import Form


@dataclass(frozen=True, eq=False)
class Recoding:
    """Each row of the frequency table with its class, from 0 to `classes` - 1, or -1 where it is suppressed.

    `forms` has one way of publishing for each identifier. Rows with the same identifiers are in one class.
    """

    frequencies: Frequencies
    forms: tuple[Form, ...]
    number: Ints
    classes: int

    @cached_property
    def order(self) -> Ints:
        """The published rows, class by class."""
        by_class = np.argsort(self.number, kind="stable")
        return by_class[np.searchsorted(self.number[by_class], 0) :]

    @cached_property
    def begins(self) -> Ints:
        """Where each class begins in `order`."""
        return starts(self.number[self.order])

    @cached_property
    def counted(self) -> Classes:
        """How many customers each class has, and of each sensitive column how many with each value."""
        order = self.order
        sensitive = [column.taken(order) for column in self.frequencies.sensitive]
        return Classes.of(self.number[order], self.classes, self.frequencies.weights[order], sensitive)

    @cached_property
    def suppressed(self) -> int:
        """How many customers are not published."""
        return int(self.frequencies.weights[self.number < 0].sum())

    def losses(self) -> list[Floats]:
        """NCP of each class, form by form."""
        return [form.loss(form.codes[self.order], self.begins) for form in self.forms] if self.classes else []

    def labels(self) -> list[pa.Array]:
        """What each class publishes, form by form."""
        if not self.classes:
            return [pa.array([], pa.string()) for _ in self.forms]
        return [form.labels(form.codes[self.order], self.begins) for form in self.forms]

    def mapping(self, prefix: str = "published ") -> pa.Table:
        """Each combination of raw values that is published, once, with what it becomes in columns named with `prefix`.

        The rest are suppressed. A column `class` numbers the classes.
        """
        columns = self.frequencies.identifiers
        number, many = groups([column.codes for column in columns], [len(column) for column in columns])
        one = np.zeros(many, np.int64)
        one[number] = np.arange(len(number))
        one = one[self.number[one] >= 0]
        place = pa.array(self.number[one])
        raw = {column.name: column.values.take(pa.array(column.codes[one])) for column in columns}
        labels = [each.dictionary_encode() for each in self.labels()]  # ten million labels are then as many numbers
        made = {prefix + form.name: each.take(place) for form, each in zip(self.forms, labels, strict=True)}
        return pa.table({**raw, **made, prefix + "class": place})


@dataclass(frozen=True, eq=False)
class Level:
    """Every value published as its node at one level of a hierarchy."""

    name: str
    codes: Ints
    hierarchy: Hierarchy
    level: int

    @classmethod
    def of(cls, column: Column, hierarchy: Hierarchy, level: int) -> Level:
        """The hierarchy must have been made from this column."""
        return cls(column.name, hierarchy.up[level][column.codes], hierarchy, level)

    def loss(self, codes: Ints, begins: Ints) -> Floats:
        """The node's NCP."""
        return self.hierarchy.losses(self.level)[codes[begins]]

    def labels(self, codes: Ints, begins: Ints) -> pa.Array:
        """The node's label."""
        return pa.array(self.hierarchy.labels[self.level], pa.string()).take(pa.array(codes[begins]))

    def within(self, codes: Ints, begins: Ints, figures: Floats) -> Floats:
        """Everything under the node."""
        return np.asarray(np.bincount(self.hierarchy.up[self.level], weights=figures)[codes[begins]], np.float64)


def published(recoding: Recoding, sensitive: Sequence[str] = ()) -> pa.Table:
    """The published table itself where it is small: a row for each customer, in an order that says nothing.

    Rows are sorted by what is published. For a warehouse use `publication`, which does the same in the engine.
    """
    order = recoding.order
    weights = recoding.frequencies.weights[order]
    place = pa.array(np.repeat(recoding.number[order], weights))
    made = {form.name: labels.take(place) for form, labels in zip(recoding.forms, recoding.labels(), strict=True)}
    for name in sensitive:
        column = recoding.frequencies.column(name)
        made[name] = column.values.take(pa.array(np.repeat(column.codes[order], weights)))
    return pa.table(made).sort_by([(name, "ascending") for name in made])
