"""What was answered to requests that may come again, so that the second does nothing and hears the same.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from bailee.people.database import Database
from bailee.people.instants import micros

#: How long an answer is kept.
KEPT = timedelta(days=1)
#: How long a request may take; after that its key may be tried again, since whoever began it is gone.
LOST = timedelta(minutes=2)
_PUT = "INSERT INTO repeats (mark, request, answer, at) VALUES (?, ?, ?, ?) ON CONFLICT (mark) DO NOTHING"
_SPENT = "spent"
_GET = "SELECT request, answer, at FROM repeats WHERE mark = ?"


class Busy(Exception):
    """The first request with this key is still being answered."""


class Different(Exception):
    """The key came before with another request."""


class Repeats:
    """Remembers answers by who asked and their key. An answer is a text that names nobody."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def first(self, who: str, key: str, request: bytes) -> str | None:
        """The answer that was given before, or None for who may go on; raises Busy and Different."""
        now, mark, digest = self._clock(), _mark(who, key), sha256(request).digest()
        with self._database.write() as connection:
            connection.exec_driver_sql("DELETE FROM repeats WHERE at <= ?", (micros(now - KEPT),))
            lost = (mark, micros(now - LOST))
            connection.exec_driver_sql("DELETE FROM repeats WHERE mark = ? AND answer IS NULL AND at <= ?", lost)
            if connection.exec_driver_sql(_PUT, (mark, digest, None, micros(now))).rowcount == 1:
                return None
            asked, answer, _ = connection.exec_driver_sql(_GET, (mark,)).one()
        if bytes(asked) != digest:
            raise Different
        if answer is None:
            raise Busy
        return str(answer)

    def spend(self, who: str, key: str) -> bool:
        """Whether a key comes for the first time; from now on it does not, whatever becomes of who brought it."""
        now, mark = self._clock(), _mark(who, key)
        with self._database.write() as connection:
            connection.exec_driver_sql("DELETE FROM repeats WHERE at <= ?", (micros(now - KEPT),))
            put = connection.exec_driver_sql(_PUT, (mark, sha256(b"").digest(), _SPENT, micros(now)))
            return bool(put.rowcount == 1)

    def came(self, who: str, key: str) -> bool:
        """Whether a request with this key came before."""
        with self._database.read() as connection:
            return connection.exec_driver_sql(_GET, (_mark(who, key),)).first() is not None

    def answered(self, who: str, key: str, answer: str) -> None:
        """Keep what was answered."""
        with self._database.write() as connection:
            connection.exec_driver_sql("UPDATE repeats SET answer = ? WHERE mark = ?", (answer, _mark(who, key)))

    def failed(self, who: str, key: str) -> None:
        """Forget a request that did nothing, so that it may be sent again."""
        with self._database.write() as connection:
            connection.exec_driver_sql("DELETE FROM repeats WHERE mark = ? AND answer IS NULL", (_mark(who, key),))


def _mark(who: str, key: str) -> bytes:
    return sha256(f"{len(who)}:{who}{key}".encode()).digest()
