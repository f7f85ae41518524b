"""Ways to promise strictly less for one purpose, by the part of its terms that they narrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bailee.policy.model import Contact, Policy, Purpose
from bailee.policy.taxonomy import covers
from bailee.policy.units import Duration, Rate
from bailee.vocabulary import Treatment

BRIEF = Duration(minutes=30)


def narrowings(policy: Policy, key: str) -> list[tuple[str, Policy]]:
    """The policy with one part of the purpose's terms narrower, for each part that can be; wider to narrower."""
    purpose = policy.purposes[key]
    changed = [(part, replace(purpose, **{part: value})) for part, value in _purposes(purpose)]
    policies = [(part, replace(policy, purposes={**policy.purposes, key: other})) for part, other in changed]
    return [*policies, *_recipients(policy, purpose)]


def _purposes(purpose: Purpose) -> Iterator[tuple[str, object]]:
    yield "use", f"{purpose.use}.narrow"
    yield "keep", replace(purpose.keep, duration=BRIEF)
    yield "consent_lasts", BRIEF
    yield "release", replace(purpose.release, min_group=(purpose.release.min_group or 1) + 1)
    if purpose.release.epsilon is None:
        yield "release", replace(purpose.release, epsilon=Rate.parse("1 per 90 days"))
    if purpose.contact is None:
        yield "contact", Contact({"email": Rate.parse("1 per 7 days")})
    if len(purpose.effects) > 1:
        yield "effects", purpose.effects - {min(purpose.effects)}
    yield from (("recipients", tuple(r for r in purpose.recipients if r != gone)) for gone in purpose.recipients)
    for category, treatment in purpose.reads.items():
        yield "reads", {**purpose.reads, category: Treatment(treatment + 1)}
        others = {key: value for key, value in purpose.reads.items() if key != category}
        if others and not any(covers(other, category) for other in others):
            yield "reads", others


def _recipients(policy: Policy, purpose: Purpose) -> Iterator[tuple[str, Policy]]:
    for key in purpose.recipients:
        recipient = policy.recipients[key]
        if recipient.at_most < Treatment.WITHHELD:
            less = replace(recipient, at_most=Treatment(recipient.at_most + 1))
            yield "recipients", replace(policy, recipients={**policy.recipients, key: less})
        if recipient.place == "US":
            near = replace(recipient, place="US-VT")
            yield "recipients", replace(policy, recipients={**policy.recipients, key: near})
