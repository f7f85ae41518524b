"""The leaves of both files as pydantic types; each says what was found, what was expected and the nearest spelling.

Names are checked against the `Words` of the file, so that one run finds all that is misspelt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from bailee.policy import currencies, places, taxonomy
from bailee.policy.coarsen import Coarsen
from bailee.policy.model import ELSEWHERE
from bailee.policy.predicates import Predicate
from bailee.policy.reader import Number, Tree
from bailee.policy.units import Duration, Rate
from bailee.vocabulary import Basis, Effect, Principle, Treatment

T = TypeVar("T")
KEY = r"[a-z][a-z0-9_]{0,62}"
#: A language tag as far as notices need one (RFC 5646).
LANGUAGE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}"
DOTTED = r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*"


@dataclass
class Words:
    """What the names in a file can refer to; None where a name need not refer to anything."""

    tree: Tree
    categories: frozenset[str] | None = None
    uses: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    recipients: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    places: frozenset[str] = field(default_factory=places.codes)


def wrong(message: str) -> PydanticCustomError:
    """An error that says exactly this."""
    return PydanticCustomError("bailee", "{said}", {"said": message})


def shown(value: object) -> str:
    """What was found, in a few words."""
    if isinstance(value, str):
        return f"`{value}`" if len(value) <= 60 else f"`{value[:57]}...`"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "a list" if isinstance(value, list) else "a mapping"


def meant(word: str, words: Iterable[str]) -> str:
    """The nearest spelling, as the end of a message."""
    near = taxonomy.nearest(word, words)
    return f"; did you mean `{near}`?" if near else ""


def listed(words: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    names = [f"`{word}`" for word in words]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def said(value: object, expected: str) -> str:
    """The value as text; an error where it is not text or says nothing."""
    if not isinstance(value, str):
        raise wrong(f"found {shown(value)}, expected {expected}")
    if not value.strip():
        raise wrong("found empty text, expected something in it")
    return str(value)


def one_of(noun: str, words: Iterable[str]) -> Callable[[object], str]:
    """A check that the value is one of few words."""
    known = tuple(words)

    def check(value: object) -> str:
        word = said(value, listed(known))
        if word not in known:
            raise wrong(f"unknown {noun} {shown(word)}: expected {listed(known)}{meant(word, known)}")
        return word

    return check


def known_in(attribute: str, noun: str, expected: str) -> Callable[[object, ValidationInfo], str]:
    """A check that the value is among one kind of the file's words."""

    def check(value: object, info: ValidationInfo) -> str:
        word = said(value, expected)
        words: frozenset[str] | None = getattr(info.context, attribute)
        if words is not None and word not in words:
            raise wrong(f"unknown {noun} {shown(word)}: expected {expected}{meant(word, words)}")
        return word

    return check


def parsed(read: Callable[[str], T], expected: str) -> Callable[[object], T]:
    """A check that the text can be read."""

    def check(value: object) -> T:
        try:
            return read(said(value, expected))
        except ValueError as error:
            raise wrong(str(error)) from None

    return check


def shaped(pattern: str, expected: str) -> Callable[[object], str]:
    """A check that the text has a shape."""

    def check(value: object) -> str:
        text = said(value, expected)
        if not re.fullmatch(pattern, text):
            raise wrong(f"found {shown(text)}, expected {expected}")
        return text

    return check


def whole(least: int, most: int, why: str = "") -> Callable[[object], int]:
    """A check for a whole number within bounds."""

    def check(value: object) -> int:
        fits = isinstance(value, Number) and re.fullmatch("[0-9]{1,9}", value)
        if not fits or not least <= int(str(value)) <= most:
            raise wrong(f"found {shown(value)}, expected a whole number from {least} to {most}{why}")
        return int(str(value))

    return check


