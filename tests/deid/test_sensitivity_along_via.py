"""What one customer can change of tables that name nobody, by brute force: lines of visits, and parts of lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bailee.errors import Refused
from bailee.policy.model import DataMap, Reference, Reveal, Table
from bailee.policy.predicates import Predicate
from bailee.rewrite.aggregate import noisy as rewriting
from tests.deid import noisy
from tests.rewrite import shop as made

#: Both keys are unique, one as a key and one otherwise, so that it may be NULL.
SCHEMA = noisy.SCHEMA.replace("visits (visit_id INTEGER,", "visits (visit_id INTEGER UNIQUE,").replace(
    "CREATE TABLE lines (visit_id INTEGER, units INTEGER);",
    "CREATE TABLE lines (line_id BIGINT PRIMARY KEY, visit_id INTEGER, units INTEGER);"
    "CREATE TABLE parts (line_id BIGINT, grams INTEGER);",
)
UNITS = noisy.MAP.tables["lines"].columns["units"]
LINES = replace(
    noisy.MAP.tables["lines"], columns={**noisy.MAP.tables["lines"].columns, "line_id": noisy._column("line_id")}
)
PARTS = Table(
    "parts",
    {"line_id": noisy._column("line_id"), "grams": replace(UNITS, name="grams")},
    via=Reference("line_id", "lines", "line_id"),
    at_via=True,
)
MAP = DataMap({**noisy.MAP.tables, "lines": LINES, "parts": PARTS})
QUESTIONS = [
    "SELECT count(*), sum(units), avg(units) FROM lines",
    "SELECT count(visit_id), count(DISTINCT visit_id) FROM lines",
    "SELECT v.region, count(*), sum(l.units), sum(v.amount) FROM lines l JOIN visits v ON l.visit_id = v.visit_id "
    "GROUP BY v.region",
    "SELECT count(DISTINCT v.customer_id), sum(l.units) FROM visits v JOIN lines l USING (visit_id)",
    "SELECT count(*), sum(grams) FROM parts",
    "SELECT v.region, sum(p.grams), sum(l.units) FROM parts p JOIN lines l ON p.line_id = l.line_id "
    "JOIN visits v ON l.visit_id = v.visit_id GROUP BY v.region",
]
WHO = st.sampled_from([1, 2, 3, 4, None, 77])
#: The key of a visit (or none), whose it is, and where.
VISITS = st.lists(
    st.tuples(st.integers(0, 6) | st.none(), WHO, st.sampled_from(["north", "south", "west", None])),
    max_size=8,
    unique_by=lambda visit: object() if visit[0] is None else visit[0],
)
KEYS = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 99, None])
LINED = st.lists(st.tuples(KEYS, st.sampled_from([0, 1, 5, 6, -3, 10**9, None])), max_size=10)
PARTED = st.lists(st.tuples(st.sampled_from([0, 1, 2, 3, 4, 99, None]), st.integers(-5, 50) | st.none()), max_size=10)
DAY = "TIMESTAMP '2026-10-01 10:00'"


def open_shop(schema: str = SCHEMA, datamap: DataMap = MAP) -> made.Shop:
    """A shop with these tables, in which customers 1 to 9 stand."""
    return made.open_shop(schema, datamap, allowed=range(1, 10))


@pytest.fixture(scope="module")
def shop() -> made.Shop:
    return open_shop()


def put(shop: made.Shop, visits: list[Any], lines: list[Any], parts: list[Any]) -> None:
    """Have the shop hold these rows and no others; lines are (key, visit, units)."""
    for table in ("visits", "lines", "parts"):
        shop.con.execute(f"DELETE FROM company.{table}")
    for key, who, where in visits:
        shop.con.execute(f"INSERT INTO company.visits SELECT ?, ?, ?, 25, 5.0, 1, 1, 1, {DAY}", [key, who, where])
    for line in lines:
        shop.con.execute("INSERT INTO company.lines VALUES (?, ?, ?)", line)
    for part in parts:
        shop.con.execute("INSERT INTO company.parts VALUES (?, ?)", part)
    for name in [*shop.made]:  # clean sets are of rows, which are others now
        if name.startswith("clean_"):
            shop.con.execute(f"DROP TABLE memory.main.{name}")
            shop.made.discard(name)


def without(who: int, visits: list[Any], lines: list[Any], parts: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """All but one customer's rows, worked out here: their visits, the lines of these, and the parts of those."""
    own = {visit[0] for visit in visits if visit[1] == who and visit[0] is not None}
    gone = {line[0] for line in lines if line[1] in own}
    return (
        [visit for visit in visits if visit[1] != who],
        [line for line in lines if line[0] not in gone],
        [part for part in parts if part[0] not in gone],
    )


