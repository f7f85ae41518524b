"""Canonical bytes against the package `rfc8785`, which others wrote."""

from __future__ import annotations

import math
import string
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bailee.errors import RecordError
from bailee.ledger.canonical import LARGEST, canonical
from bailee.vocabulary import Effect

NAMES = st.text(string.printable, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_the_bytes_are_those_of_rfc_8785(record: dict[str, object]) -> None:
    """L3: whatever a record may hold is written as RFC 8785 says."""
    assert rfc8785.dumps(record) == canonical(record)


def test_enumerations_are_written_as_their_text() -> None:
    """L3: a word of the vocabulary is the text that it stands for."""
    assert b'{"effect":"learn","roles":["a","b"]}' == canonical({"roles": ("a", "b"), "effect": Effect.LEARN})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.5, "a fraction"),
        (math.nan, "a fraction"),
        (2**53, "a number beyond 9007199254740991"),
        (-(2**53), "a number beyond 9007199254740991"),
        ("\ud800", "half a surrogate pair"),
        (datetime(2026, 1, 1, tzinfo=UTC), "a `datetime`"),
        (b"bytes", "a `bytes`"),
        ({"é": 1}, "not plain ASCII"),
        ({1: 1}, "not plain ASCII"),
        ([[[1.5]]], "a fraction"),
    ],
)
def test_what_readers_would_read_differently_is_refused(value: object, message: str) -> None:
    """L3: fractions, unsafe numbers, broken text and other types are refused with what to do."""
    with pytest.raises(RecordError, match=message):
        canonical({"value": value})


def test_bottomless_nesting_is_refused() -> None:
    """L3: an object that holds itself is refused, not followed for ever."""
    loop: dict[str, object] = {}
    loop["loop"] = loop
    with pytest.raises(RecordError, match="nested more than 32 deep"):
        canonical(loop)
