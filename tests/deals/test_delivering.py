"""What leaves by form: held against plain Python over the same rows, and SQL of the test's own."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from bailee.deals.contributions import contributions
from bailee.deals.delivering import cohort, delivered
from bailee.deals.evidence import CUSTOMER
from bailee.deals.grouping import shown
from bailee.deals.model import Asked
from bailee.deid.pseudonyms import pseudonym
from bailee.engines.duckdb.scratch import scratch
from bailee.errors import DeidError
from tests.deals.shops import KEY, deal, people, shop

SENT, PEOPLE = shop()
DEIDENTIFIED = ("", "treated: {k: 12, identifiers: [age, town]}")
AGGREGATE = ("form: identified", "form: aggregate")


def test_identified_is_the_wanted_columns_of_the_cohort() -> None:
    """M3: every row of whoever stands, with the wanted columns and no number of ours."""
    found = delivered(deal(), SENT, PEOPLE, KEY)
    standing = {5000 + each for each in range(400) if each % 10}
    assert ["card", "at", "aisle", "spent"] == found["lines"].column_names
    expected = [row for row in SENT["lines"].drop_columns([CUSTOMER]).to_pylist() if row["card"] in standing]
    assert expected == found["lines"].to_pylist()


def test_the_cohort_is_who_stands_is_of_age_and_in_the_places() -> None:
    """M2: all three together; unknown age or place is outside, and a country holds its subdivisions."""
    ages = pa.array([17, 18, None, 40, 40, 40], pa.int32())
    places = pa.array(["US-MA", "US-MA", "US-MA", "US-OH", None, "US-MA"])
    stands = pa.array([True, True, True, True, True, False])
    those = people(6, age=ages, place=places, stands=stands)
    for limit, expected in {
        "{standing: true}": [0, 1, 2, 3, 4],
        "{min_age: 18}": [1, 3, 4],
        "{min_age: 18, places: [US-MA]}": [1],
        "{min_age: 18, places: [US], standing: false}": [1, 3, 5],
    }.items():
        assert expected == cohort(deal(("", f"cohort: {limit}")), those).tolist()


def test_a_pseudonym_is_the_recipients_own_and_joins_the_tables() -> None:
    """M3: the key becomes deid's pseudonym of its text in every table, so rows of one customer belong together."""
    found = delivered(deal(("form: identified", "form: pseudonymous")), SENT, PEOPLE, KEY)
    lines, those = (set(found[key]["card"].to_pylist()) for key in ("lines", "people"))
    expected = {pseudonym(KEY, str(5000 + each)) for each in range(400) if each % 10}
    assert expected == lines == those
    other = delivered(deal(("form: identified", "form: pseudonymous")), SENT, PEOPLE, bytes(32))
    assert not lines & set(other["lines"]["card"].to_pylist())


def test_coarse_columns_leave_coarse() -> None:
    """M3: a moment wanted by the month leaves as the month's first day."""
    found = delivered(deal(("customer: card}", "customer: card, coarse: {at: month}}")), SENT, PEOPLE, KEY)
    assert {1} == {day.day for day in found["lines"]["at"].unique().to_pylist()}


def test_deidentified_rows_are_shared_by_k_customers() -> None:
    """M4: counted in plain Python: each published combination has k rows, nobody's key is there, few are left out."""
    found = delivered(deal(("form: identified", "form: deidentified"), DEIDENTIFIED), SENT, PEOPLE, KEY)
    assert ["age", "town"] == found["people"].column_names
    assert ["at", "aisle", "spent"] == found["lines"].column_names
    sizes = Counter(zip(*found["people"].to_pydict().values(), strict=True))
    assert min(sizes.values()) >= 12
    assert 360 * 0.95 <= sum(sizes.values()) <= 360
    assert len(sizes) > 1


def test_deidentified_rows_say_nothing_by_their_order() -> None:
    """M4: they come in the order of their own values."""
    found = delivered(deal(("form: identified", "form: deidentified"), DEIDENTIFIED), SENT, PEOPLE, KEY)
    rows = list(zip(*found["people"].to_pydict().values(), strict=True))
    assert sorted(rows) == rows