HEAVY = ([(0, 1, "north"), (1, 2, "north")], [(0, 10**9)] * 40 + [(1, 5)] * 3, [(each % 43, 50) for each in range(99)])


@given(VISITS, LINED, PARTED, st.sampled_from(QUESTIONS), st.integers(1, 3), st.integers(1, 4))
@example(*HEAVY, QUESTIONS[2], 2, 1)
@example(
    [(0, 1, "north"), (1, 1, "south"), (2, 2, "north")],
    [(0, 5), (0, 5), (1, 5), (2, 5), (99, 5), (None, 5)],
    [(0, 5)] * 4,
    QUESTIONS[5],
    2,
    1,
)
@settings(max_examples=150, deadline=None)
def test_one_customer_changes_no_figure_by_more(
    shop: made.Shop, visits: list[Any], lined: list[Any], parts: list[Any], question: str, rows: int, who: int
) -> None:
    """N1, N2, N11: without one customer's rows, and of lines also where they stay, figures differ by the bound at most.

    Lines and parts that nobody has, of no key, and of one key many times, are among them.
    """
    lines = [(at, *line) for at, line in enumerate(lined)]
    governed = shop.govern(question, noisy.ruling(rows))
    plan = noisy.planned(governed)
    put(shop, visits, lines, parts)
    whole = noisy.exact(shop, governed)
    fewer = without(who, visits, lines, parts)
    put(shop, *fewer)
    gone = noisy.exact(shop, governed)
    put(shop, fewer[0], lines, parts)
    assert gone == noisy.exact(shop, governed)
    assert whole.keys() == gone.keys()
    for at in range(len(plan.figures)):
        assert sum(abs(whole[key][at] - gone[key][at]) for key in whole) <= plan.sensitivity(at)


def test_the_bound_is_reached(shop: made.Shop) -> None:
    """N2: one customer with forty lines moves counts and sums by just the bound, and nobody else's by anything."""
    visits, lined, parts = HEAVY
    governed = shop.govern(QUESTIONS[2], noisy.ruling(2))
    plan = noisy.planned(governed)
    lines = [(at, *line) for at, line in enumerate(lined)]
    put(shop, visits, lines, parts)
    whole = noisy.exact(shop, governed)[("north",)]
    put(shop, *without(1, visits, lines, parts))
    gone = noisy.exact(shop, governed)[("north",)]
    moved = [a - b for a, b in zip(whole, gone, strict=True)]
    # The amount is 5 of at most 100, in steps of a thousandth.
    assert [1, 2, 10, 10_000] == moved
    assert [2, 2, 10, 200_000] == [plan.sensitivity(at) for at in range(4)]


def test_what_must_stay_unique_is_in_the_plan(shop: made.Shop) -> None:
    """N11: each key up to the table that names the customer, once; none where the table names them itself."""
    found = [noisy.planned(shop.govern(question, noisy.ruling())).unique for question in QUESTIONS]
    visits, lines = ("main", "visits", "visit_id"), ("main", "lines", "line_id")
    assert [(visits,), (visits,), (visits,), (visits,), (lines, visits), (lines, visits)] == found
    assert () == noisy.planned(shop.govern("SELECT sum(units) FROM visits", noisy.ruling())).unique


