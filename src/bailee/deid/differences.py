"""Of how many customers the difference of two releases of figures is: the meaning, over sets, and slow.

Figures are sums of what each customer adds. Whoever holds two releases subtracts them, group by group, and also over
several groups at once: all of them, and all with the same value of some keys. Such a difference is about the customers
who do not add in the one what they add in the other. It may be about nobody, or about as many as a group must have.
`deid.sketches` answers the same from what can be kept for long without keeping what anybody added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

T = TypeVar("T")
#: By name of a key its value: a group, or several where not every key is named.
Place = frozenset[tuple[str, str | None]]
#: With more keys than these, totals are looked at along each key alone, and over all.
MOST_KEYS = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """One figure of one question: what each customer adds to each group, by the values of `keys`; which are `shown`."""

    keys: tuple[str, ...]
    added: Mapping[tuple[str | None, ...], Mapping[int, int]]
    shown: Set[tuple[str | None, ...]]


def patterns(keys: int) -> Iterator[tuple[int, ...]]:
    """The places of the keys by which groups and totals are told apart: all of them first, none last."""
    sizes = range(keys, -1, -1) if keys <= MOST_KEYS else (keys, 1, 0)
    for size in sizes:
        yield from combinations(range(keys), size)


def totals(figures: Figures) -> dict[Place, dict[int, int]]:
    """What each customer adds to each group and total; who adds nothing is not named."""
    found: dict[Place, dict[int, int]] = defaultdict(dict)
    for group, added in figures.added.items():
        for pattern in patterns(len(group)):
            place = frozenset((figures.keys[at], group[at]) for at in pattern)
            for customer, amount in added.items():
                found[place][customer] = found[place].get(customer, 0) + amount
    return {place: {who: amount for who, amount in added.items() if amount} for place, added in found.items()}


def changed(before: Mapping[int, int], now: Mapping[int, int]) -> set[int]:
    """The customers who do not add in the one what they add in the other."""
    return {who for who in before.keys() | now.keys() if before.get(who, 0) != now.get(who, 0)}


def few(before: Figures, now: Figures, least: int) -> dict[Place, int]:
    """The groups and totals whose difference is about too few, with how many that is.

    A group that one release shows and the other hides is held to more: as many must have changed that what was hidden
    does not follow from what is shown, so that nobody is too few as well. Of a group that neither shows, nothing
    follows. Totals count as known, though no release may show them; the only figure of a question without keys is one.
    """
    one, two = totals(before), totals(now)
    found = {}
    for place in one.keys() | two.keys():
        if frozenset(name for name, _ in place) not in _patterns(before) & _patterns(now):
            continue
        count = len(changed(one.get(place, {}), two.get(place, {})))
        seen = [_state(each, place, place in sums) for each, sums in ((before, one), (now, two))]
        if seen[0] == seen[1] == "hidden" or {"hidden", "absent"} == set(seen):
            continue
        must = {"shown", "hidden"} == set(seen)
        if count < least and (count or must):
            found[place] = count
    return found


def _patterns(figures: Figures) -> set[frozenset[str]]:
    return {frozenset(figures.keys[at] for at in pattern) for pattern in patterns(len(figures.keys))}


def _state(figures: Figures, place: Place, there: bool) -> str:
    if not there:
        return "absent"
    if len(place) < len(figures.keys) or not place:
        return "total"
    group = tuple(dict(place)[key] for key in figures.keys)
    return "shown" if group in figures.shown else "hidden"
