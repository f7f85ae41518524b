"""What a published file lost, whoever made it: read back from CSV, and judged by what it says and nothing else.

A class is all rows that say the same. A file has `row`, the number of the raw row, then the identifiers as published;
raw rows that are missing are suppressed, and lose all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv

from bailee.deid import Frequencies, Hierarchy, Ranges, Recoding, Sets, Tree
from bailee.deid.frequencies import Column, Ints, groups
from bailee.deid.hierarchy import positions
from bailee.deid.loss import gcp
from bailee.deid.publication import counting
from bailee.deid.recoding import Level
from bailee.engines.duckdb.counting import select

ROW = "row"


@dataclass(frozen=True, slots=True)
class Score:
    """The share of raw rows suppressed, classes, the smallest of them by SQL, and GCP of two ways to publish them."""

    suppressed: float
    classes: int
    k: int
    nodes: float
    sets: float


def read(path: Path) -> pa.Table:
    """A published file; all is text but the number of the row."""
    head = path.open(encoding="utf-8").readline().strip().split(",")
    types = {name.strip('"'): pa.string() for name in head} | {ROW: pa.int64()}
    return pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(column_types=types))


def full_domain(raw: pa.Table, published: pa.Table, hierarchies: Mapping[str, Hierarchy]) -> Score:
    """Score labels that are nodes, all of a column's at one level of its hierarchy; ValueError where they are not."""
    counted, number, many = _classes(raw, published, tuple(hierarchies))
    rows = published[ROW].to_numpy()
    forms = [_level(c, hierarchies[c.name], rows, published[c.name]) for c in counted.identifiers]
    return _score(Recoding(counted, tuple(forms), number, many), published)


def multidimensional(raw: pa.Table, published: pa.Table, hierarchies: Mapping[str, Hierarchy]) -> Score:
    """Score classes by what they hold: the lowest node over each, or the range where a column is numbers."""
    counted, number, many = _classes(raw, published, tuple(hierarchies))
    forms = [along(column, hierarchies[column.name]) for column in counted.identifiers]
    return _score(Recoding(counted, tuple(forms), number, many), published)


def along(column: Column, hierarchy: Hierarchy) -> Ranges | Tree:
    """How Mondrian cuts and publishes one column: numbers as ranges, all else along its hierarchy."""
    return Tree.of(column, hierarchy) if positions(column.values) is None else Ranges.of(column)


def freely(column: Column, _: Hierarchy | None = None) -> Ranges | Sets:
    """How Mondrian cuts and publishes one column without a hierarchy: numbers as ranges, all else as sets."""
    return Sets.of(column) if positions(column.values) is None else Ranges.of(column)


def _classes(raw: pa.Table, published: pa.Table, names: Sequence[str]) -> tuple[Frequencies, Ints, int]:
    """The raw table row by row, and of each row its class in what was published, -1 for none."""
    said = [Column.encode(name, published[name]) for name in names]
    class_of, many = groups([column.codes for column in said], [len(column) for column in said])
    number = np.full(raw.num_rows, -1, np.int64)
    rows = published[ROW].to_numpy()
    number[rows] = class_of
    if len(np.unique(rows)) != len(rows):
        raise ValueError("a raw row is published twice")
    return Frequencies.from_arrow(raw.select(list(names)), names, count=None), number, many


def _level(column: Column, hierarchy: Hierarchy, rows: Ints, labels: pa.ChunkedArray) -> Level:
    """The finest level at which the hierarchy says of these raw rows what was published of them."""
    said = Column.encode(column.name, labels)
    pairs = np.unique(column.codes[rows].astype(np.int64) * len(said) + said.codes)
    what = [(value, said.values[label].as_py()) for value, label in zip(*divmod(pairs, len(said)), strict=True)]
    for level, nodes in enumerate(hierarchy.labels):
        if all(nodes[hierarchy.up[level][value]] == label for value, label in what):
            return Level.of(column, hierarchy, level)
    raise ValueError(f"no level of the hierarchy of `{column.name}` says what was published")


def _score(recoding: Recoding, published: pa.Table) -> Score:
    names = [form.name for form in recoding.forms]
    with duckdb.connect() as con:
        count = select(con, counting("published", names), {"published": published}).to_pylist()[0]
    if count["classes"] != recoding.classes:
        raise ValueError("SQL counts other classes than the score")
    sets = tuple(freely(column) for column in recoding.frequencies.identifiers)
    as_sets = Recoding(recoding.frequencies, sets, recoding.number, recoding.classes)
    gone = recoding.suppressed / max(recoding.frequencies.total, 1)
    return Score(gone, recoding.classes, count["k"], gcp(recoding), gcp(as_sets))
