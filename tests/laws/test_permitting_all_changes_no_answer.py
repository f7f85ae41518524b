"""Law 7. A policy that permits all changes no answer, where every subject is a known customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bailee import decide
from bailee.decide.ruling import Ruling
from bailee.errors import Refused
from bailee.policy.model import Column, DataMap, Keep, Policy, Purpose, Reference, Table
from bailee.policy.units import Duration
from bailee.vocabulary import Actor, Basis, Effect, Treatment, Use
from tests.laws import questions as make
from tests.laws.test_hidden_data_changes_nothing import _answer
from tests.rewrite import shop as engine
from tests.rewrite.plain import table_sql
from tests.strategies import _Drawn
from tests.worlds import Seeded

KNOWN = (1, 2, 3, 4)


def _policy() -> Policy:
    purpose = Purpose(
        "p",
        "p",
        "essential.service.operations",
        Basis.CONTRACT,
        frozenset({Effect.LEARN}),
        "because",
        "something",
        "something",
        {"user": Treatment.CLEAR},
        Keep(Duration.parse("900 years")),
    )
    return Policy("m", "1", {"p": purpose})


def _ruling() -> Ruling:
    return decide.compile(_policy(), "sha256:" + "7" * 64).rule(Use("p", Actor("ann")))


def _map() -> DataMap:
    def columns(table: str, category: tuple[str, ...]) -> dict[str, Column]:
        return {name: Column(name, category) for name in make.TYPES[table]}

    about, order = ("user.a",), Reference("order_id", "orders", "order_id")
    tables = (
        Table("customers", columns("customers", about), subjects=("id",)),
        Table("orders", columns("orders", about), subjects=("customer_id",)),
        Table("lines", columns("lines", about), via=order),
        Table("products", columns("products", ()), personal=False),
        Table("kinds", columns("kinds", ()), personal=False),
    )
    return DataMap({table.name: table for table in tables})


def _known_only(rows: make.Rows) -> make.Rows:
    """Rows of known customers: orders whose number is theirs alone, and lines of such orders."""
    orders = [row for row in rows["orders"] if row["customer_id"] in KNOWN]
    times = Counter(row["order_id"] for row in orders)
    orders = [row for row in orders if times[row["order_id"]] == 1]
    lines = [row for row in rows["lines"] if row["order_id"] is not None and times[row["order_id"]] == 1]
    people = [row for row in rows["customers"] if row["id"] in KNOWN]
    return {**rows, "orders": orders, "lines": lines, "customers": people}


def _compare(rows: make.Rows, questions: list[str]) -> Iterator[str]:
    schema = "".join(table_sql(name, make.TYPES[name], rows[name]) for name in make.TYPES)
    shop = engine.open_shop(schema, _map(), KNOWN)
    plain = duckdb.connect(config={"python_enable_replacements": "false"})
    plain.execute("ATTACH ':memory:' AS company; USE company; SET TimeZone = 'UTC'; " + schema)
    cutoff = _policy().purposes["p"].keep.duration.minus(make.NOW)
    for question in questions:
        try:
            governed = shop.govern(question, _ruling())
        except Refused as refusal:
            raise AssertionError(f"{question}: {refusal}") from refusal
        ours = _answer(lambda governed=governed: shop.run(governed, cutoff)[1])
        theirs = _answer(lambda question=question: plain.execute(question).fetchall())
        if "a value" not in (ours, theirs):
            assert theirs == ours, question
        yield "answered" if isinstance(ours, Counter) else "wrong"


@st.composite
def _drawn(draw: st.DrawFn) -> tuple[make.Rows, list[str]]:
    source = _Drawn(draw)
    return _known_only(make.make_shop(source).rows), [make.make_question(source) for _ in range(4)]


@given(_drawn())
@settings(max_examples=60, phases=set(Phase) - {Phase.shrink})
def test_permitting_all_changes_no_answer(drawn: tuple[make.Rows, list[str]]) -> None:
    """The same rows with the gate between as without it, for questions of every allowed shape."""
    rows, questions = drawn
    list(_compare(rows, questions))


def test_most_questions_are_answered() -> None:
    """The law is not empty: at least two in three questions of the grammar have an answer."""
    fates: Counter[str] = Counter()
    for seed in range(25):
        source: Any = Seeded(seed)
        rows = _known_only(make.make_shop(source).rows)
        fates.update(_compare(rows, [make.make_question(source) for _ in range(8)]))
    assert fates["answered"] >= fates.total() * 2 / 3, fates


def test_withholding_is_seen_by_this_law() -> None:
    """The comparison is not blind: a customer who does not stand changes the answer."""
    rows = {**{name: [] for name in make.TYPES}, "customers": [dict.fromkeys(make.TYPES["customers"]) | {"id": 9}]}
    schema = "".join(table_sql(name, make.TYPES[name], rows[name]) for name in make.TYPES)
    shop = engine.open_shop(schema, _map(), KNOWN)
    governed = shop.govern("SELECT id FROM customers", replace(_ruling()))
    assert [] == shop.run(governed, _policy().purposes["p"].keep.duration.minus(make.NOW))[1]
