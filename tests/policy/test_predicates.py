"""Conditions on rows: Python and DuckDB agree, three-valued."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.policy.predicates import Predicate

TYPES = {
    "i": "INTEGER",
    "f": "DOUBLE",
    "m": "DECIMAL(12,2)",
    "s": "VARCHAR",
    "b": "BOOLEAN",
    "d": "DATE",
    "t": "TIMESTAMP",
}
words = st.text(st.sampled_from("aAbÄßİσς%_\\'. 1"), max_size=4)
numbers = st.one_of(st.integers(-5, 5).map(str), st.decimals(-3, 3, places=1).map(str))
days = st.dates(date(2025, 12, 28), date(2026, 1, 3))


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


literals = {
    "ifm": st.one_of(numbers, st.just("NULL")),
    "s": st.one_of(words.map(quoted), st.just("NULL")),
    "b": st.sampled_from(["TRUE", "false", "NULL"]),
    "dt": st.one_of(days.map(lambda d: quoted(d.isoformat())), st.sampled_from(["'2026-01-01 12:30:00'", "NULL"])),
}
operators = st.sampled_from(["=", "!=", "<>", "<", "<=", ">", ">="])


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    family = draw(st.sampled_from(list(literals)))
    column = draw(st.sampled_from(family))
    operand = st.one_of(literals[family], st.sampled_from(family))
    negated = draw(st.sampled_from(["", "NOT "]))
    kind = draw(st.sampled_from(["compare", "in", "between", "null", "like"]))
    if kind == "like" and family == "s":
        return f"{column} {negated}{draw(st.sampled_from(['LIKE', 'ilike']))} {quoted(draw(words))}"
    if kind in ("in", "between") and family == "dt":
        # Compared one by one; an engine would read a literal as the widest kind of the whole list.
        operand = draw(st.sampled_from([literals[family], st.sampled_from(family)]))
    if kind == "in":
        return f"{column} {negated}IN ({', '.join(draw(st.lists(operand, min_size=1, max_size=3)))})"
    if kind == "between":
        return f"{column.upper()} {negated}between {draw(operand)} AND {draw(operand)}"
    if kind == "null":
        return f"{column} IS {negated}NULL"
    return f"{draw(operand)} {draw(operators)} {column}"


conditions = st.recursive(
    st.one_of(comparisons(), st.just("b")),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda text: f"NOT ({text})"),
    ),
    max_leaves=5,
)
rows = st.fixed_dictionaries(
    {
        "i": st.none() | st.integers(-5, 5),
        "f": st.none() | st.sampled_from([0.5, -0.0, 2.0, 0.1, float("nan"), float("inf")]),
        "m": st.none() | st.decimals(-3, 3, places=1),
        "s": st.none() | words,
        "b": st.none() | st.booleans(),
        "d": st.none() | days,
        "t": st.none() | st.datetimes(datetime(2025, 12, 30), datetime(2026, 1, 3)),
    }
)


def in_duckdb(sql: str, row: dict[str, object]) -> bool | None:
    columns = ", ".join(f"${name}::{TYPES[name]} AS {name}" for name in row)
    found = duckdb.execute(f"SELECT {sql} FROM (SELECT {columns})", row).fetchone()
    assert found is not None
    return found[0]


@settings(max_examples=500, deadline=None)
@given(conditions, rows)
def test_python_and_duckdb_agree(text: str, row: dict[str, object]) -> None:
    """A condition has one answer: DuckDB's for the text as written, for our SQL, and Python's."""
    predicate = Predicate.parse(text)
    expected = in_duckdb(text, row)
    assert (expected, expected) == (predicate.evaluate(row), in_duckdb(predicate.sql(lambda name: f'"{name}"'), row))


@given(conditions)
def test_a_printed_condition_reads_back(text: str) -> None:
    """The canonical text reads back as the same condition, which reads the same columns."""
    predicate = Predicate.parse(text)
    again = Predicate.parse(str(predicate))
    assert (predicate, hash(predicate), predicate.columns) == (again, hash(again), again.columns)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a  in ('x')", "A IN ('x')"),
        ("a <> 1", "a != 1.0"),
        ("(a = 1 AND b = 2) AND c = 3", "a = 1 AND (b = 2 AND c = 3)"),
        ("a NOT LIKE 'x%'", "NOT a LIKE 'x%'"),
        ('"a" = 1', "a = 1"),
    ],
)
def test_spelling_does_not_matter(one: str, other: str) -> None:
    """Two texts that say the same are equal."""
    assert Predicate.parse(one) == Predicate.parse(other)


def test_truth_and_one_differ() -> None:
    """A boolean literal is no number."""
    assert Predicate.parse("a = TRUE") != Predicate.parse("a = 1")


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("i = 'x'", {"i": 5}, None),
        ("i = '5'", {"i": 5}, True),
        ("i = 'x' OR i = 5", {"i": 5}, True),
        ("d = 'soon'", {"d": date(2026, 1, 1)}, None),
        ("t >= '2026-01-01'", {"t": datetime(2026, 1, 1)}, True),
    ],
)
def test_what_cannot_be_compared_is_unknown(text: str, row: dict[str, object], expected: bool | None) -> None:
    """A comparison whose text is no value of the column's kind is unknown, never an error."""
    predicate = Predicate.parse(text)
    assert (expected, expected) == (predicate.evaluate(row), in_duckdb(predicate.sql(str), row))


