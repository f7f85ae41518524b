"""The aggregates of a question: where each stands in its text, what it is made of, and which rows contribute to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bailee.rewrite.aggregate.clauses import closing
from bailee.rewrite.aggregate.shape import only
from bailee.rewrite.aggregate.words import AGGREGATES
from bailee.rewrite.tokens import Token

if TYPE_CHECKING:
    from sqlglot import exp

_INSTEAD = (
    "use count(*), count(column), count(DISTINCT column), or sum, avg, stddev or variance of a column or of sums of "
    "columns and products of two"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One aggregate: its tokens with the filter's, its function, its argument's tokens (none for `*`), its filter's."""

    tokens: Sequence[Token]
    function: str
    argument: Sequence[Token]
    distinct: bool
    filter: Sequence[Token]


def calls(tokens: Sequence[Token]) -> Iterator[tuple[int, int, Call]]:
    """Every aggregate among the tokens of a clause, with the indexes of its first token and after its last."""
    at = 0
    while at < len(tokens):
        following = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if tokens[at].kind == "word" and tokens[at].name in AGGREGATES and following == "(":
            end, call = _call(tokens, at)
            yield at, end, call
            at = end
        else:
            at += 1


def _call(tokens: Sequence[Token], at: int) -> tuple[int, Call]:
    end = closing(tokens, at + 1) + 1
    inside = tokens[at + 2 : end - 1]
    condition: Sequence[Token] = ()
    if end + 1 < len(tokens) and tokens[end].is_word("FILTER") and tokens[end + 1].text == "(":
        begin, end = end + 2, closing(tokens, end + 1) + 1
        condition = tokens[begin : end - 1]
        condition = condition[1:] if condition and condition[0].is_word("WHERE") else condition
    distinct = bool(inside) and inside[0].is_word("DISTINCT")
    inside = inside[1:] if distinct else inside
    star = not inside or [token.text for token in inside] == ["*"]
    return end, Call(tokens[at:end], tokens[at].name, () if star else inside, distinct, condition)


def check(call: Call, text: str, why: str) -> None:
    """Raise `Refused` unless the aggregate is one of those that are guarded; `text` is its own."""
    import sqlglot
    from sqlglot import errors, exp

    try:
        argument = sqlglot.parse_one(text, dialect="duckdb") if call.argument else None
    except errors.SqlglotError:
        raise only(why, _INSTEAD) from None
    counting = call.function == "count"
    bare = argument is None or isinstance(argument, exp.Column)
    if (call.distinct or argument is None) and not (counting and bare and not (call.distinct and argument is None)):
        raise only(why, _INSTEAD)
    if (counting and not bare) or (argument is not None and not _measure(argument)):
        raise only(why, _INSTEAD)


def _measure(argument: exp.Expr) -> bool:
    """Whether an argument is a column, or sums of columns, numbers and products of two.

    Sums of higher powers would give away the values themselves (Newton's identities).
    """
    return _degree(argument) in (1, 2)


def _degree(node: exp.Expr) -> int:
    """How many columns are multiplied at the most; a large number for anything else than sums and products."""
    from sqlglot import exp

    if isinstance(node, exp.Paren | exp.Neg):
        return _degree(node.this)
    if isinstance(node, exp.Add | exp.Sub):
        return max(_degree(node.this), _degree(node.expression))
    if isinstance(node, exp.Mul):
        return _degree(node.this) + _degree(node.expression)
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier):
        return 1
    return 0 if isinstance(node, exp.Literal) and not node.args.get("is_string") else 1000
