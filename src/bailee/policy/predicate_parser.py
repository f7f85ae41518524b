"""Reads the text of a `when` into the `Condition` that it says."""

from __future__ import annotations

import re
from decimal import Decimal

from bailee.policy.conditions import (
    Both,
    Compare,
    Condition,
    Either,
    In,
    IsNull,
    Like,
    Literal,
    Name,
    Not,
    Operand,
    Truth,
)
from bailee.policy.predicates import fold

LONGEST = 20_000
DEEPEST = 40
_WORDS = {"AND", "OR", "NOT", "IN", "LIKE", "ILIKE", "BETWEEN", "IS", "NULL", "TRUE", "FALSE"}
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<number>-?(?:[0-9]+(?:\.[0-9]+)?)(?![0-9A-Za-z_.]))
    |(?P<word>[^\W\d]\w*)
    |(?P<operator><>|!=|<=|>=|=|<|>)
    |(?P<mark>[(),]))""",
    re.VERBOSE,
)


def parse(text: str) -> Condition:
    """The condition that the text says; ValueError with the character, from 1, where it stops being one."""
    if len(text) > LONGEST:
        raise ValueError(f"the condition has {len(text)} characters: expected at most {LONGEST}")
    reader = _Reader(text)
    found = reader.either(0)
    if reader.kind != "end":
        raise reader.wrong("`AND`, `OR` or the end")
    return found


class _Reader:
    """Recursive descent over the tokens; `kind`, `word` and `at` describe the one to be read next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.next_at = 0
        self.advance()

    def advance(self) -> str:
        """Step to the next token and return the one that was passed."""
        passed = getattr(self, "word", "")
        blank = re.compile(r"\s*").match(self.text, self.next_at)
        self.at = blank.end() if blank else self.next_at
        found = _TOKEN.match(self.text, self.next_at)
        if found is not None and found.lastgroup is not None:
            self.kind, self.word = found.lastgroup, found[found.lastgroup]
            self.next_at = found.end()
        elif self.at == len(self.text):
            self.kind, self.word = "end", ""
        else:
            self.kind, self.word = "unknown", self.text[self.at]
        if self.kind == "word" and self.word.upper() in _WORDS:
            self.kind, self.word = "keyword", self.word.upper()
        return passed

    def wrong(self, expected: str) -> ValueError:
        if self.kind == "unknown" and self.word in "'\"":
            return ValueError(f"the quotation mark at character {self.at + 1} is never closed")
        found = "the end" if self.kind == "end" else f"`{self.word}`"
        return ValueError(f"found {found} at character {self.at + 1}, expected {expected}")

    def take(self, *words: str) -> bool:
        """Step over the keyword or mark if it is next."""
        if self.kind in ("keyword", "mark") and self.word in words:
            self.advance()
            return True
        return False

    def need(self, word: str) -> None:
        if not self.take(word):
            raise self.wrong(f"`{word}`")

    def either(self, depth: int) -> Condition:
        parts = [self.both(depth)]
        while self.take("OR"):
            parts.append(self.both(depth))
        flat = [inner for part in parts for inner in (part.parts if isinstance(part, Either) else (part,))]
        return parts[0] if len(parts) == 1 else Either(tuple(flat))

    def both(self, depth: int) -> Condition:
        parts = [self.negation(depth)]
        while self.take("AND"):
            parts.append(self.negation(depth))
        flat = [inner for part in parts for inner in (part.parts if isinstance(part, Both) else (part,))]
        return parts[0] if len(parts) == 1 else Both(tuple(flat))

    def negation(self, depth: int) -> Condition:
        if depth > DEEPEST:
            raise ValueError(f"the condition is nested more than {DEEPEST} deep at character {self.at + 1}")
        if self.take("NOT"):
            return Not(self.negation(depth + 1))
        if self.take("("):
            inner = self.either(depth + 1)
            self.need(")")
            return inner
        return self.comparison()

    def comparison(self) -> Condition:
        start = self.at
        left = self.operand()
        found = self.after(left, start)
        operands = [left, *getattr(found, "choices", ()), getattr(found, "right", None)]
        between = isinstance(found, Both)
        if not between and not any(isinstance(each, Name) for each in operands):
            raise ValueError(f"the comparison at character {start + 1} names no column: expected one")
        return found

    def after(self, left: Operand, start: int) -> Condition:
        """What follows an operand, up to the end of its comparison."""
        if self.kind == "operator":
            operator = self.advance()
            return Compare("!=" if operator == "<>" else operator, left, self.operand())
        if self.take("IS"):
            negated = self.take("NOT")
            self.need("NULL")
            return _negated(IsNull(left), negated)
        negated = self.take("NOT")
        if self.take("IN"):
            return _negated(In(left, self.choices()), negated)
        if self.kind == "keyword" and self.word in ("LIKE", "ILIKE"):
            any_case = self.advance() == "ILIKE"
            return _negated(Like(left, self.pattern(), any_case), negated)
        if self.take("BETWEEN"):
            return _negated(self.between(left, start), negated)
        if isinstance(left, Name) and not negated:
            if self.kind == "mark" and self.word == "(":
                raise self.wrong("an operator: functions are not part of this language")
            return Truth(left)
        raise self.wrong("`IN`, `LIKE`, `ILIKE` or `BETWEEN`" if negated else "an operator")

    def between(self, item: Operand, start: int) -> Condition:
        low = self.operand()
        self.need("AND")
        high = self.operand()
        if not any(isinstance(each, Name) for each in (item, low, high)):
            raise ValueError(f"the comparison at character {start + 1} names no column: expected one")
        return Both((Compare(">=", item, low), Compare("<=", item, high)))

    def choices(self) -> tuple[Operand, ...]:
        self.need("(")
        found = [self.operand()]
        while self.take(","):
            found.append(self.operand())
        self.need(")")
        return tuple(found)

    def pattern(self) -> str:
        if self.kind != "text":
            raise self.wrong("a pattern in single quotes")
        return self.advance()[1:-1].replace("''", "'")

    def operand(self) -> Operand:
        kind = self.kind
        if kind == "text":
            return Literal("text", self.advance()[1:-1].replace("''", "'"))
        if kind == "number":
            if len(self.word.strip("-")) > 16:
                raise self.wrong("a number of at most 15 digits")
            return Literal("number", Decimal(f"{Decimal(self.advance()).normalize():f}"))
        if kind == "quoted":
            return Name(fold(self.advance()[1:-1].replace('""', '"')))
        if kind == "word":
            return Name(fold(self.advance()))
        if kind == "keyword" and self.word in ("TRUE", "FALSE"):
            return Literal("truth", self.advance() == "TRUE")
        if self.take("NULL"):
            return Literal("null", None)
        raise self.wrong("a column, a number, text in single quotes, TRUE, FALSE or NULL")


def _negated(condition: Condition, negated: bool) -> Condition:
    return Not(condition) if negated else condition
