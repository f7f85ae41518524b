"""What the engine publishes is what the recoding says, and the count judges by itself."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.deid import DeidError, Promise, Sets, full_domain, mondrian, published
from bailee.deid.publication import publishing
from bailee.deid.verification import Count, Counted, broken, require
from bailee.engines.duckdb import counting as engine
from bailee.errors import EngineError
from tests.deid import counting, shop, slow
from tests.deid.tables import names, scale, tables


@given(st.data(), tables())
def test_the_engine_publishes_what_the_recoding_says(data: st.DataObject, raw: pa.Table) -> None:
    """The same rows, whichever way, and what is carried along stays with its customer."""
    identifiers = names(raw)
    counted = slow.frequencies(raw, identifiers, ["s"])
    if counted.total < 2:
        return
    recoding = mondrian(counted, [scale(data.draw, column, counted) for column in counted.identifiers], Promise(2))
    in_engine = counting.publish(raw, recoding, ["s"])
    here = published(recoding, ["s"])
    assert _rows(here) == _rows(in_engine)


def _rows(table: pa.Table) -> list[str]:
    return sorted(map(repr, zip(*(table[name].to_pylist() for name in table.column_names), strict=True)))


def test_the_order_of_rows_says_nothing() -> None:
    """V6: whatever the order of the raw rows, the published ones come in the same."""
    raw = shop.customers(1, 500)
    counted = shop.counted(raw, shop.IDENTIFIERS, ("aisle",))
    recoding = full_domain(counted, shop.hierarchies(counted), Promise(5)).recoding
    turned = raw.take(list(reversed(range(raw.num_rows))))
    assert counting.publish(raw, recoding, ["aisle"]).equals(counting.publish(turned, recoding, ["aisle"]))


def test_suppressed_customers_are_in_no_published_row() -> None:
    """Their rows are gone, and everybody else's are there."""
    raw = shop.customers(2, 700)
    counted = shop.counted(raw, shop.IDENTIFIERS)
    recoding = full_domain(counted, shop.hierarchies(counted), Promise(8), limit=0.1).recoding
    assert 0 < recoding.suppressed <= 70
    assert counting.publish(raw, recoding).num_rows == 700 - recoding.suppressed


def test_frequencies_are_counted_by_the_engine() -> None:
    """V1: as by a dictionary, NULL included; and only where each customer has one row, if asked."""
    raw = pa.table({"id": [1, 2, 3, 4], "a": ["x", None, "x", None], "b": [1, 1, 1, 2]})
    with duckdb.connect() as con:
        con.register("people", raw)
        found = engine.frequencies(con, "people", ["a", "b"], "id").to_pylist()
        assert [
            {"a": None, "b": 1, "rows": 1},
            {"a": None, "b": 2, "rows": 1},
            {"a": "x", "b": 1, "rows": 2},
        ] == sorted(found, key=lambda row: (row["a"] or "", row["b"]))
        con.register("people", pa.concat_tables([raw, raw.slice(0, 1)]))
        with pytest.raises(EngineError, match="the rows are 5 and the customers 4; expected one row a customer"):
            engine.frequencies(con, "people", ["a", "b"], "id")


def test_an_engines_error_quotes_no_value() -> None:
    """Only its class leaves."""
    with duckdb.connect() as con, pytest.raises(EngineError) as caught:
        engine.select(con, "SELECT CAST(a AS INTEGER) FROM people", {"people": pa.table({"a": ["CANARY"]})})
    assert "CANARY" not in str(caught.value)
    assert caught.value.kind == "conversion error"


def test_names_are_quoted() -> None:
    """A column may have any name; two that an engine takes for one are refused."""
    raw = pa.table({'a"b; DROP': ["x", "x"], "order": [1, 1]})
    counted = slow.frequencies(raw, ['a"b; DROP', "order"])
    recoding = mondrian(counted, [Sets.of(column) for column in counted.identifiers], Promise(2))
    assert 2 == counting.count(counting.publish(raw, recoding), ['a"b; DROP', "order"]).k
    with pytest.raises(DeidError, match="expected at least one, and each once"):
        publishing("r", "m", ["a"], ["A"])


@pytest.mark.parametrize(
    ("promise", "expected"),
    [
        (Promise(4), "the smallest class has 3 customers; promised were 4"),
        (Promise(2, distinct=3), "`s`: a class has 2 values; promised were 3"),
        (Promise(2, entropy=1.95), "`s`: a class has the entropy of 1.9000 even values; promised were 1.95"),
        (
            Promise(2, recursive=(2.0, 2)),
            "`s`: a class's commonest value is 2.0 times the rest; promised was less than 2",
        ),
        (Promise(2, t=0.2), "`s`: a class is 0.2500 from everybody's distribution; promised was 0.2"),
        (Promise(2, t=0.2, ordered=True), "`s`: a class is 0.3000 from everybody's distribution; promised was 0.2"),
    ],
)
def test_what_falls_short_is_told(promise: Promise, expected: str) -> None:
    """A sentence for each, and then nothing may leave."""
    count = Count(5, 20, 3, {"s": Counted(2, 1.9, 2.0, 0.25, 0.3)})
    assert [expected] == broken(promise, count, ("s",))
    with pytest.raises(DeidError, match="so it may not leave"):
        require(promise, count, ("s",))


def test_what_was_not_counted_is_broken() -> None:
    """V5: a sensitive column without a count, no sensitive column at all, and an empty table."""
    assert ["a sensitive column was not counted"] == broken(Promise(2, t=0.1), Count(1, 5, 5), ("s",))
    assert ["a sensitive column was not counted"] == broken(Promise(2, t=0.1), Count(1, 5, 5))
    assert ["the published table has no row"] == broken(Promise(2), Count(0, 0, 0))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"k": 1}, "`k` is 1; expected 2 or more: a class of one is the person"),
        ({"k": 2, "t": 1.5}, "`t` is 1.5; expected 0 to 1"),
        (
            {"k": 2, "recursive": (0.0, 1)},
            "`recursive's c` is 0; expected above 0; `recursive's l` is 1; expected 2 or more",
        ),
    ],
)
def test_a_promise_that_promises_nothing_is_refused(asked: dict[str, object], expected: str) -> None:
    """k of 1, t beyond every distance."""
    with pytest.raises(DeidError) as caught:
        Promise(**asked)  # type: ignore[arg-type]
    assert expected == str(caught.value)


def test_a_promise_about_sensitive_values_needs_a_column() -> None:
    """Asking for l without naming one is a mistake."""
    counted = slow.frequencies(slow.table([("a",)] * 3, ["q"]), ["q"])
    with pytest.raises(DeidError, match="name at least one, or ask for k alone"):
        mondrian(counted, [Sets.of(counted.column("q"))], Promise(2, distinct=2))
