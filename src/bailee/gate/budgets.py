"""Privacy budgets: what a question with noise spends is reserved and recorded before it runs, and never given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from bailee.decide import Ruling
from bailee.errors import FactRejected, RecordError, Refused, WorkspaceError
from bailee.gate.record import Recorder
from bailee.ledger import leaves, log
from bailee.people import budgets
from bailee.policy import budget
from bailee.policy.budget import Spending
from bailee.policy.model import Policy, Purpose
from bailee.policy.reasons import ruling_reason
from bailee.policy.units import Rate
from bailee.vocabulary import Reason

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Leaves that are in memory at once.
_SOME = 4_096


@dataclass(frozen=True, slots=True)
class Budget:
    """How a purpose's budget for one recipient stands (None: the company itself): `spent` of it in the span until now.

    `each` is what a question spends that does not say, `rows` how many rows of a customer count in one. `again` is when
    the oldest spending within the span leaves it; None where nothing is spent.
    """

    purpose: str
    recipient: str | None
    rate: Rate
    spent: Decimal
    left: Decimal
    each: Decimal
    rows: int
    again: datetime | None


@dataclass(frozen=True, slots=True)
class Reserved:
    """What one question spent of each recipient's budget, and what it left of each."""

    amount: Decimal
    left: Mapping[str | None, Decimal]
    rate: Rate
    entries: tuple[int, ...] = field(default=())

    @property
    def leaf(self) -> dict[str, object]:
        """What the leaf of the use shows: the spent, and the least that is left of anybody's budget."""
        return {"spent": budgets.millionths(self.amount), "left": budgets.millionths(min(self.left.values()))}


def reserve(recorder: Recorder, ruling: Ruling, at: datetime, wanted: Decimal) -> Reserved:
    """Spend from the budget of each who may receive the answer, all or nothing, in one transaction with the leaves.

    Raises Refused with `budget_spent` where one of them has too little left, and RecordError where nothing could be
    recorded; nothing was spent then. A question that fails later has spent: whoever saw it fail has learnt something.
    """
    purpose = ruling.purpose
    if purpose is None or purpose.release.epsilon is None:
        raise ValueError("only a permitted use of a purpose with a budget spends")
    if wanted < budget.LEAST:
        raise ValueError("what is spent is above nothing, or it would fill a budget")
    rate = purpose.release.epsilon

    def work(connection: Connection) -> Reserved:
        recorder.must_be_in_force(connection, ruling.policy, at)
        payers = budget.payers(purpose, ruling.use.recipient)
        before = {payer: _left(connection, purpose, rate, payer, at) for payer in payers}
        short = [payer for payer, left in before.items() if left < wanted]
        if short:
            raise Refused([_refusal(connection, recorder.promise.policy, purpose, rate, short[0], wanted, at)])
        entries = []
        for payer, left in before.items():
            public = {
                "purpose": purpose.key,
                "recipient": payer,
                "policy": ruling.policy,
                "spent": budgets.millionths(wanted),
                "left": budgets.millionths(left - wanted),
            }
            entry = recorder.within(connection, "privacy_spent", public, None, at)
            budgets.spend(connection, entry, Spending(purpose.key, payer, at, wanted))
            entries.append(entry)
        left_now = {payer: left - wanted for payer, left in before.items()}
        return Reserved(wanted, left_now, rate, tuple(entries))

    try:
        return recorder.database.commit(work)
    except (WorkspaceError, FactRejected) as error:
        raise RecordError(f"the ledger could not record, so nothing was asked: {error}") from None


def spend_again(connection: Connection, since: int) -> None:
    """Take on record what the entries from a position on say was spent, in the caller's write transaction.

    A restored backup does not know of it, and a budget that a restore fills again would be no budget.
    """
    size = log.head(connection).size
    for start in range(since, size, _SOME):
        for at, leaf in enumerate(log.leaves_at(connection, start, min(start + _SOME, size)), start):
            if leaf.find(b'"kind":"privacy_spent"') < 0:
                continue
            said = leaves.read(leaf)
            to, when = said["recipient"], datetime.fromisoformat(str(said["at"]))
            amount = budgets.amount(int(str(said["spent"])))
            budgets.spend(connection, at, Spending(str(said["purpose"]), None if to is None else str(to), when, amount))


def standing(
    connection: Connection, policy: Policy, at: datetime, purpose: str | None = None, recipient: str | None = None
) -> list[Budget]:
    """How budgets stand: of every purpose that has one, or of one purpose, or recipient."""
    found: list[Budget] = []
    for each in policy.purposes.values():
        if each.release.epsilon is None or purpose not in (None, each.key):
            continue
        payers = [payer for payer in budget.payers(each, None) if recipient in (None, payer)]
        found += [_budget(connection, each, each.release.epsilon, payer, at) for payer in payers]
    return found


def _names(purpose: Purpose) -> list[str]:
    return sorted({purpose.key, *purpose.was})


def _left(connection: Connection, purpose: Purpose, rate: Rate, payer: str | None, at: datetime) -> Decimal:
    spent = budgets.spent(connection, _names(purpose), payer, rate.per.minus(at))
    return max(rate.amount - spent, Decimal(0))


def _budget(connection: Connection, purpose: Purpose, rate: Rate, payer: str | None, at: datetime) -> Budget:
    since = rate.per.minus(at)
    spent = budgets.spent(connection, _names(purpose), payer, since)
    oldest = next(iter(budgets.spendings(connection, _names(purpose), payer, since)), None)
    return Budget(
        purpose.key,
        payer,
        rate,
        spent,
        max(rate.amount - spent, Decimal(0)),
        budget.each(purpose.release),
        budget.rows(purpose.release),
        None if oldest is None else rate.per.plus(oldest.at),
    )


def _refusal(
    connection: Connection,
    policy: Policy,
    purpose: Purpose,
    rate: Rate,
    payer: str | None,
    wanted: Decimal,
    at: datetime,
) -> Reason:
    """Why nothing more may be spent, and what may be done instead."""
    left = _left(connection, purpose, rate, payer, at)
    free = _free(budgets.spendings(connection, _names(purpose), payer, rate.per.minus(at)), rate, wanted)
    again = f"; from {free:%Y-%m-%d %H:%M} UTC enough is free again" if free is not None else ""
    less = f"; spend at most {budget.written(left)} now" if left else ""
    return ruling_reason(
        "budget_spent",
        policy.line("purposes", purpose.key, "release", "epsilon"),
        purpose=purpose.key,
        whom=f"`{payer}`" if payer else "the company itself",
        rate=str(rate),
        left=budget.written(left),
        wanted=budget.written(wanted),
        instead=f"{less}{again}" or "; it is more than the whole budget",
    )


def _free(spendings: Sequence[Spending], rate: Rate, wanted: Decimal) -> datetime | None:
    """When enough of what was spent has left the span, if nothing more is spent."""
    left = rate.amount - sum(each.amount for each in spendings)
    for each in spendings if wanted <= rate.amount else ():
        left += each.amount
        if left >= wanted:
            return rate.per.plus(each.at)
    return None
