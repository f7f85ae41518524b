"""AES-256-GCM (NIST SP 800-38D) with a fresh nonce before what is sealed, and the key that several keys together give.

Loading the library takes longer than many a command, and most of them seal nothing: it is loaded when first needed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bailee.errors import NotVerified

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
_JOINED = b"bailee seal v1\x00"


def name(kek: bytes) -> str:
    """The public name of a key-encryption key: the first 8 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(kek).hexdigest()[:8]


def cipher(key: bytes) -> AESGCM:
    """The cipher of a key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def joined(numbers: Sequence[int], keys: Sequence[bytes | None]) -> bytes | None:
    """The key that only all of the keys together give, in order of number; None where one is gone."""
    held = [key for key in keys if key is not None]
    if len(held) < len(numbers):
        return None
    named = (number.to_bytes(8, "big") + key for number, key in zip(numbers, held, strict=True))
    return hmac.digest(_JOINED, b"".join(named), "sha256")


def sealed(key: bytes, plain: bytes, context: bytes) -> bytes:
    """Bytes that only this key and context open."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + cipher(key).encrypt(nonce, plain, context)


def sealed_many(each: Sequence[tuple[AESGCM, bytes, bytes]]) -> list[bytes]:
    """Bytes that only each one's cipher and context open."""
    fresh = secrets.token_bytes(NONCE_BYTES * len(each))
    nonces = [fresh[at : at + NONCE_BYTES] for at in range(0, len(fresh), NONCE_BYTES)]
    return [nonce + by.encrypt(nonce, plain, context) for nonce, (by, plain, context) in zip(nonces, each, strict=True)]


def opened(key: bytes, found: bytes, context: bytes) -> bytes:
    """What was sealed; NotVerified where it was changed, or by another key or for another context."""
    return opened_many([(cipher(key), found, context)])[0]


def opened_many(each: Sequence[tuple[AESGCM, bytes, bytes]]) -> list[bytes]:
    """What was sealed by each one's cipher and context; NotVerified as `opened`."""
    from cryptography.exceptions import InvalidTag

    try:
        return [by.decrypt(found[:NONCE_BYTES], found[NONCE_BYTES:], context) for by, found, context in each]
    except (InvalidTag, ValueError):
        raise NotVerified("sealed bytes do not open: they were changed or moved; restore a backup") from None


def wrapped(kek: AESGCM, numbers: Sequence[int], keys: Sequence[bytes]) -> list[bytes]:
    """Customers' keys sealed by a key-encryption key, each for its number alone."""
    seal, fresh = kek.encrypt, secrets.token_bytes(NONCE_BYTES * len(keys))
    nonces = [fresh[at : at + NONCE_BYTES] for at in range(0, len(fresh), NONCE_BYTES)]
    each = zip(numbers, keys, nonces, strict=True)
    return [nonce + seal(nonce, key, number.to_bytes(8, "big")) for number, key, nonce in each]


def unwrapped(kek: AESGCM, numbers: Sequence[int], found: Sequence[bytes]) -> list[bytes]:
    """Customers' keys; NotVerified where a row was changed, or is another customer's."""
    from cryptography.exceptions import InvalidTag

    opens = kek.decrypt
    try:
        each = zip(numbers, found, strict=True)
        return [opens(row[:NONCE_BYTES], row[NONCE_BYTES:], number.to_bytes(8, "big")) for number, row in each]
    except (InvalidTag, ValueError):
        raise NotVerified(
            "a customer's key does not open: its row was changed, or is another customer's; restore a backup"
        ) from None
