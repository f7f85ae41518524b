"""Allow tables follow standing: a question sees the one that it asks for, and a change sends what it touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bailee.engines import View
from bailee.engines.spark import held
from bailee.engines.spark.engine import Spark
from bailee.errors import EngineError, Stale
from tests.engines.spark.shop import SEEN, Server

T = "allow_t"
VIEW = View("v", SEEN.sql.replace("allow_p", T))


@pytest.fixture(params=["sail", "classic"])
def own(request: pytest.FixtureRequest, folders: dict[str, str]) -> Iterator[Spark]:
    """An engine whose allow tables the test may change."""
    if request.param == "classic":
        yield request.getfixturevalue("jvm_engine")
        return
    server: Server = request.getfixturevalue("sail_server")
    with server.open(folders) as engine:
        yield engine


def seen(engine: Spark, sequence: int) -> list[int]:
    return engine.ask([VIEW], "SELECT id FROM v ORDER BY id", allow={T: sequence}).table.column(0).to_pylist()


def test_a_change_is_seen_and_an_old_sequence_is_stale(own: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed, added and set again: each question sees exactly what stood at its sequence."""
    assert 4 == own.allow(T, "INTEGER", ["1", "2", "3", "500"], sequence=1).rows
    assert [1, 2, 3, 500] == seen(own, 1)
    assert 3 == own.allow(T, "INTEGER", [], remove=["500"], sequence=2, base=1).rows
    assert [1, 2, 3] == seen(own, 2)
    with pytest.raises(Stale, match="send them again"):
        seen(own, 1)
    assert 4 == own.allow(T, "INTEGER", ["4", "2"], remove=["1", "4", "7"], sequence=5, base=2).rows + 1
    assert [2, 3, 4] == seen(own, 5)
    with pytest.raises(Stale):
        own.allow(T, "INTEGER", ["9"], sequence=6, base=2)
    monkeypatch.setattr(held, "TOUCHED", 3)
    assert 4 == own.allow(T, "INTEGER", ["1"], sequence=6, base=5).rows
    assert [1, 2, 3, 4] == seen(own, 6)
    assert not own._living().held._copies[T].touched


def test_keys_are_texts_of_their_type_and_nothing_else(sail_server: Server, folders: dict[str, str]) -> None:
    """A key that is spelled otherwise is dropped, a type that Spark cannot hold is refused, a duplicate too."""
    with sail_server.open(folders) as engine:
        told = engine.allow(T, "INTEGER", ["1", "01", " 2", "3.0", "x", "", "99999999999"], sequence=1)
        assert (1, 6) == (told.rows, told.dropped)
        assert [1] == seen(engine, 1)
        for type_ in ("HUGEINT", "UUID", "UINTEGER", "CHAR(3)", "VARCHAR COLLATE UTF8_LCASE", "DOUBLE"):
            with pytest.raises(EngineError, match="cannot have this type"):
                engine.allow(T, type_, ["1"], sequence=2)
        with pytest.raises(EngineError, match="two allowed keys mean the same subject"):
            engine.allow(T, "INTEGER", ["1", "1"], sequence=2)
        assert [1] == seen(engine, 1)
        assert 2 == engine.allow(T, "VARCHAR", ["a'b`c\\", "é"], sequence=3).rows
        engine.allow(T, "VARCHAR", [], remove=["é"], sequence=4, base=3)
        view = View("v", "SELECT subject FROM allow_t")
        assert [{"subject": "a'b`c\\"}] == engine.ask([view], "SELECT * FROM v", allow={T: 4}).table.to_pylist()


def test_a_clean_set_is_of_its_tables_as_they_are(own: Spark) -> None:
    """Its first column is unique, or it is not made; governed relations join it by its name."""
    own.clean("clean_c", "1", "SELECT id AS key FROM `default`.`people` GROUP BY id HAVING NOT bool_or(id > 3)")
    view = View("v", "SELECT p.id FROM `default`.`people` p JOIN clean_c c ON c.key = p.id")
    assert [1, 2, 3] == sorted(own.ask([view], "SELECT id FROM v", allow={}).table.column(0).to_pylist())
    with pytest.raises(EngineError, match="holds a key twice"):
        own.clean("clean_d", "1", "SELECT 1 AS key UNION ALL SELECT 1")


def test_a_new_session_knows_nobody(sail_server: Server, folders: dict[str, str]) -> None:
    """After the database was let go of, the generation has moved and allow tables are to be sent again."""
    with sail_server.open(folders) as engine:
        engine.allow(T, "INTEGER", ["1"], sequence=1)
        before = engine.generation
        with engine.released():
            pass
        with pytest.raises(Stale):
            seen(engine, 1)
        assert before + 1 == engine.generation
