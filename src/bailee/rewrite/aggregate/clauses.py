"""The clauses of one SELECT by the words of the question, so that its own text can be moved and not reprinted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bailee.rewrite.tokens import Token

#: The words that begin a clause, in the order in which they may stand.
_CLAUSES = ("SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list in a clause: its expression's tokens, and the name that the question gives it."""

    tokens: Sequence[Token]
    given: Token | None = None

    @property
    def alias(self) -> str | None:
        """The name in folded spelling."""
        return self.given.name if self.given is not None else None


@dataclass(frozen=True, slots=True)
class Clauses:
    """The tokens of each clause without the words that begin it."""

    parts: dict[str, Sequence[Token]]

    def __getitem__(self, word: str) -> Sequence[Token]:
        return self.parts.get(word, ())


def clauses(tokens: Sequence[Token]) -> Clauses | None:
    """The clauses of a query that begins with SELECT, or None where they are not in the usual order."""
    starts: list[tuple[str, int]] = []
    for at, token in outermost(tokens):
        word = token.text.upper() if token.kind == "word" else ""
        distinct_from = word == "FROM" and at > 0 and tokens[at - 1].is_word("DISTINCT")
        if word in _CLAUSES and not distinct_from:
            starts.append((word, at))
    words = [word for word, _ in starts]
    if words[:2] != ["SELECT", "FROM"] or words != sorted(set(words), key=_CLAUSES.index):
        return None
    parts = {}
    for (word, start), (_, end) in zip(starts, [*starts[1:], ("", len(tokens))], strict=True):
        parts[word] = tokens[start + (2 if word in ("GROUP", "ORDER") else 1) : end]
    return Clauses(parts)


def outermost(tokens: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    """The tokens outside of all brackets, with their index; a closing bracket counts as inside."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.kind == "mark" and token.text in "([{":
            depth += 1
        elif token.kind == "mark" and token.text in ")]}":
            depth -= 1
        elif depth == 0:
            yield at, token


def split(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """The pieces between the commas outside of all brackets."""
    commas = [at for at, token in outermost(tokens) if token.text == ","]
    bounds = [-1, *commas, len(tokens)]
    return [tokens[start + 1 : end] for start, end in pairwise(bounds)]


def closing(tokens: Sequence[Token], opening: int) -> int:
    """The index of the bracket that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(tokens)):
        depth += (tokens[at].text in "([{") - (tokens[at].text in ")]}") if tokens[at].kind == "mark" else 0
        if depth == 0:
            return at
    return len(tokens) - 1


def items(tokens: Sequence[Token]) -> list[Item]:
    """The items of a select list; an alias is written after AS or right after its expression."""
    return [_item(piece) for piece in split(tokens)]


def _item(piece: Sequence[Token]) -> Item:
    if len(piece) > 2 and piece[-2].is_word("AS") and piece[-1].name:
        return Item(piece[:-2], piece[-1])
    implicit = len(piece) > 1 and piece[-1].name and not piece[-1].is_word("END", "NULL", "TRUE", "FALSE")
    if implicit and (piece[-2].text in (")", "]") or piece[-2].kind in ("word", "quoted", "number", "text")):
        return Item(piece[:-1], piece[-1])
    return Item(piece)


def canonical(tokens: Sequence[Token], aliases: Sequence[str], several: Collection[str]) -> list[tuple[str, int, int]]:
    """Tokens in one spelling, with the span of indexes that each covers: names folded, tables before a dot gone.

    The table stays before a name that `several` columns have.
    """
    found = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        dotted = at + 2 < len(tokens) and tokens[at + 1].text == "." and bool(tokens[at + 2].name)
        if token.name in aliases and token.name and dotted:
            column = tokens[at + 2].name
            found.append((f"{token.name}.{column}" if column in several else column, at, at + 3))
            at += 3
            continue
        found.append(
            (token.name if token.name else token.text.lower() if token.kind == "number" else token.text, at, at + 1)
        )
        at += 1
    return found
