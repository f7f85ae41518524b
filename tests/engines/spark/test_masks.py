"""Masks on Spark: the same rows as by the join, for every whole number, and after every change."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.engines import View
from bailee.engines.spark import fence, masks
from bailee.engines.spark.engine import Spark
from bailee.errors import Stale
from bailee.rewrite.dialects import named
from bailee.rewrite.mask import Masked
from tests.engines.spark.shop import Server, write

A = "allow_m"
#: Far and near, at the ends of words and of types.
KEYS = [0, 1, 2, 62, 63, 64, 65, 127, 128, 4096, -1, -64, 2**31 - 1, -(2**31), 2**32 + 1, 2**40, 2**63 - 1, -(2**63)]


def masked(span: tuple[int, int]) -> View:
    """A governed relation over `numbers` by mask, as the rewrite writes it."""
    mask = named("spark").mask
    assert mask is not None
    sql = f"SELECT t.`key` AS `key`, t.`mark` AS `mark` FROM `default`.`numbers` AS t WHERE {mask(A, 't.`key`')}"
    return View("bailee_rel_1", Masked(A, sql).bind(span))


@given(st.lists(st.integers(-300, 300) | st.integers(10**9, 10**9 + 500), max_size=40, unique=True))
def test_a_bit_for_each_key_and_no_other(keys: list[int]) -> None:
    """Words hold exactly the keys, counted from the lowest, or from 0 where that costs nothing."""
    made = masks.made(np.array(keys, np.int64))
    if made is None:
        assert not keys or max(keys) - min(keys) >= masks.FREE
        return
    (low, high), table = made
    words = table["bits"][0].as_py()
    found = {low + 64 * at + bit for at, word in enumerate(words) for bit in range(64) if (word >> bit) & 1}
    assert set(keys) == found
    assert max(keys) == high
    assert low in (0, min(keys))


def test_keys_that_lie_far_apart_have_no_mask() -> None:
    """Nor have too wide ones; a million keys among sixty million places have one."""
    assert masks.made(np.array([1, masks.FREE + 1], np.int64)) is None
    assert masks.made(np.array([0, masks.WIDEST], np.int64)) is None
    assert masks.made(np.arange(0, 60_000_000, 60, np.int64)) is not None
    assert not masks.may_have("VARCHAR")
    assert not masks.may_have("DECIMAL(18,0)")
    assert masks.may_have("BIGINT")


@pytest.fixture(scope="module")
def numbers(jvm_engine: Spark, tmp_path_factory: pytest.TempPathFactory) -> Spark:
    """An engine beside the JVM's first over hostile keys, each of which is there twice; also NULL."""
    folder = tmp_path_factory.mktemp("numbers")
    keys = [*KEYS, *KEYS, None]
    write(str(folder), pa.table({"key": pa.array(keys, pa.int64()), "mark": pa.array(range(len(keys)), pa.int32())}))
    engine = Server("classic", "local[2]", jvm_engine._settings).open({"numbers": str(folder)})
    engine.catalog()
    return engine


@pytest.mark.parametrize("some", [[0, 63, 64, 4096], [62, 65], [-64, -1, 0, 127], [2**40], [2**31 - 1], [2**63 - 1]])
def test_a_mask_shows_the_rows_of_its_keys(numbers: Spark, some: list[int]) -> None:
    """With errors on or off: wherever the keys lie, their rows and no others, however far those are."""
    told = numbers.allow(A, "BIGINT", map(str, some), sequence=1)
    assert told.span is not None
    for ansi in ("true", "false"):
        numbers._living().session.spark.conf.set("spark.sql.ansi.enabled", ansi)
        answer = numbers.ask([masked(told.span)], "SELECT `key` FROM bailee_rel_1", allow={A: 1}, masks={A: told.span})
        assert sorted([*some, *some]) == sorted(answer.table.column(0).to_pylist())


def test_a_mask_follows_its_table(numbers: Spark) -> None:
    """A question sees the mask of its sequence; one that was bound to another span is stale, and nobody has none."""
    one = numbers.allow(A, "BIGINT", ["1", "64"], sequence=1).span
    two = numbers.allow(A, "BIGINT", ["128"], remove=["1"], sequence=2, base=1).span
    assert ((0, 64), (0, 128)) == (one, two)
    assert two is not None
    sql = "SELECT DISTINCT `key` FROM bailee_rel_1 ORDER BY `key`"
    answer = numbers.ask([masked(two)], sql, allow={A: 2}, masks={A: two})
    assert [64, 128] == answer.table.column(0).to_pylist()
    with pytest.raises(Stale):
        numbers.ask([masked((0, 64))], sql, allow={A: 2}, masks={A: (0, 64)})
    assert numbers.allow(A, "BIGINT", [], remove=["64", "128"], sequence=3, base=2).span is None


def test_where_no_mask_holds_there_is_none(
    sail_engine: Spark, jvm_engine: Spark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sail's planner gains nothing by it; and a mask that shows a hidden row is not used."""
    assert sail_engine.allow("allow_none", "INTEGER", ["1", "2"], sequence=1).span is None
    session, shape = jvm_engine._living().session, jvm_engine._living().fence
    assert fence.masks_hold(session, shape)
    monkeypatch.setattr(fence, "_BY_MASK", "WHERE EXISTS (SELECT bits FROM `{a}`)")
    assert not fence.masks_hold(session, shape)
