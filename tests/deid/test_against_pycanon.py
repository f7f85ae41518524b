"""Counts in SQL and in the library find what pycanon 1.3.6 found of the same rows, kept in `pycanon.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bailee.deid import Promise, Recoding, Sets
from bailee.deid.criteria import Closeness, Distinct, Size
from bailee.deid.frequencies import groups
from tests.deid import counting, slow

FOUND = json.loads((Path(__file__).parent / "pycanon.json").read_text(encoding="utf-8"))
NAMES = ["q0", "q1"]


def table(case: dict[str, Any], number: bool) -> Any:
    rows = [(row[0], row[1], int(row[2]) if number else row[2]) for row in case["rows"]]
    return slow.table(rows, NAMES, ["s"])


def as_it_is(raw: Any) -> Recoding:
    """Every combination published as itself."""
    counted = slow.frequencies(raw, NAMES, ["s"])
    number, many = groups([c.codes for c in counted.identifiers], [len(c) for c in counted.identifiers])
    return Recoding(counted, tuple(Sets.of(c) for c in counted.identifiers), number, many)


@pytest.mark.parametrize("case", FOUND["text"])
def test_text(case: dict[str, Any]) -> None:
    """k, distinct l, the whole part of exp entropy, and t by the equal distance."""
    raw = table(case, number=False)
    found = counting.count(raw, NAMES, ["s"])
    sensitive = found.sensitive["s"]
    assert (case["k"], case["l"]) == (found.k, sensitive.distinct)
    assert case["entropy"] == int(sensitive.entropy - 1e-9)  # pycanon cuts the 1.999... of two even values to 1
    assert case["t"] == pytest.approx(sensitive.t_equal)
    recoding = as_it_is(raw)
    classes = recoding.counted
    assert Size(case["k"]).holds(classes).all()
    assert not Size(case["k"] + 1).holds(classes).all()
    assert Distinct(0, case["l"]).holds(classes).all()
    assert not Distinct(0, case["l"] + 1).holds(classes).all()
    closeness = Closeness.to(recoding.frequencies, 0, case["t"])
    assert case["t"] == pytest.approx(closeness.distances(classes.counts[0]).max())


@pytest.mark.parametrize("case", FOUND["numbers"])
def test_numbers(case: dict[str, Any]) -> None:
    """t of numbers by the ordered distance."""
    raw = table(case, number=True)
    assert case["t"] == pytest.approx(counting.count(raw, NAMES, ["s"]).sensitive["s"].t_ordered)
    recoding = as_it_is(raw)
    closeness = Closeness.to(recoding.frequencies, 0, case["t"], ordered=True)
    assert case["t"] == pytest.approx(closeness.distances(recoding.counted.counts[0]).max())


def test_promises_agree() -> None:
    """A promise of just what pycanon found holds, and of a little more does not."""
    from bailee.deid.criteria import hold

    for case in FOUND["text"]:
        recoding = as_it_is(table(case, number=False))
        just = Promise(max(case["k"], 2), distinct=case["l"], t=case["t"])
        more = Promise(max(case["k"], 2), distinct=case["l"], t=case["t"] * 0.99)
        assert hold(just.criteria(recoding.frequencies), recoding.counted).all()
        assert not hold(more.criteria(recoding.frequencies), recoding.counted).all()
