"""Which standards a use meets (`spec/decision.md` D2), with what does not depend on the use worked out once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bailee.policy import places, taxonomy
from bailee.policy.model import Forbid, Policy, Purpose, Recipient, Standard
from bailee.policy.reasons import ruling_reason
from bailee.vocabulary import Basis, Effect, Reason


class Line(NamedTuple):
    """A standard that some use of a purpose may meet, and its reason."""

    forbid: Forbid
    reason: Reason


def lines(policy: Policy, purpose: Purpose, bases: frozenset[Basis]) -> tuple[Line, ...]:
    """The standards that are about the purpose, whatever the effect and recipient; in their order."""
    ours = (standard for standard in policy.standards.values() if _about(standard.forbid, purpose, bases))
    return tuple(Line(standard.forbid, _reason(policy, standard)) for standard in ours)


def met(
    policy: Policy, found: Iterable[Line], effects: frozenset[Effect], recipients: frozenset[str]
) -> tuple[Line, ...]:
    """Those of the lines that some effect and some recipient of a use meet; no recipient is the company itself."""
    named: frozenset[str | None] = recipients or frozenset({None})
    return tuple(
        line
        for line in found
        if (not line.forbid.effects or not line.forbid.effects.isdisjoint(effects))
        and any(_to(line.forbid, key, policy.recipients.get(key or "")) for key in named)
    )


def _about(forbid: Forbid, purpose: Purpose, bases: frozenset[Basis]) -> bool:
    return (
        (not forbid.uses or any(taxonomy.covers(prefix, purpose.use) for prefix in forbid.uses))
        and (not forbid.bases or not forbid.bases.isdisjoint(bases))
        and (not forbid.purposes or purpose.key in forbid.purposes)
        and (not forbid.decides or purpose.decides in forbid.decides)
    )


def _to(forbid: Forbid, key: str | None, recipient: Recipient | None) -> bool:
    if recipient is None:
        outside = forbid.roles or forbid.industries or forbid.places
        return not outside and (not forbid.recipients or key in forbid.recipients)
    return (
        (not forbid.recipients or key in forbid.recipients)
        and (not forbid.roles or recipient.role in forbid.roles)
        and (not forbid.industries or recipient.industry in forbid.industries)
        and (not forbid.places or any(places.within(recipient.place or "", area) for area in forbid.places))
    )


def _reason(policy: Policy, standard: Standard) -> Reason:
    line = policy.line("standards", standard.key)
    return ruling_reason("standard", line, standard.principle, standard=standard.key, because=standard.because)
