"""Law 8. A governed answer equals the plain answer over a database from which hidden rows and values were removed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bailee import decide
from bailee.decide.ruling import Ruling
from bailee.errors import Refused
from bailee.policy.meaning import standing
from bailee.policy.meaning_of_rows import Asked
from bailee.policy.model import DataMap
from bailee.rewrite import Governed
from bailee.vocabulary import Actor, Use
from tests.laws import questions as make
from tests.rewrite import shop as engine
from tests.rewrite.plain import filtered, table_sql
from tests.strategies import _Drawn
from tests.worlds import NOW, Seeded, chance

#: Refusals that a question of the grammar may rightly meet.
FINE = {"column_withheld", "table_withheld", "aggregate_only"}
#: Errors of values rather than of names, which an engine may or may not meet, as it orders its work.
OF_VALUES = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)


class World:
    """One shop, governed and plain, to be asked several questions."""

    def __init__(self, shop: make.Shop, recipient: str | None, *, masked: bool, columned: bool) -> None:
        shop = replace(shop, datamap=_columned(shop.datamap)) if columned else shop
        self.shop = shop
        self.terms = make.terms(shop.policy)
        self.use = Use("p", Actor("ann"), recipient=recipient)
        # Compiled policies are kept by their digest, so each policy needs its own.
        digest = "sha256:" + sha256(repr(shop.policy).encode()).hexdigest()
        self.ruling: Ruling = decide.compile(shop.policy, digest).rule(self.use)
        allowed = [key for key, person in shop.people.items() if self._stands(person)]
        schema = "".join(table_sql(name, make.TYPES[name], rows) for name, rows in shop.rows.items())
        self.engine = engine.open_shop(schema, shop.datamap, allowed, self.ruling.slot)
        self.engine.masked, self.engine.columned = masked, columned

    def _stands(self, person: Any) -> bool:
        return "stands" == standing(self.shop.policy, "p", self.use.recipient, person, NOW, self.terms)

    def cutoff(self) -> Any:
        return self.shop.policy.purposes["p"].keep.duration.minus(NOW)

    def governed(self, question: str) -> tuple[Governed, Any]:
        """The governed question, and the answer or the class of error."""
        governed = self.engine.govern(question, self.ruling)
        return governed, _answer(lambda: self.engine.run(governed, self.cutoff())[1])

    def plain(self, question: str, tables: tuple[str, ...]) -> Any:
        """The answer over a database that holds what the meaning leaves of the tables, and nothing else."""
        asked = Asked(self.shop.policy, self.shop.datamap, self.use, NOW, self.shop.people, self.terms)
        con = filtered(asked, self.ruling, self.shop.rows, make.TYPES, tables)
        return _answer(lambda: con.execute(question).fetchall())


def _columned(datamap: DataMap) -> DataMap:
    """The map, with a standing column on every table that may have one."""
    may = {key: table for key, table in datamap.tables.items() if table.via is None and len(table.subjects) == 1}
    return replace(datamap, tables=datamap.tables | {k: replace(t, standing="bailee") for k, t in may.items()})


def _answer(run: Any) -> Any:
    try:
        return Counter(map(repr, run()))
    except OF_VALUES:
        return "a value"
    except duckdb.Error as error:
        return type(error).__name__


def _agree(world: World, question: str) -> str:
    """Ask both ways; what became of the question: answered, refused, wrong on both sides, or of values."""
    try:
        governed, answer = world.governed(question)
    except Refused as refusal:
        if not {reason.code for reason in refusal.reasons} <= FINE:
            raise AssertionError(f"{question}: {refusal}") from refusal
        return "refused"
    if governed.aggregate:
        return "groups"  # tests/laws/test_no_small_group_is_shown.py
    expected = world.plain(question, governed.tables)
    if "a value" in (answer, expected):
        return "value"
    assert expected == answer, question
    return "wrong on both" if isinstance(answer, str) else "answered"


def _world(source: Any) -> World:
    shop = make.make_shop(source)
    to = shop.policy.purposes["p"].recipients
    recipient = to[0] if to and chance(source, 60) else None
    return World(shop, recipient, masked=chance(source, 50), columned=chance(source, 50))


@st.composite
def _drawn(draw: st.DrawFn) -> tuple[World, list[str]]:
    source = _Drawn(draw)
    return _world(source), [make.make_question(source) for _ in range(4)]


@given(_drawn())
@settings(max_examples=60, phases=set(Phase) - {Phase.shrink})
def test_a_governed_answer_equals_the_plain_answer_over_what_is_visible(drawn: tuple[World, list[str]]) -> None:
    """D10.6: Random shops, maps, policies and people, and questions of every allowed shape."""
    world, asked = drawn
    for question in asked:
        _agree(world, question)


def _seeded(seeds: range) -> Iterator[str]:
    for seed in seeds:
        source = Seeded(seed)
        world = _world(source)
        for _ in range(12):
            question = make.make_question(source)
            try:
                yield _agree(world, question)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error


def test_most_questions_of_the_grammar_are_answered() -> None:
    """The law is not empty: at least a third of the questions are answered, and all fates occur."""
    fates = Counter(_seeded(range(40)))
    assert fates["answered"] >= fates.total() / 3, fates


@pytest.mark.soak
@pytest.mark.parametrize("part", range(8))
def test_soak(part: int) -> None:
    """Thousands of seeded shops; prints what became of their questions. BAILEE_SOAK sets how many shops a part has."""
    shops = int(os.environ.get("BAILEE_SOAK", "1500"))
    print(part, Counter(_seeded(range(part * shops + 1000, (part + 1) * shops + 1000))))
