"""The notice of a purpose: every part of its terms, and whom it is about, as short sentences under plain headings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bailee.policy.model import Policy, Purpose
from bailee.policy.terms import Terms, terms_of
from bailee.policy.wording.catalogue import catalogue
from bailee.policy.wording.choosing import choice
from bailee.policy.wording.names import Names, said
from bailee.policy.wording.whom import who
from bailee.vocabulary import Effect, Treatment

#: Effects of which a notice says that they must not happen, where the terms do not list them.
_NEVER = (Effect.PRICE, Effect.ADVERSE)


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and the sentences under it; `key` is the same in every language."""

    key: str
    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A notice: `text` is what is registered and shown. `untranslated` says that it fell back to the company's language
    somewhere, which the notice itself says too."""

    purpose: str
    language: str
    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    terms: Terms
    untranslated: bool

    @property
    def text(self) -> str:
        """The whole notice as plain text."""
        blocks = ["\n".join((self.title, *self.lead))]
        blocks += ["\n".join((section.heading, *section.sentences)) for section in self.sections]
        return "\n\n".join(blocks) + "\n"


@dataclass(frozen=True, slots=True)
class Writing:
    """What each section is written from."""

    names: Names
    policy: Policy
    purpose: Purpose
    terms: Terms

    def say(self, key: str, **parts: object) -> str:
        """A sentence of the language."""
        return self.names.words.say(key, **parts)


def write(policy: Policy, purpose: str, language: str) -> Written:
    """The notice of a purpose of the policy in a language; KeyError where either does not exist."""
    names = Names(catalogue(language), policy)
    asked = policy.purposes[purpose]
    terms = terms_of(policy, asked)
    writing = Writing(names, policy, asked, terms)
    title = names.of(asked, "title")
    sections = tuple(
        Section(key, writing.say(f"heading.{key}"), sentences)
        for key, tell in _SECTIONS.items()
        if (sentences := tuple(tell(writing)))
    )
    lead = [writing.say("byline", company=said(policy.company))]
    if names.untranslated:
        own = names.words.called(names.own_language)
        lead.append(writing.say("untranslated", company=said(policy.company), language=own))
    return Written(purpose, language, title, tuple(lead), sections, terms, names.untranslated)


def _why(writing: Writing) -> Iterator[str]:
    yield writing.names.of(writing.purpose, "why")
    yield writing.say("why.use", use=writing.names.use(writing.terms.use))


def _reads(writing: Writing) -> Iterator[str]:
    terms, words = writing.terms, writing.names.words
    for treatment in Treatment:
        read = [writing.names.category(key) for key in sorted(terms.reads) if terms.reads[key] is treatment]
        if read:
            group = terms.release.min_group or 1
            yield words.say(f"reads.{treatment.name.lower()}", list=words.listed(read), group=group)
    if terms.release.min_group and Treatment.AGGREGATE not in terms.reads.values():
        yield words.say("reads.group", group=terms.release.min_group)
    if terms.release.epsilon is not None:
        amount, per = terms.release.epsilon.amount, terms.release.epsilon.per
        yield words.say("reads.noise", amount=words.number(amount), duration=words.duration(per))


def _effects(writing: Writing) -> Iterator[str]:
    for effect in Effect:
        if effect in writing.terms.effects:
            yield writing.say(f"effects.{effect}")
    for effect in _NEVER:
        if effect not in writing.terms.effects:
            yield writing.say(f"never.{effect}")


def _decisions(writing: Writing) -> Iterator[str]:
    if writing.purpose.decides is not None:
        yield writing.say(f"decisions.{writing.purpose.decides}")


def _recipients(writing: Writing) -> Iterator[str]:
    if not writing.purpose.recipients:
        yield writing.say("recipients.nobody", company=said(writing.policy.company))
    for key in writing.purpose.recipients:
        sentences = writing.names.about(key, writing.terms.recipients[key])
        safeguard = writing.policy.recipients[key].safeguard
        if safeguard is not None:
            sentences.append(writing.say("recipients.safeguard", text=writing.names.free(safeguard)))
        yield " ".join(sentences)


def _keep(writing: Writing) -> Iterator[str]:
    keep = writing.terms.keep
    how = "keep.activity" if keep.from_last_activity else "keep.row"
    yield writing.say(how, duration=writing.names.words.duration(keep.duration))


def _contact(writing: Writing) -> Iterator[str]:
    contact = writing.terms.contact
    if contact is not None:
        for way, rate in sorted(contact.rates.items()):
            yield writing.names.words.rate(way, rate)
        if contact.quiet is not None:
            start, end = contact.quiet.split("-")
            yield writing.say("contact.quiet", start=start, end=end)


def _gains(writing: Writing) -> Iterator[str]:
    yield writing.say("gains.customer", text=writing.names.of(writing.purpose, "customer_gains"))
    yield writing.say("gains.company", text=writing.names.of(writing.purpose, "company_gains"))


def _who(writing: Writing) -> Iterator[str]:
    yield from who(writing.purpose, writing.names.words)


def _choice(writing: Writing) -> Iterator[str]:
    yield from choice(writing.policy, writing.purpose, writing.names)


#: The sections in the order in which they are read, each left out where it has nothing to say.
_SECTIONS: dict[str, Callable[[Writing], Iterator[str]]] = {
    "why": _why,
    "reads": _reads,
    "effects": _effects,
    "decisions": _decisions,
    "recipients": _recipients,
    "keep": _keep,
    "contact": _contact,
    "gains": _gains,
    "who": _who,
    "choice": _choice,
}
