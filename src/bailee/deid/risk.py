"""How likely somebody is to be found in a publication, by three attackers as the literature names them.

The *prosecutor* knows that the person is in the table; the *journalist* knows only that they are in a population that
the table was drawn from; the *marketer* wants as many as possible. El Emam, Dankar, Protecting privacy using
k-anonymity, JAMIA 15(5), 2008; El Emam, Guide to the de-identification of personal health information, 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bailee.deid.frequencies import Frequencies, Ints, groups
from bailee.errors import DeidError


@dataclass(frozen=True, slots=True)
class Risk:
    """Chances over all customers: of whoever is easiest to find, on average, and how many are above a threshold."""

    highest: float
    average: float
    at_risk: float


def prosecutor(sizes: Ints, threshold: float = 0.2) -> Risk:
    """One over the size of a customer's class. On average that is classes / customers, the marketer's risk too.

    `at_risk` is the share of customers whose chance is above the threshold.
    """
    return _risk(sizes, sizes, threshold)


def journalist(sizes: Ints, population: Ints, threshold: float = 0.2) -> Risk:
    """One over how many of the population share a customer's class; `population` has that number for each class.

    Raises `DeidError` where a class is larger than the population says, so that it cannot be what it was drawn from.
    """
    if len(sizes) != len(population) or (population < sizes).any():
        raise DeidError(
            "a class has more customers than its population; expected, for each class, all who share its values"
        )
    return _risk(sizes, population, threshold)


def marketer(sizes: Ints, population: Ints | None = None) -> float:
    """The share of customers whom matching everybody finds on average. Dankar, El Emam, PAIS 2010."""
    return _risk(sizes, sizes if population is None else population, 1.0).average


def _risk(sizes: Ints, among: Ints, threshold: float) -> Risk:
    total = int(sizes.sum())
    if not total:
        return Risk(0.0, 0.0, 0.0)
    chance = 1 / among
    return Risk(float(chance.max()), float(sizes @ chance) / total, float(sizes[chance > threshold].sum()) / total)


@dataclass(frozen=True, slots=True)
class Uniqueness:
    """Of raw values: how many combinations, and the shares of customers who are alone, or nearly, with theirs."""

    customers: int
    combinations: int
    unique: float
    below: float


def uniqueness(frequencies: Frequencies, k: int = 5) -> Uniqueness:
    """How many customers are the only one with their identifiers, and how many are of fewer than `k` with the same."""
    sizes = raw_classes(frequencies)
    total = max(int(sizes.sum()), 1)
    alone, few = int(sizes[sizes == 1].sum()), int(sizes[sizes < k].sum())
    return Uniqueness(int(sizes.sum()), len(sizes), alone / total, few / total)


def raw_classes(frequencies: Frequencies) -> Ints:
    """How many customers have each combination of identifiers."""
    columns = frequencies.identifiers
    number, many = groups([column.codes for column in columns], [len(column) for column in columns])
    return np.bincount(number, weights=frequencies.weights, minlength=many).astype(np.int64)


def correct_match(sizes: Ints, sampled: float) -> float:
    """The chance that somebody of the population who matches one row only of the table is that row's person.

    The table is a random sample of the share `sampled` of the population. An estimate that assumes no model: Skinner,
    Elliot, A measure of disclosure risk for microdata, JRSS B 64(4), 2002, equation 5: with n1 classes of one and n2 of
    two, sampled * n1 / (sampled * n1 + 2 * (1 - sampled) * n2).
    """
    if not 0 < sampled <= 1:
        raise DeidError(f"the sampled share is {sampled:g}; expected above 0 and at most 1")
    ones, twos = int((sizes == 1).sum()), int((sizes == 2).sum())
    whole = sampled * ones + 2 * (1 - sampled) * twos
    return sampled * ones / whole if whole else 0.0
