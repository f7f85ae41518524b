"""One random key for each customer, sealed by the workspace's key-encryption key: what is sealed under it goes with it.

A row of `customer_keys` is nonce || AES-256-GCM of the key, and its additional data is the customer's number (8 bytes,
big endian), so a row that was given to another customer does not open. Number 0 is the company itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from bailee.errors import FactRejected, WorkspaceError
from bailee.people import documents, driver, sealing
from bailee.people.sealing import KEY_BYTES, name

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

COMPANY = 0

#: Where a connection of the database keeps its keyring.
PLACE = "bailee_keyring"
#: The setting that names the key-encryption key by which new keys are sealed: all processes follow it at once.
WRAPPING = "encryption_key"

#: How many numbers are looked up at once, and how many marks one statement may have.
_PIECE, _MARKS = 65_536, 500

_ADD = "INSERT INTO customer_keys (customer, kek, wrapped) VALUES (?, ?, ?)"
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


class Keyring:
    """Makes, opens and destroys customers' keys, and seals under them; any thread may use it.

    The first key-encryption key is the current one; the others only open what they sealed before, and `names` are what
    all of them are called. `source` says in messages where they are from, and `again` reads them anew, for when another
    process has rotated them. Raises WorkspaceError for a row sealed by a key that is not here.
    """

    def __init__(
        self,
        keks: Sequence[bytes],
        source: str = "`keys/encryption.key`",
        again: Callable[[], Sequence[bytes]] | None = None,
    ) -> None:
        if not keks or any(len(kek) != KEY_BYTES for kek in keks):
            raise WorkspaceError(f"{source} must hold encryption keys of {KEY_BYTES} bytes each")
        self.source = source
        self._again = again
        self._keks: dict[str, bytes] = {}
        self._ciphers: dict[str, AESGCM] = {}
        self._company: tuple[tuple[Any, ...], AESGCM] | None = None
        self._take(keks)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self.names)})"

    def _take(self, keks: Sequence[bytes]) -> None:
        # Whoever reads an older snapshot meanwhile still needs those that a rotation has left behind.
        self._keks = {**self._keks, **{name(kek): kek for kek in keks}}
        self.names = tuple(name(kek) for kek in keks)
        self.current = self.names[0]

    def reload(self) -> None:
        """Read the key-encryption keys anew from where they are from."""
        if self._again is not None:
            self._take(self._again())

    def cipher(self, kek: str) -> AESGCM:
        """The cipher of a key-encryption key; WorkspaceError where it is not here."""
        found = self._ciphers.get(kek)
        if found is not None:
            return found
        if kek not in self._keks:
            self.reload()
        if kek not in self._keks:
            raise WorkspaceError(
                f"customers' keys are sealed by the encryption key `{kek}`, which {self.source} does not hold "
                f"(it holds {', '.join(f'`{each}`' for each in self.names)}); put it back from a backup"
            )
        return self._ciphers.setdefault(kek, sealing.cipher(self._keks[kek]))

    def derived(self, name: str, salt: bytes, use: bytes) -> bytes | None:
        """A 32-byte key for another use of a key-encryption key (HKDF-SHA256, RFC 5869); None where it is not here."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        kek = self._keks.get(name)
        return None if kek is None else HKDF(SHA256(), KEY_BYTES, salt, use).derive(kek)

    # Keys -------------------------------------------------------------------------------------------------------

    def ensure(self, connection: Connection, numbers: Iterable[int]) -> None:
        """Make keys for those who have none, in a write transaction; the erased never get one again."""
        for piece in _pieces(sorted(set(numbers))):
            held = set(_held(connection, piece))
            self._make(connection, [number for number in piece if number not in held])

    def obtain(self, connection: Connection, numbers: Iterable[int]) -> dict[int, bytes]:
        """The keys of those who may have one, made where there is none, in a write transaction."""
        wanted = sorted(set(numbers))
        found = self.there(connection, wanted)
        return found | self._make(connection, [number for number in wanted if number not in found])

    def _make(self, connection: Connection, numbers: Sequence[int]) -> dict[int, bytes]:
        """Make the keys of those who have none, but for the erased."""
        if not numbers:
            return {}
        erased = {row[0] for row in driver.rows(connection, _ERASED)}
        living = [number for number in numbers if number not in erased]
        drawn = secrets.token_bytes(KEY_BYTES * len(living))
        made = [drawn[at : at + KEY_BYTES] for at in range(0, len(drawn), KEY_BYTES)]
        self.put(connection, living, made)
        return dict(zip(living, made, strict=True))

    def put(self, connection: Connection, numbers: Sequence[int], keys: Sequence[bytes]) -> None:
        """Keep keys that were drawn for customers who have none, in a write transaction."""
        kek = self._wrapping(connection)
        rows = zip(numbers, repeat(kek), sealing.wrapped(self.cipher(kek), numbers, keys), strict=False)
        driver.many(connection, _ADD, rows)

    def _wrapping(self, connection: Connection) -> str:
        """The name of the key-encryption key that seals new keys, whatever this process thought was current."""
        said = documents.setting(connection, WRAPPING)
        if said is None:
            said = self.current
            documents.set_setting(connection, WRAPPING, said)
        return said

    def keys(self, connection: Connection, numbers: Sequence[int]) -> list[bytes | None]:
        """Return keys in the order of the numbers, None where one was destroyed or never made."""
        found: list[bytes | None] = []
        for piece in _pieces(numbers):
            found += self._run(connection, piece) or map(self._named(connection, piece).get, piece)
        return found

    def there(self, connection: Connection, numbers: Sequence[int]) -> dict[int, bytes]:
        """The keys of those who have one, by number."""
        found: dict[int, bytes] = {}
        for piece in _pieces(numbers):
            run = self._run(connection, piece)
            found.update(zip(piece, run, strict=True) if run else self._named(connection, piece))
        return found

    def _run(self, connection: Connection, numbers: Sequence[int]) -> list[bytes] | None:
        """The keys of numbers that follow each other, if all are there and sealed by the current key."""
        first, last = numbers[0], numbers[-1]
        if len(numbers) < _MARKS or last - first + 1 != len(numbers) or list(range(first, last + 1)) != numbers:
            return None
        kek = self.current
        rows = driver.rows(connection, _CURRENT, (first, last, kek))
        whole = len(rows) == len(numbers)
        return sealing.unwrapped(self.cipher(kek), numbers, [row[0] for row in rows]) if whole else None

    def _named(self, connection: Connection, numbers: list[int]) -> dict[int, bytes]:
        rows = _rows(connection, numbers)
        known: dict[int, bytes] = {}
        for kek in {row[1] for row in rows}:
            some, sealed = zip(*((row[0], row[2]) for row in rows if row[1] == kek), strict=True)
            known.update(zip(some, sealing.unwrapped(self.cipher(kek), some, sealed), strict=True))
        return known

    def destroy(self, connection: Connection, number: int) -> None:
        """Delete a customer's key in a write transaction: nobody opens what was sealed under it again."""
        connection.exec_driver_sql("DELETE FROM customer_keys WHERE customer = ?", (number,))

    # What is sealed ---------------------------------------------------------------------------------------------

    def seal(self, connection: Connection, numbers: Sequence[int], plain: bytes, context: bytes) -> bytes:
        """Seal bytes in a write transaction so that all the customers' keys are needed to open them.

        Nobody named means the company's key. `context` must be said again to open. FactRejected for an erased customer.
        """
        return self.seal_many(connection, [(tuple(numbers), plain, context)])[0]

    def seal_many(self, connection: Connection, each: Sequence[tuple[tuple[int, ...], bytes, bytes]]) -> list[bytes]:
        """Seal for each (numbers, bytes, context) as `seal` does, reading each key once."""
        groups = {numbers for numbers, _, _ in each}
        if groups == {()}:
            company = self._companys(connection)
            return sealing.sealed_many([(company, plain, context) for _, plain, context in each])
        about = {numbers: sorted(set(numbers)) or [COMPANY] for numbers in groups}
        wanted = sorted(set().union(*about.values()))
        keys = self.obtain(connection, wanted)
        joint = {numbers: sealing.joined(among, list(map(keys.get, among))) for numbers, among in about.items()}
        ciphers = {numbers: cipher for numbers, cipher in joint.items() if cipher is not None}
        if len(ciphers) < len(joint):
            raise FactRejected("the customer was erased, so nothing about them can be kept")
        return sealing.sealed_many([(ciphers[numbers], plain, context) for numbers, plain, context in each])

    def _companys(self, connection: Connection) -> AESGCM:
        """The cipher of the company's own key, which most is sealed by: kept for as long as its row is the same."""
        rows = driver.rows(connection, f"{_FOUND} = 0")
        if not rows:
            self.ensure(connection, [COMPANY])
            rows = driver.rows(connection, f"{_FOUND} = 0")
        row, held = tuple(rows[0]), self._company
        if held is None or held[0] != row:
            cipher = sealing.joined([COMPANY], self.keys(connection, [COMPANY]))
            if cipher is None:
                raise WorkspaceError("the company's own key is gone; restore a backup")
            self._company = held = row, cipher
        return held[1]

    def open(self, connection: Connection, numbers: Sequence[int], sealed: bytes, context: bytes) -> bytes | None:
        """Open what `seal` gave for the same customers and context; None: a key is gone; NotVerified: damaged."""
        among = sorted(set(numbers)) or [COMPANY]
        cipher = sealing.joined(among, self.keys(connection, among))
        return None if cipher is None else sealing.opened_many([(cipher, sealed, context)])[0]

    def seal_each(
        self, connection: Connection, each: Sequence[tuple[int, bytes]], context: bytes
    ) -> list[bytes | None]:
        """Seal for each (customer, bytes) under that customer's key, which must be there; None where it is not."""
        keys = self.there(connection, list(dict.fromkeys([number for number, _ in each])))
        return sealing.sealed_each(keys, each, context)

    def open_each(
        self, connection: Connection, each: Sequence[tuple[int, bytes]], context: bytes
    ) -> list[bytes | None]:
        """Open what `seal_each` gave for each (customer, sealed bytes); None where a key is gone."""
        ciphers = self._sealing(connection, each)
        there = [(ciphers[number], sealed, context) for number, sealed in each if number in ciphers]
        found = iter(sealing.opened_many(there))
        return [next(found) if number in ciphers else None for number, _ in each]

    def _sealing(self, connection: Connection, each: Sequence[tuple[int, bytes]]) -> dict[int, AESGCM]:
        """The cipher of everybody among those who has a key."""
        keys = self.there(connection, list(dict.fromkeys([number for number, _ in each])))
        return dict(zip(keys, sealing.alone(keys.values()), strict=True))


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
