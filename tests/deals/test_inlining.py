"""A wanted question written into what is asked of it has the same answer, or stays."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from bailee.deals.inlining import over_tables
from bailee.deals.model import Asked, Deal, Wanted
from bailee.policy.datamap import parse_map
from tests.deals.shops import deal

MAP = parse_map("""
dataset:
  - fides_key: made
    collections:
      - name: lines
        fides_meta: {bailee: {subject: card, at: none}}
        fields:
          - {name: card, data_categories: [user.unique_id]}
          - {name: thing, data_categories: [user.behavior.purchase_history]}
          - {name: spent, data_categories: [user.behavior.purchase_history]}
      - name: things
        fides_meta: {bailee: {personal: false}}
        fields:
          - {name: thing, data_categories: [system.operations]}
          - {name: aisle, data_categories: [system.operations]}
      - name: members
        fides_meta: {bailee: {subject: card, at: none}}
        fields:
          - {name: card, data_categories: [user.unique_id]}
          - {name: age, data_categories: [user.demographic.age_range]}
""")
BOUGHT = (
    "SELECT l.card, t.aisle AS shelf, l.spent FROM lines l JOIN things t ON l.thing = t.thing "
    "WHERE l.spent > 1 OR t.aisle = 'tea'"
)


def _deal(question: str, by: tuple[str, ...], bought: str = BOUGHT) -> Deal:
    wanted = {
        "bought": Wanted("bought", question=bought, customer="card"),
        "people": Wanted("people", question="SELECT card, age FROM members WHERE age <> '0'", customer="card"),
    }
    return replace(deal(), wanted=wanted, asked={"q": Asked("q", "Q", question, by)})


def _answers(made: Deal) -> list[tuple[object, ...]]:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE lines AS SELECT range % 9 AS card, range % 5 AS thing, range % 7 AS spent FROM range(300)"
    )
    con.execute("CREATE TABLE things AS SELECT range AS thing, ['tea', 'rice'][range % 2 + 1] AS aisle FROM range(4)")
    con.execute("CREATE TABLE members AS SELECT range AS card, (range % 3)::VARCHAR AS age FROM range(8)")
    for key, wanted in made.wanted.items():
        if wanted.question is not None:
            con.execute(f"CREATE VIEW {key} AS {wanted.question}")
    return sorted(con.sql(made.asked["q"].question).fetchall())


@pytest.mark.parametrize(
    ("question", "by"),
    [
        ("SELECT shelf, sum(spent) AS spent FROM bought GROUP BY shelf", ("shelf",)),
        ("SELECT b.shelf, count(*) AS n FROM bought b WHERE b.spent < 5 OR b.shelf = 'rice' GROUP BY 1", ("shelf",)),
        (
            "SELECT p.age, b.shelf, sum(b.spent) AS s FROM bought b JOIN people p ON p.card = b.card GROUP BY 1, 2",
            ("age", "shelf"),
        ),
        ("SELECT p.age, avg(b.spent) AS s FROM people p JOIN bought b ON p.card = b.card GROUP BY ALL", ("age",)),
    ],
)
def test_the_answer_is_the_same(question: str, by: tuple[str, ...]) -> None:
    """M21: on an engine of the test's own, the question over views against the one over tables."""
    before = _deal(question, by)
    after = over_tables(before, MAP)
    assert all(wanted.question is None for wanted in after.wanted.values())
    assert _answers(before) == _answers(after)


def test_its_tables_are_wanted_with_their_customer_and_what_is_read() -> None:
    """A table about nobody has no customer."""
    after = over_tables(_deal("SELECT shelf, sum(spent) AS spent FROM bought GROUP BY shelf", ("shelf",)), MAP)
    assert {"lines": ("card", ("card", "thing", "spent")), "things": (None, ("thing", "aisle"))} == {
        key: (wanted.customer, wanted.columns) for key, wanted in after.wanted.items()
    }


@pytest.mark.parametrize(
    ("question", "bought"),
    [
        ("SELECT sum(spent) AS s FROM bought", "SELECT card, max(spent) AS spent FROM lines GROUP BY card"),
        ("SELECT sum(spent) AS s FROM bought", "SELECT * FROM lines"),
        ("SELECT sum(spent) AS s FROM bought", "SELECT card, spent FROM elsewhere"),
        ("SELECT sum(spent) AS s FROM bought", "SELECT DISTINCT card, spent FROM lines"),
        ("SELECT sum(b.spent) AS s FROM people p LEFT JOIN bought b ON p.card = b.card", BOUGHT),
        ("SELECT sum(spent) AS s FROM (SELECT * FROM bought)", BOUGHT),
        ("SELECT sum(card) AS s FROM bought b JOIN people p ON p.card = b.card", BOUGHT),
    ],
)
def test_what_could_change_an_answer_stays(question: str, bought: str) -> None:
    """Groups, stars, outer joins, questions inside, and names that are not sure."""
    before = _deal(question, (), bought)
    assert before == over_tables(before, MAP)
