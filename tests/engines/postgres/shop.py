"""A small shop in a real PostgreSQL, with hidden customers whose every value is a canary; Bailee has the rights of the
set-up and no more."""

from __future__ import annotations

import psycopg

from bailee.engines import View
from bailee.engines.postgres import setup
from bailee.engines.postgres.engine import Postgres
from bailee.errors import EngineError
from tests.postgres import Cluster

#: The governed relation of the tests: the people that the allow table `allow_p` names.
PEOPLE = View(
    "bailee_rel_1",
    'SELECT p.id, p.name, p.spent, a.pseudonym FROM "public"."people" p '
    "JOIN bailee_allow.allow_p a ON a.subject = p.id",
)
ALLOWED = [str(number) for number in range(1, 101)]
MAPPED = {("public", "people"): ("id", "name", "spent")}
KEEPER = "keeper"

_SHOP = """
CREATE TABLE people (id integer, name text, spent numeric(10,2), secret text);
INSERT INTO people SELECT i, i::text, i * 1.5, 'CANARY' FROM generate_series(1, 100) i;
INSERT INTO people SELECT i, 'CANARY' || i, 77777.77, 'CANARY' FROM generate_series(500, 699) i;
CREATE VIEW everybody AS SELECT * FROM people;
ANALYZE people
"""


def make_shop(cluster: Cluster) -> str:
    """A new database of a shop with Bailee's roles and rights; the keeper's URL."""
    url = cluster.new()
    name = database(url)
    run_all(cluster, name, _SHOP, *setup.statements(MAPPED, KEEPER, name))
    return cluster.url(name, KEEPER)


def database(url: str) -> str:
    """The name of the database at a URL."""
    return url.partition("?")[0].rpartition("/")[2]


def run_all(cluster: Cluster, name: str, *statements: str) -> None:
    """Run statements as the superuser."""
    with psycopg.connect(cluster.url(name), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def outcome(engine: Postgres, sql: str, *views: View) -> object:
    """All that a reader could learn from one question: its rows, or its error with class and place."""
    try:
        return engine.ask(views or (PEOPLE,), sql, allow={"allow_p": 1}).table.to_pylist()
    except EngineError as error:
        return type(error), str(error), error.kind, error.position
