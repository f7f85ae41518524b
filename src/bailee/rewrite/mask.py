"""The mask of an allow table in place of a join with it: the same rows, without building a hash table to find them.

How it is tested is the dialect's to say (`Dialect.mask`), between two tokens for its bounds.

A view is written twice, once joined and once masked, because only the engine knows when a question runs whether the
keys are near enough to each other for a mask. Law: both show the same rows (`tests/rewrite/test_mask.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Tokens for the lowest and the highest key of the mask, which are known when the question runs.
LOW, HIGH = "\0low\0", "\0high\0"
#: Around the key whose place in the mask is meant.
PLACE = "\0place\0"

_PLACE = re.compile(f"{PLACE}(.*?){PLACE}", re.DOTALL)

_WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER)|BIGINT", re.ASCII)


@dataclass(frozen=True, slots=True)
class Masked:
    """Another body for a view, for when the allow table has a mask."""

    allow: str
    sql: str

    def bind(self, span: tuple[int, int]) -> str:
        """The body for a mask that reaches from one key to another."""
        low, high = span
        # A mask from 0 on needs no subtraction, which a question over all rows would feel.
        place = r"CAST(\1 AS INTEGER)" if low == 0 else rf"CAST(CAST(\1 AS BIGINT) - ({low}) AS INTEGER)"
        return _PLACE.sub(place, self.sql).replace(LOW, str(low)).replace(HIGH, str(high))


def maskable(key_type: str) -> bool:
    """Whether allow tables with this type of key may have a mask."""
    return _WHOLE.fullmatch(key_type) is not None
