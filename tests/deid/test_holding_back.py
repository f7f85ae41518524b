"""Groups that are held back: what an attacker with two releases and every total can work out, by linear algebra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bailee.deid import holding_back
from bailee.deid.cells import complemented
from bailee.deid.differences import KNOWN, Figures, State, changed, few, patterns
from tests.deid.test_differences import kept

TOWNS, AGES = ("Ashby", "Brook", "Cross", "Dale"), ("18", "40", "60")
LEAST = 3
Group = tuple[str | None, ...]
Added = dict[Group, dict[int, int]]


def release(keys: tuple[str, ...], added: Added, before: list[Figures]) -> Figures:
    """Figures as they leave beside earlier ones: groups of too few hidden, others with them, and some held back."""
    groups = list(added)
    shown = np.array([sum(amount != 0 for amount in parts.values()) >= LEAST for parts in added.values()], np.bool_)
    size = np.array([float(sum(map(abs, parts.values()))) for parts in added.values()])
    values = [sorted({group[at] for group in groups}, key=repr) for at in range(len(keys))]
    places = [np.array([values[at].index(group[at]) for group in groups], np.int64) for at in range(len(keys))]

    def complement(hidden: np.ndarray, also: np.ndarray, last: np.ndarray) -> np.ndarray:
        if not hidden.any():
            return hidden
        return complemented(places, [len(each) for each in values], size, hidden, also=also, last=last)

    earlier = [(kept(each), LEAST) for each in before]
    states = holding_back.states(shown, size, complement, *holding_back.paired(kept(Figures(keys, added)), earlier))
    hidden = {group: State(state) for group, state in zip(groups, states, strict=True) if state != State.SHOWN}
    return Figures(keys, added, hidden)


@st.composite
def histories(draw: st.DrawFn) -> tuple[tuple[str, ...], list[Added]]:
    """What customers add at several times: each time some of it has changed."""
    keys = draw(st.sampled_from([("town",), ("town", "age")]))
    groups: list[Group] = [(town,) for town in TOWNS] if len(keys) == 1 else [(t, a) for t in TOWNS[:3] for a in AGES]
    now: Added = {
        group: dict.fromkeys(range(1, draw(st.sampled_from([0, 1, 4, 6, 9])) + 1), draw(st.integers(1, 9)))
        for group in groups
    }
    whole = []
    for _ in range(draw(st.integers(2, 4))):
        whole.append(now)
        now = {group: dict(parts) for group, parts in now.items()}
        for group in draw(st.lists(st.sampled_from(groups), max_size=5)):
            for who in range(1, draw(st.sampled_from([1, 2, 4, 8])) + 1):
                now[group][who] = now[group].get(who, 0) + draw(st.integers(1, 50))
    return keys, whole


def lines(keys: tuple[str, ...], groups: list[Group]) -> Iterator[list[Group]]:
    """The groups of each total."""
    for pattern in list(patterns(len(keys)))[1:]:
        for part in dict.fromkeys(tuple(group[at] for at in pattern) for group in groups):
            yield [group for group in groups if tuple(group[at] for at in pattern) == part]


def row(unknowns: list[tuple[int, Group]], *parts: tuple[int, int, Group]) -> list[float]:
    """A sum of figures, each with its sign, release and group, as one equation."""
    found = [0.0] * len(unknowns)
    for sign, which, group in parts:
        found[unknowns.index((which, group))] += sign
    return found


def follows(known: list[list[float]], wanted: list[float]) -> bool:
    """Whether a sum is fixed by sums that are known."""
    if not known:
        return False
    rank = np.linalg.matrix_rank
    return bool(rank(np.array([*known, wanted])) == rank(np.array(known)))


def leaks(before: Figures, now: Figures) -> list[tuple[str, Group]]:
    """What an attacker works out who has two releases and knows every total, but those that tell it by themselves.

    Differences of groups in which too few changed; and what the earlier release hid, if they also take each figure that
    only one release shows, and that did not change, to be as it was.
    """
    groups = list(now.added)
    unknowns = [(which, group) for which in (0, 1) for group in groups]
    state = [[each.hidden.get(group, State.SHOWN) for group in groups] for each in (before, now)]
    count = [len(changed(nonzero(before.added[group]), nonzero(now.added[group]))) for group in groups]
    known = [row(unknowns, (1, at, g)) for at in (0, 1) for g, s in zip(groups, state[at], strict=True) if s in KNOWN]
    totals = []
    elsewhere = set()
    for line in lines(now.keys, groups):
        for group in line:
            others = [other for other in line if other != group]
            if not changed(added_up(before, others), added_up(now, others)):
                elsewhere.add(group)
        seen = [group for group in line if all(state[at][groups.index(group)] in KNOWN for at in (0, 1))]
        if changed(added_up(before, seen), added_up(now, seen)):
            totals += [row(unknowns, *((1, at, group) for group in line)) for at in (0, 1)]
    found: list[tuple[str, Group]] = []
    for at, group in enumerate(groups):
        if (
            group not in elsewhere
            and 0 < count[at] < LEAST
            and follows([*known, *totals], row(unknowns, (1, 1, group), (-1, 0, group)))
        ):
            found.append(("difference", group))
    still = [
        row(unknowns, (1, 1, group), (-1, 0, group))
        for at, group in enumerate(groups)
        if not count[at] and (state[0][at] in KNOWN or state[1][at] in KNOWN)
    ]
    for at, group in enumerate(groups):
        if state[0][at] is State.HIDDEN and follows([*known, *totals, *still], row(unknowns, (1, 0, group))):
            found.append(("hidden", group))
    return found


def nonzero(parts: Mapping[int, int]) -> dict[int, int]:
    return {who: amount for who, amount in parts.items() if amount}


def added_up(figures: Figures, groups: list[Group]) -> dict[int, int]:
    found: dict[int, int] = {}
    for group in groups:
        for who, amount in figures.added[group].items():
            found[who] = found.get(who, 0) + amount
    return nonzero(found)


@given(histories())
def test_no_difference_of_too_few_follows(history: tuple[tuple[str, ...], list[Added]]) -> None:
    """V16: of what leaves beside earlier releases, whoever has two of them and every total works out nobody's part."""
    keys, whole = history
    before: list[Figures] = []
    for added in whole:
        now = release(keys, added, before)
        if not any(few(each, now, LEAST) for each in before):  # else it is refused
            for each in before:
                assert [] == leaks(each, now), (each, now)
            before.append(now)


