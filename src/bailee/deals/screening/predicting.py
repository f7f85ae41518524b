"""How well something about customers can be told from what they buy: held out, against chance, without a library.

Features are each customer's shares of spending over kinds of product; the model is ridge regression on their square
roots, whose scores for many labels come from one factorisation, so that hundreds of shuffled labels cost nothing more.
How good a score is, is the chance that it ranks one who has the trait above one who has not: the area under the curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.evidence import CUSTOMER
from bailee.deid.frequencies import Bools, Column, Floats, Ints
from bailee.deid.hierarchy import texts

#: Kinds of product beyond so many are left to the rest.
MOST_KINDS = 400
FOLDS = 5
#: Shuffles of the labels that say what chance alone gives.
SHUFFLES = 100
#: How strongly weights are held small, in variances of a feature. Chosen once on the grocer, of 0.1, 0.3, 1 and 3: the
#: others tell less there.
_HELD = 3.0


@dataclass(frozen=True, eq=False)
class Profiles:
    """A row for each customer of `customers`, a column for each kind of `what`: shares of what they spent."""

    customers: Ints
    shares: Floats
    what: str
    kinds: tuple[str, ...]


def profiles(table: pa.Table, what: str, money: str | None, without: Bools) -> Profiles:
    """The profiles that rows give, leaving out those of `without`; rows count one each where there is no `money`."""
    kept = ~without & table[CUSTOMER].is_valid().to_numpy()
    rows = table.select([CUSTOMER, what, *([money] if money else [])]).filter(pa.array(kept))
    who, place = np.unique(rows[CUSTOMER].to_numpy(), return_inverse=True)
    kind = Column.encode(what, rows[what])
    spent = np.ones(rows.num_rows) if money is None else _positive(rows[money])
    size = len(kind)
    sums = np.bincount(place * size + kind.codes, weights=spent, minlength=len(who) * size).reshape(len(who), size)
    names = ["none" if value is None else value for value in texts(kind.values)]
    if size > MOST_KINDS:
        order = np.argsort(-sums.sum(axis=0), kind="stable")
        sums = np.concatenate([sums[:, order[:MOST_KINDS]], sums[:, order[MOST_KINDS:]].sum(axis=1, keepdims=True)], 1)
        names = [names[place] for place in order[:MOST_KINDS]] + ["the rest"]
    whole = np.maximum(sums.sum(axis=1, keepdims=True), 1e-9)
    return Profiles(who, np.asarray(sums / whole, np.float64), what, tuple(names))


def _positive(money: pa.ChunkedArray) -> Floats:
    found: Floats = np.nan_to_num(money.cast(pa.float64()).to_numpy(zero_copy_only=False))
    return np.maximum(found, 0.0)


def scores(shares: Floats, labels: Floats, seed: int) -> Floats:
    """For each customer and label (a column each of 0 and 1) a score by a model that never saw the customer."""
    features = np.sqrt(shares)
    fold = np.random.default_rng(seed).permutation(len(features)) % FOLDS
    found = np.zeros(labels.shape)
    for each in range(FOLDS):
        train, test = fold != each, fold == each
        middle, spread = features[train].mean(axis=0), features[train].std(axis=0)
        scaled = (features - middle) / np.where(spread > 0, spread, 1.0)
        own = scaled[train]
        gram = own.T @ own + _HELD * len(own) * np.eye(own.shape[1])
        target = labels[train] - labels[train].mean(axis=0)
        found[test] = scaled[test] @ np.linalg.solve(gram, own.T @ target)
    return found


def ranked(score: Floats, label: Floats) -> float:
    """The share of pairs, one with the label and one without, that a score ranks rightly; ties count half."""
    positive = label > 0.5
    many, few = int(positive.sum()), int((~positive).sum())
    if not many or not few:
        return 0.5
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    rank = (ends - (count - 1) / 2)[place]
    return float((rank[positive].sum() - many * (many + 1) / 2) / (many * few))


def interval(area: float, many: int, few: int) -> tuple[float, float]:
    """The 95 % interval of an area. Hanley, McNeil, The meaning and use of the area under a ROC curve, 1982."""
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (many - 1) * (one - area**2) + (few - 1) * (two - area**2)) / (many * few)
    off = 1.96 * float(np.sqrt(max(variance, 0.0)))
    return max(area - off, 0.0), min(area + off, 1.0)


@dataclass(frozen=True, slots=True)
class Told:
    """How well a trait is told, with its interval, of how many who have it and who have not."""

    area: float
    low: float
    high: float
    having: int
    lacking: int


def tell(shares: Floats, labels: Floats, seed: int) -> tuple[list[Told], Floats]:
    """Each label's area, and in each shuffle the greatest area of any label: what chance gives with so many tries."""
    source = np.random.default_rng([seed, 1])
    shuffled = [labels[source.permutation(len(labels))] for _ in range(SHUFFLES)]
    found = scores(shares, np.concatenate([labels, *shuffled], axis=1), seed)
    width = labels.shape[1]
    told = []
    for column in range(width):
        having = int(labels[:, column].sum())
        area = ranked(found[:, column], labels[:, column])
        told.append(Told(area, *interval(area, having, len(labels) - having), having, len(labels) - having))
    chance = [
        max(ranked(found[:, width * (turn + 1) + column], shuffled[turn][:, column]) for column in range(width))
        for turn in range(SHUFFLES)
    ]
    return told, np.array(chance)


def known(column: pa.ChunkedArray) -> Bools:
    """Which rows have a value that says something."""
    return np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), np.bool_)
