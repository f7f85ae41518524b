"""Coarse values: Python and DuckDB agree, and nothing finer is left."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.policy.coarsen import SPANS, Coarsen

bands = st.sampled_from(["band 1", "band 7", "band 20", "band 1000", "band 0.5", "band 0.1"]).map(Coarsen.parse)
spans = st.sampled_from(SPANS).map(Coarsen.parse)
prefixes = st.integers(1, 6).map(lambda size: Coarsen.parse(f"prefix {size}"))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
cases = st.one_of(
    st.tuples(bands, st.just("BIGINT"), st.integers(-(2**53), 2**53)),
    st.tuples(bands, st.just("DOUBLE"), st.floats()),
    st.tuples(bands, st.just("DECIMAL(18,4)"), st.decimals(-(10**9), 10**9, places=4)),
    st.tuples(prefixes, st.just("VARCHAR"), texts),
    st.tuples(prefixes, st.just("INTEGER"), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(spans, st.just("DATE"), st.dates()),
    st.tuples(spans, st.just("TIMESTAMP"), st.datetimes()),
    st.tuples(st.one_of(bands, spans, prefixes), st.just("INTEGER"), st.none()).filter(
        lambda case: case[0].suits(case[1])
    ),
)


@settings(max_examples=400)
@given(cases)
def test_python_and_duckdb_agree(case: tuple[Coarsen, str, object]) -> None:
    """A coarse value is the same whether DuckDB or Python made it."""
    coarsen, type_name, value = case
    assert coarsen.suits(type_name)
    sql = f"SELECT {coarsen.sql('x')} FROM (SELECT $value::{type_name} AS x)"
    assert duckdb.execute(sql, {"value": value}).fetchone() == (coarsen.apply(value),)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("band 20", 39, 20),
        ("band 20", -1, -20),
        ("band 20", -7.3, -20.0),
        ("band 0.5", Decimal("7.26"), Decimal("7.0")),
        ("band 20", float("nan"), None),
        ("band 20", "39", None),
        ("band 20", True, None),
        ("prefix 3", "02139", "021"),
        ("prefix 3", 2.5, None),
        ("month", date(2026, 11, 22), date(2026, 11, 1)),
        ("quarter", datetime(2026, 12, 31, 23, 59), date(2026, 10, 1)),
        ("week", date(2026, 11, 22), date(2026, 11, 16)),
        ("hour", datetime(2026, 11, 22, 8, 7, 6), datetime(2026, 11, 22, 8)),
        ("month", "2026-11-22", None),
        ("year", None, None),
    ],
)
def test_values_become_coarse(text: str, value: object, expected: object) -> None:
    """Bands floor, prefixes cut, times go to their start, and what cannot be coarsened is None."""
    found = Coarsen.parse(text).apply(value)
    assert (expected, type(expected)) == (found, type(found))


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False), bands)
def test_a_band_leaves_no_trace_in_a_float(one: float, other: float, coarsen: Coarsen) -> None:
    """A coarse value is coarse already, so nothing of the value within its band is left."""
    size = float(coarsen.size or 1)
    once = coarsen.apply(one)
    assert isinstance(once, float)
    if abs(one) < size * 2**40:
        # Below 0 the last step down is rounded once more, which may be seen in the last digit of a float.
        assert math.isclose(once, round(once / size) * size, rel_tol=2**-51)


@pytest.mark.parametrize(
    "text", ["", "band", "band 0", "band -5", "band x", "prefix 0", "prefix", "fortnight", "month 3"]
)
def test_other_words_are_refused(text: str) -> None:
    """What is no way to coarsen is refused with the ways that there are."""
    with pytest.raises(ValueError, match="is no way to coarsen: expected `band N`, `prefix N`, `year`"):
        Coarsen.parse(text)


@pytest.mark.parametrize(("text", "type_name"), [("band 20", "VARCHAR"), ("month", "VARCHAR"), ("prefix 3", "DOUBLE")])
def test_a_column_of_another_type_does_not_suit(text: str, type_name: str) -> None:
    """A text has no band, a text date no month and a float no prefix."""
    assert not Coarsen.parse(text).suits(type_name)


def test_equal_ways_are_equal() -> None:
    """`band 20` and `band 20.0` are the same, and print the same."""
    assert (Coarsen.parse("band 20"), "band 20") == (Coarsen.parse("band 20.0"), str(Coarsen.parse("band 20.00")))
