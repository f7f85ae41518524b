"""What a question may see of rows and values, by small databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bailee.policy.coarsen import Coarsen
from bailee.policy.meaning_of_rows import Asked, as_instant, visible
from bailee.policy.model import Column, DataMap, Keep, Policy, Purpose, Reference, Reveal, Table
from bailee.policy.predicates import Predicate
from bailee.policy.units import Duration
from bailee.vocabulary import Actor, Basis, Contract, Customer, Effect, Treatment, Use

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ID, BOUGHT, AMOUNT, HEALTH = "user.unique_id", "user.behavior", "user.payment", "user.health_and_medical"
READS = {ID: Treatment.CLEAR, BOUGHT: Treatment.CLEAR, AMOUNT: Treatment.AGGREGATE}
PURPOSE = Purpose(
    "orders", "t", "essential", Basis.CONTRACT, frozenset({Effect.SERVE}), "w", "c", "c",
    reads=READS, keep=Keep(Duration(days=30)),
)  # fmt: skip
YOUNG, OLD = NOW - timedelta(days=1), NOW - timedelta(days=31)
STANDS = {key: Customer(str(key), contracts=(Contract(OLD),)) for key in (1, 2)}
PEOPLE = {**STANDS, 3: Customer("3")}
LINES = Table(
    "lines",
    {name: Column(name, (category,)) for name, category in (("who", ID), ("item", BOUGHT), ("at", BOUGHT))},
    subjects=("who",),
    at="at",
)
Rows = Sequence[Mapping[str, object]]


def line(who: object, item: str = "tea", at: object = YOUNG) -> dict[str, object]:
    return {"who": who, "item": item, "at": at}


def seen(
    rows: Rows, table: Table = LINES, purpose: Purpose = PURPOSE, others: Mapping[Table | str, Rows] | None = None,
    *, aggregate: bool = False, more: Sequence[Table] = (),
) -> list[dict[str, object]]:  # fmt: skip
    """The rows of one table that a question may see."""
    policy = Policy("m", "v", {purpose.key: purpose})
    datamap = DataMap({each.name: each for each in (table, *more)})
    asked = Asked(policy, datamap, Use(purpose.key, Actor("ann")), NOW, PEOPLE, {}, aggregate)
    database = {table.name: rows, **{str(name): found for name, found in (others or {}).items()}}
    return visible(asked, database, [table.name], lambda value: f"p{value}")[table.name]


def items(rows: Rows, table: Table = LINES, purpose: Purpose = PURPOSE, **more: object) -> list[object]:
    return [row["item"] for row in seen(rows, table, purpose, **more)]  # type: ignore[arg-type]


def test_a_row_needs_a_subject_who_stands() -> None:
    """D6.1, D6.2: rows of customers who stand are seen; of those who do not, and of strangers, not."""
    assert ["a"] == items([line(1, "a"), line(3, "b"), line(99, "c")])


def test_every_subject_must_stand() -> None:
    """D6.2: of several subjects each that is not NULL must stand."""
    columns = {**LINES.columns, "to": Column("to", (ID,))}
    gifts = replace(LINES, columns=columns, subjects=("who", "to"))
    rows = [{**line(1, item), "to": to} for item, to in (("a", 2), ("b", 3), ("c", None))]
    assert ["a", "c"] == items(rows, gifts)


@pytest.mark.parametrize(
    ("guests", "basis", "expected"),
    [
        (False, Basis.CONTRACT, []),
        (True, Basis.CONTRACT, ["a"]),
        (True, Basis.LEGAL_OBLIGATION, ["a"]),
        (True, Basis.CONSENT, []),
    ],
)
def test_guests(guests: bool, basis: Basis, expected: list[str]) -> None:
    """D6.3: rows of nobody are seen only where the map includes guests, on a contract or a legal obligation."""
    assert expected == items([line(None, "a")], replace(LINES, guests=guests), replace(PURPOSE, basis=basis))


def test_a_table_about_nobody_is_seen_whole() -> None:
    """D6.1, D8.1: rows that are about nobody are seen, whatever their time, clear."""
    shops = Table("lines", {"item": Column("item")}, personal=False)
    assert [{"item": "a"}] == seen([{"item": "a"}], shops)


def test_via_reaches_exactly_one_parent() -> None:
    """D6.4: a row whose customer is found along a reference needs exactly one parent, whose customer stands."""
    basket = Table("lines", {"item": Column("item", (BOUGHT,)), "order": Column("order", (BOUGHT,))},
                   via=Reference("order", "orders", "who"))  # fmt: skip
    orders = replace(LINES, name="orders")
    rows = [{"item": item, "order": order} for item, order in (("a", 1), ("b", 2), ("c", 3), ("d", None), ("e", 7))]
    parents = [line(1), line(2), line(2), line(3)]
    assert ["a"] == items(rows, basket, others={"orders": parents}, more=[orders])


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW - timedelta(days=30), []),
        (NOW - timedelta(days=30) + timedelta(microseconds=1), ["a"]),
        (None, []),
        ("yesterday", []),
        (date(2026, 10, 23), []),
        (date(2026, 10, 24), ["a"]),
        (datetime(2026, 10, 23, 12, 0, 1), ["a"]),
    ],
)
def test_a_row_must_be_young(at: object, expected: list[str]) -> None:
    """D6.5: a row is seen if its time is later than now less `keep`; without a time that is understood it is not."""
    assert expected == items([line(1, "a", at)])


def test_naive_times_are_utc_and_dates_midnight() -> None:
    """D6.5: a naive time is UTC, and a date is its midnight."""
    noon = datetime(2026, 1, 1, 12)
    assert (noon.replace(tzinfo=UTC), noon.replace(tzinfo=UTC, hour=0)) == (as_instant(noon), as_instant(noon.date()))


def test_kept_from_last_activity() -> None:
    """D6.6: where `keep` counts from the last activity, or a table is current state, a row's own time is no bar."""
    lasting = replace(PURPOSE, keep=Keep(Duration(days=30), from_last_activity=True), basis=Basis.LEGAL_OBLIGATION)
    active = {1: replace(STANDS[1], last_activity=YOUNG)}
    policy, datamap = Policy("m", "v", {"orders": lasting}), DataMap({"lines": LINES})
    asked = Asked(policy, datamap, Use("orders", Actor("ann")), NOW, active, {})
    rows = [line(1, "old", OLD), line(1, "timeless", None)]
    found = visible(asked, {"lines": rows}, ["lines"], str)["lines"]
    assert ["old"] == [row["item"] for row in found]
    assert ["state"] == items([line(1, "state", None)], replace(LINES, at=None))


