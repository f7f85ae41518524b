"""Pseudonyms: HMAC-SHA256 under a key that belongs to one recipient, so that two recipients cannot join their files.

What it promises: whoever does not hold the key can neither undo a pseudonym nor make one, nor tell whether pseudonyms
under two keys are of one customer. What it does not: rows of one customer in one file belong together, and everything
else in them may still give the customer away. Whoever holds the key can undo it by trying all customers.
"""

from __future__ import annotations

import hmac

import pyarrow as pa

from bailee.deid.hierarchy import texts
from bailee.errors import DeidError

KEY_BYTES = 32
#: Hexadecimal digits of a pseudonym: 128 bits, of which two among a billion are alike with a chance of 1 in 10^21.
DIGITS = 32


def pseudonym(key: bytes, value: str) -> str:
    """The first 32 hexadecimal digits of HMAC-SHA256 (RFC 2104) of a value's text, as governed questions show it."""
    _held(key)
    return hmac.digest(key, value.encode(), "sha256").hex()[:DIGITS]


def pseudonyms(key: bytes, values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The pseudonym of each value's text; NULL stays NULL."""
    _held(key)
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    made = [None if text is None else hmac.digest(key, text.encode(), "sha256").hex()[:DIGITS] for text in texts(whole)]
    return pa.array(made, pa.string())


def _held(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise DeidError(f"the key of pseudonyms has {len(key)} bytes; expected {KEY_BYTES}, made for one recipient")
