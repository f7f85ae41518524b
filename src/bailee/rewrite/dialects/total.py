"""Expressions over one row that cannot fail, for engines without TRY: an error would tell of a group too small to show.

Says of an expression what in it may fail, and what to write instead; None where nothing may.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

#: The types that the columns of an identifier's name have.
Types = Callable[["exp.Expr"], set[str]]

_PLAIN_TEXT = """
Column Identifier Literal Boolean Null Paren And Or Not EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ Is In Between Like
ILike Case If Coalesce Nullif Greatest Least Lower Upper Trim Length Left Right Concat StartsWith Floor Ceil Sign
Extract TimestampTrunc Neg Cast Var DataType
"""
_PLAIN = frozenset(_PLAIN_TEXT.split())
_TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}
_DAYS = frozenset({"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DOW", "ISODOW", "DOY"})
_HOURS = frozenset({"HOUR", "MINUTE", "SECOND"})
_INSTEAD = {
    "Add": "compare columns with constants, or count by the column itself",
    "Mod": "group by the column itself, or by CASE WHEN .. BETWEEN .. THEN .. END",
    "Div": "group by the column itself, or by CASE WHEN .. BETWEEN .. THEN .. END",
    "Cast": "compare the column in its own type",
    "DPipe": "write concat(..)",
    "RegexpLike": "write LIKE with a pattern",
}


def postgres(tree: exp.Expr, types: Types) -> str | None:
    """What of an expression may fail in PostgreSQL, where overflow, division, casts and odd patterns are errors."""
    for node in tree.walk():
        name = type(node).__name__
        if name not in _PLAIN:
            return f"{_called(node)} may fail on one row: {_INSTEAD.get(name, _INSTEAD['Add'])}"
        found = _odd(node, name, types)
        if found is not None:
            return found
    return None


def spark(tree: exp.Expr, _types: Types) -> str | None:
    """What of an expression may fail in Spark, where without ANSI rules only patterns do."""
    from sqlglot import exp

    if tree.find(exp.RegexpLike, exp.Escape) is not None:
        return "a pattern may fail on one row: write LIKE with a pattern, and without ESCAPE"
    return next(filter(None, map(_pattern, tree.find_all(exp.Like, exp.ILike))), None)


def _odd(node: exp.Expr, name: str, types: Types) -> str | None:
    from sqlglot import exp

    if name in ("Like", "ILike"):
        return _pattern(node)
    if name == "Neg" and not isinstance(node.this, exp.Literal):
        return f"{_called(node)} may fail on one row: {_INSTEAD['Add']}"
    if name == "Cast" and not (isinstance(node.this, exp.Literal) and node.this.is_string and _is_time(node)):
        return f"a cast may fail on one row: {_INSTEAD['Cast']}"
    if name in ("Extract", "TimestampTrunc"):
        unit, of = (node.this, node.expression) if name == "Extract" else (node.args.get("unit"), node.this)
        return _part(unit, of, types, name == "Extract")
    return None


def _pattern(node: exp.Expr) -> str | None:
    from sqlglot import exp

    pattern = node.expression
    if isinstance(pattern, exp.Literal) and pattern.is_string and "\\" not in pattern.name:
        return None
    return "a pattern of LIKE may fail on one row: write it out, without backslashes"


def _is_time(node: exp.Expr) -> bool:
    kind = node.args.get("to")
    return kind is not None and str(kind.this.name if hasattr(kind.this, "name") else kind.this).upper() in (
        "DATE",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "TIMESTAMPNTZ",
        "TIMESTAMPLTZ",
    )


def _part(unit: exp.Expr | None, of: exp.Expr, types: Types, extracting: bool) -> str | None:
    """A part of a time must be one that every value of the column's type has."""
    from sqlglot import exp

    name = str(unit.name).upper() if unit is not None else ""
    found = types(of.this) if isinstance(of, exp.Column) else set()
    if not found or not found <= _TIMES:
        return "a part of a time may fail on one row unless it is taken of a column with a date or a timestamp"
    hours = _HOURS if "DATE" not in found or not extracting else frozenset()
    if name not in _DAYS | hours or (not extracting and name in ("DOW", "ISODOW", "DOY")):
        return f"`{name.lower()}` may fail on one row: write year, quarter, month, week or day"
    return None


def _called(node: exp.Expr) -> str:
    from sqlglot import exp

    return f"`{node.sql_name().lower()}`" if isinstance(node, exp.Func) else f"`{type(node).__name__.lower()}`"
