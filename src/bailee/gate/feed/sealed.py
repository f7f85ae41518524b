"""The files of a feed, sealed: who has the feed's key can read them, and nobody else can read, change or swap them.

A file is `MAGIC` and pieces of AES-256-GCM (nonce || sealed bytes), each bound to the file's name, its place and
whether it is the last. A customer is named by a keyed hash of the company's key.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bailee.errors import NotVerified, WorkspaceError

MAGIC = b"bailee-feed-1\n"
KEY_BYTES, NAME_BYTES, DIGEST_BYTES = 32, 16, 32
#: How a feed's key is written, so that no other key of a workspace is taken for one.
WORD = "bailee-feed-key-1"
ENVIRONMENT = "env:"

_PIECE = 1 << 24
_NONCE, _TAG = 12, 16


class Sealing:
    """What the two keys that are derived from a feed's secret do: seal files, and name customers."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(blake2b(key=secret, person=b"bailee-feed-seal", digest_size=32).digest())
        #: The key of the hash that names customers (keyed BLAKE2b, 16 bytes).
        self.naming = blake2b(key=secret, person=b"bailee-feed-name", digest_size=32).digest()

    def name(self, key: str) -> bytes:
        """What a customer is called in a feed."""
        return blake2b(key.encode(), key=self.naming, digest_size=NAME_BYTES).digest()

    def seal(self, path: str, data: bytes, random: Callable[[int], bytes]) -> bytes:
        """The bytes of a file of this name."""
        parts = [MAGIC]
        starts = range(0, max(len(data), 1), _PIECE)
        for place, start in enumerate(starts):
            nonce = random(_NONCE)
            about = _about(path, place, last=place == len(starts) - 1)
            parts += [nonce, self._cipher.encrypt(nonce, data[start : start + _PIECE], about)]
        return b"".join(parts)

    def open(self, path: str, file: bytes) -> bytes:
        """What a file of this name holds; NotVerified where it was not sealed under this key and name, or altered."""
        if not file.startswith(MAGIC):
            raise NotVerified(f"`{path}` is no file of a feed of this version")
        step, view, parts = _NONCE + _PIECE + _TAG, memoryview(file), []
        starts = range(len(MAGIC), max(len(file), len(MAGIC) + 1), step)
        for place, start in enumerate(starts):
            nonce, sealed = view[start : start + _NONCE], view[start + _NONCE : start + step]
            try:
                parts.append(self._cipher.decrypt(nonce, sealed, _about(path, place, last=place == len(starts) - 1)))
            except (InvalidTag, ValueError):
                raise NotVerified(f"`{path}` was altered, or is of another feed than this key") from None
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _about(path: str, place: int, *, last: bool) -> bytes:
    return MAGIC + path.encode() + b"\0" + place.to_bytes(4, "big") + bytes([last])


def digest(file: bytes) -> bytes:
    """The digest of a file as it is."""
    return blake2b(file, digest_size=DIGEST_BYTES).digest()


def chained(tip: bytes, file: bytes) -> bytes:
    """The digest over all changes up to this file, from that up to the one before."""
    return blake2b(tip + digest(file), digest_size=DIGEST_BYTES).digest()


# The key -------------------------------------------------------------------------------------------------------------


def written(secret: bytes) -> bytes:
    """A secret as it is kept."""
    return f"{WORD} {base64.b64encode(secret).decode()}\n".encode()


def read_key(text: bytes, where: str) -> bytes:
    """The secret that a text holds; WorkspaceError, which never shows it, where it is none."""
    words = text.split()
    try:
        secret = base64.b64decode(words[1], validate=True) if len(words) == 2 and words[0] == WORD.encode() else b""
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise WorkspaceError(f"{where} holds no key of a feed, expected one line: `{WORD}` and base64 of 32 bytes")
    return secret


def find_key(key: str | os.PathLike[str]) -> bytes:
    """The secret in a file, or in the environment variable of `env:NAME`; WorkspaceError where there is none."""
    if isinstance(key, str) and key.startswith(ENVIRONMENT):
        name = key.removeprefix(ENVIRONMENT).strip()
        if name not in os.environ:
            raise WorkspaceError(f"the environment variable `{name}`, which should hold the feed's key, is not set")
        return read_key(os.environb.get(name.encode(), b""), f"`{key}`")
    try:
        with Path(key).open("rb") as file:
            return read_key(file.read(4096), f"`{os.fspath(key)}`")
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        raise WorkspaceError(f"the feed's key `{os.fspath(key)}` cannot be read: {why}") from None
    except ValueError:  # a NUL in the path
        raise WorkspaceError("the feed's key is no path of a file, expected one, or `env:NAME`") from None