def test_an_identifier_that_differs_within_a_customer_is_refused() -> None:
    """M4: one recoding for all cannot be made of it."""
    those = deal(("form: identified", "form: deidentified"), ("", "treated: {k: 5, identifiers: [aisle]}"))
    with pytest.raises(DeidError, match="differs between rows of one customer"):
        delivered(those, SENT, PEOPLE, KEY)


def test_a_deidentified_deal_names_its_identifiers() -> None:
    """Without them nothing leaves."""
    with pytest.raises(DeidError, match="identifiers"):
        delivered(deal(("form: identified", "form: deidentified"), ("", "treated: {k: 5}")), SENT, PEOPLE, KEY)


def _cells(sent: dict[str, pa.Table], standing: set[int]) -> dict[tuple[str, str], dict[int, float]]:
    """Age and aisle -> customer -> what they spent, by hand."""
    age = dict(zip(sent["people"]["card"].to_pylist(), sent["people"]["age"].to_pylist(), strict=True))
    cells: dict[tuple[str, str], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row in sent["lines"].to_pylist():
        if row["card"] in standing:
            cells[age[row["card"]], row["aisle"]][row["card"]] += row["spent"]
    return cells


def test_an_aggregate_deal_gives_answers_about_groups_only() -> None:
    """M5: cells of enough customers with the sums of plain Python; no cell of fewer, and no rows at all."""
    found = delivered(deal(AGGREGATE, ("", "treated: {min_group: 96}")), SENT, PEOPLE, KEY)
    assert {"aisles", "months"} == set(found)
    cells = _cells(SENT, {5000 + each for each in range(400) if each % 10})
    told = {(row["age"], row["aisle"]): row["spent"] for row in found["aisles"].to_pylist()}
    assert 0 < len(told) < len(cells)
    for key, value in told.items():
        assert len(cells[key]) >= 96
        assert value == pytest.approx(sum(cells[key].values()))


def test_no_line_gives_its_one_hidden_cell_away() -> None:
    """M6: of each age and each aisle either none or at least two cells are hidden, so a total tells none."""
    found = delivered(deal(AGGREGATE, ("", "treated: {min_group: 96}")), SENT, PEOPLE, KEY)
    told = {(row["age"], row["aisle"]) for row in found["aisles"].to_pylist()}
    ages, aisles = ("18-34", "35-54", "55+"), ("bread", "fruit", "meat", "wine")
    lines = [[(age, aisle) for aisle in aisles] for age in ages] + [[(age, aisle) for age in ages] for aisle in aisles]
    assert 1 not in {sum(cell not in told for cell in line) for line in lines}


def test_a_cell_that_one_customer_all_but_makes_is_hidden() -> None:
    """M6: the p % rule: whoever knows their own part could tell the largest one's."""
    lines = SENT["lines"].to_pydict()
    lines["spent"][lines["aisle"].index("wine")] = 1e6
    sent = SENT | {"lines": pa.table(lines)}
    found = delivered(deal(AGGREGATE, ("", "cohort: {standing: false}\ntreated: {min_group: 2}")), sent, PEOPLE, KEY)
    ages = SENT["people"]["age"].to_pylist()
    rich = ages[lines["card"][lines["aisle"].index("wine")] - 5000]
    assert (rich, "wine") not in {(row["age"], row["aisle"]) for row in found["aisles"].to_pylist()}


@pytest.mark.parametrize(
    ("question", "by", "told"),
    [
        ("SELECT max(spent) AS most FROM lines", "[]", "does not add up over customers"),
        ("SELECT aisle, sum(spent) AS spent FROM lines GROUP BY 1 HAVING sum(spent) > 1", "[aisle]", "has `having`"),
        ("SELECT sum(spent) AS spent FROM lines GROUP BY aisle", "[]", "not among `by`"),
        ("SELECT count(*) AS n FROM lines l JOIN people p ON p.card <> l.card", "[]", "rows of different customers"),
        ("SELECT count(*) AS n FROM (SELECT * FROM lines)", "[]", "a question inside"),
        ("SELECT count(DISTINCT aisle) AS n FROM lines", "[]", "which customers share"),
        ("SELECT card, spent FROM lines", "[card]", "outside an aggregate"),
        ("SELECT sum(spent) AS spent FROM elsewhere", "[]", "no key of `wanted`"),
        ("SELECT sum(shoes) AS spent FROM lines", "[]", "cannot be answered"),
        ("SELECT sum(spent) AS s FROM lines UNION SELECT sum(spent) AS s FROM lines", "[]", "no single `SELECT`"),
        ("DELETE FROM lines", "[]", "DELETE"),
    ],
)
def test_a_question_that_does_not_add_up_over_customers_is_refused(question: str, by: str, told: str) -> None:
    """M5: nobody could say whose data would be in its answer."""
    grouped = tuple(by.strip("[]").split(", ")) if by != "[]" else ()
    those = deal(AGGREGATE, ("", "treated: {min_group: 5}"))
    those = replace(those, asked={"odd": Asked("odd", "Odd", question, grouped)})
    with pytest.raises(DeidError, match=told):
        delivered(those, SENT, PEOPLE, KEY)


@pytest.mark.parametrize(
    ("figures", "joined"),
    [
        ("sum(spent) AS a, avg(spent) AS b, count(*) AS c", False),
        ("count(DISTINCT card) AS a, sum(spent) / count(DISTINCT card) AS b", False),
        ("count(*) FILTER (WHERE spent > 10) AS a, sum(spent * 2 - 1) + 3 AS b", False),
        ("sum(l.spent) AS a, count(p.town) AS b", True),
    ],
)
def test_answers_from_contributions_are_the_questions_own(figures: str, joined: bool) -> None:
    """M5: summed over everybody, the parts by customer give what the question gives on an engine of the test's own."""
    tables = "lines l JOIN people p ON p.card = l.card" if joined else "lines l"
    question = f"SELECT l.aisle, {figures} FROM {tables} GROUP BY l.aisle"
    asked = deal(("  months:", f'  odd: {{title: Odd, question: "{question}", by: [aisle]}}\n  months:')).asked["odd"]
    with scratch(SENT) as held:
        made = contributions(asked, deal().wanted, SENT, held)
        found = made.answer(held, made.table).sort_by("aisle").to_pydict()
    con = duckdb.connect()
    con.register("lines", SENT["lines"])
    con.register("people", SENT["people"])
    expected = con.sql(question).to_arrow_table().sort_by("aisle").to_pydict()
    for name, values in expected.items():
        kind = str if name == "aisle" else float
        assert [kind(each) for each in values] == pytest.approx([kind(each) for each in found[name]])


def test_what_is_hidden_in_a_large_table_cannot_be_worked_out() -> None:
    """M6: over random tables those shown and the totals fix no hidden cell: the null space moves each of them."""
    for seed in range(5):
        sent, those = shop(seed, 150, 4)
        with scratch(sent) as held:
            made = contributions(deal().asked["aisles"], deal().wanted, sent, held)
            found = shown(made, np.arange(150), 25, held)
        cells = {(row["age"], row["aisle"]) for row in found.answer.to_pylist()}
        hidden = [(a, b) for a in ("18-34", "35-54", "55+") for b in ("bread", "fruit", "meat", "wine")]
        hidden = [cell for cell in hidden if cell not in cells]
        lines = [
            [float(cell[axis] == value) for cell in hidden] for axis in (0, 1) for value in {c[axis] for c in hidden}
        ]
        if hidden:
            matrix = np.array(lines)
            free = np.eye(len(hidden)) - np.linalg.pinv(matrix) @ matrix
            assert (np.abs(free).max(axis=0) > 1e-9).all()
        assert those.num_rows == 150
