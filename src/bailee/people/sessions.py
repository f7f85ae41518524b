"""Who is signed in, and the links that sign somebody in once.

The database holds only the SHA-256 of each secret; the secret itself is 32 random bytes that the browser or the link
holds. A customer is known by their number, so an erasure signs them out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection

from bailee.people import customers
from bailee.people.database import Database
from bailee.people.instants import instant, micros

SECRET_BYTES = 32
#: How long a session of each kind lasts, from its beginning and without use.
CUSTOMER_LASTS, CUSTOMER_IDLE = timedelta(hours=12), timedelta(hours=1)
STAFF_LASTS, STAFF_IDLE = timedelta(hours=12), timedelta(hours=2)
#: How long a link is good for, and how many of them one customer is sent in that time.
LINK_LASTS, MOST_LINKS = timedelta(minutes=15), 5
#: By how much clocks may differ. What was made later than that, before a clock was set back, would last for too long.
_AHEAD = timedelta(minutes=2)
#: `seen` is written again when it is older than this, so that reading a page does not write each time.
_AGAIN = timedelta(minutes=1)

_COLUMNS = "customer, name, roles"
_PUT = f"INSERT INTO sessions (token, {_COLUMNS}, began, seen, ends) VALUES (?, ?, ?, ?, ?, ?, ?)"
_GET = (
    f"SELECT {_COLUMNS}, began, seen, k.key FROM sessions LEFT JOIN customers k ON k.number = customer "
    "WHERE token = ? AND ends > ?"
)
_PUT_LINK = f"INSERT INTO links (token, {_COLUMNS}, made, ends) VALUES (?, ?, ?, ?, ?, ?)"
_GET_LINK = f"SELECT {_COLUMNS} FROM links WHERE token = ? AND ends > ? AND made <= ?"
_RECENT = "SELECT count(*) FROM links WHERE customer = ? AND made > ?"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who is signed in: a customer by key, or a member of staff by name with roles; since when."""

    customer: str | None
    name: str | None
    roles: frozenset[str]
    began: datetime

    @property
    def staff(self) -> bool:
        """Whether they work for the company."""
        return self.name is not None


class Sessions:
    """Sessions and links of a workspace; `random` gives secret bytes. Any process of the workspace sees the same."""

    def __init__(self, database: Database, clock: Callable[[], datetime], random: Callable[[int], bytes]) -> None:
        self._database, self._clock, self._random = database, clock, random

    def link(self, customer: str) -> bytes | None:
        """The secret of a link that signs a customer in once, or None where enough were made lately.

        FactRejected for nobody on record.
        """
        now = self._clock()
        with self._database.write() as connection:
            number = customers.number_of(connection, customer)
            since = micros(now - LINK_LASTS)
            if connection.exec_driver_sql(_RECENT, (number, since)).scalar_one() >= MOST_LINKS:
                return None
            return self._linked(connection, (number, None, "[]"), now, LINK_LASTS)

    def staff_link(self, name: str, roles: frozenset[str], lasts: timedelta) -> bytes:
        """The secret of a link that signs a member of staff in once."""
        with self._database.write() as connection:
            return self._linked(connection, (None, name, json.dumps(sorted(roles))), self._clock(), lasts)

    def good(self, secret: bytes) -> bool:
        """Whether a link would sign somebody in; it is not spent by that."""
        with self._database.read() as connection:
            now = self._clock()
            values = (sha256(secret).digest(), micros(now), micros(now + _AHEAD))
            return connection.exec_driver_sql(_GET_LINK, values).first() is not None

    def spend(self, secret: bytes) -> tuple[bytes, SignedIn] | None:
        """Sign in whom a link is for, and give the session's secret; None for one that is spent, late or unknown.

        A customer's other links go with it.
        """
        now, token = self._clock(), sha256(secret).digest()
        with self._database.write() as connection:
            row = connection.exec_driver_sql(_GET_LINK, (token, micros(now), micros(now + _AHEAD))).first()
            if row is None:
                return None
            customer, name, roles = row
            connection.exec_driver_sql("DELETE FROM links WHERE token = ?", (token,))
            if customer is not None:
                connection.exec_driver_sql("DELETE FROM links WHERE customer = ?", (customer,))
            return self._begun(connection, (customer, name, roles), now)

    def begin(self, customer: str) -> tuple[bytes, SignedIn]:
        """Sign in a customer whom the shop vouched for, and give the session's secret; FactRejected for nobody."""
        with self._database.write() as connection:
            number = customers.number_of(connection, customer)
            return self._begun(connection, (number, None, "[]"), self._clock())

    def begin_staff(self, name: str, roles: frozenset[str]) -> tuple[bytes, SignedIn]:
        """Sign in a member of staff whom the identity provider vouched for, and give the session's secret."""
        with self._database.write() as connection:
            return self._begun(connection, (None, name, json.dumps(sorted(roles))), self._clock())

    def find(self, secret: bytes) -> SignedIn | None:
        """Who holds a session's secret; None where it ended, was idle too long, or the customer was erased."""
        now, token = self._clock(), sha256(secret).digest()
        with self._database.read() as connection:
            row = connection.exec_driver_sql(_GET, (token, micros(now))).first()
        if row is None:
            return None
        customer, name, roles, began, seen, key = row
        idle = STAFF_IDLE if customer is None else CUSTOMER_IDLE
        if now - instant(seen) > idle or instant(began) > now + _AHEAD or (customer is not None and key is None):
            return None
        if now - instant(seen) > _AGAIN:
            with self._database.write() as connection:
                connection.exec_driver_sql("UPDATE sessions SET seen = ? WHERE token = ?", (micros(now), token))
        return SignedIn(key, name, frozenset(json.loads(roles)), instant(began))

    def end(self, secret: bytes) -> None:
        """Sign out."""
        with self._database.write() as connection:
            connection.exec_driver_sql("DELETE FROM sessions WHERE token = ?", (sha256(secret).digest(),))

    def end_all(self, customer: str) -> None:
        """Sign a customer out everywhere."""
        with self._database.write() as connection:
            number = customers.number_of(connection, customer)
            connection.exec_driver_sql("DELETE FROM sessions WHERE customer = ?", (number,))

    def _linked(
        self, connection: Connection, whose: tuple[int | None, str | None, str], now: datetime, lasts: timedelta
    ) -> bytes:
        secret = self._random(SECRET_BYTES)
        values = (sha256(secret).digest(), *whose, micros(now), micros(now + lasts))
        connection.exec_driver_sql("DELETE FROM links WHERE ends <= ?", (micros(now),))
        connection.exec_driver_sql(_PUT_LINK, values)
        return secret

    def _begun(
        self, connection: Connection, whose: tuple[int | None, str | None, str], now: datetime
    ) -> tuple[bytes, SignedIn]:
        secret, (customer, name, roles) = self._random(SECRET_BYTES), whose
        ends = now + (STAFF_LASTS if customer is None else CUSTOMER_LASTS)
        connection.exec_driver_sql("DELETE FROM sessions WHERE ends <= ?", (micros(now),))
        connection.exec_driver_sql(_PUT, (sha256(secret).digest(), *whose, micros(now), micros(now), micros(ends)))
        found = connection.exec_driver_sql("SELECT key FROM customers WHERE number = ?", (customer,)).scalar()
        return secret, SignedIn(found, name, frozenset(json.loads(roles)), now)