def test_a_bridge_between_two_blocks_of_hidden_groups() -> None:
    """V16: one group that is hidden alone between them follows from rows less columns, which no single total tells."""
    groups: list[Group] = [(f"t{row}", f"a{column}") for row in range(4) for column in range(4)]
    block = [group for group in groups if {group[0] in ("t0", "t1"), group[1] in ("a0", "a1")} in ({True}, {False})]
    bridge = ("t0", "a2")
    first: Added = {group: dict.fromkeys(range(1, 10), 7) for group in groups}
    first |= {group: {100 + 2 * at: 5, 101 + 2 * at: 5} for at, group in enumerate(block)}
    then = {group: {who: amount + 2 for who, amount in parts.items()} for group, parts in first.items()}
    then[bridge] = {**first[bridge], 4: 24}
    before = release(("town", "age"), first, [])
    now = release(("town", "age"), then, [before])
    assert State.HELD is now.hidden[bridge]
    assert set(block) == before.hidden.keys()
    assert [] == leaks(before, now)


def test_a_group_that_is_gone() -> None:
    """V14: that nobody is in a group any more tells no more than what was shown of it."""
    first: Added = {(town,): dict.fromkeys(range(9), 5) for town in TOWNS}
    then: Added = {(town,): dict.fromkeys(range(9), 7) for town in TOWNS[1:]}
    assert {} == few(Figures(("town",), first), Figures(("town",), then), 9)
    # With a larger least group, only what changed in those that are left and in all counts, not who is gone.
    wrong = {place for _, place in few(Figures(("town",), first), Figures(("town",), then), 10)}
    assert frozenset({("town", TOWNS[0])}) not in wrong
    assert frozenset({("town", TOWNS[1])}) in wrong
