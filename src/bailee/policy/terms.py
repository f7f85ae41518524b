"""The material part of a purpose, and when one version of it covers another (`spec/decision.md` D5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bailee.policy import places, taxonomy
from bailee.policy.model import Contact, Keep, Policy, Purpose, Release
from bailee.policy.special import SPECIAL, own_special
from bailee.policy.units import Duration
from bailee.vocabulary import Basis, Effect, Treatment


@dataclass(frozen=True, slots=True)
class ToWhom:
    """A recipient as far as a customer agreed to it."""

    role: str
    industry: str | None = None
    place: str | None = None
    at_most: Treatment = Treatment.CLEAR


@dataclass(frozen=True, slots=True)
class Terms:
    """What a customer agrees to when they agree to a purpose."""

    use: str
    basis: Basis
    effects: frozenset[Effect]
    reads: Mapping[str, Treatment]
    recipients: Mapping[str, ToWhom]
    keep: Keep
    release: Release = Release()
    contact: Contact | None = None
    consent_lasts: Duration | None = None
    basis_by_place: Mapping[str, Basis] = field(default_factory=dict)
    special: frozenset[str] = frozenset()


class Kind(StrEnum):
    """How a part changed for the customer."""

    WIDER = "wider"
    NARROWER = "narrower"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the terms that changed, in words of the policy file."""

    part: str
    kind: Kind
    old: str
    new: str


def terms_of(policy: Policy, purpose: Purpose) -> Terms:
    """The terms of a purpose under a policy."""
    known = ((key, policy.recipients[key]) for key in purpose.recipients)
    return Terms(
        use=purpose.use,
        basis=purpose.basis,
        effects=purpose.effects,
        reads=purpose.reads,
        recipients={key: ToWhom(r.role, r.industry, r.place, r.at_most) for key, r in known},
        keep=purpose.keep,
        # How much of a budget a question spends, and how many rows it counts, is no part of what a customer may lose.
        release=Release(purpose.release.min_group, purpose.release.epsilon),
        contact=purpose.contact,
        consent_lasts=purpose.consent_lasts,
        basis_by_place={place: rule.basis for place, rule in purpose.by_place.items() if rule.basis},
        special=own_special(policy),
    )


def resolve(reads: Mapping[str, Treatment], special: frozenset[str], category: str) -> Treatment:
    """Treatment of a category by the longest prefix in `reads`; withheld where none fits.

    A special category is read only where `reads` names it, or something between its root and itself.
    """
    prefixes = [key for key in reads if taxonomy.covers(key, category)]
    roots = [root for root in SPECIAL | special if taxonomy.covers(root, category)]
    named = [key for key in prefixes if all(taxonomy.covers(root, key) for root in roots)]
    return reads[max(named, key=len)] if named else Treatment.WITHHELD


def covers(old: Terms, new: Terms) -> bool:
    """Whether somebody who agreed to `old` has agreed to all of `new`: every part equal or narrower."""
    return all(change.kind is Kind.NARROWER for change in changes(old, new))


def changes(old: Terms, new: Terms) -> Iterator[Change]:
    """Every part in which two terms differ."""
    yield from _use(old.use, new.use)
    yield from _neither("basis", old.basis, new.basis)
    yield from _neither("by_place", _bases(old), _bases(new))
    yield from _effects(old.effects, new.effects)
    yield from _reads(old, new)
    yield from _recipients(old.recipients, new.recipients)
    yield from _ordered("keep", old.keep, new.keep, _keeps(old.keep, new.keep), _keeps(new.keep, old.keep))
    yield from _release(old.release, new.release)
    yield from _contact(old.contact, new.contact)
    yield from _lasts(old.consent_lasts, new.consent_lasts)


def _ordered(part: str, old: object, new: object, old_holds_new: bool, new_holds_old: bool) -> Iterator[Change]:
    """The change of a part with a partial order, given which side is at least as wide."""
    if old == new or (old_holds_new and new_holds_old):
        return
    kind = Kind.NARROWER if old_holds_new else Kind.WIDER if new_holds_old else Kind.NEITHER
    yield Change(part, kind, words(old), words(new))


