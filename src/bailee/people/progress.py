"""The one counter of changes, and how far standing has followed it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from bailee.errors import WorkspaceError
from bailee.people import driver

_READ = "SELECT sequence, customers, derived, changed, policy, root FROM progress WHERE id = 1"


class Progress(NamedTuple):
    """The last sequence and customer number given; to which sequence, and for which policy, standing was derived.

    `changed` is the sequence at which anybody's standing last differed, `root` that of the standing tree since; None
    where there is no tree yet.
    """

    sequence: int
    customers: int
    derived: int
    changed: int
    policy: str | None
    root: bytes | None


def read(connection: Connection) -> Progress:
    """Return where the counter stands in this transaction."""
    return Progress(*connection.exec_driver_sql(_READ).one())


def advance(connection: Connection, count: int = 1) -> int:
    """Take the next `count` sequence numbers in a write transaction and return the first."""
    taken = "UPDATE progress SET sequence = sequence + ? WHERE id = 1 RETURNING sequence"
    found = driver.first(connection, taken, (count,))
    if found is None:
        raise WorkspaceError("the store lost the one row of `progress`, which counts changes; restore a backup")
    return int(found[0]) - count + 1


def pass_by(connection: Connection, sequence: int) -> None:
    """Never give a sequence number up to this one, in a write transaction."""
    connection.exec_driver_sql("UPDATE progress SET sequence = ? WHERE id = 1 AND sequence < ?", (sequence, sequence))


def number_customers(connection: Connection, count: int) -> int:
    """Take the next `count` customer numbers in a write transaction and return the first."""
    taken = "UPDATE progress SET customers = customers + ? WHERE id = 1 RETURNING customers"
    last: int = connection.exec_driver_sql(taken, (count,)).scalar_one()
    return last - count + 1


def derived(connection: Connection, upto: int, changed: int, policy: str, root: bytes) -> None:
    """Note that standing now follows the facts up to a sequence, under a policy, and what its tree's root is."""
    connection.exec_driver_sql(
        "UPDATE progress SET derived = ?, changed = ?, policy = ?, root = ? WHERE id = 1", (upto, changed, policy, root)
    )
