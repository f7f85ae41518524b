"""A file of choices, taken whole or not at all, and safe to import again.

Rows are checked and put aside in a temporary table, which needs no lock; then one short write transaction moves them
in, with whatever `record` writes about them. The file's rows are the leaves of a tree (32 random bytes, then the row's
canonical JSON), whose root `record` is given.
"""

from __future__ import annotations

import gc
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from bailee.errors import ImportRejected, Problem
from bailee.people import keyring, sealing
from bailee.people.arriving import Arriving
from bailee.people.checked import Checker
from bailee.people.choices import EVIDENCE
from bailee.people.database import Database
from bailee.people.kinds import Known
from bailee.people.problems import Problems
from bailee.people.reports import ImportBatch, ImportReport, imported
from bailee.people.rows import Source
from bailee.policy.model import Policy

__all__ = ["ImportBatch", "ImportReport", "import_choices"]

REQUIRED = ("customer", "purpose", "act", "at", "instrument")
OPTIONAL = ("notice", "language", "recipient", "channel", "evidence", "conflict_shown", "guardian")


def import_choices(
    database: Database,
    policy: Policy,
    path: Path,
    now: datetime,
    *,
    by: str,
    record: Callable[[Connection, ImportBatch], object] | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> ImportReport:
    """Import a CSV or Parquet file of choices; `progress` is given bytes done and in all.

    `record` writes about the batch in the same transaction. Raises ImportRejected with every line that cannot be
    taken, and then nothing was; WorkspaceError as the database does.
    """
    source, digest = open_source(path, REQUIRED, OPTIONAL)
    with database.connect() as connection:
        arriving = Arriving(connection, lambda each: [None] * len(each) if dry_run else _sealed(database, each))
        try:
            with connection.begin():
                before = imported(connection, "choices", digest)
                if before:
                    return before
                checker = Checker(connection, Known.of(connection, policy), source, now)
                with _without_collecting():
                    root = arriving.stage(source, checker, progress)
                source.problems.raise_any()
                arriving.skip_repeated()
            if dry_run:
                with connection.begin():
                    arriving.skip_known()
                    return arriving.report(digest, checker, dry_run=True)
            with database.writing(connection, references=False):
                before = imported(connection, "choices", digest)  # another process may have been faster
                if before:
                    return before
                arriving.skip_known()
                arriving.move(digest, path.name, by, root, now)
                if record:
                    record(connection, ImportBatch(digest, arriving.rows, root))
            return arriving.report(digest, checker, dry_run=False)
        finally:
            connection.invalidate()  # what was put aside goes with it


def _sealed(database: Database, each: Sequence[tuple[int, bytes]]) -> list[bytes | None]:
    """Evidence of customers sealed under their keys, which are made first; None for one who was erased meanwhile."""
    return sealing.sealed_each(keys_of(database, {number for number, _ in each}), each, EVIDENCE)


def keys_of(database: Database, numbers: Iterable[int]) -> dict[int, bytes]:
    """The keys of customers, made where there is none in a transaction of its own; the erased have none."""
    wanted = sorted(set(numbers))
    with database.read() as connection:
        keys = keyring.of(connection).there(connection, wanted)
    if len(keys) < len(wanted):
        with database.write() as connection:
            keys |= keyring.of(connection).obtain(connection, [number for number in wanted if number not in keys])
    return keys


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Let Python's cycle collector rest: rows make no cycles, and it would look at each of them again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def open_source(path: Path, required: tuple[str, ...], optional: tuple[str, ...]) -> tuple[Source, str]:
    """Open a file to be imported and name it by its digest; ImportRejected where it cannot be read."""
    source = Source(path, required, optional, Problems(path.name))
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a pipe would be waited for, and cannot be read twice
            told = "is no file, expected a CSV or Parquet file: write what it gives into one first"
            raise ImportRejected([Problem(str(path), 1, 1, told)])
        return source, source.digest()
    except OSError as error:
        raise ImportRejected([Problem(str(path), 1, 1, f"cannot be read: {(error.strerror or '').lower()}")]) from None
