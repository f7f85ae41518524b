"""The words of one language: sentences and phrases by key, from `LANGUAGE.yaml` in this folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from bailee.policy import places
from bailee.policy.units import Duration, Rate

FOLDER = Path(__file__).parent
#: Of these a duration is told in, the longest first: how many of the smaller one it takes.
_LONGER = {"month": (12, "year"), "day": (7, "week"), "minute": (60, "hour")}
#: Letters before which Spanish says `e` for `y`.
_SOUNDS_LIKE_I = ("i", "í", "hi", "hí")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language; `texts` has its sentences by dotted key, with braces for what is filled in."""

    language: str
    texts: Mapping[str, str]

    def say(self, key: str, **parts: object) -> str:
        """A sentence or phrase with its parts; KeyError for a key that the language lacks."""
        return self.texts[key].format(**parts)

    def known(self, key: str) -> bool:
        """Whether the language has words for a key."""
        return key in self.texts

    def listed(self, phrases: Sequence[str]) -> str:
        """`a`, `a and b`, or `a, b and c`."""
        *others, last = phrases
        if not others:
            return last
        like_i = last.lower().startswith(_SOUNDS_LIKE_I) and not last.lower().startswith(("hie", "ie"))
        joined = self.texts["join.comma"].join(others)
        return joined + self.texts["join.and_before_i" if like_i else "join.and"] + last

    def number(self, value: Decimal | int) -> str:
        """A number as the language writes it."""
        return f"{Decimal(value).normalize():f}".replace(".", self.texts["number.decimal"])

    def counted(self, key: str, count: Decimal | int, **parts: object) -> str:
        """The form for one thing or for many of them."""
        return self.say(f"{key}.{'one' if count == 1 else 'many'}", count=self.number(count), **parts)

    def duration(self, value: Duration) -> str:
        """`13 months`, in the largest unit of which it is a whole number."""
        for unit, count in (("month", value.months), ("day", value.days), ("minute", value.minutes)):
            if count:
                size, longer = _LONGER[unit]
                whole = count % size == 0
                return self.counted(f"duration.{longer if whole else unit}", count // size if whole else count)
        raise ValueError("a duration has one positive unit")

    def rate(self, way: str, rate: Rate) -> str:
        """At most how many messages of a kind in which time."""
        return self.counted(f"caps.{way}", rate.amount, duration=self.duration(rate.per))

    def place(self, code: str) -> str:
        """A country, or a part of one with its country."""
        name, country = places.name(code, self.language), code.partition("-")[0]
        if country == code:
            return name
        return self.say("place.inside", part=name, country=places.name(country, self.language))

    def places(self, codes: frozenset[str]) -> str:
        """Several places, in the order of their codes."""
        return self.listed([self.place(code) for code in sorted(codes)])

    def called(self, language: str) -> str:
        """What another language is called in this one."""
        key = f"languages.{language.partition('-')[0]}"
        return self.texts[key if key in self.texts else "languages.other"]


@cache
def languages() -> tuple[str, ...]:
    """The languages that notices can be written in, in alphabetical order of their tags."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language; KeyError where there is none."""
    from ruamel.yaml import YAML

    if language not in languages():
        raise KeyError(language)
    text = (FOLDER / f"{language}.yaml").read_text(encoding="utf-8")
    return Catalogue(language, dict(_flat(YAML(typ="safe", pure=True).load(text))))


def _flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, each in value.items():
        if isinstance(each, Mapping):
            yield from _flat(each, f"{above}{key}.")
        elif isinstance(each, str):
            yield f"{above}{key}", each
        else:
            raise TypeError(f"`{above}{key}` is {each!r}, expected text")
