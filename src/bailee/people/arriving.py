"""Checked rows of a file put aside in temporary tables, until all are there and move in at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

import numpy as np
from sqlalchemy import Connection

from bailee.people import progress as counter
from bailee.people.checked import Checked, Checker
from bailee.people.instants import micros
from bailee.people.reports import ImportReport, remember
from bailee.people.rows import Source

RANDOM_BYTES = 32


class Arriving:
    """Rows put aside in temporary tables of one connection, which vanish with it."""

    TABLES: ClassVar = {
        "arriving": "position INTEGER PRIMARY KEY, customer INTEGER, kind INTEGER, at INTEGER, guardian INTEGER, "
        "evidence TEXT",
        "arriving_kinds": "kind INTEGER PRIMARY KEY, purpose TEXT, act TEXT, instrument TEXT, notice INTEGER, "
        "cited TEXT, language TEXT, recipient TEXT, channel TEXT, conflict_shown BOOLEAN",
        "arriving_rows": "start INTEGER PRIMARY KEY, randoms BLOB, commitments BLOB",
    }
    KNOWN = """
        DELETE FROM arriving WHERE EXISTS (
            SELECT 1 FROM choices c JOIN arriving_kinds k ON k.kind = arriving.kind
            WHERE c.customer = arriving.customer AND c.at = arriving.at AND c.purpose = k.purpose AND c.act = k.act
            AND c.instrument = k.instrument AND c.notice IS NOT DISTINCT FROM k.notice
            AND c.recipient IS NOT DISTINCT FROM k.recipient AND c.channel IS NOT DISTINCT FROM k.channel
            AND c.guardian IS NOT DISTINCT FROM arriving.guardian AND c.conflict_shown = k.conflict_shown)
    """
    MOVE = """
        INSERT INTO choices (sequence, customer, purpose, act, at, instrument, notice, cited, language,
            recipient, channel, guardian, conflict_shown, evidence, "import", position, recorded_at)
        SELECT ? + a.position, a.customer, k.purpose, k.act, a.at, k.instrument, k.notice, k.cited, k.language,
            k.recipient, k.channel, a.guardian, k.conflict_shown, a.evidence, ?, a.position, ?
        FROM arriving a CROSS JOIN arriving_kinds k WHERE k.kind = a.kind
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._said: list[Checked] = []
        self.rows = self.repeated = self.known = 0

    def stage(self, source: Source, checker: Checker, progress: Callable[[int, int], object] | None) -> Iterator[bytes]:
        """Put rows aside and give each one's commitment in order."""
        for table, columns in self.TABLES.items():
            self._connection.exec_driver_sql(f"CREATE TEMP TABLE {table} ({columns})")
        for batch in source.batches():
            checked = checker.check(batch)
            if checked is not None and not source.problems.count:
                yield from self._put(checked)
            if progress:
                progress(batch.done, source.total)
        self._run(f"INSERT INTO arriving_kinds VALUES ({','.join('?' * 10)})", checker.kinds())

    def _put(self, checked: Checked) -> list[bytes]:
        start, count = self.rows, len(checked.customers)
        drawn = secrets.token_bytes(RANDOM_BYTES * count)
        randoms = [drawn[i : i + RANDOM_BYTES] for i in range(0, len(drawn), RANDOM_BYTES)]
        leaves = [sha256(random + row).digest() for random, row in zip(randoms, checked.records, strict=True)]
        self._run("INSERT INTO arriving VALUES (?, ?, ?, ?, ?, ?)", checked.rows(start))
        self._run("INSERT INTO arriving_rows VALUES (?, ?, ?)", [(start, drawn, b"".join(leaves))])
        self._said.append(checked.slim())
        self.rows += count
        return leaves

    def drop_repeated(self) -> None:
        """Take out rows that the file says twice."""
        columns = [np.concatenate([getattr(each, name) for each in self._said]) for name in Checked.IDENTITY]
        order = np.lexsort((np.arange(self.rows), *columns))
        same = np.ones(max(self.rows - 1, 0), np.bool_)
        for column in columns:
            same &= column[order][1:] == column[order][:-1]
        repeated = order[1:][same].tolist()
        self._run("DELETE FROM arriving WHERE position = ?", [(position,) for position in repeated])
        self.repeated = len(repeated)

    def drop_known(self) -> None:
        """Take out rows that are on record already."""
        if self._connection.exec_driver_sql("SELECT 1 FROM choices LIMIT 1").first():
            self.known = self._connection.exec_driver_sql(self.KNOWN).rowcount

    def move(self, digest: str, name: str, by: str, root: str, now: datetime) -> None:
        """Put the rows on record in the order of the file."""
        run = self._connection.exec_driver_sql
        added = self.rows - self.repeated - self.known
        number = remember(self._connection, "choices", digest, name, self.rows, added, root, now, by)
        run(self.MOVE, (counter.advance(self._connection, self.rows), number, micros(now)))
        run("INSERT INTO import_rows SELECT ?, start, randoms, commitments FROM arriving_rows", (number,))

    def report(self, digest: str, checker: Checker, *, dry_run: bool) -> ImportReport:
        skipped = self.repeated + self.known
        return ImportReport(digest, self.rows, self.rows - skipped, skipped, checker.granting_nothing, dry_run)

    def forget(self) -> None:
        """Drop what was put aside."""
        with self._connection.begin():
            for table in self.TABLES:
                self._connection.exec_driver_sql(f"DROP TABLE IF EXISTS temp.{table}")

    def _run(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """The driver's own way for many rows: SQLAlchemy would go through each."""
        cursor: Any = self._connection.connection.cursor()
        cursor.executemany(statement, rows)
        cursor.close()
