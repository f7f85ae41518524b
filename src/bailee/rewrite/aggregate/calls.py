"""The aggregates of a question: where each stands in its text, what it is made of, and which rows contribute to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bailee.rewrite.aggregate.clauses import closing
from bailee.rewrite.aggregate.shape import only
from bailee.rewrite.aggregate.words import AGGREGATES
from bailee.rewrite.dialects import Dialect
from bailee.rewrite.tokens import Token

if TYPE_CHECKING:
    from sqlglot import exp

_INSTEAD = (
    "use count(*), count(column), count(DISTINCT column), sum or avg of a column or of a product of two, or stddev or "
    "variance of a column; what is added or multiplied stands outside, as in `2 * sum(a) - sum(b)`"
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


def check(call: Call, text: str, why: str, dialect: Dialect) -> None:
    """Raise `Refused` unless the aggregate is one of those that are guarded; `text` is its own."""
    import sqlglot
    from sqlglot import errors, exp

    try:
        argument = sqlglot.parse_one(text, dialect=dialect.parser) if call.argument else None
    except errors.SqlglotError:
        raise only(why, _INSTEAD) from None
    counting = call.function == "count"
    bare = argument is None or isinstance(argument, exp.Column)
    if (call.distinct or argument is None) and not (counting and bare and not (call.distinct and argument is None)):
        raise only(why, _INSTEAD)
    powers = 1 if counting or call.function not in ("sum", "avg", "mean") else 2
    if argument is not None and _columns(argument) not in range(1, powers + 1):
        raise only(why, _INSTEAD)


def _columns(argument: exp.Expr) -> int:
    """How many columns a product of columns has; 0 for anything else.

    A constant in it would round or overflow the value of a row, and so tell which rows are large: `(x + 1e18) - 1e18`.
    Sums of higher powers would give away the values themselves (Newton's identities), and variances square once more.
    """
    from sqlglot import exp

    if isinstance(argument, exp.Paren):
        return _columns(argument.this)
    if isinstance(argument, exp.Mul):
        left, right = _columns(argument.this), _columns(argument.expression)
        return left + right if left and right else 0
    return int(isinstance(argument, exp.Column) and isinstance(argument.this, exp.Identifier))
