"""A purpose in plain words, as its notice is written from the policy; and the notice that a choice cites, as kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bailee.errors import FactRejected
from bailee.gate.askers import Asker
from bailee.gate.gate import Gate
from bailee.people.choices import Recorded
from bailee.policy.terms import Kind
from bailee.vocabulary import EVERY_PURPOSE
from bailee.web.words import Words

_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
#: The sections of a notice that a card shows; the rest is in the notice itself.
FACTS = ("reads", "effects", "decisions", "recipients", "keep", "gains")
_WHY = "why"

Piece = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """The notice that covers what is promised today, in the reader's language or the one that there is."""

    digest: str
    language: str
    text: str

    @property
    def blocks(self) -> list[list[Piece]]:
        """Its paragraphs, each as pieces of text and whether they are in bold; a heading of its own is left out."""
        marked = self.text.lstrip().startswith("# ")
        found = []
        for block in re.split(r"\n\s*\n", self.text.strip()):
            if not (marked and block.startswith("# ")):
                text = " ".join(block.split()) if marked and "\n**" not in block else block
                parts = _BOLD.split(text) if marked else [text]
                found.append([(place % 2 == 1, part) for place, part in enumerate(parts) if part.strip()])
        return found


@dataclass(frozen=True, slots=True)
class Told:
    """What a card says of a purpose: its title, why, and its facts, each a key, a heading and sentences."""

    title: str
    why: Sequence[str]
    facts: Sequence[tuple[str, str, Sequence[str]]]


def shown(gate: Gate, language: str) -> dict[str, Shown]:
    """By purpose, the notice to show: the newest that covers today's terms, in the language if there is one."""
    found: dict[str, tuple[bool, str, str]] = {}
    for each in gate.notices():
        fits = each.language.partition("-")[0] == language.partition("-")[0]
        if each.covers and (fits or not found.get(each.purpose, (False,))[0]):
            found[each.purpose] = (fits, each.digest, each.language)
    return {key: Shown(digest, tongue, gate.notice_text(digest)) for key, (_, digest, tongue) in found.items()}


def told(gate: Gate, purpose: str, language: str) -> Told:
    """A purpose in a language."""
    written = gate.write_notice(purpose, language=language.partition("-")[0])
    sections = {each.key: each for each in written.sections}
    why = sections[_WHY].sentences if _WHY in sections else ()
    found = [sections[key] for key in FACTS if key in sections]
    return Told(written.title, why, [(each.key, each.heading, each.sentences) for each in found])


def titles(gate: Gate, say: Words) -> dict[str, str]:
    """What purposes are called, by key; every purpose at once too."""
    language = say.language.partition("-")[0]
    found = {key: gate.write_notice(key, language=language).title for key in gate.promise.policy.purposes}
    return {**found, EVERY_PURPOSE: say("me_every_purpose")}


def widened(gate: Gate, last: Recorded | None, notice: Shown | None, language: str) -> list[str]:
    """What is more today than what somebody agreed to last, in sentences."""
    if last is None or last.notice is None or notice is None:
        return []
    try:
        found = gate.compare_notices(last.notice, notice.digest, language=language.partition("-")[0])
    except FactRejected:
        return []
    return [each.sentence for each in found if each.kind is not Kind.NARROWER]


def asked(say: Words, asker: Asker | None, company: str) -> list[str]:
    """Who asked for a use, in sentences; the last says what of it the proof shows."""
    if asker is None:
        return [say("me_use_asker_unknown")]
    roles = say.listed(asker.roles)
    if asker.own:
        found = [say("me_use_asker_own_by", roles=roles, company=company) if roles else say("me_use_asker_own")]
    else:
        found = [say("me_use_asker_roles" if roles else "me_use_asker_none", roles=roles, company=company)]
    if roles and asker.declared:
        found.append(say("me_use_asker_declared"))
    return [*found, say("me_use_asker_proved" if asker.proved else "me_use_asker_word", company=company)]