def test_rows_name_columns_in_any_case() -> None:
    """Column names compare as DuckDB compares them, and an aware time is the same instant."""
    row = {"Bought_At": datetime(2026, 1, 1, 12, tzinfo=UTC), "PRICE": Decimal(3)}
    assert Predicate.parse("bought_at = '2026-01-01 12:00:00' AND Price > 2").evaluate(row) is True


def test_a_missing_column_is_an_error() -> None:
    """A row without the column never counts as revealing nothing."""
    with pytest.raises(KeyError):
        Predicate.parse("a IS NOT NULL").evaluate({"b": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found the end at character 1, expected a column, a number, text in single quotes, TRUE, FALSE or NULL"),
        (
            "a = ",
            "found the end at character 5, expected a column, a number, text in single quotes, TRUE, FALSE or NULL",
        ),
        ("a = 1 b", "found `b` at character 7, expected `AND`, `OR` or the end"),
        ("lower(a) = 'x'", "found `(` at character 6, expected an operator: functions are not part of this language"),
        ("a = 'x", "the quotation mark at character 5 is never closed"),
        ("a; DROP TABLE x", "found `;` at character 2, expected `AND`, `OR` or the end"),
        ("a LIKE b", "found `b` at character 8, expected a pattern in single quotes"),
        ("a NOT 1", "found `1` at character 7, expected `IN`, `LIKE`, `ILIKE` or `BETWEEN`"),
        ("1 = 1", "the comparison at character 1 names no column: expected one"),
        (
            "a IN ()",
            "found `)` at character 7, expected a column, a number, text in single quotes, TRUE, FALSE or NULL",
        ),
        ("a = 12345678901234567", "found `12345678901234567` at character 5, expected a number of at most 15 digits"),
        ("a -- b", "found `-` at character 3, expected `AND`, `OR` or the end"),
        ("NOT " * 50 + "a", "the condition is nested more than 40 deep at character 165"),
        ("a = 1 AND " * 2500, "the condition has 25000 characters: expected at most 20000"),
    ],
)
def test_errors_name_the_position(text: str, message: str) -> None:
    """What is outside the language is refused with the character at which it begins."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        Predicate.parse(text)
    assert message == str(caught.value)


@pytest.mark.parametrize("text", ["d IN (t, '2026-01-01 12:30:00')", "d BETWEEN '2026-01-01 12:30:00' AND t"])
@pytest.mark.parametrize("t", [None, datetime(2026, 1, 1), datetime(2026, 1, 2)])
def test_each_operand_is_compared_by_itself(text: str, t: datetime | None) -> None:
    """Among columns of other kinds a literal is read as where it stands alone, in our SQL as in Python."""
    row = {"d": date(2026, 1, 1), "t": t}
    predicate = Predicate.parse(text)
    assert in_duckdb(predicate.sql(lambda name: f'"{name}"'), row) == predicate.evaluate(row)
