"""What the standing tree commits to about a customer: for whom their data may be used, until when, under what nonce.

The value is canonical JSON (RFC 8785); the nonce is keyed BLAKE2b (RFC 7693) of the sequence of the customer's last
change under their own key, so two leaves of one person have nothing in common, and nobody can tell once it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b, sha256
from secrets import token_bytes
from typing import NamedTuple

from sqlalchemy import Connection

from bailee.decide import Compiled
from bailee.ledger.positions import HASH_BYTES
from bailee.people import keyring
from bailee.people.instants import instant

#: From so many on, times are written all at once.
_MANY = 256


class Held(NamedTuple):
    """One customer's standing: a reason code a slot, and in microseconds when it may change by itself."""

    codes: bytes
    until: int | None


def nonce(key: bytes, sequence: int) -> bytes:
    """The 32 bytes that hide a customer's standing of a sequence."""
    return blake2b(sequence.to_bytes(8, "big"), digest_size=HASH_BYTES, key=key).digest()


def value(compiled: Compiled, held: Held) -> bytes:
    """A customer's standing in words: each `purpose`, or `purpose/recipient`, that it is for, and until when."""
    return _begun(compiled, [held.codes])[held.codes] + _ends([held.until])[0]


def leaves(connection: Connection, compiled: Compiled, sequence: int, standing: Mapping[int, Held]) -> dict[int, bytes]:
    """The leaf hash of each customer whose standing changed at a sequence, by number, in a write transaction.

    Who has no key gets one; whose key is gone, 32 random bytes.
    """
    keys = _keys(connection, list(standing))
    stamp = sequence.to_bytes(8, "big")
    begun = _begun(compiled, {held.codes for held in standing.values()})
    first = [begun[codes] for codes, _ in standing.values()]
    last = _ends([until for _, until in standing.values()])
    nonces = [blake2b(stamp, digest_size=HASH_BYTES, key=key or b"").digest() for key in keys]
    each = zip(nonces, first, last, strict=True)
    found = dict(zip(standing, [sha256(b"\x00" + n + a + b).digest() for n, a, b in each], strict=True))
    if None in keys:
        gone = [number for number, key in zip(standing, keys, strict=True) if key is None]
        found.update((number, token_bytes(HASH_BYTES)) for number in gone)
    return found


def _keys(connection: Connection, numbers: Sequence[int]) -> list[bytes | None]:
    ring = keyring.of(connection)
    keys = ring.keys(connection, numbers)
    if None in keys:
        lacking = [number for number, key in zip(numbers, keys, strict=True) if key is None]
        made = ring.obtain(connection, lacking)
        keys = [key or made.get(number) for number, key in zip(numbers, keys, strict=True)]
    return keys


def _begun(compiled: Compiled, codes: Iterable[bytes]) -> dict[bytes, bytes]:
    """The beginning of the value for each row of codes."""
    named = _names(compiled)
    # Keys of a policy need no escapes.
    return {
        row: b'{"holds":[%b],"until":' % b",".join([name for slot, name in named if row[slot] == 0]) for row in codes
    }


@lru_cache(8)
def _names(compiled: Compiled) -> list[tuple[int, bytes]]:
    """The slots with their names in quotes, in order of name."""
    names = [slot.purpose if slot.recipient is None else f"{slot.purpose}/{slot.recipient}" for slot in compiled.slots]
    return [(slot, f'"{names[slot]}"'.encode()) for slot in sorted(range(len(names)), key=names.__getitem__)]


def _ends(untils: Sequence[int | None]) -> list[bytes]:
    """The end of the value for each instant."""
    if len(untils) < _MANY:
        return [b"null}" if until is None else b'"%b"}' % _time(until) for until in untils]
    import numpy as np

    told = np.array([0 if until is None else until for until in untils], "datetime64[us]")
    texts = np.datetime_as_string(told, timezone="UTC").astype("S27").tolist()
    pairs = zip(untils, texts, strict=True)
    return [b"null}" if until is None else b'"' + text + b'"}' for until, text in pairs]


def _time(stored: int) -> bytes:
    return (instant(stored).isoformat(timespec="microseconds")[:26] + "Z").encode()
