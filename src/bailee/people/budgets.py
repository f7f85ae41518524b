"""What was spent of privacy budgets: exact, in millionths of epsilon, and never taken back.

`policy.budget` says what it means; here is the same in SQL, over as many rows as there may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from bailee.people.instants import instant, micros
from bailee.policy.budget import LEAST, Spending

#: How many of the newest spendings say when a budget is free again.
_ENOUGH = 100_000


def millionths(amount: Decimal) -> int:
    """An amount as it is kept and as leaves show it; ValueError for one that is no whole number of millionths."""
    whole = amount / LEAST
    if whole != whole.to_integral_value():
        raise ValueError(f"{amount} has more than six decimals")
    return int(whole)


def amount(kept: int) -> Decimal:
    """The amount that is kept as so many millionths."""
    found = kept * LEAST
    return Decimal(f"{found.normalize():f}") if found else Decimal(0)


def spend(connection: Connection, entry: int, spending: Spending) -> None:
    """Take a spending on record in the caller's write transaction, with the leaf that says so."""
    values = (entry, spending.purpose, spending.recipient, micros(spending.at), millionths(spending.amount))
    connection.exec_driver_sql("INSERT INTO spendings VALUES (?, ?, ?, ?, ?)", values)


def spent(connection: Connection, purposes: Sequence[str], recipient: str | None, since: datetime) -> Decimal:
    """What was spent of a budget after an instant, under any of the names that its purpose had."""
    where, values = _of(purposes, recipient, since)
    found = connection.exec_driver_sql(f"SELECT coalesce(sum(amount), 0) FROM spendings {where}", values).scalar_one()
    return amount(int(found))


def spendings(
    connection: Connection, purposes: Sequence[str], recipient: str | None, since: datetime
) -> list[Spending]:
    """What was spent after an instant, the oldest first."""
    where, values = _of(purposes, recipient, since)
    rows = connection.exec_driver_sql(
        f"SELECT purpose, recipient, at, amount FROM spendings {where} ORDER BY at, entry LIMIT {_ENOUGH}", values
    )
    return [Spending(name, to, instant(at), amount(kept)) for name, to, at, kept in rows]


def _of(purposes: Sequence[str], recipient: str | None, since: datetime) -> tuple[str, tuple[object, ...]]:
    marks = ", ".join("?" for _ in purposes)
    to = "recipient IS NULL" if recipient is None else "recipient = ?"
    given = () if recipient is None else (recipient,)
    return f"WHERE purpose IN ({marks}) AND at > ? AND {to}", (*purposes, micros(since), *given)
