"""Looks at some of a column's different values one by one, and keeps nothing of them but how many pass which check."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from bailee.deid.discovery import lists
from bailee.deid.discovery.checks import CHECKS

_LONGEST = 100
_PLAIN = re.compile(r"[^\W\d_]+", re.UNICODE)
_DIGITS = re.compile(r"[0-9]")


def passed(values: Iterable[str]) -> tuple[int, Mapping[str, int]]:
    """How many different values there are, and how many of them pass each check and stand in each list."""
    found: Counter[str] = Counter()
    different = {value.strip().casefold() for value in values}
    different.discard("")
    for value in different:
        if len(value) <= _LONGEST:
            found.update(_kept(value))
    return len(different), dict(found)


def _kept(value: str) -> Iterable[str]:
    if _DIGITS.search(value):
        yield from (name for name, (_, check) in CHECKS.items() if check.keeps(value))
    else:
        if CHECKS["nino"][1].keeps(value):
            yield "nino"
        yield from (name for name, holds in LISTS.items() if holds(lists.folded(value)))
    if _subdivision(value):
        yield "subdivision"


def _given(value: str) -> bool:
    return value in lists.words("first_names")


def _family(value: str) -> bool:
    return value in lists.words("surnames")


def _person(value: str) -> bool:
    """Two to five words, one of them a given name and another a family name, or given names alone."""
    words = [word for word in _PLAIN.findall(value) if len(word) > 1]
    if not 2 <= len(words) <= 5:
        return False
    given = [word in lists.words("first_names") for word in words]
    family = [word in lists.words("surnames") for word in words]
    return any(given) and (any(family[i] for i in range(len(words)) if not given[i]) or sum(given) > 1)


def _named(value: str) -> bool:
    """Two to five words, one of them a given name or a family name."""
    words = [word for word in _PLAIN.findall(value) if len(word) > 1]
    return 2 <= len(words) <= 5 and any(
        word in lists.words("first_names") or word in lists.words("surnames") for word in words
    )


def _subdivision(value: str) -> bool:
    """A part of a country by ISO 3166-2: `us-wa`, `fr-75`."""
    return bool(re.fullmatch(r"[a-z]{2}-[a-z0-9]{1,3}", value)) and value[:2] in lists.country_codes()


LISTS: Mapping[str, Callable[[str], bool]] = {
    "given": _given,
    "family": _family,
    "person": _person,
    "named": _named,
    "state": lambda value: value in lists.phrases("states"),
    "country": lambda value: value in lists.countries(),
    "language": lambda value: value in lists.languages(),
    "currency": lambda value: value in lists.currencies(),
    "city": lambda value: value in lists.phrases("cities"),
}