def number(value: object) -> Decimal:
    """A check for a decimal number of at most six decimals, as it was written."""
    if not isinstance(value, Number) or not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", value):
        raise wrong(f"found {shown(value)}, expected a number of at most six decimals")
    exact = Decimal(str(value))
    return Decimal(f"{exact.normalize():f}") if exact else Decimal(0)


def share(value: object) -> Decimal:
    """A check for such a number above 0."""
    found = number(value)
    if found <= 0:
        raise wrong(f"found `{found}`, expected a number above 0")
    return found


def rows(value: object) -> int:
    """A check for a number of rows."""
    found = re.fullmatch("([1-9][0-9]{0,3}) +rows?", value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"found {shown(value)}, expected a number of rows up to 9999, such as `3 rows`")
    return int(found[1])


def bounds(value: object) -> tuple[Decimal, Decimal]:
    """A check for two numbers, the lower one first; they hold something besides 0."""
    if not isinstance(value, list) or len(value) != 2:
        raise wrong(f"found {shown(value)}, expected the least and the most of a row, such as `[0, 200]`")
    low, high = map(number, value)
    if low >= high:
        raise wrong(f"found `[{low}, {high}]`, expected the lower number first, such as `[0, 200]`")
    return low, high


def value_of(value: object) -> str:
    """A check for one value of a column, as the text that it is written as."""
    return str(value).lower() if isinstance(value, bool) else said(value, "a value of the column")


def truth(value: object) -> bool:
    """A check for `true` or `false`."""
    if not isinstance(value, bool):
        raise wrong(f"found {shown(value)}, expected `true` or `false`")
    return value


def _currency(value: object) -> str:
    expected = "a currency as the three capital letters of ISO 4217, such as `USD`"
    code = said(value, expected)
    if code not in currencies.CODES:
        raise wrong(f"unknown currency {shown(code)}: expected {expected}{meant(code.upper(), currencies.CODES)}")
    return code


def _text(value: object) -> str:
    return said(value, "text")


def _schema(**words: Any) -> WithJsonSchema:
    return WithJsonSchema(words)


_TREATMENTS = {treatment.name.lower(): treatment for treatment in Treatment}
_ROLES = ("processor", "joint", "third_party")
_DECIDES = ("alone", "with_human")
_place = known_in("places", "place", "a code of ISO 3166, such as `US` or `US-VT`")
_effect = one_of("effect", Effect)
_basis = one_of("basis", Basis)
_principle = one_of("principle", Principle)
_treatment = one_of("treatment", _TREATMENTS)

