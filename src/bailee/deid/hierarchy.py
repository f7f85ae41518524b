"""Hierarchies: how the values of one column join into coarser ones, level by level, up to one that says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from bailee.deid.frequencies import Column, Floats, Ints
from bailee.errors import DeidError

#: What the top says in hierarchies that are made here.
ANYTHING = "*"


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """A tree over a column's values: `up[level][code]` is a value's node at a level, `labels[level]` names the nodes.

    Level 0 is the values themselves; the last level has one node. Each level joins whole nodes of the one beneath.
    """

    name: str
    labels: tuple[tuple[str | None, ...], ...]
    up: tuple[Ints, ...]
    #: Where each value of an ordered column lies, see `positions`.
    positions: Floats | None = None

    @classmethod
    def of(cls, column: Column, paths: Mapping[str | None, Sequence[str]]) -> Hierarchy:
        """Make the hierarchy of a column from each value's path upwards, keyed by the value as text.

        NULL without a path of its own stays NULL up to the top. Raises `DeidError` for a value without a path, paths
        of several lengths, a level that splits what the one beneath joined, and a top of several nodes.
        """
        values = texts(column.values)
        missing = [value for value in values if value is not None and value not in paths]
        if missing:
            raise DeidError(
                f"the hierarchy of `{column.name}` lacks {len(missing)} of {len(values)} values, such as "
                f"`{missing[0]}`; give each value of the column a line"
            )
        height = max((len(path) for path in paths.values()), default=1)
        if any(len(path) != height for path in paths.values()) or not height:
            raise DeidError(
                f"the paths of the hierarchy of `{column.name}` differ in length; expected one length above 0"
            )
        tops = {path[-1] for path in paths.values()} or {ANYTHING}
        if len(tops) > 1:
            raise DeidError(
                f"the last level of the hierarchy of `{column.name}` has {len(tops)} values, such as {_two(tops)}; "
                f"expected one that holds all, such as `{ANYTHING}`"
            )
        top = next(iter(tops))
        found = [paths.get(value, [None] * (height - 1) + [top]) for value in values]
        levels = [[path[level] for path in found] for level in range(height)]
        made = cls._levels(column.name, values, levels, positions(column.values))
        made._nested()
        return made

    @classmethod
    def flat(cls, column: Column) -> Hierarchy:
        """A value, or anything."""
        return cls.of(column, {value: [ANYTHING] for value in texts(column.values)})

    @classmethod
    def _levels(
        cls, name: str, values: Sequence[str | None], levels: list[list[str | None]], places: Floats | None
    ) -> Hierarchy:
        labels, up = [tuple(values)], [np.arange(len(values), dtype=np.int32)]
        for level in levels:
            number: dict[str | None, int] = {}
            up.append(np.array([number.setdefault(label, len(number)) for label in level], np.int32))
            labels.append(tuple(number))
        return cls(name, tuple(labels), tuple(up), places)

    def _nested(self) -> None:
        for level in range(1, len(self.up) - 1):
            pairs = {(int(a), int(b)) for a, b in zip(self.up[level], self.up[level + 1], strict=True)}
            if len(pairs) > len(self.labels[level]):
                seen: dict[int, int] = {}
                node = next(a for a, b in sorted(pairs) if seen.setdefault(a, b) != b)
                raise DeidError(
                    f"level {level + 1} of the hierarchy of `{self.name}` splits `{self.labels[level][node]}`, which "
                    f"level {level} joined; each level may only join further"
                )

    @property
    def height(self) -> int:
        """The number of the last level."""
        return len(self.up) - 1

    def sizes(self, level: int) -> Ints:
        """How many of the column's values lie under each node of a level."""
        return np.bincount(self.up[level], minlength=len(self.labels[level]))

    def losses(self, level: int) -> Floats:
        """NCP of each node of a level, 0 where it holds one value and 1 at the top.

        Of numbers and dates the distance from its least value to its greatest, as a share of the column's whole range;
        of all else its share of the column's values; of NULL joined with others, 1. Normalised certainty penalty:
        Xu et al., Utility-based anonymization using local recoding, KDD 2006.
        """
        nodes, up = len(self.labels[level]), self.up[level]
        sizes = self.sizes(level)
        if self.positions is None:
            shares: Floats = sizes / max(len(self.labels[0]), 1)
        else:
            low, high = np.full(nodes, np.inf), np.full(nodes, -np.inf)
            np.minimum.at(low, up, self.positions)
            np.maximum.at(high, up, self.positions)
            shares = np.minimum(high - low, 1.0)
        return np.where(sizes <= 1, 0.0, shares)

    @cached_property
    def leaves(self) -> Ints:
        """A place for each value such that the values under any node lie side by side."""
        order = np.lexsort(self.up) if self.up else np.zeros(0, np.int64)
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return place


def texts(values: pa.Array) -> list[str | None]:
    """Values as the text that hierarchies name them by: `true`, `2026-11-30`, `17`, `1.5`."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        found: list[str | None] = values.to_pylist()
        return found
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        return [None if value is None else value.hex() for value in values.to_pylist()]
    cast: list[str | None] = values.cast(pa.string()).to_pylist()
    return cast


def positions(values: pa.Array) -> Floats | None:
    """Where numbers, dates and times lie between the least (0) and the greatest (1); None for values without distances.

    NULL lies at 2, so that whatever joins it with a number is as wide as anything.
    """
    kind = values.type
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        values = values.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return None
    kept = values.drop_null().cast(pa.float64()).to_numpy()
    if not np.isfinite(kept).all():
        return None
    width = kept[-1] - kept[0] if len(kept) > 1 else 0.0
    placed = (kept - kept[0]) / width if width else np.zeros(len(kept))
    return np.concatenate([placed, np.full(values.null_count, 2.0)])


def _two(labels: set[str]) -> str:
    first, second = sorted(labels)[:2]
    return f"`{first}` and `{second}`"
