"""What the company calls things, in the language of a notice where it translated them and in its own where not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bailee.policy.model import WRITTEN_IN, Policy, Purpose, Texts
from bailee.policy.terms import ToWhom
from bailee.policy.wording.catalogue import Catalogue

Part = Literal["title", "why", "customer_gains", "company_gains"]


@dataclass
class Names:
    """The company's names for categories, uses and recipients, told in one language.

    `untranslated` says whether anything was told in the company's language for want of a translation.
    """

    words: Catalogue
    policy: Policy | None = None
    recipients: Mapping[str, str] = field(default_factory=dict)
    untranslated: bool = False

    @property
    def own_language(self) -> str:
        """The language of the company's own words."""
        return self.policy.written_in if self.policy else WRITTEN_IN

    def category(self, key: str) -> str:
        """What a category is called: by the company itself, or by the catalogue; else by its key."""
        own = self.policy.categories.get(key) if self.policy else None
        if own is not None:
            return self.own(own.title, own.texts, "title")
        return self.words.say(f"category.{key}") if self.words.known(f"category.{key}") else self._key(key)

    def use(self, key: str) -> str:
        """What a data use is called."""
        own = self.policy.uses.get(key) if self.policy else None
        if own is not None:
            return self.own(own, {}, "title")
        return self.words.say(f"use.{key}") if self.words.known(f"use.{key}") else self._key(key)

    def recipient(self, key: str) -> str:
        """The name of a recipient, which is the same in every language."""
        known = self.policy.recipients.get(key) if self.policy else None
        return said(known.title) if known is not None else self.recipients.get(key, key.replace("_", " "))

    def industry(self, word: str) -> str:
        """A branch of business, in the company's word where the catalogue has none."""
        key = f"industry.{word.strip().lower().replace(' ', '_')}"
        return self.words.say(key) if self.words.known(key) else self.free(word.replace("_", " "))

    def about(self, key: str, to: ToWhom) -> list[str]:
        """What is said of a recipient: what it may do, its business, its place, and the most that it gets."""
        found = [self.words.say(f"recipients.{to.role}", title=self.recipient(key))]
        if to.industry:
            found.append(self.words.say("recipients.industry", industry=self.industry(to.industry)))
        if to.place:
            found.append(self.words.say("recipients.place", place=self.words.place(to.place)))
        if to.at_most:
            found.append(self.words.say(f"at_most.{to.at_most.name.lower()}"))
        return found

    def of(self, purpose: Purpose, part: Part) -> str:
        """The company's own words about a purpose."""
        return self.own(getattr(purpose, part), purpose.texts, part)

    def own(self, text: str, texts: Mapping[str, Texts], part: Part) -> str:
        """The company's words in this language, or in its own."""
        translated = getattr(texts.get(self.words.language, Texts()), part)
        return said(translated) if translated is not None else self.free(text)

    def free(self, text: str) -> str:
        """Words that nobody translated."""
        if self.own_language.partition("-")[0] != self.words.language.partition("-")[0]:
            self.untranslated = True
        return said(text)

    def _key(self, key: str) -> str:
        """A category or use that neither knows any more, such as one of an earlier policy."""
        self.untranslated = True
        return key.rpartition(".")[2].replace("_", " ")


def said(text: str) -> str:
    """A text of the policy on one line."""
    return " ".join(text.split())
