"""A backup's container: a stream of any length sealed in chunks, each of which is authentic by itself and in its place.

The STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizar, CRYPTO 2015): 1 MiB a chunk under AES-256-GCM; its
nonce is the chunk's number (11 bytes, big endian) and a byte that says whether it is the last. The key is derived
(HKDF-SHA256, RFC 5869) from a key-encryption key and a salt that each file has for itself. Memory: a few chunks.
"""

from __future__ import annotations

import io
import os
import secrets
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bailee.errors import NotVerified, WorkspaceError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from bailee.people.keyring import Keyring

VERSION = 1
CHUNK = 1 << 20
_MAGIC = b"bailee backup "
_SALT_BYTES, _ID_BYTES, _TAG_BYTES = 32, 8, 16
#: The mark, a version of two digits and a line break, the id of the key-encryption key, the salt.
HEADER_BYTES = len(_MAGIC) + 3 + _ID_BYTES + _SALT_BYTES
_SEALED = CHUNK + _TAG_BYTES
#: How many more chunks than there are a file may have lost, for its message to name one that moved up.
_BEYOND = 64
_CONTEXT = b"bailee backup file, chunks"


class Header(NamedTuple):
    """What a backup shows without its key: the format's version, the id of the key-encryption key, and its salt."""

    version: int
    kek: str
    salt: bytes

    def to_bytes(self) -> bytes:
        """The first bytes of the file, which every chunk is bound to."""
        return _MAGIC + b"%02d\n" % self.version + self.kek.encode("ascii") + self.salt


def read_header(file: BinaryIO, name: str) -> Header:
    """Read the header; WorkspaceError for a file that is no backup of ours, or one of a newer version."""
    begin = file.read(HEADER_BYTES)
    mark, version = begin[: len(_MAGIC)], begin[len(_MAGIC) : len(_MAGIC) + 3]
    if mark != _MAGIC or not version[:2].isdigit() or version[2:] != b"\n":
        what = "is empty" if not begin else "is not a backup that `bailee backup` made"
        raise WorkspaceError(f"`{name}` {what}; name another file")
    if int(version[:2]) > VERSION:
        raise WorkspaceError(
            f"`{name}` is a backup of version {int(version[:2])} and this Bailee knows up to {VERSION}; "
            "install a newer one"
        )
    kek = begin[-_ID_BYTES - _SALT_BYTES : -_SALT_BYTES]
    if len(begin) < HEADER_BYTES or not kek.isascii():
        raise NotVerified(f"the backup `{name}` is cut off or changed in its first {HEADER_BYTES} bytes; take another")
    return Header(int(version[:2]), kek.decode("ascii"), begin[-_SALT_BYTES:])


class SealedWriter:
    """Seals what is written into a file; `finish` makes it whole, and without it nobody can read past the cut."""

    def __init__(self, file: BinaryIO, keyring: Keyring) -> None:
        self._file, self._waiting, self._number = file, bytearray(), 0
        header = Header(VERSION, keyring.current, secrets.token_bytes(_SALT_BYTES))
        self._aad = header.to_bytes()
        self._cipher = AESGCM(_key(keyring, header) or b"")
        file.write(self._aad)

    def write(self, data: bytes) -> int:
        """Take more bytes; the last chunk waits, because it is sealed otherwise."""
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def finish(self) -> None:
        """Seal the last chunk."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), chunk, self._aad))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Reads what was sealed, each chunk opened before a byte of it is given; the end is given only where it belongs.

    Raises WorkspaceError where the key is not at hand, and NotVerified where the file was changed, cut off, or had its
    chunks moved or added to.
    """

    def __init__(self, file: BinaryIO, name: str, keyring: Keyring) -> None:
        self.header = read_header(file, name)
        key = _key(keyring, self.header)
        if key is None:
            raise WorkspaceError(
                f"`{name}` was sealed under the encryption key `{self.header.kek}`, and {keyring.source} holds "
                f"{', '.join(f'`{each}`' for each in keyring.names)}; give the key that it was made with"
            )
        self._file, self._name, self._aad = file, name, self.header.to_bytes()
        self._cipher = AESGCM(key)
        self._number, self._ahead, self._open = 0, file.read(_SEALED), memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer with the next bytes; 0 at the end."""
        while not self._open and not self._ended:
            self._next()
        into = memoryview(buffer).cast("B")
        given = min(len(into), len(self._open))
        into[:given] = self._open[:given]
        self._open = self._open[given:]
        return given

    def _next(self) -> None:
        sealed, self._ahead = self._ahead, self._file.read(_SEALED)
        last = not self._ahead
        chunk = self._try(sealed, self._number, last=last)
        if chunk is None:
            raise NotVerified(f"the backup `{self._name}` {self._why(sealed, last=last)}; take another")
        self._open, self._ended = memoryview(chunk), last
        self._number += 1

    def _try(self, sealed: bytes, number: int, *, last: bool) -> bytes | None:
        try:
            return self._cipher.decrypt(_nonce(number, last), sealed, self._aad)
        except (InvalidTag, ValueError):  # ValueError: shorter than a tag
            return None

    def _why(self, sealed: bytes, *, last: bool) -> str:
        """What is wrong with a chunk that did not open where it stands."""
        number = self._number
        if self._try(sealed, number, last=not last) is not None:
            return f"is cut off after chunk {number}" if last else f"goes on after its end, which is chunk {number}"
        for other in range(_BEYOND + os.fstat(self._file.fileno()).st_size // _SEALED):
            if any(self._try(sealed, other, last=end) is not None for end in (False, True)):
                return f"has chunk {other} where chunk {number} belongs"
        if last and len(sealed) < _SEALED:
            return f"was changed or cut off in chunk {number}"
        return f"was changed in chunk {number}" + (" or in its header" if number == 0 else "")


def _key(keyring: Keyring, header: Header) -> bytes | None:
    return keyring.derived(header.kek, header.salt, _CONTEXT)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
