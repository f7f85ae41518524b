"""Who was erased, kept beside the keys and across restores, so that a backup from before erases them again.

A line of JSON for each: the customer's number, when they were taken on record, when they were erased, and whether whole
or but for what a hold keeps; nothing by which anybody knows them. The number alone would not do: after a restore,
numbers above the backup's are given again.
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
_FIELDS = ("customer", "created_at", "erased_at", "whole")
_ERASED = (
    "SELECT e.customer, c.created_at, coalesce(e.done_at, e.asked_at), e.done_at IS NOT NULL "
    "FROM erasures e JOIN customers c ON c.number = e.customer ORDER BY e.customer"
)
_AGAIN = "SELECT key, erased_at FROM customers WHERE number = ? AND created_at = ? AND key IS NOT NULL"


class Tombstone(NamedTuple):
    """One person who was erased, `whole` or but for what a hold keeps."""

    customer: int
    created_at: datetime
    erased_at: datetime
    whole: bool


def of(connection: Connection) -> list[Tombstone]:
    """Return those of everybody whom a database says to be erased."""
    rows = connection.exec_driver_sql(_ERASED)
    return [Tombstone(number, instant(created), instant(at), bool(whole)) for number, created, at, whole in rows]


def still_there(connection: Connection, tombstones: Iterable[Tombstone]) -> dict[str, bool]:
    """Return the keys of those whom a database, such as a backup's, still has, and whether they were erased whole.

    Who was erased but for a hold before the backup was made is as they should be.
    """
    whole: dict[tuple[int, datetime], bool] = {}
    for each in tombstones:
        whole[each[:2]] = whole.get(each[:2], False) or each.whole
    found = {}
    for (customer, created_at), all_gone in sorted(whole.items()):
        row = connection.exec_driver_sql(_AGAIN, (customer, micros(created_at))).first()
        if row is not None and (all_gone or row[1] is None):
            found[str(row[0])] = all_gone
    return found


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
    known = {(*each[:2], each.whole) for each in read(path)}
    new: dict[tuple[int, datetime, bool], Tombstone] = {}
    for each in tombstones:
        if (*each[:2], each.whole) not in known:
            new.setdefault((*each[:2], each.whole), each)  # when it was first done
    if not new:
        return 0
    with faults.translated(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = not path.exists()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            file.truncate(_whole_lines(path))  # a crash may have cut the last one off
            file.write(b"".join(map(_line, new.values())))
            file.flush()
            os.fsync(file.fileno())
        if made:
            secret_files.sync(path.parent)
    return len(new)


def _whole_lines(path: Path) -> int:
    """How many bytes of a file end with its last whole line."""
    return path.read_bytes().rfind(b"\n") + 1


def _line(tombstone: Tombstone) -> bytes:
    number, created, erased, whole = tombstone
    times = (f"{at:%Y-%m-%dT%H:%M:%S.%fZ}" for at in (created, erased))
    return json.dumps(dict(zip(_FIELDS, (number, *times, whole), strict=True))).encode() + b"\n"


def _parsed(line: bytes) -> Tombstone | None:
    try:
        said = json.loads(line)
        number, created, erased, whole = (said[name] for name in _FIELDS)
        created_at, erased_at = datetime.fromisoformat(created), datetime.fromisoformat(erased)
    except (ValueError, KeyError, TypeError):
        return None
    if type(number) is not int or type(whole) is not bool or None in (created_at.tzinfo, erased_at.tzinfo):
        return None
    return Tombstone(number, created_at, erased_at, whole)
