"""The engine's own parse of the governed SQL must say what we think it says: two parsers must be fooled at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bailee.errors import EngineError
from bailee.rewrite.dialects import Dialect

Serialize = Callable[[str], Mapping[str, Any]]


def verify(dialect: Dialect, sql: str, serialize: Serialize, expected: Iterable[str]) -> None:
    """Raise `Refused` unless the engine reads `sql` as one SELECT over exactly the relations expected, as often."""
    try:
        tree = serialize(sql)
    except EngineError as error:
        if error.kind not in ("parser error", "statement"):
            raise
        tree = {"error": True}
    except RecursionError:  # of the JSON that says how deep the engine's tree is
        tree = {"error": True}
    dialect.check(dialect, tree, Counter(expected))
