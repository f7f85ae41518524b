"""What a question asks of a row's own time, asked within the governed relation too, so that whole files are skipped.

A fence keeps every condition of the asker from the rows behind it. This one may pass: the column that the data map
calls a row's time, compared with a time that is written out. It cannot fail, and by how long it takes it tells of
hidden rows no more than in which time there are some. Conditions on other columns stay outside: that a file was
skipped would tell whether a hidden row in it has the value.

The question keeps its condition. So a row that fails it is only missed sooner, in outer joins too: none is true of
NULL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bailee.rewrite.columns import Found
from bailee.rewrite.customers import conjuncts, means
from bailee.rewrite.names import Named, Names
from bailee.vocabulary import Treatment

if TYPE_CHECKING:
    from sqlglot import exp

_COMPARISONS = {"GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "EQ": "="}
_MIRRORED = {"GT": "<", "GTE": "<=", "LT": ">", "LTE": ">=", "EQ": "="}
_DATE = re.compile(r"[1-9]\d{3}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"[1-9]\d{3}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)
_STAMPS = frozenset({"TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPLTZ", "TIMESTAMPNTZ"})


def conditions(names: Names, tree: exp.Expr, found: Sequence[Found]) -> Mapping[str, Sequence[str]]:
    """Conditions on `t` for the relation of each table that the question names once, by the map's name of the table."""
    if not names.dialect.early:
        return {}
    by_start = {each.start: each for each in found}
    stored = [use.stored.table.name for use in names.uses]
    once = [use for use in names.uses if stored.count(use.stored.table.name) == 1]
    return {use.stored.table.name: list(_asked(use, by_start)) for use in once}


def _asked(use: Named, by_start: Mapping[int, Found]) -> Iterator[str]:
    """The conditions on the time of one table in the WHERE of its own query."""
    from sqlglot import exp

    query = use.node.find_ancestor(exp.Select)
    where = query.args.get("where") if query is not None else None
    at = use.stored.table.at
    if where is None or at is None or query is None or _odd(query):
        return
    kind = use.stored.types.get(use.stored.dialect.stored(at), "")
    if kind not in use.stored.dialect.cutoffs:
        return
    for condition in conjuncts(where.this):
        for column, compared, constant in _compared(condition):
            meant = means(use, column, by_start)
            if meant is None or meant.seen.name != use.stored.spelling[use.stored.dialect.stored(at)]:
                continue
            if meant.seen.treatment not in (Treatment.CLEAR, Treatment.AGGREGATE):
                continue
            time = _time(constant, kind == "DATE")
            if time is not None:
                yield f"{use.stored.column(at)} {compared} {use.stored.dialect.cutoffs[kind](time)}"


def _odd(query: exp.Expr) -> bool:
    """Whether a name in WHERE may mean something else than a column of one table in FROM."""
    joins = query.args.get("joins") or []
    plain = all(not join.args.get("method") and not join.args.get("using") for join in joins)
    kinds = {str(join.args.get("kind") or "").upper() for join in joins}
    return not plain or bool(kinds & {"SEMI", "ANTI"}) or bool(query.args.get("laterals"))


def _compared(condition: exp.Expr) -> Iterator[tuple[exp.Column, str, exp.Expr]]:
    """Each comparison of a column with something, the column first."""
    from sqlglot import exp

    name = type(condition).__name__
    if isinstance(condition, exp.Between) and not condition.args.get("symmetric"):
        if isinstance(condition.this, exp.Column):
            yield condition.this, ">=", condition.args["low"]
            yield condition.this, "<=", condition.args["high"]
    elif name in _COMPARISONS:
        if isinstance(condition.this, exp.Column):
            yield condition.this, _COMPARISONS[name], condition.expression
        elif isinstance(condition.expression, exp.Column):
            yield condition.expression, _MIRRORED[name], condition.this


def _time(constant: exp.Expr, dates: bool) -> datetime | None:
    """A written time in UTC; None for anything that an engine might read otherwise."""
    from sqlglot import exp

    kind, text = "", constant
    if type(constant) is exp.Cast:
        kind, text = str(constant.args["to"].this.name), constant.this
    if not isinstance(text, exp.Literal) or not text.is_string or kind not in ("", "DATE", *_STAMPS):
        return None
    date = _DATE.fullmatch(text.name) is not None
    if not date and (kind == "DATE" or not _TIME.fullmatch(text.name)):
        return None
    if dates and (not date or kind in _STAMPS):
        return None
    try:
        return datetime.fromisoformat(text.name)
    except ValueError:
        return None
