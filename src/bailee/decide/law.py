"""One purpose, made ready to judge customers by: what depends on the place is worked out once a place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from bailee.decide.codes import PLACE_EXCLUDED, PLACE_UNKNOWN, STANDS
from bailee.policy import places, taxonomy
from bailee.policy.meaning import TARGETS
from bailee.policy.model import ELSEWHERE, Policy, Purpose
from bailee.vocabulary import EVERY_PURPOSE, Basis

T = TypeVar("T")


class Locale(NamedTuple):
    """What a purpose asks of customers in one place; `fails` is the code of a place that it does not take, else 0."""

    basis: Basis
    fails: int
    min_age: int | None
    guardian_below: int | None


class Law:
    """A purpose as customers are judged by it (D4)."""

    __slots__ = ("_areas", "_locales", "bases", "everyone", "hears_gpc", "lineage", "marketing", "names", "purpose")

    def __init__(self, policy: Policy, purpose: Purpose) -> None:
        self.purpose = purpose
        #: The names under which notices concern it, and under which choices do.
        self.lineage = frozenset({purpose.key, *purpose.was})
        self.names = self.lineage | {EVERY_PURPOSE}
        #: Whom a choice must be about where a use names no recipient: each that it lists, or None, the company itself.
        self.everyone: tuple[str | None, ...] = purpose.recipients or (None,)
        self.marketing = taxonomy.covers("marketing", purpose.use)
        self.bases = frozenset({purpose.basis, *(rule.basis for rule in purpose.by_place.values() if rule.basis)})
        third = any(policy.recipients[key].role == "third_party" for key in purpose.recipients)
        self.hears_gpc = third or any(taxonomy.covers(prefix, purpose.use) for prefix in TARGETS)
        who = purpose.who
        self._areas = who.places.union(who.except_places, purpose.by_place, who.guardian_below) - {ELSEWHERE}
        self._locales: dict[str | None, Locale] = {}

    def locale(self, place: str | None) -> Locale:
        """What it asks of customers in this place; one that no list of places holds is like an unknown one."""
        found = self._locales.get(place)
        if found is None:
            known = place if place is not None and places.known(place) else None
            found = self._locales.get(known) or self._locale(known)
            self._locales[known] = found
        return found

    def _locale(self, place: str | None) -> Locale:
        purpose = self.purpose
        rule = _smallest(purpose.by_place, place)
        guarded = rule.guardian_below if rule else None
        least = rule.min_age if rule else None
        return Locale(
            (rule.basis if rule else None) or purpose.basis,
            self._fails(place),
            purpose.who.min_age if least is None else least,
            _smallest(purpose.who.guardian_below, place) if guarded is None else guarded,
        )

    def _fails(self, place: str | None) -> int:
        who = self.purpose.who
        if not self._areas:
            return STANDS
        if place is None or any(area != place and places.within(area, place) for area in self._areas):
            return PLACE_UNKNOWN
        around = {area for area in self._areas if places.within(place, area)}
        taken = not who.places or not around.isdisjoint(who.places)
        return STANDS if taken and around.isdisjoint(who.except_places) else PLACE_EXCLUDED


def _smallest(by_area: Mapping[str, T], place: str | None) -> T | None:
    """What is said for the smallest area that holds the place, or for everywhere else."""
    found: str | None = None
    for area in by_area if place is not None else ():
        if area != ELSEWHERE and places.within(place or "", area) and (found is None or places.within(area, found)):
            found = area
    return by_area[found] if found is not None else by_area.get(ELSEWHERE)
