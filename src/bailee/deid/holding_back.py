"""Which groups of figures to hold back, so that with earlier releases they tell nobody's part.

A group in which too few changed since an earlier release showed it is held back, and so is one that would tell what an
earlier release hid. Then as many others stay hidden beside them as it takes that none follows from a total: of these as
many must have changed as a group must have, or a reader who takes them to be as they were would know the rest.

What it promises is what `bailee.deid.differences.few` asks for, wherever hiding groups can do it; the release is held
against it again, for it may be that no group can stand beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from bailee.deid import sketches
from bailee.deid.differences import State
from bailee.deid.frequencies import Bools, Floats, Ints
from bailee.deid.sketches import Bytes, Pair, Sketch

#: By group, which are hidden, which others are too and may be known, and which had better not be: which must be hidden
#: so that none of the first follows from what is shown.
Complement = Callable[[Bools, Bools, Bools], Bools]
#: Groups in this release and an earlier one, with the least group of the two.
Groups = tuple[Pair, int]
#: Totals of them too, and in which of these each group is.
Totals = tuple[Pair, int, Ints]


def paired(now: Sketch, before: Iterable[tuple[Sketch, int]]) -> tuple[list[Groups], list[Totals]]:
    """The groups and totals of a question's sketch that earlier ones have too, each with the least group of the two."""
    groups: list[Groups] = []
    totals: list[Totals] = []
    for sketch, least in before:
        for name, kind in now.items():
            if name not in sketch:
                continue
            pair = Pair.of(sketch[name], kind)
            if sketches.is_of_totals(kind):
                totals.append((pair, least, sketches.lies(now, kind)))
            else:
                groups.append((pair, least))
    # Finer ones first: where one is held back for these, coarser ones do not follow either.
    return groups, sorted(totals, key=lambda each: -len(each[0].two.names))


def states(
    shown: Bools,
    size: Floats,
    complement: Complement,
    pairs: Sequence[Groups],
    totals: Sequence[Totals],
) -> Bytes:
    """What to do with each group, of which `shown` may be by the rules for one release; of `size` the smaller go first.

    `pairs` and `totals` are of this release, as if all that may be shown were, and of earlier ones.
    """
    found = np.where(shown, State.SHOWN, State.HIDDEN).astype(np.uint8)
    held, apart, last = (np.zeros(len(found), np.bool_) for _ in range(3))
    for pair, least in pairs:
        tells = shown & pair.with_states(found).tells(least)[: len(found)]
        held |= tells
        # What changed alone in a total follows from that, whatever is hidden beside it.
        apart |= tells & ~pair.changed_alone()[: len(found)]
        last |= pair.may_not_stand_beside(least)[: len(found)]
    for pair, least, lies in totals:
        for total in np.flatnonzero(pair.with_states(_of_totals(lies, shown & ~held)).tells(least)):
            # Of a total that tells too much one group is held back, so that it does not follow.
            free = np.flatnonzero((lies == total) & shown & ~last)
            held[free[np.argsort(size[free], kind="stable")[:1]]] = True
    guards = np.zeros(len(found), np.bool_)
    while True:
        beside = complement(~shown | apart, held | guards, last) & shown & ~held
        found[held], found[beside | guards] = State.HELD, State.BESIDE
        more = guards.copy()
        for line in _thin(found, guards, pairs, totals):
            free = np.flatnonzero(line & shown & ~held & ~beside & ~more & ~last)
            more[free[np.argsort(size[free], kind="stable")[:1]]] = True
        if (more == guards).all():
            return found
        guards = more


def _thin(found: Bytes, guards: Bools, pairs: Sequence[Groups], totals: Sequence[Totals]) -> Iterator[Bools]:
    """The groups of each total of which too little is hidden; see `Pair.thin`."""
    for pair, least in pairs:
        yield from pair.with_states(found).thin(least, guards)
    for pair, least, lies in totals:
        states = _of_totals(lies, found == State.SHOWN)
        for line in pair.with_states(states).thin(least, np.zeros(len(states), np.bool_)):
            yield line[lies]


def _of_totals(lies: Ints, shown: Bools) -> Bytes:
    """What follows of totals, of groups of which some are shown."""
    found = np.full(int(lies.max(initial=-1)) + 1, State.TOTAL, np.uint8)
    found[lies[~shown]] = State.OPEN
    return found
