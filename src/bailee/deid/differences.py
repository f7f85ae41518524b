"""Of how many customers the difference of two releases of figures is: the meaning, over sets, and slow.

Figures are sums of what each customer adds. Whoever holds two releases subtracts them, group by group, and also over
several groups at once: all of them, and all with the same value of some keys. Such a difference is about the customers
who do not add in the one what they add in the other. It may be about nobody, or about as many as a group must have.
`deid.sketches` answers the same from what can be kept for long without keeping what anybody added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import combinations

Group = tuple[str | None, ...]
#: By name of a key its value: a group, or several where not every key is named.
Place = frozenset[tuple[str, str | None]]
#: With more keys than these, totals are looked at along each key alone, and over all.
MOST_KEYS = 3


class State(IntEnum):
    """What a release does with a group, or what follows of a total of groups from what it shows."""

    #: Hidden for what it is: a group of too few, or one that a customer all but makes.
    HIDDEN = 0
    SHOWN = 1
    #: A total of groups that are all shown.
    TOTAL = 2
    #: A total of groups of which one is not shown.
    OPEN = 3
    #: Hidden so that another group does not follow from it and a total.
    BESIDE = 4
    #: Held back because too few changed in it since an earlier release.
    HELD = 5


#: Whoever has the release knows the figure.
KNOWN = (State.SHOWN, State.TOTAL)
#: What may not follow from another release.
SECRET = (State.HIDDEN, State.BESIDE)


@dataclass(frozen=True, slots=True)
class Figures:
    """One figure of one question: what each customer adds to each group, by the values of `keys`.

    Groups are shown, but for those of which `hidden` says why not.
    """

    keys: tuple[str, ...]
    added: Mapping[Group, Mapping[int, int]]
    hidden: Mapping[Group, State] = field(default_factory=dict)


def patterns(keys: int) -> Iterator[tuple[int, ...]]:
    """The places of the keys by which groups and totals are told apart: all of them first, none last."""
    sizes = range(keys, -1, -1) if keys <= MOST_KEYS else (keys, 1, 0)
    for size in sizes:
        yield from combinations(range(keys), size)


def members(figures: Figures) -> dict[Place, list[Group]]:
    """The groups of each group and total, which is itself the only one of a group."""
    found: dict[Place, list[Group]] = defaultdict(list)
    for group in figures.added:
        for pattern in patterns(len(group)):
            found[frozenset((figures.keys[at], group[at]) for at in pattern)].append(group)
    return found


def summed(figures: Figures, groups: Iterable[Group]) -> dict[int, int]:
    """What each customer adds to some groups together; who adds nothing is not named."""
    found: dict[int, int] = defaultdict(int)
    for group in groups:
        for customer, amount in figures.added[group].items():
            found[customer] += amount
    return {who: amount for who, amount in found.items() if amount}


def changed(before: Mapping[int, int], now: Mapping[int, int]) -> set[int]:
    """The customers who do not add in the one what they add in the other."""
    return {who for who in before.keys() | now.keys() if before.get(who, 0) != now.get(who, 0)}


def tells(before: State | None, now: State | None, count: int, least: int) -> bool:
    """Whether two releases tell too much of a group or total of which `count` changed; None where it is not there.

    Where both show it, their difference. Where one hides it and the other shows it, what was hidden, unless as many
    changed. What was shown before and is hidden now for what it is, or is not there, was known already. Of what is held
    back nothing is secret but its difference, which is held against each release that shows the group.
    """
    if before in SECRET:
        return now in KNOWN and count < least
    if now is State.BESIDE:
        return before in KNOWN and count < least
    return now in KNOWN and before in (*KNOWN, None) and 0 < count < least


def few(before: Figures, now: Figures, least: int) -> dict[tuple[frozenset[str], Place], int]:
    """By how finely they are told apart, the groups and totals whose difference is about too few, and how many that is.

    Of a total of which a part is not shown, the rest is looked at: what a reader who knows the total knows of its parts
    that are not shown. Where nothing else changed, it changed as the total did, and such a reader has learned it
    elsewhere. Parts are groups, or totals of groups where the two releases have so fine ones in common.
    """
    one, two = members(before), members(now)
    common = _patterns(before) & _patterns(now)
    found = {}
    for fine in common:
        parts = [{place for place in each if _keys(place) == fine} for each in (one, two)]
        count = {place: _count(before, now, one, two, [place]) for place in parts[0] | parts[1]}
        state = [
            {place: _state(each, place, every[place]) for place in some}
            for each, every, some in ((before, one, parts[0]), (now, two, parts[1]))
        ]
        for place in count:
            if tells(state[0].get(place), state[1].get(place), count[place], least):
                found[fine, place] = count[place]
        hidden = [{place for place, kind in some.items() if kind not in KNOWN} for some in state]
        for coarse in common:
            if coarse < fine:
                for total in {_within(place, coarse) for place in count}:
                    inside = {place for place in count if _within(place, coarse) == total}
                    wrong = list(_rests(inside, hidden, lambda some: _count(before, now, one, two, some), least))
                    if wrong:
                        found[fine, total] = min(wrong)
    return found


def _rests(
    inside: Set[Place], hidden: Sequence[Set[Place]], count: Callable[[Iterable[Place]], int], least: int
) -> Iterator[int]:
    """In how many customers what is known of the hidden parts of a total has changed, where these are too few.

    What a release does not show of a total is known together. Where the two do not show some of the same parts, what
    either does not show is; otherwise what one of them does not show, and what the other does not.
    """
    one, two = (each & inside for each in hidden)
    for rest in [one | two] if one & two else [one, two]:
        changed = count(rest)
        if 0 < changed < least and count(inside - rest):
            yield changed


def _count(
    before: Figures,
    now: Figures,
    one: Mapping[Place, list[Group]],
    two: Mapping[Place, list[Group]],
    places: Iterable[Place],
) -> int:
    some = list(places)
    sums = [
        summed(each, [group for place in some for group in every.get(place, [])])
        for each, every in ((before, one), (now, two))
    ]
    return len(changed(*sums))


def _keys(place: Place) -> frozenset[str]:
    return frozenset(name for name, _ in place)


def _within(place: Place, keys: frozenset[str]) -> Place:
    return frozenset(each for each in place if each[0] in keys)


def _patterns(figures: Figures) -> set[frozenset[str]]:
    return {frozenset(figures.keys[at] for at in pattern) for pattern in patterns(len(figures.keys))}


def _state(figures: Figures, place: Place, groups: list[Group]) -> State | None:
    if not groups:
        return None
    states = [figures.hidden.get(group, State.SHOWN) for group in groups]
    if len(place) == len(figures.keys):
        return states[0]
    return State.TOTAL if all(state is State.SHOWN for state in states) else State.OPEN
