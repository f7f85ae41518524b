"""How good suggestions are, against the truth: precision and recall at each degree of confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from bailee.deid.discovery import Suggestion
from bailee.gate.discovery.found import Discovered
from bailee.policy.model import DataMap
from tests.deid.discovery.made import Made, Truth

DEGREES = ("sure", "likely", "unsure")


class Score(NamedTuple):
    """Of suggestions at a degree or above: how many, how many right, of how many columns with a category."""

    told: int
    right: int
    of: int

    @property
    def precision(self) -> float:
        return self.right / self.told if self.told else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.of if self.of else 1.0


def load(file: Path, made: Iterable[Made]) -> tuple[Truth, ...]:
    """Write made tables into a DuckDB file; the truth about them."""
    truths: list[Truth] = []
    with duckdb.connect(str(file)) as con:
        for each in made:
            rows = each.rows  # noqa: F841  DuckDB finds it by its name
            con.execute(f'CREATE TABLE "{each.name}" AS SELECT * FROM rows')
            truths += each.truths
    return tuple(truths)


def right(truth: Truth, category: str | None) -> bool:
    """Whether a category is the column's, or as good an answer."""
    return category is not None and category in (truth.category, *truth.also)


def score(truths: Sequence[Truth], told: Mapping[tuple[str, str], Suggestion], degree: str) -> Score:
    """Count what was suggested of personal data, at a degree of confidence or above."""
    counted = DEGREES[: DEGREES.index(degree) + 1]
    rows = [(truth, told[truth.table, truth.column]) for truth in truths]
    said = [
        (truth, each) for truth, each in rows if each.confidence in counted and each.category != "system.operations"
    ]
    return Score(
        len(said),
        sum(right(truth, each.category) for truth, each in said),
        sum(truth.category is not None for truth in truths),
    )


def told(found: Discovered) -> dict[tuple[str, str], Suggestion]:
    """What was suggested, by table and column."""
    return {(table.name, each.column): each for table in found.tables for each in table.columns}


def truths_of(datamap: DataMap) -> list[Truth]:
    """The truth as a data map says it; a table about nobody says nothing of a person."""
    return [
        Truth(table.name, column.name, column.categories[0] if table.personal else None, column.categories[1:])
        for table in datamap.tables.values()
        for column in table.columns.values()
    ]
