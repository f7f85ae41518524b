"""How much a publication loses. Each measure names its source; 0 is no loss, unless it says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bailee.deid.frequencies import Floats
from bailee.deid.recoding import Recoding
from bailee.errors import DeidError


@dataclass(frozen=True, slots=True)
class Loss:
    """All measures of one publication, and the facts that they rest on."""

    customers: int
    classes: int
    suppressed: int
    gcp: float
    ncp: dict[str, float]
    discernibility: int
    average_class: float
    entropy: float


def loss(recoding: Recoding, k: int) -> Loss:
    """Measure a publication that promised classes of `k`."""
    each = ncp(recoding)
    return Loss(
        customers=recoding.frequencies.total,
        classes=recoding.classes,
        suppressed=recoding.suppressed,
        gcp=gcp(recoding),
        ncp=each,
        discernibility=discernibility(recoding),
        average_class=average_class(recoding, k),
        entropy=non_uniform_entropy(recoding),
    )


def ncp(recoding: Recoding) -> dict[str, float]:
    """Normalised certainty penalty of each column: the mean over all customers, 1 for whoever is suppressed.

    Xu, Wang, Pei et al., Utility-based anonymization using local recoding, KDD 2006, section 2.
    """
    total = max(recoding.frequencies.total, 1)
    sizes = recoding.counted.sizes
    found = {form.name: recoding.suppressed / total for form in recoding.forms}
    for form, losses in zip(recoding.forms, recoding.losses(), strict=False):
        found[form.name] += float(sizes @ losses) / total
    return found


def gcp(recoding: Recoding) -> float:
    """Global certainty penalty: the mean NCP of all cells, from 0 to 1.

    Ghinita, Karras, Kalnis, Mamoulis, Fast data anonymization with low information loss, VLDB 2007, section 3.
    """
    each = ncp(recoding)
    return sum(each.values()) / max(len(each), 1)


def discernibility(recoding: Recoding) -> int:
    """Sum of the squared sizes of classes, and the number of all customers for each suppressed one.

    Bayardo, Agrawal, Data privacy through optimal k-anonymization, ICDE 2005, section 2.2.
    """
    sizes = [int(size) for size in recoding.counted.sizes]
    return sum(size * size for size in sizes) + recoding.frequencies.total * recoding.suppressed


def average_class(recoding: Recoding, k: int) -> float:
    """How many times the smallest allowed class the average class is; 1 is the least possible.

    LeFevre, DeWitt, Ramakrishnan, Mondrian multidimensional k-anonymity, ICDE 2006, section 4.
    """
    return float(recoding.counted.sizes.sum()) / max(recoding.classes, 1) / k


def non_uniform_entropy(recoding: Recoding) -> float:
    """How many bits a reader lacks of the values, as a share of what suppressing everybody would take.

    A cell lacks -log2 of how often its value occurs among all values that its label stands for. Gionis, Tassa,
    k-anonymization with minimal loss of information, TKDE 21(2), 2009 (there by column); scaled as in ARX.
    """
    frequencies, order = recoding.frequencies, recoding.order
    weights = frequencies.weights[order]
    class_of = recoding.number[order]
    lacking = most = 0.0
    for form, column in zip(recoding.forms, frequencies.identifiers, strict=True):
        counts = np.asarray(np.bincount(column.codes, weights=frequencies.weights, minlength=len(column)), np.float64)
        bits = -np.log2(counts[column.codes] / max(frequencies.total, 1))
        most += float(frequencies.weights @ bits)
        gone = recoding.number < 0
        lacking += float(frequencies.weights[gone] @ bits[gone])
        if len(order):
            among = form.within(form.codes[order], recoding.begins, counts)[class_of]
            lacking += float(weights @ -np.log2(counts[column.codes[order]] / among))
    return lacking / most if most else 0.0


def query_error(recoding: Recoding, seed: int, *, queries: int = 200, columns: int = 2, share: float = 0.5) -> float:
    """The median relative error of counts that a reader estimates, over random questions about identifiers.

    A question asks how many customers have one of some values in each of `columns` columns; the values are a run of
    about `share` of the column's, in their order. The reader takes each label's values for equally likely. The error is
    held against the true count, or 0.1 % of all customers where that is less. LeFevre et al., Workload-aware
    anonymization, KDD 2006; Xiao, Tao, Anatomy, VLDB 2006, section 6.
    """
    frequencies = recoding.frequencies
    if not 1 <= columns <= len(recoding.forms) or not 0 < share <= 1 or queries < 1:
        raise DeidError(
            f"found {queries} queries over {columns} columns with a share of {share:g}; expected 1 or more, at "
            f"most {len(recoding.forms)} columns, and a share above 0 and at most 1"
        )
    source = np.random.default_rng(seed)
    floor = max(frequencies.total / 1000, 1.0)
    errors = np.zeros(queries)
    for query in range(queries):
        true = np.ones(len(frequencies), np.bool_)
        estimate = recoding.counted.sizes.astype(np.float64)
        for axis in source.choice(len(recoding.forms), columns, replace=False):
            form, column = recoding.forms[axis], frequencies.identifiers[axis]
            asked = _run(source, len(column), share)
            true &= asked[column.codes] > 0
            if recoding.classes:
                codes = form.codes[recoding.order]
                among = form.within(codes, recoding.begins, np.ones(len(column)))
                estimate = estimate * form.within(codes, recoding.begins, asked) / among
        count = float(frequencies.weights[true].sum())
        errors[query] = abs(float(estimate.sum()) - count) / max(count, floor)
    return float(np.median(errors))


def _run(source: np.random.Generator, size: int, share: float) -> Floats:
    """1 for a random run of values, about that share of them and at least one; 0 for the rest."""
    length = max(1, round(size * share))
    begin = int(source.integers(0, size - length + 1))
    asked = np.zeros(size)
    asked[begin : begin + length] = 1.0
    return asked
