"""Fewer columns of a wanted table: which it gives, and the same table with only some of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bailee.deals.model import Wanted
from bailee.errors import Refused

if TYPE_CHECKING:
    from sqlglot import exp

#: What a SELECT may have beside columns and tables, so that leaving a column out changes no row.
_PLAIN = frozenset({"expressions", "from_", "from", "joins", "where", "kind", "hint"})


def columns(wanted: Wanted, there: Sequence[str]) -> list[str]:
    """The columns that it gives, of those that its rows have; all of them where a question does not name its own."""
    if wanted.question is None:
        return list(wanted.columns)
    tree = _select(wanted.question)
    if tree is None or tree.is_star:
        return list(there)
    spelt = {name.lower(): name for name in there}
    named = [node.alias_or_name.lower() for node in tree.expressions]
    return [spelt[name] for name in named] if set(named) <= set(spelt) else list(there)


def narrowed(wanted: Wanted, keep: Collection[str], there: Sequence[str]) -> Wanted:
    """The same table with only the columns of `keep`, and the customer's key, which says whose each row is.

    `there` are the columns that its rows have.
    """
    kept = [name for name in columns(wanted, there) if name in keep or name == wanted.customer]
    coarse = {name: way for name, way in wanted.coarse.items() if name in kept}
    if wanted.question is None:
        return replace(wanted, columns=tuple(kept), coarse=coarse)
    return replace(wanted, question=_question(wanted.question, kept), coarse=coarse)


def tables(question: str) -> frozenset[str]:
    """The names of the tables that a question reads, in lower case; none where it is not understood."""
    from sqlglot import exp

    from bailee.rewrite.closed_world import read
    from bailee.rewrite.dialects import DUCKDB

    try:
        _, tree = read(question, DUCKDB)
    except Refused:
        return frozenset()
    return frozenset(node.name.lower() for node in tree.find_all(exp.Table))


def _question(question: str, kept: Sequence[str]) -> str:
    from sqlglot import exp

    tree, names = _select(question), {name.lower() for name in kept}
    if tree is None:
        listed = ", ".join(exp.to_identifier(name).sql("duckdb") for name in kept)
        return f"SELECT {listed} FROM ({question.strip().rstrip(';')}) AS wanted"
    made = tree.copy()
    if tree.is_star:
        made.set("expressions", [exp.column(name) for name in kept])
    else:
        made.set("expressions", [node for node in made.expressions if node.alias_or_name.lower() in names])
    return made.sql("duckdb")


def _select(question: str) -> exp.Select | None:
    """The tree of a plain SELECT of columns or of `*` alone; None for any other question."""
    return plain(question, grouped=False, nested=True)


def plain(question: str, *, grouped: bool, nested: bool = False) -> exp.Select | None:
    """The tree of a SELECT over joined tables and nothing else, or None.

    `grouped` lets it have groups and aggregates, `nested` read from a question inside.
    """
    from sqlglot import exp

    from bailee.rewrite.closed_world import read
    from bailee.rewrite.dialects import DUCKDB

    try:
        _, tree = read(question, DUCKDB)
    except Refused:
        return None
    parts = _PLAIN | {"group"} if grouped else _PLAIN
    if not isinstance(tree, exp.Select) or any(value and key not in parts for key, value in tree.args.items()):
        return None
    inner = [node for node in tree.find_all(exp.Query, exp.Window) if node is not tree]
    own = [node for node in tree.expressions if node.find(exp.AggFunc, exp.Window, exp.Query) is not None]
    if (inner and not nested) or (own and not grouped):
        return None
    stars = [node for node in tree.expressions if node.is_star]
    if stars and (len(tree.expressions) > 1 or not isinstance(stars[0], exp.Star) or any(stars[0].args.values())):
        return None
    named = [node.alias_or_name.lower() for node in tree.expressions if not node.is_star]
    return tree if len(set(named)) == len(named) and all(named) else None
