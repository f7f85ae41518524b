"""What a customer can say about a purpose, how they take it back, and how long it counts; by basis and place."""

from __future__ import annotations

from collections.abc import Iterator

from bailee.policy import taxonomy
from bailee.policy.meaning import TARGETS
from bailee.policy.model import Policy, Purpose
from bailee.policy.wording.names import Names, said
from bailee.vocabulary import Basis


def choice(policy: Policy, purpose: Purpose, names: Names) -> Iterator[str]:
    """What holds everywhere, then what differs in some places."""
    yield from _of(purpose, purpose.basis, names)
    bases = {purpose.basis}
    for place, rule in sorted(purpose.by_place.items()):
        if rule.basis is not None and rule.basis is not purpose.basis:
            bases.add(rule.basis)
            yield names.words.say("choice.at", place=names.words.place(place))
            yield from _of(purpose, rule.basis, names)
    if _hears_gpc(policy, purpose) and bases & {Basis.CONSENT, Basis.LEGITIMATE_INTEREST}:
        yield names.words.say("choice.gpc")


def _of(purpose: Purpose, basis: Basis, names: Names) -> Iterator[str]:
    say, duration = names.words.say, names.words.duration
    yield say(f"choice.{basis}")
    match basis:
        case Basis.CONSENT:
            if purpose.explicit:
                yield say("choice.explicit")
            yield say("choice.withdraw")
            if purpose.consent_lasts is not None:
                yield say("choice.lasts", duration=duration(purpose.consent_lasts))
        case Basis.CONTRACT:
            yield say("choice.contract_ends", duration=duration(purpose.keep.duration))
        case Basis.LEGAL_OBLIGATION:
            yield say("choice.law", law=said(purpose.law or ""))
        case Basis.LEGITIMATE_INTEREST:
            yield say("choice.stop" if taxonomy.covers("marketing", purpose.use) else "choice.stop_unless")


def _hears_gpc(policy: Policy, purpose: Purpose) -> bool:
    """Whether a browser's signal refuses it (`spec/decision.md` D4.15)."""
    third = any(policy.recipients[key].role == "third_party" for key in purpose.recipients)
    return third or any(taxonomy.covers(prefix, purpose.use) for prefix in TARGETS)
