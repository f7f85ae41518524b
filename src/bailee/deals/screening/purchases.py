"""How few known purchases single a customer out: whoever saw what was bought, or found a receipt, knows some.

The attacker draws some purchases of a customer at random, product and day or product alone, and looks for who else made
all of them. De Montjoye et al., Unique in the shopping mall, Science 347, 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.evidence import CUSTOMER
from bailee.deals.screening.whose import different
from bailee.deid.frequencies import Bools, Column, Floats, Ints, groups, starts


@dataclass(frozen=True, eq=False)
class Events:
    """Rows of which a unit has many: whose they are, and what happened, as codes; `day` is None where no time is told.

    A unit is what the recipient can tell belongs together: a customer by a key, or a basket by its number.
    """

    table: str
    what: str
    unit: str
    units: Ints
    item: Ints
    day: Ints | None


@dataclass(frozen=True, slots=True)
class Singled:
    """Of the units drawn with so many known purchases, the share that is alone, and the mean chance of finding one."""

    known: int
    with_day: bool
    drawn: int
    alone: float
    chance: float


def events(key: str, table: pa.Table, keyed: bool) -> Events | None:
    """The events in a table with its `CUSTOMER`, or None where it has none.

    `keyed` says that the recipient can tell a customer's rows apart from others'; else a column whose values each
    belong to one customer and join several rows, such as a basket's number, makes the unit.
    """
    table = table.filter(pc.is_valid(table[CUSTOMER])) if table[CUSTOMER].null_count else table
    whose = table[CUSTOMER].to_numpy()
    if len(whose) <= len(np.unique(whose)):
        return None
    nested = {name for name in _discrete(table) if _nested(table, name)}
    items = [(different(table[name]), name) for name in _discrete(table) if name not in nested]
    if not items:
        return None
    what = max(items)[1]
    day = next((name for name in table.column_names if pa.types.is_temporal(table[name].type)), None)
    unit = CUSTOMER if keyed else next((name for name in sorted(nested) if _joins(table, name)), None)
    if unit is None:
        return None
    days = None if day is None else Column.encode(day, pc.floor_temporal(table[day], unit="day")).codes
    return Events(key, what, unit, Column.encode(unit, table[unit]).codes, Column.encode(what, table[what]).codes, days)


def kinds(table: pa.Table) -> dict[str, int]:
    """The columns that say what was bought, or the like, and how many different values each has."""
    return {name: different(table[name]) for name in _discrete(table) if not _nested(table, name)}


def _discrete(table: pa.Table) -> list[str]:
    kinds = (pa.types.is_integer, pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary)
    return [n for n in table.column_names if n != CUSTOMER and any(kind(table[n].type) for kind in kinds)]


def _nested(table: pa.Table, name: str) -> bool:
    """Whether each of its values is of one customer."""
    for part in (table.slice(0, 50_000), table):
        pairs = part.select([CUSTOMER, name]).group_by([CUSTOMER, name]).aggregate([])
        if pairs.num_rows != different(pairs[name]):
            return False
    return True


def _joins(table: pa.Table, name: str) -> bool:
    return bool(different(table[name]) < table.num_rows)


def singled_out(made: Events, most: int, drawn: int, seed: int) -> tuple[Singled, ...]:
    """For 1 to `most` known purchases, with the day and without it, how many units they single out."""
    found: list[Singled] = []
    for with_day in (True, False) if made.day is not None else (False,):
        found += _singled(made, most, drawn, seed, with_day)
    return tuple(found)


def _singled(made: Events, most: int, drawn: int, seed: int, with_day: bool) -> list[Singled]:
    item: Ints = made.item
    if with_day and made.day is not None:
        item, _ = groups([made.item, made.day], [int(made.item.max()) + 1, int(made.day.max()) + 1])
    of_item, of_unit = _index(item, made.units), _index(made.units, item)
    source = np.random.default_rng([seed, int(with_day)])
    units = source.permutation(len(of_unit.begins))[:drawn]
    left = np.zeros((len(units), most), np.int64)
    for row, unit in enumerate(units):
        left[row] = _candidates(source, of_unit.of(unit), of_item, most)
    return [_told(left[:, known - 1], known, with_day) for known in range(1, most + 1)]


def _candidates(source: np.random.Generator, own: Ints, of_item: _Index, most: int) -> Ints:
    """How many units have the first 1, 2, .. of some of a unit's items drawn at random; 0 where it has fewer."""
    counts = np.zeros(most, np.int64)
    rest: Ints | None = None
    for place, item in enumerate(source.permutation(own)[:most]):
        having = of_item.of(item)
        if rest is None:
            rest = having
        elif len(rest) > 1:
            rest = (
                rest[np.isin(rest, having, assume_unique=True, kind="sort")]
                if len(having) < 64
                else _both(rest, having)
            )
        counts[place] = len(rest)
    return counts


def _both(one: Ints, other: Ints) -> Ints:
    """What is in two ascending runs."""
    place = np.minimum(np.searchsorted(other, one), len(other) - 1)
    return np.asarray(one[other[place] == one])


def _told(left: Ints, known: int, with_day: bool) -> Singled:
    enough: Bools = left > 0
    among: Floats = left[enough].astype(np.float64)
    if not len(among):
        return Singled(known, with_day, 0, 0.0, 0.0)
    return Singled(known, with_day, len(among), float((among == 1).mean()), float((1 / among).mean()))


@dataclass(frozen=True, eq=False)
class _Index:
    """For each code of one column the different codes of another beside it, ascending."""

    values: Ints
    begins: Ints
    ends: Ints

    def of(self, code: int) -> Ints:
        return self.values[self.begins[code] : self.ends[code]]


def _index(keys: Ints, values: Ints) -> _Index:
    width = int(values.max()) + 1
    both = np.sort(keys.astype(np.int64) * width + values)  # numpy's own `unique` hashes, which takes ten times as long
    both = both[starts(both)]
    begins = starts(both // width)
    return _Index(both % width, begins, np.append(begins[1:], len(both)))


def by_known(found: tuple[Singled, ...]) -> Mapping[tuple[int, bool], Singled]:
    """By purchases known, and whether with the day."""
    return {(each.known, each.with_day): each for each in found}
