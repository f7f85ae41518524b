"""Columns of mapped tables that the map lacks and that are personal by their names: `bailee check` says so cheaply.

Nothing is read but the engine's catalogue, so nothing is recorded; `bailee map suggest` looks into the columns too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bailee.deid.discovery import Column, judge
from bailee.deid.discovery.scoring import BEHAVIOUR
from bailee.errors import EngineError, Problem, WorkspaceError
from bailee.gate.connections import SPARK, opened
from bailee.gate.examining import listed
from bailee.gate.settings import MAP, Settings
from bailee.rewrite.dialects import named
from bailee.rewrite.store import Store, Stored

if TYPE_CHECKING:
    from bailee.policy.model import DataMap

#: Columns that are named; there may be hundreds.
SHOWN = 5


def unmapped(settings: Settings, datamap: DataMap) -> Iterator[Problem]:
    """A warning for each table of the map with such columns; nothing where an engine cannot be read, which others tell.

    Of the further engines each says its name.
    """
    for name, connection in listed(settings):
        if connection.kind == SPARK or (connection.database is not None and not connection.database.exists()):
            continue
        try:
            engine = opened(connection, settings.limits)
            try:
                store = Store(datamap, engine.catalog(), named(engine.dialect))
            finally:
                engine.close()
        except (EngineError, WorkspaceError):
            continue
        for key in store.names():
            found = list(_personal(store.of(key)))
            if found:
                before = "" if name is None else f"engine `{name}`: "
                yield Problem(MAP, datamap.lines.get((key,), 1), 1, before + _told(key, found))


def _personal(stored: Stored) -> Iterator[tuple[str, str]]:
    """The columns that are not mapped and not Bailee's own, and what their names say."""
    standing = stored.table.standing
    known = {*stored.mapped, *((stored.dialect.stored(standing),) if standing else ())}
    for key, spelled in stored.spelling.items():
        if key not in known:
            told = judge(Column(stored.table.name, spelled, stored.types[key]))
            if told.firm and told.category is not None and not told.category.startswith(BEHAVIOUR):
                yield spelled, told.category


def _told(table: str, found: list[tuple[str, str]]) -> str:
    shown = ", ".join(f"`{column}` ({category})" for column, category in found[:SHOWN])
    more = f" and {len(found) - SHOWN} others" if len(found) > SHOWN else ""
    return (
        f"`{table}` has columns that the map lacks and that are personal by their names: {shown}{more}; no "
        "question sees them; map them (`bailee map suggest` says what they are)"
    )
