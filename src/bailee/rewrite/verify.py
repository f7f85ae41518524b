"""The engine's own parse of the governed SQL must say what we think it says: two parsers must be fooled at once.

Reads DuckDB's `json_serialize_sql`: every relation is one of ours without schema, every function is on the list, and
every kind of node is one that a SELECT may have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bailee.errors import EngineError
from bailee.rewrite.closed_world import TABLE_FUNCTIONS, allows
from bailee.rewrite.reasons import refused
from bailee.rewrite.tokens import fold

Serialize = Callable[[str], Mapping[str, Any]]

_OURS = re.compile(r"bailee_(rel|cte)_[0-9]{1,6}", re.ASCII)
_CTE = re.compile(r"bailee_(cte_[0-9]{1,6}|rows|kept)", re.ASCII)
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


def verify(sql: str, serialize: Serialize, expected: Iterable[str]) -> None:
    """Raise `Refused` unless the engine reads `sql` as one SELECT over exactly the relations expected, as often."""
    try:
        tree = serialize(sql)
    except EngineError as error:
        if error.kind not in ("parser error", "statement"):
            raise
        tree = {"error": True}
    except RecursionError:  # of the JSON that says how deep the engine's tree is
        tree = {"error": True}
    statements = tree.get("statements") or []
    if tree.get("error") or len(statements) != 1:
        raise refused(
            "not_verified", found="it is not one SELECT to the engine (a PIVOT needs its values: `ON x IN (..)`)"
        )
    if statements[0].get("named_param_map"):
        raise refused("not_verified", found="it has parameters")
    found: Counter[str] = Counter()
    pending: list[Any] = [statements[0]]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            _check(node, found)
            pending.extend(value for key, value in node.items() if key not in ("literal", "value") or _holds(value))
    if found != Counter(expected):
        raise refused("not_verified", found="it finds other tables than we do")


def _holds(value: object) -> bool:
    """Whether a value may hold nodes; CTEs lie under the key `value`, and so do constants."""
    return isinstance(value, dict | list)


def _check(node: Mapping[str, Any], found: Counter[str]) -> None:
    kind = node.get("type")
    if "class" in node:
        if node["class"] not in _EXPRESSIONS:
            raise _other(f"`{node['class']}`")
        if "function_name" in node:
            _function(node)
        if node["class"] == "TYPE":
            _type(node)
        return
    if not isinstance(kind, str):
        _named(node)
        return
    if kind not in _NODES:
        raise _other(f"`{kind}`")
    if kind == "BASE_TABLE":
        _relation(node, found)
    if kind == "TABLE_FUNCTION" and str(node["function"].get("function_name")).lower() not in TABLE_FUNCTIONS:
        raise _other(f"`{node['function'].get('function_name')}` in FROM")
    if kind == "PIVOT" and any(pivot.get("pivot_enum") or pivot.get("subquery") for pivot in node.get("pivots") or []):
        raise _other("a pivot over values that are not written out")
    if kind == "RECURSIVE_CTE_NODE" and not _CTE.fullmatch(str(node.get("cte_name"))):
        raise _other("a CTE that we did not see")


def _named(node: Mapping[str, Any]) -> None:
    """Samples and entries of CTE maps have no type of their own."""
    method = node.get("method")
    if "sample_size" in node and method != "Reservoir":
        raise _other("sampling by blocks")
    entry = node.get("value")
    if "key" in node and isinstance(entry, dict) and "query_node" in entry and not _CTE.fullmatch(str(node["key"])):
        raise _other("a CTE that we did not see")


def _relation(node: Mapping[str, Any], found: Counter[str]) -> None:
    name = str(node.get("table_name"))
    path = (node.get("qualified_name") or {}).get("path") or [name]
    if node.get("schema_name") or node.get("catalog_name") or node.get("at_clause") or path != [name]:
        raise _other(f"the table `{'.'.join(map(str, path))}`")
    if not _OURS.fullmatch(name) and name not in ("bailee_rows", "bailee_kept"):
        raise _other(f"the table `{name}`")
    found[name] += 1


def _function(node: Mapping[str, Any]) -> None:
    name = str(node["function_name"])
    path = [str(part) for part in (node.get("qualified_name") or {}).get("path") or [name]]
    qualifier = [str(node.get("catalog") or ""), str(node.get("schema") or ""), *path[:-1]]
    if not allows(name) or path[-1] != name or any(fold(part) in _SCHEMAS for part in qualifier):
        raise _other(f"the function `{'.'.join(path)}`")


def _type(node: Mapping[str, Any]) -> None:
    """A type of the company's own database is an ENUM or holds one, with every word of its list, those hidden too."""
    path = (node.get("qualified_name") or {}).get("path") or []
    if node.get("schema") or node.get("catalog") or len(path) > 1:
        raise _other(f"the type `{'.'.join(map(str, path))}`")


def _other(what: str) -> Exception:
    return refused("not_verified", found=f"it sees {what}")
