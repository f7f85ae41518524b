"""The look that somebody asked for, and its record: counts of columns are data too, so nobody is told unrecorded."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bailee.gate.discovery.discovering import Progress, discover
from bailee.gate.discovery.found import Discovered
from bailee.gate.record import Recorder, actor_json
from bailee.gate.settings import connection
from bailee.vocabulary import Actor

if TYPE_CHECKING:
    from bailee.gate.gate import Gate


def look(gate: Gate, name: str | None, tables: Sequence[str], sample: int, progress: Progress | None) -> Discovered:
    """Look at an engine of a workspace under its data map; nothing is recorded yet."""
    found = discover(
        connection(gate.settings, name),
        gate.settings.limits,
        gate.promise.datamap,
        gate.clock(),
        secrets.token_bytes(32),
        only=tables,
        sample=sample,
        progress=progress,
    )
    return replace(found, engine=name)


def record(recorder: Recorder, found: Discovered, actor: Actor, at: datetime) -> Discovered:
    """Record who was told of which tables; RecordError where it cannot be, and then nothing may be told."""
    public = {
        "policy": recorder.promise.digest,
        "map": recorder.promise.map_digest,
        "tables": len(found.tables),
        "columns": sum(len(table.columns) for table in found.tables),
    }
    private = {
        "actor": actor_json(actor),
        "engine": found.engine,
        "tables": [table.name for table in found.tables],
    }
    return replace(found, receipt=recorder.append("discovery", public, private, at))
