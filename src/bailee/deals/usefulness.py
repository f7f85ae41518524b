"""What a version of a deal is worth to the recipient: how near its answers come to those over all that was asked for.

A figure is compared as its share of its total by group: 1 less the total variation distance, so 1 is the same picture
and 0 has nothing in common with it. Fewer customers alone lose nothing; groups that are hidden do. A figure without
groups is compared by its size. What cannot be answered at all is worth 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bailee.deals.model import Asked
from bailee.deid.hierarchy import texts
from bailee.errors import DeidError

#: By column of an answer, what each of its values became in the version, as text.
Coarser = Mapping[str, Mapping[str | None, str | None]]
_Cells = dict[tuple[str | None, ...], float]


@dataclass(frozen=True, slots=True)
class Usefulness:
    """The weighted mean over all that was asked, from 0 to 1, and each question's own."""

    kept: float
    by_question: Mapping[str, float]


def usefulness(
    asked: Mapping[str, Asked],
    whole: Mapping[str, pa.Table],
    version: Mapping[str, pa.Table | None],
    coarser: Coarser | None = None,
) -> Usefulness:
    """Hold a version's answers, by key of `asked`, against those over everything; None is a question without answer."""
    each = {key: alike(one, whole[key], version.get(key), coarser or {}) for key, one in asked.items()}
    weights = {key: float(one.weight) for key, one in asked.items()}
    total = sum(weights.values())
    kept = sum(each[key] * weight for key, weight in weights.items()) / total if total else 0.0
    return Usefulness(kept, each)


def alike(asked: Asked, whole: pa.Table, version: pa.Table | None, coarser: Coarser) -> float:
    """How alike two answers to one question are, the mean over its figures."""
    by = [name for name in whole.column_names if name.lower() in {each.lower() for each in asked.by}]
    figures = [name for name in whole.column_names if name not in by]
    if version is None or not set(whole.column_names) <= set(version.column_names) or not figures:
        return 0.0
    strange = [name for name in figures if not _is_number(whole.schema.field(name).type)]
    if strange:
        raise DeidError(
            f"`{asked.key}` answers with `{strange[0]}`, which is no figure: name it in `by`, or leave it out"
        )
    found = []
    for figure in figures:
        true, told = _cells(whole, by, figure), _cells(version, by, figure)
        found.append(_shares_alike(true, _spread(true, told, by, coarser)) if by else _size_alike(true, told))
    return float(np.mean(found))


def _is_number(kind: pa.DataType) -> bool:
    t = pa.types
    return any(of(kind) for of in (t.is_integer, t.is_floating, t.is_decimal, t.is_boolean, t.is_null))


def _cells(answer: pa.Table, by: list[str], figure: str) -> _Cells:
    """Each group's figure, keyed by its values as text; what is NULL counts nothing."""
    keys = list(zip(*(texts(answer[name].combine_chunks()) for name in by), strict=True)) if by else [()] * len(answer)
    cells: _Cells = {}
    for key, value in zip(keys, answer[figure].to_pylist(), strict=True):
        number = 0.0 if value is None else float(value)
        cells[key] = cells.get(key, 0.0) + (number if np.isfinite(number) else 0.0)
    return cells


def _spread(true: _Cells, told: _Cells, by: list[str], coarser: Coarser) -> _Cells:
    """A coarse group's figure in even parts over the groups that it stands for: all that its reader can do."""
    ways = [coarser.get(name, {}) for name in by]
    if not any(ways):
        return told
    stands_for: dict[tuple[str | None, ...], list[tuple[str | None, ...]]] = {}
    for key in true:
        became = tuple(way.get(value, value) for way, value in zip(ways, key, strict=True))
        stands_for.setdefault(became, []).append(key)
    found: _Cells = {}
    for key, value in told.items():
        fine = stands_for.get(key, [key])
        for each in fine:
            found[each] = found.get(each, 0.0) + value / len(fine)
    return found


def _shares_alike(true: _Cells, told: _Cells) -> float:
    one, other = (sum(abs(value) for value in cells.values()) for cells in (true, told))
    if not one or not other:
        return 1.0 if one == other else 0.0
    apart = sum(abs(true.get(key, 0.0) / one - told.get(key, 0.0) / other) for key in {*true, *told})
    return float(np.clip(1 - apart / 2, 0.0, 1.0))


def _size_alike(true: _Cells, told: _Cells) -> float:
    one, other = true.get((), 0.0), told.get((), 0.0)
    largest = max(abs(one), abs(other))
    return float(np.clip(1 - abs(one - other) / largest, 0.0, 1.0)) if largest else 1.0
