"""Rules of the map as SQL that cannot fail, for engines without TRY: every comparison is written for its own types.

A literal takes the type of the column that it is compared with, and a pair of values that `policy.conditions.holds`
calls incomparable is NULL, whatever an engine's own casts would make of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from bailee.policy.conditions import (
    Both,
    Compare,
    Condition,
    Either,
    In,
    IsNull,
    Like,
    Literal,
    Not,
    Operand,
    Truth,
    constant,
    lowered,
    moment,
)
from bailee.policy.predicates import Predicate
from bailee.rewrite.dialects.dialect import ColumnOf

_WHOLE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER", re.ASCII)
_EXACT = re.compile(r"DECIMAL\(\d{1,2},\d{1,2}\)", re.ASCII)
_NOBODYS = "!~^|#;:@&="


@dataclass(frozen=True, slots=True)
class Words:
    """What comparisons are made of in one dialect; templates have `{}` for an expression."""

    #: Text literals.
    text: Callable[[str], str]
    #: Text as the engine compares it by code points, whatever the column's collation.
    plain: str
    double: str
    #: A time with a zone as a naive one in UTC.
    naive: str
    #: Literals of the kinds of time.
    times: Mapping[str, Callable[[datetime], str]]
    unknown: str = "CAST(NULL AS BOOLEAN)"
    #: Whether text with a collation can be compared so.
    collated: bool = True


@dataclass(frozen=True, slots=True)
class _Value:
    """One side of a comparison: a literal, or a column with its SQL and the kind of its values."""

    literal: Literal | None
    sql: str = ""
    kind: str = ""


def typed(predicate: Predicate, column: ColumnOf, words: Words) -> str:
    """The rule over columns whose SQL and types are known."""
    return _Writer(column, words).condition(predicate.condition)


class _Writer:
    def __init__(self, column: ColumnOf, words: Words) -> None:
        self._column, self._words = column, words

    def condition(self, part: Condition) -> str:
        match part:
            case Both(parts):
                return " AND ".join(f"({self.condition(each)})" for each in parts)
            case Either(parts):
                return " OR ".join(f"({self.condition(each)})" for each in parts)
            case Not(inner):
                return f"NOT ({self.condition(inner)})"
            case Compare(operator, left, right):
                return self.compare(operator, self.value(left), self.value(right))
            case In(item, choices):
                value = self.value(item)
                return " OR ".join(f"({self.compare('=', value, self.value(each))})" for each in choices)
            case Like(item, pattern, any_case):
                return self.like(self.value(item), pattern, any_case)
            case IsNull(item):
                value = self.value(item)
                return f"{value.sql} IS NULL" if value.literal is None else _truth(value.literal.kind == "null")
            case Truth(item):
                value = self.value(item)
                return value.sql if value.kind == "truth" else self._words.unknown

    def value(self, operand: Operand) -> _Value:
        if isinstance(operand, Literal):
            return _Value(operand, kind=operand.kind)
        sql, type_name = self._column(operand.name)
        kind = _kind(type_name)
        if type_name.startswith("VARCHAR COLLATE") and not self._words.collated:
            kind = "other"
        return _Value(None, sql, kind)

    def compare(self, operator: str, left: _Value, right: _Value) -> str:
        if left.literal is not None and right.literal is not None:
            found = constant(operator, left.literal, right.literal)
            return self._words.unknown if found is None else _truth(found)
        pair = self.pair(left, right)
        sign = "<>" if operator == "!=" else operator
        return self._words.unknown if pair is None else f"{pair[0]} {sign} {pair[1]}"

    def pair(self, left: _Value, right: _Value) -> tuple[str, str] | None:
        """Both sides in one type, or None where their values have none in common."""
        kinds = {left.kind, right.kind}
        words, each = self._words, (left, right)
        if left.literal is None and right.literal is None and kinds <= {"date", "naive", "zoned"}:
            return self.time(left), self.time(right)
        if "text" in kinds and len(kinds) == 2:
            return self.read(left, right)
        if kinds == {"text"}:
            return words.plain.format(self.text(left)), words.plain.format(self.text(right))
        if kinds == {"truth"}:
            return self.truth(left), self.truth(right)
        if kinds <= {"number", "whole", "exact", "wide"}:
            return self.number(left), self.number(right)
        if kinds <= {"number", "whole", "exact", "float"}:
            first, second = (words.double.format(self.number(side)) for side in each)
            return first, second
        return None

    def read(self, left: _Value, right: _Value) -> tuple[str, str] | None:
        """A literal of text beside a column of another kind, which it is read as; None where it cannot be."""
        literal = left.literal or right.literal
        column = right if left.literal is not None else left
        if literal is None or literal.kind != "text":
            return None
        said = self.read_as(str(literal.value), column.kind)
        if said is None:
            return None
        sql = self.time(column) if column.kind == "zoned" else column.sql
        return (said, sql) if left.literal is not None else (sql, said)

    def read_as(self, text: str, kind: str) -> str | None:
        if kind == "whole":
            return f"{Decimal(text):f}" if re.fullmatch(r"-?[0-9]{1,40}", text) else None
        at = moment(text)
        if at is None or kind not in ("date", "naive", "zoned"):
            return None
        if kind == "date":
            at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=None) if kind == "date" else (at - (at.utcoffset() or timedelta())).replace(tzinfo=None)
        return self._words.times["DATE" if kind == "date" else "TIMESTAMP"](at)

    def like(self, value: _Value, pattern: str, any_case: bool) -> str:
        if value.kind != "text":
            return self._words.unknown
        text = self.text(value)
        if any_case:
            pattern = lowered(pattern)
            text = self.lower(text, pattern)
        escape = next(mark for mark in [*_NOBODYS, *map(chr, range(0x4E00, 0x9000))] if mark not in pattern)
        return f"{self._words.plain.format(text)} LIKE {self._words.text(pattern)} ESCAPE '{escape}'"

    def lower(self, text: str, pattern: str) -> str:
        """Text in which every character whose lower case the pattern holds has it, without the engine's own tables."""
        pairs = [(upper, low) for low in sorted(set(pattern)) for upper in _capitals().get(low, ())]
        if not pairs:
            return text
        uppers, lowers = ("".join(each) for each in zip(*pairs, strict=True))
        return f"translate({text}, {self._words.text(uppers)}, {self._words.text(lowers)})"

    def text(self, value: _Value) -> str:
        return value.sql if value.literal is None else self._words.text(str(value.literal.value))

    def truth(self, value: _Value) -> str:
        return value.sql if value.literal is None else _truth(bool(value.literal.value))

    def number(self, value: _Value) -> str:
        return value.sql if value.literal is None else f"{value.literal.value:f}"

    def time(self, value: _Value) -> str:
        return self._words.naive.format(value.sql) if value.kind == "zoned" else value.sql


def _kind(type_name: str) -> str:
    if _WHOLE.fullmatch(type_name):
        return "whole"
    if _EXACT.fullmatch(type_name):
        return "exact"
    if type_name == "VARCHAR" or type_name.startswith(("VARCHAR COLLATE", "ENUM(")):
        return "text"
    others = {"BOOLEAN": "truth", "DOUBLE": "float", "FLOAT": "float", "DATE": "date", "TIMESTAMP": "naive"}
    others["DECIMAL"] = "wide"
    return "zoned" if type_name == "TIMESTAMP WITH TIME ZONE" else others.get(type_name, "other")


def _truth(value: bool) -> str:
    return "TRUE" if value else "FALSE"


@cache
def _capitals() -> Mapping[str, tuple[str, ...]]:
    """For each character, those others whose lower case it is, as `policy.conditions` has it."""
    found: dict[str, list[str]] = {}
    for code in [*range(1, 0xD800), *range(0xE000, 0x20000)]:
        low = lowered(chr(code))
        if low != chr(code):
            found.setdefault(low, []).append(chr(code))
    return {low: tuple(uppers) for low, uppers in found.items()}
