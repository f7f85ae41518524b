"""One random key for each customer, sealed by the workspace's key-encryption key: what is sealed under it goes with it.

A row of `customer_keys` is nonce || AES-256-GCM (NIST SP 800-38D) of the key, and its additional data is the customer's
number, so a row that was given to another customer does not open. Number 0 is the company itself.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from bailee.errors import FactRejected, NotVerified, WorkspaceError
from bailee.people import driver

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

COMPANY = 0
KEY_BYTES = 32
_NONCE, _TAG = 12, 16

#: Where a connection of the database keeps its keyring.
PLACE = "bailee_keyring"

#: How many numbers are looked up at once, and how many marks one statement may have.
_PIECE, _MARKS = 65_536, 500
#: So many rows to a statement are put in twice as fast as one by one.
_GROUP = 100
_SEAL = b"bailee seal v1\x00"

_ADD = "INSERT INTO customer_keys (customer, kek, wrapped) VALUES {}"
_ERASED = "SELECT customer FROM erasures WHERE done_at IS NOT NULL"
_FOUND = "SELECT customer, kek, wrapped FROM customer_keys WHERE customer"
_HELD = "SELECT customer FROM customer_keys WHERE customer BETWEEN ? AND ?"
_CURRENT = "SELECT wrapped FROM customer_keys WHERE customer BETWEEN ? AND ? AND kek = ? ORDER BY customer"


def of(connection: Connection) -> Keyring:
    """Return the keyring of the database that a connection belongs to."""
    found = connection.connection.info.get(PLACE)
    if not isinstance(found, Keyring):
        raise WorkspaceError("this database was opened without its encryption key, so nothing personal can be read")
    return found


def name(kek: bytes) -> str:
    """The public name of a key-encryption key: the first 8 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(kek).hexdigest()[:8]