def _neither(part: str, old: object, new: object) -> Iterator[Change]:
    yield from _ordered(part, old, new, False, False)


def _use(old: str, new: str) -> Iterator[Change]:
    yield from _ordered("use", old, new, taxonomy.covers(old, new), taxonomy.covers(new, old))


def _bases(terms: Terms) -> tuple[tuple[str, Basis], ...]:
    return tuple(sorted(terms.basis_by_place.items()))


def _effects(old: frozenset[Effect], new: frozenset[Effect]) -> Iterator[Change]:
    yield from _ordered("effects", old, new, old >= new, new >= old)


def _reads(old: Terms, new: Terms) -> Iterator[Change]:
    # Treatments are constant between named keys and special roots, so comparing there compares everywhere.
    for category in sorted({*old.reads, *new.reads, *SPECIAL, *old.special, *new.special}):
        before = resolve(old.reads, old.special, category)
        after = resolve(new.reads, new.special, category)
        yield from _ordered(f"reads.{category}", before, after, before <= after, after <= before)


def _recipients(old: Mapping[str, ToWhom], new: Mapping[str, ToWhom]) -> Iterator[Change]:
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        yield from _ordered(f"recipients.{key}", before, after, _receives(before, after), _receives(after, before))


def _receives(old: ToWhom | None, new: ToWhom | None) -> bool:
    if new is None:
        return True
    if old is None or (old.role, old.industry) != (new.role, new.industry) or new.at_most < old.at_most:
        return False
    return old.place == new.place or bool(old.place and new.place and places.within(new.place, old.place))


def _keeps(old: Keep, new: Keep) -> bool:
    # Neither way of counting holds the other: the last activity on record may be older than a row, or unknown.
    return old.duration.at_least(new.duration) and old.from_last_activity == new.from_last_activity


def _release(old: Release, new: Release) -> Iterator[Change]:
    before, after = old.min_group or 1, new.min_group or 1
    yield from _ordered("release.min_group", before, after, before <= after, after <= before)
    holds = old.epsilon is None or (new.epsilon is not None and new.epsilon.at_most(old.epsilon))
    held = new.epsilon is None or (old.epsilon is not None and old.epsilon.at_most(new.epsilon))
    yield from _ordered("release.epsilon", old.epsilon, new.epsilon, holds, held)


def _contact(old: Contact | None, new: Contact | None) -> Iterator[Change]:
    yield from _ordered("contact", old, new, _writes(old, new), _writes(new, old))


def _writes(old: Contact | None, new: Contact | None) -> bool:
    """Whether every cap of `old` holds under `new`."""
    if old is None:
        return True
    if new is None or (old.quiet is not None and old.quiet != new.quiet):
        return False
    return all(way in new.rates and new.rates[way].at_most(rate) for way, rate in old.rates.items())


def _lasts(old: Duration | None, new: Duration | None) -> Iterator[Change]:
    holds = old is None or (new is not None and old.at_least(new))
    held = new is None or (old is not None and new.at_least(old))
    yield from _ordered("consent_lasts", old, new, holds, held)


def words(value: object) -> str:
    """A part of the terms as the policy file would say it."""
    match value:
        case None:
            return "nothing"
        case Treatment():
            return value.name.lower()
        case frozenset() | tuple():
            return ", ".join(sorted(map(words, value))) or "nothing"
        case Keep(duration, from_last_activity):
            return f"{duration} from last activity" if from_last_activity else str(duration)
        case ToWhom(role, industry, place, at_most):
            known = (role, industry, place, f"at most {words(at_most)}" if at_most else None)
            return ", ".join(word for word in known if word)
        case Contact(rates, quiet):
            caps = [f"{way} {rate}" for way, rate in sorted(rates.items())]
            return ", ".join([*caps, *([f"quiet {quiet}"] if quiet else [])])
        case _:
            return str(value)
