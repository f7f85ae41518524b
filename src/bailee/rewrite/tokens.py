"""The token gate: our own scan of the question, before any parser sees it.

Engines take some characters, such as U+200B, for blanks where parsers take them for letters; every unquoted token is
therefore ASCII or a Python identifier, blanks are ASCII, and comments and strings have the plain forms that all read
alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from bailee.rewrite.dialects import Dialect
from bailee.rewrite.reasons import place, refused

#: The longest question that is read, in characters.
LONGEST = 100_000
#: The deepest nesting of brackets: both parsers recurse.
DEEPEST = 100
_MANY = 20_000
#: The most square brackets: sqlglot takes minutes for thousands of them in a row.
_SQUARE = 500

#: Names that begin so are the governed relations' own.
RESERVED = "bailee_"
_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `text`, `quoted`, `number`, `word` or `mark`, where it starts and ends.

    `name` is what a word or quoted identifier names, in the spelling that the engine compares; "" for the others.
    """

    kind: str
    text: str
    start: int
    end: int
    name: str = ""

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these unquoted words, given in upper case."""
        return self.kind == "word" and self.text.upper() in words


def scan(question: str, dialect: Dialect) -> list[Token]:
    """The tokens of one query without its final semicolon; raises `Refused` for anything else."""
    if len(question) > LONGEST:
        raise refused("too_long", found=f"has {len(question)} characters", limit=f"{LONGEST}")
    tokens = _one(question, list(_tokens(question, dialect)))
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
    long = dialect.longest_name or LONGEST
    cut = next((token for token in tokens if len(token.name.encode()) > long), None)
    if cut is not None:
        at = f"the name at {place(question, cut.start)} has {len(cut.name.encode())} bytes"
        raise refused("too_long", found=f"is not read whole: {at}", limit=f"{long}, which {dialect.title} compares")
    ours = next((token for token in tokens if token.name.startswith(RESERVED)), None)
    if ours is not None:
        at = f" at {place(question, ours.start)}"
        raise refused(
            "shape_not_allowed", found=f"`{ours.text[:60]}`", place=at, instead="these names are Bailee's own"
        )
    first = next((token for token in tokens if token.text != "("), tokens[0])
    if not first.is_word(*dialect.starts):
        raise refused("not_a_query", found=first.text[:40], place=place(question, first.start), starts=starts(dialect))
    return tokens


def starts(dialect: Dialect) -> str:
    """The words that a query begins with, as a sentence has them."""
    words = [word for word in dialect.starts if word not in ("PIVOT", "UNPIVOT", "TABLE")]
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _tokens(question: str, dialect: Dialect) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(question):
        found = dialect.tokens.match(question, at)
        if found is None or found.lastgroup is None or found[0] in dialect.forbidden:
            raise _odd(question, at)
        if found.lastgroup != "blank":
            token = Token(found.lastgroup, found[0], at, found.end(), _name(found.lastgroup, found[0], dialect))
            if token.kind == "word" and not (token.text.isascii() or token.text.isidentifier()):
                raise _odd(question, at)
            if token.kind in ("text", "word", "quoted", "number") and tokens and _glued(tokens[-1], token):
                raise _odd(question, at)
            tokens.append(token)
        at = found.end()
    return tokens


def _name(kind: str, text: str, dialect: Dialect) -> str:
    if kind == "quoted":
        return dialect.key(text[1:-1].replace(dialect.mark * 2, dialect.mark), True)
    return dialect.key(text, False) if kind == "word" else ""


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
