"""Ways to make a hierarchy: from a file, from intervals, from prefixes, from functions, or learnt from the counts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from math import isfinite

import numpy as np
import pyarrow as pa

from bailee.deid.frequencies import Column, Floats, Ints, starts
from bailee.deid.hierarchy import ANYTHING, Hierarchy, texts
from bailee.errors import DeidError, InputError, Problem


def from_file(column: Column, text: str, file: str, delimiter: str = ";") -> Hierarchy:
    """Read the text of a hierarchy file as ARX writes it: a line for each value, the value first, coarser to the right.

    `file` names it in errors. Raises `InputError` with every line that is wrong, `DeidError` where it does not fit.
    """
    paths: dict[str | None, list[str]] = {}
    problems: list[Problem] = []
    width = 0
    reader = csv.reader(text.lstrip("\ufeff").splitlines(), delimiter=delimiter)
    for cells in reader:
        if not cells:
            continue
        width = width or len(cells)
        wrong = _wrong(cells, width, paths, delimiter)
        if wrong:
            problems.append(Problem(file, reader.line_num, 1, wrong))
        else:
            paths[cells[0]] = cells[1:]
    if not paths and not problems:
        problems.append(
            Problem(file, 1, 1, f"found no line; expected lines such as `value{delimiter}coarser{delimiter}*`")
        )
    if problems:
        raise InputError(problems)
    return Hierarchy.of(column, paths)


def _wrong(cells: list[str], width: int, paths: dict[str | None, list[str]], delimiter: str) -> str | None:
    if len(cells) < 2:
        return f"found one cell; expected a value and what it becomes, parted by `{delimiter}`"
    if len(cells) != width:
        return f"found {len(cells)} cells; expected {width}, as in the first line"
    if cells[0] in paths:
        return f"the value `{cells[0]}` has a line already; expected each value once"
    return None


def intervals(column: Column, widths: Sequence[int | float | Decimal], origin: int | float | Decimal = 0) -> Hierarchy:
    """Numbers in intervals of growing width, each a multiple of the one before: `[20, 25)`, `[20, 30)`, `*`."""
    sizes = [Decimal(str(width)) for width in widths]
    steps = zip([Decimal(0), *sizes], sizes, strict=False)
    if not sizes or any(b <= a or (a and b % a) for a, b in steps):
        told = ", ".join(map(str, widths)) or "none"
        raise DeidError(
            f"found the widths {told} for `{column.name}`; expected growing widths, each a multiple of the one before"
        )
    kept = column.values.drop_null()
    if not (pa.types.is_integer(kept.type) or pa.types.is_floating(kept.type) or pa.types.is_decimal(kept.type)):
        raise DeidError(f"column `{column.name}` has the type {kept.type}; intervals need numbers")
    values = kept.to_pylist()
    if not all(isfinite(value) for value in values):
        raise DeidError(
            f"column `{column.name}` holds a number that is not finite, which lies in no interval; make it NULL"
        )
    start = Decimal(str(origin))
    exact = [Decimal(str(value)) for value in values]
    return Hierarchy.of(
        column,
        {
            name: [*(_interval(value, start, size) for size in sizes), ANYTHING]
            for name, value in zip(texts(kept), exact, strict=True)
        },
    )


def _interval(value: Decimal, origin: Decimal, size: Decimal) -> str:
    below = origin + ((value - origin) / size).to_integral_value(rounding="ROUND_FLOOR") * size
    return f"[{below:f}, {below + size:f})"


def prefixes(column: Column, lengths: Sequence[int]) -> Hierarchy:
    """Text cut to fewer and fewer leading letters: `021**`, `0****`, `*`; a shorter text keeps what it has."""
    if not lengths or min(lengths) < 1 or any(b >= a for a, b in pairwise(lengths)):
        told = ", ".join(map(str, lengths)) or "none"
        raise DeidError(f"found the lengths {told} for `{column.name}`; expected falling lengths of at least 1")
    values = [value for value in texts(column.values) if value is not None]
    return Hierarchy.of(
        column,
        {value: [*(value[:n] + "*" * (len(value) - len(value[:n])) for n in lengths), ANYTHING] for value in values},
    )


def coarsened(column: Column, steps: Sequence[Callable[[object], object]]) -> Hierarchy:
    """Values made coarse by functions, finest first, such as the `apply` of a policy's `month` and `year`.

    What a function answers with None is joined with all that it does so.
    """
    if not steps:
        raise DeidError(f"found no step for `{column.name}`; expected at least one way to make it coarser")
    kept = column.values.drop_null()
    paths: dict[str | None, list[str]] = {}
    for name, value in zip(texts(kept), kept.to_pylist(), strict=True):
        coarse = [step(value) for step in steps]
        paths[name] = [*("other" if found is None else str(found) for found in coarse), ANYTHING]
    return Hierarchy.of(column, paths)


def learnt(column: Column, weights: Ints, fan_out: int = 2) -> Hierarchy:
    """A balanced hierarchy over the values in their order: each node's customers are split into `fan_out` even runs.

    The labels name a run's first and last value. What is learnt depends on the data, so it says something about it:
    where a hierarchy was agreed beforehand, use that.
    """
    if fan_out < 2:
        raise DeidError(f"found a fan-out of {fan_out} for `{column.name}`; expected 2 or more")
    values = [value for value in texts(column.values) if value is not None]
    counts = np.asarray(np.bincount(column.codes, weights=weights, minlength=len(column))[: len(values)], np.float64)
    levels: list[Ints] = []
    runs: Ints = np.zeros(len(values), np.int64)
    while len(values) > 1 and len(np.unique(runs)) < len(values):
        levels.append(runs)
        runs = _split(runs, counts, fan_out)
    named = [(level, _named(values, level)) for level in reversed(levels[1:])]
    paths: dict[str | None, list[str]] = {
        value: [*(names[level[place]] for level, names in named), ANYTHING] for place, value in enumerate(values)
    }
    return Hierarchy.of(column, paths or {None: [ANYTHING]})


def _split(runs: Ints, counts: Floats, fan_out: int) -> Ints:
    """Each run of values cut into up to `fan_out` runs of about as many customers."""
    made = np.zeros(len(runs), np.int64)
    for run in np.unique(runs):
        members = np.flatnonzero(runs == run)
        before = np.cumsum(counts[members]) - counts[members] / 2
        part = np.minimum((before * fan_out / max(counts[members].sum(), 1)).astype(np.int64), fan_out - 1)
        if len(members) > 1 and part[0] == part[-1]:
            part[len(members) // 2 :] += 1
        made[members] = part
    return np.asarray(np.unique(runs * fan_out + made, return_inverse=True)[1])


def _named(values: Sequence[str], runs: Ints) -> list[str]:
    """The label of each run; runs are numbered in the order of the values."""
    first = starts(runs)
    last = [*(first[1:] - 1), len(values) - 1]
    return [values[a] if a == b else f"{values[a]} .. {values[b]}" for a, b in zip(first, last, strict=True)]
