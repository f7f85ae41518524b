"""Which questions are answered with noise, and every shape that the proof is not about, refused with its remedy."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal

import pytest

from bailee.errors import Refused
from bailee.policy.model import Column, DataMap, Reference, Reveal, Table
from bailee.policy.predicates import Predicate
from bailee.rewrite import rewrite
from bailee.rewrite.dialects import named
from tests.deid import noisy
from tests.rewrite import golden
from tests.rewrite import shop as made

RULING = noisy.ruling()
FOLDER = golden.GOLDEN / "noise"


@pytest.fixture(scope="module")
def shop() -> made.Shop:
    """One shop for all."""
    return noisy.open_shop([])


@pytest.mark.parametrize(
    ("question", "instead"),
    [
        ("SELECT store_id, count(*) FROM visits GROUP BY store_id", r"name them in the data map as `values: \[..\]`"),
        ("SELECT upper(region), count(*) FROM visits GROUP BY 1", "group by columns as they are"),
        ("SELECT units > 2, count(*) FROM visits GROUP BY ALL", "group by columns as they are"),
        ("SELECT stddev(units) FROM visits", "ask for count, sum and avg"),
        ("SELECT var_pop(units) FROM visits", "ask for count, sum and avg"),
        ("SELECT sum(units * store_id) FROM visits", r"`visits.store_id` has no bounds"),
        ("SELECT sum(units * units * units) FROM visits", "of a column or of a product of two"),
        ("SELECT sum(store_id) FROM visits", r"such as `between: \[0, 200\]` under `fides_meta.bailee`"),
        ("SELECT avg(store_id) FROM visits", r"`between: \[0, 200\]`"),
        ("SELECT sum(units) FROM lines", "depends on other customers' rows"),
        (
            "SELECT sum(l.units) FROM lines l JOIN visits v ON l.visit_id = v.visit_id",
            "depends on other customers' rows",
        ),
        (
            "SELECT sum(units), store_id FROM visits JOIN stores USING (store_id) GROUP BY units",
            "stands outside|values",
        ),
        ("SELECT max(units) FROM visits", "max"),
        ("SELECT sum(units) FROM visits WHERE units > (SELECT avg(units) FROM visits)", "query within it"),
        ("SELECT sum(units) OVER () FROM visits", "window"),
        ("SELECT sum(customer_id), sum(units) FROM visits", "may only join and be counted"),
        ("SELECT customer_id, sum(units) FROM visits GROUP BY customer_id", "may only join and be counted"),
        ("SELECT region FROM visits GROUP BY region", "ask for groups"),
    ],
)
def test_what_is_not_proved_is_refused(shop: made.Shop, question: str, instead: str) -> None:
    """N3, N4, N10: each is refused before it runs, with what would work."""
    with pytest.raises(Refused, match=instead):
        shop.govern(question, RULING)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("SELECT sum(units) FROM visits", ["sum(units)"]),
        ("SELECT count(units) n, avg(units) FROM visits", ["n", "avg(units)"]),
        ("SELECT region, sum(units) AS s FROM visits GROUP BY region", ["s"]),
        ("SELECT sum(units) + 1, sum(units) FROM visits", ["sum(units)"]),
        ("SELECT sum(units) / 2 FROM visits HAVING count(units) > 3", [None, None]),
    ],
)
def test_aggregates_are_told_with_the_column_that_shows_them(
    shop: made.Shop, question: str, expected: list[str | None]
) -> None:
    """N6: each aggregate of the question is told, with its column where one shows it alone."""
    assert expected == [each.column for each in noisy.planned(shop.govern(question, RULING)).told]


def test_figures_are_shared(shop: made.Shop) -> None:
    """N5: a figure that is asked for twice is made once, and customers are always among them."""
    governed = shop.govern(
        "SELECT sum(units), avg(units), count(units), count(DISTINCT customer_id) FROM visits", RULING
    )
    assert ["customers", "sum", "rows"] == [each.kind for each in noisy.planned(governed).figures]


def test_steps(shop: made.Shop) -> None:
    """N3: values are counted in the step of the map, else in units of the column, else finely enough."""
    governed = shop.govern("SELECT sum(units), sum(amount), sum(price) FROM visits", RULING)
    steps = [(str(each.step), each.low, each.high) for each in noisy.planned(governed).figures[1:]]
    assert [("1", 0, 5), ("0.001", -20_000, 100_000), ("0.3", 1, 34)] == steps


def test_bounds_of_products(shop: made.Shop) -> None:
    """N3: a product lies between the least and the most of the products of its columns' bounds."""
    governed = shop.govern("SELECT sum(units * amount), avg(v.units * (v.price)), sum((units)) FROM visits v", RULING)
    bounds = [(each.low * each.step, each.high * each.step) for each in noisy.planned(governed).figures[1:3]]
    assert [(-100, 500), (Decimal(0), Decimal("50.1"))] == bounds


