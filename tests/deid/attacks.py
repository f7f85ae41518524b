"""Attacks of the literature on our own outputs, each granted the most that its attacker could know.

`python -m tests.deid.attacks` prints the table that `spec/deid.md` shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bailee.deid import Frequencies, Promise, Ranges, Recoding, Sets, Tree, full_domain, mondrian
from bailee.deid.hierarchy import positions
from bailee.deid.releases import joint_sizes
from bailee.deid.risk import raw_classes
from tests.deid import shop

K = 5


@dataclass(frozen=True)
class Found:
    """What an attack achieves: whoever is found most surely, how many are found at all, and how often on average."""

    best: float
    alone: float
    average: float


def made() -> tuple[Frequencies, dict[str, Recoding]]:
    """Five thousand made customers, and each way to publish them."""
    counted = shop.counted(shop.customers(21, 5000), shop.IDENTIFIERS, ("aisle",))
    hierarchies = shop.hierarchies(counted)
    sets = [Sets.of(c) if positions(c.values) is None else Ranges.of(c) for c in counted.identifiers]
    trees = [Tree.of(c, hierarchies[c.name]) for c in counted.identifiers]
    return counted, {
        "full domain": full_domain(counted, hierarchies, Promise(K)).recoding,
        "Mondrian, sets": mondrian(counted, sets, Promise(K)),
        "Mondrian, hierarchies": mondrian(counted, trees, Promise(K)),
        "Mondrian, hierarchies, l = 3, t = 0.25": mondrian(counted, trees, Promise(K, distinct=3, t=0.25)),
    }


def members(recoding: Recoding) -> list[np.ndarray]:
    """For each identifier, class and value whether the class's label stands for the value."""
    found = []
    for form, column in zip(recoding.forms, recoding.frequencies.identifiers, strict=True):
        codes = form.codes[recoding.order]
        each = np.eye(len(column))
        found.append(np.stack([form.within(codes, recoding.begins, one) for one in each], axis=1) > 0)
    return found


def linkage(recoding: Recoding) -> Found:
    """A register of everybody's identifiers by name: for each customer, the published rows that could be theirs."""
    where = recoding.number >= 0
    fits = np.ones((int(where.sum()), recoding.classes), bool)
    for column, labels in zip(recoding.frequencies.identifiers, members(recoding), strict=True):
        fits &= labels[:, column.codes[where]].T
    return _chances(recoding, fits @ recoding.counted.sizes, where)


def refinement(recoding: Recoding) -> Found:
    """The same register, and the algorithm run again on it: the attacker knows the true class of everybody.

    This is more than a combinatorial refinement of overlapping labels can give (Chhillar et al., 2025).
    """
    where = recoding.number >= 0
    return _chances(recoding, recoding.counted.sizes[recoding.number[where]], where)


def _chances(recoding: Recoding, among: np.ndarray, where: np.ndarray) -> Found:
    weights = recoding.frequencies.weights
    alone = float(weights[where][among == 1].sum()) / recoding.frequencies.total
    average = float(weights[where] @ (1 / among)) / recoding.frequencies.total
    return Found(float((1 / among).max()), alone, average)


def on_raw(counted: Frequencies) -> Found:
    """Linkage of the table as it is."""
    sizes = raw_classes(counted)
    return Found(1 / int(sizes.min()), float(sizes[sizes == 1].sum()) / counted.total, len(sizes) / counted.total)


@dataclass(frozen=True)
class Downcoded:
    """How many cells an attacker makes finer, how many of those rightly, and the smallest group that it makes."""

    cells: float
    right: float
    smallest: int


def downcoding(recoding: Recoding, k: int = K) -> Downcoded:
    """Undo generalisation by what its minimality gives away (Cohen, 2022), knowing every column's true distribution.

    A class of n was not cut, so of each column's node no child has from k to n - k customers. Where its children are
    too few to have fewer than k each, one has k or more, and so more than n - k: the attacker takes the one that is
    commonest among everybody.
    """
    sizes, cells, right, smallest = recoding.counted.sizes, 0, 0, recoding.frequencies.total
    for form, column in zip(recoding.forms, recoding.frequencies.identifiers, strict=True):
        if not isinstance(form, Tree):
            continue
        low = np.minimum.reduceat(form.codes[recoding.order], recoding.begins)
        high = np.maximum.reduceat(form.codes[recoding.order], recoding.begins)
        level = form._level(low, high)
        everybody = np.bincount(form.codes, weights=recoding.frequencies.weights, minlength=len(column))
        for place in np.flatnonzero(level):
            beneath, own = form.node[level[place] - 1], form.node[level[place]]
            children = np.unique(beneath[own == own[low[place]]])
            if len(children) * (k - 1) >= sizes[place]:
                continue
            guess = max(children, key=lambda child, b=beneath, e=everybody: e[b == child].sum())  # type: ignore[misc]
            rows = recoding.order[recoding.number[recoding.order] == place]
            hits = beneath[form.codes[rows]] == guess
            cells += int(sizes[place])
            right += int(recoding.frequencies.weights[rows][hits].sum())
            smallest = min(smallest, max(k, int(sizes[place]) - k + 1))
    whole = recoding.frequencies.total * len(recoding.forms)
    return Downcoded(cells / whole, right / max(cells, 1), smallest)


def sensitive(recoding: Recoding) -> tuple[float, float]:
    """How often the commonest value of a customer's class is theirs, and how often the commonest of all is."""
    counts = recoding.counted.counts[0]
    everybody = counts.sum(axis=0)
    return float(counts.max(axis=1).sum() / counts.sum()), float(everybody.max() / everybody.sum())


def intersection(first: Recoding, second: Recoding, k: int = K) -> Found:
    """Two releases of the same customers, whose rows can be matched to each other: what both say together."""
    sizes = joint_sizes([first, second])
    total = first.frequencies.total
    return Found(1 / int(sizes.min()), float(sizes[sizes == 1].sum()) / total, float(sizes[sizes < k].sum()) / total)


def lines() -> list[str]:
    """The rows of the table of `spec/deid.md`."""
    counted, ways = made()
    raw = on_raw(counted)
    found = [f"| raw table | {raw.best:.3f} | {100 * raw.alone:.1f} % | {raw.average:.3f} | | | | |"]
    for name, recoding in ways.items():
        link, refined, down = linkage(recoding), refinement(recoding), downcoding(recoding)
        hit, base = sensitive(recoding)
        coded = f"{100 * down.cells:.1f} %, {100 * down.right:.0f} %" if down.cells else "none"
        found.append(
            f"| {name} | {link.best:.3f} | {100 * link.alone:.1f} % | {link.average:.3f} | {refined.best:.3f} | "
            f"{refined.average:.3f} | {coded} | {100 * hit:.1f} % ({100 * base:.1f} %) |"
        )
    pairs: Mapping[str, tuple[Recoding, Recoding]] = {
        "full domain, then Mondrian": (ways["full domain"], ways["Mondrian, hierarchies"]),
        "Mondrian by sets, then by hierarchies": (ways["Mondrian, sets"], ways["Mondrian, hierarchies"]),
        "the same recoding again": (ways["Mondrian, hierarchies"], ways["Mondrian, hierarchies"]),
    }
    for name, (first, second) in pairs.items():
        both = intersection(first, second)
        found.append(f"| {name} | {both.best:.3f} | {100 * both.alone:.1f} % | {100 * both.average:.1f} % |")
    return found


if __name__ == "__main__":
    print("\n".join(lines()))
