"""The closed little language of `when` in the data map: which rows say something of their subject.

Comparisons, IN, LIKE, ILIKE, BETWEEN and IS NULL over columns and literals, joined by AND, OR and NOT. Three-valued as
in SQL. A comparison of different kinds (a number with text that is none, say) is unknown, in Python and in DuckDB.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bailee.policy.conditions import Condition


def fold(name: str) -> str:
    """The name as DuckDB compares it: ASCII capitals are lower case, nothing else changes."""
    return re.sub("[A-Z]+", lambda found: found[0].lower(), name)


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition on one row, by its canonical text: equal when the conditions are, whatever they were written like."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Predicate:
        """Read a condition; ValueError says what was found at which character, and what was expected."""
        from bailee.policy.conditions import quoted
        from bailee.policy.conditions import text as canonical
        from bailee.policy.predicate_parser import parse

        return cls(canonical(parse(text), quoted, tried=False))

    def __str__(self) -> str:
        return self.text

    @property
    def condition(self) -> Condition:
        """What it is made of."""
        return _condition(self.text)

    @property
    def columns(self) -> frozenset[str]:
        """Names of the columns that it reads, folded."""
        from bailee.policy.conditions import names

        return frozenset(names(_condition(self.text)))

    def evaluate(self, row: Mapping[str, object]) -> bool | None:
        """Whether the row satisfies it: True, False, or None for unknown. KeyError if the row lacks a column."""
        from bailee.policy.conditions import holds

        return holds(_condition(self.text), {fold(name): value for name, value in row.items()})

    def sql(self, quote: Callable[[str], str]) -> str:
        """The same as a DuckDB expression; `quote` turns a folded column name into SQL."""
        from bailee.policy.conditions import text

        return text(_condition(self.text), quote, tried=True)


@lru_cache(maxsize=1024)
def _condition(text: str) -> Condition:
    from bailee.policy.predicate_parser import parse

    return parse(text)
