"""A second opinion where a server shows no parse of its own (Sail): the question in a session that holds nothing else.

In a session beside ours only the governed relations exist, and they are empty: constants under WHERE false. Whatever
else a question names is not found there, and whatever reads something shows in the plan as another node than those
listed here: a file, a range, a system table, a function that makes rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bailee.engines.spark import names, plans
from bailee.engines.spark.faults import Wrong
from bailee.engines.spark.session import Session

_NODE = re.compile(r"^\s*(\w+)", re.MULTILINE)
_HARMLESS = {
    *("Projection", "Filter", "Aggregate", "Sort", "Limit", "SubqueryAlias", "Subquery", "EmptyRelation", "Union"),
    *("Distinct", "WindowAggr", "Values", "Unnest", "Repartition"),
    *("Inner", "Left", "Right", "Full", "Cross", "LeftSemi", "RightSemi", "LeftAnti", "RightAnti", "LeftMark"),
}


class Seal:
    """The empty session; `check` lets a question through that needs nothing but the given relations."""

    def __init__(self, session: Session) -> None:
        self._empty = session.beside()

    def check(self, session: Session, relations: Sequence[str], sql: str) -> None:
        """Raise `Wrong` unless `sql` resolves over empty relations like those of `session`, and reads nothing."""
        made = []
        try:
            for name in relations:
                made.append(name)
                self._empty.view(name, _nothing(session.spark.table(name).schema))
            found = set(_NODE.findall(plans.explained(self._empty, sql)))
        finally:
            for name in made:
                self._empty.drop(name)
        if not found or found - _HARMLESS:
            raise Wrong("sealed")

    def close(self) -> None:
        """End the empty session."""
        self._empty.close()


def _nothing(schema: Any) -> str:
    columns = [f"CAST(NULL AS {f.dataType.simpleString()}) AS {names.quote(f.name)}" for f in schema.fields]
    return f"SELECT {', '.join(columns)} WHERE false"