@pytest.mark.parametrize(
    ("before", "after", "question", "remedy"),
    [
        (
            "visit_id INTEGER UNIQUE",
            "visit_id INTEGER",
            QUESTIONS[0],
            r"ALTER TABLE visits ADD PRIMARY KEY \(visit_id\)",
        ),
        (
            "visit_id INTEGER UNIQUE",
            "visit_id INTEGER",
            QUESTIONS[4],
            r"ALTER TABLE visits ADD PRIMARY KEY \(visit_id\)",
        ),
        ("BIGINT PRIMARY KEY", "BIGINT", QUESTIONS[4], r"ALTER TABLE lines ADD PRIMARY KEY \(line_id\)"),
        ("placed TIMESTAMP)", "placed TIMESTAMP, UNIQUE (visit_id, customer_id))", QUESTIONS[0], "ADD PRIMARY KEY"),
    ],
)
def test_without_the_constraint_it_is_refused(before: str, after: str, question: str, remedy: str) -> None:
    """N11: no constraint, one on another step, or on two columns together, refuses and says which to add."""
    schema = SCHEMA.replace("visit_id INTEGER UNIQUE", "visit_id INTEGER") if "UNIQUE (" in after else SCHEMA
    with pytest.raises(Refused, match=remedy):
        open_shop(schema.replace(before, after)).govern(question, noisy.ruling())


@pytest.mark.parametrize("kind", ["DOUBLE", "VARCHAR COLLATE NOCASE", "TIMESTAMP", "BLOB"])
def test_keys_that_an_index_tells_apart_and_a_join_does_not(kind: str) -> None:
    """N11: `a` and `A` are two keys to an index and one to a join, so such a type is refused though it is unique."""
    schema = SCHEMA.replace("visit_id INTEGER UNIQUE", f"visit_id {kind} UNIQUE")
    schema = schema.replace("visit_id INTEGER, units", f"visit_id {kind}, units")
    shop = open_shop(schema)
    if "COLLATE" in kind:  # the catalogue of the engine tells the collation; this one's tables are read as that does
        tables = [
            replace(t, columns=tuple(replace(c, type=kind) if c.name == "visit_id" else c for c in t.columns))
            for t in shop.catalog
        ]
        shop.catalog = tuple(tables)
    with pytest.raises(Refused, match="plain text or UUID"):
        shop.govern(QUESTIONS[0], noisy.ruling())


def test_a_duplicate_key_cannot_come_in(shop: made.Shop) -> None:
    """N11: the attack itself: a second visit of the same key is refused by the database."""
    put(shop, [(0, 1, "north")], [(0, 0, 5)], [])
    with pytest.raises(duckdb.ConstraintException):
        shop.con.execute(f"INSERT INTO company.visits SELECT 0, 2, 'north', 25, 5.0, 1, 1, 1, {DAY}")


def test_without_the_check_the_attack_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """N11: why it is asked for: unchecked, one customer's copies of others' keys hide far more than the bound."""
    monkeypatch.setattr(rewriting, "_parents", lambda sight, stored: iter(()))
    shop = open_shop(SCHEMA.replace("visit_id INTEGER UNIQUE", "visit_id INTEGER"))
    governed = shop.govern(QUESTIONS[0], noisy.ruling(1))
    plan = noisy.planned(governed)
    others = [(at, at + 1, "north") for at in range(8)]
    lines = [(at, at, 5) for at in range(8)]
    put(shop, others, lines, [])
    honest = noisy.exact(shop, governed)[()]
    put(shop, [*others, *((at, 9, "north") for at in range(8))], lines, [])
    attacked = noisy.exact(shop, governed)[()]
    assert abs(honest[1] - attacked[1]) == 8 > plan.sensitivity(1)


def test_what_a_parent_refers_to_is_looked_at(shop: made.Shop) -> None:
    """N11: a line reveals what its visit's references reveal, and where those are other people's rows it is refused."""
    diary = replace(MAP.tables["customers"], reveals=(Reveal(Predicate.parse("tier = 'x'"), made.HEALTH),))
    visits = replace(MAP.tables["visits"], references=(Reference("store_id", "customers", "id"),))
    other = open_shop(datamap=DataMap({**MAP.tables, "customers": diary, "visits": visits}))
    for question in (QUESTIONS[0], QUESTIONS[4]):
        with pytest.raises(Refused, match="which may be other customers'"):
            other.govern(question, noisy.ruling())
    own = replace(MAP.tables["visits"], reveals=(Reveal(Predicate.parse("region = 'west'"), made.HEALTH),))
    revealing = open_shop(datamap=DataMap({**MAP.tables, "visits": own}))
    governed = revealing.govern(QUESTIONS[0], noisy.ruling())
    put(revealing, [(0, 1, "north"), (1, 2, "west")], [(0, 0, 5), (1, 1, 5)], [])
    assert (1, 1, 5) == noisy.exact(revealing, governed)[()][:3]
