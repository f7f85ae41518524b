"""A file that says to whom a notice was given, and when: taken whole or not at all, and safe to import again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from bailee.errors import FactRejected
from bailee.people import customers, driver, notices
from bailee.people import progress as counter
from bailee.people.database import Database
from bailee.people.imports import open_source
from bailee.people.instants import micros
from bailee.people.problems import shown
from bailee.people.reports import ImportReport, imported, remember
from bailee.people.rows import Batch, Source
from bailee.people.times import parse_time

REQUIRED = ("customer", "at")

_ARRIVING = "customer INTEGER, at INTEGER, PRIMARY KEY (customer, at)"
_PUT = "INSERT INTO arriving_given (customer, at) VALUES (?, ?) ON CONFLICT DO NOTHING"
_NEW = (
    "FROM arriving_given a WHERE NOT EXISTS "
    "(SELECT 1 FROM notices_given g WHERE g.customer = a.customer AND g.at = a.at AND g.notice = ?)"
)
_GONE = (
    "SELECT 1 FROM arriving_given WHERE customer IN (SELECT customer FROM erasures WHERE done_at IS NOT NULL) LIMIT 1"
)
_ADD = (
    "INSERT INTO notices_given (sequence, customer, notice, at) "
    f"SELECT ? + row_number() OVER (ORDER BY a.at, a.customer), a.customer, ?, a.at {_NEW}"
)


def import_given(
    database: Database,
    notice: str,
    path: Path,
    now: datetime,
    *,
    by: str,
    record: Callable[[Connection, str, int], object] | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> ImportReport:
    """Import a CSV or Parquet file of customers who were given the notice of this digest, with the time.

    `record` writes about the file, by its digest and rows, in the same transaction. FactRejected if the notice is not
    registered; other errors as of `imports.import_choices`.
    """
    source, digest = open_source(path, REQUIRED, ())
    kind = f"given {notice}"
    with database.connect() as connection:
        try:
            with connection.begin():
                number = notices.known(connection).get(notice, (None,))[0]
                if number is None:
                    raise FactRejected(f"there is no registered notice `{notice}`; register it first")
                before = imported(connection, kind, digest)
                if before:
                    return before
                driver.temporary(connection, "arriving_given", _ARRIVING)
                rows = _stage(connection, source, customers.numbers(connection), micros(now), progress)
                source.problems.raise_any()
                added: int = connection.exec_driver_sql(f"SELECT count(*) {_NEW}", (number,)).scalar_one()
            if not dry_run:
                with database.writing(connection, references=False):
                    before = imported(connection, kind, digest)
                    if before:
                        return before
                    added = _move(connection, number)
                    remember(connection, kind, digest, path.name, rows, added, None, now, by)
                    if record:
                        record(connection, digest, rows)
            return ImportReport(digest, rows, added, rows - added, 0, dry_run)
        finally:
            connection.invalidate()  # what was put aside goes with it


def _stage(
    connection: Connection,
    source: Source,
    numbers: Mapping[str, int],
    latest: int,
    progress: Callable[[int, int], object] | None,
) -> int:
    rows = 0
    for batch in source.batches():
        checked = list(_checked(source, batch, numbers, latest))
        driver.many(connection, _PUT, checked)
        rows += batch.rows
        if progress:
            progress(batch.done, source.total)
    driver.filled(connection, "arriving_given")
    return rows


def _checked(source: Source, batch: Batch, numbers: Mapping[str, int], latest: int) -> Iterator[tuple[int, int]]:
    """The rows of a batch as stored; what is wrong with one is noted, and it is left out."""
    import pyarrow as pa

    at = batch.columns["at"]
    times = (at.cast(pa.int64()) if pa.types.is_timestamp(at.type) else at).to_pylist()
    for index, (key, text) in enumerate(zip(batch.columns["customer"].to_pylist(), times, strict=True)):
        number = numbers.get(key or "")
        if number is None:
            told = f"there is no customer {shown(key or '')}; import or add them first"
            source.problems.add(batch.line(index), source.column("customer"), told)
            continue
        try:
            found = parse_time(text)
        except ValueError as error:
            source.problems.add(batch.line(index), source.column("at"), str(error))
            continue
        if found > latest:
            told = f"{shown(str(text))} has not come yet; check the clock and the time zone"
            source.problems.add(batch.line(index), source.column("at"), told)
            continue
        yield number, found


def _move(connection: Connection, notice: int) -> int:
    """Put the rows on record in order of time; how many were new."""
    if connection.exec_driver_sql(_GONE).first():
        raise FactRejected("a customer of this file was erased while it was read; import it again to see which")
    new: int = connection.exec_driver_sql(f"SELECT count(*) {_NEW}", (notice,)).scalar_one()
    if new:
        first = counter.advance(connection, new)
        connection.exec_driver_sql(_ADD, (first - 1, notice, notice))
    return new
