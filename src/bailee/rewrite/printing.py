"""Prints a governed question for engines that Bailee does not run: Trino, Snowflake, BigQuery and Databricks.

What is printed is one query: clean sets and governed relations are its CTEs, from the form for DuckDB. Nobody has run
it, and a CTE is no fence. A parser's round trip is only trusted for kinds of syntax that mean the same everywhere,
which are listed here; everything else is refused by name.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bailee.errors import Refused
from bailee.rewrite.dialects import DUCKDB
from bailee.rewrite.governed import Governed
from bailee.rewrite.reasons import refused

if TYPE_CHECKING:
    from sqlglot import exp

#: The engines by sqlglot's names, as a person reads them.
ENGINES = {"trino": "Trino", "snowflake": "Snowflake", "bigquery": "BigQuery", "databricks": "Databricks"}

_HEAD = """\
-- Printed for {engine}, and not run: Bailee has compared no answer of it with anything.
-- These CTEs are no fence: an error of {engine} may quote a hidden value, so run it only where errors are hidden.
-- Allow tables (`bailee_allow`, with `subject` and `pseudonym`) must be brought, and kept as fresh as your promise.
"""

_SAME = """
Select Subquery Union Intersect Except With CTE From Join Table TableAlias Where Group Having Order Ordered Limit
Offset Distinct Star Column Identifier Alias Literal Boolean Null Paren Tuple Between In Is Like And Or Not EQ NEQ GT
GTE LT LTE NullSafeEQ NullSafeNEQ Add Sub Mul Neg Case If Coalesce Nullif Exists Count Sum Avg Min Max AnyValue
LogicalAnd LogicalOr Lower Upper Left Mod Cast DataType DataTypeParam Try Filter TimestampTrunc DateTrunc Extract Var
Window WindowSpec RowNumber Rank DenseRank
"""
_KNOWN = frozenset(_SAME.split())
#: What an engine lacks, or does in another way.
_LACKS = {
    "trino": frozenset[str](),
    "snowflake": frozenset({"Try", "Filter"}),
    "bigquery": frozenset({"Try", "Filter"}),
    "databricks": frozenset({"Try"}),
}
_CALLED = {"Try": "`TRY`, with which coarse values and rules of the map are made,", "Filter": "`FILTER`"}
_TYPES = frozenset(
    {"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL", "DOUBLE", "VARCHAR", "TEXT", "DATE", "TIMESTAMP"}
    | {"TIMESTAMPNTZ", "TIMESTAMPTZ"}
)


def printed(governed: Governed, engine: str, cutoff: datetime | None) -> str:
    """The question for one of `ENGINES`, with a head that says what it is not; raises `Refused` for what it cannot say.

    ValueError for another engine, a question that was not governed for DuckDB, or a missing cut-off.
    """
    if engine not in ENGINES:
        raise ValueError(f"`{engine}` is not printed: expected {', '.join(ENGINES)}")
    tree = joined(governed, cutoff)
    for node in tree.walk():
        _check(node, engine)
    head = _HEAD.format(engine=ENGINES[engine])
    return head + _written(tree, engine)


def joined(governed: Governed, cutoff: datetime | None) -> exp.Expr:
    """Clean sets, governed relations and the question as one tree of DuckDB's syntax, every name in quotes."""
    from sqlglot import exp

    if governed.dialect is not DUCKDB:
        raise ValueError("only what was governed for DuckDB is printed")
    if governed.noise is not None:
        raise _cannot("a question that is answered with noise, which the gate alone adds,")
    if governed.keyed:
        raise _cannot("a column as a pseudonym, whose key is never printed,")
    views = governed.bind(cutoff)
    ctes = [_cte(clean.name, _parsed(clean.sql), asked=False) for clean in governed.clean]
    ctes += [_cte(view.name, _parsed(view.sql), asked=_is_asked(governed, at)) for at, view in enumerate(views)]
    tree = _folded(_parsed(governed.sql))
    own = tree.args.get("with_")
    if own is not None and own.args.get("recursive"):
        raise _cannot("WITH RECURSIVE")
    if not isinstance(tree, exp.Query):
        raise _cannot("a query that does not begin with SELECT")
    tree.set("with_", exp.With(expressions=[*ctes, *(own.expressions if own is not None else ())]))
    return tree


def _is_asked(governed: Governed, at: int) -> bool:
    """Whether a view holds text of the asker: the last one of a question about groups."""
    return governed.aggregate and at == len(governed.views) - 1


def _parsed(sql: str) -> exp.Expr:
    import sqlglot
    from sqlglot import errors

    try:
        tree: exp.Expr = sqlglot.parse_one(sql, dialect=DUCKDB.parser)
    except errors.SqlglotError:
        raise _cannot("this form of the question") from None
    return tree


def _cte(name: str, body: exp.Expr, *, asked: bool) -> exp.Expr:
    from sqlglot import exp

    for table in body.find_all(exp.Table):
        _place(table)
    body = _folded(body) if asked else _heading(body)
    return exp.CTE(this=body, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True)))


def _place(table: exp.Expr) -> None:
    """Our own tables lie in `bailee_allow`, clean sets are CTEs, and no catalogue is DuckDB's."""
    from sqlglot import exp

    if table.args.get("catalog") is None:
        return
    ours = table.args["catalog"].name == "memory"
    table.set("catalog", None)
    if ours:
        kept = table.name.startswith("allow_")
        table.set("db", exp.to_identifier("bailee_allow", quoted=True) if kept else None)


def _folded(tree: exp.Expr) -> exp.Expr:
    """Every name in the spelling that DuckDB compares, since others compare quoted names as they are written."""
    from sqlglot import exp

    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", DUCKDB.named(identifier))
    return tree


def _heading(body: exp.Expr) -> exp.Expr:
    """A relation over a table of the company: its columns as they are spelt there, and its own headings folded."""
    from sqlglot import exp

    # Of a single row `any_value` is its value, NULL or not, so that it does not matter which of them an engine skips.
    for skipping in list(body.find_all(exp.IgnoreNulls)):
        skipping.replace(skipping.this)
    for item in body.find_all(exp.Alias):
        if isinstance(item.args.get("alias"), exp.Identifier):
            item.args["alias"].set("this", DUCKDB.named(item.args["alias"]))
    return body


def _check(node: exp.Expr, engine: str) -> None:
    from sqlglot import exp

    name = type(node).__name__
    if name in _LACKS[engine]:
        raise _cannot(_CALLED[name], engine)
    if name not in _KNOWN:
        called = node.name if name == "Anonymous" else node.sql_name() if isinstance(node, exp.Func) else name
        raise _cannot(f"`{called.lower()}`", engine)
    if isinstance(node, exp.Join) and (node.args.get("method") or str(node.args.get("kind") or "") in ("SEMI", "ANTI")):
        raise _cannot("this kind of join", engine)
    if isinstance(node, exp.DataType) and str(node.this.name) not in _TYPES:
        raise _cannot(f"the type `{node.sql()}`", engine)
    if isinstance(node, exp.Star) and any(node.args.values()):
        raise _cannot("`*` with exceptions", engine)


def _written(tree: exp.Expr, engine: str) -> str:
    from sqlglot import ErrorLevel, errors

    try:
        return str(tree.sql(dialect=engine, identify=True, pretty=True, unsupported_level=ErrorLevel.RAISE))
    except errors.UnsupportedError:
        raise _cannot("a part of this question", engine) from None


def _cannot(what: str, engine: str | None = None) -> Refused:
    of = f" for {ENGINES[engine]}" if engine is not None else ""
    return refused("not_printed", found=what, engine=of)
