"""The special categories of personal data (GDPR article 9), criminal history (article 10), and a company's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bailee.policy.model import Policy

#: Roots of the taxonomy at or below which a category is special.
SPECIAL: frozenset[str] = frozenset(
    {
        "user.health_and_medical",
        "user.biometric",
        "user.demographic.race_ethnicity",
        "user.demographic.religious_belief",
        "user.demographic.political_opinion",
        "user.demographic.sexual_orientation",
        "user.criminal_history",
    }
)


def own_special(policy: Policy) -> frozenset[str]:
    """The categories that the company itself declares special."""
    return frozenset(key for key, category in policy.categories.items() if category.special)


def special_root(policy: Policy, category: str) -> str | None:
    """The longest special root at or above the category, or None."""
    roots = SPECIAL | own_special(policy)
    segments = category.split(".")
    above = (".".join(segments[:count]) for count in range(len(segments), 0, -1))
    return next((key for key in above if key in roots), None)


def is_special(policy: Policy, category: str) -> bool:
    """Whether the category is special: at or below a special root."""
    return special_root(policy, category) is not None
