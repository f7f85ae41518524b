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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from bailee.deid.differences import patterns
from bailee.errors import DeidError

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

#: A Mersenne prime: two numbers below it are multiplied in words of 64 bits.
PRIME = 2**61 - 1
#: Up to so many customers hardly two share one of `MANY` buckets; of more, `FEW` buckets say as much as is needed.
ALONE, MANY, FEW = 4_096, 2**24, 2**12
#: What a release does with a group; a total of groups counts as known.
HIDDEN, SHOWN, TOTAL = 0, 1, 2
_LOW = np.uint64(2**31 - 1)
_PRIME, _61, _31, _30 = np.uint64(PRIME), np.uint64(61), np.uint64(31), np.uint64(30)
_NAME = 16
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

    `places` are group times `buckets` and bucket, in order; `asked` is the question of the deal, for a reader.
    """

    asked: str
    buckets: int
    names: tuple[bytes, ...]
    states: Bytes = field(repr=False)
    places: Ints = field(repr=False)
    sums: Words = field(repr=False)

    def folded(self, many: int) -> Kind:
        """The same over fewer buckets."""
        if many == self.buckets:
            return self
        group, bucket = np.divmod(self.places, self.buckets)
        places, sums = summed(group * many + bucket % many, self.sums)
        return Kind(self.asked, many, self.names, self.states, places, sums)


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
    shown: npt.NDArray[np.bool_],
    many: int,
    secret: bytes,
) -> dict[bytes, Kind]:
    """The sketches of a question's figures, by all of its keys and of every total.

    `figures` has for each one places and sums, as `Kind` has them, of `groups`. `secret` names what is kept, so that
    whoever finds it does not know which group is which.
    """
    found = {}
    for pattern in patterns(len(keys)):
        some = [frozenset((keys[at], group[at]) for at in pattern) for group in groups]
        order = {place: at for at, place in enumerate(dict.fromkeys(some))}
        lies = np.array([order[place] for place in some], np.int64)
        names = tuple(named(secret, sorted(place, key=repr)) for place in order)
        whole = len(pattern) == len(keys) and pattern
        states = shown.astype(np.uint8) if whole else np.full(len(order), TOTAL, np.uint8)
        for figure, (places, sums) in figures.items():
            group, bucket = np.divmod(places, many)
            at = summed(lies[group] * many + bucket, sums) if len(places) else (places, sums)
            by = sorted(keys[at] for at in pattern)
            found[named(secret, source, figure, by)] = Kind(asked, many, names, states, *at)
    return found


def few(before: Sketch, now: Sketch, least: int) -> dict[tuple[bytes, bytes], int]:
    """The groups and totals whose difference is about too few, as `differences.few` has it, by figure and group."""
    found = {}
    for name in before.keys() & now.keys():
        one, two = before[name], now[name]
        many = min(one.buckets, two.buckets)
        for group, count in _few(one.folded(many), two.folded(many), least).items():
            found[name, group] = count
    return found


def _few(one: Kind, two: Kind, least: int) -> dict[bytes, int]:
    order = {name: at for at, name in enumerate(dict.fromkeys([*one.names, *two.names]))}
    count = _differing(one, two, order)
    state = np.full((2, len(order)), -1)
    for row, kind in enumerate((one, two)):
        state[row, [order[name] for name in kind.names]] = kind.states
    low, high = state.min(axis=0), state.max(axis=0)
    must = (low == HIDDEN) & (high == SHOWN)
    wrong = (count < least) & ((count > 0) | must) & (high != HIDDEN)
    return {name: int(count[at]) for name, at in order.items() if wrong[at]}


def _differing(one: Kind, two: Kind, order: Mapping[bytes, int]) -> Ints:
    """In how many buckets each group differs."""
    places, values = [], []
    for kind, sign in ((one, False), (two, True)):
        lies = np.array([order[name] for name in kind.names], np.int64)
        group, bucket = np.divmod(kind.places, kind.buckets)
        places.append(lies[group] * kind.buckets + bucket if len(group) else group)
        values.append(_PRIME - kind.sums if sign else kind.sums)
    differing, _ = summed(np.concatenate(places), np.concatenate(values))
    return np.bincount(differing // one.buckets, minlength=len(order)).astype(np.int64)


# As it is kept --------------------------------------------------------------------------------------------------------


def written(sketch: Sketch) -> bytes:
    """A sketch as bytes: NumPy's own archive of arrays, compressed."""
    arrays: dict[str, Any] = {}
    for at, (name, kind) in enumerate(sketch.items()):
        named = np.frombuffer(b"".join([name, *kind.names]), np.uint8)
        # Places follow each other, so the steps between them are small.
        steps = np.diff(kind.places, prepend=0)
        each = (np.array([kind.buckets]), np.array(kind.asked), named, kind.states, steps, kind.sums)
        arrays |= {f"{at}.{part}": array for part, array in zip(_PARTS, each, strict=True)}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def read(data: bytes) -> dict[bytes, Kind]:
    """A sketch from its bytes; DeidError where they are not one."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return dict(
                _kind(*(arrays[f"{at}.{part}"] for part in _PARTS)) for at in range(len(arrays.files) // len(_PARTS))
            )
    except (EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile, zlib.error):
        raise DeidError("what was kept of an earlier release is not what a release keeps; restore a backup") from None


def _kind(many: Ints, asked: Any, named: Bytes, states: Bytes, steps: Ints, sums: Words) -> tuple[bytes, Kind]:
    text = named.tobytes()
    name, *names = (text[at : at + _NAME] for at in range(0, len(text), _NAME))
    if len(states) != len(names) or len(steps) != len(sums):
        raise ValueError("its parts do not belong together")
    places = np.cumsum(steps, dtype=np.int64)
    return name, Kind(str(asked), int(many[0]), tuple(names), states.astype(np.uint8), places, sums.astype(np.uint64))
