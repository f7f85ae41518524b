"""AES-256-GCM (NIST SP 800-38D) with a fresh nonce before what is sealed, and what customers' keys give for it.

Loading the library takes longer than many a command, and most of them seal nothing: it is loaded when first needed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from bailee.errors import NotVerified

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
_JOINED = b"bailee seal v1\x00"
#: Before and after the key in the one step (counter 1) that derives what one key alone seals by.
_ONE, _ALONE = b"\x00\x00\x00\x01", b"bailee seal alone v1\x00"


def name(kek: bytes) -> str:
    """The public name of a key-encryption key: the first 8 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(kek).hexdigest()[:8]


def cipher(key: bytes) -> AESGCM:
    """The cipher of a key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def alone(keys: Iterable[bytes]) -> list[AESGCM]:
    """The cipher that each key gives by itself (NIST SP 800-56C Rev. 2, section 4: one step of SHA-256).

    The keys are random and as long as the hash, for which HMAC would do the same in six times the time.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return [AESGCM(hashlib.sha256(_ONE + key + _ALONE).digest()) for key in keys]


def joined(numbers: Sequence[int], keys: Sequence[bytes | None]) -> AESGCM | None:
    """The cipher that only all of the keys together give, in order of number; None where one is gone."""
    held = [key for key in keys if key is not None]
    if len(held) < len(numbers):
        return None
    if len(held) == 1:
        return alone(held)[0]
    named = (number.to_bytes(8, "big") + key for number, key in zip(numbers, held, strict=True))
    return cipher(hmac.digest(_JOINED, b"".join(named), "sha256"))


def sealed_many(each: Sequence[tuple[AESGCM, bytes, bytes]]) -> list[bytes]:
    """Bytes that only each one's cipher and context open."""
    seals = zip(_nonces(len(each)), each, strict=True)
    return [nonce + by.encrypt(nonce, plain, context) for nonce, (by, plain, context) in seals]


def sealed_each(keys: Mapping[int, bytes], each: Sequence[tuple[int, bytes]], context: bytes) -> list[bytes | None]:
    """Bytes that only what `alone` gives of each one's number's key and the context open; None where there is no key.

    A cipher takes 2.5 kB and longer to make than to use, so each is there once, and one at a time.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    found: list[bytes | None] = [None] * len(each)
    nonces, last, seal = _nonces(len(each)), None, None
    for place in sorted(range(len(each)), key=[number for number, _ in each].__getitem__):
        number, plain = each[place]
        if number != last:
            last, key = number, keys.get(number)
            seal = None if key is None else AESGCM(hashlib.sha256(_ONE + key + _ALONE).digest()).encrypt
        if seal is not None:
            nonce = next(nonces)
            found[place] = nonce + seal(nonce, plain, context)
    return found


def _nonces(count: int) -> Iterator[bytes]:
    """Fresh nonces, of bytes drawn at once."""
    fresh = secrets.token_bytes(NONCE_BYTES * count)
    return (fresh[at : at + NONCE_BYTES] for at in range(0, len(fresh), NONCE_BYTES))


def opened_many(each: Sequence[tuple[AESGCM, bytes, bytes]]) -> list[bytes]:
    """What was sealed by each one's cipher and context; NotVerified where it was changed, or by or for another."""
    from cryptography.exceptions import InvalidTag

    try:
        return [by.decrypt(found[:NONCE_BYTES], found[NONCE_BYTES:], context) for by, found, context in each]
    except (InvalidTag, ValueError):
        raise NotVerified("sealed bytes do not open: they were changed or moved; restore a backup") from None


def wrapped(kek: AESGCM, numbers: Sequence[int], keys: Sequence[bytes]) -> list[bytes]:
    """Customers' keys sealed by a key-encryption key, each for its number alone."""
    seal, each = kek.encrypt, zip(numbers, keys, _nonces(len(keys)), strict=True)
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
