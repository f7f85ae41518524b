"""Notices: the words shown about a purpose's terms, and to whom they were given.

A notice is named by the digest of its purpose, language, text and terms; once registered it never changes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bailee.errors import FactRejected
from bailee.people import progress
from bailee.people.instants import EARLIEST, instant, micros
from bailee.policy import canonical
from bailee.policy.terms import Terms

_COLUMNS = "number, digest, purpose, language, text, terms, terms_digest, created_at"


@dataclass(frozen=True, slots=True)
class Notice:
    """A registered notice; `number` is ours, `terms_digest` names what it promises."""

    number: int
    digest: str
    purpose: str
    language: str
    text: str
    terms: Terms
    terms_digest: str
    created_at: datetime


def digests(terms: Terms, purpose: str, language: str, text: str) -> tuple[str, str]:
    """Return the digest of the terms and that of the notice."""
    promised = canonical.digest(canonical.to_json(terms))
    shown = {"purpose": purpose, "language": language, "text": text, "terms": promised}
    return promised, canonical.digest(shown)


def register(connection: Connection, terms: Terms, purpose: str, language: str, text: str, now: datetime) -> str:
    """Register a notice, unless it is already, and return its digest."""
    if not text.strip():
        raise FactRejected(f"the notice for `{purpose}` has no text, so it would show nothing")
    promised, digest = digests(terms, purpose, language, text)
    if connection.exec_driver_sql("SELECT 1 FROM notices WHERE digest = ?", (digest,)).first() is None:
        number = connection.exec_driver_sql("SELECT coalesce(max(number), 0) + 1 FROM notices").scalar_one()
        kept = json.dumps(canonical.to_json(terms), ensure_ascii=False)
        connection.exec_driver_sql(
            f"INSERT INTO notices ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (number, digest, purpose, language, text, kept, promised, micros(now)),
        )
    return digest


def get(connection: Connection, digest: str) -> Notice | None:
    """Return the notice with this digest, or None."""
    row = connection.exec_driver_sql(f"SELECT {_COLUMNS} FROM notices WHERE digest = ?", (digest,)).first()
    if row is None:
        return None
    number, _, purpose, language, text, kept, promised, created_at = row
    return Notice(number, digest, purpose, language, text, _terms(kept), promised, instant(created_at))


def listed(connection: Connection) -> list[tuple[str, str, str, str, datetime]]:
    """Return digest, purpose, language, digest of the terms and time of every registered notice, the oldest first."""
    rows = connection.exec_driver_sql(
        "SELECT digest, purpose, language, terms_digest, created_at FROM notices ORDER BY number"
    )
    return [(*words, instant(at)) for *words, at in rows]


def known(connection: Connection, cited: Collection[str] | None = None) -> dict[str, tuple[int, str, str]]:
    """Return the number, purpose and language of every registered notice, or of those cited, by digest."""
    statement, digests = "SELECT digest, number, purpose, language FROM notices", tuple(cited or ())
    if cited is not None:
        if not digests:
            return {}
        statement += f" WHERE digest IN ({','.join('?' * len(digests))})"
    rows = connection.exec_driver_sql(statement, digests)
    return {digest: (number, purpose, language) for digest, number, purpose, language in rows}


def numbered(connection: Connection) -> dict[int, tuple[str, str]]:
    """Return the purpose and the digest of the terms of every registered notice, by our number."""
    rows = connection.exec_driver_sql("SELECT number, purpose, terms_digest FROM notices")
    return {number: (purpose, promised) for number, purpose, promised in rows}


def terms(connection: Connection) -> Mapping[str, Terms]:
    """Return all terms that were ever registered, by digest."""
    rows = connection.exec_driver_sql("SELECT terms_digest, min(terms) FROM notices GROUP BY terms_digest")
    return {promised: _terms(kept) for promised, kept in rows}


def given(connection: Connection, digest: str, to: Iterable[tuple[int, datetime]]) -> int:
    """Record that customers (by number) were shown a notice, and when; returns the last sequence.

    FactRejected if the notice is not registered.
    """
    number = connection.exec_driver_sql("SELECT number FROM notices WHERE digest = ?", (digest,)).scalar()
    if number is None:
        raise FactRejected(f"there is no registered notice `{digest}`")
    shown = list(to)
    if any(micros(at) < EARLIEST for _, at in shown):
        raise FactRejected("a notice was given before the year 1900, expected that year or later")
    first = progress.advance(connection, len(shown))
    rows = [(first + i, customer, number, micros(at)) for i, (customer, at) in enumerate(shown)]
    if rows:
        connection.exec_driver_sql(
            "INSERT INTO notices_given (sequence, customer, notice, at) VALUES (?, ?, ?, ?)", rows
        )
    return first + len(rows) - 1


def _terms(kept: str) -> Terms:
    return canonical.from_json(Terms, json.loads(kept))
