"""What imports did, told to whoever asked for one and remembered, so that no file is imported twice."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bailee.people import keyring
from bailee.people.instants import instant, micros
from bailee.people.keyring import COMPANY

_MARK = b"bailee files v1"


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """What one import put on record: the file's digest, its rows, and the root over their commitments, in hex."""

    file_digest: str
    rows: int
    root: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or in a dry run would do.

    `rows` counts the file's rows, `added` those that are new, `skipped` those on record already. `granting_nothing`
    counts grants that cite no registered notice about their purpose. `already` is when this very file was imported
    before: then nothing was done.
    """

    file_digest: str
    rows: int
    added: int
    skipped: int
    granting_nothing: int
    dry_run: bool = False
    already: datetime | None = None


def imported(connection: Connection, kind: str, digest: str) -> ImportReport | None:
    """The report of an import of this very file, or None if there was none."""
    statement = "SELECT rows, added, at FROM imports WHERE kind = ? AND mark = ?"
    row = connection.exec_driver_sql(statement, (kind, marked(connection, kind, digest))).first()
    return None if row is None else ImportReport(digest, row.rows, 0, row.rows, 0, already=instant(row.at))


def remember(
    connection: Connection,
    kind: str,
    digest: str,
    name: str,
    rows: int,
    added: int,
    root: str | None,
    now: datetime,
    by: str,
) -> int:
    """Note an import, so that the same file is not imported again, and return its number."""
    keyring.of(connection).ensure(connection, [COMPANY])
    number: int = connection.exec_driver_sql("SELECT coalesce(max(number), 0) + 1 FROM imports").scalar_one()
    row = (number, kind, marked(connection, kind, digest), name, rows, added, root, micros(now), by)
    connection.exec_driver_sql("INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return number


def marked(connection: Connection, kind: str, digest: str) -> str | None:
    """How a file is remembered: HMAC-SHA256 under the company's key, None where that was not made yet.

    Of a small file the digest alone would tell whoever reads the database, and guesses a row, that they guessed right.
    """
    (company,) = keyring.of(connection).keys(connection, [COMPANY])
    if company is None:
        return None
    key = hmac.digest(company, _MARK, "sha256")
    return hmac.digest(key, f"{kind}\0{digest}".encode(), "sha256").hex()
