"""An answer as CSV, JSON, Parquet and a table; checked by readers that are not ours."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.cli import tables
from bailee.errors import EngineError
from bailee.gate import formats


def as_csv(answer: pa.Table, *, spreadsheet: bool = False) -> str:
    file = io.BytesIO()
    formats.write_csv(answer, file, spreadsheet=spreadsheet)
    return file.getvalue().decode()


def as_json(answer: pa.Table, **about: object) -> dict[str, object]:
    file = io.BytesIO()
    formats.write_json(answer, about, file)
    document: dict[str, object] = json.loads(file.getvalue())
    return document


def test_csv_is_rfc_4180() -> None:
    """Lines end in CR LF, quotes are doubled, NULL is empty and empty text is quoted."""
    answer = pa.table({"name": ['a "b", c', None, "", "two\nlines"], "n": [1, None, 3, -4]})
    assert 'name,n\r\n"a ""b"", c",1\r\n,\r\n"",3\r\n"two\nlines",-4\r\n' == as_csv(answer)


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)))
def test_csv_comes_back_as_it_went(rows: list[list[str]]) -> None:
    """Python's own reader gives back every text, whatever it holds."""
    answer = pa.table({"a": pa.array([r[0] for r in rows], pa.string()), "b": pa.array([r[1] for r in rows])})
    assert [["a", "b"], *rows] == list(csv.reader(io.StringIO(as_csv(answer), newline=""), strict=True))


def test_a_lone_null_is_no_empty_line() -> None:
    """A row of one NULL is written quoted, because readers skip empty lines."""
    assert 'a\r\n""\r\n"x"\r\n'.replace('"x"', "x") == as_csv(pa.table({"a": pa.array([None, "x"])}))


def test_csv_keeps_what_looks_like_a_formula_and_counts_it() -> None:
    """Values are never changed unasked: the program that reads them must get what is there."""
    answer = pa.table({"name": ["=1+1", "@x", "tea", None], "n": [-1, 2, 3, 4]})
    expected = "name,n\r\n=1+1,-1\r\n@x,2\r\ntea,3\r\n,4\r\n"
    assert (2, expected) == (formats.write_csv(answer, io.BytesIO()), as_csv(answer))


def test_csv_for_a_spreadsheet_disarms_formulas() -> None:
    """With `--spreadsheet` a text that would be run begins with `'`; a negative number stays a number."""
    answer = pa.table({"name": ["=cmd|' /C calc'!A0", "+1", "-x", "tea"], "n": [-1, 2, 3, 4]})
    expected = "name,n\r\n'=cmd|' /C calc'!A0,-1\r\n'+1,2\r\n'-x,3\r\ntea,4\r\n"
    assert expected == as_csv(answer, spreadsheet=True)
    # Whoever asks names columns too.
    assert as_csv(pa.table({"=1+1": ["\n=1"]}), spreadsheet=True) == "'=1+1\r\n\"'\n=1\"\r\n"


def test_every_kind_of_value_has_one_text() -> None:
    """Decimals keep their digits, times are RFC 3339 in UTC, binary is hex, nested values are JSON."""
    moment = datetime(2026, 11, 1, 12, 30, 0, 250_000)
    answer = pa.table(
        {
            "decimal": pa.array([Decimal("12345678901234567890.10")]),
            "naive": pa.array([moment]),
            "zoned": pa.array([moment.replace(tzinfo=UTC)], pa.timestamp("us", "America/New_York")),
            "nano": pa.array([1_793_536_200_000_000_001], pa.timestamp("ns")),
            "day": [date(2026, 11, 1)],
            "clock": [time(12, 30)],
            "truth": [True],
            "binary": [b"\x00\xff"],
            "list": [[1, None]],
            "struct": [{"a": Decimal("1.5")}],
            "length": [timedelta(days=1, seconds=90)],
            "interval": pa.array([pa.MonthDayNano([14, 3, 1_500_000_000])]),
        }
    )
    expected = [
        "12345678901234567890.10",
        "2026-11-01T12:30:00.25Z",
        "2026-11-01T12:30:00.25Z",
        "2026-11-01T12:30:00.000000001Z",
        "2026-11-01",
        "12:30:00.000000",
        "true",
        "00ff",
        "[1, null]",
        '{"a": "1.5"}',
        "P1DT90S",
        "P14M3DT1.5S",
    ]
    assert expected == next(csv.reader([as_csv(answer).split("\r\n")[1]]))


