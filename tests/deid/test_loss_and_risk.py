"""Losses and risks are what their sources define, worked out by hand on small tables."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from bailee.deid import DeidError, Frequencies, Promise, Ranges, Recoding, Sets, mondrian
from bailee.deid.loss import average_class, discernibility, gcp, loss, ncp, non_uniform_entropy, query_error
from bailee.deid.risk import correct_match, journalist, marketer, prosecutor, uniqueness
from tests.deid import shop, slow


def small() -> Recoding:
    """Five customers in two classes and one suppressed: ages 20, 30 | 40, 40, 60 | 25; colours r, g | b, b, b | r."""
    raw = slow.table(
        [(20, "r"), (30, "g"), (40, "b"), (40, "b"), (60, "b"), (25, "r")], ["age", "colour"]
    )  # fmt: skip
    counted = slow.frequencies(raw, ["age", "colour"])
    age = counted.identifiers[0].values.to_pylist()
    of = {20: 0, 30: 0, 40: 1, 60: 1, 25: -1}
    number = np.array([of[age[code]] for code in counted.identifiers[0].codes])
    return Recoding(counted, (Ranges.of(counted.column("age")), Sets.of(counted.column("colour"))), number, 2)


def test_ncp_and_gcp_by_hand() -> None:
    """Ages: 10 of 40 for two, 20 of 40 for three, all for one. Colours: 2 of 3 for two, none for three, all for one."""
    expected = {"age": (2 * 0.25 + 3 * 0.5 + 1) / 6, "colour": (2 * 2 / 3 + 0 + 1) / 6}
    assert expected == pytest.approx(ncp(small()))
    assert sum(expected.values()) / 2 == pytest.approx(gcp(small()))


def test_discernibility_and_average_class_by_hand() -> None:
    """2^2 + 3^2 + 6 x 1; five customers in two classes, of a k of 2."""
    assert (19, 1.25) == (discernibility(small()), average_class(small(), 2))


def test_non_uniform_entropy_by_hand() -> None:
    """Of each cell, how often its value is among those that its label stands for; scaled by suppressing everybody."""
    ages = [log2(3 / 1)] * 2 + [log2(3 / 2)] * 2 + [log2(3)] + [log2(6)]  # 25 lies in 20 to 30, though it is suppressed
    colours = [log2(3 / 2), log2(3 / 1), 0, 0, 0, log2(6 / 2)]
    most = [log2(6)] * 2 + [log2(3)] * 2 + [log2(6)] * 2 + [log2(3), log2(6), 1, 1, 1, log2(3)]
    assert (sum(ages) + sum(colours)) / sum(most) == pytest.approx(non_uniform_entropy(small()))


def test_what_is_published_whole_loses_nothing_and_answers_exactly() -> None:
    """Three of each combination at k = 3."""
    raw = slow.table([(a, c) for a in (1, 2, 5) for c in "xy" for _ in range(3)], ["a", "c"])
    counted = slow.frequencies(raw, ["a", "c"])
    found = mondrian(counted, [Ranges.of(counted.column("a")), Sets.of(counted.column("c"))], Promise(3))
    measured = loss(found, 3)
    assert (0.0, 0.0, 1.0, 6, 0) == (
        measured.gcp, measured.entropy, measured.average_class, measured.classes, measured.suppressed
    )  # fmt: skip
    assert 0.0 == query_error(found, 1)


def test_coarser_answers_are_further_off() -> None:
    """The query error grows with k, and the same seed asks the same."""
    counted = shop.counted(shop.customers(6, 4000), shop.IDENTIFIERS)
    forms = [Ranges.of(c) if c.name == "birth_year" else Sets.of(c) for c in counted.identifiers]
    fine, coarse = (mondrian(counted, forms, Promise(k)) for k in (3, 200))
    assert query_error(fine, 9) == query_error(fine, 9)
    assert query_error(fine, 9) < query_error(coarse, 9)
    with pytest.raises(DeidError, match="at most 4 columns"):
        query_error(fine, 9, columns=5)


def test_three_attackers_by_hand() -> None:
    """Classes of 2, 3 and 5 of a population with 4, 30 and 5."""
    sizes, population = np.array([2, 3, 5]), np.array([4, 30, 5])
    found = prosecutor(sizes, 0.3)
    assert (0.5, 0.3, 0.5) == (found.highest, pytest.approx(found.average), found.at_risk)
    found = journalist(sizes, population, 0.22)
    assert (0.25, (2 / 4 + 3 / 30 + 5 / 5) / 10, 0.2) == (found.highest, pytest.approx(found.average), found.at_risk)
    assert 0.16 == pytest.approx(marketer(sizes, population))
    assert 0.3 == pytest.approx(marketer(sizes))


def test_a_population_smaller_than_the_table_is_refused() -> None:
    """It cannot be what the table was drawn from."""
    with pytest.raises(DeidError, match="a class has more customers than its population"):
        journalist(np.array([3]), np.array([2]))


def test_uniqueness_counts_customers() -> None:
    """Two alone, two together, five together: below 5 are four of nine."""
    raw = slow.table([("a",), ("b",), *[("c",)] * 2, *[("d",)] * 5], ["q"])
    found = uniqueness(slow.frequencies(raw, ["q"]))
    assert (9, 4, 2 / 9, 4 / 9) == (found.customers, found.combinations, found.unique, found.below)


def test_the_chance_of_a_correct_match_is_that_of_a_drawn_sample() -> None:
    """Draw half of a population: the estimate from the sample alone is near the true share of its uniques."""
    source = np.random.default_rng(11)
    population = source.zipf(1.4, 400_000) % 100_000
    sampled = population[source.random(len(population)) < 0.5]
    values, counts = np.unique(sampled, return_counts=True)
    whole = dict(zip(*np.unique(population, return_counts=True), strict=True))
    alone = values[counts == 1]
    true = len(alone) / sum(whole[value] for value in alone)
    assert true == pytest.approx(correct_match(counts, 0.5), abs=0.01)
    with pytest.raises(DeidError, match="expected above 0 and at most 1"):
        correct_match(counts, 0)


def test_published_adult_is_known_by_its_raw_uniqueness() -> None:
    """18,109 combinations of 30,162 customers, as privattacks 1.4 finds too (re-identification 0.600)."""
    raw, files = shop.adult()
    found = uniqueness(shop.counted(raw, tuple(files)))
    assert (30162, 18109) == (found.customers, found.combinations)


def test_columns_that_do_not_fit_are_told() -> None:
    """Counts below one, a column named twice, one that is not there."""
    table = slow.table([("a", 0)], ["q", "rows"])
    with pytest.raises(DeidError, match="`rows` holds 0; expected counts of 1 and more"):
        Frequencies.from_arrow(table, ["q"])
    with pytest.raises(DeidError, match="each of `q`, `q`, `rows` exactly once"):
        Frequencies.from_arrow(table, ["q", "q"])
    with pytest.raises(DeidError, match="found the columns `q`, `rows`"):
        Frequencies.from_arrow(table, ["z"])
