"""What a person probably got wrong where the engine could not bind a question: said from the question's own text.

The engine's own message would name columns that the asker may not know of, so only the words of the question and the
columns that its governed relations may show are ever named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bailee.decide.ruling import Ruling
from bailee.rewrite import closed_world
from bailee.rewrite.columns import given_names
from bailee.rewrite.dialects import Dialect
from bailee.rewrite.governed import Governed
from bailee.rewrite.reasons import place
from bailee.rewrite.sight import Sight
from bailee.rewrite.store import Store

if TYPE_CHECKING:
    from sqlglot import exp

_NUMBERED = frozenset({"rowid", "_rowid_", "oid"})


def mistake(governed: Governed, ruling: Ruling, store: Store, position: int | None) -> str | None:
    """What is wrong at a place of the question, in characters from 0, or anywhere in it; None where it is not sure."""
    question = governed.question
    _, tree = closed_world.read(question, store.dialect)
    stored = [store.of(name) for name in governed.tables]
    sight = Sight(ruling, store, stored, aggregate=governed.aggregate)
    shown = {name for each in stored for name in sight.visible(each)}
    known = shown | given_names(tree, store.dialect)
    for path in sorted(_paths(tree), key=lambda path: int(path[0].meta["start"])):
        start = int(path[0].meta["start"])
        if position is not None and start != position:
            continue
        names = [store.dialect.named(part) for part in path]
        said, at = ".".join(part.name for part in path), place(question, start)
        if not known.intersection(names) and _NUMBERED.intersection(names):
            return f"there is no `{said}` at {at}: rows have no numbers here; name columns to order or count them by"
        if len(names) > 1 and names[0] not in known:
            return f"nothing in the question is called `{path[0].name}`, which `{said}` at {at} begins with"
        if names[-1] not in known and not _field(names, shown):
            close = get_close_matches(names[-1], sorted(known), 1)
            return f"there is no column `{said}` at {at}" + (f"; did you mean `{close[0]}`?" if close else "")
        if position is not None and names[-1] in shown and _ungrouped(path[-1], names[-1], store.dialect):
            return (
                f"`{said}` at {at} is neither grouped nor inside an aggregate: add it to GROUP BY, "
                f"or write any_value({said})"
            )
    return None


def _paths(tree: exp.Expr) -> Iterator[Sequence[exp.Expr]]:
    """The identifiers of every name that should be a column: of expressions, and those of USING."""
    from sqlglot import exp

    for node in tree.find_all(exp.Column, exp.Join):
        if isinstance(node, exp.Join):
            yield from ([each] for each in node.args.get("using") or () if "start" in each.meta)
            continue
        parts = [node.args.get(key) for key in ("catalog", "db", "table", "this")]
        path = [part for part in parts if isinstance(part, exp.Identifier)]
        if path and all("start" in part.meta for part in path) and not isinstance(node.parent, exp.Lambda):
            yield path


def _field(names: list[str], shown: set[str]) -> bool:
    """Whether a dotted name may be a field of a column that is there."""
    return not shown.isdisjoint(names[:-1])


def _ungrouped(identifier: exp.Expr, name: str, dialect: Dialect) -> bool:
    """Whether a column stands bare in a query that groups or aggregates, and is not what it groups by."""
    from sqlglot import exp

    column = identifier.parent
    query = column.find_ancestor(exp.Select) if column is not None else None
    if column is None or query is None:
        return False
    inside = column.find_ancestor(exp.AggFunc, exp.Select)
    group = query.args.get("group")
    counts = any(each.find_ancestor(exp.Select) is query for each in query.find_all(exp.AggFunc))
    if isinstance(inside, exp.AggFunc) or not (group or counts):
        return False
    if group is None:
        return True
    if any(value for key, value in group.args.items() if key != "expressions"):
        return False
    keys = [_meant(key, query) for key in group.expressions]
    return all(isinstance(key, exp.Column) for key in keys) and name not in {dialect.named(key.this) for key in keys}


def _meant(key: exp.Expr, query: exp.Expr) -> exp.Expr:
    """What a query groups by: of a number, the expression at that place."""
    from sqlglot import exp

    if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(query.expressions):
        found: exp.Expr = query.expressions[int(key.name) - 1].unalias()
        return found
    return key
