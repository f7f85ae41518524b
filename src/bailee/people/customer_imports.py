"""A file of customers, taken whole or not at all, and safe to import again: new ones are added, known ones changed.

An empty field says nothing, so it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from bailee.people import contacts, customers, driver
from bailee.people import progress as counter
from bailee.people.arriving_contacts import ArrivingContacts
from bailee.people.database import Database
from bailee.people.imports import open_source
from bailee.people.instants import day, micros
from bailee.people.problems import shown
from bailee.people.reports import ImportReport, imported, remember
from bailee.people.rows import Batch, Source
from bailee.people.times import parse_day, parse_time

if TYPE_CHECKING:
    import pyarrow as pa

REQUIRED = ("key",)
TIMES = ("last_activity", "contract_since", "contract_ended")
OPTIONAL = ("born", "place", *TIMES, *contacts.CHANNELS)
#: Where a row's addresses begin.
_ADDRESSES = len(REQUIRED) + len(OPTIONAL) - len(contacts.CHANNELS)

_SLICE = 10_000

_ARRIVING = (
    "position INTEGER PRIMARY KEY, key TEXT, born INTEGER, place TEXT, last_activity INTEGER, since INTEGER, "
    "ended INTEGER"
)
_DIFFERS = " OR ".join(
    f"(a.{name} IS NOT NULL AND a.{name} IS DISTINCT FROM customers.{name})"
    for name in ("born", "place", "last_activity")
)
_CHANGE = f"""
    UPDATE customers SET born = coalesce(a.born, customers.born), place = coalesce(a.place, customers.place),
        last_activity = coalesce(a.last_activity, customers.last_activity), sequence = ?
    FROM arriving_customers a WHERE a.key = customers.key AND ({_DIFFERS})
"""
_NEW = "FROM arriving_customers a WHERE NOT EXISTS (SELECT 1 FROM customers c WHERE c.key = a.key)"
_RANK = f"INSERT INTO arriving_new SELECT a.position, row_number() OVER (ORDER BY a.position) {_NEW}"
_ADD = """
    INSERT INTO customers (number, key, born, place, last_activity, created_at, sequence)
    SELECT ? + n.rank, a.key, a.born, a.place, a.last_activity, ?, ?
    FROM arriving_new n JOIN arriving_customers a ON a.position = n.position ORDER BY n.position
"""
_CONTRACTED = "FROM arriving_customers a JOIN customers c ON c.key = a.key WHERE a.since IS NOT NULL"
_TOUCH = f"UPDATE customers SET sequence = ? WHERE number IN (SELECT c.number {_CONTRACTED})"
_CONTRACT = f"""
    INSERT INTO contracts (customer, since, ended) SELECT c.number, a.since, a.ended {_CONTRACTED}
    ON CONFLICT (customer, since) DO UPDATE SET ended = coalesce(excluded.ended, contracts.ended)