class Keyring:
    """Makes, opens and destroys customers' keys, and seals under them; any thread may use it.

    The first key-encryption key is the current one; the others only open what they sealed before. `source` says in
    messages where they are from. Raises WorkspaceError for a row sealed by a key that is not here.
    """

    def __init__(self, keks: Sequence[bytes], source: str = "keys/encryption.key") -> None:
        if not keks or any(len(kek) != KEY_BYTES for kek in keks):
            raise WorkspaceError(f"`{source}` must hold encryption keys of {KEY_BYTES} bytes each")
        self.source = source
        self.current = name(keks[0])
        self._keks = {name(kek): kek for kek in keks}

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keks)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all key-encryption keys, the current one first."""
        return tuple(self._keks)

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        return {name: _cipher(kek) for name, kek in self._keks.items()}

    def ensure(self, connection: Connection, numbers: Iterable[int]) -> None:
        """Make keys for those who have none, in a write transaction; the erased never get one again."""
        for piece in _pieces(sorted(set(numbers))):
            held = set(_held(connection, piece))
            missing = [number for number in piece if number not in held]
            if missing:
                erased = {row[0] for row in driver.rows(connection, _ERASED)}
                self._make(connection, [number for number in missing if number not in erased])

    def _make(self, connection: Connection, numbers: Sequence[int]) -> None:
        keys = secrets.token_bytes(KEY_BYTES * len(numbers))
        made = [keys[at : at + KEY_BYTES] for at in range(0, len(keys), KEY_BYTES)]
        rows = self.wrapped(numbers, made)
        values = [[part for row in rows[at : at + _GROUP] for part in row] for at in range(0, len(rows), _GROUP)]
        rest = values.pop() if len(rows) % _GROUP else []
        driver.many(connection, _ADD.format(", ".join(["(?, ?, ?)"] * _GROUP)), values)
        if rest:
            driver.many(connection, _ADD.format(", ".join(["(?, ?, ?)"] * (len(rest) // 3))), [rest])

    def wrapped(self, numbers: Sequence[int], keys: Sequence[bytes]) -> list[tuple[int, str, bytes]]:
        """Rows of `customer_keys`, sealed by the current key-encryption key."""
        seal, kek = self._ciphers[self.current].encrypt, self.current
        fresh = secrets.token_bytes(_NONCE * len(keys))
        nonces = [fresh[at : at + _NONCE] for at in range(0, len(fresh), _NONCE)]
        each = zip(numbers, keys, nonces, strict=True)
        return [(number, kek, nonce + seal(nonce, key, number.to_bytes(8, "big"))) for number, key, nonce in each]

    def unwrapped(self, numbers: Sequence[int], kek: str, wrapped: Sequence[bytes]) -> list[bytes]:
        """The keys of customers, sealed by a key-encryption key; NotVerified where a row was changed or exchanged."""
        from cryptography.exceptions import InvalidTag

        cipher = self._ciphers.get(kek)
        if cipher is None:
            raise WorkspaceError(
                f"customers' keys are sealed by the encryption key `{kek}`, which `{self.source}` does not hold "
                f"(it holds {', '.join(f'`{each}`' for each in self._keks)}); put it back from a backup"
            )
        opened = cipher.decrypt
        try:
            each = zip(numbers, wrapped, strict=True)
            return [opened(sealed[:_NONCE], sealed[_NONCE:], number.to_bytes(8, "big")) for number, sealed in each]
        except (InvalidTag, ValueError):
            raise NotVerified(
                "a customer's key does not open: its row was changed, or is another customer's; restore a backup"
            ) from None

    def keys(self, connection: Connection, numbers: Sequence[int]) -> list[bytes | None]:
        """Return keys in the order of the numbers, None where one was destroyed or never made."""
        found: list[bytes | None] = []
        for piece in _pieces(numbers):
            found += self._run(connection, piece) or self._named(connection, piece)
        return found

    def _run(self, connection: Connection, numbers: Sequence[int]) -> list[bytes] | None:
        """The keys of numbers that follow each other, if all are there and sealed by the current key."""
        first, last = numbers[0], numbers[-1]
        if len(numbers) < _MARKS or last - first + 1 != len(numbers) or list(range(first, last + 1)) != numbers:
            return None
        rows = driver.rows(connection, _CURRENT, (first, last, self.current))
        return self.unwrapped(numbers, self.current, [row[0] for row in rows]) if len(rows) == len(numbers) else None

    def _named(self, connection: Connection, numbers: list[int]) -> list[bytes | None]:
        rows = _rows(connection, numbers)
        known: dict[int, bytes] = {}
        for kek in {row[1] for row in rows}:
            sealed = {row[0]: row[2] for row in rows if row[1] == kek}
            known.update(zip(sealed, self.unwrapped(list(sealed), kek, list(sealed.values())), strict=True))
        return [known.get(number) for number in numbers]

    def destroy(self, connection: Connection, number: int) -> None:
        """Delete a customer's key in a write transaction: nobody opens what was sealed under it again."""
        connection.exec_driver_sql("DELETE FROM customer_keys WHERE customer = ?", (number,))

    def derived(self, name: str, salt: bytes, use: bytes) -> bytes | None:
        """A 32-byte key for another use of a key-encryption key (HKDF-SHA256, RFC 5869); None where it is not here."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        kek = self._keks.get(name)
        return None if kek is None else HKDF(SHA256(), KEY_BYTES, salt, use).derive(kek)

    def seal(self, connection: Connection, numbers: Sequence[int], plain: bytes, context: bytes) -> bytes:
        """Seal bytes in a write transaction so that all the customers' keys are needed to open them.

        Nobody named means the company's key. `context` must be said again to open. FactRejected for an erased customer.
        """
        among = sorted(set(numbers)) or [COMPANY]
        keys = self.keys(connection, among)
        if None in keys:
            self.ensure(connection, among)
            keys = self.keys(connection, among)
        sealing = _joined(among, keys)
        if sealing is None:
            raise FactRejected("the customer was erased, so nothing about them can be kept")
        nonce = secrets.token_bytes(_NONCE)
        return nonce + _cipher(sealing).encrypt(nonce, plain, context)

    def open(self, connection: Connection, numbers: Sequence[int], sealed: bytes, context: bytes) -> bytes | None:
        """Open what `seal` gave for the same customers and context; None: a key is gone; NotVerified: damaged."""
        among = sorted(set(numbers)) or [COMPANY]
        sealing = _joined(among, self.keys(connection, among))
        return None if sealing is None else _opened(sealing, sealed, context)

    def open_each(
        self, connection: Connection, each: Sequence[tuple[int, bytes]], context: bytes
    ) -> list[bytes | None]:
        """Open what `seal_each` gave for each (customer, sealed bytes); None where a key is gone."""
        keys = self.keys(connection, [number for number, _ in each])
        sealing = (_joined([number], [key]) for (number, _), key in zip(each, keys, strict=True))
        pairs = zip(sealing, each, strict=True)
        return [None if key is None else _opened(key, sealed, context) for key, (_, sealed) in pairs]

    def seal_each(
        self, connection: Connection, each: Sequence[tuple[int, bytes]], context: bytes
    ) -> list[bytes | None]:
        """Seal for each (customer, bytes) under that customer's key, which must be there; None where it is not."""
        keys = self.keys(connection, [number for number, _ in each])
        nonces = secrets.token_bytes(_NONCE * len(each))
        sealed: list[bytes | None] = []
        for at, ((number, plain), key) in enumerate(zip(each, keys, strict=True)):
            sealing, nonce = _joined([number], [key]), nonces[at * _NONCE : at * _NONCE + _NONCE]
            sealed.append(None if sealing is None else nonce + _cipher(sealing).encrypt(nonce, plain, context))
        return sealed