def _with(column: str, **more: object) -> DataMap:
    """The map with one column of visits otherwise."""
    visits = noisy.MAP.tables["visits"]
    columns = {**visits.columns, column: replace(visits.columns[column], **more)}  # type: ignore[arg-type]
    return DataMap({**noisy.MAP.tables, "visits": replace(visits, columns=columns)})


@pytest.mark.parametrize(
    ("column", "more", "question", "instead"),
    [
        (
            "region",
            {"between": noisy.between("0", "1")},
            "SELECT sum(region) FROM visits",
            "is VARCHAR, and only whole",
        ),
        ("age", {"values": ("17", "old")}, "SELECT age, sum(units) FROM visits GROUP BY 1", "is INTEGER, and `old`"),
        ("amount", {"values": ("1", "2")}, "SELECT amount, count(*) FROM visits GROUP BY 1", "is DOUBLE, and groups"),
    ],
)
def test_types_that_do_not_fit(column: str, more: dict[str, object], question: str, instead: str) -> None:
    """N3, N4: bounds of a text and groups by floating-point numbers are refused with the column's type."""
    with pytest.raises(Refused, match=instead):
        noisy.open_shop([], _with(column, **more)).govern(question, RULING)


def test_a_reference_to_other_peoples_rows() -> None:
    """N10: where another person's row could hide a row, one customer would change another's figures."""
    diary = Table(
        "customers",
        {"id": Column("id", ("user.unique_id",)), "tier": Column("tier", (made.HISTORY,), values=("gold",))},
        subjects=("id",),
        reveals=(Reveal(Predicate.parse("tier = 'x'"), made.HEALTH),),
    )
    visits = replace(noisy.MAP.tables["visits"], references=(Reference("store_id", "customers", "id"),))
    shop = noisy.open_shop([], DataMap({**noisy.MAP.tables, "customers": diary, "visits": visits}))
    with pytest.raises(Refused, match="which may be other customers'"):
        shop.govern("SELECT sum(units) FROM visits", RULING)
    # Its own rows may reveal: they are the customer's.
    assert noisy.planned(shop.govern("SELECT tier, count(*) FROM customers GROUP BY tier", RULING)).keys == 1


def test_other_engines_say_so(shop: made.Shop) -> None:
    """N10: on an engine on which noise is not made the question is refused by name."""
    question = "SELECT sum(units) FROM visits"
    tables = tuple(replace(table, schema="public") for table in shop.catalog)
    with pytest.raises(Refused, match="noise is not added on Spark yet: ask on DuckDB or PostgreSQL"):
        rewrite(question, RULING, noisy.MAP, tables, shop.serialize, named("spark"))


@pytest.mark.parametrize(("name", "purpose", "question", "becomes"), list(golden.cases(FOLDER)))
def test_a_question_becomes_the_governed_sql(
    shop: made.Shop, name: str, purpose: str, question: str, becomes: str
) -> None:
    """The governed SQL is the golden one; `tests/deid/test_sensitivity.py` executes such."""
    assert becomes == golden.text(shop.govern(question, RULING))


@pytest.mark.skipif(os.environ.get("BAILEE_GOLDEN") != "write", reason="writes the golden files again")
def test_write_the_golden_files(shop: made.Shop) -> None:
    """Takes the questions as they stand and writes what they become."""
    for path in sorted(FOLDER.glob("*.sql")):
        whole = path.read_text(encoding="utf-8")
        for found in golden.PARTS.finditer(whole):
            becomes = golden.text(shop.govern(found["question"], RULING))
            whole = whole.replace(found[0], f"-- purpose: research\n{found['question']}\n-- becomes\n{becomes}\n")
        path.write_text(whole, encoding="utf-8")
