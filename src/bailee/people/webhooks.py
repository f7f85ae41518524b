"""The outbox: word of choices to endpoints, derived from the choices themselves, so that none can be lost.

Choices are numbered in the order in which they were committed, and an endpoint has a cursor into them. To move it and
to make the deliveries up to it is one transaction: a choice that was acknowledged is either before the cursor and has
its delivery, or after it and will. The caller holds the transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bailee.people import progress
from bailee.people.instants import instant, instant_or_none, micros
from bailee.vocabulary import EVERY_PURPOSE

#: How many choices one transaction goes through.
SOME = 1000

_NEXT = "SELECT sequence, customer, purpose, act FROM choices WHERE sequence > ? ORDER BY sequence LIMIT ?"
_ADD = (
    "INSERT INTO webhook_deliveries (endpoint, sequence, customer, message, made_at, due_at, attempts) "
    "VALUES (?, ?, ?, ?, ?, ?, 0)"
)
#: Of each customer the earliest alone, so that nobody hears of a later choice first.
_DUE = (
    "SELECT d.sequence, d.message, d.attempts, d.made_at, c.purpose, c.act, c.at, c.instrument, c.recipient, "
    "c.channel, c.recorded_at, k.key FROM webhook_deliveries d JOIN choices c ON c.sequence = d.sequence "
    "JOIN customers k ON k.number = d.customer WHERE d.endpoint = ? AND d.due_at <= ? "
    "AND d.done_at IS NULL AND d.dead_at IS NULL AND NOT EXISTS (SELECT 1 FROM webhook_deliveries e "
    "WHERE e.endpoint = d.endpoint AND e.customer = d.customer AND e.sequence < d.sequence "
    "AND e.done_at IS NULL AND e.dead_at IS NULL) ORDER BY d.due_at, d.sequence LIMIT 1"
)
_LISTED = (
    "SELECT endpoint, sequence, message, made_at, due_at, attempts, done_at, dead_at, told FROM webhook_deliveries "
    "WHERE done_at IS NULL ORDER BY endpoint, sequence LIMIT ?"
)
_COUNTED = (
    "SELECT endpoint, sum(CASE WHEN dead_at IS NULL THEN 1 ELSE 0 END), "
    "sum(CASE WHEN dead_at IS NULL THEN 0 ELSE 1 END) FROM webhook_deliveries WHERE done_at IS NULL "
    "GROUP BY endpoint ORDER BY endpoint"
)


@dataclass(frozen=True, slots=True)
class Word:
    """What is to be sent: the message's own name, and the choice with the company's key of its customer."""

    sequence: int
    message: str
    attempts: int
    made_at: datetime
    customer: str
    purpose: str
    act: str
    at: datetime
    instrument: str
    recipient: str | None
    channel: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery that was not taken yet; `dead_at` says since when nobody tries any more, `told` what came last."""

    endpoint: str
    sequence: int
    message: str
    made_at: datetime
    due_at: datetime
    attempts: int
    dead_at: datetime | None
    told: str | None


def begun(connection: Connection) -> frozenset[str]:
    """The endpoints that have a cursor."""
    return frozenset(connection.exec_driver_sql("SELECT endpoint FROM webhook_cursors").scalars())


def begin(connection: Connection, endpoints: Collection[str]) -> None:
    """Let new endpoints hear of every choice from now on."""
    now = progress.read(connection).sequence
    for endpoint in endpoints:
        statement = "INSERT INTO webhook_cursors (endpoint, sequence) VALUES (?, ?) ON CONFLICT DO NOTHING"
        connection.exec_driver_sql(statement, (endpoint, now))


