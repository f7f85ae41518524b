"""The standing column in place of a join with the allow table: the same rows, by a test of one bit of the row itself.

Where the data map lets Bailee keep a column on a table, bit n of it says whether the row's customer stands in slot n of
the policy. A view is written so beside its joined form, because only the gate knows when a question runs whether the
column is as new as the question asks. Law: both show the same rows (`tests/laws/test_the_column_shows_the_same.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from bailee.engines import Place

#: Slots that have a bit: the sign of a BIGINT is none. What lies beyond is joined.
SLOTS = 63


@dataclass(frozen=True, slots=True)
class Columned:
    """Another body for a view, for when the standing column holds what the allow table would."""

    place: Place
    sql: str


def test(column: str, slot: int) -> str:
    """SQL that is true exactly where a standing column has a slot's bit; it cannot fail, and nothing else is true."""
    return f"({column} & {1 << slot}) <> 0"
