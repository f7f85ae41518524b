"""Spark's own parse of the governed SQL, in a plain form that its engine makes of it: our relations, and nothing else.

The form is `{"statements": 1, "relations": [[part, ..], ..], "functions": [[part, ..], ..], "ctes": [name, ..],
"types": [name, ..], "nodes": [kind, ..]}`, with every name in Spark's unresolved plan; one that only looks like a name
is refused too. Names may be given once however often they stand there. A server that shows no parse says
`{"parse": "sealed"}`: there the engine itself proves, before it runs the question, that it reads our relations alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bailee.rewrite.dialects.reading import CTE, is_ours, other, unreadable

if TYPE_CHECKING:
    from bailee.rewrite.dialects.dialect import Dialect

#: Kinds of node of a plan that is not resolved yet.
_NODES_TEXT = """
Project Filter Aggregate Sort Join LateralJoin SubqueryAlias UnresolvedRelation UnresolvedWith CTE Distinct Union
Intersect Except GlobalLimit LocalLimit Limit Offset OneRowRelation UnresolvedInlineTable LocalRelation Generate
UnresolvedTableValuedFunction UnresolvedTVFAliases UnresolvedSubqueryColumnAliases UnresolvedHaving
WithWindowDefinition Window Pivot Unpivot Deduplicate UnresolvedOrdinal UnresolvedGroupByAll UnionLoop
"""
_NODES = frozenset(_NODES_TEXT.split())
#: What Spark calls parts of expressions that are no functions.
_PARTS_TEXT = """
cast cube groupingsets isnotnull isnull lambdafunction multialias naturaljoin rollup specifiedwindowframe try_cast
unresolvedalias unresolvedextractvalue unresolvedordinal unresolvedstar unresolvedwindowexpression usingjoin vector
windowspecdefinition windowspecreference
"""
_PARTS = frozenset(_PARTS_TEXT.split())
_BUILT_IN: tuple[list[str], ...] = ([], ["builtin"], ["system", "builtin"])


def check(dialect: Dialect, tree: Mapping[str, Any], expected: Counter[str]) -> None:
    """Raise `Refused` unless the form is one SELECT over exactly the relations expected."""
    if tree.get("parse") == "sealed":
        return
    parts = [tree.get(key) for key in ("relations", "functions", "ctes", "nodes")]
    if tree.get("statements") != 1 or not all(isinstance(part, list) for part in parts):
        raise unreadable("it is not one SELECT to the engine")
    found = {_relation(path) for path in tree["relations"]}
    for path in tree["functions"]:
        _function(dialect, [str(part) for part in path])
    for name in tree["ctes"]:
        if not CTE.fullmatch(str(name)):
            raise other("a CTE that we did not see")
    for node in tree["nodes"]:
        if node not in _NODES:
            raise other(f"`{node}`")
    if found != set(expected):
        raise unreadable("it finds other tables than we do")


def _relation(path: list[Any]) -> str:
    if len(path) != 1 or not is_ours(str(path[0])):
        raise other(f"the table `{'.'.join(map(str, path))}`")
    return str(path[0])


def _function(dialect: Dialect, path: list[str]) -> None:
    known = bool(path) and (dialect.allows(path[-1]) or path[-1].lower() in _PARTS)
    if not known or [part.lower() for part in path[:-1]] not in _BUILT_IN:
        raise other(f"the function `{'.'.join(path)}`")
