"""Allow tables and clean sets in PostgreSQL, shared by servers."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.engines import Allowed, View
from bailee.engines.postgres import answer
from bailee.engines.postgres.engine import Postgres
from bailee.engines.postgres.link import Link
from bailee.errors import EngineError, EngineUnavailable, Stale
from tests.engines.postgres.shop import database, make_shop, run_all
from tests.postgres import Cluster

SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def own(postgres: Cluster) -> Iterator[Postgres]:
    url = make_shop(postgres)
    with Postgres(url) as opened:
        yield opened


@pytest.fixture
def pair(postgres: Cluster) -> Iterator[tuple[Postgres, Postgres]]:
    """Two servers over one new database."""
    url = make_shop(postgres)
    with Postgres(url) as one, Postgres(url) as other:
        yield one, other


def rows(engine: Postgres, name: str, sequence: int) -> dict[object, object]:
    view = View("bailee_rel_1", f"SELECT * FROM bailee_allow.{name}")
    table = engine.ask([view], "SELECT subject, pseudonym FROM bailee_rel_1", allow={name: sequence}).table
    return dict(zip(table.column("subject").to_pylist(), table.column("pseudonym").to_pylist(), strict=True))


def test_a_table_is_replaced_whole(own: Postgres) -> None:
    """Without a base, what stood before is gone, whatever type its keys had."""
    own.allow("allow_whole", "INTEGER", ["1", "2"], sequence=1)
    assert Allowed(1, 0) == own.allow("allow_whole", "INTEGER", ["3"], sequence=2)
    assert {3: None} == rows(own, "allow_whole", 2)
    assert Allowed(1, 1) == own.allow("allow_whole", "UUID", ["3", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"], sequence=3)
    assert {"6ba7b810-9dad-11d1-80b4-00c04fd430c8": None} == rows(own, "allow_whole", 3)


def test_a_change_adds_and_removes(own: Postgres) -> None:
    """A change takes keys out and in, once each, and moves the sequence; an empty one moves the sequence alone."""
    own.allow("allow_delta", "BIGINT", ["1", "2", "3"], sequence=1)
    assert Allowed(3, 0) == own.allow("allow_delta", "BIGINT", ["3", "4"], remove=["1", "9"], sequence=5, base=1)
    assert {2: None, 3: None, 4: None} == rows(own, "allow_delta", 5)
    own.allow("allow_delta", "BIGINT", [], sequence=6, base=5)
    assert {2: None, 3: None, 4: None} == rows(own, "allow_delta", 6)


def test_a_change_on_another_base_is_stale_and_changes_nothing(own: Postgres) -> None:
    """A change that was worked out against another state is refused."""
    own.allow("allow_base", "INTEGER", ["1"], sequence=4)
    for name, base in (("allow_base", 3), ("allow_never", 0)):
        with pytest.raises(Stale):
            own.allow(name, "INTEGER", ["2"], sequence=5, base=base)
    assert {1: None} == rows(own, "allow_base", 4)


def test_a_duplicate_is_refused_and_the_table_stays(own: Postgres) -> None:
    """Two equal keys in one table would multiply rows: the whole change is undone."""
    own.allow("allow_twice", "INTEGER", ["1"], sequence=1)
    for base in (None, 1):
        with pytest.raises(EngineError, match="two allowed keys mean the same subject"):
            own.allow("allow_twice", "INTEGER", ["5", "5"], sequence=2, base=base)
    with pytest.raises(EngineError, match="two allowed keys mean the same subject"):
        own.allow("allow_twice_new", "INTEGER", ["5", "5"], sequence=2)
    assert {1: None} == rows(own, "allow_twice", 1)


@pytest.mark.parametrize(
    ("key_type", "good", "bad"),
    [
        ("SMALLINT", ["0", "-32768", "32767"], ["32768", "-0", "+1", "٣"]),
        ("INTEGER", ["-7", "2147483647"], ["x", "", "07", " 7", "7.0", "2147483648", "1e3", "1\n", "0x1f", "1_0"]),
        ("BIGINT", ["9223372036854775807", "-9223372036854775808"], ["9223372036854775808"]),
        ("DECIMAL(10,2)", ["7.50", "-0.01", "99999999.99"], ["7.5", "7", "-0.00", ".50", "100000000.00", "NaN"]),
        ("DECIMAL(3,0)", ["0", "-999"], ["1000", "1.0", "-0"]),
        ("DECIMAL(2,2)", ["0.07"], ["1.07", ".07"]),
        ("VARCHAR", ["", "é", "a\nb", "O'Brien", "07", "\\N", "\\.", "a\tb\\", "\r"], ["a\0b", "\ud800"]),
        ("UUID", ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"], ["6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "x"]),
    ],
)
def test_a_key_is_kept_only_if_it_is_exactly_a_value(
    own: Postgres, key_type: str, good: list[str], bad: list[str]
) -> None:
    """What PostgreSQL would round, trim or fold is dropped and counted; what is kept is found again as it was."""
    name = "allow_" + key_type.lower().translate(str.maketrans("(),", "___"))
    assert Allowed(len(good), len(bad)) == own.allow(name, key_type, [*good, *bad], sequence=1)
    assert Allowed(len(good), len(bad)) == own.allow(name, key_type, [*good, *bad], sequence=1)
    assert set(good) == {str(key) for key in rows(own, name, 1)}


def test_other_types_are_no_keys(own: Postgres) -> None:
    """A type whose equal values may be written differently is refused."""
    for key_type in ("DOUBLE", "CHAR(3)", "VARCHAR COLLATE x", "DECIMAL", "TINYINT", "INTEGER); DROP TABLE people; --"):
        with pytest.raises(EngineError, match="a key cannot have this type"):
            own.allow("allow_odd", key_type, ["1"], sequence=1)


def test_pseudonyms_are_hmac_sha256(own: Postgres) -> None:
    """A pseudonym is what Python's own hmac says, for keys that come at once and later; another secret makes others."""
    own.allow("allow_secret", "VARCHAR", ["a", "é"], sequence=1, secret=SECRET)
    own.allow("allow_secret", "VARCHAR", ["b"], sequence=2, base=1, secret=SECRET)
    expected = {key: hmac.new(SECRET, key.encode(), hashlib.sha256).hexdigest()[:32] for key in ("a", "é", "b")}
    assert expected == rows(own, "allow_secret", 2)
    own.allow("allow_secret", "VARCHAR", ["a"], sequence=2, secret=b"other" * 8)
    assert {"a": hmac.new(b"other" * 8, b"a", hashlib.sha256).hexdigest()[:32]} == rows(own, "allow_secret", 2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30))), max_size=4))
