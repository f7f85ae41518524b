"""DuckDB's own parse of the governed SQL (`json_serialize_sql`): it must name our relations, and nothing else.

Every relation is one of ours without schema, every function is on the list, and every kind of node is one that a
SELECT may have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bailee.rewrite.dialects.reading import CTE, agree, is_ours, other, unreadable

if TYPE_CHECKING:
    from bailee.rewrite.dialects.dialect import Dialect

_NODES_TEXT = """
SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE BASE_TABLE SUBQUERY JOIN TABLE_FUNCTION EXPRESSION_LIST EMPTY
PIVOT DISTINCT_MODIFIER ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING
"""
_NODES = frozenset(_NODES_TEXT.split())
_EXPRESSIONS_TEXT = """
CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT BETWEEN FUNCTION LAMBDA LAMBDA_REF OPERATOR
POSITIONAL_REFERENCE STAR SUBQUERY TYPE WINDOW DEFAULT
"""
_EXPRESSIONS = frozenset(_EXPRESSIONS_TEXT.split())
#: Catalogues and schemas in which a function could be looked up instead of being called on a column of that name.
_SCHEMAS = frozenset({"company", "memory", "main", "temp", "system", "pg_catalog", "information_schema", "pg_temp"})


def check(dialect: Dialect, tree: Mapping[str, Any], expected: Counter[str]) -> None:
    """Raise `Refused` unless the tree is one SELECT over exactly the relations expected, as often."""
    statements = tree.get("statements") or []
    if tree.get("error") or len(statements) != 1:
        raise unreadable("it is not one SELECT to the engine (a PIVOT needs its values: `ON x IN (..)`)")
    if statements[0].get("named_param_map"):
        raise unreadable("it has parameters")
    found: Counter[str] = Counter()
    pending: list[Any] = [statements[0]]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            _check(dialect, node, found)
            pending.extend(value for key, value in node.items() if key not in ("literal", "value") or _holds(value))
    agree(found, expected)


def _holds(value: object) -> bool:
    """Whether a value may hold nodes; CTEs lie under the key `value`, and so do constants."""
    return isinstance(value, dict | list)


def _check(dialect: Dialect, node: Mapping[str, Any], found: Counter[str]) -> None:
    kind = node.get("type")
    if "class" in node:
        if node["class"] not in _EXPRESSIONS:
            raise other(f"`{node['class']}`")
        if "function_name" in node:
            _function(dialect, node)
        if node["class"] == "TYPE":
            _type(node)
        return
    if not isinstance(kind, str):
        _named(node)
        return
    if kind not in _NODES:
        raise other(f"`{kind}`")
    if kind == "BASE_TABLE":
        _relation(node, found)
    if kind == "TABLE_FUNCTION" and str(node["function"].get("function_name")).lower() not in dialect.table_functions:
        raise other(f"`{node['function'].get('function_name')}` in FROM")
    if kind == "PIVOT" and any(pivot.get("pivot_enum") or pivot.get("subquery") for pivot in node.get("pivots") or []):
        raise other("a pivot over values that are not written out")
    if kind == "RECURSIVE_CTE_NODE" and not CTE.fullmatch(str(node.get("cte_name"))):
        raise other("a CTE that we did not see")


def _named(node: Mapping[str, Any]) -> None:
    """Samples and entries of CTE maps have no type of their own."""
    method = node.get("method")
    if "sample_size" in node and method != "Reservoir":
        raise other("sampling by blocks")
    entry = node.get("value")
    if "key" in node and isinstance(entry, dict) and "query_node" in entry and not CTE.fullmatch(str(node["key"])):
        raise other("a CTE that we did not see")


def _relation(node: Mapping[str, Any], found: Counter[str]) -> None:
    name = str(node.get("table_name"))
    path = (node.get("qualified_name") or {}).get("path") or [name]
    if node.get("schema_name") or node.get("catalog_name") or node.get("at_clause") or path != [name]:
        raise other(f"the table `{'.'.join(map(str, path))}`")
    if not is_ours(name):
        raise other(f"the table `{name}`")
    found[name] += 1


def _function(dialect: Dialect, node: Mapping[str, Any]) -> None:
    name = str(node["function_name"])
    path = [str(part) for part in (node.get("qualified_name") or {}).get("path") or [name]]
    qualifier = [str(node.get("catalog") or ""), str(node.get("schema") or ""), *path[:-1]]
    if not dialect.allows(name) or path[-1] != name or any(part.lower() in _SCHEMAS for part in qualifier):
        raise other(f"the function `{'.'.join(path)}`")


def _type(node: Mapping[str, Any]) -> None:
    """A type of the company's own database is an ENUM or holds one, with every word of its list, those hidden too."""
    path = (node.get("qualified_name") or {}).get("path") or []
    if node.get("schema") or node.get("catalog") or len(path) > 1:
        raise other(f"the type `{'.'.join(map(str, path))}`")
