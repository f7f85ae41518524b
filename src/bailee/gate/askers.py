"""Who asked for a use, as far as a customer may be told: the roles of whoever works here, and never a name.

A role is said by its title, and only where the policy of that time has it: what else somebody typed may name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bailee.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked. `roles` are titles, those by which the purpose admitted them where it asks for any.

    `declared` says that they named their roles themselves, `own` that it answered the customer's own request, and
    `proved` that the proof file shows all of this; otherwise it is the company's word.
    """

    roles: tuple[str, ...]
    declared: bool
    own: bool
    proved: bool


def of(record: Mapping[str, Any] | None, policy: Policy | None, *, proved: bool) -> Asker | None:
    """Who asked by the private record of a use; None where it, the actor in it or the policy is not on record."""
    actor = None if record is None else record.get("actor")
    if record is None or policy is None or not isinstance(actor, Mapping):
        return None
    asked: Mapping[str, Any] = record.get("use", {})
    return Asker(
        _titles(frozenset(actor.get("roles", ())), str(asked.get("purpose")), policy),
        bool(actor.get("self_declared", True)),
        bool(asked.get("own", False)),
        proved,
    )


def _titles(held: frozenset[str], purpose: str, policy: Policy) -> tuple[str, ...]:
    """The titles of roles, or the key of one that only a purpose names; roles that the policy has not are left out."""
    named = frozenset(policy.roles).union(*(each.roles for each in policy.purposes.values()))
    admitted = held & policy.purposes[purpose].roles if purpose in policy.purposes else frozenset[str]()
    told = admitted or held & named
    return tuple(policy.roles[key].title if key in policy.roles else key for key in sorted(told))
