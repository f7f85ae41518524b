"""The small shop as Spark's catalogue would list it, and a parse of SQL in the plain form of Spark's engine.

Nothing is run here. The parse is sqlglot's, and so no second opinion: it serves to test what the verifier refuses.
"""

from __future__ import annotations

from typing import Any

import sqlglot
from sqlglot import exp

from bailee import engines
from bailee.decide.ruling import Ruling
from bailee.errors import EngineError
from bailee.rewrite import Governed, rewrite
from bailee.rewrite.dialects import named
from tests.rewrite import shop as made

SPARK = named("spark")

_TABLES = {
    "customers": "id INTEGER, name VARCHAR, email VARCHAR, ssn VARCHAR, age INTEGER, mood VARCHAR, joined DATE",
    "orders": "order_id INTEGER, customer_id INTEGER, total INTEGER, coupon VARCHAR, placed TIMESTAMP, note VARCHAR",
    "lines": "line_id INTEGER, order_id INTEGER, product_id INTEGER, quantity INTEGER",
    "products": "product_id INTEGER, title VARCHAR, kind VARCHAR, price DECIMAL(6,2)",
    "diary": "customer_id INTEGER, story VARCHAR",
    "unmapped": "id INTEGER, word VARCHAR",
}


def _table(name: str, columns: str) -> engines.Table:
    pairs = (column.split(" ") for column in columns.split(", "))
    return engines.Table("default", name, tuple(engines.Column(*pair) for pair in pairs))


CATALOG = tuple(_table(name, columns) for name, columns in _TABLES.items())


def serialize(sql: str) -> dict[str, Any]:
    """The plain form of a parse: statements, relations, functions, CTEs, nodes."""
    try:
        trees = sqlglot.parse(sql, dialect="spark")
    except sqlglot.errors.SqlglotError:
        raise EngineError("not SQL", kind="parser error") from None
    found: dict[str, Any] = {
        "statements": len(trees),
        "relations": [],
        "functions": [],
        "ctes": [],
        "nodes": ["Project"],
    }
    for tree in trees:
        if tree is None or not isinstance(tree, exp.Query | exp.Values):
            raise EngineError("no query", kind="statement")
        for table in tree.find_all(exp.Table):
            if isinstance(table.this, exp.Identifier):
                found["relations"].append([part.name for part in table.parts])
        found["functions"] += [[each.name] for each in tree.find_all(exp.Anonymous)]
        found["ctes"] += [cte.alias for cte in tree.find_all(exp.CTE)]
    return found


def govern(question: str, under: Ruling | None = None) -> Governed:
    """The governed question."""
    return rewrite(question, under or made.ruling(), made.MAP, CATALOG, serialize, SPARK)
