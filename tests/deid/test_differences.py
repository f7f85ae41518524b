"""The difference of two releases of figures: of how many customers it is, by sets and by sketches, which agree."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.deid import differences, sketches
from bailee.deid.differences import Figures, State, few
from bailee.errors import DeidError

KEYS = ("town", "age")
SECRET = b"the company's own"
GROUPS = [(town, age) for town in ("Ashby", "Brook", None) for age in ("18", "40")]
Added = dict[tuple[str | None, ...], dict[int, int]]
WHY = st.sampled_from([State.HIDDEN, State.BESIDE, State.HELD])


def kept(figures: Figures, many: int = sketches.MANY) -> sketches.Sketch:
    """The sketch of figures, written and read again; customer n's secret is made of n."""
    groups = list(figures.added)
    rows = [(at, who, amount) for at, group in enumerate(groups) for who, amount in figures.added[group].items()]
    bucket, factor = sketches.factors([f"customer {who} of the test".encode() for _, who, _ in rows], many)
    places = np.array([at for at, _, _ in rows], np.int64) * many + bucket
    amounts = np.array([amount % sketches.PRIME for _, _, amount in rows], np.uint64)
    sums = sketches.summed(places, sketches.times(factor, amounts))
    states = np.array([figures.hidden.get(group, State.SHOWN) for group in groups], np.uint8)
    made = sketches.sketch("f", "orders", figures.keys, {"sum": sums}, groups, states, many, SECRET)
    return sketches.read(sketches.written(made))


def wrong(before: Figures, now: Figures, least: int) -> list[int]:
    return sorted(sketches.few(kept(before), kept(now), least).values())


@st.composite
def released(draw: st.DrawFn) -> Figures:
    amounts = st.dictionaries(st.integers(1, 9), st.integers(-3, 3), min_size=1, max_size=9)
    added = draw(st.dictionaries(st.sampled_from(GROUPS), amounts, max_size=6))
    hidden = draw(st.dictionaries(st.sampled_from(GROUPS), WHY))
    some = draw(st.sampled_from([KEYS, KEYS[::-1], KEYS[:1], ()]))
    at = [KEYS.index(key) for key in some]
    cut: Added = {}
    for group, parts in added.items():
        cut.setdefault(tuple(group[place] for place in at), {}).update(parts)
    return Figures(some, cut, {tuple(group[place] for place in at): why for group, why in hidden.items()})


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Figures, Figures]:
    """Two releases, of which the second is often the first with a few changes, and others hidden."""
    before = draw(released())
    if draw(st.booleans()):
        return before, draw(released())
    added = {group: dict(parts) for group, parts in before.added.items()}
    for group, who, amount in draw(
        st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9), st.integers(0, 9)), max_size=4)
    ):
        if group < len(added):
            list(added.values())[group][who] = amount
    hidden = draw(st.dictionaries(st.sampled_from(sorted(added, key=repr)), WHY)) if added else {}
    return before, Figures(before.keys, added, hidden)


@given(pairs(), st.integers(1, 10))
def test_sketches_agree_with_sets(both: tuple[Figures, Figures], least: int) -> None:
    """V12: whatever two releases are of, the groups and totals that differ by too few are the same, and by how many."""
    before, now = both
    assert sorted(few(before, now, least).values()) == wrong(before, now, least)


@given(released(), released(), st.integers(1, 10))
def test_shared_buckets_never_let_more_through(before: Figures, now: Figures, least: int) -> None:
    """V12: with so few buckets that customers share them, all that is wrong is still found, and nothing counts more."""
    right = few(before, now, least)
    found = sketches.few(kept(before, 4), kept(now), least)
    assert len(found) >= len(right)
    for name, count in sketches.few(kept(before), kept(now), least).items():
        assert found[name] <= count
        assert (found[name] == 0) == (count == 0)


def figures(added: Mapping[tuple[str | None, ...], dict[int, int]], *hidden: tuple[str | None, ...]) -> Figures:
    return Figures(KEYS, added, dict.fromkeys(hidden, State.HIDDEN))


EVERYBODY = {group: dict.fromkeys(range(20), 10) for group in GROUPS}


def test_nothing_new() -> None:
    """V13: the same figures again tell nothing, nor do figures in which as many as a group must have changed."""
    assert {} == few(figures(EVERYBODY), figures(EVERYBODY), 5)
    many = {**EVERYBODY, GROUPS[0]: {who: 10 + (who < 5) for who in range(20)}}
    assert {} == few(figures(EVERYBODY), figures(many), 5)
    assert [4] * 4 == wrong(
        figures(EVERYBODY), figures({**many, GROUPS[0]: {who: 10 + (who < 4) for who in range(20)}}), 5
    )


def test_one_customer_among_many_who_moved() -> None:
    """V13: ten customers who moved hide a new purchase in both of their groups, and not in the total of the two."""
    one, two = GROUPS[0], GROUPS[1]
    before = {one: dict.fromkeys(range(30), 10), two: dict.fromkeys(range(30, 60), 10)}
    now = {
        one: dict.fromkeys(range(10, 30), 10),
        two: {**dict.fromkeys(range(30, 60), 10), **dict.fromkeys(range(10), 10)},
    }
    now[one] = {**now[one], 20: 17}
    found = few(figures(before), figures(now), 5)
    assert {frozenset(), frozenset({("town", "Ashby")})} == {place for _, place in found}
    assert {1} == {*found.values()}
    assert [1, 1] == wrong(figures(before), figures(now), 5)


