"""What changed between two terms, as sentences that a customer understands; the same parts as `policy.terms`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bailee.policy.model import Contact, Keep
from bailee.policy.terms import Change, Kind, Terms, changes, resolve
from bailee.policy.units import Duration
from bailee.policy.wording.catalogue import Catalogue
from bailee.policy.wording.names import Names
from bailee.vocabulary import Effect, Treatment

_LONGER = {Kind.WIDER: "longer", Kind.NARROWER: "shorter", Kind.NEITHER: "other"}
_OFTENER = {Kind.WIDER: "more", Kind.NARROWER: "less", Kind.NEITHER: "other"}


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that changed, wider, narrower or neither, in words for the customer."""

    kind: Kind
    sentence: str


def compare(old: Terms, new: Terms, names: Names) -> tuple[Changed, ...]:
    """Every change of the terms, what asks again first; empty where both promise the same."""
    found = [
        Changed(kind, sentence) for change in changes(old, new) for kind, sentence in _told(change, old, new, names)
    ]
    # A category and what lies under it are told once.
    return tuple(sorted(dict.fromkeys(found), key=lambda each: each.kind is Kind.NARROWER))


def _told(change: Change, old: Terms, new: Terms, names: Names) -> Iterator[tuple[Kind, str]]:
    section, _, key = change.part.partition(".")
    match section:
        case "use":
            sentences: Iterable[str] = [names.words.say("change.use", old=names.use(old.use), new=names.use(new.use))]
        case "basis":
            sentences = [names.words.say("change.basis", old=_basis(names, old.basis), new=_basis(names, new.basis))]
        case "by_place":
            sentences = _places(old, new, names)
        case "effects":
            yield from _effects(old.effects, new.effects, names.words)
            return
        case "reads":
            sentences = _read(key, old, new, names)
        case "recipients":
            sentences = _recipient(key, old, new, names)
        case "keep":
            said = {"old": _keep(names.words, old.keep), "new": _keep(names.words, new.keep)}
            sentences = [names.words.say(f"change.keep_{_LONGER[change.kind]}", **said)]
        case "release":
            sentences = [_release(key, change.kind, old, new, names.words)]
        case "contact":
            sentences = _contact(change.kind, new.contact, names.words)
        case "consent_lasts":
            lasts = {"old": _lasts(names.words, old.consent_lasts), "new": _lasts(names.words, new.consent_lasts)}
            sentences = [names.words.say(f"change.lasts_{_LONGER[change.kind]}", **lasts)]
        case _:
            raise ValueError(f"`{change.part}` is no part of the terms that has words")
    for sentence in sentences:
        yield change.kind, sentence


def _basis(names: Names, basis: str) -> str:
    return names.words.say(f"basis.{basis}")


def _places(old: Terms, new: Terms, names: Names) -> Iterator[str]:
    for place in sorted({*old.basis_by_place, *new.basis_by_place}):
        before = old.basis_by_place.get(place, old.basis)
        after = new.basis_by_place.get(place, new.basis)
        if before is not after or (place in old.basis_by_place) != (place in new.basis_by_place):
            said = {"old": _basis(names, before), "new": _basis(names, after)}
            yield names.words.say("change.basis_at", place=names.words.place(place), **said)


def _effects(old: frozenset[Effect], new: frozenset[Effect], words: Catalogue) -> Iterator[tuple[Kind, str]]:
    for effect in Effect:
        if (effect in old) != (effect in new):
            kind, key = (Kind.WIDER, "new") if effect in new else (Kind.NARROWER, "gone")
            sentence = words.say(f"effects.{effect}")
            yield kind, words.say(f"change.effect_{key}", sentence=sentence[:1].lower() + sentence[1:])


def _read(category: str, old: Terms, new: Terms, names: Names) -> Iterator[str]:
    before, after = resolve(old.reads, old.special, category), resolve(new.reads, new.special, category)
    words, name = names.words, names.category(category)
    if before is Treatment.WITHHELD:
        yield words.say("change.reads_new", category=name, how=_how(words, after))
    elif after is Treatment.WITHHELD:
        yield words.say("change.reads_gone", category=name)
    else:
        key = "clearer" if after < before else "stricter"
        yield words.say(f"change.reads_{key}", category=name, new=_how(words, after), old=_how(words, before))


def _how(words: Catalogue, treatment: Treatment) -> str:
    return words.say(f"treatment.{treatment.name.lower()}")


def _recipient(key: str, old: Terms, new: Terms, names: Names) -> Iterator[str]:
    title, to = names.recipient(key), new.recipients.get(key)
    if to is None:
        yield names.words.say("change.recipient_gone", title=title)
        return
    word = "other" if key in old.recipients else "new"
    yield " ".join([names.words.say(f"change.recipient_{word}", title=title), *names.about(key, to)])


def _keep(words: Catalogue, keep: Keep) -> str:
    said = words.duration(keep.duration)
    return words.say("change.keep_activity", duration=said) if keep.from_last_activity else said


def _release(key: str, kind: Kind, old: Terms, new: Terms, words: Catalogue) -> str:
    if key == "min_group":
        word = "smaller" if kind is Kind.WIDER else "larger"
        return words.say(f"change.group_{word}", old=old.release.min_group or 1, new=new.release.min_group or 1)
    return words.say(f"change.noise_{'more' if kind is Kind.NARROWER else 'less'}")


def _contact(kind: Kind, new: Contact | None, words: Catalogue) -> Iterator[str]:
    caps = [words.say("change.contact_free")] if new is None else []
    if new is not None:
        caps = [words.rate(way, rate) for way, rate in sorted(new.rates.items())]
        if new.quiet is not None:
            start, end = new.quiet.split("-")
            caps.append(words.say("contact.quiet", start=start, end=end))
    yield " ".join([words.say(f"change.contact_{_OFTENER[kind]}"), *caps])


def _lasts(words: Catalogue, lasts: Duration | None) -> str:
    return words.duration(lasts) if lasts is not None else words.say("change.lasts_endless")
