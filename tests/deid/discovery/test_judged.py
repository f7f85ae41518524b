"""How often suggestions are right on made tables, whole looks at a real DuckDB: less than this and a change did harm.

`bench/discovery.py` measures all places; `spec/discovery.md` has the figures.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bailee.deid.discovery import Column, judge
from bailee.engines import Limits
from bailee.gate.connections import Connection
from bailee.gate.discovery.discovering import discover
from bailee.gate.discovery.found import Discovered
from bailee.policy.model import DataMap
from tests.deid.discovery import judging, made

NOW = datetime(2026, 11, 22, tzinfo=UTC)
Looked = tuple[tuple[made.Truth, ...], Discovered]


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    """One place of those by which weights were chosen, and one that was kept apart."""
    file = tmp_path_factory.mktemp("made") / "made.duckdb"
    places = [made.SEEN[0], next(place for place in made.HELD_OUT if place[0] == "de_AT")]
    truths = judging.load(file, made.tables(places))
    return truths, discover(Connection(database=file), Limits(), DataMap({}, {}), NOW, b"k" * 32)


@pytest.mark.parametrize(
    ("informative", "degree", "precision", "recall"),
    [
        (True, "sure", 1.0, 0.55),
        (True, "likely", 0.97, 0.8),
        (True, "unsure", 0.95, 0.9),
        (False, "sure", 1.0, 0.3),
        (False, "likely", 0.97, 0.45),
        (False, "unsure", 0.93, 0.55),
    ],
)
def test_as_good_as_ever(looked: Looked, informative: bool, degree: str, precision: float, recall: float) -> None:
    """At each degree of confidence so many suggestions are right, and so many personal columns are found."""
    truths = [truth for truth in looked[0] if truth.informative == informative]
    found = judging.score(truths, judging.told(looked[1]), degree)
    assert found.precision >= precision
    assert found.recall >= recall


def test_better_than_names_alone(looked: Looked) -> None:
    """With what is in the columns, more are found and no fewer are right than by their names alone."""
    truths, told = looked[0], judging.told(looked[1])
    alone = {(t, c): judge(Column(t, c, each.type), headers_only=True) for (t, c), each in told.items()}
    whole, names = (judging.score(truths, each, "likely") for each in (told, alone))
    assert whole.recall > names.recall + 0.2
    assert whole.precision >= names.precision


def test_no_table_of_people_is_taken_for_nobody_s(looked: Looked) -> None:
    """A table about nobody is always shown, so none of people may be taken for one."""
    people = {truth.table for truth in looked[0] if truth.category is not None}
    assert [] == [each.name for each in looked[1].tables if each.personal is False and each.name in people]