def test_changes_lead_where_a_set_would(own: Postgres, steps: list[tuple[set[int], set[int]]]) -> None:
    """Whatever is added and removed, the table is the set that Python has; a removed key that is also added stays."""
    own.allow("allow_steps", "INTEGER", ["1", "2"], sequence=10**9)
    own._held.pop("allow_steps", None)
    run_forget(own)
    own.allow("allow_steps", "INTEGER", ["1", "2"], sequence=1)
    expected = {1, 2}
    for sequence, (add, remove) in enumerate(steps, 2):
        own.allow(
            "allow_steps", "INTEGER", map(str, add), remove=map(str, remove), sequence=sequence, base=sequence - 1
        )
        expected = (expected - remove) | add
    assert expected == set(rows(own, "allow_steps", len(steps) + 1))


def run_forget(engine: Postgres) -> None:
    from bailee.engines.postgres import setup

    assert engine._link is not None
    engine._link.run(setup.forgetting())


def test_a_server_that_is_behind_never_undoes_a_newer_state(pair: tuple[Postgres, Postgres]) -> None:
    """Law 4 with two servers: once one honours change 10, the other can neither answer at 9 nor put 9 back."""
    one, other = pair
    for server in pair:
        server.allow("allow_p", "INTEGER", ["1", "2"], sequence=9)
    assert {1: None, 2: None} == rows(other, "allow_p", 9)
    one.allow("allow_p", "INTEGER", [], remove=["2"], sequence=10, base=9)
    with pytest.raises(Stale):
        rows(other, "allow_p", 9)
    with pytest.raises(Stale, match="another server has brought"):
        other.allow("allow_p", "INTEGER", ["1", "2"], sequence=9)
    with pytest.raises(Stale):
        other.allow("allow_p", "INTEGER", ["3"], sequence=9, base=8)
    assert {1: None} == rows(one, "allow_p", 10)
    with pytest.raises(Stale):
        rows(other, "allow_p", 10)  # the sequence is right, but this server has not made sure of what is there
    assert Allowed(1, 0) == other.allow("allow_p", "INTEGER", [], remove=["2"], sequence=10, base=9)
    assert {1: None} == rows(other, "allow_p", 10)


