"""The word lists beside this file, read once each."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "data"


def folded(text: str) -> str:
    """A text without capitals and accents, with single blanks."""
    return " ".join(unaccented(text).casefold().split())


def unaccented(text: str) -> str:
    """A text without accents, which in Latin, Greek and Cyrillic letters are marks of their own block."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFKC", bare)


@cache
def words(name: str) -> frozenset[str]:
    """The words of a list that has blanks between them."""
    return frozenset(word for line in lines(name) for word in line.split())


@cache
def phrases(name: str) -> frozenset[str]:
    """The phrases of a list that has `|` between them."""
    return frozenset(phrase.strip() for line in lines(name) for phrase in line.split("|"))


def lines(name: str) -> Iterator[str]:
    """The lines of a list that are no comments."""
    text = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def countries() -> frozenset[str]:
    """ISO 3166-1 codes of two letters, and the countries' names in several languages (Unicode CLDR, by Babel)."""
    return country_codes() | _named("territories", (2,))


@cache
def country_codes() -> frozenset[str]:
    """ISO 3166-1 codes of two letters, in small letters."""
    return frozenset(key.casefold() for key in _keys("territories") if len(key) == 2 and key.isalpha())


@cache
def languages() -> frozenset[str]:
    """The languages' ISO 639-1 codes, and their names in several languages (Unicode CLDR, by Babel)."""
    return frozenset(key for key in _keys("languages") if len(key) == 2) | _named("languages", (2, 3))


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes, in small letters."""
    return frozenset(key.casefold() for key in _keys("currencies"))


def _keys(what: str) -> list[str]:
    from babel import Locale

    return [str(key) for key in getattr(Locale("en"), what)]


def _named(what: str, lengths: tuple[int, ...]) -> frozenset[str]:
    """The names, in several languages, of what has keys of these lengths."""
    from babel import Locale

    tongues = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv")
    names = (getattr(Locale(language), what).items() for language in tongues)
    return frozenset(folded(str(name)) for each in names for key, name in each if len(key) in lengths)
