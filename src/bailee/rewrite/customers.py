"""Whose records a question is about, where it says so itself: `WHERE customer_id = 1228`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bailee.rewrite.columns import Found
from bailee.rewrite.names import Named, Names
from bailee.rewrite.sight import Sight
from bailee.vocabulary import Treatment

if TYPE_CHECKING:
    from sqlglot import exp


def constants(names: Names, sight: Sight, tree: exp.Expr, found: list[Found]) -> tuple[str, ...] | None:
    """The customers' keys, as text, when every use of a table about people is bound to constants; None otherwise.

    Only conjuncts of the WHERE of the query that holds the table count, and only where keys are shown clear. So the
    question can concern nobody else.
    """
    from sqlglot import exp

    personal = [use for use in names.uses if use.stored.table.personal]
    # These joins pick or drop a row by comparing it with other people's, which a WHERE comes too late to undo.
    picking = any(
        str(join.args.get(key) or "").upper() in ("ASOF", "POSITIONAL", "SEMI", "ANTI")
        for join in tree.find_all(exp.Join)
        for key in ("method", "kind", "side")
    )
    if not personal or picking or sight.subjects is not Treatment.CLEAR:
        return None
    by_start = {each.start: each for each in found}
    keys: dict[str, None] = {}
    for use in personal:
        bound = _bound(use, by_start)
        if not bound:
            return None
        keys.update(dict.fromkeys(bound))
    return tuple(keys)


def _bound(use: Named, by_start: Mapping[int, Found]) -> list[str]:
    """The constants that the table's one subject is compared with."""
    from sqlglot import exp

    query = use.node.find_ancestor(exp.Select)
    where = query.args.get("where") if query is not None else None
    if where is None or len(use.stored.table.subjects) != 1 or use.stored.table.via is not None:
        return []
    for condition in conjuncts(where.this):
        column, values = _compared(condition)
        if column is None or not values or not all(isinstance(value, exp.Literal) for value in values):
            continue
        meant = means(use, column, by_start)
        if meant is not None and meant.seen.subject:
            keys = [_key(value, use.stored.key_type(meant.seen.name)) for value in values]
            return [key for key in keys if key is not None] if None not in keys else []
    return []


def means(use: Named, column: exp.Expr, by_start: Mapping[int, Found]) -> Found | None:
    """What a dotted name means, if that is a column of this use of a table, and no field of it."""
    from sqlglot import exp

    starts = [part.meta["start"] for part in column.find_all(exp.Identifier) if "start" in part.meta]
    meant = by_start.get(min(starts)) if starts else None
    if meant is None or meant.use is not use:
        return None
    last = use.stored.dialect.named(column.this)
    return meant if last == use.stored.dialect.stored(meant.seen.name) else None


def _key(value: exp.Expr, type_name: str) -> str | None:
    """The literal as the text of a key, or None where the engine may compare it in another way."""
    text = str(value.name)
    if type_name == "VARCHAR":
        return text if value.args.get("is_string") else None
    if type_name.endswith(("INT", "INTEGER")):
        return str(int(text)) if re.fullmatch("[0-9]{1,18}", text) else None
    return None


def conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions that must all be true for a condition to be."""
    from sqlglot import exp

    pending = [condition]
    while pending:
        node = pending.pop()
        if isinstance(node, exp.And):
            pending += [node.this, node.expression]
        elif isinstance(node, exp.Paren):
            pending.append(node.this)
        else:
            yield node


def _compared(condition: exp.Expr) -> tuple[exp.Column | None, list[exp.Expr]]:
    from sqlglot import exp

    if isinstance(condition, exp.EQ):
        sides = [condition.this, condition.expression]
        column = next((side for side in sides if isinstance(side, exp.Column)), None)
        return column, [side for side in sides if side is not column]
    if isinstance(condition, exp.In) and isinstance(condition.this, exp.Column):
        return condition.this, list(condition.expressions)
    return None, []
