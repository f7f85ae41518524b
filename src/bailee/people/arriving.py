"""Checked rows of a file put aside in temporary tables, until all are there and move in at once."""

from __future__ import annotations

import secrets
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from bailee.people import progress as counter
from bailee.people.checked import Checked, Checker
from bailee.people.instants import micros
from bailee.people.reports import ImportReport, remember
from bailee.people.rows import BATCH_ROWS, Source

RANDOM_BYTES = 32


class Arriving:
    """Rows put aside in temporary tables of one connection, which vanish with it."""

    TABLES: ClassVar = {
        "arriving": "position INTEGER PRIMARY KEY, customer INTEGER, kind INTEGER, at INTEGER, guardian INTEGER, "
        "evidence TEXT",
        "arriving_kinds": "kind INTEGER PRIMARY KEY, purpose TEXT, act TEXT, instrument TEXT, notice INTEGER, "
        "cited TEXT, language TEXT, recipient TEXT, channel TEXT, conflict_shown BOOLEAN",
        "arriving_rows": "start INTEGER PRIMARY KEY, randoms BLOB",
        "arriving_skipped": "position INTEGER PRIMARY KEY",
    }
    KNOWN = """
        INSERT INTO arriving_skipped SELECT position FROM arriving WHERE EXISTS (
            SELECT 1 FROM choices c JOIN arriving_kinds k ON k.kind = arriving.kind
            WHERE c.customer = arriving.customer AND c.at = arriving.at AND c.purpose = k.purpose AND c.act = k.act
            AND c.instrument = k.instrument AND c.notice IS NOT DISTINCT FROM k.notice
            AND c.cited IS NOT DISTINCT FROM k.cited
            AND c.recipient IS NOT DISTINCT FROM k.recipient AND c.channel IS NOT DISTINCT FROM k.channel
            AND c.guardian IS NOT DISTINCT FROM arriving.guardian AND c.conflict_shown = k.conflict_shown)
        ON CONFLICT DO NOTHING
    """
    SKIPPED = """
        SELECT a.position, a.kind, a.at, c.key, a.evidence, g.key
        FROM arriving_skipped s JOIN arriving a ON a.position = s.position JOIN customers c ON c.number = a.customer
        LEFT JOIN customers g ON g.number = a.guardian ORDER BY a.position
    """
    MOVE = """
        INSERT INTO choices (sequence, customer, purpose, act, at, instrument, notice, cited, language,
            recipient, channel, guardian, conflict_shown, evidence, "import", position, recorded_at)
        SELECT ? + a.position, a.customer, k.purpose, k.act, a.at, k.instrument, k.notice, k.cited, k.language,
            k.recipient, k.channel, a.guardian, k.conflict_shown, a.evidence, ?, a.position, ?
        FROM arriving a CROSS JOIN arriving_kinds k
        WHERE k.kind = a.kind AND a.position NOT IN (SELECT position FROM arriving_skipped)
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._said: list[Checked] = []
        self.rows = 0

    def stage(self, source: Source, checker: Checker, progress: Callable[[int, int], object] | None) -> Iterator[bytes]:
        """Put rows aside and give each one's leaf in order: its random and its canonical JSON."""
        for table, columns in self.TABLES.items():
            self._connection.exec_driver_sql(f"CREATE TEMP TABLE {table} ({columns})")
        for batch in source.batches():
            checked = checker.check(batch)
            if checked is not None and not source.problems.count:
                yield from self._put(checked)
            if progress:
                progress(batch.done, source.total)
        self._run(f"INSERT INTO arriving_kinds VALUES ({','.join('?' * 10)})", checker.kinds())

    def _put(self, checked: Checked) -> Iterator[bytes]:
        drawn = secrets.token_bytes(RANDOM_BYTES * len(checked.customers))
        self._run("INSERT INTO arriving VALUES (?, ?, ?, ?, ?, ?)", checked.rows(self.rows))
        self._run("INSERT INTO arriving_rows VALUES (?, ?)", [(self.rows, drawn)])
        self._said.append(checked.slim())
        self.rows += len(checked.customers)
        return (drawn[32 * i : 32 * i + 32] + record for i, record in enumerate(checked.records))

    def skip_repeated(self) -> None:
        """Leave out rows that the file says twice."""
        columns = [np.concatenate([getattr(each, name) for each in self._said]) for name in Checked.IDENTITY]
        self._run("INSERT INTO arriving_skipped VALUES (?)", [(position,) for position in _repeated(columns)])

    def skip_known(self) -> None:
        """Leave out rows that are on record already."""
        if self._connection.exec_driver_sql("SELECT 1 FROM choices LIMIT 1").first():
            self._connection.exec_driver_sql(self.KNOWN)

    def move(self, checker: Checker, digest: str, name: str, by: str, root: str, now: datetime) -> None:
        """Put the rows on record in the order of the file."""
        run = self._connection.exec_driver_sql
        added = self.rows - self._skipped()
        number = remember(self._connection, "choices", digest, name, self.rows, added, root, now, by)
        run("INSERT INTO import_rows SELECT ?, start, randoms FROM arriving_rows", (number,))
        leaves = ((number, position, leaf) for position, leaf in self._skipped_leaves(checker))
        self._run("INSERT INTO import_skipped VALUES (?, ?, ?)", leaves)
        run(self.MOVE, (counter.advance(self._connection, self.rows), number, micros(now)))

    def report(self, digest: str, checker: Checker, *, dry_run: bool) -> ImportReport:
        """What was, or would be, done."""
        skipped = self._skipped()
        return ImportReport(digest, self.rows, self.rows - skipped, skipped, checker.granting_nothing, dry_run)

    def _skipped(self) -> int:
        found: int = self._connection.exec_driver_sql("SELECT count(*) FROM arriving_skipped").scalar_one()
        return found

    def _skipped_leaves(self, checker: Checker) -> Iterator[tuple[int, bytes]]:
        """The positions and leaf hashes (RFC 9162, 2.1.1) of the rows left out."""
        chunks = self._connection.exec_driver_sql("SELECT start, randoms FROM arriving_rows ORDER BY start").all()
        starts = [start for start, _ in chunks]
        cursor: Any = self._connection.connection.cursor()
        cursor.execute(self.SKIPPED)
        while rows := cursor.fetchmany(BATCH_ROWS):
            positions, *columns = zip(*rows, strict=True)
            for position, record in zip(positions, checker.records(*columns), strict=True):
                start, randoms = chunks[bisect_right(starts, position) - 1]
                random = randoms[32 * (position - start) : 32 * (position - start) + 32]
                yield position, sha256(b"\x00" + random + record).digest()
        cursor.close()

    def _run(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """The driver's own way for many rows: SQLAlchemy would go through each."""
        cursor: Any = self._connection.connection.cursor()
        cursor.executemany(statement, rows)
        cursor.close()


def _repeated(columns: Sequence[npt.NDArray[Any]]) -> list[int]:
    """The rows that are equal to an earlier one in every column; the first should be the one that varies most."""
    first = columns[0]
    order = np.argsort(first, kind="stable")
    near = first[order][1:] == first[order][:-1]
    rows = order[np.concatenate([near, [False]]) | np.concatenate([[False], near])]
    rows = rows[np.lexsort((rows, *(column[rows] for column in columns)))]
    same = np.ones(max(len(rows) - 1, 0), np.bool_)
    for column in columns:
        same &= column[rows][1:] == column[rows][:-1]
    repeated: list[int] = rows[1:][same].tolist()
    return repeated
