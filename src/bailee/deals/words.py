"""How a screen says numbers and names in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bailee.policy.model import Policy
from bailee.vocabulary import Effect

#: What an effect does to a customer, as the end of a sentence with `it`.
DOES: dict[Effect, str] = {
    Effect.LEARN: "shows something about groups of people",
    Effect.SERVE: "serves the customer",
    Effect.PERSONALISE: "chooses what the customer sees",
    Effect.CONTACT: "writes to the customer",
    Effect.PRICE: "changes what the customer pays",
    Effect.ADVERSE: "may count against the customer",
}


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 customer`, `2,469 customers`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """A share as whole percent; never 0 or 100 for what is neither."""
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    names = list(words)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else "nothing"


def recipient(policy: Policy, key: str) -> str:
    """What a recipient is called."""
    found = policy.recipients.get(key)
    return found.title if found is not None else f"`{key}`"


def change_text(value: object) -> str:
    """A value as a deal's file writes it: `true`, `[learn]`, `{after: 90 days}`."""
    match value:
        case bool():
            return str(value).lower()
        case Mapping():
            return "{" + ", ".join(f"{key}: {change_text(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(change_text, value)) + "]"
        case _:
            return str(value)
