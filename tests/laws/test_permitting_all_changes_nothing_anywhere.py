"""Law 7. A policy that permits all changes no answer of any engine, where every subject is a known customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb
import pytest

from bailee.gate.gate import Gate
from tests.laws.test_every_engine_answers_alike import (
    KNOWN,
    Case,
    answered,
    corpus,
    everywhere,
    ordered,
    plain,
    small,  # noqa: F401
)
from tests.placed import ROWS, TYPES, Rows, arrow
from tests.postgres import Cluster

POLICY = b"""
bailee: 1
company: Marigold Grocers
version: 1
purposes:
  offers:
    title: The books
    use: essential.legal_obligation
    basis: legal_obligation
    law: an act that asks for everything
    effects: [serve]
    why: An act asks for it.
    customer_gains: Nothing.
    company_gains: Nothing.
    reads: {user: clear, user.health_and_medical: clear, user.government_id: clear, user.unique_id: clear}
    keep: 900 years
"""


def known(rows: Mapping[str, Rows]) -> dict[str, Rows]:
    """The rows of which everything is known: whose, when, and all that they refer to."""
    products = [row for row in rows["products"] if row[0] != 5]
    orders = {row[0]: row for row in rows["orders"] if row[1] in KNOWN and row[4] is not None}
    sold = {row[0] for row in products}
    return {
        "customers": [row for row in rows["customers"] if row[0] in KNOWN],
        "orders": list(orders.values()),
        "lines": [row for row in rows["lines"] if row[1] in orders and row[2] in sold],
        "gifts": [row for row in rows["gifts"] if row[0] in KNOWN and row[1] in KNOWN],
        "products": products,
    }


@pytest.fixture(scope="module")
def gate(
    tmp_path_factory: pytest.TempPathFactory,
    small: None,  # noqa: F811
    postgres: Cluster,
    sail: str,
) -> Iterator[Gate]:
    home = tmp_path_factory.mktemp("permitted") / "shop"
    with everywhere(home, known(ROWS), POLICY, postgres, sail) as opened:
        yield opened


@pytest.fixture(scope="module")
def raw() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same rows without Bailee."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for name in TYPES:
            given = arrow(name, known(ROWS)[name])  # noqa: F841  # DuckDB reads it by its name
            con.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        yield con


@pytest.mark.parametrize("engine", [None, "postgres", "lake"])
def test_what_is_permitted_whole_is_answered_whole(
    gate: Gate, raw: duckdb.DuckDBPyConnection, engine: str | None
) -> None:
    """The corpus, of every engine, against DuckDB alone; what was coarse or withheld for others is in it."""
    for case in corpus():
        asked = Case(case.name.split(", for ")[0], case.sql)
        expected = [tuple(map(plain, row)) for row in raw.execute(case.sql).fetchall()]
        assert ordered(asked, expected) == answered(gate, asked, engine)[1], case.name
