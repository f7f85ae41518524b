"""PostgreSQL's own parser, without a server: libpg_query, as pgparse wraps it.

It reads what PostgreSQL 17 reads. What only a newer server knows is refused; an older one lexes some numbers otherwise
(`1x`, `0x1F`, `1_000` are two tokens to it), which never names another relation or function.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bailee.engines.postgres.faults import Wrong, error

Node = dict[str, Any]

#: Where a name may come with its schema, but for columns and tables.
_QUALIFIED = ("funcname", "name", "names", "collname", "operName", "useOp")
_WRITING = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "intoClause", "lockingClause"})


def serialize(sql: str) -> str:
    """The parse of one SELECT as JSON, `{"stmts": [{"stmt": {"SelectStmt": ..}}]}`; places in it count bytes of UTF-8.

    Raises `EngineError` of kind `parser error`, with the position in characters, or `statement`.
    """
    try:
        return json.dumps({"stmts": [one(sql)]}, separators=(",", ":"))
    except RecursionError:
        raise error(Wrong("statement")) from None
    except Wrong as wrong:
        raise error(wrong) from None


def one(sql: str) -> Node:
    """The only statement of `sql`, a SELECT; raises `Wrong`."""
    import pgparse

    place = sql.find("\0")
    if place >= 0:  # where the parser would stop reading
        raise Wrong("parser error", position=place)
    try:
        statements: list[Node] = pgparse.parse(sql)
    except pgparse.PGQueryError as found:
        raise Wrong("parser error", position=max(found.position - 1, 0)) from None
    except (RecursionError, UnicodeError):
        raise Wrong("statement") from None
    if len(statements) != 1 or set(statements[0]["stmt"]) != {"SelectStmt"}:
        raise Wrong("statement")
    return statements[0]


def text(sql: str) -> str:
    """The statement of `sql` without a semicolon at its end."""
    statement, raw = one(sql), sql.encode()
    start = statement.get("stmt_location", 0)
    length = statement.get("stmt_len", 0)
    return (raw[:start].decode() + raw[start : start + length].decode()) if length else sql


def functions(node: Any) -> Iterator[str]:
    """The name, without its schema, of every function that is called."""
    for found in _under(node, "funcname"):
        if isinstance(found, list) and found:
            yield str(found[-1].get("String", {}).get("sval", ""))


def types(node: Any) -> Iterator[str]:
    """The name, without its schema, of every type that is written."""
    for found in _under(node, "names"):
        if isinstance(found, list) and found:
            yield str(found[-1].get("String", {}).get("sval", ""))


def schemas(node: Any) -> frozenset[str]:
    """The schemas that functions, operators, types and collations are qualified with."""
    named = (found for key in _QUALIFIED for found in _under(node, key))
    parts = (found[:-1] for found in named if isinstance(found, list))
    return frozenset(str(part.get("String", {}).get("sval", "")) for some in parts for part in some)


def relations(node: Any) -> Iterator[tuple[str, str]]:
    """Schema, or nothing, and name of everything that stands where a table may."""
    for found in _bodies(node):
        if "relname" in found:
            schema = ".".join(filter(None, (found.get("catalogname"), found.get("schemaname"))))
            yield schema, str(found["relname"])


def writes(node: Any) -> bool:
    """Whether anything in a statement writes, locks rows or makes a table."""
    return any(not _WRITING.isdisjoint(found) for found in _bodies(node))


def ctes(node: Any) -> frozenset[str]:
    """The names of all common table expressions."""
    return frozenset(map(str, _under(node, "ctename")))


def grouped(sql: str) -> bool:
    """Whether `sql` is one SELECT that groups by its first column alone, so that this is a key."""
    body: Node = one(sql)["stmt"]["SelectStmt"]
    columns, groups = body.get("targetList", []), body.get("groupClause", [])
    if len(groups) != 1 or not columns or body.get("op") != "SETOP_NONE" or body.get("groupDistinct"):
        return False
    if any("SRF" in kind or kind == "GroupingSet" for kind in groups[0]):
        return False
    return bool(_bare(columns[0]["ResTarget"]["val"]) == _bare(groups[0]))


def _bodies(node: Any) -> Iterator[Node]:
    pending = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, dict):
            yield found
            pending.extend(found.values())
        elif isinstance(found, list):
            pending.extend(found)


def _under(node: Any, key: str) -> Iterator[Any]:
    return (found[key] for found in _bodies(node) if key in found)


def _bare(node: Any) -> Any:
    """A node without places, so that one expression written twice is equal."""
    if isinstance(node, dict):
        return {key: _bare(value) for key, value in node.items() if key != "location"}
    return [_bare(value) for value in node] if isinstance(node, list) else node
