"""Allow tables and clean sets."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.engines import Allowed, View
from bailee.engines.duckdb.engine import DuckDB
from bailee.errors import EngineError, Stale

SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    path = tmp_path_factory.mktemp("allow") / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE things AS SELECT i % 50 AS thing, i % 50 = 7 AS secret FROM range(100) t(i)")
    with DuckDB(path) as opened:
        yield opened


def rows(engine: DuckDB, name: str, sequence: int) -> dict[object, object]:
    view = View("v", f'SELECT * FROM memory.main."{name}"')
    table = engine.ask([view], "SELECT subject, pseudonym FROM v", allow={name: sequence}).table
    return dict(zip(table.column("subject").to_pylist(), table.column("pseudonym").to_pylist(), strict=True))


def test_a_table_is_replaced_whole(own: DuckDB) -> None:
    """Without a base, what stood before is gone."""
    own.allow("allow_whole", "INTEGER", ["1", "2"], sequence=1)
    assert Allowed(1, 0, (0, 3)) == own.allow("allow_whole", "INTEGER", ["3"], sequence=2)
    assert {3: None} == rows(own, "allow_whole", 2)


def test_a_change_adds_and_removes(own: DuckDB) -> None:
    """A change takes keys out and in, once each, and moves the sequence; an empty one moves the sequence alone."""
    own.allow("allow_delta", "BIGINT", ["1", "2", "3"], sequence=1)
    assert Allowed(3, 0, (0, 4)) == own.allow(
        "allow_delta", "BIGINT", ["3", "4"], remove=["1", "9"], sequence=5, base=1
    )
    assert {2: None, 3: None, 4: None} == rows(own, "allow_delta", 5)
    own.allow("allow_delta", "BIGINT", [], sequence=6, base=5)
    assert {2: None, 3: None, 4: None} == rows(own, "allow_delta", 6)


def test_a_change_on_another_base_is_stale_and_changes_nothing(own: DuckDB) -> None:
    """A change that was worked out against another state is refused."""
    own.allow("allow_base", "INTEGER", ["1"], sequence=4)
    for name, base in (("allow_base", 3), ("allow_never", 0)):
        with pytest.raises(Stale):
            own.allow(name, "INTEGER", ["2"], sequence=5, base=base)
    assert {1: None} == rows(own, "allow_base", 4)


def test_a_duplicate_is_refused_and_the_table_stays(own: DuckDB) -> None:
    """Two equal keys in one table would multiply rows: the whole change is undone."""
    own.allow("allow_twice", "INTEGER", ["1"], sequence=1)
    for base in (None, 1):
        with pytest.raises(EngineError, match="two allowed keys mean the same subject"):
            own.allow("allow_twice", "INTEGER", ["5", "5"], sequence=2, base=base)
    assert {1: None} == rows(own, "allow_twice", 1)


@pytest.mark.parametrize(
    ("key_type", "good", "bad"),
    [
        ("INTEGER", ["-7", "2147483647"], ["x", "", "07", " 7", "7.0", "2147483648", "1e3"]),
        ("DECIMAL(10,2)", ["7.50"], ["7.5", "7"]),
        ("VARCHAR", ["", "é", "a\nb", "O'Brien", "07"], []),
        ("UUID", ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"], ["6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "x"]),
        ("UHUGEINT", ["340282366920938463463374607431768211455"], ["-1"]),
    ],
)
def test_keys_that_a_type_cannot_hold_exactly_are_dropped(
    own: DuckDB, key_type: str, good: list[str], bad: list[str]
) -> None:
    """A key that is not exactly the text of a value is hidden and counted, so two keys never mean one subject."""
    found = own.allow("allow_typed", key_type, good + bad, sequence=1)
    assert (len(good), len(bad)) == (found.rows, found.dropped)


@pytest.mark.parametrize(
    "key_type", ["VARCHAR COLLATE NOCASE", "DOUBLE", "INTEGER); DROP TABLE x; --", "ENUM('a')", ""]
)
def test_types_that_are_no_key_are_refused(own: DuckDB, key_type: str) -> None:
    """A type whose equality is not that of its text, or that is no type, makes no allow table."""
    with pytest.raises(EngineError, match="a key cannot have this type"):
        own.allow("allow_bad", key_type, ["1"], sequence=1)


@pytest.mark.parametrize("name", ["p", "allow_P", 'allow_p"', "sequences", "allow_", "allow_é"])
def test_names_that_are_no_allow_table_are_refused(own: DuckDB, name: str) -> None:
    """Only names of the agreed form are made, which the table that keeps the sequences has not."""
    with pytest.raises(EngineError):
        own.allow(name, "INTEGER", ["1"], sequence=1)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=200), max_size=20, unique=True),
    st.binary(min_size=32, max_size=32),
)
def test_pseudonyms_are_python_s_hmac(own: DuckDB, keys: list[str], secret: bytes) -> None:
    """Each pseudonym is the first half of HMAC-SHA256 as Python's own library computes it."""
    own.allow("allow_hmac", "VARCHAR", keys, sequence=1, secret=secret)
    expected = {key: hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()[:32] for key in keys}
    assert expected == rows(own, "allow_hmac", 1)


def test_pseudonyms_of_integers_are_of_their_text(own: DuckDB) -> None:
    """An integer subject has the pseudonym of its decimal text."""
    own.allow("allow_number", "INTEGER", ["1228"], sequence=1, secret=SECRET)
    assert {1228: hmac.new(SECRET, b"1228", hashlib.sha256).hexdigest()[:32]} == rows(own, "allow_number", 1)


def test_a_clean_set_is_computed_once_for_each_version(own: DuckDB) -> None:
    """The same version is not computed again; another one is."""
    sql = "SELECT thing FROM company.main.things GROUP BY thing HAVING NOT bool_or(coalesce(secret, true))"
    view = View("v", "SELECT * FROM memory.main.clean_things")
    own.clean("clean_things", "1", sql)
    own.clean("clean_things", "1", "SELECT 1 AS never")
    assert 49 == own.ask([view], "SELECT thing FROM v", allow={}).rows
    own.clean("clean_things", "2", "SELECT 1 AS once")
    assert 1 == own.ask([view], "SELECT once FROM v", allow={}).rows


def test_a_clean_set_with_a_key_twice_is_refused(own: DuckDB) -> None:
    """A set that would multiply rows is not kept, nor is one that is not one SELECT."""
    with pytest.raises(EngineError, match="holds a key twice"):
        own.clean("clean_twice", "1", "SELECT thing FROM company.main.things")
    with pytest.raises(EngineError, match="statement"):
        own.clean("clean_twice", "1", "SELECT 1; DROP TABLE memory.main.sequences")
    with pytest.raises(EngineError, match="relation"):
        own.ask([View("v", "SELECT * FROM memory.main.clean_twice")], "SELECT 1", allow={})


def test_half_a_million_keys_are_taken(own: DuckDB) -> None:
    """A large table is loaded in one change."""
    assert Allowed(500_000, 0, (0, 499_999)) == own.allow(
        "allow_large", "INTEGER", map(str, range(500_000)), sequence=1
    )
