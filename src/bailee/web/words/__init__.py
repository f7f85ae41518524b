"""What pages say, by language: one file each, all with the same keys; numbers, dates and money in the reader's way."""

from __future__ import annotations

import datetime as calendar
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision
from ruamel.yaml import YAML

FALLBACK = "en"
#: More than anybody reads as money, and the digits after the point beyond which a binary fraction is noise.
_TOO_LARGE, _NOISE = Decimal(10) ** 18, 9


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language, self.locale = language, Locale.parse(language, sep="-")
        self._said = _catalogue(language.partition("-")[0])

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of a key, filled in; where it has forms by number, `count` chooses one."""
        said = self._said[key]
        if isinstance(said, Mapping):
            form = self.locale.plural_form(values["count"])  # type: ignore[arg-type]  # a number
            said = said.get(form, said["other"])
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return str(said).format(**shown) if values else str(said)

    def has(self, key: str) -> bool:
        """Whether there is a sentence for a key."""
        return key in self._said

    def beginning(self, prefix: str) -> Mapping[str, str]:
        """The sentences without values whose keys begin so, by the rest of the key."""
        found = {key.removeprefix(prefix): said for key, said in self._said.items() if key.startswith(prefix)}
        return {key: said for key, said in found.items() if isinstance(said, str) and "{" not in said}

    def number(self, value: float | Decimal) -> str:
        """A number as readers write it."""
        return format_decimal(value, locale=self.locale)

    def percent(self, value: float) -> str:
        """A share of one, in percent."""
        return format_percent(value, locale=self.locale)

    def money(self, value: float | Decimal, currency: str) -> str:
        """An amount of money; one that is less than its smallest coin has the digits that it needs."""
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not exact.is_finite() or abs(exact) >= _TOO_LARGE:
            return f"{value} {currency}"
        if isinstance(value, float):
            exact = round(exact, _NOISE).normalize()
        whole = not exact or abs(exact) >= Decimal(10) ** -get_currency_precision(currency)
        return format_currency(exact, currency, locale=self.locale, decimal_quantization=whole)

    def listed(self, words: Sequence[str]) -> str:
        """Words one after the other, with the last joined as readers join it."""
        return format_list(list(words), locale=self.locale)

    def date(self, value: datetime, zone: tzinfo | None = None) -> str:
        """A day, in words."""
        return format_date(value.astimezone(zone) if zone else value, "long", locale=self.locale)

    def day(self, value: calendar.date) -> str:
        """A day that has no zone, in words."""
        return format_date(value, "long", locale=self.locale)

    def time(self, value: datetime, zone: tzinfo | None = None) -> str:
        """A day and time, with its zone, since a proof may turn on a minute."""
        return format_datetime(value, "d MMM y, HH:mm z", tzinfo=zone or value.tzinfo, locale=self.locale)


@cache
def words(language: str) -> Words:
    """The words of a language that `languages` has."""
    return Words(language)


@cache
def languages() -> Mapping[str, str]:
    """What there are words in, with what each calls itself."""
    found = sorted(each.name.removesuffix(".yaml") for each in files(__name__).iterdir() if each.name.endswith(".yaml"))
    return {name: str(_catalogue(name)["language"]) for name in found}


@cache
def _catalogue(language: str) -> Mapping[str, Any]:
    source = files(__name__) / f"{language}.yaml"
    read: Mapping[str, Any] = YAML(typ="safe", pure=True).load(source.read_text(encoding="utf-8"))
    return read
