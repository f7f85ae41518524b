"""Test 4: what is not needed is found by answering without it, and nothing else is called needless."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Finding, Outcome
from bailee.deals.narrowing import columns, narrowed
from bailee.deals.screening import minimisation
from tests.deals.shops import deal, evidence, people, shop

SMALL = ("treated: {min_group: 20}", "treated: {min_group: 20}")


def _columns(finding: Finding) -> dict[str, tuple[float, object]]:
    rows = next(series.rows for series in finding.series if "without each column" in series.title)
    return {str(row[0]): (float(row[1] or 0), row[2]) for row in rows}


def test_a_column_is_needless_if_every_answer_is_the_same_without_it() -> None:
    """M15: the town is read by no question; of four parts of usefulness, three need the age and all the money."""
    found = minimisation.find(evidence(deal(), *shop()))
    lost = {name: lost for name, (lost, _) in _columns(found).items()}
    assert {"lines.at": 0.25, "lines.aisle": 0.75, "lines.spent": 1.0, "people.age": 0.75, "people.town": 0.0} == lost
    change = next(remedy.change for remedy in found.remedies if "`town`" in remedy.sentence)
    assert {"wanted.people.columns": ["card", "age"]} == change


def test_a_moment_that_is_only_counted_by_month_is_needed_by_the_month() -> None:
    """M15: a year loses the months; a month keeps them all."""
    found = minimisation.find(evidence(deal(), *shop()))
    assert "month" == _columns(found)["lines.at"][1]
    assert any({"wanted.lines.coarse": {"at": "month"}} == remedy.change for remedy in found.remedies)


def test_rows_are_not_needed_where_groups_say_the_same() -> None:
    """M15: with groups of hundreds, figures keep all; with one customer in each, they keep nothing and rows pass."""
    large = minimisation.find(evidence(deal(), *shop(1, 800, 12)))
    assert Outcome.REFUSED == large.outcome
    assert {"form": "aggregate", "treated.min_group": 20} == large.remedies[0].change
    few = minimisation.find(evidence(deal(("columns: [card, age, town]", "columns: [card, age]")), *_apart()))
    assert Outcome.PASSED == few.outcome


def _apart() -> tuple[dict[str, pa.Table], pa.Table]:
    """Two hundred customers, each in an aisle and month of their own."""
    sent, _ = shop(1, 200, 1)
    lines = sent["lines"].set_column(2, "aisle", pa.array([f"aisle {each}" for each in range(200)]))
    months = np.datetime64("2025-01-01", "us") + (np.arange(200) * 31).astype("timedelta64[D]")
    return {"lines": lines.set_column(1, "at", pa.array(months)), "people": sent["people"]}, people(200)


def test_a_shorter_time_is_measured() -> None:
    """M15: the last month of even purchases says much of what the year says of ages and aisles, nothing of months."""
    found = minimisation.find(evidence(deal(), *shop(1, 800, 24)))
    rows = next(series.rows for series in found.series if "shorter time" in series.title)
    kept = {str(row[0]): float(row[1] or 0) for row in rows}
    assert 3 == len(kept)
    assert all(0.6 < value < 0.9 for value in kept.values())
    assert sorted(kept.values()) == list(kept.values())


def test_a_deal_whose_questions_have_no_answer_is_refused() -> None:
    """A question over a column that is not wanted cannot be compared."""
    sent, those = shop()
    wanted = deal(("columns: [card, at, aisle, spent]", "columns: [card, at, aisle]"))
    found = minimisation.find(evidence(wanted, sent, those))
    assert Outcome.REFUSED == found.outcome
    assert "could not be measured" in found.sentence


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("SELECT * FROM people", "SELECT card, age FROM people"),
        ("SELECT card, age, town FROM people WHERE town = 'Cole'", "SELECT card, age FROM people WHERE town = 'Cole'"),
        ("SELECT p.card, p.town AS t, p.age FROM people AS p", "SELECT p.card, p.age FROM people AS p"),
        (
            "SELECT card, age, town FROM people LIMIT 5",
            "SELECT card, age FROM (SELECT card, age, town FROM people LIMIT 5) AS wanted",
        ),
        (
            "SELECT DISTINCT card, age, town FROM people",
            "SELECT card, age FROM (SELECT DISTINCT card, age, town FROM people) AS wanted",
        ),
    ],
)
def test_a_question_is_narrowed_to_some_columns_and_the_key(question: str, expected: str) -> None:
    """Items of a plain SELECT are left out; any other question is asked whole, inside."""
    wanted = deal(
        ("{table: people, columns: [card, age, town], customer: card}", f'{{question: "{question}", customer: card}}')
    )
    made = narrowed(wanted.wanted["people"], {"age"}, ["card", "age", "town"])
    assert expected == made.question
    assert ["card", "age"] == columns(made, ["card", "age", "town"])


def test_the_grocers_offer_asks_for_twelve_columns_too_many(harbour: Evidence) -> None:
    """Of 16 the department, the money, the age and the size are read; groups of twenty keep nearly every answer."""
    found = minimisation.find(harbour)
    needed = {name for name, (lost, _) in _columns(found).items() if lost}
    assert {"purchases.department", "purchases.sales_value", "households.age", "households.household_size"} == needed
    assert Outcome.REFUSED == found.outcome
    households = next(remedy.change for remedy in found.remedies if "`income`" in remedy.sentence)
    assert {"wanted.households.question": "SELECT household_id, age, household_size FROM demographics"} == households


def test_what_is_not_about_customers_is_left_alone(harbour: Evidence) -> None:
    """The number that we give each customer is no column that anybody wants."""
    assert not any(CUSTOMER in name for name in _columns(minimisation.find(replace(harbour, seed=1))))
