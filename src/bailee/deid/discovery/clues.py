"""One reason for or against a category, and how shares are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Clue(NamedTuple):
    """One reason for a category (or against it, where the weight is below 0), in words that hold no value."""

    category: str
    weight: float
    says: str


def names(named: Iterable[Clue], category: str) -> bool:
    """Whether a category is named by one of these clues."""
    return any(clue.category == category and clue.weight > 0 for clue in named)


def under(prefix: str, category: str) -> bool:
    """Whether a category is this one or lies under it."""
    return category == prefix or category.startswith(f"{prefix}.")


def percent(share: float) -> str:
    """A share in whole percent, of which neither none nor all is said unless it is so."""
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")
