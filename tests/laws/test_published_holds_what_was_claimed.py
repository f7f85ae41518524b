"""Law 20. A published table holds the k, l and t that were claimed, counted in SQL and by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.deid import DeidError, Frequencies, Promise, Recoding, full_domain, mondrian
from bailee.deid.criteria import hold
from bailee.deid.verification import broken
from tests.deid import counting, slow
from tests.deid.tables import hierarchy, names, scale, tables

ASKED: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"k": st.integers(2, 5)},
    optional={
        "distinct": st.integers(1, 3),
        "entropy": st.sampled_from((1.0, 1.5, 2.0)),
        "recursive": st.sampled_from(((1.0, 2), (3.0, 2))),
        "t": st.sampled_from((0.0, 0.2, 0.5)),
        "ordered": st.booleans(),
    },
)


def recode(data: st.DataObject, counted: Frequencies, promise: Promise) -> Recoding | None:
    """A recoding by either way, or None where nothing keeps the promise."""
    try:
        if data.draw(st.booleans(), "full domain"):
            made = {column.name: hierarchy(data.draw, column, counted) for column in counted.identifiers}
            return full_domain(counted, made, promise, limit=data.draw(st.sampled_from((0.0, 0.4)))).recoding
        return mondrian(counted, [scale(data.draw, column, counted) for column in counted.identifiers], promise)
    except DeidError:
        return None


@given(st.data(), tables(), ASKED)
@settings(max_examples=150)
def test_published_holds_what_was_claimed(data: st.DataObject, raw: pa.Table, asked: dict[str, Any]) -> None:
    """V1, V2, V3: engine, library and plain Python count alike, and find no less, whatever the table."""
    promise, identifiers = Promise(**asked), names(raw)
    counted = slow.frequencies(raw, identifiers, ["s"])
    recoding = recode(data, counted, promise)
    if recoding is None:
        return
    published = counting.publish(raw, recoding, ["s"])
    if not published.num_rows:
        assert recoding.suppressed == counted.total
        return
    found = counting.count(published, identifiers, ["s"], raw)
    assert [] == broken(promise, found, ("s",))
    assert hold(promise.criteria(counted), recoding.counted).all()
    assert (slow.smallest(published, identifiers), counted.total - recoding.suppressed) == (found.k, found.rows)
    by_hand = slow.spread(published, identifiers, "s", raw["s"].to_pylist())
    in_sql = found.sensitive["s"]
    assert by_hand == pytest.approx({name: getattr(in_sql, name) for name in by_hand})
    # Two classes publish the same only where a value's own text is that of a set; then they are one, and larger.
    if found.classes == recoding.classes:
        assert found.k == recoding.counted.sizes.min()


@given(st.data(), tables())
def test_a_row_too_few_is_noticed(data: st.DataObject, raw: pa.Table) -> None:
    """V5: the count does not trust what it is told: take a row of the smallest class away, and it says so."""
    identifiers = names(raw)
    counted = slow.frequencies(raw, identifiers, ["s"])
    recoding = recode(data, counted, Promise(2))
    if recoding is None or recoding.classes == 0:
        return
    published = counting.publish(raw, recoding)
    members = min(slow.classes(published, identifiers).values(), key=len)
    without = published.take([i for i in range(published.num_rows) if i != members[0]])
    told = broken(Promise(len(members)), counting.count(without, identifiers))
    assert len(told) == 1
    assert without.num_rows == 0 or f"has {len(members) - 1} customers" in told[0]
