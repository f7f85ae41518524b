"""Whether a question has the shape of one about groups; every other shape is refused with the one that would work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bailee.errors import Refused
from bailee.rewrite.aggregate.words import REFUSED, SHAPE
from bailee.rewrite.names import Named, Names
from bailee.rewrite.reasons import refused
from bailee.rewrite.sight import Sight
from bailee.rewrite.store import Stored
from bailee.vocabulary import Treatment

if TYPE_CHECKING:
    from sqlglot import exp

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


def only(why: str, instead: str = SHAPE) -> Refused:
    """The refusal of a question about groups that has another shape."""
    return refused("aggregate_only", why=why, instead=instead)


def check(tree: exp.Expr, names: Names, sight: Sight, why: str) -> None:
    """Raise `Refused` unless the tree is one SELECT over inner joins of stored tables, all about the same customers."""
    from sqlglot import exp

    if sight.purpose.release.min_group is None:
        raise only(why, f"`{sight.purpose.key}` sets no `release.min_group`, so it may not be answered at all")
    if not isinstance(tree, exp.Select):
        raise only(why)
    for node in tree.walk():
        name = type(node).__name__
        if name == "Distinct" and isinstance(node.parent, exp.Count) and len(node.expressions) == 1:
            continue
        if name in REFUSED or (isinstance(node, exp.Query) and node is not tree):
            raise only(why, f"take out {REFUSED.get(name, 'the query within it')}; {SHAPE}")
        if name == "Star" and not isinstance(node.parent, exp.Count):
            raise only(why, f"name keys and aggregates instead of `*`; {SHAPE}")
    links = list(_links(tree, names, sight, why))
    _check_same(names, links, why)


def _links(tree: exp.Expr, names: Names, sight: Sight, why: str) -> Iterator[tuple[str, str]]:
    """Pairs of aliases that some join makes the same customer; raises `Refused` for other joins."""
    from sqlglot import exp

    by_node = {id(use.node): use for use in names.uses}
    from_ = tree.args.get("from_")
    first = by_node.get(id(from_.this)) if from_ is not None else None
    if first is None or _shaped(first.node):
        raise only(why)
    before, joins = [first], 0
    for join in [*(tree.args.get("joins") or []), *(first.node.args.get("joins") or [])]:
        use = by_node.get(id(join.this))
        kind = {str(join.args.get(key) or "").upper() for key in ("kind", "side", "method")} - {"", "INNER"}
        if use is None or kind or _shaped(use.node):
            raise only(why, f"join tables by `JOIN .. ON` equal keys only; {SHAPE}")
        pairs = list(_pairs(join, use, before))
        if not pairs or any(pair is None for pair in pairs):
            raise only(why, f"join `{use.alias}` by `ON` equal columns of the tables; {SHAPE}")
        for left, left_column, right, right_column in (pair for pair in pairs if pair is not None):
            if _type(left.stored, left_column) != _type(right.stored, right_column):
                raise only(why, f"join `{use.alias}` by columns of one type; {SHAPE}")
            if _same_customer(sight, left, left_column, right, right_column):
                yield left.alias, right.alias
            elif _key(sight, left, left_column) != _key(sight, right, right_column):
                raise only(why, f"join the customer's key only with the customer's key, not `{use.alias}`; {SHAPE}")
        before.append(use)
        joins += 1
    if joins != sum(1 for _ in tree.find_all(exp.Join)):
        raise only(why, f"join one table after the other; {SHAPE}")


def several(tree: exp.Expr, names: Names) -> set[str]:
    """The folded column names that mean another column in another table, because no USING makes them one."""
    from collections import Counter

    from sqlglot import exp

    held = Counter(name for use in names.uses for name in use.stored.types)
    one = Counter(
        names.dialect.named(name) for join in tree.find_all(exp.Join) for name in join.args.get("using") or []
    )
    return {name for name, tables in held.items() if tables > one[name] + 1}


def _shaped(node: exp.Expr) -> bool:
    alias = node.args.get("alias")
    return bool(node.args.get("pivots") or node.args.get("sample") or (alias is not None and alias.args.get("columns")))


Pair = tuple[Named, str, Named, str]


def _pairs(join: exp.Expr, use: Named, before: Sequence[Named]) -> Iterator[Pair | None]:
    """The columns that a join makes equal; None for any condition that is not of this form."""
    from sqlglot import exp

    for identifier in join.args.get("using") or []:
        name = use.stored.dialect.named(identifier)
        holders = [other for other in before if name in other.stored.types]
        yield (holders[0], name, use, name) if holders and name in use.stored.types else None
    pending = [join.args["on"]] if join.args.get("on") is not None else []
    while pending:
        condition = pending.pop()
        if isinstance(condition, exp.And):
            pending += [condition.this, condition.expression]
        elif isinstance(condition, exp.Paren):
            pending.append(condition.this)
        elif isinstance(condition, exp.EQ):
            left = _column(condition.this, [*before, use])
            right = _column(condition.expression, [*before, use])
            yield (*left, *right) if left and right and left[0] is not right[0] else None
        else:
            yield None


def _column(node: exp.Expr, uses: Sequence[Named]) -> tuple[Named, str] | None:
    """The use and folded column that a plain column name means."""
    from sqlglot import exp

    if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Identifier):
        return None
    named = uses[0].stored.dialect.named
    table = named(node.args["table"]) if node.args.get("table") is not None else ""
    name = named(node.this)
    holders = [use for use in uses if name in use.stored.types and table in ("", use.alias)]
    return (holders[0], name) if len(holders) == 1 else None


def _type(stored: Stored, column: str) -> str:
    found = stored.types[column]
    return "integer" if found.removeprefix("U") in _WHOLE else found


def _same_customer(sight: Sight, left: Named, left_column: str, right: Named, right_column: str) -> bool:
    """Whether equality of two columns means one customer: both are subjects, or it is the `via` of one of them."""
    if not (left.stored.table.personal and right.stored.table.personal):
        return False
    if sight.columns(left.stored)[left_column].subject and sight.columns(right.stored)[right_column].subject:
        return left.stored.table.via is None and right.stored.table.via is None
    for child, column, parent, target in (
        (left, left_column, right, right_column),
        (right, right_column, left, left_column),
    ):
        via = child.stored.table.via
        if via is None or parent.stored.table.name != via.table:
            continue
        key = child.stored.dialect.stored
        if (key(via.column), key(via.target)) == (column, target):
            return True
    return False


def _key(sight: Sight, use: Named, column: str) -> bool:
    """Whether a column names a customer, so that what it equals would be a name of the customer too."""
    seen = sight.columns(use.stored)[column]
    return seen.subject or seen.treatment is Treatment.PSEUDONYM


def _check_same(names: Names, links: Sequence[tuple[str, str]], why: str) -> None:
    """All tables about people must be about the same customer in every row, or a group would count one for another."""
    people = [use.alias for use in names.uses if use.stored.table.personal]
    reached = set(people[:1])
    for _ in people:
        reached |= {other for pair in links if reached & set(pair) for other in pair}
    apart = [alias for alias in people if alias not in reached]
    if apart:
        raise only(why, f"join `{apart[0]}` on the customer's key or on its declared `via`; {SHAPE}")
