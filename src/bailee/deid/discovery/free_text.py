"""Whether free text holds what the company knows of its own customers: their values, as keyed hashes in memory only.

A name counts where two or more of its words stand side by side, a street where its number does too; one word alone
would be found everywhere.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from bailee.deid.discovery.lists import folded

NAME, EMAIL, PHONE, STREET = "user.name", "user.contact.email", "user.contact.phone_number", "user.contact.address"
#: What is looked for, by the category of the column that it is from; the longest prefix counts.
LOOKED_FOR: Mapping[str, str] = {
    "user.name": NAME,
    "user.contact.email": EMAIL,
    "user.contact.phone_number": PHONE,
    "user.contact.address.street": STREET,
}
#: A text or two may hold a name by chance.
FEWEST = 3

_WORD = re.compile(r"[^\W_]+")
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+?[0-9](?:[ ()./-]{0,2}[0-9]){6,16}")
_SHORTEST, _LONGEST = 2, 5
_PHONE_DIGITS = 9


class Known:
    """The customers' own values, hashed under a key that is made anew for each look; none can be got out again."""

    def __init__(self, key: bytes) -> None:
        self._key = key[:64]
        self._held: dict[str, set[bytes]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._held.values()))

    def add(self, what: str, values: Iterable[str]) -> None:
        """Take in values of one of the kinds in `LOOKED_FOR`; those that say too little are left out."""
        held = self._held.setdefault(what, set())
        for value in values:
            held.update(map(self._hash, _spellings(what, value)))

    def count(self, texts: Iterable[str]) -> Mapping[str, int]:
        """How many of the texts hold a value, by its kind; none where so few do that it may be chance."""
        found: Counter[str] = Counter()
        for text in texts:
            found.update(self._in(text))
        return {what: count for what, count in found.items() if count >= FEWEST}

    def _in(self, text: str) -> Iterator[str]:
        for what, held in self._held.items():
            if held and any(self._hash(part) in held for part in _parts(what, text)):
                yield what

    def _hash(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=10).digest()


def _spellings(what: str, value: str) -> Iterator[str]:
    plain = folded(value)
    if what == EMAIL:
        if _EMAIL.fullmatch(plain):
            yield plain
    elif what == PHONE:
        digits = "".join(filter(str.isdecimal, plain))
        if 7 <= len(digits) <= 16:
            yield digits[-_PHONE_DIGITS:]
    else:
        words = _WORD.findall(plain)
        numbered = any(word[0].isdigit() for word in words)
        if _SHORTEST <= len(words) <= _LONGEST and (numbered or what == NAME) and len("".join(words)) >= 6:
            yield " ".join(words)
            if what == NAME:
                yield " ".join((words[-1], *words[:-1]))


def _parts(what: str, text: str) -> Iterator[str]:
    plain = folded(text)
    if what == EMAIL:
        yield from (found.rstrip(".") for found in _EMAIL.findall(plain))
    elif what == PHONE:
        for found in _PHONE.findall(plain):
            yield "".join(filter(str.isdecimal, found))[-_PHONE_DIGITS:]
    else:
        words = _WORD.findall(plain)
        for size in range(_SHORTEST, _LONGEST + 1):
            yield from (" ".join(words[at : at + size]) for at in range(len(words) - size + 1))
