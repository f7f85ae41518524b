"""What each question of a deal spends of its purpose's privacy budget: as much as a question may, or less.

Where the purpose of the policy has a budget, figures leave with noise whatever the deal says. The deal may ask for
more noise: an `epsilon` of its own, at most what a question of the purpose spends. Where the purpose has none, nothing
adds noise, and a deal that promises some is refused.
"""

from __future__ import annotations

from decimal import Decimal

from bailee.deals.model import Deal, Form
from bailee.errors import DeidError
from bailee.policy.budget import each, written
from bailee.policy.model import Policy


def spends(deal: Deal, policy: Policy) -> Decimal | None:
    """What each question spends; None where figures have no noise. DeidError where the deal states what cannot be."""
    why = against(deal, policy)
    if why is not None:
        raise DeidError(why)
    limit = most(deal, policy)
    return limit if limit is None or deal.treated.epsilon is None else deal.treated.epsilon


def against(deal: Deal, policy: Policy) -> str | None:
    """Why the deal's own `epsilon` cannot be kept, with the remedy; None where it can, or there is none."""
    stated, limit = deal.treated.epsilon, most(deal, policy)
    if stated is None:
        return None
    if limit is None:
        return (
            f"the deal promises noise (`epsilon`), which `{deal.purpose}` does not add: state a budget in the policy, "
            f"such as `epsilon: 1.0 per 90 days` in the `release` of `{deal.purpose}`, or leave it out of `treated`"
        )
    if stated > limit:
        return (
            f"the deal spends {written(stated)} for each question, and a question of `{deal.purpose}` spends "
            f"{written(limit)}: state `epsilon: {written(limit)}` or less in `treated`, or leave it out"
        )
    return None


def most(deal: Deal, policy: Policy) -> Decimal | None:
    """What a question of the deal's purpose spends that does not say; None where it adds no noise to this form."""
    purpose = policy.purposes.get(deal.purpose)
    if purpose is None or deal.form is not Form.AGGREGATE or purpose.release.epsilon is None:
        return None
    return each(purpose.release)
