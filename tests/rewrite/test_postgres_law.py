"""Law 8 on a real PostgreSQL: random shops, maps, policies and questions, governed and over what is visible alone."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

import psycopg
import pytest

from bailee import decide
from bailee.errors import Refused
from bailee.policy.meaning import standing
from bailee.policy.meaning_of_rows import Asked
from bailee.vocabulary import Actor, Use
from tests.laws import questions as make
from tests.postgres import Cluster
from tests.rewrite.plain import table_sql, tables_sql
from tests.rewrite.postgres_shop import PostgresShop
from tests.worlds import NOW, Seeded, chance

#: Errors of values rather than of names, which an engine may or may not meet, as it orders its work.
OF_VALUES = (psycopg.DataError,)


class World:
    """One shop in PostgreSQL, to be asked several questions."""

    def __init__(self, con: psycopg.Connection[tuple[object, ...]], source: Seeded) -> None:
        shop = make.make_shop(source)
        to = shop.policy.purposes["p"].recipients
        use = Use("p", Actor("ann"), recipient=to[0] if to and chance(source, 60) else None)
        # Compiled policies are kept by their digest, so each policy needs its own.
        digest = "sha256:" + sha256(repr(shop.policy).encode()).hexdigest()
        self.ruling = decide.compile(shop.policy, digest).rule(use)
        self.rows = shop.rows
        terms = make.terms(shop.policy)
        self.asked = Asked(shop.policy, shop.datamap, use, NOW, shop.people, terms)
        allowed = [
            key
            for key, person in shop.people.items()
            if standing(shop.policy, "p", use.recipient, person, NOW, terms) == "stands"
        ]
        self.cutoff = shop.policy.purposes["p"].keep.duration.minus(NOW)
        con.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        for name, rows in shop.rows.items():
            con.execute(table_sql(f"public.{name}", make.TYPES[name], rows))
        self.shop = PostgresShop(con, shop.datamap, allowed)

    def fate(self, question: str) -> str:
        """Ask both ways; what became of the question."""
        try:
            governed = self.shop.govern(question, self.ruling)
        except Refused as refusal:
            return f"refused {refusal.reasons[0].code}"
        answer = self._answer(lambda: Counter(map(repr, self.shop.run(governed, self.cutoff))))
        if governed.aggregate:
            return "groups"
        if any(each.reason is not None and each.reason.code == "not_pseudonym" for each in governed.withheld):
            return "withheld here"  # the meaning shows a pseudonym, which PostgreSQL would make of another text
        tables = list(tables_sql(self.asked, self.ruling, self.rows, make.TYPES, governed.tables))
        expected = self._answer(lambda: self.shop.plain(question, tables))
        if "a value" in (answer, expected):
            return "value"
        assert expected == answer, question
        return "wrong on both" if isinstance(answer, str) else "answered"

    def _answer(self, run: object) -> object:
        try:
            return run()  # type: ignore[operator]
        except OF_VALUES:
            return "a value"
        except psycopg.Error as error:
            return type(error).__name__


def _in_postgresql(question: str) -> str:
    """The grammar's question as PostgreSQL writes it."""
    question = re.sub(r"list_sort\(list\((.*?)\)\)", r"array_length(array_agg(\1), 1)", question)
    question = question.replace("SELECT o FROM", "SELECT o::text FROM")  # else with the types of its columns
    return re.sub(r"\b(company\.)?main\.", "public.", question)


def _seeded(con: psycopg.Connection[tuple[object, ...]], seeds: range) -> Iterator[str]:
    for seed in seeds:
        source = Seeded(seed)
        world = World(con, source)
        for _ in range(12):
            question = _in_postgresql(make.make_question(source))
            try:
                yield world.fate(question)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error


@pytest.fixture
def con(postgres: Cluster) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection to a database that is all the test's."""
    with psycopg.connect(postgres.new(), autocommit=True) as made:
        yield made


def test_a_governed_answer_equals_the_plain_answer_over_what_is_visible(
    con: psycopg.Connection[tuple[object, ...]],
) -> None:
    """D10.6: Random shops, maps, policies and people, and questions of every shape that PostgreSQL has."""
    fates = Counter(_seeded(con, range(25)))
    assert fates["answered"] >= fates.total() / 5, fates


@pytest.mark.soak
def test_soak(con: psycopg.Connection[tuple[object, ...]]) -> None:
    """Hundreds of seeded shops; prints what became of their questions."""
    print(Counter(_seeded(con, range(1000, 1000 + int(os.environ.get("BAILEE_SOAK", "1500"))))))