def test_servers_adopt_what_is_equal_and_nothing_else(pair: tuple[Postgres, Postgres]) -> None:
    """By other steps to the same set: adopted without writing; another set under the same sequence: never answered."""
    one, other = pair
    for server in pair:
        server.allow("allow_p", "INTEGER", ["1", "2"], sequence=1)
    one.allow("allow_p", "INTEGER", ["3"], sequence=2, base=1)
    one.allow("allow_p", "INTEGER", ["4"], remove=["3"], sequence=3, base=2)
    before = _written(one)
    other.allow("allow_p", "INTEGER", ["4"], sequence=3, base=1)
    assert before == _written(one)
    assert {1, 2, 4} == set(rows(other, "allow_p", 3)) == set(rows(one, "allow_p", 3))
    other.allow("allow_p", "INTEGER", ["9"], sequence=3)
    with pytest.raises(Stale):
        rows(one, "allow_p", 3)
    one.allow("allow_p", "INTEGER", ["1", "2", "4"], sequence=3)
    with pytest.raises(Stale):
        rows(other, "allow_p", 3)


def test_a_sloppy_change_is_never_taken_for_a_clean_one(pair: tuple[Postgres, Postgres]) -> None:
    """Removing what is not there and adding it sums to nothing, and yet it is there: no other server adopts it."""
    one, other = pair
    for server in pair:
        server.allow("allow_p", "INTEGER", ["1"], sequence=1)
    one.allow("allow_p", "INTEGER", [], remove=["2"], sequence=2, base=1)
    one.allow("allow_p", "INTEGER", ["2"], sequence=3, base=2)
    assert {1, 2} == set(rows(one, "allow_p", 3))
    with pytest.raises(Stale):
        other.allow("allow_p", "INTEGER", [], sequence=3, base=1)
    other.allow("allow_p", "INTEGER", ["1"], sequence=3)
    assert {1} == set(rows(other, "allow_p", 3))
    with pytest.raises(Stale):
        rows(one, "allow_p", 3)


def _written(engine: Postgres) -> object:
    assert engine._link is not None
    return engine._link.run("SELECT ctid::text, xmin::text FROM bailee_allow.allow_p ORDER BY subject")


