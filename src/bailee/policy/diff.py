"""How two versions of a policy differ: every change wider, narrower or neither, and who must be asked again.

Only the terms of a purpose (`policy.terms`) decide who must be asked; the rest is shown so that nothing changes unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from bailee.policy import places
from bailee.policy.model import Forbid, Policy, Purpose, Standard, Texts, Who
from bailee.policy.terms import Change, Kind, changes, terms_of, words
from bailee.vocabulary import Basis


class Again(StrEnum):
    """What a change asks for before the data of those who were in a purpose may be used for it again."""

    NOBODY = "nobody"
    ASK = "ask again"
    TELL = "tell again"


@dataclass(frozen=True, slots=True)
class PurposeChange:
    """A purpose that differs: its key now (None where it is gone) and before (None where it is new)."""

    key: str | None
    before: str | None
    changes: tuple[Change, ...]
    again: Again


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs: by purpose, and in what holds for every purpose."""

    purposes: tuple[PurposeChange, ...]
    others: tuple[Change, ...]


def diff(old: Policy, new: Policy) -> Difference:
    """Every difference between two policies, in the order of the new one."""
    return Difference(tuple(_purposes(old, new)), (*_standards(old, new), *_roles(old, new)))


def _purposes(old: Policy, new: Policy) -> Iterator[PurposeChange]:
    followed = set(new.purposes)
    for key, purpose in new.purposes.items():
        before = [key] if key in old.purposes else [was for was in purpose.was if was in old.purposes]
        followed.update(before)
        for each in before:
            found = _purpose(old, old.purposes[each], new, purpose)
            if found.changes or each != key:
                yield found
        if not before:
            appears = Change("purpose", Kind.WIDER, words(None), purpose.title)
            yield PurposeChange(key, None, (appears,), _again(purpose))
    for key, purpose in old.purposes.items():
        if key not in followed:
            goes = Change("purpose", Kind.NARROWER, purpose.title, words(None))
            yield PurposeChange(None, key, (goes,), Again.NOBODY)


def _purpose(old: Policy, before: Purpose, new: Policy, after: Purpose) -> PurposeChange:
    terms = tuple(changes(terms_of(old, before), terms_of(new, after)))
    covered = all(change.kind is Kind.NARROWER for change in terms)
    again = Again.NOBODY if covered else _again(after)
    return PurposeChange(after.key, before.key, (*terms, *_beside(before, after)), again)


def _again(purpose: Purpose) -> Again:
    """Consent is to what was shown, and an interest needs a notice of it; a contract and the law need neither."""
    bases = {purpose.basis, *(rule.basis for rule in purpose.by_place.values())}
    if Basis.CONSENT in bases:
        return Again.ASK
    return Again.TELL if Basis.LEGITIMATE_INTEREST in bases else Again.NOBODY


def _beside(old: Purpose, new: Purpose) -> Iterator[Change]:
    """What differs beside the terms: who is included, who may ask, and the words."""
    yield from _who(old.who, new.who)
    yield from _part("by_place (ages)", _ages(old), _ages(new))
    yield from _part("explicit", old.explicit, new.explicit, new.explicit, old.explicit)
    kept, lost = _within(new.roles, old.roles), _within(old.roles, new.roles)
    yield from _part("roles", old.roles, new.roles, kept, lost, "anybody")
    yield from _training("training", old.training, new.training)
    for part in ("decides", "law", "balance", "title", "why", "customer_gains", "company_gains"):
        yield from _part(part, getattr(old, part), getattr(new, part))
    yield from _texts(old.texts, new.texts)


def _texts(old: Mapping[str, Texts], new: Mapping[str, Texts]) -> Iterator[Change]:
    """The company's own words in other languages."""
    for language in sorted({*old, *new}):
        before, after = old.get(language, Texts()), new.get(language, Texts())
        for each in fields(Texts):
            part = f"texts.{language}.{each.name}"
            yield from _part(part, getattr(before, each.name), getattr(after, each.name))