def test_a_group_that_was_hidden() -> None:
    """V14: what is shown now and was hidden before would tell what was hidden, if too few changed, or nobody."""
    hidden = figures(EVERYBODY, GROUPS[3])
    assert [0] == wrong(hidden, figures(EVERYBODY), 5)
    assert [] == wrong(hidden, hidden, 5)
    assert [] == wrong(figures(EVERYBODY), hidden, 5)
    assert [0] == wrong(figures(EVERYBODY), Figures(KEYS, EVERYBODY, {GROUPS[3]: State.BESIDE}), 5)
    assert [] == wrong(Figures(KEYS, EVERYBODY, {GROUPS[3]: State.HELD}), figures(EVERYBODY), 5)
    new = {**EVERYBODY, GROUPS[3]: dict.fromkeys(range(14, 34), 10)}
    assert [] == wrong(hidden, figures(new), 5)


def test_a_group_that_was_not_there() -> None:
    """V14: a group of new customers is as many of them as it has; one of fewer shows in the totals."""
    less = {group: EVERYBODY[group] for group in GROUPS[1:]}
    assert [] == wrong(figures(less), figures(EVERYBODY), 20)
    assert [20, 20, 20, 20] == wrong(figures(less), figures(EVERYBODY), 21)
    assert [2, 2, 2, 2] == wrong(figures(less), figures({**less, GROUPS[0]: {1: 5, 2: 5}}), 5)
    assert [] == wrong(figures(less), figures({**less, GROUPS[0]: {1: 5, 2: 5}}, GROUPS[0]), 5)


def test_groups_that_are_held_back() -> None:
    """V13: one held back tells the difference of its total, known from elsewhere, unless as many changed beside it."""
    one, two, three = (("Ashby",), ("Brook",), ("Cross",))
    before = {group: dict.fromkeys(range(20), 10) for group in (one, two, three)}
    now = {one: {**before[one], 7: 71}, two: before[two], three: dict.fromkeys(range(20), 11)}

    def told(*held: tuple[str]) -> list[int]:
        return wrong(Figures(("town",), before), Figures(("town",), now, dict.fromkeys(held, State.HELD)), 5)

    assert [1] == told()
    assert [1] == told(one)
    assert [1] == told(one, two)
    assert [] == told(one, three)


def test_another_question_over_fewer_keys() -> None:
    """V12: figures by town are held against those by town and age, added up."""
    towns: Added = {}
    for (town, _), parts in EVERYBODY.items():
        sums = towns.setdefault((town,), {})
        sums.update({who: sums.get(who, 0) + amount for who, amount in parts.items()})
    assert [] == wrong(figures(EVERYBODY), Figures(("town",), towns), 5)
    towns["Ashby",][7] += 1
    assert [1, 1] == wrong(figures(EVERYBODY), Figures(("town",), towns), 5)


@given(st.lists(st.tuples(st.integers(0, sketches.PRIME - 1), st.integers(0, sketches.PRIME - 1)), min_size=1))
def test_products_and_sums_are_those_of_whole_numbers(pairs: list[tuple[int, int]]) -> None:
    """V12: words of 64 bits multiply and add as Python's own numbers do, modulo the prime."""
    one, two = (np.array(each, np.uint64) for each in zip(*pairs, strict=True))
    assert [a * b % sketches.PRIME for a, b in pairs] == sketches.times(one, two).tolist()
    _, total = sketches.summed(np.zeros(len(pairs), np.int64), one)
    right = sum(a for a, _ in pairs) % sketches.PRIME
    assert ([right] if right else []) == total.tolist()


def test_a_bucket_says_nothing_without_the_secret() -> None:
    """V15: of a customer whose secret is gone, another's secret in the same place gives sums that are nobody's."""
    (one,) = (kind for kind in kept(Figures((), {(): {1: 10}})).values())
    (two,) = (kind for kind in kept(Figures((), {(): {2: 10}})).values())
    assert one.places.tolist() != two.places.tolist()
    assert one.sums.tolist() != two.sums.tolist()
    with pytest.raises(DeidError, match="too short"):
        sketches.factors([b"short"], 4)


def test_what_was_kept_is_what_was_kept() -> None:
    """V15: what is no sketch is told so, and not taken for one of nobody."""
    whole = sketches.written(kept(figures(EVERYBODY)))
    assert {} == sketches.few(sketches.read(whole), kept(figures(EVERYBODY)), 5)
    for broken in (b"", b"x" * 99, whole[:-40], whole.replace(b".sums", b".sumx")):
        with pytest.raises(DeidError, match="restore a backup"):
            sketches.read(broken)


def test_what_was_kept_before_there_were_versions() -> None:
    """V15: an older sketch is none, so that its release is held by who was in it."""
    file = io.BytesIO()
    np.savez_compressed(file, **{"0.buckets": np.array([4096])})
    assert {} == sketches.read(file.getvalue())


def test_patterns_of_many_keys() -> None:
    """V12: of more than three keys, all together, each alone, and none."""
    assert [(0, 1), (0,), (1,), ()] == list(differences.patterns(2))
    assert [(0, 1, 2, 3), (0,), (1,), (2,), (3,), ()] == list(differences.patterns(4))
