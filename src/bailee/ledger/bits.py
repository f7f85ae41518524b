"""The set tree: a root over one bit a customer, of which each can be shown alone.

A tree of `positions` whose leaf is SHA-256(0x00 || nonce || bit), the bit one byte, 0 or 1. The nonce of a position is
its block of the AES-256-CTR keystream under the set's salt (16 bytes), so whoever has not the salt learns nothing.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from bailee.ledger.positions import DEPTH, EMPTY, HASH_BYTES, above, thin

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bits = npt.NDArray[np.bool_]

SALT_BYTES = 32
NONCE_BYTES = 16

#: The nodes of this height are kept with a set, so that showing one bit hashes over 4096 positions and not over all.
_KEPT = 12
_SPAN = 1 << _KEPT


class Committed(NamedTuple):
    """A set's root, and the nodes of height 12 over it, joined, that `show` goes on from."""

    root: bytes
    nodes: bytes


class Shown(NamedTuple):
    """One bit of a set: what opens its leaf, and the path from there to the root."""

    nonce: bytes
    bit: bool
    path: list[bytes | None]


def commit(bits: Bits, salt: bytes) -> Committed:
    """The root over a set: `bits[number]` says whether a customer is in it."""
    nodes = b"".join([_up(_leaves(bits, salt, first), _KEPT) for first in range(0, len(bits), _SPAN)])
    return Committed(_up(nodes, DEPTH, _KEPT) or EMPTY[DEPTH], nodes)


def show(bits: Bits, salt: bytes, nodes: bytes, position: int) -> Shown:
    """One customer's bit; IndexError where the set is of fewer customers."""
    bit, (block, place) = bool(bits[position]), divmod(position, _SPAN)
    row, path = _leaves(bits, salt, block * _SPAN), []
    for height in range(DEPTH):
        if height == _KEPT:
            row, place = nodes, block
        at = (place ^ 1) * HASH_BYTES
        path.append(row[at : at + HASH_BYTES] or EMPTY[height])
        row, place = _step(row, height), place >> 1
    return Shown(_nonces(salt, position, 1), bit, thin(path))


def _leaves(bits: Bits, salt: bytes, first: int) -> bytes:
    import numpy as np

    some = bits[first : first + _SPAN]
    table = np.zeros((len(some), 1 + NONCE_BYTES + 1), np.uint8)
    table[:, 1:-1] = np.frombuffer(_nonces(salt, first, len(some)), np.uint8).reshape(len(some), NONCE_BYTES)
    table[:, -1] = some
    joined, size = table.tobytes(), table.shape[1]
    return b"".join([sha256(joined[at : at + size]).digest() for at in range(0, len(joined), size)])


def _nonces(salt: bytes, first: int, count: int) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    made = Cipher(algorithms.AES256(salt), modes.CTR(first.to_bytes(NONCE_BYTES, "big"))).encryptor()
    return made.update(bytes(count * NONCE_BYTES))


def _up(row: bytes, until: int, height: int = 0) -> bytes:
    while row and height < until:
        row, height = _step(row, height), height + 1
    return row


def _step(row: bytes, height: int) -> bytes:
    """The row above, filled up to an even number of hashes."""
    return above(row + EMPTY[height] if len(row) // HASH_BYTES % 2 else row)
