"""A decision tried out: whoever buys most of a kind is treated worse. Which groups would that hit, and how surely?

The ratio is that of the four-fifths rule: how often the least favoured group is spared, over how often the most
favoured is. Its interval comes from resampling each group's count, which is the same as resampling customers and costs
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from bailee.deals.bars import COMPARED, RESAMPLES
from bailee.deid.frequencies import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Impact:
    """How unevenly a decision falls on some groups: the ratio, its 95 % interval, and by group how many are spared.

    `error` is the standard error of the ratio's logarithm.
    """

    ratio: float
    low: float
    high: float
    least: str
    most: str
    error: float
    spared: Mapping[str, tuple[float, int]]


def worse_off(score: Floats, share: float) -> Bools:
    """The share of customers with the highest scores; of equal ones those who come first are spared."""
    found = np.zeros(len(score), np.bool_)
    found[np.argsort(score, kind="stable")[len(score) - round(share * len(score)) :]] = True
    return found & (score > 0)


def impact(worse: Bools, group: Ints, names: list[str]) -> Impact | None:
    """How a decision falls on groups (codes into `names`, -1 for none); None for fewer than two groups of some size."""
    kept = group >= 0
    sizes = np.bincount(group[kept], minlength=len(names))
    spared = np.bincount(group[kept], weights=~worse[kept], minlength=len(names))
    some = np.flatnonzero(sizes >= COMPARED)
    if len(some) < 2 or not spared[some].max() > 0:
        return None
    rates = spared[some] / sizes[some]
    least, most = int(rates.argmin()), int(rates.argmax())
    ratio = float(rates[least] / rates[most])
    error = float(np.sqrt(sum((1 - rates[each]) / max(spared[some][each], 1e-9) for each in (least, most))))
    told = {names[place]: (float(rate), int(sizes[place])) for place, rate in zip(some, rates, strict=True)}
    off = float(np.exp(1.96 * error))
    return Impact(ratio, ratio / off, ratio * off, names[some[least]], names[some[most]], error, told)


def resampled(made: Impact, seed: int) -> Impact:
    """The same with its interval from resampling.

    The two groups stay those found: taking the extremes of each resample would look uneven where nothing is.
    """
    source = np.random.default_rng(seed)
    drawn = [
        source.binomial(size, rate, RESAMPLES) / size
        for rate, size in (made.spared[made.least], made.spared[made.most])
    ]
    low, high = np.quantile(drawn[0] / np.maximum(drawn[1], 1e-9), [0.025, 0.975])
    return replace(made, low=float(low), high=float(high))


def surely_below(made: Impact, bar: float, tries: int) -> bool:
    """Whether the ratio is below a bar at 95 %, also as the most striking of so many tries (Bonferroni)."""
    return bool(made.ratio * np.exp(NormalDist().inv_cdf(1 - 0.05 / max(tries, 1)) * made.error) < bar)
