"""Whom a deal is about, among those whom the company may look at; and how few customers a figure may be about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bailee.deals.evidence import Evidence
from bailee.deals.finding import Figure
from bailee.policy import places

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: A figure about fewer customers than this is not shown.
FEWEST = 10


def cohort(evidence: Evidence) -> npt.NDArray[np.bool_]:
    """By customer number, whether the deal takes their data: old enough, in its places, and standing where it asks so.

    An age or place that is not known is not in it, where it asks for one.
    """
    import numpy as np

    deal, people = evidence.deal.cohort, evidence.people
    found = np.ones(people.num_rows, bool)
    if deal.min_age is not None:
        found &= ages(evidence) >= deal.min_age
    if deal.places:
        known = people["place"].to_pylist()
        found &= np.array([_in(place, deal.places) for place in known], bool)
    return found & standing(evidence) if deal.standing else found


def standing(evidence: Evidence) -> npt.NDArray[np.bool_]:
    """By customer number, who stands for the deal's purpose and recipient."""
    return _column(evidence, "stands")


def told(evidence: Evidence) -> npt.NDArray[np.bool_]:
    """By customer number, who was shown a notice of all that the deal's purpose is about today."""
    return _column(evidence, "told")


def ages(evidence: Evidence) -> npt.NDArray[np.float64]:
    """By customer number, their age in years, NaN where it is not known."""
    import numpy as np

    found: npt.NDArray[np.float64] = evidence.people["age"].to_numpy().astype(np.float64)
    return found


def shown(count: int) -> int | None:
    """A count of customers to be shown, or None where they are too few."""
    return count if count == 0 or count >= FEWEST else None


def some(count: int) -> str:
    """`1,783 customers`, or that they are fewer than ten: no sentence is about a few of them."""
    if shown(count) is None:
        return f"fewer than {FEWEST} customers"
    return f"{count:,} customers" if count else "no customer"


def customers(name: str, count: int, bar: str | None = None) -> Figure:
    """A figure that counts customers; of one to nine it has no value, and says that they are fewer than ten."""
    few = shown(count) is None
    return Figure(name, math.nan if few else count, "customers", bar=bar)


def hidden(counts: Sequence[int]) -> list[bool]:
    """Which of some counts that add up to a known sum are not shown: those of one to nine customers.

    And of the others the smallest, until what is missing is about ten or more: else the sum would give them away.
    """
    hide = [shown(count) is None for count in counts]
    missing = sum(count for count, hides in zip(counts, hide, strict=True) if hides)
    for at in sorted(range(len(counts)), key=lambda at: counts[at]):
        if not 0 < missing < FEWEST:
            break
        if not hide[at] and counts[at]:
            hide[at] = True
            missing += counts[at]
    return hide


def _in(place: str | None, areas: tuple[str, ...]) -> bool:
    return place is not None and any(places.within(place, area) for area in areas)


def _column(evidence: Evidence, name: str) -> npt.NDArray[np.bool_]:
    import numpy as np

    found: npt.NDArray[np.bool_] = evidence.people[name].to_numpy(zero_copy_only=False).astype(np.bool_)
    return found
