"""Text on a terminal: nothing from data drives it, and a table fits it."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bailee.cli.terminal import counted, fitted, plain, plain_lines, table, width


def test_escape_sequences_are_written_out() -> None:
    """A value that would clear the screen, set the title or ring the bell is shown as what it is."""
    assert r"\x1b[2J\x1b]0;owned\x07 tea" == plain("\x1b[2J\x1b]0;owned\x07 tea")


def test_eight_bit_controls_and_reordering_are_written_out() -> None:
    """C1 controls, bidirectional overrides and invisible characters are shown by their numbers."""
    assert r"\x9b31m \u202ecod\u202c \u200b" == plain("\x9b31m \u202ecod\u202c \u200b")


@given(st.text())
def test_nothing_that_drives_a_terminal_is_left(text: str) -> None:
    """Whatever the text, what is printed has no control, format, surrogate or separator character of its own."""
    kinds = {unicodedata.category(character) for character in plain(text)}
    assert set() == kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069\ufeff]", plain(text))


def test_honest_text_stays_as_it_is() -> None:
    """Accents, other scripts and symbols are not touched."""
    assert "Crème brûlée 雪 – 5 €" == plain("Crème brûlée 雪 – 5 €")


def test_lines_stay_lines() -> None:
    """Only line feeds part lines; a carriage return, which would overwrite one, is written out."""
    assert "a\nb\\rc" == plain_lines("a\nb\rc")


def test_wide_and_combining_characters_are_counted() -> None:
    """A Chinese character takes two cells, a combining accent none."""
    assert [1, 2, 1, 4] == [width(text) for text in ("a", "雪", "e\u0301", "雪雪")]


@given(st.text(), st.integers(1, 30), st.booleans())
def test_a_cell_is_exactly_as_wide_as_asked(text: str, cells: int, right: bool) -> None:
    """Filled or cut, also where a wide character does not fit."""
    assert cells == width(fitted(plain(text), cells, right=right))


def test_numbers_stand_on_the_right() -> None:
    """Numbers are right-aligned, text left-aligned, under their names."""
    lines, hidden = table(
        ["name", "sales"], [["tea", "12.50"], ["coffee", "7"]], right=[False, True], firm=[False, True], columns=80
    )
    assert (
        [
            "name    sales",
            "──────  ─────",
            "tea     12.50",
            "coffee      7",
        ],
        0,
    ) == (lines, hidden)


def test_long_text_gives_way_and_numbers_never() -> None:
    """The widest text is cut with an ellipsis; a number is shown whole."""
    lines, hidden = table(
        ["what", "n"], [["x" * 100, "123456789"]], right=[False, True], firm=[False, True], columns=30
    )
    assert (["x" * 18 + "…  123456789"], 0) == (lines[2:], hidden)


@given(
    st.lists(st.lists(st.text(max_size=40), min_size=3, max_size=3), max_size=5),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.integers(60, 100),
)
def test_no_line_is_wider_than_the_terminal(rows: list[list[str]], right: list[bool], columns: int) -> None:
    """Whatever the values, where the first column fits no line is wider than the terminal."""
    lines, _ = table(["a", "b", "c"], rows, right=right, firm=right, columns=columns)
    first = max([width(plain(row[0])) for row in rows], default=1) if right[0] else 6
    assert first > columns or all(width(line) <= columns for line in lines)


def test_columns_that_do_not_fit_are_counted() -> None:
    """A table of many columns shows the first ones and says how many it does not."""
    lines, hidden = table(
        [f"c{i}" for i in range(50)], [["123456"] * 50], right=[True] * 50, firm=[True] * 50, columns=40
    )
    assert (45, True) == (hidden, all(width(line) <= 40 for line in lines))


def test_counts_read_as_english() -> None:
    """One is singular, thousands have separators."""
    assert ["1 row", "0 rows", "1,469,307 rows"] == [counted(n, "row") for n in (1, 0, 1_469_307)]
