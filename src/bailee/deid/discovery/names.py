"""What a column's name says of it, whatever way its words are put together, in several languages."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from bailee.deid.discovery import lists

SURELY, RATHER, PERHAPS = 4.0, 2.3, 1.0

_STRENGTHS = {"!": SURELY, "?": PERHAPS}
_LONGEST = 5
_JOINTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BEFORE = frozenset(
    {"primary", "secondary", "main", "work", "old", "new", "my", "alt", "last", "kunden", "x", "tbl", "fk"}
)


class Phrase(NamedTuple):
    """A phrase in a header: the category that it names, how surely, and which words of the header it takes."""

    category: str
    weight: float
    text: str
    start: int
    stop: int


def words_of(header: str) -> tuple[str, ...]:
    """The words of a header, without accents and capitals: `cust_email`, `custEmail` and `Cust. E-mail` alike."""
    split = _JOINTS.sub(" ", lists.unaccented(header[:200]))
    return tuple(re.findall(r"[^\W_]+", split.casefold()))


@cache
def vocabulary() -> dict[str, tuple[str, float]]:
    """Each phrase, without blanks, with the category that it names and how surely."""
    found: dict[str, tuple[str, float]] = {}
    for line in lists.lines("headers"):
        category, *rest = line.split()
        weight = _STRENGTHS.get(rest[0], RATHER)
        for phrase in rest[1:] if rest[0] in _STRENGTHS else rest:
            found.setdefault(phrase, (category, weight))
    return found


def phrases_of(words: tuple[str, ...]) -> list[Phrase]:
    """The phrases that name a category, of those that overlap the longest."""
    known = vocabulary()
    every = [
        Phrase(*found, "".join(words[start:stop]), start, stop)
        for start in range(len(words))
        for stop in range(start + 1, min(len(words), start + _LONGEST) + 1)
        if (found := known.get("".join(words[start:stop])))
    ]
    every += [
        Phrase("user.unique_id", SURELY, "".join(words[start : start + 2]), start, start + 2)
        for start in range(len(words) - 1)
        if _names_people(words[start], words[start + 1]) or _names_people(words[start + 1], words[start])
    ]
    taken = {at for phrase in every for at in range(phrase.start, phrase.stop)}
    every += [phrase for at, word in enumerate(words) if at not in taken and (phrase := _glued(word, at))]
    return [
        phrase
        for phrase in every
        if not any(
            other is not phrase
            and other.start <= phrase.start
            and phrase.stop <= other.stop
            and other.stop - other.start > phrase.stop - phrase.start
            for other in every
        )
    ]


def _names_people(who: str, number: str) -> bool:
    """Whether two words are those of a key of people: `customer` and `no`, `id` and `cliente`."""
    return who in lists.words("people") and number in lists.words("numbers")


def _glued(word: str, at: int) -> Phrase | None:
    """A phrase with a number behind it, or with another word before it: `phone2`, `custemail`, `klantnr`."""
    known = vocabulary()
    if any(_names_people(word[:cut], word[cut:]) for cut in range(3, len(word) - 1)):
        return Phrase("user.unique_id", SURELY, word, at, at + 1)
    bare = word.rstrip("0123456789")
    if bare != word and bare in known:
        return Phrase(*known[bare], bare, at, at + 1)
    before = lists.words("people") | lists.words("whose") | lists.words("things") | _BEFORE
    for cut in range(1, len(bare) - 2):
        head, rest = bare[:cut], bare[cut:]
        if head in before and rest in known:
            category, weight = known[rest]
            thing = head in lists.words("things") and head not in lists.words("people") | lists.words("whose")
            return Phrase(category, weight * (0.25 if thing else 1.0), rest, at, at + 1)
    return None
