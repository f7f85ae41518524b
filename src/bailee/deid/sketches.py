"""Of how many customers the difference of two releases is, from small sketches that say of nobody what they added.

A customer has a bucket and a factor, both from a secret that is theirs alone. The sketch of a group has for each bucket
the sum, modulo a prime, of what its customers add, each times their factor. Sketches add up as figures do, so that the
sketch of a total is the sum of those of its groups. Two of them differ in a bucket only if somebody in it changed; so

- the buckets that differ are never more than the customers who changed: with enough of them, enough changed;
- where no bucket differs, nobody changed, but for one chance in 2^60 of each bucket that somebody did.

Two who changed may share a bucket and count as one, which refuses a release that was none too close; see `buckets`.
Without the secret a bucket with one customer says no more than how what they add to one group relates to what they add
to another; with it destroyed, nobody knows whose bucket that was. Carter, Wegman, Universal classes of hash functions,
1979; Alon, Matias, Szegedy, The space complexity of approximating the frequency moments, 1996, for sums that add up.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import chain, zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt

from bailee.deid.differences import KNOWN, SECRET, State, patterns
from bailee.errors import DeidError

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

#: A Mersenne prime: two numbers below it are multiplied in words of 64 bits.
PRIME = 2**61 - 1
#: Up to so many customers hardly two share one of `MANY` buckets; of more, `FEW` buckets say as much as is needed.
ALONE, MANY, FEW = 4_096, 2**24, 2**12
_LOW = np.uint64(2**31 - 1)
_PRIME, _61, _31, _30 = np.uint64(PRIME), np.uint64(61), np.uint64(31), np.uint64(30)
_NAME = 16
_ABSENT = -1
_VERSION = "version"
_PARTS = ("buckets", "asked", "names", "states", "steps", "sums")


def buckets(customers: int) -> int:
    """How many buckets a sketch over so many customers has: a power of two, so that any two can be compared."""
    return MANY if customers <= ALONE else FEW


def times(one: Words, two: Words) -> Words:
    """The products modulo the prime, of numbers below it."""
    high, low = one >> _31, one & _LOW
    top, bottom = two >> _31, two & _LOW
    middle = high * bottom + low * top
    # 2^62 is 2, and 2^31 times the middle's upper half is that half, modulo the prime.
    whole = np.uint64(2) * (high * top) + (middle >> _30) + ((middle & np.uint64(2**30 - 1)) << _31) + low * bottom
    return _reduced(whole)


def _reduced(whole: Words) -> Words:
    folded = (whole & _PRIME) + (whole >> _61)
    return np.where(folded >= _PRIME, folded - _PRIME, folded)


def factors(secrets: Sequence[bytes], many: int) -> tuple[Ints, Words]:
    """The bucket and the factor of each customer, from a secret of theirs of 16 bytes or more."""
    if any(len(each) < _NAME for each in secrets):
        raise DeidError("a customer's secret is too short to hide what they add; expected 16 bytes or more")
    drawn = b"".join(blake2b(each, digest_size=_NAME, person=b"bailee changes").digest() for each in secrets)
    words = np.frombuffer(drawn, "<u8").reshape(-1, 2)
    return (words[:, 0] % np.uint64(many)).astype(np.int64), words[:, 1] % np.uint64(PRIME - 1) + np.uint64(1)


def summed(places: Ints, values: Words) -> tuple[Ints, Words]:
    """The different places in order, with the sum of the values at each; zeros are left out."""
    if not len(places):
        return places, values
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    starts = np.flatnonzero(np.r_[True, places[1:] != places[:-1]])
    high, low = np.add.reduceat(values >> _31, starts), np.add.reduceat(values & _LOW, starts)
    found = _reduced(times(_reduced(high), np.full(len(starts), 2**31, np.uint64)) + _reduced(low))
    kept = found != 0
    return places[starts][kept], found[kept]


@dataclass(frozen=True, eq=False)
class Kind:
    """One figure by some of its keys: the `names` of its groups, what the release does with each, and their sums.

    `places` are group times `buckets` and bucket, in order; `asked` is the question of the deal, for a reader, and
    `figure` names what is added up, by whatever keys. `lines` has for each coarser kind of total the name of the total
    that each group is in.
    """

    asked: str
    figure: bytes
    buckets: int
    names: tuple[bytes, ...]
    states: Bytes = field(repr=False)
    lines: tuple[tuple[bytes, ...], ...] = field(repr=False)
    places: Ints = field(repr=False)
    sums: Words = field(repr=False)

    def folded(self, many: int) -> Kind:
        """The same over fewer buckets."""
        if many == self.buckets:
            return self
        group, bucket = np.divmod(self.places, self.buckets)
        places, sums = summed(group * many + bucket % many, self.sums)
        return replace(self, buckets=many, places=places, sums=sums)


#: By the name of a figure and its keys.
Sketch = Mapping[bytes, Kind]


def named(*parts: object) -> bytes:
    """A short name for some words, none of which run into another."""
    return blake2b(repr(parts).encode(), digest_size=_NAME).digest()


def sketch(
    asked: str,
    source: str,
    keys: Sequence[str],
    figures: Mapping[str, tuple[Ints, Words]],
    groups: Sequence[Sequence[str | None]],
    states: Bytes,
    many: int,
    secret: bytes,
) -> dict[bytes, Kind]:
    """The sketches of a question's figures, by all of its keys and of every total.

    `figures` has for each one places and sums, as `Kind` has them, of `groups`, all different; `states` says what the
    release does with each. `secret` names what is kept, so that whoever finds it does not know which group is which.
    """
    found: dict[bytes, Kind] = {}
    kinds: dict[frozenset[int], tuple[tuple[bytes, ...], Ints]] = {}
    for pattern in patterns(len(keys)):
        some = [frozenset((keys[at], group[at]) for at in pattern) for group in groups]
        order = {place: at for at, place in enumerate(dict.fromkeys(some))}
        names = tuple(named(secret, sorted(place, key=repr)) for place in order)
        if len(pattern) == len(keys) and len(names) < len(groups):
            raise DeidError("several groups have the same keys, and nobody could tell which of them is shown")
        kinds[frozenset(pattern)] = names, np.array([order[place] for place in some], np.int64)
    for one, (names, lies) in kinds.items():
        by = sorted(keys[at] for at in one)
        first = np.full(len(names), 0)
        first[lies[::-1]] = np.arange(len(lies) - 1, -1, -1)
        # In the same order whatever the order of the keys.
        coarser = sorted((sorted(keys[at] for at in other), other) for other in kinds if other < one)
        lines = tuple(tuple(kinds[other][0][at] for at in kinds[other][1][first]) for _, other in coarser)
        whether = np.full(len(names), State.TOTAL, np.uint8)
        whether[lies[states != State.SHOWN]] = State.OPEN
        for name, (places, sums) in figures.items():
            group, bucket = np.divmod(places, many)
            moved = summed(lies[group] * many + bucket, sums) if len(places) else (places, sums)
            whole = len(one) == len(keys)
            kept = states.astype(np.uint8) if whole else whether
            figure = named(secret, source, name)
            found[named(secret, source, name, by)] = Kind(asked, figure, many, names, kept, lines, *moved)
    return found


def is_of_totals(kind: Kind) -> bool:
    """Whether a kind has totals of the groups of its question, and not these themselves."""
    return bool(np.isin(kind.states, (State.TOTAL, State.OPEN)).any())


def lies(sketch: Sketch, kind: Kind) -> Ints:
    """In which group or total of a kind each group is of the question that a sketch is of."""
    whole = next((each for each in sketch.values() if not is_of_totals(each)), kind)
    at = {name: place for place, name in enumerate(kind.names)}
    by = next((line for line in (whole.names, *whole.lines) if line[:1] and line[0] in at), ())
    return np.array([at[name] for name in by], np.int64)


def joined(one: Kind, two: Kind) -> Kind:
    """One figure by the same keys twice in a release, once perhaps as totals: what either tells of a group is known."""
    mine, other = (two, one) if is_of_totals(one) else (one, two)
    theirs = dict(zip(other.names, other.states.tolist(), strict=True))
    states = [
        State.SHOWN if state in KNOWN or theirs.get(name) in KNOWN else state
        for name, state in zip(mine.names, mine.states.tolist(), strict=True)
    ]
    return replace(mine, states=np.array(states, np.uint8))


def comparable(one: Sketch, two: Sketch) -> bool:
    """Whether each question of either is by the same keys as one of the other, or by fewer or more of them."""

    def has(mine: Sketch, other: Sketch) -> bool:
        coarser = [kind for kind in other.values() if not is_of_totals(kind)]
        return all(
            name in other or any(_adds_up_to(kind, each) for each in coarser)
            for name, kind in mine.items()
            if not is_of_totals(kind)
        )

    return bool(one) and bool(two) and has(one, two) and has(two, one)


def _adds_up_to(kind: Kind, other: Kind) -> bool:
    """Whether the groups of one kind add up to those of another of the same figure."""
    totals = set(chain(*kind.lines))
    return kind.figure == other.figure and any(name in totals for name in other.names)


# What two of them tell ------------------------------------------------------------------------------------------------


def few(before: Sketch, now: Sketch, least: int) -> dict[tuple[bytes, bytes], int]:
    """The groups and totals whose difference is about too few, as `differences.few` has it, by figure and group."""
    found = {}
    for name in before.keys() & now.keys():
        pair = Pair.of(before[name], now[name])
        for group, count in {**pair.few(least), **pair.rests(least)}.items():
            found[name, group] = count
    return found


@dataclass(frozen=True, eq=False)
class Pair:
    """The same figure by the same keys in two releases: the groups of both, and what each does with them."""

    one: Kind
    two: Kind
    order: Mapping[bytes, int]
    count: Ints
    before: Ints
    now: Ints

    @classmethod
    def of(cls, before: Kind, now: Kind) -> Pair:
        """Two kinds of one name, over as many buckets as the smaller has."""
        many = min(before.buckets, now.buckets)
        one, two = before.folded(many), now.folded(many)
        # Those of the release that is being made come first, as it has them.
        order = {name: at for at, name in enumerate(dict.fromkeys([*two.names, *one.names]))}
        places = np.arange(len(order))
        count = _differing(one, two, order, places, np.ones(len(order), np.bool_))
        return cls(one, two, order, count, _states(one, order), _states(two, order))

    def with_states(self, states: Bytes) -> Pair:
        """The same where the release that is being made does something else with its groups."""
        now = self.now.copy()
        now[: len(states)] = states
        return replace(self, now=now)

    def tells(self, least: int) -> Bools:
        """Of which groups the two tell too much; see `differences.tells`."""
        known_before, known = np.isin(self.before, KNOWN), np.isin(self.now, KNOWN)
        secret, beside = np.isin(self.before, SECRET), self.now == State.BESIDE
        plain = (known_before | (self.before == _ABSENT)) & known & (self.count > 0)
        must = (secret & known) | (known_before & beside)
        return np.asarray((must | plain) & (self.count < least))

    def few(self, least: int) -> dict[bytes, int]:
        """Those groups by name, with how many changed in each."""
        wrong = self.tells(least)
        return {name: int(self.count[at]) for name, at in self.order.items() if wrong[at]}

    def may_not_stand_beside(self, least: int) -> Bools:
        """The groups of which too few changed for another to be hidden by them."""
        return np.asarray(np.isin(self.before, KNOWN) & (self.count < least))

    def changed_alone(self) -> Bools:
        """The groups that are all that changed in some total: who knows it has learned their difference elsewhere."""
        found = np.zeros(len(self.count), np.bool_)
        for _, lies in self._lines():
            many = np.bincount(lies, weights=self.count > 0)
            found |= (self.count > 0) & (many[lies] == 1)
        return found

    def rests(self, least: int) -> dict[bytes, int]:
        """Totals of which what one does not show changed by too few together, with how many; see `differences.few`."""
        found: dict[bytes, int] = {}
        for lines, _, count, _ in self._rests():
            for at in np.flatnonzero((count > 0) & (count < least)):
                found[lines[at]] = min(int(count[at]), found.get(lines[at], least))
        return found

    def thin(self, least: int, guards: Bools) -> list[Bools]:
        """Which groups of the release that is being made are in a total of which too little is hidden, for each such.

        That is too few customers who changed, or one of the `guards` alone, which then guards nothing in other totals.
        """
        found = []
        size = len(guards)
        for _, lies, count, rest in self._rests():
            mine, many = lies[:size], np.bincount(lies[rest], minlength=len(count))
            lone = np.isin(np.arange(len(count)), mine[guards & rest[:size]]) & (many == 1)
            found += [mine == at for at in np.flatnonzero((count > 0) & ((count < least) | lone))]
        return found

    def _rests(self) -> Iterator[tuple[list[bytes], Ints, Ints, Bools]]:
        """By kind of total: the names of totals, the total of each group, and how many changed in what is not shown.

        Last which groups these are. It counts as nobody where nothing else changed: then it changed as the total did.
        """
        one, two = (~np.isin(states, (*KNOWN, _ABSENT)) for states in (self.before, self.now))
        for lines, lies in self._lines():
            both = np.isin(lies, lies[one & two])
            for rest in (np.where(both, one | two, one), np.where(both, one | two, two)):
                count, others = (_differing(self.one, self.two, self.order, lies, some) for some in (rest, ~rest))
                yield lines, lies, np.where(others > 0, count, 0), rest

    def _lines(self) -> Iterator[tuple[list[bytes], Ints]]:
        """By kind of total: the names of totals, and in which of them each group is."""
        for before, now in zip_longest(self.one.lines, self.two.lines, fillvalue=()):
            total = dict(zip((*self.two.names, *self.one.names), (*now, *before), strict=True))
            at = {line: number for number, line in enumerate(dict.fromkeys(total.values()))}
            yield list(at), np.array([at[total[name]] for name in self.order], np.int64)


def _states(kind: Kind, order: Mapping[bytes, int]) -> Ints:
    found = np.full(len(order), _ABSENT)
    found[[order[name] for name in kind.names]] = kind.states
    return found


def _differing(one: Kind, two: Kind, order: Mapping[bytes, int], lies: Ints, some: Bools) -> Ints:
    """In how many buckets sums of groups differ: of `some` groups, each a part of the total that it `lies` in."""
    places, values = [], []
    for kind, sign in ((one, False), (two, True)):
        mine = np.array([order[name] for name in kind.names], np.int64)
        group, bucket = np.divmod(kind.places, kind.buckets)
        at = mine[group] if len(group) else group
        kept = some[at]
        places.append(lies[at[kept]] * kind.buckets + bucket[kept])
        values.append((_PRIME - kind.sums if sign else kind.sums)[kept])
    differing, _ = summed(np.concatenate(places), np.concatenate(values))
    return np.bincount(differing // one.buckets, minlength=int(lies.max(initial=-1)) + 1).astype(np.int64)


# As it is kept --------------------------------------------------------------------------------------------------------


def written(sketch: Sketch) -> bytes:
    """A sketch as bytes: NumPy's own archive of arrays, compressed."""
    arrays: dict[str, Any] = {_VERSION: np.array([1])}
    for at, (name, kind) in enumerate(sketch.items()):
        named = np.frombuffer(b"".join([name, kind.figure, *kind.names, *chain(*kind.lines)]), np.uint8)
        # Places follow each other, so the steps between them are small.
        steps = np.diff(kind.places, prepend=0)
        each = (np.array([kind.buckets]), np.array(kind.asked), named, kind.states, steps, kind.sums)
        arrays |= {f"{at}.{part}": array for part, array in zip(_PARTS, each, strict=True)}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def read(data: bytes) -> dict[bytes, Kind]:
    """A sketch from its bytes, empty where they are of before there were versions; DeidError where they are not one."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            if _VERSION not in arrays.files:
                return {}
            kinds = range((len(arrays.files) - 1) // len(_PARTS))
            return dict(_kind(*(arrays[f"{at}.{part}"] for part in _PARTS)) for at in kinds)
    except (EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile, zlib.error):
        raise DeidError("what was kept of an earlier release is not what a release keeps; restore a backup") from None


def _kind(many: Ints, asked: Any, named: Bytes, states: Bytes, steps: Ints, sums: Words) -> tuple[bytes, Kind]:
    text = named.tobytes()
    name, figure, *names = (text[at : at + _NAME] for at in range(0, len(text), _NAME))
    size = len(states)
    if len(names) < size or (size and len(names) % size) or len(steps) != len(sums):
        raise ValueError("its parts do not belong together")
    lines = tuple(tuple(names[at : at + size]) for at in range(size, len(names), size)) if size else ()
    places = np.cumsum(steps, dtype=np.int64)
    kind = Kind(
        str(asked),
        figure,
        int(many[0]),
        tuple(names[:size]),
        states.astype(np.uint8),
        lines,
        places,
        sums.astype(np.uint64),
    )
    return name, kind
