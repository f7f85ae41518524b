"""Addresses in a file of customers, sealed and put aside while no lock is held, until their customers move in.

New customers' keys are drawn at once and stay in memory: only with their number can a key be kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import Connection

from bailee.errors import FactRejected
from bailee.people import contacts, customers, driver, keyring, sealing
from bailee.people.database import Database
from bailee.people.imports import keys_of
from bailee.people.keyring import COMPANY
from bailee.people.sealing import KEY_BYTES

#: `customer` is NULL for who was not on record when the file was read.
_COLUMNS = "position INTEGER, channel TEXT, customer INTEGER, blind BLOB, sealed BLOB, PRIMARY KEY (position, channel)"
_PUT = "INSERT INTO arriving_contacts VALUES (?, ?, ?, ?, ?)"
#: Whoever was known has still a key, and whoever was new is.
_OVERTAKEN = """
    SELECT 1 FROM arriving_contacts a LEFT JOIN arriving_new n ON n.position = a.position
    LEFT JOIN customer_keys k ON k.customer = a.customer
    WHERE CASE WHEN a.customer IS NULL THEN n.position ELSE k.customer END IS NULL LIMIT 1
"""
_NEW = """
    SELECT ? + n.rank FROM arriving_new n
    WHERE EXISTS (SELECT 1 FROM arriving_contacts a WHERE a.position = n.position) ORDER BY n.position
"""
_MOVE = """
    INSERT INTO contacts (customer, channel, blind, sealed)
    SELECT coalesce(a.customer, ? + n.rank), a.channel, a.blind, a.sealed
    FROM arriving_contacts a LEFT JOIN arriving_new n ON n.position = a.position WHERE TRUE
    ON CONFLICT (customer, channel) DO UPDATE SET blind = excluded.blind, sealed = excluded.sealed
"""


class ArrivingContacts:
    """Addresses by position in the file and channel, in a temporary table of one connection."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self._connection, self._database = connection, database
        self._drawn = bytearray()  # the keys of new customers, in the order of the file
        self._company = b""
        driver.temporary(connection, "arriving_contacts", _COLUMNS)

    def put(self, start: int, keys: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        """Seal the addresses of rows from a position on, by customer's key and in the order of the channels."""
        having = [(place, key) for place, (key, row) in enumerate(zip(keys, rows, strict=True)) if any(row)]
        if not having:
            return
        known = customers.find_many(self._connection, [key for _, key in having])
        held = keys_of(self._database, known.values()) if known else {}
        if len(held) < len(known):
            raise _overtaken()
        drawn = secrets.token_bytes(KEY_BYTES * (len(having) - len(known)))
        self._drawn += drawn
        fresh = iter(_cut(drawn))
        own = [held[known[key]] if key in known else next(fresh) for _, key in having]
        found = [
            (start + place, channel, known.get(key), cipher, address)
            for (place, key), cipher in zip(having, sealing.alone(own), strict=True)
            for channel, address in zip(contacts.CHANNELS, rows[place], strict=True)
            if address is not None
        ]
        self._company = self._company or keys_of(self._database, [COMPANY])[COMPANY]
        blinds = contacts.blinded(self._company, [(channel, address) for _, channel, _, _, address in found])
        sealed = sealing.sealed_many([(by, address.encode(), contacts.CONTEXT) for _, _, _, by, address in found])
        aside = [(*each[:3], *hidden) for each, hidden in zip(found, zip(blinds, sealed, strict=True), strict=True)]
        driver.many(self._connection, _PUT, aside)

    def move(self, before: int) -> None:
        """Keep the keys and addresses in a write transaction that has `arriving_new`, numbered after a number.

        FactRejected where somebody was erased or added since the file was read.
        """
        if not self._company:
            return
        driver.filled(self._connection, "arriving_contacts")
        if self._connection.exec_driver_sql(_OVERTAKEN).first():
            raise _overtaken()
        keys, at = keyring.of(self._connection), 0
        for some in driver.stream(self._connection, _NEW, (before,)):
            end = at + KEY_BYTES * len(some)
            keys.put(self._connection, [number for (number,) in some], _cut(bytes(self._drawn[at:end])))
            at = end
        self._connection.exec_driver_sql(_MOVE, (before,))


def _cut(drawn: bytes) -> list[bytes]:
    return [drawn[at : at + KEY_BYTES] for at in range(0, len(drawn), KEY_BYTES)]


def _overtaken() -> FactRejected:
    return FactRejected("a customer of this file was erased or added while it was read; import it again")
