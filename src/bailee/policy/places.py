"""Countries (ISO 3166-1 alpha-2) and subdivisions (ISO 3166-2), such as `US` and `US-VT`, and which lies in which.

The codes come from `data/places.json`, read once when first asked for. A code is upper case and compared as written:
`PR` and `US-PR` name one island by two codes, and only the second lies within `US` (`also` tells of such pairs).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "data" / "places.json"
_SPANISH = Path(__file__).parent / "data" / "places_es.json"


@cache
def _read() -> dict[str, Any]:
    return dict(json.loads(_FILE.read_text(encoding="utf-8")))


@cache
def _spanish() -> dict[str, Any]:
    return dict(json.loads(_SPANISH.read_text(encoding="utf-8")))


@cache
def codes() -> frozenset[str]:
    """Every code of a country or subdivision, for `nearest`."""
    data = _read()
    inner = (f"{country}-{part}" for country, parts in data["subdivisions"].items() for part in parts)
    return frozenset(data["countries"]).union(inner)


def known(code: str) -> bool:
    """Whether ISO 3166 has this country or subdivision."""
    country, dash, part = code.partition("-")
    data = _read()
    return part in data["subdivisions"].get(country, ()) if dash else code in data["countries"]


def name(code: str, language: str = "en") -> str:
    """The name of a place, a subdivision's without its country's; KeyError when the code is not known.

    In Spanish (`es`) as far as it differs from the English name, which is what there is in every other language.
    """
    country, dash, part = code.partition("-")
    data = _read()
    english = str(data["subdivisions"][country][part] if dash else data["countries"][country])
    if language != "es":
        return english
    found: dict[str, str] = _spanish()["subdivisions"].get(country, {}) if dash else _spanish()["countries"]
    return found.get(part or country, english)


def within(place: str, area: str) -> bool:
    """Whether `place` is `area` or lies in it; False where either code is not known."""
    return known(area) and known(place) and area in _around(place)


def also(code: str) -> str | None:
    """The country code of a subdivision that has one of its own (`US-PR` -> `PR`), or the other way round, or None."""
    pairs: dict[str, str] = _read()["also"]
    return pairs.get(code) or next((inner for inner, outer in pairs.items() if outer == code), None)


@cache
def _around(place: str) -> tuple[str, ...]:
    """A place and everything it lies in, the smallest first."""
    parent = _read()["parents"].get(place, place[:2])
    return (place,) if parent == place else (place, *_around(parent))
