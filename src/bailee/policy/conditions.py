"""Conditions on one row: what they are made of, their SQL, and their three-valued meaning, which is DuckDB's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. `kind` is `text`, `number`, `truth` or `null`, so that TRUE and 1 differ."""

    kind: str
    value: str | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A column, in folded spelling."""

    name: str


Operand = Name | Literal


@dataclass(frozen=True, slots=True)
class Compare:
    """`left operator right`, with one of = != < <= > >=."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class In:
    """Whether the item equals one of the choices."""

    item: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """Whether text has the pattern's shape; `%` is any text and `_` any one character. Nothing escapes them."""

    item: Operand
    pattern: str
    any_case: bool


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether there is no value."""

    item: Operand


@dataclass(frozen=True, slots=True)
class Truth:
    """A column of booleans, by itself."""

    item: Name


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Both:
    """Every part."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part."""

    parts: tuple[Condition, ...]


Condition = Compare | In | Like | IsNull | Truth | Not | Both | Either


def names(part: Condition | Operand) -> Iterator[str]:
    match part:
        case Name(name):
            yield name
        case Both(parts) | Either(parts):
            for each in parts:
                yield from names(each)
        case Not(inner):
            yield from names(inner)
        case Compare(_, left, right):
            yield from names(left)
            yield from names(right)
        case In(item, choices):
            for each_operand in (item, *choices):
                yield from names(each_operand)
        case Like(item) | IsNull(item) | Truth(item):
            yield from names(item)


def text(part: Condition, quote: Callable[[str], str], *, tried: bool) -> str:
    """SQL of one condition. `tried` makes a comparison whose values cannot be converted unknown instead of an error."""

    def operand(item: Operand) -> str:
        return quote(item.name) if isinstance(item, Name) else _literal(item)

    match part:
        case Both(parts):
            return " AND ".join(f"({text(each, quote, tried=tried)})" for each in parts)
        case Either(parts):
            return " OR ".join(f"({text(each, quote, tried=tried)})" for each in parts)
        case Not(inner):
            return f"NOT ({text(inner, quote, tried=tried)})"
        case Compare(operator, left, right):
            said = f"{operand(left)} {operator} {operand(right)}"
        case In(item, choices) if tried and any(isinstance(each, Name) for each in choices):
            # One by one: an engine reads all operands of a list in one kind, and so a literal otherwise than by itself.
            each_alone = (Compare("=", item, each) for each in choices)
            return text(Either(tuple(each_alone)), quote, tried=tried)
        case In(item, choices):
            said = f"{operand(item)} IN ({', '.join(map(operand, choices))})"
        case Like(item, pattern, any_case):
            said = f"{operand(item)} {'ILIKE' if any_case else 'LIKE'} {_literal(Literal('text', pattern))}"
        case IsNull(item):
            return f"{operand(item)} IS NULL"
        case Truth(item):
            said = operand(item)
    return f"TRY({said})" if tried else said


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(literal: Literal) -> str:
    if literal.kind == "text":
        return "'" + str(literal.value).replace("'", "''") + "'"
    if literal.kind == "number":
        return f"{literal.value:f}"
    return {True: "TRUE", False: "FALSE", None: "NULL"}[literal.value]  # type: ignore[index]


def holds(part: Condition, row: Mapping[str, object]) -> bool | None:
    match part:
        case Both(parts):
            return _all([holds(each, row) for each in parts])
        case Either(parts):
            return _opposite(_all([_opposite(holds(each, row)) for each in parts]))
        case Not(inner):
            return _opposite(holds(inner, row))
        case Compare(operator, left, right):
            return _compare(operator, left, right, row)
        case In(item, choices):
            found = [_opposite(_compare("=", item, each, row)) for each in choices]
            return _opposite(_all(found))
        case Like(item, pattern, any_case):
            value = _value(item, row)
            return _like(value, pattern, any_case) if isinstance(value, str) else None
        case IsNull(item):
            return _value(item, row) is None
        case Truth(item):
            value = _value(item, row)
            return value if isinstance(value, bool) else None


def _value(item: Operand, row: Mapping[str, object]) -> object:
    return row[item.name] if isinstance(item, Name) else item.value


def _all(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def _opposite(value: bool | None) -> bool | None:
    return None if value is None else not value


def constant(operator: str, left: Literal, right: Literal) -> bool | None:
    """What a comparison of two literals says."""
    return _compare(operator, left, right, {})


def lowered(pattern: str) -> str:
    """Text in the lower case that ILIKE compares."""
    return _lower(pattern)


def moment(text: str) -> datetime | None:
    """The instant that a literal names where it is compared with times; None where it names none."""
    try:
        return _instant(datetime.fromisoformat(text))
    except ValueError:
        return None


def _compare(operator: str, left: Operand, right: Operand, row: Mapping[str, object]) -> bool | None:
    pair = _comparable(_value(left, row), _value(right, row), isinstance(left, Literal), isinstance(right, Literal))
    if pair is None:
        return None
    a, b = pair
    if operator in ("=", "!="):
        return (a == b) is (operator == "=")
    less, same = bool(a < b), bool(a == b)  # type: ignore[operator]
    return {"<": less, "<=": less or same, ">": not less and not same, ">=": not less}[operator]


def _comparable(a: object, b: object, a_literal: bool, b_literal: bool) -> tuple[object, object] | None:
    """The two values in one kind, or None where they have none in common. Text of a literal takes the other's kind."""
    if a_literal and isinstance(a, str) and not isinstance(b, str):
        a = _read(a, b)
    elif b_literal and isinstance(b, str) and not isinstance(a, str):
        b = _read(b, a)
    for kind in (str, bool):
        if isinstance(a, kind) and isinstance(b, kind):
            return a, b
    if isinstance(a, bool) or isinstance(b, bool):
        return None
    if isinstance(a, int | float | Decimal) and isinstance(b, int | float | Decimal):
        floats = isinstance(a, float) or isinstance(b, float)
        return (_rank(float(a)), _rank(float(b))) if floats else (a, b)
    if isinstance(a, date) and isinstance(b, date):
        both_days = not isinstance(a, datetime) and not isinstance(b, datetime)
        return (a, b) if both_days else (_instant(a), _instant(b))
    return None


def _rank(value: float) -> tuple[bool, float]:
    """NaN equals itself and is above every number, as in DuckDB."""
    return (True, 0.0) if value != value else (False, value)


def _instant(value: date) -> datetime:
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _read(text: str, other: object) -> object:
    """The text as a value of the other's kind; None where it is none."""
    try:
        if isinstance(other, datetime):
            return _instant(datetime.fromisoformat(text))
        if isinstance(other, date):
            return datetime.fromisoformat(text).date()
        if isinstance(other, int) and not isinstance(other, bool):
            return int(text) if re.fullmatch(r"-?[0-9]+", text) else None
    except ValueError:
        return None
    return None


def _like(value: str, pattern: str, any_case: bool) -> bool:
    if any_case:
        value, pattern = _lower(value), _lower(pattern)
    return _shape(pattern).fullmatch(value) is not None


def _lower(text: str) -> str:
    """Lower case character by character, as DuckDB does: no context, no growth."""
    return "".join(character.lower()[0] for character in text)


@lru_cache(maxsize=256)
def _shape(pattern: str) -> re.Pattern[str]:
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(character) or re.escape(character) for character in pattern), re.DOTALL)
