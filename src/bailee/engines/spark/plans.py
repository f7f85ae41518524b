"""Spark's own parse of a question, read from the plan that it shows before anything is resolved.

The text is read so that too much is found rather than too little: a literal that looks like a relation is one more
relation for the verifier to refuse, and nothing that an analyst writes can take a line of the plan away. The parse ends
where `== Analyzed Logical Plan ==` stands for the last time, since a literal may hold those words too.
"""

from __future__ import annotations

import json
import re

from bailee.engines.spark import names
from bailee.engines.spark.faults import Wrong, describe
from bailee.engines.spark.session import Session

_PARSED, _ANALYZED = "== Parsed Logical Plan ==", "== Analyzed Logical Plan =="
_NODE = re.compile(r"^[\s:|+\-]*'?(\w+)", re.MULTILINE)
#: What follows is looked at and not consumed: a literal in the form of one relation must not swallow the next.
_RELATION = re.compile(r"UnresolvedRelation \[(?=(.*?)(?:\],|\Z))", re.DOTALL)
_TABLE_FUNCTION = re.compile(r"UnresolvedTableValuedFunction \[(?=(.*?)\])", re.DOTALL)
_CALL = re.compile(r"([A-Za-z_][\w.]*)\(")
_CTE = re.compile(r"CTE \[(?=(.*?)\])", re.DOTALL)
_TYPE = re.compile(r"\bas (?=([a-z_]+(?:\(\d+(?:, ?\d+)?\)|<[^'\n]*?>)?)\))")
#: What Spark writes around expressions itself: no functions, and no function can have these names unquoted.
_OWN = {
    "unresolvedalias",
    "lambdafunction",
    "cast",
    "try_cast",
    "AND",
    "OR",
    "NOT",
    "IN",
    "WHEN",
    "THEN",
    "ELSE",
    "UsingJoin",
}
_SIZED = {"decimal", "char", "varchar"}


def explained(session: Session, sql: str) -> str:
    """The parsed plan of `sql` as text; raises `Wrong` where it is not SQL."""
    try:
        text = str(session.sql(f"EXPLAIN EXTENDED {sql}").toArrow().column(0)[0].as_py())
    except Exception as error:
        wrong = describe(error, f"EXPLAIN EXTENDED {sql}")
        if wrong.position is not None:
            wrong.position = max(0, wrong.position - len("EXPLAIN EXTENDED "))
        raise wrong from None
    if _PARSED not in text or _ANALYZED not in text:
        raise Wrong("statement")
    return text[text.index(_PARSED) + len(_PARSED) : text.rindex(_ANALYZED)]


def shows_parse(session: Session) -> bool:
    """Whether the server shows a parse in which names are not yet resolved."""
    missing = names.fresh("nowhere")
    try:
        return [[missing]] == parsed(explained(session, f"SELECT 1 FROM {missing}"))["relations"]
    except Wrong:
        return False


def serialized(session: Session, sql: str) -> str:
    """The parse as JSON: every relation, function, common table expression, type and kind of node, none left out."""
    return json.dumps({"parse": "spark", "statements": 1, **parsed(explained(session, sql))})


def parsed(text: str) -> dict[str, list[list[str]] | list[str]]:
    """What a parsed plan names."""
    calls = [name for name in _CALL.findall(text) if name not in _OWN and name not in _SIZED]
    return {
        "relations": [found.split(", ") for found in _unique(_RELATION.findall(text))],
        "functions": [found.split(".") for found in _unique([*_TABLE_FUNCTION.findall(text), *calls])],
        "ctes": [name for found in _unique(_CTE.findall(text)) for name in found.split(", ")],
        "types": _unique(_TYPE.findall(text)),
        "nodes": _unique(_NODE.findall(text)),
    }


def _unique(found: list[str]) -> list[str]:
    return list(dict.fromkeys(found))
