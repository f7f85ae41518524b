"""The grocer as a screen of Harbour Mutual's offer sees it: evidence read straight from its warehouse and workspace."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

import bailee
from bailee.deals.document import parse_deal
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.model import Deal
from bailee.examples import grocer
from bailee.policy.datamap import load_map
from bailee.policy.document import load_policy
from bailee.policy.model import DataMap, Policy
from bailee.vocabulary import Actor

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
_OFFER = Path(__file__).with_name("harbour.yaml")
_HISTORY, _WEIGH = ("user.behavior.purchase_history",), "service_improvement"


@cache
def policy() -> Policy:
    """The grocer's policy."""
    return load_policy(grocer.FOLDER / "policy.yaml")


@cache
def datamap() -> DataMap:
    """The grocer's data map."""
    return load_map(grocer.FOLDER / "datamap.yaml", policy())


def offer(*changes: tuple[str, str]) -> Deal:
    """The offer with some of its text replaced, or with lines added where the first part is empty."""
    text = _OFFER.read_text(encoding="utf-8")
    if "weigh_offers" not in policy().purposes:
        text = text.replace("weigh_offers", _WEIGH).replace("[counsel, privacy]", "[accounts, sales]")
    for old, new in changes:
        assert not old or old in text
        text = text.replace(old, new, 1) if old else f"{text}\n{new}\n"
    return parse_deal(text, policy())


def evidence(workspace: Path, deal: Deal) -> Evidence:
    """What the offer would send of every customer, what rows reveal, and who stands for its purpose."""
    numbered = (
        "CREATE TEMP TABLE numbered AS SELECT household_id, (row_number() OVER (ORDER BY household_id) - 1)::BIGINT "
        "AS n FROM (SELECT DISTINCT household_id FROM transactions)"
    )
    with duckdb.connect(str(workspace / "warehouse.duckdb"), read_only=True) as con:
        con.execute(numbered)
        sent, revealed = {}, {}
        for key, wanted in deal.wanted.items():
            whose = f"SELECT w.*, n.n AS {CUSTOMER} FROM ({wanted.question}) w JOIN numbered n USING (household_id)"
            sent[key] = con.sql(whose).to_arrow_table()
            revealed[key] = _revealed(con, sent[key])
        people = _people(con, workspace, deal.purpose, deal.recipient)
    columns = {
        key: {name: _categories(name) for name in table.column_names if name != CUSTOMER} for key, table in sent.items()
    }
    reveals = {key: pc.greater(pc.list_value_length(found), 0) for key, found in revealed.items()}
    return Evidence(deal, policy(), datamap(), NOW.date(), 7, sent, people, columns, reveals, revealed)


def _categories(name: str) -> tuple[str, ...]:
    for table in ("transactions", "demographics", "products"):
        column = datamap().tables[table].columns.get(name)
        if column is not None:
            return column.categories
    return ()


def _revealed(con: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.ChunkedArray:
    """The categories that each row's product reveals, by the data map's own predicates."""
    if "product_type" not in table.column_names:
        return pa.chunked_array([pa.array([[]] * table.num_rows, pa.list_(pa.string()))])
    rules = datamap().tables["products"].reveals
    cases = ", ".join(
        f"CASE WHEN coalesce(({rule.when.sql(_quoted)}), true) THEN '{rule.category}' END" for rule in rules
    )
    said = f"list_distinct(list_filter([{cases}], lambda x: x IS NOT NULL))"
    products = con.sql(f"SELECT product_id, {said} AS said FROM products").to_arrow_table()
    place = pc.index_in(table["product_id"], value_set=products["product_id"].combine_chunks())
    return pa.chunked_array([products["said"].combine_chunks().take(place.combine_chunks())])


def _people(con: duckdb.DuckDBPyConnection, workspace: Path, purpose: str, recipient: str) -> pa.Table:
    keys = [str(row[0]) for row in con.sql("SELECT household_id FROM numbered ORDER BY n").fetchall()]
    facts = duckdb.read_csv(str(workspace / "synthetic_customers.csv"), all_varchar=True)
    about = {row[0]: row[1:] for row in facts.project("key, born, place").fetchall()}
    with bailee.open(workspace) as gate:
        gate.clock = lambda: NOW
        stands = {}
        if purpose != "premium_setting":
            actor = Actor("test", roles=frozenset({"analyst"}))
            stands = {row.customer: row for row in gate.standing(purpose, recipient=recipient, actor=actor)}
    known = [about.get(key, (None, None)) for key in keys]
    ages = [_age(born) for born, _ in known]
    held = [stands[key].stands if key in stands else False for key in keys]
    reasons = [stands[key].reason.code if key in stands else "never_asked" for key in keys]
    made: dict[str, Any] = {
        CUSTOMER: pa.array(range(len(keys)), pa.int64()),
        "age": pa.array(ages, pa.int32()),
        "place": pa.array([place for _, place in known], pa.string()),
        "stands": pa.array(held, pa.bool_()),
        "reason": pa.array(reasons, pa.string()),
        "told": pa.array(held, pa.bool_()),
        "chose": pa.array([None] * len(keys), pa.string()),
    }
    return pa.table(made)


def _age(born: str | None) -> int | None:
    if not born:
        return None
    day, today = date.fromisoformat(born), NOW.date()
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def _quoted(name: str) -> str:
    return f'"{name}"'
