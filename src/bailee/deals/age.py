"""Files that only the recipient opens: the age format, version 1 (age-encryption.org/v1, https://c2sp.org/age).

For one X25519 recipient, `age1...`. The file's key is random and wrapped for the recipient by X25519, HKDF-SHA256 and
ChaCha20-Poly1305; the data follows in chunks of 64 KiB, each sealed with its number and whether it is the last, so that
none can be changed, moved, dropped or cut off. `age`, `rage` and every other program of that format opens it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from bailee.errors import BaileeError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

VERSION = b"age-encryption.org/v1"
CHUNK = 64 * 1024
_COLUMNS = 64
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_EXPECTED = "expected an age recipient, `age1` and 58 letters and digits, as `age-keygen` prints it"


def recipient(text: str) -> bytes:
    """The X25519 public key of a recipient `age1...`; BaileeError where it is none."""
    words = text.strip()
    if words.startswith("AGE-SECRET-KEY-"):
        raise BaileeError(f"this is a secret key, which the recipient must never give away; {_EXPECTED}")
    try:
        found = _unbech32(words, "age")
    except ValueError as error:
        raise BaileeError(f"the recipient's key cannot be used: {error}; {_EXPECTED}") from None
    if len(found) != 32:
        raise BaileeError(f"the recipient's key has {len(found)} bytes, expected 32; {_EXPECTED}")
    return found


class Sealer:
    """A file that what is written to is sealed into; only after `close` is it whole, and it opens for the recipient.

    It counts and digests what was written, and what came of it.
    """

    def __init__(self, to: BinaryIO, key: bytes, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._to, self._chunk, self._number, self.closed = to, bytearray(), 0, False
        self.plain, self.sealed, self.written = hashlib.sha256(), hashlib.sha256(), 0
        file_key, nonce = random(16), random(16)
        self._put(_header(file_key, key, random(32)) + nonce)
        self._cipher = _chacha(_hkdf(file_key, nonce, b"payload"))

    def write(self, data: bytes | memoryview) -> int:
        """Take more of the file."""
        taken = bytes(data)
        self.plain.update(taken)
        self.written += len(taken)
        self._chunk += taken
        while len(self._chunk) > CHUNK:  # the last chunk is known only at the end
            self._seal(bytes(self._chunk[:CHUNK]), last=False)
            del self._chunk[:CHUNK]
        return len(taken)

    def flush(self) -> None:
        """Nothing: a chunk is written once it is full."""

    def tell(self) -> int:
        """How many bytes were written to it."""
        return self.written

    def readable(self) -> bool:
        """It is written to, not read."""
        return False

    def writable(self) -> bool:
        """It is written to."""
        return not self.closed

    def seekable(self) -> bool:
        """It goes forward alone."""
        return False

    def close(self) -> None:
        """Seal what is left as the last chunk."""
        if not self.closed:
            self._seal(bytes(self._chunk), last=True)
            self._chunk.clear()
            self.closed = True

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        nonce = self._number.to_bytes(11, "big") + bytes([last])
        self._number += 1
        self._put(self._cipher.encrypt(nonce, chunk, None))

    def _put(self, data: bytes) -> None:
        self.sealed.update(data)
        self._to.write(data)


def _header(file_key: bytes, recipients: bytes, secret: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    own = X25519PrivateKey.from_private_bytes(secret)
    share = own.public_key().public_bytes_raw()
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(recipients))
    except ValueError:
        raise BaileeError(f"the recipient's key is one that anybody can open; {_EXPECTED}") from None
    wrapping = _hkdf(shared, share + recipients, VERSION + b"/X25519")
    body = _base64(_chacha(wrapping).encrypt(bytes(12), file_key, None))
    lines = [body[at : at + _COLUMNS] for at in range(0, len(body), _COLUMNS)]
    if len(lines[-1]) == _COLUMNS:
        lines.append(b"")
    head = b"\n".join([VERSION, b"-> X25519 " + _base64(share), *lines, b"---"])
    return head + b" " + _base64(hmac.digest(_hkdf(file_key, b"", b"header"), head, "sha256")) + b"\n"


def _chacha(key: bytes) -> ChaCha20Poly1305:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(key)


def _hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt, info).derive(secret)


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _unbech32(text: str, prefix: str) -> bytes:
    """The bytes that Bech32 spells (BIP 173, without its limit of length); ValueError where it spells none."""
    if text != text.lower() and text != text.upper():
        raise ValueError("it mixes large and small letters")
    before, one, after = text.lower().rpartition("1")
    if not one or before != prefix:
        raise ValueError(f"it does not begin with `{prefix}1`")
    if len(after) < 6 or any(letter not in _BECH32 for letter in after):
        raise ValueError("it has letters that no such key has, or is too short")
    values = [_BECH32.index(letter) for letter in after]
    spread = [ord(c) >> 5 for c in before] + [0] + [ord(c) & 31 for c in before]
    if _polymod(spread + values) != 1:
        raise ValueError("its check letters do not fit, so a letter is wrong")
    return _eights(values[:-6])


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    return check


def _eights(fives: list[int]) -> bytes:
    held, bits, found = 0, 0, bytearray()
    for value in fives:
        held, bits = held << 5 | value, bits + 5
        if bits >= 8:
            bits -= 8
            found.append(held >> bits & 255)
    if bits >= 5 or held & (1 << bits) - 1:
        raise ValueError("its last letters spell no whole byte")
    return bytes(found)
