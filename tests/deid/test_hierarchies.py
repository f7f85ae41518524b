"""Hierarchies hold what their makers say, and what does not fit is told with its line."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.deid import Column, DeidError, Hierarchy
from bailee.deid.hierarchy import texts
from bailee.deid.hierarchy_making import coarsened, from_file, intervals, learnt, prefixes
from bailee.errors import InputError
from bailee.policy.coarsen import Coarsen


def column(*values: object) -> Column:
    return Column.encode("c", pa.array(values))


def paths(hierarchy: Hierarchy) -> dict[str | None, list[str | None]]:
    """Each value's labels upwards."""
    return {
        value: [hierarchy.labels[level][hierarchy.up[level][code]] for level in range(1, hierarchy.height + 1)]
        for code, value in enumerate(hierarchy.labels[0])
    }


def test_a_file_is_read_as_arx_writes_it() -> None:
    """The value first, coarser to the right; values that the column lacks do no harm."""
    text = "\ufeffred;warm;*\nblue;cold;*\ngreen;cold;*\n\ngrey;none;*\n"
    made = from_file(column("red", "blue", "green"), text, "colours.csv")
    assert {"red": ["warm", "*"], "blue": ["cold", "*"], "green": ["cold", "*"]} == paths(made)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;x;*\nb;*\na;x;*\n", "h.csv:2:1: found 2 cells; expected 3, as in the first line\n"
                                "h.csv:3:1: the value `a` has a line already; expected each value once"),
        ("a\nb\n", "h.csv:1:1: found one cell; expected a value and what it becomes, parted by `;`\n"
                   "h.csv:2:1: found one cell; expected a value and what it becomes, parted by `;`"),
        ("", "h.csv:1:1: found no line; expected lines such as `value;coarser;*`"),
    ],
)  # fmt: skip
def test_every_wrong_line_is_told(text: str, expected: str) -> None:
    """All that is wrong with a file at once, each with its line."""
    with pytest.raises(InputError) as caught:
        from_file(column("a", "b"), text, "h.csv")
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;x;*\n", "the hierarchy of `c` lacks 1 of 2 values, such as `b`; give each value of the column a line"),
        (
            "a;x\nb;y\n",
            "the last level of the hierarchy of `c` has 2 values, such as `x` and `y`; expected one that holds all, "
            "such as `*`",
        ),
        (
            "a;x;p;*\nb;x;q;*\n",
            "level 2 of the hierarchy of `c` splits `x`, which level 1 joined; each level may only join further",
        ),
    ],
)
def test_a_hierarchy_that_does_not_fit_is_refused(text: str, expected: str) -> None:
    """Values without a line, several tops, and levels that split again."""
    with pytest.raises(DeidError) as caught:
        from_file(column("a", "b"), text, "h.csv")
    assert expected == str(caught.value)


def test_null_stays_null_up_to_the_top() -> None:
    """V7: unless the file says what becomes of it, NULL is a node of its own beneath the top."""
    made = from_file(column("a", None), "a;x;*\n", "h.csv")
    assert {"a": ["x", "*"], None: [None, "*"]} == paths(made)


def test_intervals_start_at_the_origin_and_nest() -> None:
    """Each width is a multiple of the one before, and a value on an edge belongs above it."""
    made = intervals(column(-1, 0, 4, 5, None), [5, 10])
    expected = {"-1": ["[-5, 0)", "[-10, 0)", "*"], "0": ["[0, 5)", "[0, 10)", "*"], "4": ["[0, 5)", "[0, 10)", "*"],
                "5": ["[5, 10)", "[0, 10)", "*"], None: [None, None, "*"]}  # fmt: skip
    assert expected == paths(made)


def test_intervals_of_fractions_are_exact() -> None:
    """0.3 lies in [0.3, 0.4), which floats would miss."""
    made = intervals(Column.encode("c", pa.array([Decimal("0.3"), Decimal("0.1")])), [Decimal("0.1"), 1])
    assert ["[0.3, 0.4)", "[0, 1)", "*"] == paths(made)["0.3"]


@pytest.mark.parametrize("widths", [[], [0], [-1], [5, 12], [10, 5], [5, 5]])
def test_widths_that_do_not_nest_are_refused(widths: list[int]) -> None:
    """Growing, each a multiple of the one before."""
    with pytest.raises(DeidError, match="expected growing widths, each a multiple of the one before"):
        intervals(column(1, 2), widths)


def test_numbers_that_lie_nowhere_are_refused() -> None:
    """An infinite number has no interval."""
    with pytest.raises(DeidError, match="holds a number that is not finite"):
        intervals(column(1.0, float("inf")), [5])


def test_prefixes_hide_from_the_right() -> None:
    """Each level keeps fewer letters, and the length still shows."""
    assert {"0214": ["02**", "0***", "*"], "03": ["03", "0*", "*"]} == paths(prefixes(column("0214", "03"), [2, 1]))


@pytest.mark.parametrize("lengths", [[], [0], [2, 2], [1, 2]])
def test_prefixes_must_grow_shorter(lengths: list[int]) -> None:
    """Falling lengths of at least one."""
    with pytest.raises(DeidError, match="expected falling lengths of at least 1"):
        prefixes(column("a"), lengths)


def test_the_policys_words_make_levels() -> None:
    """`month` and `year` of a policy, in that order; the other way round does not nest."""
    from datetime import date

    days = column(date(2026, 1, 5), date(2026, 1, 9), date(2026, 3, 1))
    month, year = Coarsen.parse("month").apply, Coarsen.parse("year").apply
    assert ["2026-01-01", "2026-01-01", "*"] == paths(coarsened(days, [month, year]))["2026-01-09"]
    with pytest.raises(DeidError, match="splits `2026-01-01`"):
        coarsened(days, [year, month])


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(2, 5))
def test_a_learnt_hierarchy_is_balanced_and_nests(counts: list[int], fan_out: int) -> None:
    """Each node has at most so many children, values under a node are neighbours, and the top holds all."""
    values = Column.encode("c", pa.array(range(len(counts))))
    made = learnt(values, np.array(counts), fan_out)
    assert len(made.labels[made.height]) == 1
    for level in range(1, made.height + 1):
        assert (np.diff(made.up[level]) >= 0).all()
        children = {(int(a), int(b)) for a, b in zip(made.up[level], made.up[level - 1], strict=True)}
        if level > 1:
            assert max(np.bincount([a for a, _ in children])) <= fan_out


def test_ncp_of_numbers_is_their_range_and_of_others_their_share() -> None:
    """By hand: 20 to 25 of 20 to 60; two of three colours."""
    ages = intervals(column(20, 25, 60), [10])
    assert [0.125, 0.0] == ages.losses(1).tolist()
    assert [1.0] == ages.losses(2).tolist()
    colours = from_file(column("red", "blue", "green"), "red;w;*\nblue;c;*\ngreen;c;*\n", "h.csv")
    assert sorted([0.0, 2 / 3]) == sorted(colours.losses(1).tolist())


def test_ncp_of_null_among_numbers_is_all() -> None:
    """V7: whoever publishes a number or NULL says nothing of it."""
    ages = Hierarchy.of(
        column(20, 21, 60, None), {"20": ["a", "*"], "21": ["b", "*"], "60": ["b", "*"], None: ["a", "*"]}
    )
    assert [1.0, 0.975] == ages.losses(1).round(6).tolist()


def test_values_are_named_as_text() -> None:
    """Truth values, dates and numbers have one text each."""
    assert ["false", "true", None] == texts(column(True, False, None).values)
    assert ["1.5"] == texts(column(1.5).values)
