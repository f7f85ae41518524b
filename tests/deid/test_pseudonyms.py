"""Pseudonyms are HMAC-SHA256 under a recipient's key, the same as the engine's."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from bailee.deid import DeidError
from bailee.deid.pseudonyms import pseudonym, pseudonyms
from bailee.engines.postgres.keys import pseudonym as as_governed

KEY, OTHER = bytes(range(1, 33)), bytes(range(33, 65))


def test_a_pseudonym_is_that_of_governed_questions() -> None:
    """A customer has one pseudonym for a recipient, whether asked for or released."""
    assert as_governed(KEY, "c-1228") == pseudonym(KEY, "c-1228")


def test_a_pseudonym_is_hmac_by_duckdb_too() -> None:
    """RFC 2104 written out over SHA-256, in another implementation of it."""
    padded = KEY.ljust(64, b"\0")
    inner, outer = bytes(b ^ 0x36 for b in padded), bytes(b ^ 0x5C for b in padded)
    sql = "SELECT left(sha256($1::BLOB || unhex(sha256($2::BLOB || encode($3)))), 32)"
    with duckdb.connect() as con:
        assert [(pseudonym(KEY, "é 1228"),)] == con.execute(sql, [outer, inner, "é 1228"]).fetchall()


def test_two_recipients_cannot_join_their_files() -> None:
    """V9: no pseudonym of one is one of the other's, and within a file each customer keeps theirs."""
    values = pa.array([1, 2, None, 1, 300])
    first, second = pseudonyms(KEY, values).to_pylist(), pseudonyms(OTHER, values).to_pylist()
    assert set(first) & set(second) == {None}
    assert first[0] == first[3] != first[1]
    assert [pseudonym(KEY, "1"), pseudonym(KEY, "2"), None, pseudonym(KEY, "1"), pseudonym(KEY, "300")] == first


def test_a_short_key_is_refused() -> None:
    """A key that could be guessed protects nobody."""
    with pytest.raises(DeidError, match="has 5 bytes; expected 32, made for one recipient"):
        pseudonyms(b"short", pa.array(["a"]))
