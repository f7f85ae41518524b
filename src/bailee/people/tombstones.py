"""Who was erased, kept beside the keys and across restores, so that a backup from before erases them again.

A line of JSON for each: the customer's number, when they were taken on record, and when they were erased; nothing by
which anybody knows them. The number alone would not do: after a restore, numbers above the backup's are given again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from bailee.errors import WorkspaceError
from bailee.people import faults, secret_files
from bailee.people.instants import instant, micros

NAME = "erased"
_FIELDS = ("customer", "created_at", "erased_at")
_ERASED = (
    "SELECT e.customer, c.created_at, e.done_at FROM erasures e JOIN customers c ON c.number = e.customer "
    "WHERE e.done_at IS NOT NULL ORDER BY e.customer"
)
_AGAIN = "SELECT key FROM customers WHERE number = ? AND created_at = ? AND key IS NOT NULL"


class Tombstone(NamedTuple):
    """One person who was erased."""

    customer: int
    created_at: datetime
    erased_at: datetime


def of(connection: Connection) -> list[Tombstone]:
    """Return those of everybody whom a database says to be erased whole."""
    return [Tombstone(row[0], instant(row[1]), instant(row[2])) for row in connection.exec_driver_sql(_ERASED)]


def still_there(connection: Connection, tombstones: Iterable[Tombstone]) -> list[str]:
    """Return the keys of those whom a database, such as a backup's, still has."""
    keys = []
    for customer, created_at in sorted({(each.customer, each.created_at) for each in tombstones}):
        key = connection.exec_driver_sql(_AGAIN, (customer, micros(created_at))).scalar()
        if key is not None:
            keys.append(str(key))
    return keys


def read(path: Path) -> list[Tombstone]:
    """Return what a file says, nothing where there is none; WorkspaceError where it cannot be read or is none of ours.

    A last line that a crash cut off is passed over: the database still says what it said.
    """
    try:
        with faults.translated(path):
            lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except IsADirectoryError:
        raise WorkspaceError(f"`{path}` is a folder, expected a file of erasures") from None
    found = []
    for number, line in enumerate(lines, 1):
        tombstone = _parsed(line)
        if tombstone is not None:
            found.append(tombstone)
        elif line and number < len(lines):
            raise WorkspaceError(
                f"line {number} of `{path}` says of nobody that they were erased; restore the file, because without it "
                "a backup brings back whom it names"
            )
    return found


def add(path: Path, tombstones: Sequence[Tombstone]) -> int:
    """Append those that the file does not have yet, on the disk when this returns; say how many."""
    known = {each[:2] for each in read(path)}
    new = [each for each in tombstones if each[:2] not in known]
    if not new:
        return 0
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = not path.exists()
    with faults.translated(path):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(file).st_size
        cut = size > 0 and os.pread(file, 1, size - 1) != b"\n"  # by a crash
        os.write(file, b"".join([b"\n" if cut else b"", *map(_line, new)]))
        os.fsync(file)
    finally:
        os.close(file)
    if made:
        secret_files.sync(path.parent)
    return len(new)


def _line(tombstone: Tombstone) -> bytes:
    times = (f"{at:%Y-%m-%dT%H:%M:%S.%fZ}" for at in tombstone[1:])
    return json.dumps(dict(zip(_FIELDS, (tombstone.customer, *times), strict=True))).encode() + b"\n"


def _parsed(line: bytes) -> Tombstone | None:
    try:
        said = json.loads(line)
        number, created, erased = (said[name] for name in _FIELDS)
        times = [datetime.fromisoformat(text) for text in (created, erased)]
    except (ValueError, KeyError, TypeError):
        return None
    if type(number) is not int or any(at.tzinfo is None for at in times):
        return None
    return Tombstone(number, *times)
