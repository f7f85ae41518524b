"""Law 3. Points and sets agree with the meaning, on every engine: a question sees exactly those whom points permit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings

from bailee import decide
from bailee.decide.ruling import Ruling
from bailee.engines import Engine
from bailee.engines.duckdb.engine import DuckDB
from bailee.engines.duckdb.warehouse import building
from bailee.engines.postgres.engine import Postgres
from bailee.engines.postgres.setup import statements
from bailee.gate.sets import Sets
from bailee.gate.turns import Turn
from bailee.people import customers, notices
from bailee.people.database import open_database
from bailee.people.keys import PseudonymKeys
from bailee.people.standing import Board, Standing
from bailee.policy import canonical
from bailee.policy.meaning import judged_at, permitted
from bailee.policy.model import Column, DataMap, Policy, Table
from bailee.policy.terms import Terms
from bailee.rewrite import Rewriter
from bailee.rewrite.dialects import named
from bailee.vocabulary import Actor, Customer, Treatment, Use
from tests.engines.spark.shop import Server, jvm
from tests.people.records import put
from tests.placed import as_user
from tests.postgres import Cluster
from tests.strategies import worlds
from tests.worlds import LESSONS, ROLES, World

ANN = Actor("ann", frozenset(ROLES), frozenset(LESSONS))
COLUMNS = {"id": Column("id", ("user.unique_id",)), "mark": Column("mark", ("user.account",))}
MAP = DataMap({"people": Table("people", COLUMNS, subjects=("id",))})
#: Rows of customers, of the guardian, of strangers, of nobody, and one customer twice.
ROWS = "('c0', 1), ('c1', 2), ('c1', 3), ('c2', 4), ('guardian', 5), ('stranger', 6), ('C1', 7), (' c1', 8), (NULL, 9)"
PEOPLE = f"SELECT id::VARCHAR AS id, mark::INTEGER AS mark FROM (VALUES {ROWS}) v(id, mark)"


#: Spark's JVM is asked in the soak; what else is not DuckDB is asked less, because each question takes longer.
ENGINES = ["duckdb", "postgres", "sail", pytest.param("jvm", marks=pytest.mark.soak)]
EXAMPLES = {"duckdb": 40}
FEWER = 10


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Each engine over the same few people."""
    folder = tmp_path_factory.mktemp("law3")
    if request.param == "postgres":
        yield from _postgres(request.getfixturevalue("postgres"))
        return
    if request.param == "duckdb":
        yield from _duckdb(folder)
        return
    with duckdb.connect() as con:
        con.execute(f"COPY ({PEOPLE}) TO '{folder}/people.parquet'")
    server = jvm() if request.param == "jvm" else Server("sail", request.getfixturevalue("sail"))
    with server.open({"people": str(folder)}) as opened:
        yield opened


def _duckdb(folder: Path) -> Iterator[Engine]:
    path = folder / "shop.duckdb"
    with building(path) as warehouse:
        warehouse.query("people", PEOPLE)
    with DuckDB(path) as opened:
        yield opened


def _postgres(cluster: Cluster) -> Iterator[Engine]:
    url = cluster.new()
    database = url.split("/")[3].split("?")[0]
    cluster.run("CREATE TABLE people (id text, mark integer)", database)
    cluster.run(f"INSERT INTO people VALUES {ROWS}", database)
    for statement in statements({("public", "people"): ["id", "mark"]}, "pat", database):
        cluster.run(statement, database)
    with Postgres(as_user(url, "pat"), masked=True) as opened:
        yield opened


def test_a_question_sees_exactly_those_about_whom_points_say_yes(engine: Engine) -> None:
    """For each purpose and recipient: the meaning's yes, the bytes of standing and a question's rows are the same."""

    @given(worlds(customers=3))
    @settings(max_examples=EXAMPLES.get(engine.dialect, FEWER), suppress_health_check=[HealthCheck.too_slow])
    def agrees(drawn: World) -> None:
        _sees_exactly(engine, drawn)

    agrees()


def _sees_exactly(engine: Engine, drawn: World) -> None:
    world = replace(drawn, policy=_readable(drawn.policy))
    compiled = decide.compile(world.policy, canonical.policy_digest(world.policy))
    dialect = named(engine.dialect)
    rewriter = Rewriter(
        MAP, "sha256:map", engine.catalog(), lambda sql: json.loads(engine.serialize(sql)), dialect=dialect
    )
    with (
        TemporaryDirectory() as folder,
        closing(open_database(Path(folder) / "state.db", create=True)) as database,
    ):
        with database.write() as connection:
            people = {each.key: each for each in put(connection, world)}
            terms = dict(notices.terms(connection))
            numbers = customers.numbers(connection)
        sets = Sets(engine, PseudonymKeys(b"k" * 32), database)
        standing = Board(database).fresh(compiled, world.at)
        for slot in compiled.slots:
            use = Use(slot.purpose, ANN, recipient=slot.recipient)
            _agree(
                compiled.rule(use),
                use,
                world.policy,
                people,
                world.at,
                terms,
                standing,
                numbers,
                sets,
                rewriter,
                engine,
            )


def _agree(
    ruling: Ruling,
    use: Use,
    policy: Policy,
    people: dict[str, Customer],
    at: datetime,
    terms: dict[str, Terms],
    standing: Standing,
    numbers: dict[str, int],
    sets: Sets,
    rewriter: Rewriter,
    engine: Engine,
) -> None:
    verdicts = {key: permitted(policy, use, person, judged_at(person, at), terms) for key, person in people.items()}
    if not ruling.permitted:
        assert not any(verdicts.values())
        return
    assert ruling.slot is not None
    yes = {key for key, verdict in verdicts.items() if verdict}
    byte = {key for key in people if standing.codes(ruling.slot)[numbers[key]] == 0}
    assert yes == byte
    governed = rewriter.rewrite("SELECT id, mark FROM people", ruling)
    cutoff = policy.purposes[use.purpose].keep.duration.minus(at)
    result, *_ = sets.run(governed, ruling, lambda: standing, cutoff, engine.generation, Turn())
    # The guardian is on record with nothing but a key, as the test's own helper made them.
    guardian = {"guardian"} if standing.codes(ruling.slot)[numbers["guardian"]] == 0 else set()
    marks = {"c0": [1], "c1": [2, 3], "c2": [4], "guardian": [5]}
    expected = sorted(mark for key in yes | guardian for mark in marks[key])
    assert expected == sorted(result.table["mark"].to_pylist())


def _readable(policy: Policy) -> Policy:
    """The policy with every use able to read the table of the test, so that only customers decide."""
    reads = {"user.unique_id": Treatment.CLEAR, "user.account": Treatment.CLEAR}
    purposes = {key: replace(each, reads={**each.reads, **reads}) for key, each in policy.purposes.items()}
    recipients = {key: replace(each, at_most=Treatment.CLEAR) for key, each in policy.recipients.items()}
    standards = {key: each for key, each in policy.standards.items() if not each.forbid.categories}
    return replace(policy, purposes=purposes, recipients=recipients, standards=standards)
