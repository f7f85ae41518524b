"""The fence: hidden rows stay unseen, and a question can reach nothing but its governed relations."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from bailee.engines import View
from bailee.engines.postgres import fence, guard
from bailee.engines.postgres.engine import Postgres
from bailee.errors import EngineError, EngineUnavailable
from tests.engines.postgres.shop import PEOPLE, database, outcome, run_all
from tests.postgres import Cluster

SEEN = "SELECT id, name, spent FROM public.people"
SHAPES = {
    "join": PEOPLE,
    "in": View("bailee_rel_1", f"{SEEN} WHERE id IN (SELECT subject FROM bailee_allow.allow_p)"),
    "exists": View(
        "bailee_rel_1", f"{SEEN} p WHERE EXISTS (SELECT FROM bailee_allow.allow_p a WHERE a.subject = p.id)"
    ),
    "column": View("bailee_rel_1", f"{SEEN} WHERE id % 1000 < 101"),
}  # fmt: skip

ATTACKS = [
    "SELECT count(*) FROM bailee_rel_1 WHERE CAST(name AS int) > 0",
    "SELECT count(*) FROM bailee_rel_1 WHERE id > 100 AND CAST(name AS int) > 0",
    "SELECT count(*) FROM bailee_rel_1 WHERE CASE WHEN spent > 70000 THEN 1 / 0 ELSE 1 END = 1",
    "SELECT count(*) FROM bailee_rel_1 a JOIN bailee_rel_1 b ON CAST(a.name AS int) = b.id",
    "SELECT max(CAST(name AS int)) FROM bailee_rel_1",
    "SELECT count(*) FROM bailee_rel_1 WHERE name ~ 'CANARY' AND 1 / (id - id) = 0",
    "SELECT id FROM bailee_rel_1 ORDER BY CAST(name AS int) DESC LIMIT 1",
    "SELECT count(*) FROM bailee_rel_1 GROUP BY CAST(name AS int) HAVING count(*) > 1",
    "SELECT * FROM (SELECT CAST(name AS int) AS n FROM bailee_rel_1) s WHERE n > 100",
    "SELECT 1 FROM bailee_rel_1 r, LATERAL (SELECT CAST(r.name AS int) AS n) l WHERE n > 100",
    "SELECT EXISTS (SELECT FROM bailee_rel_1 WHERE spent = 77777.77)",
    "SELECT count(*) FROM bailee_rel_1 TABLESAMPLE SYSTEM (100)",
]


@pytest.fixture(scope="module")
def plain(postgres: Cluster) -> Iterator[Postgres]:
    """The same shop without its hidden people."""
    from bailee.engines.postgres.engine import Postgres as Engine
    from tests.engines.postgres.shop import ALLOWED, make_shop

    url = make_shop(postgres)
    run_all(postgres, database(url), "DELETE FROM people WHERE id > 100")
    with Engine(url) as opened:
        opened.allow("allow_p", "INTEGER", ALLOWED, sequence=1)
        yield opened


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sql", ATTACKS)
def test_hidden_rows_change_nothing(engine: Postgres, plain: Postgres, shape: str, sql: str) -> None:
    """An answer, or an error, is the same with hidden rows as without them."""
    assert outcome(plain, sql, SHAPES[shape]) == outcome(engine, sql, SHAPES[shape])


def test_the_trial_at_start_sees_a_fence_that_does_not_hold(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ordinary views the trial fails, and the engine is not used."""
    monkeypatch.setattr(fence, "_OPTIONS", "security_barrier = false")
    with pytest.raises(EngineUnavailable, match="fence that hides rows did not hold"):
        Postgres(url).start()


#: What would act or reach elsewhere if the rewrite let it pass.
REACHING = [
    "SELECT set_config('role', 'none', true)",
    "SELECT pg_catalog.set_config('search_path', 'public', false)",
    "SELECT * FROM public.people",
    "SELECT * FROM everybody",
    "SELECT * FROM bailee_allow.allow_p",
    "SELECT * FROM bailee_allow.sequences",
    "TABLE public.people",
    "SELECT (SELECT max(secret) FROM public.people)",
    "SELECT * FROM pg_stats",
    "SELECT * FROM pg_catalog.pg_class",
    "WITH pg_stats AS (SELECT * FROM pg_stats) SELECT * FROM pg_stats",
    "SELECT * FROM (WITH pg_class AS (SELECT 1) SELECT * FROM pg_class) a, pg_class",
    "WITH people AS (SELECT * FROM people) SELECT * FROM people",
    "SELECT * FROM information_schema.columns",
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_largeobject",
    "SELECT query_to_xml('SELECT * FROM public.people', true, true, '')",
    "SELECT table_to_xml('public.people', true, true, '')",
    "SELECT database_to_xml(true, true, '')",
    "SELECT ts_stat('SELECT secret::tsvector FROM public.people')",
    "SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, secret::tsquery FROM public.people')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_get(1)",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_sleep(100)",
    "SELECT pg_notify('x', 'y')",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_terminate_backend(pg_backend_pid())",
    "SELECT pg_cancel_backend(pg_backend_pid())",
    "SELECT nextval('x')",
    "SELECT pg_export_snapshot()",
    "SELECT dblink('', '')",
    "SELECT pg_get_viewdef('bailee_rel_1')",
    "SELECT current_setting('data_directory')",
    "SELECT to_regclass('public.people')",
    "SELECT has_table_privilege('public.people', 'SELECT')",
    "SELECT obj_description(1)",
    "SELECT 'public.people'::regclass",
    "SELECT definer()",
    "SELECT public.definer()",
    "SELECT * FROM public.definer()",
    "SELECT 1 OPERATOR(public.!!!) 2",
    "SELECT 1 WHERE 1 OPERATOR(public.!!!) ANY (SELECT 2)",
    "SELECT 1 ORDER BY 1 USING OPERATOR(public.!!!)",
    "SELECT 'x'::public.mood",
    "SELECT 'x' COLLATE public.odd",
    "WITH x AS (DELETE FROM public.people RETURNING *) SELECT * FROM x",
    "SELECT * FROM bailee_rel_1, pg_temp.bailee_rel_1",
]


