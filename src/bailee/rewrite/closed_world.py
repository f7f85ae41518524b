"""The closed world: the functions and the kinds of syntax that a question may use; everything else is refused by name.

Functions are checked here by the words of the question and again by `verify` in the engine's own parse, so that what a
parser makes of a name does not matter. The lists are for DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.errors import Refused
from bailee.rewrite.reasons import place, refused
from bailee.rewrite.tokens import Token, fold, scan

if TYPE_CHECKING:
    from sqlglot import exp

_FILE = Path(__file__).parent / "data" / "duckdb_functions.txt"

#: What may stand in FROM with arguments.
TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})

#: Words that the grammar itself puts before a bracket, and functions that are part of it.
_GRAMMAR_TEXT = """
select from where having qualify by on using as values in any all some exists not and or when then else case union
intersect except name outer join cross lateral with over filter partition order group distinct between like ilike glob
similar escape limit offset is rows range groups exclude replace rename columns include pivot unpivot for into cube
rollup
sets array row struct map interval decimal numeric varchar char character bpchar text string bit float time timestamp
enum recursive materialized key cast try_cast try coalesce ifnull if grouping grouping_id extract position substring
overlay trim collate percentile_cont percentile_disc lambda return sample reservoir tablesample repeatable to
at window ignore respect nulls within
"""
_GRAMMAR = frozenset(_GRAMMAR_TEXT.split())

#: Names of the classes of syntax, besides functions and the operators beneath `Binary` and `Unary`.
_SYNTAX_TEXT = """
Select Subquery Union Intersect Except With CTE From Join Table TableAlias Where Group Having Qualify Order Ordered
Limit
Offset Fetch LimitOptions Distinct Star Column Identifier Alias Aliases Literal Boolean Null Paren Tuple Dot Bracket
Slice
Cube Rollup GroupingSets Window WindowSpec Filter WithinGroup IgnoreNulls RespectNulls HavingMax Lambda Comprehension
PropertyEQ Kwarg Interval IntervalSpan Var DataType DataTypeParam ColumnDef Pivot PivotAny PivotAlias UnpivotColumns
TableSample Lateral Unnest Values Collate AtTimeZone Between In Is Like ILike Escape SimilarTo PositionalColumn Any All
"""
_SYNTAX = frozenset(_SYNTAX_TEXT.split())
_TABLE_PARTS = frozenset({"this", "db", "catalog", "alias", "joins", "pivots", "sample", "laterals", "ordinality"})
_INSTEAD = {
    "Describe": "the columns of a table are in the data map",
    "Summarize": "ask for the aggregates that you need",
    "Show": "the tables are in the data map",
    "Placeholder": "write the value itself",
    "Parameter": "write the value itself",
    "Command": "ask with SELECT",
}


@cache
def functions() -> frozenset[str]:
    """The functions and operators that a question may use, by DuckDB's own names."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@cache
def _folded() -> frozenset[str]:
    return frozenset(map(fold, functions()))


def allows(name: str) -> bool:
    """Whether the engine's function of this name, whatever its case, may be used."""
    return fold(name) in _folded()


def read(question: str) -> tuple[list[Token], exp.Expr]:
    """The tokens and the tree of one query inside the closed world; raises `Refused` for anything else."""
    tokens = scan(question)
    tree = _parse(question, tokens)
    named: set[str] = set()
    for node in _checked(question, tree):
        if type(node).__name__ == "TableAlias":
            named.update(fold(name.name) for name in (node.args.get("this"),) if name is not None)
    _check_functions(question, tokens, named)
    return tokens, tree


def _parse(question: str, tokens: Sequence[Token]) -> exp.Expr:
    import logging

    import sqlglot
    from sqlglot import errors, exp

    # It warns of statements that it does not know; they are refused below.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        trees = sqlglot.parse(question, dialect="duckdb")
    except errors.ParseError as error:
        if tokens[0].is_word("PIVOT", "UNPIVOT"):
            word, at = tokens[0].text.upper(), place(question, tokens[0].start)
            raise _shape(
                f"`{word}` in this form", at, f"write `SELECT * FROM ({word} ..)` and the rest behind"
            ) from None
        where = error.errors[0] if error.errors else {}
        at = f"{where.get('line') or 1}:{where.get('col') or 1}"
        raise refused("not_understood", place=at) from None
    except (errors.SqlglotError, RecursionError, ValueError, AttributeError, TypeError):
        raise refused("not_understood", place="1:1") from None
    if len(trees) != 1 or trees[0] is None:
        raise refused("not_one_query", found=f"{len(trees)} statements")
    if isinstance(trees[0], (exp.Query, exp.Pivot, exp.Values)):
        return trees[0]
    raise refused("not_a_query", found=tokens[0].text[:40], place=place(question, tokens[0].start))


def _checked(question: str, tree: exp.Expr) -> Iterator[exp.Expr]:
    """Every node of the tree; raises `Refused` at the first whose class is not on the list."""
    from sqlglot import exp

    allowed = (exp.Func, exp.Binary, exp.Unary)
    for node in tree.walk():
        name = type(node).__name__
        if name not in _SYNTAX and not isinstance(node, allowed) and not name.startswith("JSONPath"):
            raise shape(question, node, f"`{name.lower()}`", _INSTEAD.get(name, "write it with plain SELECT"))
        if name == "Table":
            _check_table(question, node)
        if name == "TableSample":
            _check_sample(question, node)
        if name == "Pivot" and not node.args.get("unpivot"):
            _check_pivot(question, node)
        yield node


def _check_table(question: str, node: exp.Expr) -> None:
    extra = [key for key, value in node.args.items() if value and key not in _TABLE_PARTS]
    if extra:
        raise shape(question, node, f"`{extra[0]}` at a table", "name the table alone")


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


def _check_functions(question: str, tokens: Sequence[Token], named: set[str]) -> None:
    """Refuse every word before a bracket that is neither grammar, nor a name given in the question, nor on the list."""
    for token, following in pairwise(tokens):
        name = token.name
        if not name or following.text != "(" or allows(name) or name in named:
            continue
        if token.kind == "word" and name in _GRAMMAR:
            continue
        close = _nearest(name)
        raise refused(
            "function_not_allowed",
            found=token.text[:60],
            place=place(question, token.start),
            nearest=f"; did you mean `{close}`?" if close else "",
        )


def _nearest(name: str) -> str | None:
    from difflib import get_close_matches

    found = get_close_matches(name, sorted(functions()), n=1, cutoff=0.75)
    return found[0] if found else None


def shape(question: str, node: exp.Expr | None, found: str, instead: str) -> Refused:
    """The refusal of a kind of syntax, at the first place that the node names."""
    from sqlglot import exp

    starts = [i.meta["start"] for i in node.find_all(exp.Identifier) if "start" in i.meta] if node is not None else []
    return _shape(found, place(question, min(starts)) if starts else None, instead)


def _shape(found: str, at: str | None, instead: str) -> Refused:
    return refused("shape_not_allowed", found=found, place=f" at {at}" if at else "", instead=instead)
