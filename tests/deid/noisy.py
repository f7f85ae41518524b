"""A shop that is asked with noise: two tables about people, one about nobody, over a real DuckDB, and no noise yet."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from bailee import decide
from bailee.decide.ruling import Ruling
from bailee.policy.coarsen import Coarsen
from bailee.policy.model import Between, Column, DataMap, Policy, Recipient, Reference, Release, Table
from bailee.policy.units import Rate
from bailee.rewrite import Governed
from bailee.rewrite.plan import Plan
from bailee.vocabulary import Actor, Treatment, Use
from tests.rewrite import shop as made

DAY = "2026-10-01"
SCHEMA = """
CREATE TABLE customers (id INTEGER, tier VARCHAR);
CREATE TABLE visits (visit_id INTEGER, customer_id INTEGER, region VARCHAR, age INTEGER, amount DOUBLE, units INTEGER,
    price DECIMAL(8,2), store_id INTEGER, placed TIMESTAMP);
CREATE TABLE lines (visit_id INTEGER, units INTEGER);
CREATE TABLE stores (store_id INTEGER, city VARCHAR, kind VARCHAR, rent DOUBLE);
INSERT INTO stores VALUES (1, 'Lima', 'big', 5), (2, 'Lima', 'small', 7), (2, 'Lima', 'small', 7), (3, 'Oslo', NULL, 9);
"""
HISTORY = made.HISTORY


def _column(name: str, category: str = HISTORY, **more: Any) -> Column:
    return Column(name, (category,), **more)


def between(low: str, high: str, step: str | None = None) -> Between:
    """Bounds as a map has them."""
    return Between(Decimal(low), Decimal(high), None if step is None else Decimal(step))


MAP = DataMap(
    {
        table.name: table
        for table in (
            Table(
                "customers",
                {
                    "id": _column("id", "user.unique_id"),
                    "tier": _column("tier", values=("gold", "silver")),
                },
                subjects=("id",),
            ),
            Table(
                "visits",
                {
                    "visit_id": _column("visit_id"),
                    "customer_id": _column("customer_id", "user.unique_id"),
                    "region": _column("region", values=("north", "south", "south", "east")),
                    "age": _column("age", made.AGE, values=("17", "18", "25", "61"), coarsen=Coarsen.parse("band 20")),
                    "amount": _column("amount", between=between("-20", "100")),
                    "units": _column("units", between=between("0", "5")),
                    "price": _column("price", between=between("0.5", "9.99", "0.3")),
                    "store_id": _column("store_id"),
                    "placed": _column("placed"),
                },
                subjects=("customer_id",),
                at="placed",
                references=(Reference("store_id", "stores", "store_id"),),
            ),
            Table(
                "lines",
                {"visit_id": _column("visit_id"), "units": _column("units", between=between("0", "5"))},
                via=Reference("visit_id", "visits", "visit_id"),
                at_via=True,
            ),
            Table(
                "stores",
                {
                    "store_id": Column("store_id"),
                    "city": Column("city"),
                    "kind": Column("kind"),
                    "rent": Column("rent", between=between("0", "10")),
                },
                personal=False,
            ),
        )
    }
)

READS = {"user.unique_id": Treatment.PSEUDONYM, HISTORY: Treatment.AGGREGATE, made.AGE: Treatment.COARSE}


def policy(rows: int = 2, **more: Any) -> Policy:
    """A policy whose one purpose has a budget and counts so many rows of a customer."""
    release = Release(2, Rate.parse("1.0 per 90 days"), None, rows)
    purpose = made._purpose("research", READS, recipients=("insurer",), **more)
    purpose = replace(purpose, release=release)
    return Policy("Marigold", "1", {"research": purpose}, recipients={"insurer": Recipient("insurer", "Insurer")})


def ruling(rows: int = 2) -> Ruling:
    """What that policy says to the insurer."""
    use = Use("research", Actor("ann"), recipient="insurer")
    return replace(decide.compile(policy(rows), f"sha256:{rows:064}").rule(use), slot=0)


def open_shop(visits: list[tuple[Any, ...]], datamap: DataMap = MAP) -> made.Shop:
    """A shop with these visits (customer, region, age, amount, units, price, store); customers 1 to 9 stand."""
    shop = made.open_shop(SCHEMA, datamap, allowed=range(1, 10))
    shop.con.execute("INSERT INTO company.customers SELECT n, CASE WHEN n < 5 THEN 'gold' END FROM range(1, 10) t(n)")
    put(shop, visits)
    return shop


def put(shop: made.Shop, visits: list[tuple[Any, ...]]) -> None:
    """Have the shop hold these visits and no others."""
    shop.con.execute("DELETE FROM company.visits")
    for at, (customer, *rest, store) in enumerate(visits):
        row = (at, customer, *rest, store, f"{DAY} 10:00")
        shop.con.execute("INSERT INTO company.visits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def exact(shop: made.Shop, governed: Governed) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The figures of each group before any noise, by the groups' keys as text."""
    return by_keys(governed, *shop.run(replace(governed, sql=planned(governed).sql)))


def by_keys(
    governed: Governed, headings: list[str], rows: list[tuple[Any, ...]]
) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """Rows of exact figures, by the groups' keys as text; no group is there twice."""
    plan = planned(governed)
    keys = [headings.index(f"bailee_k{at}") for at in range(1, plan.keys + 1)]
    figures = [headings.index(f"bailee_f{at}") for at in range(1, len(plan.figures) + 1)]
    found = {tuple(row[at] for at in keys): tuple(row[at] for at in figures) for row in rows}
    assert len(found) == len(rows)
    return found


def planned(governed: Governed) -> Plan:
    """How a question is made noisy."""
    assert governed.noise is not None
    return governed.noise