@pytest.fixture(scope="module")
def reachable(postgres: Cluster, url: str) -> None:
    """The company's own trap doors, open to everybody."""
    run_all(
        postgres,
        database(url),
        "CREATE FUNCTION definer() RETURNS text LANGUAGE sql SECURITY DEFINER "
        "AS 'SELECT max(secret) FROM public.people'",
        "CREATE FUNCTION inverse(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OPERATOR public.!!! (LEFTARG = int, RIGHTARG = int, FUNCTION = inverse)",
    )


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("sql", REACHING)
def test_a_question_reaches_nothing_else(engine: Postgres, sql: str) -> None:
    """Every table, function and operator but those of a governed question is refused, with or without the rewrite."""
    found = outcome(engine, sql)
    assert isinstance(found, tuple), found
    assert "CANARY" not in str(found)
    assert [{"n": 100}] == outcome(engine, "SELECT count(*) AS n FROM bailee_rel_1")


#: Relations that a question names although the check of its text is taken away: the server's own check is left.
_NAMES = ("to_regclass", "has_table_privilege", "::regclass")  # which tell that a table is there, and nothing of it
TABLES = [
    sql
    for sql in REACHING
    if any(name in sql for name in ("public.people", "bailee_allow", "everybody"))
    and not any(name in sql for name in _NAMES)
]


@pytest.mark.parametrize("sql", TABLES)
def test_the_role_itself_refuses_tables(engine: Postgres, sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With our reading of the text taken away, the reader's lack of rights still keeps every table out of reach."""
    monkeypatch.setattr(guard, "only_views", lambda sql, names: None)
    monkeypatch.setattr(guard, "harmless", lambda link, sql: None)
    found = outcome(engine, sql)
    assert isinstance(found, tuple), found
    assert "CANARY" not in str(found)


def test_a_question_cannot_write_even_with_the_keeper_s_rights(
    postgres: Cluster, engine: Postgres, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the role taken back, nothing would be kept, and the keeper reads mapped columns only.

    Before PostgreSQL 16 large objects can be written where one may only read; they go with the transaction.
    """
    monkeypatch.setattr(guard, "only_views", lambda sql, names: None)
    monkeypatch.setattr(guard, "harmless", lambda link, sql: None)
    back = "SELECT set_config('role', 'none', true), lo_from_bytea(0, 'x')"
    outcome(engine, back)
    assert [(0,)] == postgres.run("SELECT count(*) FROM pg_largeobject_metadata", database(url))
    with psycopg.connect(url, autocommit=True) as keeper:
        for sql in (
            "SELECT secret FROM people",
            "DELETE FROM people",
            "SELECT * FROM everybody",
            "CREATE TABLE public.x ()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                keeper.execute(sql.encode())


def test_harmless_volatile_functions_are_let_through(engine: Postgres) -> None:
    """A random number acts on nothing, nor does a type's name, nor a whole row of a governed relation."""
    assert [{"v": True, "t": "integer"}] == outcome(engine, "SELECT random() < 1 AS v, pg_typeof(1) AS t")
    assert [{"r": "(1,1,1.50,)"}] == outcome(engine, "SELECT r FROM bailee_rel_1 r WHERE id = 1")


def test_functions_operators_and_types_are_postgresql_s_own(postgres: Cluster, engine: Postgres, url: str) -> None:
    """What somebody puts into `public` under the name of a built-in is not called."""
    run_all(
        postgres,
        database(url),
        "CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'CANARY' $$",
        "CREATE FUNCTION public.trap(text) RETURNS text LANGUAGE sql AS $$ SELECT 'CANARY' $$",
    )
    assert [{"v": "a"}] == outcome(engine, "SELECT lower('A') AS v")
    with pytest.raises(EngineError, match="catalog error"):
        engine.ask([], "SELECT trap('A')", allow={})
    run_all(postgres, database(url), "DROP FUNCTION public.lower(text)", "DROP FUNCTION public.trap(text)")
