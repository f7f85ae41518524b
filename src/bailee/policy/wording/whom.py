"""Whom a purpose is about: ages, guardians and places, and what becomes of those of whom we do not know them."""

from __future__ import annotations

from collections.abc import Iterator

from bailee.policy.model import ELSEWHERE, Purpose
from bailee.policy.wording.catalogue import Catalogue


def who(purpose: Purpose, words: Catalogue) -> Iterator[str]:
    """Every condition on the customer (`spec/decision.md` D4.4 to D4.7)."""
    yield from _ages(purpose, words)
    yield from _guardians(purpose, words)
    if purpose.who.places:
        yield words.say("who.places", places=words.places(purpose.who.places))
    if purpose.who.except_places:
        yield words.say("who.except_places", places=words.places(purpose.who.except_places))
    rules = purpose.by_place.values()
    asks_age = purpose.who.min_age is not None or bool(purpose.who.guardian_below)
    if asks_age or any(rule.min_age is not None or rule.guardian_below is not None for rule in rules):
        yield words.say("who.unknown_age")
    named = {*purpose.who.places, *purpose.who.except_places, *purpose.by_place, *purpose.who.guardian_below}
    if named - {ELSEWHERE}:
        yield words.say("who.unknown_place")


def _ages(purpose: Purpose, words: Catalogue) -> Iterator[str]:
    if purpose.who.min_age is not None:
        yield words.say("who.min_age", age=purpose.who.min_age)
    for place, rule in sorted(purpose.by_place.items()):
        if rule.min_age is not None:
            yield words.say("who.min_age_at", place=words.place(place), age=rule.min_age)


def _guardians(purpose: Purpose, words: Catalogue) -> Iterator[str]:
    below = dict(purpose.who.guardian_below)
    elsewhere = below.pop(ELSEWHERE, None)
    below |= {place: rule.guardian_below for place, rule in purpose.by_place.items() if rule.guardian_below is not None}
    for place, age in sorted(below.items()):
        yield words.say("who.guardian_at", place=words.place(place), age=age)
    if elsewhere is not None:
        yield words.say("who.guardian_elsewhere" if below else "who.guardian", age=elsewhere)