def test_two_servers_that_change_at_once_agree(postgres: Cluster) -> None:
    """Servers that apply the same changes at once, and ask in between, see each state whole and never another one."""
    url = make_shop(postgres)
    wrong: list[object] = []
    last = 12

    def serve() -> None:
        with Postgres(url) as server:
            held = 0
            for sequence in range(1, last + 1):
                members = [str(n) for n in range(sequence)]
                try:
                    if held == sequence - 1 and held:
                        server.allow("allow_p", "INTEGER", [str(sequence - 1)], sequence=sequence, base=held)
                    else:
                        server.allow("allow_p", "INTEGER", members, sequence=sequence)
                    held = sequence
                    found = rows(server, "allow_p", sequence)
                    if set(found) != set(range(sequence)):
                        wrong.append((sequence, found))
                except Stale:
                    continue
            try:
                server.allow("allow_p", "INTEGER", [str(n) for n in range(last)], sequence=last)
                if set(rows(server, "allow_p", last)) != set(range(last)):
                    wrong.append("end")
            except EngineError as error:
                wrong.append(error)

    threads = [threading.Thread(target=serve) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == wrong


def test_a_table_that_is_made_anew_during_a_question_is_never_seen_empty(
    pair: tuple[Postgres, Postgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question's lock comes before its snapshot: a new table of another type, which would be empty in it, waits."""
    one, other = pair
    one.allow("allow_p", "INTEGER", ["1", "2"], sequence=1)
    anew = threading.Thread(target=other.allow, args=("allow_p", "VARCHAR", ["1"]), kwargs={"sequence": 2})
    fence = answer._fence

    def late(link: Link, view: View) -> None:
        anew.start()
        anew.join(0.5)
        fence(link, view)

    monkeypatch.setattr(answer, "_fence", late)
    view = View("bailee_rel_1", "SELECT subject::text AS s FROM bailee_allow.allow_p")
    found = one.ask([view], "SELECT count(*) AS n FROM bailee_rel_1", allow={"allow_p": 1})
    anew.join()
    assert [{"n": 2}] == found.table.to_pylist()
    monkeypatch.undo()
    assert {"1": None} == rows(other, "allow_p", 2)


def test_after_a_crash_of_the_server_tables_are_sent_again() -> None:
    """A crash empties tables and sequences together: stale, not empty; the generation moves."""
    cluster = Cluster()
    try:
        with Postgres(make_shop(cluster)) as engine:
            engine.allow("allow_p", "INTEGER", ["1"], sequence=7)
            before = engine.generation
            cluster.restart("immediate")
            with pytest.raises(EngineError, match="connection to the database was lost"):
                rows(engine, "allow_p", 7)
            with pytest.raises(Stale):
                rows(engine, "allow_p", 7)
            assert before + 1 == engine.generation
            engine.allow("allow_p", "INTEGER", ["1"], sequence=7)
            assert {1: None} == rows(engine, "allow_p", 7)
    finally:
        cluster.remove()


def test_a_clean_set_is_of_the_moment_of_the_question(postgres: Cluster, own: Postgres) -> None:
    """A row that became revealing after the clean set was made is hidden in the next question."""
    name = database(own._url)
    run_all(postgres, name, "DROP TABLE IF EXISTS things", "CREATE TABLE things AS SELECT i AS thing, false AS secret "
            "FROM generate_series(0, 9) i", "GRANT SELECT ON things TO keeper")  # fmt: skip
    sql = "SELECT t.thing AS key FROM public.things t GROUP BY t.thing HAVING bool_and(NOT coalesce(t.secret, true))"
    own.clean("clean_things", "1", sql)
    view = View("bailee_rel_1", "SELECT c.key FROM public.things t JOIN bailee_allow.clean_things c ON c.key = t.thing")

    def seen() -> int:
        return own.ask([view], "SELECT * FROM bailee_rel_1", allow={}).rows

    assert 10 == seen()
    run_all(postgres, name, "UPDATE things SET secret = true WHERE thing = 3", "INSERT INTO things VALUES (4, NULL)")
    assert 8 == seen()
    own.clean("clean_things", "1", "SELECT 1 AS key, 2 AS x GROUP BY 1")  # another query is another set
    with pytest.raises(EngineError):
        own.clean("clean_things", "2", "SELECT thing AS key FROM public.things")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT thing AS key FROM public.things",
        "SELECT thing AS key FROM public.things GROUP BY thing, secret",
        "SELECT thing AS key FROM public.things GROUP BY secret",
        "SELECT thing AS key FROM public.things GROUP BY GROUPING SETS (thing)",
        "SELECT 1 AS key GROUP BY 1; SELECT 2",
        "SELECT thing AS key FROM public.things GROUP BY thing UNION ALL SELECT 1",
    ],
)
def test_a_clean_set_that_may_hold_a_key_twice_is_refused(own: Postgres, sql: str) -> None:
    """A set whose query does not group by its key could hide or show rows many times tomorrow."""
    with pytest.raises(EngineError):
        own.clean("clean_twice", "1", sql)


def test_a_clean_set_of_another_server_is_not_taken_for_ours(pair: tuple[Postgres, Postgres]) -> None:
    """Another query under the same name makes a question stale."""
    one, other = pair
    view = View("bailee_rel_1", "SELECT key FROM bailee_allow.clean_x")
    one.clean("clean_x", "1", "SELECT id AS key FROM public.people GROUP BY id")
    assert 300 == one.ask([view], "SELECT * FROM bailee_rel_1", allow={}).rows
    other.clean("clean_x", "1", "SELECT id AS key FROM public.people WHERE id = 1 GROUP BY id")
    with pytest.raises(Stale):
        one.ask([view], "SELECT * FROM bailee_rel_1", allow={})


def test_without_its_schema_bailee_says_what_to_run(postgres: Cluster) -> None:
    """A keeper without rights is told to run the set-up."""
    run_all(postgres, "postgres", "DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN")
    name = database(make_shop(postgres))
    with pytest.raises(EngineUnavailable, match="run the statements"):
        Postgres(postgres.url(name, "stranger")).start()
    run_all(postgres, "postgres", "GRANT bailee_reader TO stranger")
    with (
        Postgres(postgres.url(name, "stranger")) as engine,
        pytest.raises(EngineUnavailable, match="run the statements"),
    ):
        engine.allow("allow_p", "INTEGER", ["1"], sequence=1)


def test_the_secret_of_pseudonyms_is_nowhere_in_the_server(postgres: Cluster, own: Postgres) -> None:
    """Neither statements nor their parameters hold the secret: a server that logs everything logs none of it."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("ALTER SYSTEM SET log_min_messages = 'warning'")
        connection.execute("ALTER SYSTEM SET log_parameter_max_length = -1")
        connection.execute("SELECT pg_reload_conf()")
    try:
        with Postgres(own._url) as engine:
            engine.allow("allow_logged", "VARCHAR", ["a"], sequence=1, secret=b"tell-tale-secret")
            engine.allow("allow_logged", "VARCHAR", ["b"], sequence=2, base=1, secret=b"tell-tale-secret")
    finally:
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET ALL")
            connection.execute("SELECT pg_reload_conf()")
    log = (postgres.folder / "log").read_bytes()
    assert b"allow_logged" in log
    assert not any(form in log for form in (b"tell-tale", b"tell-tale-secret".hex().encode()))
