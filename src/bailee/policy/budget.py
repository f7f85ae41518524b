"""What a privacy budget means: how much of it is spent at an instant, and what may still be (`spec/decision.md` D12).

Slow, pure and obvious; amounts are exact decimals of epsilon, because five times 0.2 must fit into 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bailee.policy.model import Purpose, Release
from bailee.policy.units import Rate

#: The least and the most that may be spent or allowed; amounts are whole multiples of the least.
LEAST, MOST = Decimal("0.000001"), 1000

#: What a question spends where the policy does not say: so much of the whole.
_SHARE = 10
#: How many rows of a customer count in one question where the policy does not say.
_ROWS = 3


@dataclass(frozen=True, slots=True)
class Spending:
    """What a question spent of a purpose's budget for one recipient, and when; None is the company itself."""

    purpose: str
    recipient: str | None
    at: datetime
    amount: Decimal


def spent(rate: Rate, spendings: Iterable[Spending], at: datetime) -> Decimal:
    """D12.2: what was spent within the rate's span before an instant.

    What was spent later, as another clock has it, counts too: so no order of writing makes a span overspent.
    """
    since = rate.per.minus(at)
    return sum((each.amount for each in spendings if each.at > since), Decimal(0))


def left(rate: Rate, spendings: Iterable[Spending], at: datetime) -> Decimal:
    """D12.2: what may still be spent at an instant; nothing where a budget was made smaller than what is spent."""
    return max(rate.amount - spent(rate, spendings, at), Decimal(0))


def concern(purpose: Purpose, recipient: str | None, spendings: Iterable[Spending]) -> list[Spending]:
    """D12.1: the spendings of a purpose's budget for one recipient: those of the purposes that it was, too."""
    names = {purpose.key, *purpose.was}
    return [each for each in spendings if each.purpose in names and each.recipient == recipient]


def payers(purpose: Purpose, recipient: str | None) -> tuple[str | None, ...]:
    """D12.3: whose budgets a use draws on, in full from each: whoever may receive it, or else the company itself."""
    if recipient is not None:
        return (recipient,)
    return tuple(sorted(purpose.recipients)) or (None,)


def each(release: Release) -> Decimal:
    """D12.4: what a question spends that does not say: what the policy says, or a tenth of the whole."""
    if release.epsilon is None:
        raise ValueError("without `epsilon` there is no budget")
    return release.each or max((release.epsilon.amount / _SHARE).quantize(LEAST, rounding="ROUND_DOWN"), LEAST)


def rows(release: Release) -> int:
    """D12.5: how many rows of a customer count in one question."""
    return release.at_most or _ROWS


def written(amount: Decimal) -> str:
    """An amount as a person reads it: without zeros at its end."""
    return f"{amount.normalize():f}" if amount else "0"


def amount(text: str) -> Decimal:
    """An amount as a person writes it; ValueError says what is wrong."""
    try:
        found = Decimal(text)
    except ArithmeticError:
        found = Decimal(0)
    if not (found.is_finite() and LEAST <= found <= MOST) or found % LEAST:
        raise ValueError(f"found `{text}`, expected a number above 0 and up to {MOST}, of at most six decimals")
    return Decimal(f"{found.normalize():f}")