def fill(
    connection: Connection, endpoint: str, purposes: Collection[str], acts: Collection[str], now: datetime
) -> bool:
    """Make the deliveries of the next choices, in a write transaction; whether there may be more.

    Empty purposes or acts mean all of them; a choice about every purpose concerns each.
    """
    cursor = "SELECT sequence FROM webhook_cursors WHERE endpoint = ?"
    since = connection.exec_driver_sql(cursor, (endpoint,)).scalar_one()
    rows = connection.exec_driver_sql(_NEXT, (since, SOME)).all()
    if not rows:
        return False
    at = micros(now)
    wanted = [
        (endpoint, sequence, customer, f"choice_{sequence}", at, at)
        for sequence, customer, purpose, act in rows
        if (not purposes or purpose == EVERY_PURPOSE or purpose in purposes) and (not acts or act in acts)
    ]
    if wanted:
        connection.exec_driver_sql(_ADD, wanted)
    moved = "UPDATE webhook_cursors SET sequence = ? WHERE endpoint = ?"
    connection.exec_driver_sql(moved, (rows[-1][0], endpoint))
    return len(rows) == SOME


def claim(connection: Connection, endpoint: str, now: datetime, until: datetime) -> Word | None:
    """Take the most urgent delivery for oneself until an instant, in a write transaction; None where nothing is due.

    Whoever took it and was ended leaves it due again at that instant.
    """
    row = connection.exec_driver_sql(_DUE, (endpoint, micros(now))).first()
    if row is None:
        return None
    sequence, message, attempts, made, purpose, act, at, instrument, recipient, channel, recorded, key = row
    taken = "UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = ? WHERE endpoint = ? AND sequence = ?"
    connection.exec_driver_sql(taken, (micros(until), endpoint, sequence))
    return Word(
        sequence,
        message,
        attempts + 1,
        instant(made),
        key,
        purpose,
        act,
        instant(at),
        instrument,
        recipient,
        channel,
        instant(recorded),
    )


def done(connection: Connection, endpoint: str, sequence: int, now: datetime) -> None:
    """Note that a delivery was taken."""
    statement = "UPDATE webhook_deliveries SET done_at = ?, told = NULL WHERE endpoint = ? AND sequence = ?"
    connection.exec_driver_sql(statement, (micros(now), endpoint, sequence))


def failed(connection: Connection, endpoint: str, sequence: int, told: str, again: datetime) -> None:
    """Note what came of an attempt, and when to try again."""
    statement = "UPDATE webhook_deliveries SET told = ?, due_at = ? WHERE endpoint = ? AND sequence = ?"
    connection.exec_driver_sql(statement, (told, micros(again), endpoint, sequence))


def bury(connection: Connection, endpoint: str, sequence: int, told: str, now: datetime) -> None:
    """Give a delivery up; it is kept and shown, and later word of its customer goes on."""
    statement = "UPDATE webhook_deliveries SET told = ?, dead_at = ? WHERE endpoint = ? AND sequence = ?"
    connection.exec_driver_sql(statement, (told, micros(now), endpoint, sequence))


def retry(connection: Connection, endpoint: str | None, now: datetime) -> int:
    """Make everything that waits or was given up due now, of one endpoint or all, and say how much."""
    some, values = (" AND endpoint = ?", (endpoint,)) if endpoint is not None else ("", ())
    statement = "UPDATE webhook_deliveries SET dead_at = NULL, due_at = ?, made_at = ? WHERE done_at IS NULL"
    return connection.exec_driver_sql(f"{statement}{some}", (micros(now), micros(now), *values)).rowcount


def listed(connection: Connection, most: int) -> list[Delivery]:
    """Up to so many of the deliveries that were not taken yet."""
    rows = connection.exec_driver_sql(_LISTED, (most,)).all()
    return [
        Delivery(endpoint, sequence, message, instant(made), instant(due), attempts, instant_or_none(dead), told)
        for endpoint, sequence, message, made, due, attempts, _, dead, told in rows
    ]


def counted(connection: Connection) -> dict[str, tuple[int, int]]:
    """How many deliveries wait and how many were given up, by endpoint; none for one that has neither."""
    return {endpoint: (int(waits), int(dead)) for endpoint, waits, dead in connection.exec_driver_sql(_COUNTED).all()}


def sweep(connection: Connection, before: datetime) -> int:
    """Take away the deliveries that were taken before an instant, and say how many."""
    statement = "DELETE FROM webhook_deliveries WHERE done_at IS NOT NULL AND done_at < ?"
    return connection.exec_driver_sql(statement, (micros(before),)).rowcount
