"""Law 18 for a ledger of version 1 that is brought up to date on a disk that fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError

from bailee.ledger import log
from tests.faults.failing import Disk, disk
from tests.ledger.safe import Safe
from tests.ledger.test_upgrade import SIZE, dump, numbers, written

__all__ = ["disk"]


def test_an_old_ledger_is_brought_up_to_date_whole_or_not_at_all(tmp_path: Path, disk: Disk) -> None:
    """Law 18, L17: whatever write of the upgrade fails, the old ledger is there as it was, and the next run does it."""
    safe, number = Safe(), 0
    places: list[tuple[int | None, bool]] = [(None, False)]
    while number < len(places):
        file = tmp_path / f"{number}.db"
        engine = create_engine("sqlite://", creator=lambda file=file: sqlite3.connect(file, isolation_level=None))  # type: ignore[misc]
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        with engine.begin() as connection:
            written(connection)
        before = dump(engine)

        def upgrade() -> None:
            with engine.begin() as connection:  # noqa: B023
                log.create(connection, safe=safe, numbers=numbers)

        step, after = places[number]
        with disk.failing(step, after=after):
            if step is None:
                upgrade()
                last = len(disk.steps)
                some = [*range(20), *range(last - 8, last)]  # those between put in rows, as others do
                places += [(each, after) for each in some for after in (False, True)]
            else:
                with pytest.raises(DBAPIError):
                    upgrade()
        if step is not None and disk.failed != "COMMIT":
            assert before == dump(engine)
        upgrade()
        with engine.connect() as connection:
            assert SIZE == log.verify_log(connection, safe=safe).size
        engine.dispose()
        number += 1
