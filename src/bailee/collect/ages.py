"""A year of birth as somebody says it at the door: only the band that purposes ask about is kept."""

from __future__ import annotations

from datetime import date

from bailee.policy.model import Policy

OLDEST = 120


def thresholds(policy: Policy) -> tuple[int, ...]:
    """Every age at which a purpose of the policy begins to treat somebody otherwise, the lowest first."""
    found: set[int] = set()
    for purpose in policy.purposes.values():
        rules = purpose.by_place.values()
        found.update(purpose.who.guardian_below.values())
        found.update(age for rule in rules for age in (rule.min_age, rule.guardian_below) if age is not None)
        if purpose.who.min_age is not None:
            found.add(purpose.who.min_age)
    return tuple(sorted(found))


def banded(year: int, policy: Policy, today: date) -> date:
    """A birth date that tells only the band of somebody born in a year: they are surely as old as it says.

    Whoever may be under an age is taken to be under it. ValueError for a year in which nobody alive was born.
    """
    if not today.year - OLDEST <= year <= today.year:
        raise ValueError(f"nobody who was born in {year} is a customer")
    youngest = today.year - year - 1  # until the end of the year the birthday may be to come
    reached = max((each for each in thresholds(policy) if each <= youngest), default=0)
    return date(today.year - reached, today.month, min(today.day, 28))
