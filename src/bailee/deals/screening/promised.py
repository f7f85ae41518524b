"""What the deal's purpose may show its recipient of a category, by the policy's own ruling."""

from __future__ import annotations

from collections.abc import Callable

from bailee import decide
from bailee.deals.evidence import Evidence
from bailee.vocabulary import Actor, Treatment, Use


def treatments(evidence: Evidence) -> Callable[[str], Treatment]:
    """How a category may appear under the deal: the strictest over its effects. What is refused shows nothing."""
    deal, compiled = evidence.deal, decide.Compiled(evidence.policy, "screen")
    purpose = evidence.policy.purposes.get(deal.purpose)
    actor = Actor("screen", purpose.roles if purpose else frozenset(), purpose.training if purpose else frozenset())
    rulings = [compiled.rule(Use(deal.purpose, actor, effect, deal.recipient)) for effect in sorted(deal.effects)]

    def of(category: str) -> Treatment:
        return max((decide.category(ruling, category).treatment for ruling in rulings), default=Treatment.WITHHELD)

    return of
