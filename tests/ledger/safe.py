"""A safe for the ledger's own tests: honest sealing, with keys in memory."""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from bailee.errors import NotVerified


class Safe:
    """Keys by customer in memory, which open together or not at all; a key that is taken away is gone."""

    def __init__(self, secret: bytes = b"") -> None:
        self.gone: set[int] = set()
        self._secret = secret or os.urandom(32)

    def _key(self, numbers: Sequence[int]) -> bytes:
        named = b"".join(number.to_bytes(8, "big") for number in sorted(numbers))
        return hmac.digest(self._secret, named, "sha256")

    def seal(self, connection: Connection, numbers: Sequence[int], plain: bytes, context: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + AESGCM(self._key(numbers)).encrypt(nonce, plain, context)

    def seal_many(self, connection: Connection, each: Sequence[tuple[tuple[int, ...], bytes, bytes]]) -> list[bytes]:
        return [self.seal(connection, *one) for one in each]

    def open(self, connection: Connection, numbers: Sequence[int], sealed: bytes, context: bytes) -> bytes | None:
        if self.gone & set(numbers):
            return None
        try:
            return AESGCM(self._key(numbers)).decrypt(sealed[:12], sealed[12:], context)
        except (InvalidTag, ValueError):
            raise NotVerified("sealed bytes do not open") from None