def _cipher(key: bytes) -> AESGCM:
    # Loading it takes longer than a start of the program may; most that starts seals nothing.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _joined(numbers: Sequence[int], keys: Sequence[bytes | None]) -> bytes | None:
    """The key that only all of the keys together give, in order of number; None where one is gone."""
    held = [key for key in keys if key is not None]
    if len(held) < len(numbers):
        return None
    named = (number.to_bytes(8, "big") + key for number, key in zip(numbers, held, strict=True))
    return hmac.digest(_SEAL, b"".join(named), "sha256")


def _opened(key: bytes, sealed: bytes, context: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        return _cipher(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
    except (InvalidTag, ValueError):
        raise NotVerified(
            "sealed bytes do not open: they were changed, or are from elsewhere; restore a backup"
        ) from None


def _pieces(numbers: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), _PIECE):
        yield list(numbers[start : start + _PIECE])


def _close(numbers: Sequence[int]) -> tuple[int, int] | None:
    """The first and last of numbers that lie close together, for which a range is read faster than each by name."""
    first, last = min(numbers), max(numbers)
    return (first, last) if len(numbers) >= _MARKS and last - first < 4 * len(numbers) else None


def _held(connection: Connection, numbers: list[int]) -> list[int]:
    """Those of the numbers, and perhaps some between, that have a key."""
    if (ends := _close(numbers)) is None:
        return [row[0] for row in _rows(connection, numbers)]
    return [row[0] for row in driver.rows(connection, _HELD, ends)]


def _rows(connection: Connection, numbers: list[int]) -> list[tuple[Any, ...]]:
    """The rows of some customers' keys."""
    if ends := _close(numbers):
        wanted = set(numbers)
        return [row for row in driver.rows(connection, f"{_FOUND} BETWEEN ? AND ?", ends) if row[0] in wanted]
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(numbers), _MARKS):
        some = numbers[start : start + _MARKS]
        marks = ", ".join("?" * len(some))
        found += driver.rows(connection, f"{_FOUND} IN ({marks})", some)
    return found
