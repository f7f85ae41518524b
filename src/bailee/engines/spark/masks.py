"""Masks: an allow table of whole numbers as one row of 64-bit words, which a view tests without a join.

A join builds a hash table for every question, and makes Spark's planner expect so many rows behind it that what is
joined next is shuffled by key. A word is found by its place in an array, in compiled code, and nothing is shuffled.
How a view tests it is the dialect's to say.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

#: Keys further apart than this have no mask: its words go to every task whole.
WIDEST = 1 << 27
#: Nor have keys of which there is less than one in so many places, past a number of places that costs nothing.
SPARSE, FREE = 64, 1 << 23

_WHOLE = re.compile(r"(TINY|SMALL|BIG)INT|INTEGER", re.ASCII)

Span = tuple[int, int]


def may_have(key_type: str) -> bool:
    """Whether allow tables with this type of key may have a mask."""
    return _WHOLE.fullmatch(key_type) is not None


def made(keys: npt.NDArray[np.int64]) -> tuple[Span, Any] | None:
    """The keys of the first and last bit with the words as an Arrow table of one row; None where there is no mask."""
    if not len(keys):
        return None
    low, high = int(keys.min()), int(keys.max())
    low = 0 if 0 <= low and high < FREE else low
    if high - low >= min(WIDEST, max(FREE, SPARSE * len(keys))):
        return None
    bits = np.zeros((high - low + 64) // 64 * 64, np.bool_)
    bits[keys - low] = True
    return (low, high), _row(np.packbits(bits, bitorder="little").view("<i8"))


def _row(words: npt.NDArray[np.int64]) -> Any:
    import pyarrow as pa

    return pa.table({"bits": pa.array([words], pa.list_(pa.int64()))})