Text = Annotated[str, PlainValidator(_text), _schema(type=["string", "number"])]
Truth = Annotated[bool, PlainValidator(truth), _schema(type="boolean")]
Key = Annotated[
    str,
    PlainValidator(shaped(KEY, "a key of lower-case letters, digits and `_` that begins with a letter")),
    _schema(type="string", pattern=f"^{KEY}$"),
]
LanguageTag = Annotated[
    str,
    PlainValidator(shaped(LANGUAGE, "a language, such as `es` or `pt-BR`")),
    _schema(type="string", pattern=f"^{LANGUAGE}$"),
]
Age = Annotated[int, PlainValidator(whole(0, 150)), _schema(type="integer", minimum=0, maximum=150)]
GroupSize = Annotated[
    int,
    PlainValidator(whole(2, 10**9 - 1, ": a group of one is a person")),
    _schema(type="integer", minimum=2),
]
EffectName = Annotated[Effect, PlainValidator(lambda v: Effect(_effect(v))), _schema(enum=[*Effect])]
BasisName = Annotated[Basis, PlainValidator(lambda v: Basis(_basis(v))), _schema(enum=[*Basis])]
PrincipleName = Annotated[Principle, PlainValidator(lambda v: Principle(_principle(v))), _schema(enum=[*Principle])]
TreatmentName = Annotated[
    Treatment, PlainValidator(lambda v: _TREATMENTS[_treatment(v)]), _schema(enum=list(_TREATMENTS))
]
RoleName = Annotated[str, PlainValidator(one_of("role of a recipient", _ROLES)), _schema(enum=list(_ROLES))]
DecidesName = Annotated[str, PlainValidator(one_of("word for `decides`", _DECIDES)), _schema(enum=list(_DECIDES))]
Category = Annotated[
    str,
    PlainValidator(known_in("categories", "category", "a key of the taxonomy or of `categories` in the policy")),
    _schema(type="string", pattern=f"^{DOTTED}$"),
]
UseName = Annotated[
    str,
    PlainValidator(known_in("uses", "use", "a data use of the taxonomy or of `uses` in the policy")),
    _schema(type="string", pattern=f"^{DOTTED}$"),
]
_PLACE = "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"
Place = Annotated[
    str,
    PlainValidator(_place),
    _schema(type="string", pattern=_PLACE),
]
PlaceOrElsewhere = Annotated[
    str,
    PlainValidator(lambda v, info: v if v == ELSEWHERE else _place(v, info)),
    _schema(type="string", pattern=f"{_PLACE}|^{ELSEWHERE}$"),
]
OwnCategoryKey = Annotated[
    str,
    PlainValidator(shaped(r"(user|system)(\.[a-z0-9_]+)+", "a new dotted key under `user.` or `system.`")),
    _schema(type="string", pattern=r"^(user|system)(\.[a-z0-9_]+)+$"),
]
OwnUseKey = Annotated[
    str,
    PlainValidator(shaped(DOTTED, "a dotted key of lower-case letters, digits and `_`")),
    _schema(type="string", pattern=f"^{DOTTED}$"),
]
_HOUR = "([01][0-9]|2[0-3]):[0-5][0-9]"
Quiet = Annotated[
    str,
    PlainValidator(shaped(f"{_HOUR}-{_HOUR}", "a daily span, such as `21:00-08:00`")),
    _schema(type="string", pattern=f"^{_HOUR}-{_HOUR}$"),
]
PurposeKey = Annotated[
    str, PlainValidator(known_in("purposes", "purpose", "a key of `purposes`")), _schema(type="string")
]
RecipientKey = Annotated[
    str, PlainValidator(known_in("recipients", "recipient", "a key of `recipients`")), _schema(type="string")
]
StaffRole = Annotated[str, PlainValidator(known_in("roles", "role", "a key of `roles`")), _schema(type="string")]
DurationText = Annotated[
    Duration,
    PlainValidator(parsed(Duration.parse, "a duration, such as `2 years`")),
    _schema(type="string", pattern="^ *[0-9]+ +(year|month|week|day|hour|minute)s? *$"),
]
RateText = Annotated[
    Rate,
    PlainValidator(parsed(Rate.parse, "a rate, such as `2 per 7 days`")),
    _schema(type="string", pattern="^ *[0-9.]+ +per +([0-9]+ +)?(year|month|week|day|hour|minute)s? *$"),
]
CoarsenText = Annotated[
    Coarsen,
    PlainValidator(parsed(Coarsen.parse, "a way to coarsen, such as `band 20`")),
    _schema(type="string", pattern="^(band +[0-9.]+|prefix +[0-9]+|year|quarter|month|week|day|hour)$"),
]
Currency = Annotated[str, PlainValidator(_currency), _schema(type="string", pattern="^[A-Z]{3}$")]
Share = Annotated[Decimal, PlainValidator(share), _schema(type="number", exclusiveMinimum=0)]
RowsText = Annotated[int, PlainValidator(rows), _schema(type="string", pattern="^ *[1-9][0-9]{0,3} +rows? *$")]
Bounds = Annotated[
    tuple[Decimal, Decimal],
    PlainValidator(bounds),
    _schema(type="array", items={"type": "number"}, minItems=2, maxItems=2),
]
Value = Annotated[str, PlainValidator(value_of), _schema(type=["string", "number", "boolean"])]
When = Annotated[Predicate, PlainValidator(parsed(Predicate.parse, "a condition on columns")), _schema(type="string")]