def test_json_says_columns_rows_and_what_is_known() -> None:
    """One object; decimals are strings, so that no reader rounds them, and NULL is null."""
    answer = pa.table({"k": ["tea", None], "sum": [Decimal("4596039.58"), None], "n": [2**60, None]})
    expected = {
        "columns": [
            {"name": "k", "type": "string"},
            {"name": "sum", "type": "decimal128(9, 2)"},
            {"name": "n", "type": "int64"},
        ],
        "receipt": 7,
        "rows": [["tea", "4596039.58", 2**60], [None, None, None]],
    }
    assert expected == as_json(answer, receipt=7)


def test_json_of_nothing_is_json() -> None:
    """An answer without rows has an empty list of them."""
    assert [] == as_json(pa.table({"a": pa.array([], pa.int64())}))["rows"]


def test_json_has_no_words_that_json_lacks() -> None:
    """NaN and infinity are text, as JSON has no number for them."""
    assert [["nan"], ["inf"], [0.5]] == as_json(pa.table({"a": [float("nan"), float("inf"), 0.5]}))["rows"]


def test_a_time_that_nothing_can_show_is_said() -> None:
    """The engine's infinite timestamps end in an error that names the column, never in a wrong date."""
    answer = pa.table({"t": pa.array([2**63 - 1], pa.timestamp("us"))})
    with pytest.raises(EngineError, match=r"column `t` holds a value of type timestamp\[us\] that cannot be shown"):
        as_csv(answer)


def test_parquet_carries_what_is_known() -> None:
    """The rows come back with their types, and the file says what they were for."""
    answer = pa.table({"k": ["tea"], "sum": [Decimal("1.50")]})
    file = io.BytesIO()
    formats.write_parquet(answer, {"purpose": "personal_offers", "policy": "sha256:ab", "receipt": 7}, file)
    back = pq.read_table(io.BytesIO(file.getvalue()))
    known = json.loads(back.schema.metadata[b"bailee"])
    assert (answer.to_pylist(), "personal_offers", 7) == (back.to_pylist(), known["purpose"], known["receipt"])


def test_what_parquet_cannot_hold_is_said() -> None:
    """An interval in Parquet is an error that says what to do, not a traceback."""
    answer = pa.table({"i": pa.array([pa.MonthDayNano([1, 0, 0])])})
    with pytest.raises(EngineError, match="cast it to text in the question, or use --format csv"):
        formats.write_parquet(answer, {}, io.BytesIO())


def test_a_terminal_is_shown_forty_rows() -> None:
    """Then it says how many more there are and how to get them."""
    lines = tables.terminal_lines(pa.table({"n": list(range(1000))}), 80)
    assert (43, "… 960 more rows; all of them: --format csv, or --out FILE") == (len(lines), lines[-1])


def test_null_is_not_the_text_null() -> None:
    """`NULL` is nothing; a text that spells it, and an empty one, is quoted."""
    lines = tables.terminal_lines(pa.table({"a": [None, "NULL", "", "x"]}), 80)
    assert ["NULL", '"NULL"', '""', "x"] == lines[2:]


def test_an_evil_value_does_not_drive_the_terminal() -> None:
    """A product whose name is an escape sequence is shown by name, and so is an evil column."""
    lines = tables.terminal_lines(pa.table({"a\x1b[0m": ["\x1b[2Jtea\r\n"]}), 80)
    assert ["a\\x1b[0m", "──────────────", "\\x1b[2Jtea\\r\\n"] == [line.strip() for line in lines]
