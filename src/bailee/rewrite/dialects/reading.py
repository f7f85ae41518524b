"""What every reader of an engine's own parse knows: the names that are ours, and how to say that another was found."""

from __future__ import annotations

import re
from collections import Counter

from bailee.rewrite.reasons import refused

#: The CTEs of governed SQL.
CTE = re.compile(r"bailee_(cte_[0-9]{1,6}|rows|kept)", re.ASCII)
_OURS = re.compile(r"bailee_((rel|cte)_[0-9]{1,6}|rows|kept)", re.ASCII)


def is_ours(name: str) -> bool:
    """Whether a relation of this name is one of governed SQL's own."""
    return _OURS.fullmatch(name) is not None


def agree(found: Counter[str], expected: Counter[str]) -> None:
    """Raise `Refused` unless the same relations were found, as often."""
    if found != expected:
        raise unreadable("it finds other tables than we do")


def other(what: str) -> Exception:
    """The refusal of something that we did not see in the question."""
    return unreadable(f"it sees {what}")


def unreadable(found: str) -> Exception:
    """The refusal of a question that the engine does not read as we do."""
    return refused("not_verified", found=found)
