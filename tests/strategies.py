"""Hypothesis strategies shared by all laws: `policies`, `worlds`, `customers`, `uses`, `instants` and so on.

They draw through the makers of `tests/worlds.py`, so that a failing example shrinks towards the simplest world.
"""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from bailee.policy.model import Policy, Standard
from bailee.policy.terms import Terms
from bailee.vocabulary import Customer, Use
from tests import worlds as make


@cache
def _integers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


class _Drawn:
    """The makers' choices, drawn by hypothesis."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return self._draw(_integers(low, high)) if low < high else low


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Policies of one to four purposes of every basis, with recipients, standards, ages, places and renames."""
    return make.make_policy(_Drawn(draw))


@st.composite
def registries(draw: st.DrawFn, policy: Policy) -> dict[str, Terms]:
    """The terms ever shown: today's of each purpose, and others that are wider or narrower."""
    return make.make_terms(_Drawn(draw), policy)


@st.composite
def customers(draw: st.DrawFn, policy: Policy, digests: tuple[str, ...] = (), key: str = "c") -> Customer:
    """One customer with a hostile history that names this policy's purposes and these digests of terms."""
    return make.make_customer(_Drawn(draw), policy, digests, key)


@st.composite
def standards(draw: st.DrawFn, key: str = "s") -> Standard:
    """A standard that matches much or little."""
    return make.make_standard(_Drawn(draw), key)


@st.composite
def uses(draw: st.DrawFn, policy: Policy) -> Use:
    """A use of the policy, listed or not, by an actor who is qualified or not."""
    return make.make_use(_Drawn(draw), policy)


@st.composite
def worlds(draw: st.DrawFn, customers: int = 2) -> make.World:
    """A policy, terms, customers and an instant that go together."""
    return make.world(_Drawn(draw), customers)


instants = st.builds(lambda at, nudge: at + nudge, st.sampled_from(make.TIMES), st.sampled_from(make.NUDGES))
categories = st.sampled_from((*make.CATEGORIES, "user.contact.phone_number", "system.operations"))