def test_a_childs_time_may_be_its_parents() -> None:
    """D6.6: a table whose time is its parent's is as young as the parent."""
    basket = Table("lines", {"item": Column("item", (BOUGHT,)), "order": Column("order", (BOUGHT,))},
                   via=Reference("order", "orders", "who"), at_via=True)  # fmt: skip
    rows = [{"item": "young", "order": 1}, {"item": "old", "order": 2}]
    others = {"orders": [line(1), line(2, at=OLD)]}
    assert ["young"] == items(rows, basket, others=others, more=[replace(LINES, name="orders")])


TELLS = replace(LINES, reveals=(Reveal(Predicate("item = 'test'"), HEALTH),))


@pytest.mark.parametrize(
    ("read", "aggregate", "expected"),
    [
        (None, False, ["tea"]),
        (Treatment.CLEAR, False, ["tea", "test", None]),
        (Treatment.AGGREGATE, False, ["tea"]),
        (Treatment.AGGREGATE, True, ["tea", "test", None]),
        (Treatment.PSEUDONYM, True, ["tea"]),
    ],
)
def test_what_a_row_reveals_must_be_readable(read: Treatment | None, aggregate: bool, expected: list[str]) -> None:
    """D6.7, D6.9, D7.2: a row whose value says something needs that category clear, or aggregate for aggregates."""
    reads = {**READS, **({} if read is None else {HEALTH: read})}
    rows = [line(1, "tea"), line(1, "test"), {**line(1), "item": None}]
    assert expected == items(rows, TELLS, replace(PURPOSE, reads=reads), aggregate=aggregate)


def test_a_row_reveals_what_it_reaches() -> None:
    """D6.8: along references a row reveals what it reaches; reaching nothing, whatever could be revealed there."""
    goods = Table(
        "goods", {"kind": Column("kind")}, personal=False, reveals=(Reveal(Predicate("kind = 'test'"), HEALTH),)
    )
    linked = replace(LINES, references=(Reference("item", "goods", "kind"),))
    rows = [line(1, "tea"), line(1, "test"), line(1, "gone"), {**line(1), "item": None}]
    others = {"goods": [{"kind": "tea"}, {"kind": "test"}]}
    assert ["tea"] == items(rows, linked, others=others, more=[goods])


def test_values() -> None:
    """D7.1, D8.1, D8.2: clear as stored, coarse coarsened, a pseudonym for a name; aggregates only in aggregates."""
    columns = {
        "who": Column("who", (ID,)),
        "item": Column("item", (BOUGHT,)),
        "paid": Column("paid", (AMOUNT,)),
        "day": Column("day", ("user.location",), Coarsen.parse("month")),
        "ill": Column("ill", (HEALTH,)),
    }
    reads = {**READS, ID: Treatment.PSEUDONYM, "user.location": Treatment.COARSE}
    row = {"who": 1, "item": "tea", "paid": 5, "day": date(2026, 11, 22), "ill": "yes"}
    table, purpose = Table("lines", columns, subjects=("who",)), replace(PURPOSE, reads=reads)
    expected = {"who": "p1", "item": "tea", "day": date(2026, 11, 1)}
    assert [expected] == seen([row], table, purpose)
    assert [{**expected, "paid": 5}] == seen([row], table, purpose, aggregate=True)


def test_a_missing_name_has_no_pseudonym() -> None:
    """D8.2: NULL stays NULL."""
    table, purpose = replace(LINES, guests=True), replace(PURPOSE, reads={**READS, ID: Treatment.PSEUDONYM})
    assert [None] == [row["who"] for row in seen([line(None)], table, purpose)]


def test_subjects_share_one_treatment() -> None:
    """D3.6: one subject column that is not read clear makes pseudonyms of all."""
    columns = {**LINES.columns, "to": Column("to", (HEALTH,))}
    gifts = replace(LINES, columns=columns, subjects=("who", "to"))
    assert [("p1", "p2")] == [(row["who"], row["to"]) for row in seen([{**line(1), "to": 2}], gifts)]


def test_a_volunteered_table_has_no_rows_for_others() -> None:
    """D8.3: of a table kept for other purposes, no row is seen."""
    assert [] == items([line(1)], replace(LINES, only_for=frozenset({"health"})))
