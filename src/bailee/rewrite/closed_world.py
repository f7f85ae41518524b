"""The closed world: the functions and the kinds of syntax that a question may use; everything else is refused by name.

Functions are checked here by the words of the question and again by `verify` in the engine's own parse, so that what a
parser makes of a name does not matter. The lists are the dialect's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from bailee.errors import Refused
from bailee.rewrite.dialects import Dialect
from bailee.rewrite.reasons import place, refused
from bailee.rewrite.tokens import Token, scan, starts

if TYPE_CHECKING:
    from sqlglot import exp

_TABLE_PARTS = frozenset({"this", "db", "catalog", "alias", "joins", "pivots", "sample", "laterals", "ordinality"})


def read(question: str, dialect: Dialect) -> tuple[list[Token], exp.Expr]:
    """The tokens and the tree of one query inside the closed world; raises `Refused` for anything else."""
    tokens = scan(question, dialect)
    tree = parse(question, tokens, dialect)
    named: set[int] = set()
    for node in _checked(question, tree, dialect):
        if type(node).__name__ == "TableAlias":
            name = node.args.get("this")
            named.update([name.meta["start"]] if name is not None and "start" in name.meta else [])
    _check_functions(question, tokens, named, dialect)
    return tokens, tree


def parse(question: str, tokens: Sequence[Token], dialect: Dialect) -> exp.Expr:
    """The tree of one query, whatever is in it; raises `Refused` for anything else."""
    import logging

    import sqlglot
    from sqlglot import errors, exp

    # It warns of statements that it does not know; they are refused below.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        trees = sqlglot.parse(question, dialect=dialect.parser)
    except errors.ParseError as error:
        if tokens[0].is_word("PIVOT", "UNPIVOT"):
            word, at = tokens[0].text.upper(), place(question, tokens[0].start)
            raise _shape(
                f"`{word}` in this form", at, f"write `SELECT * FROM ({word} ..)` and the rest behind"
            ) from None
        where = error.errors[0] if error.errors else {}
        at = f"{where.get('line') or 1}:{where.get('col') or 1}"
        raise refused("not_understood", place=at, engine=dialect.title) from None
    except (errors.SqlglotError, RecursionError, ValueError, AttributeError, TypeError):
        raise refused("not_understood", place="1:1", engine=dialect.title) from None
    if len(trees) != 1 or trees[0] is None:
        raise refused("not_one_query", found=f"{len(trees)} statements")
    if isinstance(trees[0], (exp.Query, exp.Pivot, exp.Values)):
        return trees[0]
    at = place(question, tokens[0].start)
    raise refused("not_a_query", found=tokens[0].text[:40], place=at, starts=starts(dialect))


def _checked(question: str, tree: exp.Expr, dialect: Dialect) -> Iterator[exp.Expr]:
    """Every node of the tree; raises `Refused` at the first whose class is not on the list."""
    from sqlglot import exp

    allowed = (exp.Func, exp.Binary, exp.Unary)
    for node in tree.walk():
        name = type(node).__name__
        known = name in dialect.syntax or isinstance(node, allowed) or name.startswith("JSONPath")
        if not known or name in dialect.instead:
            raise shape(question, node, f"`{name.lower()}`", dialect.instead.get(name, "write it with plain SELECT"))
        if name == "Table":
            _check_table(question, node)
        if name == "TableSample":
            _check_sample(question, node)
        if name == "Lateral" and not dialect.lateral_reads:
            _check_lateral(question, node, dialect)
        if name == "Pivot" and not node.args.get("unpivot"):
            _check_pivot(question, node)
        yield node


def _check_table(question: str, node: exp.Expr) -> None:
    extra = [key for key, value in node.args.items() if value and key not in _TABLE_PARTS]
    if extra:
        raise shape(question, node, f"`{extra[0]}` at a table", "name the table alone")


def _check_lateral(question: str, node: exp.Expr, dialect: Dialect) -> None:
    from sqlglot import exp

    read = next((table for table in node.find_all(exp.Table) if isinstance(table.this, exp.Identifier)), None)
    if read is not None:
        found = f"a LATERAL sub-query that reads a table, on {dialect.title},"
        raise shape(question, read, found, "join a sub-query with GROUP BY, or write a sub-query in SELECT")


def _check_sample(question: str, node: exp.Expr) -> None:
    method = node.args.get("method")
    if method is None or str(method.name).upper() != "RESERVOIR":
        raise shape(question, node, "sampling by blocks", "write `USING SAMPLE reservoir(10%)`")


def _check_pivot(question: str, node: exp.Expr) -> None:
    """Without its values a PIVOT is two questions, of which the first reads the values from the data."""
    from sqlglot import exp

    open_ended = next((key for key in node.expressions if isinstance(key, exp.Column)), None)
    if open_ended is not None:
        raise shape(question, open_ended, "a PIVOT without its values", "name them, as in `ON x IN (1, 2)`")


def _check_functions(question: str, tokens: Sequence[Token], named: set[int], dialect: Dialect) -> None:
    """Refuse every word before a bracket that is neither grammar, nor a name given in the question, nor on the list."""
    for at, (token, following) in enumerate(pairwise(tokens)):
        name = token.name
        if not name or following.text != "(":
            continue
        if dialect.qualifiers is not None and at > 1 and tokens[at - 1].text == ".":
            _check_qualifier(question, tokens[at - 2], token, dialect.qualifiers)
        if dialect.allows(name) or token.start in named:
            continue
        if token.kind == "word" and name in dialect.grammar:
            continue
        close = _nearest(name, dialect)
        raise refused(
            "function_not_allowed",
            found=token.text[:60],
            place=place(question, token.start),
            nearest=f"; did you mean `{close}`?" if close else "",
        )


def _check_qualifier(question: str, before: Token, token: Token, known: Collection[str]) -> None:
    if before.name not in known:
        found = f"the function `{before.text[:60]}.{token.text[:60]}`"
        raise _shape(found, place(question, before.start), "write the function's name alone")


def _nearest(name: str, dialect: Dialect) -> str | None:
    from difflib import get_close_matches

    found = get_close_matches(name, sorted(dialect.functions), n=1, cutoff=0.75)
    return found[0] if found else None


def shape(question: str, node: exp.Expr | None, found: str, instead: str) -> Refused:
    """The refusal of a kind of syntax, at the first place that the node names."""
    from sqlglot import exp

    starts = [i.meta["start"] for i in node.find_all(exp.Identifier) if "start" in i.meta] if node is not None else []
    return _shape(found, place(question, min(starts)) if starts else None, instead)


def _shape(found: str, at: str | None, instead: str) -> Refused:
    return refused("shape_not_allowed", found=found, place=f" at {at}" if at else "", instead=instead)
