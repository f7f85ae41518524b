"""Masks of allow tables in the engine."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from bailee.engines import View
from bailee.engines.duckdb import masks
from bailee.engines.duckdb.engine import DuckDB


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    path = tmp_path_factory.mktemp("masks") / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE things AS SELECT i::INTEGER AS thing FROM range(100) t(i)")
    with DuckDB(path) as opened:
        yield opened


def shown(engine: DuckDB, name: str, sequence: int, span: tuple[int, int]) -> list[int]:
    bit = f"TRY(get_bit(getvariable('{name}')::BIT, thing - {span[0]})) = 1"
    view = View("v", f"SELECT thing FROM company.things WHERE {bit} ORDER BY thing")
    answer = engine.ask([view], "SELECT * FROM v", allow={name: sequence}, masks={name: span}).table
    return [int(key) for key in answer.column("thing").to_pylist()]


def test_a_mask_follows_every_change_of_its_table(own: DuckDB) -> None:
    """A question sees the mask of the table as it stands, also past its first ends."""
    first = own.allow("allow_m", "INTEGER", ["5", "7"], sequence=1)
    assert (0, 7) == first.span
    assert [5, 7] == shown(own, "allow_m", 1, (0, 7))
    second = own.allow("allow_m", "INTEGER", ["3", "9"], remove=["5"], sequence=2, base=1)
    assert (0, 9) == second.span
    assert [3, 7, 9] == shown(own, "allow_m", 2, (0, 9))


def test_no_mask_without_whole_numbers_that_lie_near(own: DuckDB) -> None:
    """Text keys, far keys and nobody at all have no mask; one that stood before is gone."""
    assert own.allow("allow_n", "INTEGER", ["1"], sequence=1).span is not None
    assert own.allow("allow_n", "INTEGER", ["1", str(masks.WIDEST + 1)], sequence=2).span is None
    assert own.allow("allow_n", "VARCHAR", ["a"], sequence=3).span is None
    assert own.allow("allow_n", "INTEGER", [], sequence=4).span is None


def test_a_question_cannot_reach_a_mask_of_another(own: DuckDB) -> None:
    """Variables live as long as one question."""
    span = own.allow("allow_o", "INTEGER", ["1"], sequence=1).span
    assert span is not None
    assert [1] == shown(own, "allow_o", 1, span)
    view = View("w", "SELECT getvariable('allow_o') IS NULL AS gone")
    assert [{"gone": True}] == own.ask([view], "SELECT * FROM w", allow={}).table.to_pylist()
