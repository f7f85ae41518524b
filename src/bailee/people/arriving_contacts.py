"""Addresses in a file of customers, put aside until their customers have numbers and so keys.

What is aside may reach the disk: it is sealed by a key that only this import knows, and that ends with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import Connection

from bailee.people import contacts, driver, keyring, sealing
from bailee.people.keyring import COMPANY

_TABLE, _COLUMNS = "arriving_contacts", "position INTEGER, channel TEXT, sealed BLOB, PRIMARY KEY (position, channel)"
_PUT = "INSERT INTO arriving_contacts VALUES (?, ?, ?)"
_SLICE = 10_000
_NEXT = f"""
    SELECT c.number, a.channel, a.sealed FROM arriving_contacts a
    JOIN arriving_customers r ON r.position = a.position JOIN customers c ON c.key = r.key
    WHERE a.position >= ? AND a.position < ? + {_SLICE} ORDER BY a.position, a.channel
"""


class ArrivingContacts:
    """Addresses by position in the file and channel."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cipher = sealing.cipher(secrets.token_bytes(sealing.KEY_BYTES))
        self._last = -1
        driver.temporary(connection, _TABLE, _COLUMNS)

    def put(self, start: int, rows: Sequence[Sequence[str | None]]) -> None:
        """Put aside the addresses of rows from a position on, in the order of the channels."""
        found = [
            (position, channel, address)
            for position, row in enumerate(rows, start)
            for channel, address in zip(contacts.CHANNELS, row, strict=True)
            if address is not None
        ]
        if found:
            self._last = found[-1][0]
            sealed = sealing.sealed_many([(self._cipher, a.encode(), c.encode()) for _, c, a in found])
            aside = [(position, channel, each) for (position, channel, _), each in zip(found, sealed, strict=True)]
            driver.many(self._connection, _PUT, aside)

    def move(self) -> None:
        """Keep the addresses, each under its customer's key, in a write transaction that knows the customers."""
        for start in range(0, self._last + 1, _SLICE):
            rows = driver.rows(self._connection, _NEXT, (start, start))
            opened = sealing.opened_many([(self._cipher, bytes(each), channel.encode()) for _, channel, each in rows])
            found = [(row[0], row[1], address.decode()) for row, address in zip(rows, opened, strict=True)]
            keyring.of(self._connection).ensure(self._connection, {COMPANY, *(number for number, _, _ in found)})
            contacts.put_many(self._connection, found)
