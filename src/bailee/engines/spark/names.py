"""Names in our own SQL that stand for something else in the session: folders of Parquet, allow tables, clean sets.

A session's views are called by random names, so that nothing which an analyst writes can mean one of them; the SQL of
governed relations, which only the gate writes, is translated token by token. Text in quotes is never touched.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

#: The name that a table of the company is called by: its schema and its own, or one part for a table of ours.
Parts = tuple[str, ...]

_TOKEN = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:[^`]|``)*`|[^\W\d]\w*|\d[\w.]*|\s+|.""", re.ASCII | re.DOTALL
)


def fresh(prefix: str) -> str:
    """A name that nobody can guess."""
    return f"{prefix}_{secrets.token_hex(16)}"


def quote(name: str) -> str:
    """An identifier in backticks."""
    return "`" + name.replace("`", "``") + "`"


def translate(sql: str, meanings: Mapping[Parts, str]) -> str:
    """`sql` with each name of `meanings` (in lower case) replaced; a longer name goes before a shorter one."""
    tokens = _TOKEN.findall(sql)
    made, at = [], 0
    while at < len(tokens):
        taken, meant = _meant(tokens, at, meanings)
        made.append(quote(meant) if meant is not None else tokens[at])
        at += taken
    return "".join(made)


def _meant(tokens: list[str], at: int, meanings: Mapping[Parts, str]) -> tuple[int, str | None]:
    first = _identifier(tokens[at])
    if first is None or (at and tokens[at - 1] == "."):
        return 1, None
    second = _identifier(tokens[at + 2]) if tokens[at + 1 : at + 2] == ["."] and at + 2 < len(tokens) else None
    if second is not None and (first, second) in meanings:
        return 3, meanings[first, second]
    return 1, meanings.get((first,))


def _identifier(token: str) -> str | None:
    if token[0] == "`" and len(token) > 1:
        return token[1:-1].replace("``", "`").lower()
    return token.lower() if token[0].isalpha() or token[0] == "_" else None
