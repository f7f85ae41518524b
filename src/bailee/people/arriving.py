"""Checked rows of a file put aside in temporary tables, until all are there and move in at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import count
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from bailee.errors import FactRejected
from bailee.people import driver
from bailee.people import progress as counter
from bailee.people.checked import Checked, Checker
from bailee.people.import_tree import Growing
from bailee.people.instants import micros
from bailee.people.reports import ImportReport, remember
from bailee.people.rows import Source

RANDOM_BYTES = 32


class Arriving:
    """Rows put aside in temporary tables of one connection, which vanish with it."""

    TABLES: ClassVar = {
        "arriving": "position INTEGER PRIMARY KEY, customer INTEGER, kind INTEGER, at INTEGER, guardian INTEGER, "
        "evidence BLOB",
        "arriving_kinds": "kind INTEGER PRIMARY KEY, purpose TEXT, act TEXT, instrument TEXT, notice INTEGER, "
        "cited TEXT, language TEXT, recipient TEXT, channel TEXT, conflict_shown BOOLEAN",
        "arriving_rows": "start INTEGER PRIMARY KEY, randoms BLOB",
        "arriving_tiles": "level INTEGER, tile INTEGER, hashes BLOB, PRIMARY KEY (level, tile)",
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
        INSERT INTO import_skipped ("import", customer, position) SELECT ?, a.customer, s.position
        FROM arriving_skipped s JOIN arriving a ON a.position = s.position ORDER BY a.customer, s.position
    """
    MOVE = """
        INSERT INTO choices (sequence, customer, purpose, act, at, instrument, notice, cited, language,
            recipient, channel, guardian, conflict_shown, evidence, "import", position, recorded_at)
        SELECT ? + a.position, a.customer, k.purpose, k.act, a.at, k.instrument, k.notice, k.cited, k.language,
            k.recipient, k.channel, a.guardian, k.conflict_shown, a.evidence, ?, a.position, ?
        FROM arriving a CROSS JOIN arriving_kinds k
        WHERE k.kind = a.kind AND NOT EXISTS (SELECT 1 FROM arriving_skipped s WHERE s.position = a.position)
    """

    TILES = "INSERT INTO arriving_tiles VALUES (?, ?, ?)"

    #: Whoever was erased while the file was read is nobody any more.
    GONE = (
        "SELECT 1 FROM arriving WHERE customer IN (SELECT customer FROM erasures WHERE done_at IS NOT NULL) "
        "OR guardian IN (SELECT customer FROM erasures WHERE done_at IS NOT NULL) LIMIT 1"
    )

    def __init__(
        self, connection: Connection, seal: Callable[[Sequence[tuple[int, bytes]]], list[bytes | None]]
    ) -> None:
        self._connection, self._seal = connection, seal
        self._said: list[Checked] = []
        self._tree = Growing()
        self.rows = 0

    def stage(self, source: Source, checker: Checker, progress: Callable[[int, int], object] | None) -> str:
        """Put rows aside and return the root of the tree over them, in hex.

        A row's leaf is its random and its canonical JSON.
        """
        for table, columns in self.TABLES.items():
            driver.temporary(self._connection, table, columns)
        for batch in source.batches():
            checked = checker.check(batch)
            if checked is not None and not source.problems.count:
                self._put(checked)
            if progress:
                progress(batch.done, source.total)
        self._run(f"INSERT INTO arriving_kinds VALUES ({','.join('?' * 10)})", checker.kinds())
        driver.filled(self._connection, "arriving")
        tiles, root = self._tree.close()
        self._run(self.TILES, tiles)
        return root.hex()

    def _put(self, checked: Checked) -> None:
        drawn = secrets.token_bytes(RANDOM_BYTES * len(checked.customers))
        self._run("INSERT INTO arriving VALUES (?, ?, ?, ?, ?, ?)", checked.rows(self.rows, self._evidence(checked)))
        self._run("INSERT INTO arriving_rows VALUES (?, ?)", [(self.rows, drawn)])
        hashes = [
            sha256(b"\x00" + drawn[at : at + RANDOM_BYTES] + record).digest()
            for at, record in zip(count(0, RANDOM_BYTES), checked.records, strict=False)
        ]
        self._run(self.TILES, self._tree.extend(hashes))
        self._said.append(checked.slim())
        self.rows += len(checked.customers)

    def _evidence(self, checked: Checked) -> list[bytes | None]:
        """Each row's evidence, sealed before it is put aside: what is aside may reach the disk."""
        found: list[bytes | None] = [None] * len(checked.customers)
        having = checked.evidenced()
        if having:
            sealed = self._seal([(customer, text) for _, customer, text in having])
            for (place, _, _), each in zip(having, sealed, strict=True):
                found[place] = each
        return found

    def skip_repeated(self) -> None:
        """Leave out rows that the file says twice."""
        columns = [np.concatenate([getattr(each, name) for each in self._said]) for name in Checked.IDENTITY]
        self._run("INSERT INTO arriving_skipped VALUES (?)", [(position,) for position in _repeated(columns)])

    def skip_known(self) -> None:
        """Leave out rows that are on record already."""
        if self._connection.exec_driver_sql("SELECT 1 FROM choices LIMIT 1").first():
            self._connection.exec_driver_sql(self.KNOWN)

    def move(self, digest: str, name: str, by: str, root: str, now: datetime) -> None:
        """Put the rows on record in the order of the file."""
        run = self._connection.exec_driver_sql
        if run(self.GONE).first():
            raise FactRejected("a customer of this file was erased while it was read; import it again to see which")
        added = self.rows - self._skipped()
        number = remember(self._connection, "choices", digest, name, self.rows, added, root, now, by)
        run("INSERT INTO import_rows SELECT ?, start, randoms FROM arriving_rows", (number,))
        run("INSERT INTO import_tiles SELECT ?, level, tile, hashes FROM arriving_tiles ORDER BY 2, 3", (number,))
        run(self.SKIPPED, (number,))
        run(self.MOVE, (counter.advance(self._connection, self.rows), number, micros(now)))

    def report(self, digest: str, checker: Checker, *, dry_run: bool) -> ImportReport:
        """What was, or would be, done."""
        skipped = self._skipped()
        return ImportReport(digest, self.rows, self.rows - skipped, skipped, checker.granting_nothing, dry_run)

    def _skipped(self) -> int:
        found: int = self._connection.exec_driver_sql("SELECT count(*) FROM arriving_skipped").scalar_one()
        return found

    def _run(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        driver.many(self._connection, statement, rows)


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