def _part(
    part: str, old: object, new: object, narrower: bool = False, wider: bool = False, empty: str = "nothing"
) -> Iterator[Change]:
    if old != new:
        kind = Kind.NEITHER if narrower == wider else Kind.NARROWER if narrower else Kind.WIDER
        yield Change(part, kind, _said(old) or empty, _said(new) or empty)


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_said(each)}" for key, each in sorted(value.items()))
    return words(value) if value else ""


def _within(inner: frozenset[str], outer: frozenset[str]) -> bool:
    """Whether one list of who is let in lets in no more than another; an empty one lets in all."""
    return not outer or (bool(inner) and inner <= outer)


def _training(part: str, old: frozenset[str], new: frozenset[str]) -> Iterator[Change]:
    yield from _part(part, old, new, old <= new, new <= old)


def _who(old: Who, new: Who) -> Iterator[Change]:
    least, then = new.min_age or 0, old.min_age or 0
    yield from _part("who.min_age", old.min_age, new.min_age, least >= then, then >= least, "any age")
    yield from _part("who.guardian_below", old.guardian_below, new.guardian_below)
    kept, lost = _lets_in(new.places, old.places), _lets_in(old.places, new.places)
    yield from _part("who.places", old.places, new.places, kept, lost, "everywhere")
    kept, lost = _inside(old.except_places, new.except_places), _inside(new.except_places, old.except_places)
    yield from _part("who.except_places", old.except_places, new.except_places, kept, lost)


def _lets_in(inner: frozenset[str], outer: frozenset[str]) -> bool:
    """Whether one list of places lets in no more than another; an empty one lets in all."""
    return not outer or (bool(inner) and _inside(inner, outer))


def _inside(inner: frozenset[str], outer: frozenset[str]) -> bool:
    """Whether every place of one list lies in one of the other."""
    return all(any(places.within(place, area) for area in outer) for place in inner)


def _ages(purpose: Purpose) -> dict[str, str]:
    found = {}
    for place, rule in purpose.by_place.items():
        ages = (("min_age", rule.min_age), ("guardian_below", rule.guardian_below))
        found[place] = " ".join(f"{name} {age}" for name, age in ages if age is not None)
    return {place: said for place, said in found.items() if said}


def _standards(old: Policy, new: Policy) -> Iterator[Change]:
    """A standard that goes, or forbids less, lets the company do more."""
    for key in [*new.standards, *(key for key in old.standards if key not in new.standards)]:
        before, after = old.standards.get(key), new.standards.get(key)
        part = f"standards.{key}"
        if before is None or after is None:
            yield from _part(part, _because(before), _because(after), before is None, after is None)
        elif before.forbid != after.forbid:
            more, less = _forbids(after.forbid, before.forbid), _forbids(before.forbid, after.forbid)
            yield from _part(part, _forbidden(before.forbid), _forbidden(after.forbid), more, less)
        else:
            yield from _part(part, before.because, after.because)
            yield from _part(f"{part}.principle", before.principle, after.principle)


def _because(standard: Standard | None) -> str | None:
    return standard.because if standard else None


def _forbids(wide: Forbid, narrow: Forbid) -> bool:
    """Whether the one matches whatever the other does, and withholds all that the other withholds."""
    if bool(wide.categories) != bool(narrow.categories):
        return False
    keys = (each.name for each in fields(Forbid) if each.name != "categories")
    return narrow.categories <= wide.categories and all(
        _within(getattr(narrow, key), getattr(wide, key)) for key in keys
    )


def _forbidden(forbid: Forbid) -> str:
    named = ((each.name, getattr(forbid, each.name)) for each in fields(Forbid))
    return "; ".join(f"{name}: {words(values)}" for name, values in named if values)


def _roles(old: Policy, new: Policy) -> Iterator[Change]:
    """What staff must have learnt to hold a role."""
    for key in sorted(old.roles.keys() & new.roles.keys()):
        yield from _training(f"roles.{key}.training", old.roles[key].training, new.roles[key].training)
