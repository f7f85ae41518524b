"""Hostile random tables: NULLs, a single value, more identifiers than rows, fewer rows than k."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from bailee.deid import Column, Frequencies, Hierarchy, Ranges, Sets, Tree
from bailee.deid.hierarchy_making import intervals, learnt, prefixes
from bailee.deid.scales import Scale

TYPES = (pa.int64(), pa.string(), pa.string(), pa.float64(), pa.bool_())
VALUES: tuple[st.SearchStrategy[Any], ...] = (
    st.one_of(st.none(), st.integers(-3, 12)),
    st.one_of(st.none(), st.sampled_from(("01", "02", "11", "1", "", "é", "NULL", "{a, b}"))),
    st.sampled_from(("a", "b", "c", "d")),
    st.one_of(st.none(), st.sampled_from((0.0, 0.5, 2.25, -1.0))),
    st.one_of(st.none(), st.booleans()),
)
SENSITIVE = st.one_of(st.none(), st.integers(0, 3))


@st.composite
def tables(draw: st.DrawFn, most_rows: int = 30) -> pa.Table:
    """A table with identifiers `q0`, `q1`, ... and the sensitive column `s`."""
    kinds = draw(st.lists(st.integers(0, len(TYPES) - 1), min_size=1, max_size=6))
    few = draw(st.booleans())
    row = st.tuples(*(VALUES[kind] for kind in kinds), SENSITIVE)
    pool = draw(st.lists(row, min_size=1, max_size=4 if few else most_rows))
    rows = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=most_rows))
    columns = {f"q{i}": pa.array([r[i] for r in rows], TYPES[kind]) for i, kind in enumerate(kinds)}
    return pa.table({**columns, "s": pa.array([r[-1] for r in rows], pa.int64())})


def names(table: pa.Table) -> list[str]:
    """Its identifiers."""
    return [name for name in table.column_names if name != "s"]


def hierarchy(draw: st.DrawFn, column: Column, frequencies: Frequencies) -> Hierarchy:
    """One that suits the column's type, or one for anything."""
    kind = column.values.type
    if pa.types.is_integer(kind) and draw(st.booleans()):
        return intervals(column, draw(st.sampled_from(([2], [3, 6], [5]))), draw(st.integers(-1, 1)))
    if pa.types.is_string(kind) and draw(st.booleans()):
        return prefixes(column, [1])
    if draw(st.booleans()):
        return learnt(column, frequencies.weights, draw(st.integers(2, 3)))
    return Hierarchy.flat(column)


def scale(draw: st.DrawFn, column: Column, frequencies: Frequencies) -> Scale:
    """Any way of being cut that suits the column's type."""
    chosen = draw(st.sampled_from(("ranges", "sets", "tree")))
    if chosen == "ranges" and (pa.types.is_integer(column.values.type) or pa.types.is_floating(column.values.type)):
        return Ranges.of(column)
    return Sets.of(column) if chosen == "sets" else Tree.of(column, hierarchy(draw, column, frequencies))
