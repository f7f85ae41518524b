"""Which rows of what is wanted say something that no column says outright: that somebody is ill, a parent, or devout.

The data map knows, and only the gate applies it. So the gate is asked twice, with and without the rows that reveal a
category: what is missing the second time reveals it. It is counted by as few columns as tell the rows apart, those by
which the map reaches what reveals, and by all of them where these do not decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from bailee.policy.model import DataMap, Reference, Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

#: Answers `SELECT columns, count(*) ... GROUP BY columns` over the rows that do not reveal a category.
Count = Callable[[str, Sequence[str]], "pa.Table"]
#: What the counts are called.
COUNT = "rows_counted"


def revealing(
    sent: pa.Table, keys: Sequence[str], categories: Iterable[str], count: Count
) -> dict[str, npt.NDArray[np.bool_]]:
    """By category, for each row whether it reveals it; of rows that are alike, all do where one does."""
    rows: dict[tuple[str, ...], _Rows] = {}
    return {category: _gone(sent, keys, category, count, rows) for category in sorted(categories)}


def as_lists(found: Mapping[str, npt.NDArray[np.bool_]], rows: int) -> pa.Array:
    """The categories that each row reveals, as a list array."""
    import numpy as np
    import pyarrow as pa

    names = sorted(found)
    marks = np.array([found[name] for name in names], bool).reshape(len(names), rows)
    row, which = np.nonzero(marks.T)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]) if rows else np.zeros(1, int)
    values = pa.DictionaryArray.from_arrays(pa.array(which, pa.int32()), pa.array(names, pa.string()))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values.cast(pa.string()))


def reaching(datamap: DataMap, tables: Iterable[str], names: Sequence[str]) -> list[str]:
    """Those of the columns by which the map reaches what reveals: references, and what its conditions are about."""
    references: set[str] = set()
    said: set[str] = set()
    for name in tables:
        table = datamap.tables[name]
        references |= {reference.column for reference in _references(table) if could_reveal(datamap, reference.table)}
        said |= {column for rule in table.reveals for column in rule.when.columns}
    return [*(name for name in names if name in references), *(name for name in names if name in said - references)]


def could_reveal(datamap: DataMap, name: str) -> set[str]:
    """The categories that a row of a table could reveal, of itself or along a reference."""
    table = datamap.tables[name]
    own = {rule.category for rule in table.reveals}
    return own.union(*(could_reveal(datamap, reference.table) for reference in _references(table)))


def _references(table: Table) -> tuple[Reference, ...]:
    return table.references if table.via is None else (table.via, *table.references)


def _gone(
    sent: pa.Table, keys: Sequence[str], category: str, count: Count, rows: dict[tuple[str, ...], _Rows]
) -> npt.NDArray[np.bool_]:
    for columns in dict.fromkeys([*((key,) for key in keys), tuple(keys), tuple(sent.column_names)]):
        if not columns:
            continue
        if columns not in rows:
            rows[columns] = _Rows(sent, columns)
        before, after = rows[columns].counts(count(category, columns))
        if columns == tuple(sent.column_names) or not ((after > 0) & (after < before)).any():
            gone: npt.NDArray[np.bool_] = (after < before)[rows[columns].codes]
            return gone
    raise ValueError("a table without columns reveals nothing")


class _Rows:
    """The rows of a table numbered so that those that are alike in some columns have one number; NULL is like NULL."""

    def __init__(self, table: pa.Table, columns: Sequence[str]) -> None:
        import numpy as np

        self._columns = columns
        self._values: list[pa.Array] = []
        self._kept: list[npt.NDArray[np.int64] | None] = []
        codes, size = np.zeros(table.num_rows, np.int64), 1
        for name in columns:
            encoded = table[name].combine_chunks().dictionary_encode(null_encoding="encode")
            self._values.append(encoded.dictionary)
            codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy(zero_copy_only=False)
            size *= len(encoded.dictionary)
            if len(columns) == 1:
                self._kept.append(None)
                continue
            kept, codes = np.unique(codes, return_inverse=True)
            self._kept.append(kept)
            size = len(kept)
        self.codes, self._size = codes, size

    def counts(self, left: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """By number, how many rows there are, and how many of them are counted in `left`."""
        import numpy as np
        import pyarrow.compute as pc

        known = np.ones(left.num_rows, bool)
        codes = np.zeros(left.num_rows, np.int64)
        for name, values, kept in zip(self._columns, self._values, self._kept, strict=True):
            found = pc.index_in(left[name].cast(values.type), value_set=values)
            known &= found.is_valid().to_numpy()
            codes = codes * len(values) + found.fill_null(0).to_numpy().astype(np.int64)
            if kept is not None:
                place = np.searchsorted(kept, codes)
                place[place == len(kept)] = 0
                known &= kept[place] == codes
                codes = place
        many = left[COUNT].to_numpy().astype(np.int64)
        before = np.bincount(self.codes, minlength=self._size)
        after = np.bincount(codes[known], weights=many[known].astype(np.float64), minlength=self._size)
        return before, after.astype(np.int64)
