"""Odd rows end in a finding and never in a crash, in any form: none, nobody, NULLs, one customer, odd types."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

from bailee.deals.evidence import CUSTOMER
from bailee.deals.finding import Finding, Outcome
from bailee.deals.model import Asked, Effect, Form, Treated, Wanted
from bailee.deals.screening import identification, inference, minimisation, outcomes, reaction
from tests.deals.shops import deal, evidence, people

TESTS = (identification, inference, minimisation, outcomes, reaction)
MANY = 240
FORMS = {
    "identified": (Form.IDENTIFIED, Treated()),
    "pseudonymous": (Form.PSEUDONYMOUS, Treated()),
    "deidentified": (Form.DEIDENTIFIED, Treated(k=11, identifiers=("a",))),
    "aggregate": (Form.AGGREGATE, Treated(min_group=11)),
}
Rows = Callable[[], pa.Table]


def _many(**columns: object) -> pa.Table:
    whose = pa.array([each % 60 for each in range(MANY)], pa.int64())
    return pa.table({"key": pa.array([f"k{each % 60}" for each in range(MANY)]), **columns, CUSTOMER: whose})


ODD: dict[str, Rows] = {
    "no rows": lambda: _many(a=pa.array(["x"] * MANY), b=pa.array([1.0] * MANY)).slice(0, 0),
    "nobody": lambda: (
        _many(a=pa.array(["x"] * MANY), b=pa.array([1.0] * MANY))
        .drop_columns([CUSTOMER])
        .append_column(CUSTOMER, pa.nulls(MANY, pa.int64()))
    ),
    "some about nobody": lambda: _many(a=pa.array(["x", "y"] * (MANY // 2)), b=pa.array([1.0] * MANY)).set_column(
        3, CUSTOMER, pa.array([each % 60 if each % 3 else None for each in range(MANY)], pa.int64())
    ),
    "one customer": lambda: _many(a=pa.array(["x", "y"] * (MANY // 2)), b=pa.array([1.0] * MANY)).set_column(
        3, CUSTOMER, pa.array([0] * MANY, pa.int64())
    ),
    "nulls": lambda: _many(a=pa.nulls(MANY, pa.string()), b=pa.nulls(MANY, pa.float64())),
    "nothing but null": lambda: _many(a=pa.nulls(MANY), b=pa.nulls(MANY, pa.int64())),
    "not finite": lambda: _many(a=pa.array([float("nan"), float("inf")] * (MANY // 2)), b=pa.array([-1.0] * MANY)),
    "decimals": lambda: _many(a=pa.array(["x", "y"] * (MANY // 2)), b=pa.array([Decimal("-1.50")] * MANY)),
    "truths": lambda: _many(a=pa.array([True, None] * (MANY // 2)), b=pa.array([True] * MANY)),
    "days": lambda: _many(
        a=pa.array([date(2026, 1, 1), date(2026, 2, 1)] * (MANY // 2)), b=pa.array([2] * MANY, pa.int16())
    ),
    "moments": lambda: _many(
        a=pa.array([datetime(2020, 1, 1), datetime(2026, 2, 1)] * (MANY // 2)), b=pa.array([2.0] * MANY)
    ),
    "lists": lambda: _many(a=pa.array([["x"], []] * (MANY // 2)), b=pa.array([1.0] * MANY)),
    "dictionary": lambda: _many(
        a=pa.array(["x", "y"] * (MANY // 2)).dictionary_encode(), b=pa.array(np.arange(MANY), pa.int64())
    ),
    "bytes": lambda: _many(a=pa.array([b"\x00", b"\xff"] * (MANY // 2)), b=pa.array([0.0] * MANY)),
    "attributes": lambda: _many(
        a=pa.array([f"t{each % 60 % 7}" for each in range(MANY)]), b=pa.array([each % 60 for each in range(MANY)])
    ),
    "odd texts": lambda: _many(
        a=pa.array(["'; DROP TABLE x; --", '"', "", "\x00", " "] * (MANY // 5)), b=pa.array([1.0] * MANY)
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rows", ODD)
def test_odd_rows_end_in_a_finding(rows: str, form: str) -> None:
    """Every test, with effects that try decisions out too; the sentence is one, and what is not measured is refused."""
    table = ODD[rows]()
    named, treated = FORMS[form]
    made = replace(
        deal(),
        form=named,
        treated=treated,
        effects=frozenset({Effect.PRICE}),
        wanted={"odd": Wanted("odd", table="odd", columns=("key", "a", "b"), customer="key")},
        asked={"q": Asked("q", "Q", "SELECT a, count(*) AS n FROM odd GROUP BY a", ("a",))},
    )
    categories = {"odd": {"key": ("user.unique_id",), "a": ("user.demographic",), "b": ("user.financial",)}}
    marked = {"odd": (np.arange(table.num_rows) % 5 == 0, "user.health_and_medical")}
    known = evidence(made, {"odd": table}, people(60), categories, marked)
    for each in TESTS:
        _whole(each, each.find(known))


def _whole(module: ModuleType, found: Finding) -> None:
    assert found.outcome in Outcome, module.__name__
    assert found.sentence.endswith(".")
    assert not any(math.isinf(figure.value) for figure in found.figures)


def test_a_wanted_table_that_could_not_be_looked_at_is_refused_by_all_that_read_rows() -> None:
    """Nothing is harmless because nobody could look."""
    known = evidence(deal(), {}, people(60))
    for each in (identification, inference, minimisation, outcomes):
        assert Outcome.REFUSED == each.find(known).outcome
