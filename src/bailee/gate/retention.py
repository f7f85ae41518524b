"""How old a row may be that a use sees."""

from __future__ import annotations

from datetime import datetime

from bailee.decide import Ruling
from bailee.policy.units import Duration


def kept(ruling: Ruling) -> list[Duration]:
    """How long the purpose keeps rows, unless a customer's last activity decides, and how long the look itself asks."""
    purpose, found = ruling.purpose, []
    if purpose is not None and not purpose.keep.from_last_activity:
        found.append(purpose.keep.duration)
    if ruling.younger is not None:
        found.append(ruling.younger)
    return found


def retention(ruling: Ruling, at: datetime) -> datetime | None:
    """The instant that a row must be younger than; None where rows of any age are seen."""
    return max((each.minus(at) for each in kept(ruling)), default=None)