"""


def import_customers(
    database: Database,
    path: Path,
    now: datetime,
    *,
    by: str,
    record: Callable[[Connection, str, int], object] | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> ImportReport:
    """Import a CSV or Parquet file of customers: key, and born, place, last activity, a contract and addresses.

    `added` counts new customers, `skipped` the others. `record` writes about the file, by its digest and rows, in the
    same transaction. Errors as of `imports.import_choices`.
    """
    source, digest = open_source(path, REQUIRED, OPTIONAL)
    with database.connect() as connection:
        try:
            with connection.begin():
                before = imported(connection, "customers", digest)
                if before:
                    return before
                driver.temporary(connection, "arriving_customers", _ARRIVING)
                driver.temporary(connection, "arriving_new", "position INTEGER PRIMARY KEY, rank INTEGER")
                addresses = None if dry_run else ArrivingContacts(connection, database)
                rows = _stage(connection, source, now, addresses, progress)
                source.problems.raise_any()
                added: int = connection.exec_driver_sql(f"SELECT count(*) {_NEW}").scalar_one()
            if addresses is not None:
                with database.writing(connection, references=False):
                    before = imported(connection, "customers", digest)
                    if before:
                        return before
                    added = _move(connection, addresses, now)
                    remember(connection, "customers", digest, path.name, rows, added, None, now, by)
                    if record:
                        record(connection, digest, rows)
            return ImportReport(digest, rows, added, rows - added, 0, dry_run)
        finally:
            connection.invalidate()  # what was put aside goes with it


def _stage(
    connection: Connection,
    source: Source,
    now: datetime,
    addresses: ArrivingContacts | None,
    progress: Callable[[int, int], object] | None,
) -> int:
    rows, seen = 0, set[str]()
    put = "INSERT INTO arriving_customers VALUES (?, ?, ?, ?, ?, ?, ?)"
    for batch in source.batches():
        for start in range(0, batch.rows, _SLICE):
            checked = list(_checked(source, batch, start, now, seen))
            if not source.problems.count:
                stored = ((rows + index, *row[:_ADDRESSES]) for index, row in enumerate(checked))
                driver.many(connection, put, stored)
                if addresses is not None:
                    addresses.put(rows, [row[0] for row in checked], [row[_ADDRESSES:] for row in checked])
            rows += len(checked)
        if progress:
            progress(batch.done, source.total)
    driver.filled(connection, "arriving_customers")
    return rows


def _checked(source: Source, batch: Batch, start: int, now: datetime, seen: set[str]) -> Iterator[Sequence[Any]]:
    """Some rows of a batch as stored; what is wrong with one is noted, and it is left out."""
    some = slice(start, start + _SLICE)
    nothing = [None] * len(range(batch.rows)[some])
    columns = [_values(batch.columns[name][some]) if name in batch.columns else nothing for name in source.known]
    for index, row in enumerate(zip(*columns, strict=True), start):
        found = _row(row, now)
        if isinstance(found, tuple):
            field, told = found
            source.problems.add(batch.line(index), source.column(field), told)
        elif found[0] in seen:
            told = f"the customer {shown(found[0])} is there twice"
            source.problems.add(batch.line(index), source.column("key"), told)
        else:
            seen.add(found[0])
            yield found


def _values(column: pa.Array) -> list[Any]:
    """Text, or microseconds where the file has times."""
    import pyarrow as pa

    found: list[Any] = (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
    return found


def _row(row: Sequence[Any], now: datetime) -> list[Any] | tuple[str, str]:
    """A row as stored, or which of its fields is wrong and why."""
    field = "born"
    try:
        born = parse_day(row[1])
        stored: list[Any] = [row[0] or "", born, row[2] or None]
        for field, text in zip(TIMES, row[3:_ADDRESSES], strict=True):
            at = parse_time(text) if text else None
            if at is not None and at > micros(now) and field != "contract_ended":
                return field, f"{shown(str(text))} has not come yet; check the clock and the time zone"
            stored.append(at)
    except ValueError as error:
        return field, str(error)
    _, _, _, _, since, ended = stored
    if ended is not None and (since is None or ended < since):
        return "contract_ended", "a contract cannot end before it began"
    for channel, address in zip(contacts.CHANNELS, row[_ADDRESSES:], strict=True):
        stored.append(str(address).strip() or None if address else None)
        wrong = contacts.problem(channel, stored[-1]) if stored[-1] else None
        if wrong:
            return channel, wrong
    return customers.problem(stored[0], None if born is None else day(born), stored[2], now) or stored


def _move(connection: Connection, addresses: ArrivingContacts, now: datetime) -> int:
    """Put the rows on record; new customers are numbered in the order of the file."""
    run, sequence = connection.exec_driver_sql, counter.advance(connection)
    run(_CHANGE, (sequence,))
    run(_RANK)
    driver.filled(connection, "arriving_new")
    new: int = run("SELECT count(*) FROM arriving_new").scalar_one()
    before = counter.number_customers(connection, new) - 1
    run(_ADD, (before, micros(now), sequence))
    run(_TOUCH, (sequence,))
    run(_CONTRACT)
    addresses.move(before)
    return new
