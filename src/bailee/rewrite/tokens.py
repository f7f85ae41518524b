"""The token gate: our own scan of the question, before any parser sees it.

Engines take some characters, such as U+200B, for blanks where parsers take them for letters; every unquoted token is
therefore ASCII or a Python identifier, blanks are ASCII, and comments and strings have the plain forms that all read
alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bailee.rewrite.reasons import place, refused

#: The longest question that is read, in characters.
LONGEST = 100_000
#: The deepest nesting of brackets: both parsers recurse.
DEEPEST = 100
_MANY = 20_000
#: The most square brackets: sqlglot takes minutes for thousands of them in a row.
_SQUARE = 500

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+|--[^\r\n\0]*(?:\r?\n|\Z)|/\*(?:(?!/\*|\*/)[^\0])*\*/)
    |(?P<text>'(?:[^'\0]|'')*')
    |(?P<quoted>"(?:[^"\0]|"")+")
    |(?P<number>(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[^\W\d]\w*)
    |(?P<mark>--|/\*|\$\$|\{\{|\{%|\{\#|[-+*/%<>=!~@&|^(),.;:\[\]{}?#])""",
    re.VERBOSE | re.DOTALL,
)
#: Names that begin so are the governed relations' own.
RESERVED = "bailee_"
#: Where a comment begins that has no plain form, one reader sees words that another does not.
_FORBIDDEN = {"--", "/*", "$$", "{{", "{%", "{#"}
_QUERY = {"SELECT", "WITH", "FROM", "VALUES", "PIVOT", "UNPIVOT", "TABLE"}
_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `text`, `quoted`, `number`, `word` or `mark`, where it starts and ends, and its name if it is one."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """What a word or quoted identifier names, in the spelling that DuckDB compares: ASCII lower case."""
        plain = self.text[1:-1].replace('""', '"') if self.kind == "quoted" else self.text
        return fold(plain) if self.kind in ("word", "quoted") else ""

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these unquoted words, given in upper case."""
        return self.kind == "word" and self.text.upper() in words


def fold(name: str) -> str:
    """The name as DuckDB compares it: ASCII capitals are lower case, nothing else changes."""
    return name.lower() if name.isascii() else re.sub("[A-Z]+", lambda found: found[0].lower(), name)


def scan(question: str) -> list[Token]:
    """The tokens of one query without its final semicolon; raises `Refused` for anything else."""
    if len(question) > LONGEST:
        raise refused("too_long", found=f"has {len(question)} characters", limit=f"{LONGEST}")
    tokens = _one(question, list(_tokens(question)))
    depth = deepest = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING) if token.kind == "mark" else 0
        deepest = max(deepest, depth)
    if deepest > DEEPEST or len(tokens) > _MANY:
        found = f"nests {deepest} brackets" if deepest > DEEPEST else f"has {len(tokens)} words and signs"
        raise refused("too_long", found=found, limit=DEEPEST if deepest > DEEPEST else _MANY)
    square = sum(token.text == "[" for token in tokens if token.kind == "mark")
    if square > _SQUARE:
        raise refused("too_long", found=f"has {square} square brackets", limit=_SQUARE)
    ours = next((token for token in tokens if token.name.startswith(RESERVED)), None)
    if ours is not None:
        at = f" at {place(question, ours.start)}"
        raise refused(
            "shape_not_allowed", found=f"`{ours.text[:60]}`", place=at, instead="these names are Bailee's own"
        )
    first = next((token for token in tokens if token.text != "("), tokens[0])
    if not first.is_word(*_QUERY):
        raise refused("not_a_query", found=first.text[:40], place=place(question, first.start))
    return tokens


def _tokens(question: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(question):
        found = _TOKEN.match(question, at)
        if found is None or found.lastgroup is None or found[0] in _FORBIDDEN:
            raise _odd(question, at)
        if found.lastgroup != "blank":
            token = Token(found.lastgroup, found[0], at, found.end())
            if token.kind == "word" and not (token.text.isascii() or token.text.isidentifier()):
                raise _odd(question, at)
            if token.kind in ("text", "word", "quoted", "number") and tokens and _glued(tokens[-1], token):
                raise _odd(question, at)
            tokens.append(token)
        at = found.end()
    return tokens


def _glued(before: Token, token: Token) -> bool:
    """A string right behind a word (`E'..'`, `U&'..'`) and a word right behind a number are read in many ways."""
    if before.end != token.start:
        return False
    if before.text == "&":
        return token.kind in ("text", "quoted")
    return before.kind in ("word", "text", "quoted", "number")


def _odd(question: str, at: int) -> Exception:
    character = question[at]
    known = character.isascii() and character.isprintable()
    found = f"`{question[at : at + 10].splitlines()[0]}`" if known else f"the character U+{ord(character):04X}"
    return refused("odd_character", found=found, place=place(question, at))


def _one(question: str, tokens: list[Token]) -> list[Token]:
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    if not tokens:
        raise refused("not_one_query", found="nothing")
    ends = [token for token in tokens if token.text == ";" and token.kind == "mark"]
    if ends:
        raise refused("not_one_query", found=f"a second statement at {place(question, ends[0].end)}")
    return tokens
