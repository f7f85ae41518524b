"""Law 6. A stricter policy's governed relations never hold more.

Over a map that can coarsen every column: `coarse` is withheld where the map does not say how, and then a pseudonym,
which is stricter, shows more (`spec/decision.md`, columns).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bailee import decide
from bailee.decide.ruling import Ruling
from bailee.errors import Refused
from bailee.policy.coarsen import Coarsen
from bailee.policy.model import DataMap, Forbid, Policy, Standard, Table
from bailee.policy.terms import Terms
from bailee.vocabulary import Actor, Principle, Treatment, Use
from tests.laws import questions as make
from tests.narrower import narrowings
from tests.places import Place
from tests.rewrite import shop as engine
from tests.rewrite.plain import table_sql
from tests.strategies import _Drawn
from tests.worlds import NOW, Seeded, pick

#: The columns and rows of a governed relation; every stored row has its own mark, so that rows can be told apart.
Held = tuple[frozenset[str], Counter[Any]]
MARK = "row_mark"
MARKED = {name: {**kinds, MARK: "INTEGER"} for name, kinds in make.TYPES.items()}


def _coarsened(datamap: DataMap) -> DataMap:
    """The map with a way to coarsen every column."""

    def coarse(table: Table) -> Table:
        ways = {"INTEGER": "band 2", "VARCHAR": "prefix 1", "DATE": "month", "TIMESTAMP": "month"}
        kinds = make.TYPES[table.name]
        columns = {n: replace(c, coarsen=Coarsen.parse(ways[kinds[n]])) for n, c in table.columns.items()}
        return replace(table, columns=columns)

    return DataMap({name: coarse(table) for name, table in datamap.tables.items()})


def _stricter(source: Any, policy: Policy) -> Policy:
    """The policy with one narrower part of its terms, or with one more standard."""
    forbidden = Forbid(categories=frozenset({pick(source, make.CATEGORIES)}))
    standard = Standard("one_more", forbidden, "because", Principle.PRIVACY)
    added = replace(policy, standards={**policy.standards, "one_more": standard})
    return pick(source, [added, *(narrower for _, narrower in narrowings(policy, "p"))])


def _ruling(policy: Policy) -> Ruling:
    digest = "sha256:" + sha256(repr(policy).encode()).hexdigest()
    # Only the rewrite is compared, so one actor and no recipient; a use that is refused holds nothing.
    return decide.compile(policy, digest).rule(Use("p", Actor("ann")))


def _allowed(shop: make.Shop, policy: Policy, terms: Mapping[str, Terms]) -> list[object]:
    """Who stands by the compiled policy, under terms that were registered when the wider policy was in force."""
    compiled = decide.compile(policy, _ruling(policy).policy)
    covering = compiled.covering(terms)
    slot = compiled.slot("p")
    return [key for key, person in shop.people.items() if compiled.judge(person, slot, NOW, covering).code == 0]


def _held(shop: make.Shop, policy: Policy, terms: Mapping[str, Terms], table: str, place: Place | None = None) -> Held:
    """What the governed relation of a table holds under a policy, in DuckDB or in another place."""
    under = _ruling(policy)
    marked = {name: [{**row, MARK: at} for at, row in enumerate(rows)] for name, rows in shop.rows.items()}
    opened: engine.Shop | Place
    if place is None:
        schema = "".join(table_sql(name, kinds, marked[name]) for name, kinds in MARKED.items())
        opened = engine.open_shop(schema, shop.datamap, _allowed(shop, policy, terms))
    else:
        opened = place
        opened.fill(MARKED, marked, shop.datamap, _allowed(shop, policy, terms))
    purpose = policy.purposes["p"]
    cutoff = purpose.keep.duration.minus(NOW)
    try:
        names, rows = opened.run(opened.govern(f"SELECT * FROM {table}", under), cutoff)
    except Refused:
        return frozenset(), Counter()
    clear = [name for name in names if decide.column(under, shop.datamap.tables[table], name).treatment == 0]
    kept = [names.index(name) for name in sorted(clear)]
    return frozenset(names), Counter(tuple(repr(row[at]) for at in kept) for row in rows)


@st.composite
def _drawn(draw: st.DrawFn) -> tuple[make.Shop, Policy]:
    source = _Drawn(draw)
    shop = make.make_shop(source)
    shop = replace(shop, datamap=_coarsened(shop.datamap))
    return shop, _stricter(source, shop.policy)


@given(_drawn())
@settings(max_examples=60, phases=set(Phase) - {Phase.shrink})
def test_a_stricter_policy_holds_no_more(drawn: tuple[make.Shop, Policy]) -> None:
    """Fewer columns or the same, fewer rows or the same, and nothing clear that was not clear before."""
    _holds_no_more(*drawn)


def _holds_no_more(shop: make.Shop, stricter: Policy, place: Place | None = None) -> int:
    """Assert the law for one narrower policy; how many rows less there are."""
    terms, less = make.terms(shop.policy), 0
    for table in make.TYPES:
        wide, narrow = _held(shop, shop.policy, terms, table, place), _held(shop, stricter, terms, table, place)
        less += wide[1].total() - narrow[1].total()
        assert narrow[0] <= wide[0], table
        assert narrow[1].total() <= wide[1].total(), table
        before, after = _ruling(shop.policy), _ruling(stricter)
        for name in make.TYPES[table]:
            treated = [decide.column(under, shop.datamap.tables[table], name).treatment for under in (before, after)]
            assert treated[0] <= treated[1] or not after.permitted, (table, name)
    return less


def test_nor_does_it_anywhere_else(place: Place) -> None:
    """The same in PostgreSQL and Spark, over seeded shops; some of the stricter policies hold less."""
    less = 0
    for seed in range(14):
        source = Seeded(seed)
        shop = make.make_shop(source)
        shop = replace(shop, datamap=_coarsened(shop.datamap))
        less += _holds_no_more(shop, _stricter(source, shop.policy), place)
    assert less > 0


def test_the_law_is_not_empty() -> None:
    """Holding less happens: withholding one category takes its columns away and nothing else changes."""
    shop = engine.open_shop()
    offers = engine.ruling("offers")
    with_email, _ = shop.run(shop.govern("SELECT * FROM customers", offers))
    less = {key: value for key, value in offers.reads.items() if key != "user.contact.email"}
    without, _ = shop.run(shop.govern("SELECT * FROM customers", replace(offers, reads=less)))
    assert set(with_email) - set(without) == {"email"}
    assert Treatment.PSEUDONYM == offers.reads["user.contact.email"]
