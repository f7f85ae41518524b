"""Whom a deal is about, among those whom the company may look at; and how few customers a figure may be about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bailee.deals.evidence import Evidence
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


def _in(place: str | None, areas: tuple[str, ...]) -> bool:
    return place is not None and any(places.within(place, area) for area in areas)


def _column(evidence: Evidence, name: str) -> npt.NDArray[np.bool_]:
    import numpy as np

    found: npt.NDArray[np.bool_] = evidence.people[name].to_numpy(zero_copy_only=False).astype(np.bool_)
    return found
