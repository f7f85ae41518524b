"""Everybody's standing as it was just read, for all checkers of one gate: they need not each ask a shared store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bailee.people.standing import Standing


class Seen(NamedTuple):
    """Standing that was read once the word of changes was `version`, and after `began` by the checkers' clock."""

    standing: Standing
    version: int
    began: float


class Recent:
    """Gives standing that honours all that was acknowledged here before the call, and elsewhere `seconds` before it.

    It is read again once the word moved, the seconds passed, or somebody's standing changes by itself.
    """

    def __init__(
        self,
        fresh: Callable[[str], Standing],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        version: Sequence[int],
        seconds: float,
    ) -> None:
        self._fresh, self._clock, self._monotonic, self._version = fresh, clock, monotonic, version
        self._seconds = seconds
        self._seen: Seen | None = None

    def __call__(self, policy: str) -> Seen:
        """The standing under a policy; whatever `fresh` raises where another is in force."""
        seen, version, began = self._seen, self._version[0], self._monotonic()
        current = seen is not None and seen.version == version and seen.standing.policy == policy
        if seen is not None and current and began < seen.began + self._seconds:
            until = seen.standing.next_change
            if until is None or self._clock() < until:
                return seen
        seen = self._seen = Seen(self._fresh(policy), version, began)
        return seen
